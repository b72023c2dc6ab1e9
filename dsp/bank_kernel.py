"""The loop that folds pieces of sound about their middles."""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

from dsp.types import Samples

Floats64 = NDArray[np.float64]


@njit(nogil=True, cache=True)
def fold(unit: Samples, sums: Floats64, differences: Floats64) -> None:
    """Add, and subtract, samples that lie as far before the middle of a piece as behind it.

    ``unit`` is ``(n, samples)``, ``sums`` and ``differences`` are ``(n, pieces, half)``; the first
    of a half is the outermost.
    """
    # an index that cannot be negative lets the loop be vectorised
    one, two, half = np.uint64(1), np.uint64(2), np.uint64(sums.shape[2])
    for i in range(np.uint64(len(unit))):
        for piece in range(np.uint64(sums.shape[1])):
            first = two * piece * half
            last = first + two * half - one
            for j in range(half):
                before, behind = np.int32(unit[i, first + j]), np.int32(unit[i, last - j])
                sums[i, piece, j] = before + behind
                differences[i, piece, j] = before - behind
