"""DTMF digits by Q.24, of all calls at once.

What is always heard, and what never, a clean tone of random start and phase through µ-law:

=============================== ==================== =========================== ================
what                            Q.24, table A-1      always here                 never here
=============================== ==================== =========================== ================
level of a tone                 −25 to 0 dBm (AT&T)  −38 dBm0 to +3, clipped     below −39 dBm0
high group weaker, low group    8, 4 dB (AT&T)       11, 9 dB                    12, 10 dB
frequency                       ±1.5 %; ±3.5 % not   ±2.0 %                      ±2.5 %
signal                          40 ms; 23 ms not     34 ms                       24 ms
pause between digits            40 ms; 10 ms not     30 ms                       22 ms
=============================== ==================== =========================== ================

A key is told by how much speaks for it, `certainty`: how much of all that sounds beside a dial
tone its two tones are, times how well each of them keeps its phase. A frequency that is off and
an unusual twist are what speech brings more often than telephones do, so they want more of it.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from dsp.bank import turns, windowed
from dsp.dtmf_kernel import PIECE, RULES, STATE, decide
from dsp.framing import UNIT
from dsp.hearing import Heard, Hearing, RecordEar
from dsp.types import RATE, Rows, amplitude

__all__ = ["KEYS", "Decisions", "Detector"]

KEYS = "123A456B789C*0#D"
"""Keys by low frequency, then by high (Q.23 table 1)."""

_LOW = (697.0, 770.0, 852.0, 941.0)
_HIGH = (1209.0, 1336.0, 1477.0, 1633.0)
_DIAL = (350.0, 400.0, 450.0)
_FREQUENCIES = (*_LOW, *_HIGH, *_DIAL)

_LEAST_TONE = -38.5
_TWIST, _REVERSE_TWIST = 11.4, 9.4
_USUAL_TWIST, _USUAL_REVERSE_TWIST = 8.3, 4.3
_PURITY, _COHERENCE = 0.4, 0.7
_DIAL_TONE = 11.5
_FREQUENCY = 0.025
_CERTAINTY, _FREQUENCY_DOUBT, _TWIST_DOUBT = 0.55, 0.5, 0.25
_LEAST_SECONDS, _GAP_SECONDS = 0.030, 0.025


def _ratio(decibels: float) -> float:
    return float(10 ** (decibels / 10))


def _rules() -> NDArray[np.void]:
    rules = np.zeros((), dtype=RULES)
    for pieces, parts in enumerate(rules["turns"], start=1):
        turned = turns(_FREQUENCIES, pieces * PIECE)
        parts[:] = np.concatenate([turned.real, turned.imag])
    widest = 2 * np.pi * _FREQUENCY * np.array(_FREQUENCIES) * PIECE / RATE
    rules["tangents"] = np.tan(widest)
    rules["tone"] = amplitude(_LEAST_TONE) ** 2 / 2
    rules["twist"], rules["reverse_twist"] = _ratio(_TWIST), _ratio(_REVERSE_TWIST)
    rules["usual_twist"] = _ratio(_USUAL_TWIST)
    rules["usual_reverse_twist"] = _ratio(_USUAL_REVERSE_TWIST)
    rules["purity"], rules["coherence"] = _PURITY, _COHERENCE
    rules["dial"] = _ratio(_DIAL_TONE)
    rules["certainty"] = _CERTAINTY
    rules["frequency_doubt"], rules["twist_doubt"] = _FREQUENCY_DOUBT, _TWIST_DOUBT
    rules["least"], rules["gap"] = _LEAST_SECONDS * RATE, _GAP_SECONDS * RATE
    return rules


class Decisions(RecordEar):
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
        super().__init__(calls, STATE, events=2 * UNIT // PIECE)
        self._rules = _rules()[()]

    def _decide(self, heard: Heard, rows: Rows) -> int:
        sums = (*heard.transformed(), heard.powers)
        return decide(sums, rows, self._state, self._rules, self._events)


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
