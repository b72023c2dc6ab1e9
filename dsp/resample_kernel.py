"""The half-band filter's loops, in whole numbers: the same result however a signal is cut."""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

from dsp.types import Rows, Samples


@njit(nogil=True, cache=True)
def halve(
    block: Samples,
    rows: Rows,
    history: Samples,
    taps: NDArray[np.int32],
    out: Samples,
) -> None:
    """Filter and keep every second sample.

    ``block`` is ``(n, 2 m)``, ``out`` ``(n, m)``, ``history`` ``(calls, 4 len(taps) - 2)``: the
    last input of each row. ``taps`` are one half of the symmetric branch, times 2¹⁵; the other
    branch is a delay of ``len(taps) - 1`` with a gain of one half.
    """
    half = len(taps)
    past = 2 * half - 1
    count = out.shape[1]
    odd = np.empty(past + count, np.int32)
    even = np.empty(past + count, np.int32)
    total = np.empty(count, np.int32)
    for i in range(len(block)):
        kept = history[rows[i]]
        for j in range(past):
            even[j] = kept[2 * j]
            odd[j] = kept[2 * j + 1]
        for j in range(count):
            even[past + j] = block[i, 2 * j]
            odd[past + j] = block[i, 2 * j + 1]
        for j in range(count):
            total[j] = (even[half + j] << 14) + (1 << 14)
        for k in range(half):
            tap, near, far = taps[k], odd[past - k :], odd[k:]
            for j in range(count):
                total[j] += tap * (near[j] + far[j])
        for j in range(count):
            out[i, j] = min(max(total[j] >> 15, -32768), 32767)
        for j in range(past):
            kept[2 * j] = even[count + j]
            kept[2 * j + 1] = odd[count + j]


@njit(nogil=True, cache=True)
def double(
    block: Samples,
    rows: Rows,
    history: Samples,
    taps: NDArray[np.int32],
    out: Samples,
) -> None:
    """Put a sample between every two.

    ``block`` is ``(n, m)``, ``out`` ``(n, 2 m)``, ``history`` ``(calls, 2 len(taps) - 1)``;
    ``taps`` as in :func:`halve`.
    """
    half = len(taps)
    past = 2 * half - 1
    count = block.shape[1]
    line = np.empty(past + count, np.int32)
    total = np.empty(count, np.int32)
    for i in range(len(block)):
        kept = history[rows[i]]
        line[:past] = kept
        line[past:] = block[i]
        for j in range(count):
            total[j] = 1 << 13
        for k in range(half):
            tap, near, far = taps[k], line[past - k :], line[k:]
            for j in range(count):
                total[j] += tap * (near[j] + far[j])
        for j in range(count):
            out[i, 2 * j] = min(max(total[j] >> 14, -32768), 32767)
            out[i, 2 * j + 1] = line[half + j]
        kept[:] = line[count:]
