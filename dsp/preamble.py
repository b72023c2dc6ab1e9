"""The preamble of fax frames, of all calls at once: HDLC flags by V.21 channel 2 (T.30 5.3.1).

Both sides send one before every frame of theirs, 1 s ± 15 % of flags. Five flags are told as kind
``fax``, value ``preamble``, 0.13 s after they have begun.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from dsp.framing import UNIT
from dsp.fsk_kernel import GRAIN
from dsp.hearing import Heard, Hearing, RecordEar
from dsp.preamble_kernel import RULES, STATE, decide
from dsp.types import RATE, Rows, amplitude

__all__ = ["MARK", "SPACE", "Decisions", "Detector"]

MARK, SPACE = 1650.0, 1850.0
"""Hz of a one and of a zero in V.21's channel 2."""

_FLOOR = -46.0
_SHARE, _PURITY = 0.15, 0.5
_FLAGS, _RUNNING = 5, 3
_GAP_SECONDS, _SILENCE = 0.11, 5


def _rules() -> NDArray[np.void]:
    rules = np.zeros((), dtype=RULES)
    turn = 2 * np.pi * np.outer((MARK, SPACE), np.arange(UNIT)) / RATE
    for at, angles in enumerate(turn):
        rules["waves"][2 * at] = np.rint(GRAIN * np.cos(angles))
        rules["waves"][2 * at + 1] = np.rint(GRAIN * np.sin(angles))
    rules["floor"] = amplitude(_FLOOR) ** 2 / 2
    rules["share"], rules["purity"] = _SHARE, _PURITY
    rules["flags"], rules["running"] = _FLAGS, _RUNNING
    rules["gap"], rules["silence"] = _GAP_SECONDS * RATE, _SILENCE
    return rules


class Decisions(RecordEar):
    """The ear for the flags of a fax.

    Parameters
    ----------
    calls
        How many rows there are.
    """

    meanings = (("fax", "preamble"),)
    gap = _SILENCE + int(np.ceil(_GAP_SECONDS * RATE / UNIT))

    def __init__(self, calls: int) -> None:
        super().__init__(calls, STATE)
        self._rules = _rules()[()]

    def _decide(self, heard: Heard, rows: Rows) -> int:
        sound = heard.sound, heard.powers
        return decide(sound, rows, self._state, self._rules, self._events)


class Detector(Hearing):
    """Hear the preamble of fax frames on every row.

    Parameters
    ----------
    calls
        How many rows there are.

    Examples
    --------
    >>> from dsp.signals import preamble
    >>> hear = Detector(1)
    >>> heard = [*hear.process(preamble(1.0)[None]), *hear.finish()]
    >>> [(one.value, round(one.start, -2), round(one.end or 0, -2)) for one in heard]
    [('preamble', 0, 0), ('preamble', 0, 7900)]
    """

    def __init__(self, calls: int) -> None:
        super().__init__(calls, [Decisions(calls)])
