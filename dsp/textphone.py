"""Text telephones of all calls at once, by their characters (V.18 annexes A and C).

============= ==================================== ==========================================
value         what it is                           keyed
============= ==================================== ==========================================
``baudot-45`` five bits, North America (TIA-825)   1,400 and 1,800 Hz, 45.45 bit/s
``baudot-50`` five bits, elsewhere                 1,400 and 1,800 Hz, 50 bit/s
``edt``       European deaf telephone, seven bits  980 and 1,180 Hz, 110 bit/s
============= ==================================== ==========================================

Three characters are told as kind ``text``; a conversation is over 5 s after its last character, or
when something else sounds. The answering tone of V.18 is V.8's ANSam, which is heard as a fax tone,
and so is V.25's calling tone.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from dsp.framing import UNIT
from dsp.fsk_kernel import GRAIN
from dsp.hearing import Heard, Hearing, RecordEar
from dsp.textphone_kernel import RULES, STATE, WAVE, decide
from dsp.types import RATE, Rows, amplitude

__all__ = ["MODES", "Decisions", "Detector"]

MODES = ("baudot-45", "baudot-50", "edt")
"""What is told apart."""

_PAIRS = ((1400.0, 1800.0), (980.0, 1180.0))
_RATES, _PAIR_OF = (45.45, 50.0, 110.0), (0, 0, 1)
_BITS, _STOP, _EVEN = (5, 5, 8), (1.4, 1.4, 1.9), (False, False, True)
_FLOOR = -46.0
_SHARE, _PURITY = 0.3, 0.5
_CHARACTERS = 3
_GAP_SECONDS, _WRONG = 5.0, 10


def _rules() -> NDArray[np.void]:
    rules = np.zeros((), dtype=RULES)
    for pair, waves in zip(_PAIRS, rules["waves"], strict=True):
        turn = 2 * np.pi * np.outer(pair, np.arange(WAVE)) / RATE
        for at, angles in enumerate(turn):
            waves[2 * at] = np.rint(GRAIN * np.cos(angles))
            waves[2 * at + 1] = np.rint(GRAIN * np.sin(angles))
    for pair, most in zip(_PAIRS, rules["crossings"], strict=True):
        turned = 2 * np.array(pair) * UNIT / RATE
        most[:] = 0.85 * turned[0], 1.15 * turned[1]
    rules["pair"], rules["bit"] = _PAIR_OF, RATE / np.array(_RATES)
    rules["bits"], rules["stop"], rules["even"] = _BITS, _STOP, _EVEN
    rules["floor"] = amplitude(_FLOOR) ** 2 / 2
    rules["share"], rules["purity"] = _SHARE, _PURITY
    rules["characters"] = _CHARACTERS
    rules["gap"], rules["wrong"] = _GAP_SECONDS * RATE, _WRONG
    return rules


class Decisions(RecordEar):
    """The ear for text telephones.

    Parameters
    ----------
    calls
        How many rows there are.
    """

    meanings = tuple(("text", mode) for mode in MODES)
    gap = int(_GAP_SECONDS * RATE / UNIT) + 1

    def __init__(self, calls: int) -> None:
        super().__init__(calls, STATE)
        self._rules = _rules()[()]

    def _decide(self, heard: Heard, rows: Rows) -> int:
        sound = heard.sound, heard.powers
        return decide(sound, rows, self._state, self._rules, self._events)


class Detector(Hearing):
    """Hear text telephones on every row.

    Parameters
    ----------
    calls
        How many rows there are.

    Examples
    --------
    >>> from dsp.signals import fsk
    >>> letters = [0, 1, 0, 1, 0, 0, 1, 1, 0, 0, 0, 1, 0, 1, 1, 1] * 3
    >>> sound = fsk([1] * 8 + letters + [1] * 8, mark=1400.0, space=1800.0, rate=50.0)
    >>> hear = Detector(1)
    >>> [one.value for one in [*hear.process(sound[None]), *hear.finish()] if one.ended]
    ['baudot-50']
    """

    def __init__(self, calls: int) -> None:
        super().__init__(calls, [Decisions(calls)])
