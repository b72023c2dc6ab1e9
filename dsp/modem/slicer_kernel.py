"""Decisions symbol by symbol, for the modems without a trellis."""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np

from dsp.compiled import kernel

Record: TypeAlias = Any


@kernel
def nearest(points: Any, words: Any, count: int, real: float, imaginary: float) -> int:
    """Return which of the code words ``words[:count]`` has the nearest of the ``points``."""
    best = np.float32(1e9)
    word = 0
    for k in range(count):
        x, y = real - points[0, words[k]], imaginary - points[1, words[k]]
        distance = x * x + y * y
        if distance < best:
            best, word = distance, words[k]
    return word
