"""Speech on every row: when somebody begins to speak, and when it is over.

A small network, fitted to speech in noise, tells every 20 ms whether it is speech; it is given how
far each of twelve bands is above the row's own noise, how periodic the sound is, and how it
changes, over 100 ms: the unit that it judges, two before and two after; and, over some more, how
steady its power is. Three units of speech are a beginning, so it is told 100 ms after it; where it
began is told right. Tones, digits, hum, noise, clicks and modems' data are not speech, even where
they begin at once, and most music is not; a crowd of voices is.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import cache
from importlib import resources

import numpy as np
from numpy.typing import NDArray

from dsp.bank import Columns
from dsp.event import EVENT
from dsp.framing import TOGETHER
from dsp.hearing import Heard, Hearing
from dsp.speech_kernel import RULES, SPEAKING, decide, give_up
from dsp.types import DBM0_OF_FULL_SCALE, RATE, DspError, Rows
from dsp.voice_kernel import AHEAD, FACTS, FRONT, NETWORK, PIECE, WORK, Record

__all__ = ["CENTRES", "Decisions", "Detector", "VoiceError", "front", "network", "read_network"]

CENTRES = (
    160.0,
    330.0,
    500.0,
    670.0,
    850.0,
    1050.0,
    1280.0,
    1550.0,
    1880.0,
    2270.0,
    2750.0,
    3330.0,
)
"""Hz of the middles of the bands."""

FLOOR = 32768.0**2 * 10 ** ((-62.0 - DBM0_OF_FULL_SCALE) / 10)
"""Mean square of −62 dBm0: a unit that is softer throughout costs nothing and is no speech."""

_LEAST = 3
SCORE = -0.3
"""Score above which speech goes on."""

_ON = 0.0


class VoiceError(DspError):
    """A time that cannot be waited for."""


@cache
def front() -> Record:
    """Tables of the features: a Hann window by which white noise has its own power in each band."""
    at = np.arange(PIECE // 2) - (PIECE - 1) / 2
    window = np.cos(np.pi * at / PIECE) ** 2
    window /= np.sqrt(2 * np.sum(window**2))
    waves = window * np.exp(-2j * np.pi * np.outer(CENTRES, at) / RATE)
    tables = np.zeros(1, dtype=FRONT)
    tables["cosines"], tables["sines"] = waves.real, waves.imag
    return tables[0]


def read_network(name: str, kind: np.dtype[np.void]) -> Record:
    """Weights from a file of this package.

    Parameters
    ----------
    name
        Of a JSON file with ``first``, ``bias``, ``second`` and ``offset``.
    kind
        As of :func:`~dsp.voice_kernel.network_dtype`; inputs that the file has not weigh nothing.
    """
    table = json.loads(resources.files("dsp").joinpath(name).read_text())
    weights = np.zeros(1, dtype=kind)
    weights["first"][0, :, : len(table["first"][0])] = table["first"]
    for part in ("bias", "second", "offset"):
        weights[part][0] = table[part]
    return weights[0]


@cache
def network() -> Record:
    """Weights that ``python -m bench.fit_voice`` found."""
    return read_network("voice.json", NETWORK)


class Decisions:
    """The ear for speech; see :class:`Detector`."""

    columns: Columns | None = None
    meanings: Sequence[tuple[str, str]] = (("voice", "speech"), ("silence", "silence"))
    gap = AHEAD

    def __init__(self, calls: int, *, hangover: float = 0.2, silence: float | None = None) -> None:
        if hangover < 0 or (silence is not None and silence < hangover):
            raise VoiceError(f"a hang-over of {hangover} s, silence after {silence} s")
        self._facts = np.zeros(calls, dtype=FACTS)
        self._speaking = np.zeros(calls, dtype=SPEAKING)
        self._events = np.zeros(2 * max(calls, TOGETHER), dtype=EVENT)
        self._work = np.zeros(1, dtype=WORK)[0]
        rules = np.zeros((), dtype=RULES)
        rules["floor"], rules["on"], rules["off"], rules["least"] = FLOOR, _ON, SCORE, _LEAST
        rules["hang"], rules["silence"] = hangover * RATE, (silence or 0) * RATE
        self._tables = front(), network(), rules[()]

    def hear(self, heard: Heard, rows: Rows) -> NDArray[np.void]:
        """Hear units of some rows."""
        count = decide(
            (heard.sound, heard.powers),
            rows,
            (self._facts, self._speaking),
            self._tables,
            (self._work, self._events),
        )
        return self._events[:count]

    def give_up(self, rows: Rows) -> NDArray[np.void]:
        """End what is still said on rows whose sound is over."""
        return self._events[: give_up(rows, self._speaking, self._events)]

    def forget(self, rows: Rows) -> None:
        """Make rows as new."""
        self._facts[rows] = np.zeros((), dtype=FACTS)
        self._speaking[rows] = np.zeros((), dtype=SPEAKING)


class Detector(Hearing):
    """Hear speech on every row.

    ``("voice", "speech")`` is told as it begins and again when it is over; so is, where it is
    asked for, ``("silence", "silence")``: a stretch without speech.

    Parameters
    ----------
    calls
        How many rows there are.
    hangover
        Seconds without speech after which it is over; pauses shorter than that are part of it. It
        has then ended where the pause began.
    silence
        Seconds without speech after which silence is told, from the end of the speech on, or from
        the row's beginning; not less than the hang-over. ``None`` has none told.

    Raises
    ------
    VoiceError
        When a time is negative, or silence is to come before the hang-over is done.

    Examples
    --------
    >>> noise = np.random.default_rng(0).normal(0, 100, 16000).astype(np.int16)
    >>> ears = Detector(1, silence=1.0)
    >>> heard = [*ears.process(noise[None]), *ears.finish()]
    >>> [(one.kind, one.start, one.end) for one in heard]
    [('silence', 0, None), ('silence', 0, 16000)]
    """

    def __init__(self, calls: int, *, hangover: float = 0.2, silence: float | None = None) -> None:
        super().__init__(calls, [Decisions(calls, hangover=hangover, silence=silence)])
