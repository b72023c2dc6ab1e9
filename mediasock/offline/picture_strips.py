"""What a picture keeps of a recording: a bounded number of columns, however long it is."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from dsp.bank import Floats32
from dsp.level import PIECE
from dsp.tones import DTMF
from dsp.types import RATE, Samples

__all__ = ["COLUMNS", "KEY_FREQUENCIES", "WINDOW", "Spectra", "Strip"]

COLUMNS = 2048
"""Columns that a strip has at most; from half as many on where it is not shorter."""

WINDOW = 256
"""Samples of the Hann window that a spectrum is taken of: 32 ms, so bins are 31.25 Hz apart."""

KEY_FREQUENCIES = tuple(sorted({hz for pair in DTMF.values() for hz in pair}))
"""The eight of Q.23."""

_AT_ONCE = 2048
"""Pieces that are measured together, 10 s: less is slower, more takes more memory."""


Fold: TypeAlias = Callable[..., Any]
"""Makes one value of several along an axis, as ``numpy.max`` does."""


class Strip:
    """Values over time in at most :data:`COLUMNS` columns.

    When they are full, neighbours are folded into one, and from then on a column takes in twice
    as many values.

    Parameters
    ----------
    fold
        How values become one.

    Attributes
    ----------
    each : int
        Values of a column.

    Examples
    --------
    >>> strip = Strip(np.max)
    >>> strip.add(np.arange(5000, dtype=np.float32)[None])
    >>> strip.each, strip.columns().shape, strip.columns()[0, :3].tolist()
    (4, (1, 1250), [3.0, 7.0, 11.0])
    """

    def __init__(self, fold: Fold) -> None:
        self._fold = fold
        self._kept: Floats32 | None = None
        self._count = 0
        self._waiting: Floats32 = np.zeros(0, dtype=np.float32)
        self.each = 1

    def add(self, values: Floats32) -> None:
        """Take in ``(channels, n, …)`` values."""
        if self._kept is None:
            self._kept = np.zeros((len(values), COLUMNS, *values.shape[2:]), dtype=np.float32)
            self._waiting = values[:, :0]
        values = np.concatenate([self._waiting, values], axis=1)
        while True:
            taken = min(values.shape[1] // self.each, COLUMNS - self._count)
            whole = values[:, : taken * self.each]
            self._kept[:, self._count : self._count + taken] = self._folded(whole, self.each)
            self._count += taken
            values = values[:, taken * self.each :]
            if self._count < COLUMNS:
                break
            self._count //= 2
            self._kept[:, : self._count] = self._folded(self._kept, 2)
            self.each *= 2
        self._waiting = values.copy()

    def columns(self) -> Floats32:
        """Give ``(channels, columns, …)`` of what there is; the last may be of fewer values."""
        assert self._kept is not None
        kept = self._kept[:, : self._count]
        if not self._waiting.shape[1]:
            return kept
        return np.concatenate([kept, self._folded(self._waiting, self._waiting.shape[1])], axis=1)

    def _folded(self, values: Floats32, each: int) -> Floats32:
        channels, count, *rest = values.shape
        groups = values.reshape(channels, count // each, each, *rest)
        return np.asarray(self._fold(groups, axis=2), dtype=np.float32)


class Spectra:
    """Mean squares of a recording every 5 ms: of the sound, of its frequencies, of the keys' tones.

    What lies between is folded: of the powers there are the least, the mean and the greatest, of
    all else the greatest, so that a digit does not vanish in an hour.

    Parameters
    ----------
    channels
        How many there are.
    """

    def __init__(self, channels: int) -> None:
        self.samples = 0
        self.least, self.mean, self.most = Strip(np.min), Strip(np.mean), Strip(np.max)
        self.spectrum, self.keys = Strip(np.max), Strip(np.max)
        self._before = (WINDOW - PIECE) // 2
        self._sound = np.zeros((channels, self._before), dtype=np.int16)
        self._blocks: list[Samples] = []
        self._ahead = 0
        window = np.hanning(WINDOW + 1)[:WINDOW]
        # so that the square is the mean square of a sine
        self._window = (window * np.sqrt(2) / window.sum()).astype(np.float32)
        turns = np.outer(np.arange(WINDOW), KEY_FREQUENCIES) * (2 * np.pi / RATE)
        self._waves = np.concatenate([np.cos(turns), np.sin(turns)], axis=1).astype(np.float32)

    @property
    def seconds(self) -> float:
        """How long the recording is."""
        return self.samples / RATE

    @property
    def column_seconds(self) -> float:
        """How long a column of a strip is."""
        return self.mean.each * PIECE / RATE

    def hear(self, block: Samples) -> None:
        """Take in ``(channels, n)`` int16 at 8 kHz."""
        self.samples += block.shape[1]
        self._ahead += block.shape[1]
        self._blocks.append(block.copy())
        if self._ahead >= _AT_ONCE * PIECE:
            self._take()

    def finish(self) -> None:
        """Take in the last samples, with silence after them; one column there is at least."""
        pieces = max(-(-self.samples // PIECE), 1)
        after = WINDOW - PIECE - self._before + pieces * PIECE - self.samples
        self._blocks.append(np.zeros((len(self._sound), after), dtype=np.int16))
        self._take()

    def _take(self) -> None:
        sound = np.concatenate([self._sound, *self._blocks], axis=1)
        self._blocks, self._ahead = [], 0
        count = max((sound.shape[1] - WINDOW) // PIECE + 1, 0)
        if count:
            frames = sliding_window_view(sound, WINDOW, axis=1)[:, ::PIECE]
            for begin in range(0, count, _AT_ONCE):
                self._measure(frames[:, begin : min(begin + _AT_ONCE, count)].astype(np.float32))
        self._sound = sound[:, count * PIECE :].copy()

    def _measure(self, frames: Floats32) -> None:
        """Measure ``(channels, n, WINDOW)`` frames, whose middle 5 ms are next to each other."""
        powers = (frames[..., self._before : self._before + PIECE] ** 2).mean(axis=2)
        for strip in (self.least, self.mean, self.most):
            strip.add(powers)
        frames *= self._window
        self.spectrum.add((np.abs(np.fft.rfft(frames, axis=2)) ** 2).astype(np.float32))
        both = frames @ self._waves
        half = len(KEY_FREQUENCIES)
        self.keys.add(both[..., :half] ** 2 + both[..., half:] ** 2)
