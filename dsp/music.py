"""Music on every row, as while a call is held: told from speech, from noise and from tones.

Of two seconds a small network is given how like speech the sound is, how periodic, how loud, how
much one band stands out, and how much all that changes. It is certain when it has been so for a
second; so music is known about two seconds after it has begun, and to have ended as long after
that, and its beginning and end are right to about two seconds. Singing over music is music or
speech, whichever is louder.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

import numpy as np
from numpy.typing import NDArray

from dsp import voice
from dsp.bank import Columns
from dsp.event import EVENT
from dsp.framing import TOGETHER
from dsp.hearing import Heard, Hearing
from dsp.music_kernel import HIDDEN, INPUTS, RULES, STATE, decide, give_up
from dsp.types import Rows
from dsp.voice_kernel import FACTS, WORK, Record, network_dtype

__all__ = ["Decisions", "Detector", "network"]

_ON, _OFF = 0.5, -0.5
_LEAST, _BACK = 50, 40


@cache
def network() -> Record:
    """Weights that ``python -m bench.fit_music`` found."""
    return voice.read_network("music.json", network_dtype(HIDDEN, INPUTS))


class Decisions:
    """The ear for music; see :class:`Detector`."""

    columns: Columns | None = None
    meanings: Sequence[tuple[str, str]] = (("music", "music"),)
    gap = 0

    def __init__(self, calls: int) -> None:
        self._facts = np.zeros(calls, dtype=FACTS)
        self._state = np.zeros(calls, dtype=STATE)
        self._events = np.zeros(max(calls, TOGETHER), dtype=EVENT)
        self._work = np.zeros(1, dtype=WORK)[0]
        rules = np.zeros((), dtype=RULES)
        rules["floor"], rules["on"], rules["off"] = voice.FLOOR, _ON, _OFF
        rules["least"], rules["back"] = _LEAST, _BACK
        self._tables = voice.front(), voice.network(), network(), rules[()]

    def hear(self, heard: Heard, rows: Rows) -> NDArray[np.void]:
        """Hear units of some rows."""
        count = decide(
            (heard.sound, heard.powers),
            rows,
            (self._facts, self._state),
            self._tables,
            (self._work, self._events),
        )
        return self._events[:count]

    def give_up(self, rows: Rows) -> NDArray[np.void]:
        """End the music on rows whose sound is over."""
        return self._events[: give_up(rows, self._state, self._events)]

    def forget(self, rows: Rows) -> None:
        """Make rows as new."""
        self._facts[rows] = np.zeros((), dtype=FACTS)
        self._state[rows] = np.zeros((), dtype=STATE)


class Detector(Hearing):
    """Hear music on every row, told when it is certain and again when it is over.

    Parameters
    ----------
    calls
        How many rows there are.

    Examples
    --------
    A dial tone is none:

    >>> from dsp.tone_stream import render
    >>> Detector(1).process(render("%(8000,0,350,440)")[None])
    []
    """

    def __init__(self, calls: int) -> None:
        super().__init__(calls, [Decisions(calls)])
