"""From bits to a keyed tone: the loop of :mod:`dsp.modem.keying`."""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from dsp.compiled import entry, kernel
from dsp.modem.bits_kernel import binary
from dsp.modem.types import Bits
from dsp.types import Samples

Record: TypeAlias = Any

STATE = np.dtype(
    [
        ("phase", np.uint64),
        ("step", np.uint64),
        ("steps", np.uint64, (2,)),
        ("left", np.int64),
        ("sample", np.int64),
        ("bit", np.int64),
        ("peak", np.float32),
    ]
)
"""Where a keyed tone is.

Time goes in ticks, of which a sample has ``sample`` and a bit has ``bit``, so that both begin at
whole ones; ``left`` are those from the next sample to the end of the bit. A turn of the phase is
2⁶⁴; ``phase`` is that of the next sample as a cosine's, ``step`` what a tick adds to it, and
``steps`` what it does in a zero and in a one. All are whole numbers, whose sums do not depend on
how they are taken.
"""

_QUARTERS = np.float32(2.0**-30)
"""Quarters of a turn in the highest 32 bits of a phase."""

_SINE = tuple(np.float32(one) for one in (1.570791, -0.6458924, 0.07943434, -0.004333095))
"""What y, y³, y⁵ and y⁷ are multiplied with for the sine of y quarters of a turn.

For y from −1 to 1 it is 6e-7 of the peak off at the most.
"""


@kernel
def _wave(phase: Any, step: Any, peak: Any, out: Samples) -> None:
    """Fill in a tone; without ``fast`` each sample is the same whichever way it is computed."""
    one, half = np.float32(1.0), np.float32(0.5)
    for k in range(len(out)):
        turned = np.int32((phase + np.uint64(k) * step) >> np.uint64(32))
        y = one - abs(np.float32(turned) * _QUARTERS)
        square = y * y
        sine = y * (_SINE[0] + square * (_SINE[1] + square * (_SINE[2] + square * _SINE[3])))
        value = np.floor(peak * sine + half)
        out[k] = min(max(value, np.float32(-32768)), np.float32(32767))


@kernel
def _next(s: Record, bit: int) -> None:
    """Begin a bit, maybe some ticks before the next sample."""
    step = s.steps[bit]
    s.phase += (step - s.step) * np.uint64(-s.left)
    s.step = step
    s.left += s.bit


@entry
def key(state: NDArray[np.void], bits: Bits, out: Samples) -> bool:
    """Make the next samples; the last bit goes on where there are no more.

    Parameters
    ----------
    state
        ``(1,)`` of :data:`STATE`.
    bits
        Those that begin in these samples.
    out
        Samples to fill.

    Returns
    -------
    bool
        Whether all bits are 0 or 1.
    """
    s = state[0]
    begun, at = 0, 0
    while at < len(out):
        if s.left <= 0 and begun < len(bits):
            _next(s, bits[begun] & 1)
            begun += 1
            continue
        count = len(out) - at
        if begun < len(bits):
            count = min(count, (s.left + s.sample - 1) // s.sample)
        step = s.step * np.uint64(s.sample)
        _wave(s.phase, step, s.peak, out[at : at + count])
        s.phase += step * np.uint64(count)
        s.left -= count * s.sample
        at += count
    return bool(binary(bits))
