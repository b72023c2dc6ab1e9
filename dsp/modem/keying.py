"""Frequency-shift keying with continuous phase, as V.21, textphones and caller ID send it."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np

from dsp.modem.types import Bits
from dsp.types import RATE, Samples, amplitude, whole

__all__ = ["Keyer"]

_TURN = 2.0**48
"""What the phase counts a whole turn as: whole numbers add up to the same in any pieces."""


class Keyer:
    """Turns bits into samples, piece by piece, as if there were no pieces.

    A bit begins when it does, between two samples if need be: the phase of a sample is the integral
    of the frequency up to it.

    Parameters
    ----------
    mark, space
        Hz of a one and of a zero.
    rate
        Bits a second.
    level
        dBm0.

    Examples
    --------
    >>> keyer = Keyer(1650.0, 1850.0, 300.0, -13.0)
    >>> keyer.wanted(160)
    6
    >>> keyer.send(np.array([0, 1, 1, 1, 1, 1], dtype=np.uint8), 160).shape
    (160,)
    """

    def __init__(self, mark: float, space: float, rate: float, level: float) -> None:
        self._hz = np.array((space, mark))
        self._rate = Fraction(rate).limit_denominator(1000) / RATE
        self._amplitude = amplitude(level)
        self._turns = np.rint(self._hz / RATE / float(self._rate) * _TURN).astype(np.uint64)
        self._sent = 0
        self._begun = 0
        self._bits = np.zeros(0, dtype=np.uint8)
        self._phase = np.uint64(0)

    def _bit_at(self, sample: int) -> int:
        return sample * self._rate.numerator // self._rate.denominator

    def wanted(self, count: int) -> int:
        """How many bits more the next so many samples take."""
        if count <= 0:
            return 0
        return max(0, self._bit_at(self._sent + count - 1) + 1 - self._begun)

    def ends(self, bits: int) -> int:
        """How many samples are left of what has begun and so many bits more."""
        return math.ceil((self._begun + bits) / self._rate) - self._sent

    def send(self, bits: Bits, count: int) -> Samples:
        """Return the next samples.

        Parameters
        ----------
        bits
            As many as are :meth:`wanted`.
        count
            How many samples.
        """
        heard = np.concatenate([self._bits, bits])
        if not count or not len(heard):
            return np.zeros(0, dtype=np.int16)
        first = self._begun - len(self._bits)
        grown = np.cumsum(self._turns[heard], dtype=np.uint64)
        phases = self._phase + np.concatenate([np.zeros(1, dtype=np.uint64), grown])
        at = np.arange(self._sent, self._sent + count, dtype=np.int64)
        which = at * self._rate.numerator // self._rate.denominator
        into = (at * self._rate.numerator - which * self._rate.denominator) / self._rate.numerator
        which -= first
        turns = (phases[which] % np.uint64(_TURN)).astype(np.float64) / _TURN
        turns += self._hz[heard[which]] * into / RATE
        self._sent += count
        self._begun += len(bits)
        self._bits, self._phase = heard[-1:], phases[len(heard) - 1]
        return whole(self._amplitude * np.sin(2 * np.pi * turns))
