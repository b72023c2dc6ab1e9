"""The equaliser: an adaptive filter over two samples a symbol (least mean squares)."""

from __future__ import annotations

from typing import Any

import numpy as np

from dsp.compiled import fast

SPAN = 32
"""Taps, half a symbol apart; the symbol that comes out is at :data:`MIDDLE`."""

MIDDLE = SPAN // 2


@fast
def equalised(real: Any, imaginary: Any, at: int, taps: Any) -> tuple[Any, Any]:
    """Return the symbol of the samples from ``at`` on."""
    out_real = out_imaginary = np.float32(0.0)
    for k in range(SPAN):
        x, y = real[at + k], imaginary[at + k]
        a, b = taps[0, k], taps[1, k]
        out_real += a * x - b * y
        out_imaginary += a * y + b * x
    return out_real, out_imaginary


@fast
def adapt(real: Any, imaginary: Any, at: int, taps: Any, error: tuple[float, float]) -> None:
    """Move the taps by an error, with the step in it, of the symbol of the samples from ``at``."""
    error_real, error_imaginary = error
    for k in range(SPAN):
        x, y = real[at + k], imaginary[at + k]
        taps[0, k] += error_real * x + error_imaginary * y
        taps[1, k] += error_imaginary * x - error_real * y
