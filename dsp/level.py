"""How loud each row is: the mean square of every 5 ms, and a running one."""

from __future__ import annotations

import numpy as np

from dsp.bank import Floats32
from dsp.framing import UNIT
from dsp.level_kernel import mean_squares, run_on
from dsp.types import RATE, Floats, Rows, Samples, dbm0

__all__ = ["PIECE", "Loudness", "powers"]

PIECE = 40
"""Samples of the pieces whose power is measured: 5 ms."""


def powers(sound: Samples) -> Floats32:
    """Mean square of every piece of units: ``(n, samples // PIECE)`` float32."""
    out = np.empty((len(sound), sound.shape[1] // PIECE), dtype=np.float32)
    mean_squares(sound, out)
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
        self._mean_square = np.zeros(calls, dtype=np.float32)
        pieces = UNIT // PIECE
        keep = np.exp(-PIECE / RATE / seconds)
        weights = (1 - keep) * keep ** np.arange(pieces - 1, -1, -1)
        self._weights = weights.astype(np.float32)
        self._keep = np.float32(keep**pieces)

    @property
    def dbm0(self) -> Floats:
        """Level of every row now, ``(calls,)``, in whole units of 20 ms; −100 is silence."""
        return dbm0(self._mean_square)

    def hear(self, powers: Floats32, rows: Rows) -> None:
        """Take in the powers ``(len(rows), pieces)`` of units of these rows."""
        run_on(powers, rows, self._mean_square, self._weights, self._keep)

    def forget(self, rows: Rows) -> None:
        """Let these rows have been silent."""
        self._mean_square[rows] = 0
