"""From bits to samples: the loop of :mod:`dsp.modem.transmitter`."""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from dsp.compiled import entry, fast, kernel
from dsp.modem import scrambler_kernel
from dsp.modem.scrambler_kernel import scrambled
from dsp.modem.shaping import SPAN
from dsp.modem.types import Bits
from dsp.types import Samples

Record: TypeAlias = Any

PARTS = 2 * SPAN
TURNS, PHASES, STATES, NUMBERS, POINTS = 24, 20, 32, 64, 128
"""The most there is of anything in :data:`SHAPE` over all modems."""

SHAPE = np.dtype(
    [
        ("samples", np.int64),
        ("symbols", np.int64),
        ("bits", np.int64),
        ("turns", np.int64),
        ("pulses", np.float32, (PHASES, PARTS)),
        ("turn", np.float32, (TURNS, 2)),
        ("points", np.float32, (POINTS, 2)),
        ("words", np.uint8, (STATES, NUMBERS)),
        ("following", np.uint8, (STATES, NUMBERS)),
    ]
)
"""A scheme as the loop needs it.

``samples`` are ``symbols`` long; ``pulses`` are those of :func:`dsp.modem.shaping.pulses`, and
``turn`` the first ``turns`` of the carrier's at the symbols, which are the same over and over.
"""

STATE = np.dtype(
    [
        ("phase", np.int64),
        ("number", np.int64),
        ("end", np.int64),
        ("turned", np.int64),
        ("slot", np.int64),
        ("coder", np.int64),
        ("scrambler", scrambler_kernel.STATE),
        ("gain", np.float32),
        ("last", np.float32, (2 * PARTS,)),
    ]
)
"""Where a burst is.

``phase`` is how far into a symbol the next sample is, ``number`` which symbol is next, ``end`` the
first after which there is nothing. ``last`` holds the last symbols twice, so that from ``slot`` on
they are in order.
"""


@kernel
def _number(s: Record, shape: Record, bits: Bits, at: int) -> int:
    """Scramble the bits of a symbol, and ones after the last one."""
    number = 0
    for k in range(at, at + shape.bits):
        number = number << 1 | scrambled(s.scrambler, bits[k] if k < len(bits) else 1)
    return number


@kernel
def _push(s: Record, shape: Record, real: Any, imaginary: Any) -> None:
    """Turn the next symbol and put it with the last ones."""
    cosine, sine = shape.turn[s.turned, 0] * s.gain, shape.turn[s.turned, 1] * s.gain
    s.turned = 0 if s.turned + 1 == shape.turns else s.turned + 1
    s.last[s.slot] = s.last[s.slot + PARTS] = real * cosine - imaginary * sine
    s.last[s.slot + 1] = s.last[s.slot + PARTS + 1] = real * sine + imaginary * cosine
    s.slot = 0 if s.slot + 2 == PARTS else s.slot + 2


@fast
def _sample(
    last: NDArray[np.float32], begin: int, pulses: NDArray[np.float32], phase: int
) -> float:
    total = np.float32(0)
    for k in range(PARTS):
        total += last[begin + k] * pulses[phase, k]
    return total


@entry
def transmit(
    state: NDArray[np.void],
    shapes: NDArray[np.void],
    lead: NDArray[np.float32],
    bits: Bits,
    out: Samples,
) -> None:
    """Make the next samples.

    Parameters
    ----------
    state, shapes
        ``(1,)`` of :data:`STATE` and :data:`SHAPE`.
    lead
        ``(n, 2)``: symbols that go before those of the data.
    bits
        Of the data, for all symbols that begin in these samples; ones go on after them.
    out
        Samples to fill.
    """
    s, shape = state[0], shapes[0]
    at = 0
    for k in range(len(out)):
        if s.phase < shape.symbols:
            if s.number < len(lead):
                _push(s, shape, lead[s.number, 0], lead[s.number, 1])
            elif s.number < s.end:
                number = _number(s, shape, bits, at)
                at += shape.bits
                word = shape.words[s.coder, number]
                s.coder = shape.following[s.coder, number]
                _push(s, shape, shape.points[word, 0], shape.points[word, 1])
            else:
                _push(s, shape, np.float32(0), np.float32(0))
            s.number += 1
        value = np.rint(_sample(s.last, s.slot, shape.pulses, s.phase))
        out[k] = min(max(value, np.float32(-32768)), np.float32(32767))
        s.phase += shape.symbols
        if s.phase >= shape.samples:
            s.phase -= shape.samples
