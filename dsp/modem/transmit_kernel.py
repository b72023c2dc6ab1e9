"""From bits to samples: the loop of :mod:`dsp.modem.transmitter`."""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from dsp.compiled import entry, fast, kernel
from dsp.modem import scrambler_kernel
from dsp.modem.bits_kernel import binary
from dsp.modem.scrambler_kernel import scrambled_symbol
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
        ("later", np.int64, (ROWS,)),
        ("real", np.float32, (ROWS, REACH)),
        ("imaginary", np.float32, (ROWS, REACH)),
        ("turn", np.float32, (TURNS, 2)),
        ("points", np.float32, (POINTS, 2)),
        ("words", np.uint8, (STATES, NUMBERS)),
        ("following", np.uint8, (STATES, NUMBERS)),
    ]
)
"""A scheme as the loop needs it.

``samples`` are ``symbols`` long; ``later`` are those from where a symbol of a row begins to where
the next one does. ``real`` and ``imaginary`` are what a symbol's parts are multiplied with, those
of :func:`dsp.modem.shaping.pulses`, ``reach`` samples long; ``turn`` are the first ``turns`` of the
carrier's at the symbols, which are the same over and over.
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
def _coded(s: Record, shape: Record, number: int) -> int:
    """Return the code word for the bits of a symbol, as a number with the first one highest."""
    line = scrambled_symbol(s.scrambler, number, shape.bits)
    word: int = shape.words[s.coder, line]
    s.coder = shape.following[s.coder, line]
    return word


@fast
def _add(sums: Any, real: Any, imaginary: Any, a: Any, b: Any) -> None:
    for k in range(len(sums)):
        sums[k] += a * real[k] + b * imaginary[k]


@kernel
def _symbol(s: Record, shape: Record, lead: NDArray[np.float32], bits: Bits) -> tuple[Any, Any]:
    """Return the next symbol, of the first of the bits if it is one of the data."""
    if s.number < len(lead):
        return lead[s.number, 0], lead[s.number, 1]
    if s.number >= s.end:
        return np.float32(0), np.float32(0)
    number = 0
    for k in range(shape.bits):
        number = number << 1 | (bits[k] & 1 if k < len(bits) else 1)
    word = _coded(s, shape, number)
    return shape.points[word, 0], shape.points[word, 1]


@kernel
def _send(s: Record, shape: Record, lead: NDArray[np.float32], bits: Bits, count: int) -> int:
    """Add the pulses of the symbols that begin in so many samples; return the bits of them."""
    wait, row, turned, taken = s.wait, s.row, s.turned, 0
    while wait < count:
        real, imaginary = _symbol(s, shape, lead, bits[taken:])
        taken += shape.bits if s.number >= len(lead) else 0
        s.number += 1
        cosine, sine = shape.turn[turned, 0] * s.gain, shape.turn[turned, 1] * s.gain
        _add(
            s.sums[wait : wait + shape.reach],
            shape.real[row][: shape.reach],
            shape.imaginary[row][: shape.reach],
            real * cosine - imaginary * sine,
            real * sine + imaginary * cosine,
        )
        turned = 0 if turned + 1 == shape.turns else turned + 1
        later = shape.later[row]
        wait += later
        row += later * shape.symbols - shape.samples
    s.wait, s.row, s.turned = wait - count, row, turned
    return taken


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
) -> bool:
    """Make the next samples.

    Parameters
    ----------
    state, shapes
        ``(1,)`` of :data:`STATE` and :data:`SHAPE`.
    lead
        ``(n, 2)``: symbols that go before those of the data.
    bits
        Of the data, for the symbols that begin in these samples; ones go on after them.
    out
        Samples to fill.

    Returns
    -------
    bool
        Whether all bits are 0 or 1.
    """
    s, shape = state[0], shapes[0]
    at = 0
    for begin in range(0, len(out), BLOCK):
        count = min(BLOCK, len(out) - begin)
        at += _send(s, shape, lead, bits[at:], count)
        _rounded(s.sums, out[begin : begin + count])
        _shift(s.sums, count)
    return bool(binary(bits))
