"""Whether a person or a machine has answered, from when there is speech."""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np
from numba import njit
from numpy.typing import NDArray

from dsp.bank import Floats32
from dsp.framing import UNIT
from dsp.types import Rows, Samples
from dsp.voice_kernel import (
    AHEAD,
    PIECES,
    score,
    sense,
)

Record: TypeAlias = Any

kernel = njit(nogil=True, cache=True, error_model="numpy")

INITIAL_SILENCE, LONG_GREETING, LONG_WORD, MANY_WORDS, HUMAN, TOO_LONG = range(6)
_UNDECIDED = -1

STATE = np.dtype(
    [
        ("units", np.int64),
        ("begun", np.int64),
        ("going", np.bool_),
        ("judged", np.int64),
        ("silence", np.int64),
        ("voice", np.int64),
        ("run", np.int64),
        ("words", np.int64),
        ("in_word", np.bool_),
        ("greeted", np.bool_),
        ("powers", np.float64, (AHEAD + 1,)),
        ("power", np.float64),
    ]
)
"""What is known of a row.

``units`` are those of the row, ``begun`` those before the analysis, which is ``going`` until it has
come to something; ``judged`` are those of it. ``silence`` and ``run`` are the units without and
with speech since the last word and since the last end of one, ``voice`` all those with it, and
``power`` the sum of their powers.
"""

RULES = np.dtype(
    [
        ("floor", np.float32),
        ("threshold", np.float64),
        ("score", np.float64),
        ("initial_silence", np.int64),
        ("greeting", np.int64),
        ("after_greeting_silence", np.int64),
        ("total", np.int64),
        ("word", np.int64),
        ("between_words", np.int64),
        ("words", np.int64),
        ("longest_word", np.int64),
    ]
)
"""The parameters: times in units, mean squares, and the score from which it is speech."""


@kernel
def _on_silence(s: Record, rules: Record) -> int:
    s.silence += 1
    if s.silence >= rules.between_words:
        s.in_word, s.run = False, 0
    if not s.greeted and s.silence >= rules.initial_silence:
        return INITIAL_SILENCE
    if s.greeted and s.silence >= rules.after_greeting_silence:
        return HUMAN
    return _UNDECIDED


@kernel
def _on_voice(s: Record, rules: Record) -> int:
    s.run += 1
    s.voice += 1
    if s.run >= rules.word:
        s.silence = 0
        s.greeted = True
        s.words += not s.in_word
        s.in_word = True
    if s.run >= rules.longest_word:
        return LONG_WORD
    if s.words > rules.words:
        return MANY_WORDS
    if s.greeted and s.voice >= rules.greeting:
        return LONG_GREETING
    return _UNDECIDED


@kernel
def _judge(s: Record, speech: bool, rules: Record) -> int:
    """Take in a unit; return what the row is by it, or −1."""
    s.judged += 1
    result: int = _on_voice(s, rules) if speech else _on_silence(s, rules)
    if result == _UNDECIDED and s.judged >= rules.total:
        return TOO_LONG
    return result


@kernel
def _remember(s: Record, power: float) -> float:
    """Remember the power of the newest unit; return that of the one that is judged."""
    for j in range(AHEAD):
        s.powers[j] = s.powers[j + 1]
    s.powers[AHEAD] = power
    return float(s.powers[0])


@kernel
def _tell(s: Record, where: tuple[int, int], what: int, event: Record) -> None:
    event.row, event.unit = where
    event.what = what
    event.start = s.begun * UNIT
    event.end = (s.begun + s.judged) * UNIT
    event.power = s.power / max(s.voice, 1)


@kernel
def decide(
    heard: tuple[Samples, Floats32],
    rows: Rows,
    state: tuple[NDArray[np.void], NDArray[np.void]],
    tables: tuple[Record, Record, Record],
    out: tuple[Record, NDArray[np.void]],
) -> int:
    """Hear units of rows; write what they make known and return how much it is.

    Parameters
    ----------
    heard
        ``(n, units * UNIT)`` int16, and ``(n, units * 4)``: mean squares of its pieces.
    rows
        ``(n,)``: whose they are.
    state
        ``(calls,)`` of :data:`~dsp.voice_kernel.FACTS` and of :data:`STATE`.
    tables
        Those of the features, the network, a record of :data:`RULES`.
    out
        Room to reckon in, and room for an event a unit.
    """
    (sound, powers), (facts, states), (front, network, rules) = heard, state, tables
    work, events = out
    count = 0
    for i in range(len(rows)):
        known, s = facts[rows[i]], states[rows[i]]
        for unit in range(powers.shape[1] // PIECES):
            s.units += 1
            if not s.going:
                continue
            newest = sense(known, (sound[i], powers[i]), unit, rules.floor, (front, work))
            power = _remember(s, newest)
            if known.units <= AHEAD:
                continue
            speech = power >= rules.threshold and score(known, network) > rules.score
            if speech:
                s.power += power
            what = _judge(s, speech, rules)
            if what != _UNDECIDED:
                s.going = False
                _tell(s, (rows[i], unit), what, events[count])
                count += 1
    return count
