"""What the line did to a burst: measured by who listens to it."""

from __future__ import annotations

from array import array
from collections import deque
from typing import Protocol

import numpy as np

from dsp.fax.listener_events import Check, Measures
from dsp.modem.types import Bits, Complex
from dsp.types import RATE, Samples, dbm0

__all__ = ["UNIT", "Gauge", "check_of", "level", "power"]

UNIT = 160
"""Samples that a power is the mean of."""

_EVERY = RATE // 5
_EDGE = RATE // 10
"""Samples between two looks at a receiver; what is seen so shortly before an end is its own."""
_SHOWN = 2048
_CHECK = 1.35
"""Seconds: 1.5 less 10 % (T.30 5.3.6.1.3)."""


def power(sound: Samples) -> float:
    """Mean square."""
    return float(np.mean(np.square(sound, dtype=np.float32))) if len(sound) else 0.0


def level(powers: array[float], begin: int, end: int) -> float:
    """Give the level between two samples, by whole units within.

    Parameters
    ----------
    powers
        Of units of :data:`UNIT`, from the first sample on.
    begin, end
        Samples.

    Returns
    -------
    float
        dBm0, −100 at the least.

    Examples
    --------
    >>> round(level(array("f", [0.0, 1e6, 1e6, 0.0]), 160, 480), 1)
    -24.1
    """
    first = -(-max(begin, 0) // UNIT)
    last = max(end // UNIT, first + 1)
    inside = powers[first:last] or powers[-1:]
    return float(dbm0(float(np.mean(inside)) if len(inside) else 0.0))


class Measured(Protocol):
    """A receiver, which knows what the line is like."""

    @property
    def quality(self) -> float:
        """Signal to noise over 0 to 4 kHz, dB."""

    @property
    def frequency_offset(self) -> float:
        """Hz."""

    @property
    def timing_offset(self) -> float:
        """Parts in a million."""

    def symbols(self) -> Complex:
        """Those since it was last asked."""


class Gauge:
    """Look at a receiver now and then while data come, since at their end it is too late."""

    def __init__(self) -> None:
        self._next = 0
        self._seen: deque[tuple[int, Complex]] = deque()
        self._looks: list[tuple[int, float, float, float]] = []

    def look(self, receiver: Measured, at: int) -> None:
        """See what it says at a sample, if it was not asked just before."""
        if at < self._next:
            return
        self._next = at + _EVERY
        line = receiver.quality, receiver.frequency_offset, receiver.timing_offset
        self._looks.append((at, *line))
        self._seen.append((at, receiver.symbols()))
        # what was seen last may have to be left out
        while sum(len(one) for _, one in self._seen) > 2 * _SHOWN:
            self._seen.popleft()

    def measures(self, level: float, end: int) -> Measures:
        """Say what the line was like in a burst that ended there."""
        looks = [one[1:] for one in self._looks if one[0] < end - _EDGE]
        if not looks:
            return Measures(level)
        snr = float(np.median([one[0] for one in looks]))
        _, frequency, clock = looks[-1]
        return Measures(level, snr, frequency, clock)

    def symbols(self, end: int) -> Complex:
        """Give the latest symbols of a burst that ended there."""
        parts = [one for at, one in self._seen if at < end - _EDGE]
        return np.concatenate([np.zeros(0, dtype=np.complex64), *parts])[-_SHOWN:]


def check_of(bits: Bits, bit_rate: int) -> Check:
    """Say how a training check has come.

    Parameters
    ----------
    bits
        From its training on; rubbish may follow it.
    bit_rate
        Bit/s.

    Examples
    --------
    >>> bits = np.zeros(3600, dtype=np.uint8)
    >>> bits[3000] = 1
    >>> str(check_of(bits, 2400))
    '3,000 zeros in a row, 1.25 s, 1 wrong bits'
    """
    edges = np.flatnonzero(np.concatenate([[1], bits, [1]]))
    zeros = int(np.diff(edges).max(initial=1)) - 1
    least = round(_CHECK * bit_rate)
    wrong = None
    if len(bits) >= least:
        ones = np.concatenate([[0], np.cumsum(bits, dtype=np.int64)])
        wrong = int((ones[least:] - ones[:-least]).min())
    return Check(len(bits), zeros, wrong, zeros / bit_rate)
