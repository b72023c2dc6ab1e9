"""The front's filter at one instant, and the clock that instants are told by."""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from dsp.compiled import entry, fast, kernel
from dsp.modem.front import LEAD, PHASES, TAPS, TURN

Record: TypeAlias = Any

SECOND = 1 << 32
"""A sample's time in the unit of clocks: whole numbers, so that no sum is ever rounded."""

_HALF = SECOND // 2


@kernel
def instant(clock: int) -> tuple[int, int]:
    """Return which of the samples an instant follows, and at which of the filter's phases."""
    sample = clock >> 32
    phase = ((clock & (SECOND - 1)) * PHASES + _HALF) >> 32
    if phase == PHASES:
        return sample + 1, 0
    return sample, phase


@fast
def half(front: Record, sound: Any, begin: int, phase: int, turn: int) -> tuple[float, float]:
    """Filter samples from ``begin`` on; ``turn`` is where the carrier is at the first of them."""
    real = imaginary = np.float32(0.0)
    # slices, for an index that could be negative keeps a loop from being vectorised; and so does
    # a number of rounds that is known, by which it is unrolled before
    window = sound[begin : begin + TAPS]
    in_phase, in_quadrature = front.real[phase], front.imaginary[phase]
    for k in range(len(window)):
        real += window[k] * in_phase[k]
        imaginary += window[k] * in_quadrature[k]
    cosine, sine = front.cosine[turn], front.sine[turn]
    return real * cosine - imaginary * sine, real * sine + imaginary * cosine


@entry
def halves(
    made: NDArray[np.void],
    sound: NDArray[np.float32],
    first: int,
    grid: NDArray[np.int64],
    out: NDArray[np.complex128],
) -> None:
    """Filter at instants that are told in phases of a sample; the sound begins with ``first``."""
    front = made[0]
    for k in range(len(grid)):
        begin = grid[k] // PHASES - LEAD
        real, imaginary = half(front, sound, begin - first, grid[k] % PHASES, begin % TURN)
        out[k] = complex(real, imaginary)
