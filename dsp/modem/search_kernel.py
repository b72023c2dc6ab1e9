"""The search for a training: where the sound is like the first symbols of the conditioning.

They are compared a few at a time, so that no carrier offset in range turns the phase much among
them. How like they are is told as a share of the energy, so that neither level nor noise matters.
"""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np

from dsp.compiled import fast, kernel

Record: TypeAlias = Any

GROUP = 16
"""Symbols that are compared at a time."""

GROUPS = 4
_KEPT = GROUP * GROUPS
_ROOM = 4 * _KEPT

SEARCH = np.dtype(
    [
        ("real", np.float32, (2, _ROOM)),
        ("imaginary", np.float32, (2, _ROOM)),
        ("fill", np.int64, (2,)),
        ("odd", np.int64),
        ("groups", np.int64),
        ("floor", np.float64),
        ("threshold", np.float64),
        ("best", np.float64),
        ("since", np.int64),
        ("fresh", np.int64),
    ]
)
"""Samples of the two that a symbol has, in a line each; ``best`` is the best likeness of late.

``since`` counts the samples since it was, ``fresh`` those that are still to come before a likeness
means anything.
"""

WAIT = 16
"""Samples, half a symbol apart, in which a better likeness may still come."""


@fast
def _group(real: Any, imaginary: Any, at: int, pattern: Any, begin: int) -> tuple[Any, Any]:
    """Return the squared correlation with a group of the pattern, and the energy."""
    across = along = energy = np.float32(0.0)
    for k in range(GROUP):
        x, y = real[at + k], imaginary[at + k]
        a, b = pattern[0, begin + k], pattern[1, begin + k]
        along += a * x + b * y
        across += a * y - b * x
        energy += x * x + y * y
    return along * along + across * across, energy


@kernel
def _likeness(search: Record, row: int, pattern: Any) -> float:
    """Share of the energy of the latest symbols that is like the pattern, whose own is 1 each."""
    groups = search.groups
    begin = search.fill[row] - groups * GROUP
    total = 0.0
    for group in range(groups):
        at = group * GROUP
        like, energy = _group(search.real[row], search.imaginary[row], begin + at, pattern, at)
        if energy <= search.floor * GROUP:
            return 0.0
        total += like / (energy * GROUP)
    return float(total / groups)


@kernel
def renew(search: Record) -> None:
    """Begin anew."""
    search.fill[0] = search.fill[1] = 0
    search.best = 0.0
    search.since = 0
    search.fresh = 2 * search.groups * GROUP


@kernel
def look(search: Record, pattern: Any, real: float, imaginary: float) -> bool:
    """Take in a sample; say whether a training was found, which ended ``since`` samples ago."""
    row = search.odd
    search.odd = 1 - row
    fill = search.fill[row]
    if fill == _ROOM:
        for k in range(_KEPT):
            search.real[row, k] = search.real[row, _ROOM - _KEPT + k]
            search.imaginary[row, k] = search.imaginary[row, _ROOM - _KEPT + k]
        fill = _KEPT
    search.real[row, fill], search.imaginary[row, fill] = real, imaginary
    search.fill[row] = fill + 1
    search.since += 1
    if search.fresh > 0:
        search.fresh -= 1
        return False
    like = _likeness(search, row, pattern)
    if like > search.threshold and like > search.best:
        search.best, search.since = like, 0
    return bool(search.best > 0.0 and search.since >= WAIT)
