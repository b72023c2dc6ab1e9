"""The loop that shows grey by dots."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from dsp.compiled import entry

__all__ = ["diffuse"]


@entry
def diffuse(greys: NDArray[np.uint8], black: NDArray[np.bool_], errors: NDArray[np.int32]) -> None:
    """Make dots, and give what each is too dark or too light to its neighbours.

    The shares are those of Floyd and Steinberg (1976), the lines go there and back. Nothing is
    cut off, so the grey of a part is that of its dots, however hard its edges are.

    ``greys`` and ``black`` are ``(height, width)``; ``errors`` is ``(2, width + 2)``, zeros.
    """
    height, width = greys.shape
    for y in range(height):
        now, below = errors[y % 2], errors[(y + 1) % 2]
        for x in range(width + 2):
            below[x] = 0
        step = 1 - 2 * (y % 2)
        x = 0 if step > 0 else width - 1
        for _ in range(width):
            value = 16 * np.int32(greys[y, x]) + now[x + 1]
            dark = value < 2048
            black[y, x] = dark
            error = value if dark else value - 4080
            ahead, behind, under = error * 7 >> 4, error * 3 >> 4, error * 5 >> 4
            now[x + 1 + step] += ahead
            below[x + 1 - step] += behind
            below[x + 1] += under
            below[x + 1 + step] += error - ahead - behind - under
            x += step
