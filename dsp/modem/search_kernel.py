"""The search for a training: where the sound is like the first symbols of the conditioning.

They are compared a few at a time, so that no carrier offset in range turns the phase much among
them. How like they are is told as a share of the energy, so that neither level nor noise matters.
"""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np

from dsp.compiled import fast, inlined, kernel

Record: TypeAlias = Any

PATTERN = 64
"""Symbols of a pattern at most."""

_ROOM = 4 * PATTERN

SEARCH = np.dtype(
    [
        ("real", np.float32, (2, _ROOM)),
        ("imaginary", np.float32, (2, _ROOM)),
        ("fill", np.int64, (2,)),
        ("odd", np.int64),
        ("group", np.int64),
        ("groups", np.int64),
        ("floor", np.float64),
        ("threshold", np.float64),
        ("best", np.float64),
        ("since", np.int64),
        ("fresh", np.int64),
    ]
)
"""Samples of the two that a symbol has, in a line each; ``best`` is the best likeness of late.

The pattern has ``groups`` of ``group`` symbols, an even number. ``since`` counts the samples since
the best one was, ``fresh`` those that are still to come before a likeness means anything.
"""

_TURNING = np.resize(np.array([1.0, -1.0], dtype=np.float32), PATTERN)
_LEAST = np.float32(0.1)
"""Share of the energy that must be left without alternations."""

_STEADY = 0.85
"""What is nearly as like the pattern some symbols later is a tone, and no training."""

WAIT = 16
"""Samples, half a symbol apart, in which a better likeness may still come."""


@fast
def _group(search: Record, row: int, at: int, pattern: Any, begin: int) -> float:
    """Return which share of the energy of a group of symbols is like one of the pattern.

    Neither has what is the same in every symbol or in every second one, for such are alternations
    of two points, and tones.
    """
    across = along = energy = np.float32(0.0)
    steady_real = steady_imaginary = turning_real = turning_imaginary = np.float32(0.0)
    size = search.group
    real, imaginary = search.real[row][at : at + size], search.imaginary[row][at : at + size]
    like_real, like_imaginary = pattern[0][begin : begin + size], pattern[1][begin : begin + size]
    for k in range(size):
        x, y = real[k], imaginary[k]
        a, b = like_real[k], like_imaginary[k]
        along += a * x + b * y
        across += a * y - b * x
        energy += x * x + y * y
        steady_real += x
        steady_imaginary += y
        turning_real += _TURNING[k] * x
        turning_imaginary += _TURNING[k] * y
    steady = steady_real * steady_real + steady_imaginary * steady_imaginary
    turning = turning_real * turning_real + turning_imaginary * turning_imaginary
    count = np.float32(size)
    left = energy - (steady + turning) / count
    if left < _LEAST * energy or energy <= search.floor * count:
        return 0.0
    return float((along * along + across * across) / (left * count))


@kernel
def _likeness(search: Record, row: int, pattern: Any) -> float:
    """Return how like the latest symbols are to the pattern, on the average of its groups."""
    begin = search.fill[row] - search.groups * search.group
    total = 0.0
    for group in range(search.groups):
        at = group * search.group
        total += _group(search, row, begin + at, pattern, at)
    return float(total / search.groups)


@kernel
def renew(search: Record) -> None:
    """Begin anew."""
    search.fill[0] = search.fill[1] = 0
    search.best = 0.0
    search.since = 0
    search.fresh = 2 * search.groups * search.group


@inlined
def look(search: Record, pattern: Any, real: float, imaginary: float) -> bool:
    """Take in a sample; say whether a training was found, which ended ``since`` samples ago."""
    row = search.odd
    search.odd = 1 - row
    fill = search.fill[row]
    if fill == _ROOM:
        for k in range(PATTERN):
            search.real[row, k] = search.real[row, _ROOM - PATTERN + k]
            search.imaginary[row, k] = search.imaginary[row, _ROOM - PATTERN + k]
        fill = PATTERN
    search.real[row, fill], search.imaginary[row, fill] = real, imaginary
    search.fill[row] = fill + 1
    search.since += 1
    if search.fresh > 0:
        search.fresh -= 1
        return False
    like = _likeness(search, row, pattern)
    if like > search.threshold and like > search.best:
        search.best, search.since = like, 0
    if search.best == 0.0 or search.since < WAIT:
        return False
    if like > _STEADY * search.best:
        search.best, search.since = like, 0
        return False
    return True
