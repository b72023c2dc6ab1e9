"""The loop that squares samples."""

from __future__ import annotations

import numpy as np
from numba import njit

from dsp.bank import Floats32
from dsp.types import Samples


@njit(nogil=True, cache=True)
def mean_squares(unit: Samples, out: Floats32) -> None:
    """Mean square of each piece of a unit: ``(n, samples)`` int16 to ``(n, pieces)`` float32."""
    pieces = out.shape[1]
    size = unit.shape[1] // pieces
    for i in range(len(unit)):
        for piece in range(pieces):
            part = unit[i, piece * size : (piece + 1) * size]
            total = np.int64(0)
            for j in range(size):
                sample = np.int64(part[j])
                total += sample * sample
            out[i, piece] = total / size
