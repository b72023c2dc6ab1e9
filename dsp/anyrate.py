"""Any rate to 8 kHz, for many rows at once, by a windowed sinc.

Each output sample is the sum of the input about it, weighted by taps for its phase between two
input samples. The taps are whole numbers and so are the sums: a signal gives the same samples
however it is cut into blocks. There is no delay, for the filter is symmetric.

From 8 kHz or more it is flat within 0.1 dB to 3.4 kHz; what would fold back below that, from
4.6 kHz on, is at least 49 dB down.
"""

from __future__ import annotations

from functools import lru_cache
from math import ceil, gcd

import numpy as np
from numpy.typing import NDArray

from dsp.anyrate_kernel import resample
from dsp.types import RATE, DspError, Samples

__all__ = ["RATES", "FromAnyRate", "RateError"]

RATES = range(1000, 384_001)
"""Samples a second that sound can have."""

_CROSSINGS = 12
"""Zeros of the sinc on either side."""

_SHAPE = 6.0
_PHASES = 1024
"""Phases that there are taps for at most; with more of them the nearest is taken, 70 dB exact."""

_ONE = 2**14


class RateError(DspError):
    """A rate that no sound has."""


class FromAnyRate:
    """Rows of any rate to 8 kHz.

    Parameters
    ----------
    calls
        How many rows there are.
    rate
        Samples a second that they have, of :data:`RATES`.

    Raises
    ------
    RateError
        When it is another.

    Examples
    --------
    >>> low = FromAnyRate(2, 44100)
    >>> parts = [low.process(np.full((2, 22050), 1000, dtype=np.int16)), low.finish()]
    >>> np.concatenate(parts, axis=1).shape, parts[0][0, 2000:2003].tolist()
    ((2, 4000), [1000, 1000, 1000])
    """

    def __init__(self, calls: int, rate: int) -> None:
        if rate not in RATES:
            raise RateError(f"{rate} samples a second: from {RATES[0]} to {RATES[-1]} can be heard")
        common = gcd(rate, RATE)
        self._up, self._down = RATE // common, rate // common
        self._taps, self._tap_rows = _taps(rate, self._up)
        self._taken = self._given = 0
        # the first output has silence before it
        self._kept = np.zeros((calls, self._taps.shape[1] // 2 - 1), dtype=np.int16)
        self._start = self._phase = 0

    def process(self, block: Samples) -> Samples:
        """Resample what is settled.

        Parameters
        ----------
        block
            ``(calls, n)`` int16.

        Returns
        -------
        numpy.ndarray
            ``(calls, m)`` int16 at 8 kHz.
        """
        self._taken += block.shape[1]
        return self._settle(block)

    def finish(self) -> Samples:
        """Give the rest, with silence after it; the rows are then over."""
        left = -(-self._taken * self._up // self._down) - self._given
        silence = np.zeros((len(self._kept), self._taps.shape[1]), dtype=np.int16)
        return self._settle(silence)[:, :left]

    def _settle(self, block: Samples) -> Samples:
        """Give what the input suffices for, and keep what comes after it."""
        line = np.concatenate([self._kept, block], axis=1)
        room = line.shape[1] - self._taps.shape[1] - self._start
        count = max(((room + 1) * self._up - 1 - self._phase) // self._down + 1, 0)
        out = np.empty((len(line), count), dtype=np.int16)
        place = (self._start, self._phase, self._up, self._down)
        resample(line, self._taps, self._tap_rows, place, out)
        on, self._phase = divmod(self._phase + count * self._down, self._up)
        over = min(self._start + on, line.shape[1])
        self._start += on - over
        self._kept = line[:, over:].copy()
        self._given += count
        return out


@lru_cache(maxsize=8)
def _taps(rate: int, up: int) -> tuple[Samples, NDArray[np.int32]]:
    """Taps for every phase, times 2¹⁴, and which of them each phase of ``up`` has."""
    scale = max(rate / RATE, 1.0)  # input samples between the zeros of the sinc
    reach = ceil(_CROSSINGS * scale / 8) * 8
    phases = min(up, _PHASES)
    place = np.arange(1 - reach, reach + 1) - np.arange(phases + 1)[:, None] / phases
    inside = np.clip(1 - (place / (_CROSSINGS * scale)) ** 2, 0, None)
    taps = np.sinc(place / scale) * np.i0(_SHAPE * np.sqrt(inside)) * (inside > 0)
    whole = np.rint(taps / taps.sum(axis=1, keepdims=True) * _ONE).astype(np.int16)
    whole[:, reach - 1] += np.int16(_ONE) - whole.sum(axis=1, dtype=np.int16)
    rows = (np.arange(up) * phases + up // 2) // up
    return whole, rows.astype(np.int32)
