"""Since when a row speaks, from the units that are speech."""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np
from numba import njit
from numpy.typing import NDArray

from dsp.bank import Floats32
from dsp.framing import UNIT
from dsp.types import Rows, Samples
from dsp.voice_kernel import AHEAD, PIECES, score, sense

Record: TypeAlias = Any
Events: TypeAlias = NDArray[np.void]

kernel = njit(nogil=True, cache=True, error_model="numpy")

SPEAKING = np.dtype(
    [
        ("units", np.int64),
        ("powers", np.float64, (AHEAD + 1,)),
        ("speaking", np.bool_),
        ("quiet", np.bool_),
        ("run", np.int64),
        ("start", np.float64),
        ("edge", np.float64),
        ("quiet_since", np.float64),
        ("power", np.float64),
        ("counted", np.int64),
    ]
)
"""What a row does: whether it speaks, or is quiet and that has been told.

``run`` counts the units of speech in a row; ``start`` and ``edge`` are where speech began and where
it ends if there is no more; ``power`` is summed over ``counted`` units of speech.
"""

RULES = np.dtype(
    [
        ("floor", np.float32),
        ("on", np.float64),
        ("off", np.float64),
        ("least", np.int64),
        ("hang", np.int64),
        ("silence", np.int64),
    ]
)
"""Mean square of what is not silent; scores above which speech begins and goes on; units of speech
that it takes to begin; samples without it after which it is over, and after which it is silence."""

SPEECH, SILENCE = 0, 1


@kernel
def _tell(s: Record, where: tuple[int, int], what: int, end: float, event: Record) -> int:
    event.row, event.unit = where
    event.what, event.end = what, end
    event.start = s.start if what == SPEECH else s.quiet_since
    event.power = s.power / max(s.counted, 1) if what == SPEECH else 0.0
    return 1


@kernel
def _count(s: Record, power: float) -> None:
    s.power += power
    s.counted += 1


@kernel
def _go_on(s: Record, speech: bool, rules: Record, at: tuple[int, int], events: Events) -> int:
    """Follow a row that speaks; return how many events it has written."""
    now = UNIT * (s.units - AHEAD)
    if speech:
        s.edge = now
        _count(s, s.powers[0])
        return 0
    if now - s.edge < rules.hang:
        return 0
    s.speaking, s.run = False, 0
    s.quiet_since = s.edge
    return _tell(s, at, SPEECH, s.edge, events[0])


@kernel
def _wait(s: Record, speech: bool, rules: Record, at: tuple[int, int], events: Events) -> int:
    """Follow a row that does not speak; return how many events it has written."""
    now, count = UNIT * (s.units - AHEAD), 0
    if not speech:
        s.run = 0
        if rules.silence > 0 and not s.quiet and now - s.quiet_since >= rules.silence:
            s.quiet = True
            return _tell(s, at, SILENCE, -1, events[0])
        return 0
    if s.run == 0:
        s.start, s.power, s.counted = now - UNIT, 0, 0
    s.run += 1
    _count(s, s.powers[0])
    if s.run < rules.least:
        return 0
    if s.quiet:
        count += _tell(s, at, SILENCE, s.start, events[0])
    s.speaking, s.quiet, s.edge = True, False, now
    return count + _tell(s, at, SPEECH, -1, events[count])


@kernel
def follow(
    s: Record, power: float, speech: bool, at: tuple[int, int], out: tuple[Record, Events]
) -> int:
    """Take in whether the unit ``AHEAD`` ago is speech; ``power`` is of the newest.

    Returns how many events have been written, 2 at most; ``at`` are row and unit, ``out`` the
    rules and where the events go.
    """
    rules, events = out
    s.units += 1
    for j in range(AHEAD):
        s.powers[j] = s.powers[j + 1]
    s.powers[AHEAD] = power
    if s.units <= AHEAD:
        return 0
    if s.speaking:
        return _go_on(s, speech, rules, at, events)
    return _wait(s, speech, rules, at, events)


@kernel
def decide(
    heard: tuple[Samples, Floats32],
    rows: Rows,
    state: tuple[NDArray[np.void], NDArray[np.void]],
    tables: tuple[Record, Record, Record],
    out: tuple[Record, Events],
) -> int:
    """Hear units of rows; write what they make known and return how much it is.

    Parameters
    ----------
    heard
        ``(n, units * UNIT)`` int16, and ``(n, units * 4)``: mean squares of its pieces.
    rows
        ``(n,)``: whose they are.
    state
        ``(calls,)`` of :data:`FACTS` and of :data:`SPEAKING`.
    tables
        What is sought: the tables of the features, the network, a record of :data:`RULES`.
    out
        Room to reckon in, and room for two events a unit.
    """
    (sound, powers), (facts, speaking), (front, network, rules) = heard, state, tables
    work, events = out
    count = 0
    for i in range(len(rows)):
        known, s = facts[rows[i]], speaking[rows[i]]
        for unit in range(powers.shape[1] // PIECES):
            power = sense(known, (sound[i], powers[i]), unit, rules.floor, (front, work))
            speech = score(known, network) > (rules.off if s.speaking else rules.on)
            at = rows[i], unit
            count += follow(s, power, speech, at, (rules, events[count:]))
    return count


@kernel
def give_up(rows: Rows, speaking: NDArray[np.void], events: Events) -> int:
    """End what these rows still say, or their silence; events as of :func:`decide`."""
    count = 0
    for i in range(len(rows)):
        s = speaking[rows[i]]
        if s.speaking:
            count += _tell(s, (rows[i], 0), SPEECH, s.edge, events[count])
        elif s.quiet:
            count += _tell(s, (rows[i], 0), SILENCE, UNIT * s.units, events[count])
    return count
