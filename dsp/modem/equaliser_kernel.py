"""The equaliser: an adaptive filter over two samples a symbol (least mean squares)."""

from __future__ import annotations

from typing import Any

import numpy as np

from dsp.compiled import fast

SPAN = 32
"""Taps, half a symbol apart; the symbol that comes out is at :data:`MIDDLE`."""

MIDDLE = SPAN // 2


@fast
def equalised(real: Any, imaginary: Any, taps: Any) -> tuple[Any, Any]:
    """Return the symbol of a line of samples."""
    out_real = out_imaginary = np.float32(0.0)
    taps_real, taps_imaginary = taps[0], taps[1]
    for k in range(SPAN):
        out_real += taps_real[k] * real[k] - taps_imaginary[k] * imaginary[k]
        out_imaginary += taps_real[k] * imaginary[k] + taps_imaginary[k] * real[k]
    return out_real, out_imaginary


@fast
def adapt(real: Any, imaginary: Any, taps: Any, error: tuple[float, float]) -> None:
    """Move the taps by an error, with the step in it, of the symbol of a line of samples."""
    error_real, error_imaginary = error
    taps_real, taps_imaginary = taps[0], taps[1]
    for k in range(SPAN):
        taps_real[k] += error_real * real[k] + error_imaginary * imaginary[k]
        taps_imaginary[k] += error_imaginary * real[k] - error_real * imaginary[k]
