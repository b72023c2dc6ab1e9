"""The trellis code of V.17 symbol by symbol: the encoder, and the way back to bits.

A code word is the bits Y0 Y1 Y2 Q3 Q4 … of V.17 figure 1, Y0 the lowest.
"""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from dsp.compiled import entry, kernel
from dsp.modem.types import Bits

__all__ = ["CODER", "STATES", "decode", "encode", "to_bits", "to_word"]

Record: TypeAlias = Any

STATES = 8

CODER = np.dtype([("dibit", np.int64), ("state", np.int64)])
"""What a coder remembers: the last Y1 + 2·Y2, and the three delays, that which gives Y0 lowest."""


@kernel
def to_word(s: Record, data: int) -> int:
    """Encode the bits of one symbol, the first one lowest (V.17 clause 5.2, V.32 figure 2)."""
    s.dibit = (s.dibit + data) & 3
    first, second = s.dibit & 1, s.dibit >> 1
    redundant, middle, last = s.state & 1, (s.state >> 1) & 1, s.state >> 2
    low = second ^ middle ^ (first & redundant)
    high = first ^ second ^ last ^ ((second ^ middle) & redundant)
    s.state = low | high << 1 | redundant << 2
    return int((data >> 2) << 3 | s.dibit << 1 | redundant)


@kernel
def to_bits(s: Record, word: int, count: int, bits: Bits, at: int) -> None:
    """Write the ``count`` bits of one code word."""
    dibit = (word >> 1) & 3
    data = (word >> 3) << 2 | ((dibit - s.dibit) & 3)
    s.dibit = dibit
    for i in range(count):
        bits[at + i] = (data >> i) & 1


@entry
def encode(bits: Bits, count: int, coder: NDArray[np.void], words: NDArray[np.uint8]) -> None:
    """Encode ``count`` bits a symbol."""
    s = coder[0]
    for k in range(len(words)):
        data = 0
        for i in range(count):
            data |= bits[k * count + i] << i
        words[k] = to_word(s, data)


@entry
def decode(words: NDArray[np.uint8], count: int, coder: NDArray[np.void], bits: Bits) -> None:
    """Take code words back to ``count`` bits each."""
    s = coder[0]
    for k in range(len(words)):
        to_bits(s, words[k], count, bits, k * count)
