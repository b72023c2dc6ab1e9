"""How loud each call is: the mean square of every 5 ms, and a running level of each row."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from dsp.bank import Floats32
from dsp.framing import UNIT, Framed
from dsp.level_kernel import mean_squares
from dsp.types import RATE, Detection, Floats, Rows, Samples, dbm0

__all__ = ["PIECE", "Level", "Loudness", "powers"]

PIECE = 40
"""Samples of the pieces whose power is measured: 5 ms."""


def powers(unit: Samples) -> Floats32:
    """Mean square of every piece of a unit: ``(n, UNIT // PIECE)`` float32."""
    out = np.empty((len(unit), unit.shape[1] // PIECE), dtype=np.float32)
    mean_squares(unit, out)
    return out


class Loudness:
    """Running mean squares of rows, from the powers of their pieces.

    Parameters
    ----------
    calls
        How many rows there are.
    seconds
        Time constant: what a sound that has ended still counts falls to 1/e in it.
    """

    def __init__(self, calls: int, seconds: float = 0.1) -> None:
        self.mean_square = np.zeros(calls, dtype=np.float32)
        pieces = UNIT // PIECE
        keep = np.exp(-PIECE / RATE / seconds)
        weights = (1 - keep) * keep ** np.arange(pieces - 1, -1, -1)
        self._weights = weights.astype(np.float32)
        self._keep = np.float32(keep**pieces)

    def hear(self, powers: Floats32, rows: Rows) -> None:
        """Take in the powers ``(len(rows), pieces)`` of a unit of these rows."""
        fresh = (powers * self._weights).sum(axis=1)
        self.mean_square[rows] = self._keep * self.mean_square[rows] + fresh

    def forget(self, rows: Rows) -> None:
        """Let these rows have been silent."""
        self.mean_square[rows] = 0


class Level(Framed):
    """A meter for every row; it detects nothing, its reading is :attr:`dbm0`.

    Parameters
    ----------
    calls
        How many rows there are.
    seconds
        Time constant of the running mean square.

    Examples
    --------
    >>> meter = Level(1)
    >>> meter.process(np.full((1, 8000), 16384, dtype=np.int16))
    []
    >>> meter.dbm0.round(1).tolist()
    [0.1]
    """

    def __init__(self, calls: int, seconds: float = 0.1) -> None:
        super().__init__(calls)
        self._loudness = Loudness(calls, seconds)

    @property
    def dbm0(self) -> Floats:
        """Level of every row now, ``(calls,)``, in whole units of 20 ms; −100 is silence."""
        return dbm0(self._loudness.mean_square)

    def _hear(self, unit: Samples, rows: Rows) -> list[Detection]:
        self._loudness.hear(powers(unit), rows)
        return []

    def _end(self, rows: Rows, lengths: NDArray[np.int64]) -> list[Detection]:
        return []

    def _forget(self, rows: Rows) -> None:
        self._loudness.forget(rows)
