"""DTMF digits by Q.24, of all calls at once.

=============================== ==================== ======================================
what                            Q.24, table A-1      here
=============================== ==================== ======================================
level of a tone                 −25 to 0 dBm (AT&T)  −38 to 0 dBm0 (more is heard, clipped)
high group against low group    −8 to +4 dB (AT&T)   −10 to +6 dB
frequency accepted, refused     ±1.5 %, ±3.5 %       ±2.5 %
signal accepted, refused        40 ms, 23 ms         31 ms
pause accepted, interruption    40 ms, 10 ms         25 ms
=============================== ==================== ======================================

The two tones are to be 60 % of all the power there is beside a dial tone, over 20 ms at a time,
and to keep their phase.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from dsp.bank import turns, windowed
from dsp.dtmf_kernel import PIECE, RULES, STATE, decide
from dsp.event import EVENT, NONE
from dsp.framing import TOGETHER, UNIT
from dsp.hearing import Heard, Hearing
from dsp.types import RATE, Rows, amplitude

__all__ = ["KEYS", "Decisions", "Detector"]

KEYS = "123A456B789C*0#D"
"""Keys by low frequency, then by high (Q.23 table 1)."""

_LOW = (697.0, 770.0, 852.0, 941.0)
_HIGH = (1209.0, 1336.0, 1477.0, 1633.0)
_DIAL = (350.0, 400.0, 450.0)
_FREQUENCIES = (*_LOW, *_HIGH, *_DIAL)

_LEAST_TONE = -38.5
_TWIST, _REVERSE_TWIST = 10.0, 6.0
_PURITY, _MEAN_PURITY = 0.5, 0.6
_COHERENCE = 0.8
_ONSET = 0.5
_FREQUENCY = 0.025
_LEAST_SECONDS, _GAP_SECONDS = 0.030, 0.025


def _rules() -> NDArray[np.void]:
    rules = np.zeros((), dtype=RULES)
    for pieces, parts in enumerate(rules["turns"], start=1):
        turned = turns(_FREQUENCIES, pieces * PIECE)
        parts[:] = np.concatenate([turned.real, turned.imag])
    widest = 2 * np.pi * _FREQUENCY * np.array(_FREQUENCIES) * PIECE / RATE
    rules["tangents"] = np.tan(widest)
    rules["tone"] = amplitude(_LEAST_TONE) ** 2 / 2
    rules["twist"], rules["reverse_twist"] = 10 ** (_TWIST / 10), 10 ** (_REVERSE_TWIST / 10)
    rules["purity"], rules["mean_purity"] = _PURITY, _MEAN_PURITY
    rules["coherence"], rules["onset"] = _COHERENCE, _ONSET
    rules["least"], rules["gap"] = _LEAST_SECONDS * RATE, _GAP_SECONDS * RATE
    return rules


class Decisions:
    """Digits from the transforms of rows: an :class:`~dsp.hearing.Ear`.

    Parameters
    ----------
    calls
        How many rows there are.
    """

    columns = windowed(_FREQUENCIES, PIECE)
    meanings = tuple(("dtmf", key) for key in KEYS)
    gap = math.ceil(_GAP_SECONDS * RATE / UNIT)

    def __init__(self, calls: int) -> None:
        self._state = np.zeros(calls, dtype=STATE)
        self._events = np.zeros(2 * max(calls, TOGETHER) * UNIT // PIECE, dtype=EVENT)
        self._rules = _rules()[()]

    def hear(self, heard: Heard, rows: Rows) -> NDArray[np.void]:
        """Hear units of some rows."""
        sums = (*heard.transformed(), heard.powers)
        return self._events[: decide(sums, rows, self._state, self._rules, self._events)]

    def give_up(self, rows: Rows) -> NDArray[np.void]:
        """End nothing: silence has ended it."""
        return NONE

    def forget(self, rows: Rows) -> None:
        """Make rows as new."""
        self._state[rows] = np.zeros((), dtype=STATE)


class Detector(Hearing):
    """Hear digits on every row.

    Parameters
    ----------
    calls
        How many rows there are.

    Examples
    --------
    >>> from dsp.tone_stream import render
    >>> heard = Detector(1).process(render("d=60;w=60;4;w=80;2")[None])
    >>> [(one.value, round(one.start, -1), round(one.end, -1)) for one in heard if one.ended]
    [('4', 0, 480), ('2', 960, 1440)]
    """

    def __init__(self, calls: int) -> None:
        super().__init__(calls, [Decisions(calls)])
