"""The beep after which a voice mail records: one pure tone, and then nothing.

============ ==============================================================
what         a beep's
============ ==============================================================
frequency    350 to 2,600 Hz, one alone, steady within 8 Hz
length       75 ms to 3.05 s; 150 ms at least below 450 Hz, where vowels are
level        −40 dBm0 and more, steady within 1.5 dB
purity       three quarters of the power at every time, 85 % on the whole
before       20 ms that are 4.5 dB softer, and 300 ms without a tone
after        300 ms that are 4.5 dB softer, without a tone
============ ==============================================================

It is told then, with its beginning and its end. A tone that comes again at the same frequency
within six seconds is a signal and no second beep, and so are two tones one after the other. Two
frequencies at a time are none, so most signalling is not. Of what has one only, CNG, V.25's calling
tone and the answer tones go by frequency and length; and between 370 and 495 Hz, where the
call-progress tones of many countries are, a beep is one of at most 550 ms that follows on sound of
another kind, as a greeting, and has 800 ms of calm after it.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from dsp.beep_kernel import RULES, STATE, decide
from dsp.framing import UNIT
from dsp.hearing import Heard, Hearing, RecordEar
from dsp.types import DBM0_OF_FULL_SCALE, RATE, Rows

__all__ = ["Decisions", "Detector"]

_HZ = (345.0, 2605.0)
_FLOOR = -40.5
_CNG = (1060.0, 1140.0, 0.4, 0.6)
_CALLING = (1280.0, 1320.0, 0.45, 0.75)
_ANSWER = (2080.0, 2120.0, 0.45, 10.0)
_BELL_ANSWER = (2205.0, 2245.0, 0.45, 10.0)
_STOPS = (_CNG, _CALLING, _ANSWER, _BELL_ANSWER)


def _rules() -> NDArray[np.void]:
    rules = np.zeros((), dtype=RULES)
    rules["floor"] = 32768.0**2 * 10 ** ((_FLOOR - DBM0_OF_FULL_SCALE) / 10)
    rules["rough"], rules["purity"], rules["mean_purity"] = 0.7, 0.75, 0.85
    rules["hz"], rules["off"] = _HZ, 8.0
    rules["slope"], rules["swing"], rules["calm"] = 10 ** (2.5 / 20), 10**0.15, 10**-0.45
    rules["least"], rules["most"] = 0.075 * RATE, 3.05 * RATE
    rules["low_hz"], rules["low_least"] = 450.0, 0.15 * RATE
    rules["wait"], rules["again"] = 0.3 * RATE / UNIT, 6 * RATE
    rules["progress"], rules["progress_most"] = (370.0, 495.0), 0.55 * RATE
    rules["progress_wait"], rules["talk"] = 0.8 * RATE / UNIT, 20
    rules["stops"] = [(low, high, a * RATE, b * RATE) for low, high, a, b in _STOPS]
    return rules


class Decisions(RecordEar):
    """The ear for beeps; see :class:`Detector`."""

    meanings = tuple(("beep", f"{hz}") for hz in range(3000))
    gap = int(0.8 * RATE / UNIT) + 2

    def __init__(self, calls: int) -> None:
        super().__init__(calls, STATE)
        self._rules = _rules()[()]
        sizes = UNIT, 3, 4
        unit, products, halves = (np.zeros(size, dtype=np.float32) for size in sizes)
        self._work = unit, products, halves

    def _decide(self, heard: Heard, rows: Rows) -> int:
        sound = heard.sound, heard.powers
        return decide(sound, rows, self._state, self._rules, (self._work, self._events))


class Detector(Hearing):
    """Hear beeps on every row; the value is the frequency, in whole Hz.

    Parameters
    ----------
    calls
        How many rows there are.

    Examples
    --------
    >>> from dsp.tone_stream import render
    >>> heard = Detector(1).process(render("%(400,600,1000);loops=1")[None])
    >>> [(one.kind, one.value, round(one.end - one.start, -2)) for one in heard]
    [('beep', '1000', 3200)]
    """

    def __init__(self, calls: int) -> None:
        super().__init__(calls, [Decisions(calls)])
