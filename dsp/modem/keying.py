"""Frequency-shift keying with continuous phase, as V.21, textphones and caller ID send it."""

from __future__ import annotations

from fractions import Fraction

import numpy as np

from dsp.modem.keying_kernel import STATE, key
from dsp.modem.types import Bits, ModemError, given
from dsp.types import RATE, Samples, amplitude

__all__ = ["Keyer"]

_TURN = 2**64
_INT16 = np.dtype(np.int16)


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
        bits = Fraction(rate).limit_denominator(1000) / RATE
        self._sample, self._bit = bits.numerator, bits.denominator
        self._left = 0
        self._state = np.zeros(1, dtype=STATE)
        one = self._state[0]
        steps = [round(Fraction(hz) / RATE / self._sample * _TURN) for hz in (space, mark)]
        one["steps"] = np.array([step % _TURN for step in steps], dtype=np.uint64)
        one["sample"], one["bit"] = self._sample, self._bit
        one["phase"] = _TURN * 3 // 4
        one["peak"] = amplitude(level)

    def wanted(self, count: int) -> int:
        """How many bits more the next so many samples take."""
        return (
            max(0, ((count - 1) * self._sample - self._left) // self._bit + 1) if count > 0 else 0
        )

    def ends(self, bits: int) -> int:
        """How many samples are left of what has begun and so many bits more."""
        return -(-(self._left + bits * self._bit) // self._sample)

    def send(self, bits: Bits, count: int) -> Samples:
        """Return the next samples.

        Parameters
        ----------
        bits
            ``(n,)`` uint8, as many as are :meth:`wanted`; the last one goes on if they are fewer.
        count
            How many samples.

        Raises
        ------
        ModemError
            For what is no bits, or of another type.
        """
        out = np.empty(count, _INT16)
        if not key(self._state, given(bits), out):
            raise ModemError("bits are 0 and 1")
        self._left += len(bits) * self._bit - count * self._sample
        return out
