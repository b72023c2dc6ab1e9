"""Any rate to the 8 kHz that detectors hear, block by block."""

from __future__ import annotations

from typing import Protocol

import numpy as np

from dsp.anyrate import FromAnyRate, RateError
from dsp.resample import Downsampler
from dsp.types import RATE, Samples

from .request import DamageError

__all__ = ["Narrow", "narrow"]


class Narrow(Protocol):
    """What brings some channels to 8 kHz."""

    def process(self, block: Samples) -> Samples:
        """Take ``(channels, n)`` and give what of the result is settled."""

    def finish(self) -> Samples:
        """Give the rest."""


def narrow(rate: int, channels: int, name: str = "a recording") -> Narrow:
    """Choose how a recording comes to 8 kHz.

    Parameters
    ----------
    rate
        Its samples a second.
    channels
        Lines of its blocks.
    name
        How an error calls it.

    Raises
    ------
    DamageError
        When no sound has such a rate.

    Examples
    --------
    >>> narrow(16000, 1, "a.wav").process(np.zeros((1, 321), dtype=np.int16)).shape
    (1, 160)
    """
    if rate == RATE:
        return _Same(channels)
    if rate == 2 * RATE:
        return _Halved(channels)
    try:
        return FromAnyRate(channels, rate)
    except RateError as error:
        raise DamageError(f"{name}: {error}") from error


class _Same:
    """8 kHz as it is."""

    def __init__(self, channels: int) -> None:
        self._none = np.zeros((channels, 0), dtype=np.int16)

    def process(self, block: Samples) -> Samples:
        """Give it back."""
        return block

    def finish(self) -> Samples:
        """Nothing is left."""
        return self._none


class _Halved:
    """16 kHz as the hub halves it, so that the detectors hear the same samples."""

    def __init__(self, channels: int) -> None:
        self._down = Downsampler(channels)
        self._odd = np.zeros((channels, 0), dtype=np.int16)

    def process(self, block: Samples) -> Samples:
        """Halve, and keep an odd sample for the next block."""
        block = np.concatenate([self._odd, block], axis=1)
        even = block.shape[1] // 2 * 2
        self._odd = block[:, even:]
        return self._down.process(np.ascontiguousarray(block[:, :even]))

    def finish(self) -> Samples:
        """Leave the odd sample."""
        return self._odd[:, :0]
