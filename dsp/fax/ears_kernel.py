"""Gathering what is heard: how much at once, and whether a signal has just gone away."""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from dsp.compiled import entry, fast, kernel
from dsp.types import RATE, Samples

__all__ = ["MOST", "STATE", "UNIT", "gather"]

Record: TypeAlias = Any

UNIT, MOST = 160, 480
"""Samples that are heard at once: the latter, or the former where a signal has just gone."""

_PIECE = 80
_STEP = np.float32(1.0 / 8.0)
_GONE = np.float32(0.35)
"""Of the mean power. Of random data at 2400 Bd, 10 ms have a half of it at the least."""

_MARK = np.exp(2j * np.pi * 1650.0 * np.arange(_PIECE) / RATE).astype(np.complex64)
_REAL, _IMAGINARY = _MARK.real.copy(), _MARK.imag.copy()
_SHARE = np.float32(0.7)
"""Of a piece's energy: so much at the frequency of a one has a flag of V.21, which has six of them.
Data of V.17 and V.29 have 0.43 at the most, those of V.27 ter 0.7 once in a minute."""

_ALERT = 25
"""Units for which it is listened for another signal: what may follow a carrier after 55 ms has
shown itself by then, with 5 flags of V.21 that are 133 ms."""

STATE = np.dtype(
    [
        ("position", np.int64),
        ("fill", np.int64),
        ("power", np.float32),
        ("watched", np.bool_),
        ("alert", np.int64),
        ("sound", np.int16, (MOST + UNIT,)),
    ]
)
"""Samples on their way to the receivers.

So many have come, up to ``position``, of which ``fill`` are gathered. ``power`` is a mean square;
since it fell off steeply, or there was a flag where data are ``watched``, there is ``alert``, for
so many units more.
"""


@fast
def _energies(sound: Samples) -> tuple[Any, Any]:
    """Energy of a piece, and of what it has of the frequency of a one."""
    total = real = imaginary = np.float32(0.0)
    for k in range(len(sound)):
        value = np.float32(sound[k])
        total += value * value
        real += value * _REAL[k]
        imaginary += value * _IMAGINARY[k]
    of_mark = (real * real + imaginary * imaginary) * np.float32(2.0 / _PIECE)
    return total, of_mark


@kernel
def _weigh(s: Record, sound: Samples) -> None:
    energy, of_mark = _energies(sound)
    power = energy / np.float32(len(sound))
    if power < _GONE * s.power or (s.watched and of_mark > _SHARE * energy):
        s.alert = _ALERT
    s.power += _STEP * (power - s.power)


@entry
def gather(state: NDArray[np.void], samples: Samples, begin: int) -> tuple[int, int]:
    """Take samples from one of them on, until there are as many as are to be heard at once.

    Parameters
    ----------
    state
        ``(1,)`` of :data:`STATE`.
    samples
        What is heard.
    begin
        The first one to be taken.

    Returns
    -------
    tuple of int
        The first that was not taken, and how many of ``sound`` are to be heard now; 0 where all
        were taken.
    """
    s = state[0]
    sound, at = s.sound, begin
    while at < len(samples):
        count = min(_PIECE - s.position % _PIECE, len(samples) - at)
        for k in range(count):
            sound[s.fill + k] = samples[at + k]
        at += count
        s.fill += count
        s.position += count
        if s.position % _PIECE:
            continue
        _weigh(s, sound[max(s.fill - _PIECE, 0) : s.fill])
        if s.position % UNIT == 0:
            s.alert = max(s.alert - 1, 0)
            if s.alert or s.fill >= MOST:
                count = s.fill
                s.fill = 0
                return at, count
    return at, 0
