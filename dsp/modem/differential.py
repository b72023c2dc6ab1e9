"""Coding by changes of phase, of V.27 ter (tables 1 and 2) and V.29 (tables 1 and 2).

A code word is ``amplitude * 8 + phase``, the phase in eighths of a turn.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from dsp.modem.coding import Coder
from dsp.modem.types import Bits

__all__ = ["EIGHT", "FOUR", "Differential"]

PHASES = 8

EIGHT = (1, 0, 2, 3, 6, 7, 5, 4)
"""Eighths of a turn that three bits are sent as, 000 first: 4800 bit/s of V.27 ter, V.29's."""

FOUR = (0, 2, 6, 4)
"""Eighths of a turn that two bits are sent as, 00 first: 2400 bit/s of V.27 ter, V.29's 4800."""


@dataclass(frozen=True)
class Differential:
    """A code of phase steps, and maybe of two amplitudes.

    Parameters
    ----------
    steps
        Eighths of a turn by the number that the phase bits make, the first bit highest:
        :data:`EIGHT` or :data:`FOUR`.
    amplitude
        Whether the first bit of a symbol is its amplitude.

    Examples
    --------
    >>> code = Differential(FOUR)
    >>> code.coder.words[6].tolist()
    [6, 0, 4, 2]
    >>> code.decode(np.array([6, 0, 4], np.uint8), last=6).tolist()
    [0, 0, 0, 1, 1, 1]
    """

    steps: tuple[int, ...]
    amplitude: bool = False

    @property
    def bits(self) -> int:
        """How many bits a symbol has."""
        return len(self.steps).bit_length() - 1 + self.amplitude

    @cached_property
    def words(self) -> NDArray[np.uint8]:
        """All code words that there are, ascending: V.29's 4800 bit/s have every second phase."""
        return np.unique(self.coder.words[0])

    @cached_property
    def coder(self) -> Coder:
        """The code as a table; its state is the phase that was sent last."""
        last = np.arange(PHASES)[:, None]
        number = np.arange(1 << self.bits)[None, :]
        steps = np.array(self.steps)
        phase = (last + steps[number % len(steps)]) % PHASES
        words = phase + PHASES * (number // len(steps))
        return Coder(words.astype(np.uint8), phase.astype(np.uint8))

    @cached_property
    def numbers(self) -> NDArray[np.uint8]:
        """``(2, 8)``: the bits of a symbol as a number, by its amplitude and its phase step.

        Where half of the phases are not used, a step between two is taken for the lower one.
        """
        numbers = np.zeros((2, PHASES), dtype=np.uint8)
        apart = PHASES // len(self.steps)
        for number, step in enumerate(self.steps):
            numbers[:, step : step + apart] = number
        numbers[1] += self.amplitude * len(self.steps)
        return numbers

    def decode(self, words: NDArray[np.uint8], last: int) -> Bits:
        """Turn code words back.

        Parameters
        ----------
        words
            ``(n,)``, as received.
        last
            The phase, or the code word, of the symbol before them.

        Returns
        -------
        Bits
            ``(n * bits,)``, still scrambled.
        """
        phases = np.concatenate(([last], words)).astype(np.intp) % PHASES
        numbers = self.numbers[words // PHASES, np.diff(phases) % PHASES]
        return np.unpackbits(numbers[:, None], axis=1)[:, 8 - self.bits :].reshape(-1)
