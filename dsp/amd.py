"""Whether a person or an answering machine has answered a call, by how it is answered.

A person says a word or two and waits; a machine speaks on, or says nothing for a while. The
parameters and their defaults are those of Asterisk's ``amd.conf``, but what is voice is told by
:mod:`dsp.voice`: noise and tones at any level are none, and most music is not.

========================== ============================ ======================================
value                      Asterisk's cause             when
========================== ============================ ======================================
``machine:initial-silence`` ``INITIALSILENCE``          nobody speaks for ``initial_silence``
``machine:long-greeting``  ``LONGGREETING``             there is speech of ``greeting`` in all
``machine:long-word``      ``MAXWORDLENGTH``            … of ``maximum_word_length`` in a row
``machine:many-words``     ``MAXWORDS``                 … in more than ``maximum_number_of_words``
``human``                  ``HUMAN``                    ``after_greeting_silence`` follows on it
``notsure:too-long``       ``TOOLONG``                  ``total_analysis_time`` is over
========================== ============================ ======================================
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import astuple, dataclass

import numpy as np
from numpy.typing import NDArray

from dsp.amd_kernel import (
    HUMAN,
    INITIAL_SILENCE,
    LONG_GREETING,
    LONG_WORD,
    MANY_WORDS,
    RULES,
    STATE,
    TOO_LONG,
    decide,
)
from dsp.bank import Columns
from dsp.event import EVENT, NONE
from dsp.framing import TOGETHER, UNIT
from dsp.hearing import Heard, Hearing
from dsp.types import RATE, DspError, Rows
from dsp.voice import FLOOR, SCORE, front, network
from dsp.voice_kernel import FACTS, WORK

__all__ = ["AmdError", "Decisions", "Detector", "Parameters"]

_VALUES = {
    INITIAL_SILENCE: "machine:initial-silence",
    LONG_GREETING: "machine:long-greeting",
    LONG_WORD: "machine:long-word",
    MANY_WORDS: "machine:many-words",
    HUMAN: "human",
    TOO_LONG: "notsure:too-long",
}

_RMS_OF_MEAN = math.pi / 2
"""Mean square of noise whose samples' magnitudes have a mean of 1."""


class AmdError(DspError):
    """A parameter that makes no sense."""


@dataclass(frozen=True, slots=True)
class Parameters:
    """What tells a person from a machine; times in milliseconds, heard in steps of 20.

    Parameters
    ----------
    initial_silence
        Without a word for so long, it is a machine.
    greeting
        With so much speech, it is a machine.
    after_greeting_silence
        With so long a silence after a word, it is a person.
    total_analysis_time
        After so long nothing is sure.
    min_word_length
        Speech shorter than this is no word.
    maximum_word_length
        With so much speech in a row, it is a machine.
    between_words_silence
        After so long a silence another word may follow.
    maximum_number_of_words
        With more than these, it is a machine.
    silence_threshold
        Mean magnitude, of 32,767, below which there is no speech: 256 is noise of −34 dBm0, so less
        is better for soft lines.

    Raises
    ------
    AmdError
        When one of them is negative.
    """

    initial_silence: int = 2500
    greeting: int = 1500
    after_greeting_silence: int = 800
    total_analysis_time: int = 5000
    min_word_length: int = 100
    maximum_word_length: int = 5000
    between_words_silence: int = 50
    maximum_number_of_words: int = 2
    silence_threshold: int = 256

    def __post_init__(self) -> None:
        if min(astuple(self)) < 0:
            raise AmdError(f"negative among {self}")


def _rules(parameters: Parameters) -> NDArray[np.void]:
    def units(milliseconds: int) -> int:
        return max(math.ceil(milliseconds * RATE / 1000 / UNIT), 1)

    rules = np.zeros((), dtype=RULES)
    rules["floor"] = FLOOR
    rules["score"] = SCORE
    rules["threshold"] = _RMS_OF_MEAN * parameters.silence_threshold**2
    rules["initial_silence"] = units(parameters.initial_silence)
    rules["greeting"] = units(parameters.greeting)
    rules["after_greeting_silence"] = units(parameters.after_greeting_silence)
    rules["total"] = units(parameters.total_analysis_time)
    rules["word"] = units(parameters.min_word_length)
    rules["longest_word"] = units(parameters.maximum_word_length)
    rules["between_words"] = units(parameters.between_words_silence)
    rules["words"] = parameters.maximum_number_of_words
    return rules


class Decisions:
    """The ear for who answers; see :class:`Detector`."""

    columns: Columns | None = None
    meanings: Sequence[tuple[str, str]] = tuple(
        ("amd", _VALUES[what]) for what in range(len(_VALUES))
    )
    gap = 0

    def __init__(
        self, calls: int, parameters: Parameters | None = None, *, at_once: bool = True
    ) -> None:
        self._at_once = at_once
        self._facts = np.zeros(calls, dtype=FACTS)
        self._state = np.zeros(calls, dtype=STATE)
        self._state["going"] = at_once
        self._events = np.zeros(max(calls, TOGETHER), dtype=EVENT)
        self._work = np.zeros(1, dtype=WORK)[0]
        self._tables = front(), network(), _rules(parameters or Parameters())[()]

    def begin(self, rows: Rows) -> None:
        """Begin the analysis of these rows with their next whole unit."""
        units = self._state["units"][rows]
        self.forget(rows)
        self._state["units"][rows] = self._state["begun"][rows] = units
        self._state["going"][rows] = True

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
        """Nothing sounds; a call that ends before anything is known is neither."""
        return NONE

    def forget(self, rows: Rows) -> None:
        """Make rows as new."""
        self._facts[rows] = np.zeros((), dtype=FACTS)
        self._state[rows] = np.zeros((), dtype=STATE)
        self._state["going"][rows] = self._at_once


class Detector(Hearing):
    """Tell once on every row who has answered, from where the analysis began to where it is known.

    Parameters
    ----------
    calls
        How many rows there are.
    parameters
        Asterisk's defaults, unless they are given.
    at_once
        Whether the analysis begins with a row; else it waits for :meth:`begin`, as for a call that
        rings before it is answered. A row is analysed at no cost before that, and once it is known.

    Examples
    --------
    >>> heard = Detector(1).process(np.zeros((1, 24000), dtype=np.int16))
    >>> [(one.kind, one.value, one.end) for one in heard]
    [('amd', 'machine:initial-silence', 20000)]
    """

    def __init__(
        self, calls: int, parameters: Parameters | None = None, *, at_once: bool = True
    ) -> None:
        self._amd = Decisions(calls, parameters, at_once=at_once)
        super().__init__(calls, [self._amd])

    def begin(self, rows: Rows | None = None) -> None:
        """Begin the analysis of these rows now, or again; ``None`` is all."""
        self._amd.begin(self._rows(rows))
