"""Gathering what is heard: how much at once, and whether a signal has just gone away."""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from dsp.compiled import entry, fast, kernel
from dsp.types import Samples

__all__ = ["MOST", "STATE", "UNIT", "gather"]

Record: TypeAlias = Any

UNIT, MOST = 160, 480
"""Samples that are heard at once: the latter, or the former where a signal has just gone."""

_PIECE = 80
_STEP = np.float32(1.0 / 8.0)
_GONE = np.float32(0.35)
"""Of the mean power. Of random data at 2400 Bd, 10 ms have a half of it at the least."""

_ALERT = 25
"""Units for which it is listened for another signal: what may follow a carrier after 55 ms has
shown itself by then, with 5 flags of V.21 that are 133 ms."""

STATE = np.dtype(
    [
        ("position", np.int64),
        ("fill", np.int64),
        ("power", np.float32),
        ("alert", np.int64),
        ("sound", np.int16, (MOST + UNIT,)),
    ]
)
"""Samples on their way to the receivers.

So many have come, up to ``position``, of which ``fill`` are gathered. ``power`` is a mean square;
since it fell off steeply there is ``alert``, for so many units more.
"""


@fast
def _power(sound: Samples) -> Any:
    total = np.float32(0.0)
    for k in range(len(sound)):
        value = np.float32(sound[k])
        total += value * value
    return total / np.float32(len(sound))


@kernel
def _weigh(s: Record, sound: Samples) -> None:
    power = np.float32(_power(sound))
    if power < _GONE * s.power:
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
