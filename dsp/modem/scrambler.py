"""Self-synchronising scramblers: what is on the line is the data and two of its own past bits.

V.29 and V.17 divide the data by 1 + x⁻¹⁸ + x⁻²³ (V.29 clause 9), V.27 ter by 1 + x⁻⁶ + x⁻⁷ with a
guard: when 33 bits on end were like the one 8, 9 or 12 before them, the next is turned over (V.27
ter clause 9).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dsp.modem.scrambler_kernel import STATE, descramble, scramble
from dsp.modem.types import Bits, given

__all__ = ["Scrambler"]


@dataclass(frozen=True, slots=True)
class Scrambler:
    """A scrambler and the descrambler that belongs to it.

    Parameters
    ----------
    taps
        Which of the bits before are added: two counts, the second at most 24.
    guarded
        Whether there is V.27 ter's guard against repetition.

    Examples
    --------
    >>> scrambler = Scrambler((6, 7))
    >>> line = scrambler.scramble(np.ones(10, np.uint8), scrambler.state())
    >>> line.tolist()
    [1, 1, 1, 1, 1, 1, 0, 1, 1, 1]
    >>> scrambler.descramble(line, scrambler.state()).tolist()
    [1, 1, 1, 1, 1, 1, 1, 1, 1, 1]
    """

    taps: tuple[int, int]
    guarded: bool = False

    def state(self, register: int = 0, repeats: int = 0) -> NDArray[np.void]:
        """Return where a scrambler or a descrambler stands.

        Parameters
        ----------
        register
            The last 24 bits on the line, the latest lowest.
        repeats
            For how many bits the guard has seen a repetition: 0 to 33.

        Returns
        -------
        numpy.ndarray
            ``(1,)`` of :data:`dsp.modem.scrambler_kernel.STATE`, which goes on with each call.
        """
        state = np.zeros(1, dtype=STATE)
        state["register"], state["repeats"] = register, repeats
        state["first"], state["second"] = self.taps
        state["guarded"] = self.guarded
        return state

    def scramble(self, bits: Bits, state: NDArray[np.void]) -> Bits:
        """Return the bits on the line.

        Raises
        ------
        ModemError
            If the bits are not uint8, in a row.
        """
        bits = given(bits)
        line = np.empty_like(bits)
        scramble(state, bits, line)
        return line

    def descramble(self, line: Bits, state: NDArray[np.void]) -> Bits:
        """Return the data; they are right once ``taps[1]`` bits on the line have been.

        Raises
        ------
        ModemError
            If the bits are not uint8, in a row.
        """
        line = given(line)
        bits = np.empty_like(line)
        descramble(state, line, bits)
        return bits
