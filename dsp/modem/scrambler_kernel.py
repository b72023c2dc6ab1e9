"""The loops of :mod:`dsp.modem.scrambler`, bit by bit."""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from dsp.compiled import entry, kernel
from dsp.modem.types import Bits

Record: TypeAlias = Any
"""One element of a structured array: numba has no annotation for it."""

STATE = np.dtype(
    [
        ("register", np.int64),
        ("repeats", np.int64),
        ("first", np.int64),
        ("second", np.int64),
        ("guarded", np.bool_),
    ]
)
"""The bits on the line, the latest lowest; and for how many bits they may have repeated.

``first`` and ``second`` are the taps, ``guarded`` whether there is V.27 ter's guard.
"""

_PAST = 0xFFFFFF
"""The bits that the register keeps."""

_GUARD = 33
"""Bits of repetition after which V.27 ter turns one over (clause 9)."""


@kernel
def _shift(state: Record, line: int) -> None:
    """Take a bit that is on the line."""
    past = state.register
    state.register = (past << 1 | line) & _PAST
    if state.guarded:
        differs = (past >> 7 ^ line) & (past >> 8 ^ line) & (past >> 11 ^ line) & 1
        state.repeats = 0 if differs or state.repeats == _GUARD else state.repeats + 1


@kernel
def _mask(state: Record) -> int:
    """Return what is added to a bit, by the bits that were on the line before it."""
    past = state.register
    turned = state.guarded and state.repeats == _GUARD
    mask: int = (past >> (state.first - 1) ^ past >> (state.second - 1) ^ turned) & 1
    return mask


@kernel
def scrambled(state: Record, bit: int) -> int:
    """Return the bit on the line for one of the data; ``state`` is a record of :data:`STATE`."""
    line = bit ^ _mask(state)
    _shift(state, line)
    return line


@kernel
def scrambled_symbol(state: Record, number: int, bits: int) -> int:
    """Return the bits on the line for a symbol's, both as a number with the first one highest.

    They are at most as many as the first tap counts back, so that without a guard none of them
    depends on another.
    """
    line: int = 0
    if state.guarded:
        for k in range(bits - 1, -1, -1):
            line = line << 1 | scrambled(state, number >> k & 1)
        return line
    past = state.register
    mask = past >> (state.first - bits) ^ past >> (state.second - bits)
    line = (number ^ mask) & ((1 << bits) - 1)
    state.register = (past << bits | line) & _PAST
    return line


@kernel
def descrambled(state: Record, line: int) -> int:
    """Return the bit of the data for one on the line."""
    bit = line ^ _mask(state)
    _shift(state, line)
    return bit


@kernel
def descrambled_symbol(state: Record, line: int, bits: int) -> int:
    """Return the bits of the data for a symbol's on the line, as numbers like those there."""
    if state.guarded:
        number: int = 0
        for k in range(bits - 1, -1, -1):
            number = number << 1 | descrambled(state, line >> k & 1)
        return number
    past = state.register << bits | line
    state.register = past & _PAST
    data: int = (line ^ past >> state.first ^ past >> state.second) & ((1 << bits) - 1)
    return data


@entry
def scramble(state: NDArray[np.void], bits: Bits, out: Bits) -> None:
    """Scramble all bits, with an array of one state."""
    one = state[0]
    for at in range(len(bits)):
        out[at] = scrambled(one, bits[at])


@entry
def descramble(state: NDArray[np.void], bits: Bits, out: Bits) -> None:
    """Take the scrambling off all bits, with an array of one state."""
    one = state[0]
    for at in range(len(bits)):
        out[at] = descrambled(one, bits[at])
