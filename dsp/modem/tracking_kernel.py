"""What follows a signal from symbol to symbol: its carrier's phase, its level, its clock.

Each is a loop that is moved by how a symbol differs from what it was decided to be: the phase and
the clock by loops of the second order, which also learn the offset of the frequency and of the
clock; the level by one of the first.
"""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np

from dsp.compiled import kernel
from dsp.modem.front_kernel import SECOND

Record: TypeAlias = Any

CARRIER = np.dtype(
    [
        ("cosine", np.float32),
        ("sine", np.float32),
        ("turn", np.float32),
        ("gain", np.float32),
        ("phase_step", np.float32),
        ("turn_step", np.float32),
        ("gain_step", np.float32),
    ]
)
"""The phase as cosine and sine, how far it turns in a symbol, and the gain; the loops' steps."""

TIMING = np.dtype(
    [
        ("clock", np.int64),
        ("step", np.int64),
        ("least", np.int64),
        ("most", np.int64),
        ("real", np.float32),
        ("imaginary", np.float32),
        ("decided_real", np.float32),
        ("decided_imaginary", np.float32),
        ("clock_step", np.float64),
        ("rate_step", np.float64),
    ]
)
"""When the next sample of the two a symbol is due and how far they are apart, between limits.

The symbol before this one as received and as decided; the loop's steps, in samples of the sound.
"""


_MOST_TURN = np.float32(0.2)
"""Radians a symbol: 38 Hz at 1200 Bd."""

SOFTEST, LOUDEST = np.float32(1 / 16), np.float32(16.0)
"""Gains that a level may need; whatever needs others is another signal."""


@kernel
def turned_back(carrier: Record, real: float, imaginary: float) -> tuple[float, float]:
    """Take the carrier's phase and the level off a symbol."""
    cosine, sine, gain = carrier.cosine, carrier.sine, carrier.gain
    return gain * (real * cosine + imaginary * sine), gain * (imaginary * cosine - real * sine)


@kernel
def turned(carrier: Record, real: float, imaginary: float) -> tuple[float, float]:
    """Turn an error as the symbols are that come out of the equaliser."""
    cosine, sine = carrier.cosine, carrier.sine
    return real * cosine - imaginary * sine, real * sine + imaginary * cosine


@kernel
def follow_carrier(carrier: Record, across: float, along: float) -> None:
    """Move phase and level by how far a symbol is off, across its decision and along it."""
    one, half = np.float32(1.0), np.float32(0.5)
    turn = carrier.turn + carrier.turn_step * across
    carrier.turn = min(max(turn, -_MOST_TURN), _MOST_TURN)
    # slowly back to 1, or it and the equaliser's taps could run away from each other
    gain = carrier.gain - carrier.gain_step * (along + np.float32(0.1) * (carrier.gain - one))
    carrier.gain = min(max(gain, SOFTEST), LOUDEST)
    angle = carrier.turn + carrier.phase_step * across
    # a small angle's cosine and sine, and the length made 1 again
    less = one - half * angle * angle
    cosine = carrier.cosine * less - carrier.sine * angle
    sine = carrier.sine * less + carrier.cosine * angle
    length = one + half * (one - cosine * cosine - sine * sine)
    carrier.cosine, carrier.sine = cosine * length, sine * length


@kernel
def follow_clock(
    timing: Record, real: float, imaginary: float, decided_real: float, decided_imaginary: float
) -> None:
    """Move the clock by how a symbol and the one before it run into each other.

    By Mueller and Müller: what of the one before is in this one, less what of this one was in it.
    """
    early = (
        timing.decided_real * real
        + timing.decided_imaginary * imaginary
        - decided_real * timing.real
        - decided_imaginary * timing.imaginary
    )
    timing.real, timing.imaginary = real, imaginary
    timing.decided_real, timing.decided_imaginary = decided_real, decided_imaginary
    early *= SECOND
    timing.clock += int(early * timing.clock_step)
    step = timing.step + int(early * timing.rate_step)
    timing.step = min(max(step, timing.least), timing.most)
