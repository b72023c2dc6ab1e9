"""From bits to samples: the loop of :mod:`dsp.modem.transmitter`."""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from dsp.compiled import entry, fast, kernel
from dsp.modem import scrambler_kernel
from dsp.modem.scrambler_kernel import scrambled
from dsp.modem.types import Bits
from dsp.types import Samples

Record: TypeAlias = Any

LANES = 32
"""Samples of which a pulse is a multiple long, so that many are added at a time."""

BLOCK, REACH = 160, 128
"""Samples made at a time, and the most that a pulse is long."""

TURNS, ROWS, STATES, NUMBERS, POINTS = 24, 3, 32, 64, 128
"""The most there is of anything else in :data:`SHAPE` over all modems."""

SHAPE = np.dtype(
    [
        ("samples", np.int64),
        ("symbols", np.int64),
        ("bits", np.int64),
        ("turns", np.int64),
        ("reach", np.int64),
        ("real", np.float32, (ROWS, REACH)),
        ("imaginary", np.float32, (ROWS, REACH)),
        ("turn", np.float32, (TURNS, 2)),
        ("points", np.float32, (POINTS, 2)),
        ("words", np.uint8, (STATES, NUMBERS)),
        ("following", np.uint8, (STATES, NUMBERS)),
    ]
)
"""A scheme as the loop needs it.

``samples`` are ``symbols`` long. ``real`` and ``imaginary`` are what a symbol's parts are
multiplied with, those of :func:`dsp.modem.shaping.pulses`, ``reach`` samples long; ``turn`` are the
first ``turns`` of the carrier's at the symbols, which are the same over and over.
"""

STATE = np.dtype(
    [
        ("number", np.int64),
        ("end", np.int64),
        ("wait", np.int64),
        ("row", np.int64),
        ("turned", np.int64),
        ("coder", np.int64),
        ("scrambler", scrambler_kernel.STATE),
        ("gain", np.float32),
        ("sums", np.float32, (BLOCK + REACH,)),
    ]
)
"""Where a burst is.

``number`` is which symbol is next, after ``wait`` samples and in row ``row`` of the pulses; ``end``
is the first after which there is nothing. ``sums`` is what the symbols until now have added to the
samples to come.
"""


@kernel
def _coded(s: Record, shape: Record, bits: Bits, at: int) -> int:
    """Return the code word for the bits of a symbol, and for ones after the last of them."""
    number = 0
    for k in range(at, at + shape.bits):
        number = number << 1 | scrambled(s.scrambler, bits[k] if k < len(bits) else 1)
    word: int = shape.words[s.coder, number]
    s.coder = shape.following[s.coder, number]
    return word


@fast
def _add(sums: Any, real: Any, imaginary: Any, a: Any, b: Any) -> None:
    for k in range(len(sums)):
        sums[k] += a * real[k] + b * imaginary[k]


@kernel
def _send(s: Record, shape: Record, real: Any, imaginary: Any) -> None:
    """Turn the next symbol and add its pulse to the samples that follow."""
    cosine, sine = shape.turn[s.turned, 0] * s.gain, shape.turn[s.turned, 1] * s.gain
    _add(
        s.sums[s.wait : s.wait + shape.reach],
        shape.real[s.row][: shape.reach],
        shape.imaginary[s.row][: shape.reach],
        real * cosine - imaginary * sine,
        real * sine + imaginary * cosine,
    )


@kernel
def _step(s: Record, shape: Record) -> None:
    """Go on to the symbol after."""
    s.number += 1
    s.turned = 0 if s.turned + 1 == shape.turns else s.turned + 1
    later = (shape.samples - s.row + shape.symbols - 1) // shape.symbols
    s.wait += later
    s.row += later * shape.symbols - shape.samples


@fast
def _rounded(sums: Any, out: Samples) -> None:
    for k in range(len(out)):
        value = np.floor(sums[k] + np.float32(0.5))
        out[k] = min(max(value, np.float32(-32768)), np.float32(32767))


@kernel
def _shift(sums: Any, count: int) -> None:
    """Let go of the first samples."""
    for k in range(REACH):
        sums[k] = sums[k + count]
    for k in range(REACH, REACH + count):
        sums[k] = np.float32(0)


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
    for begin in range(0, len(out), BLOCK):
        count = min(BLOCK, len(out) - begin)
        while s.wait < count:
            if s.number < len(lead):
                _send(s, shape, lead[s.number, 0], lead[s.number, 1])
            elif s.number < s.end:
                word = _coded(s, shape, bits, at)
                at += shape.bits
                _send(s, shape, shape.points[word, 0], shape.points[word, 1])
            _step(s, shape)
        _rounded(s.sums, out[begin : begin + count])
        _shift(s.sums, count)
        s.wait -= count
