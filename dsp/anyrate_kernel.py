"""The loop of the resampler, in whole numbers: the same result however a signal is cut."""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

from dsp.types import Samples


@njit(nogil=True, cache=True, error_model="numpy")
def resample(
    line: Samples,
    taps: Samples,
    tap_rows: NDArray[np.int32],
    place: tuple[int, int, int, int],
    out: Samples,
) -> None:
    """Filter each line at the places of its output samples.

    ``line`` is ``(calls, n)``, ``out`` ``(calls, m)``; ``taps`` ``(phases + 1, k)``, times 2¹⁴, of
    which ``tap_rows`` names the one for each phase. ``place`` is where the window of the first
    output begins, its phase, and how often the rate goes up and down.
    """
    start, phase, up, down = place
    step, part = down // up, down % up
    for i in range(len(line)):
        at, now = start, phase
        for j in range(out.shape[1]):
            tap = taps[tap_rows[now]]
            window = line[i, at : at + taps.shape[1]]
            # 32 bits all along, which the processor multiplies eight or sixteen at a time
            total = np.int32(1 << 13)
            for k in range(taps.shape[1]):
                total = np.int32(total + np.int32(tap[k]) * np.int32(window[k]))
            out[i, j] = min(max(int(total) >> 14, -32768), 32767)
            at += step
            now += part
            if now >= up:
                now -= up
                at += 1
