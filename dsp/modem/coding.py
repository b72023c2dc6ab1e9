"""Coders of bits to code words as tables, so that one loop does for every modem."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from dsp.modem.types import Bits

__all__ = ["Coder", "encode"]


class Coder(NamedTuple):
    """A finite-state machine: which word is sent, and what comes after.

    Parameters
    ----------
    words
        ``(states, 2**bits)`` uint8: what is sent for the bits of a symbol, read as a number with
        the first one highest.
    following
        ``(states, 2**bits)`` uint8: the state in which it leaves the machine.
    """

    words: NDArray[np.uint8]
    following: NDArray[np.uint8]

    @property
    def bits(self) -> int:
        """How many bits a symbol has."""
        return int(self.words.shape[1]).bit_length() - 1


def encode(coder: Coder, bits: Bits, state: int) -> tuple[NDArray[np.uint8], int]:
    """Code whole symbols, for tables and tests; the transmitter has a kernel for it.

    Parameters
    ----------
    coder
        The table.
    bits
        ``(n * coder.bits,)``, scrambled.
    state
        Where the machine stands.

    Returns
    -------
    words
        ``(n,)``.
    state
        Where it stands then.
    """
    weights = 1 << np.arange(coder.bits)[::-1]
    words = []
    for number in bits.reshape(-1, coder.bits) @ weights:
        words.append(coder.words[state, number])
        state = int(coder.following[state, number])
    return np.array(words, dtype=np.uint8), state
