"""The loops of the line: a filter of many taps, and sound at places between its samples.

Every sum is taken in one order, so that a signal gives the same to the bit however it is cut.
"""

from __future__ import annotations

import math

from dsp.bank import Floats64
from dsp.compiled import entry

_CHUNK = 512


@entry
def convolve(line: Floats64, taps: Floats64, out: Floats64) -> None:
    """Filter a block.

    ``taps`` are a multiple of four; ``line`` is ``(len(taps) - 1 + n,)``, the past and the block,
    ``out`` ``(n,)``.
    """
    last = len(taps) - 1
    for begin in range(0, len(out), _CHUNK):
        end = min(begin + _CHUNK, len(out))
        for j in range(begin, end):
            out[j] = 0.0
        for k in range(0, len(taps), 4):
            a, b, c, d = taps[k], taps[k + 1], taps[k + 2], taps[k + 3]
            back = last - k
            for j in range(begin, end):
                out[j] += (a * line[j + back] + b * line[j + back - 1]) + (
                    c * line[j + back - 2] + d * line[j + back - 3]
                )


@entry
def interpolate(
    line: Floats64, taps: Floats64, place: tuple[int, int, float], out: Floats64
) -> None:
    """Give the sound at places that are a ratio apart.

    ``taps`` is ``(phases + 1, k)``, between whose rows it is interpolated. ``place`` is the number
    of the first output, the number of the input ``line[k - 1]``, and how many inputs two outputs
    are apart.
    """
    first, start, ratio = place
    phases, many = taps.shape[0] - 1, taps.shape[1]
    for j in range(len(out)):
        at = (first + j) * ratio
        whole = math.floor(at)
        phase = (at - whole) * phases
        row = math.floor(phase)
        part = phase - row
        begin = whole - start
        total = 0.0
        for k in range(many):
            tap = taps[row, k] + part * (taps[row + 1, k] - taps[row, k])
            total += tap * line[begin + k]
        out[j] = total
