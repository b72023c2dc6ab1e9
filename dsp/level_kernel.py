"""The loops that square samples, and that let squares fade."""

from __future__ import annotations

import numpy as np
from numba import njit

from dsp.bank import Floats32
from dsp.types import Rows, Samples


@njit(nogil=True, cache=True)
def mean_squares(sound: Samples, out: Floats32) -> None:
    """Mean squares of pieces: ``(n, samples)`` int16 to ``(n, pieces)`` float32."""
    pieces = out.shape[1]
    size = sound.shape[1] // pieces
    for i in range(len(sound)):
        for piece in range(pieces):
            part = sound[i, piece * size : (piece + 1) * size]
            total = np.int64(0)
            for j in range(size):
                sample = np.int64(part[j])
                total += sample * sample
            out[i, piece] = total / size


@njit(nogil=True, cache=True)
def run_on(
    powers: Floats32, rows: Rows, mean_square: Floats32, weights: Floats32, keep: np.float32
) -> None:
    """Let the mean squares of rows run on over units of ``len(weights)`` pieces each."""
    size = len(weights)
    for i in range(len(rows)):
        running = mean_square[rows[i]]
        for begin in range(0, powers.shape[1], size):
            fresh = np.float32(0)
            for piece in range(size):
                fresh += powers[i, begin + piece] * weights[piece]
            running = keep * running + fresh
        mean_square[rows[i]] = running
