"""The flags that a fax sends before its frames, row by row: V.21 channel 2 at 300 bit/s.

A flag is 01111110, two bits of 1850 Hz between six of 1650 Hz (T.30 5.3.1; one bit, where two
flags share a zero). Whatever is not as loud all along 20 ms, or does not lie about these two
frequencies, is left alone; what is, is taken apart into runs, and flags are counted by the lengths
of their runs.
"""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np
from numba import njit
from numpy.typing import NDArray

from dsp.bank import Floats32
from dsp.framing import UNIT
from dsp.fsk_kernel import GRAIN, PIECES, crossings, is_steady, keying, mean, restart, share, slide
from dsp.types import RATE, Rows, Samples

Record: TypeAlias = Any

kernel = njit(nogil=True, cache=True, error_model="numpy")

LENGTH = 27
"""Samples of a correlator: a bit."""

BIT = RATE / 300
_MARKS, _SPACES, _FLAG = 6 * BIT, 2 * BIT, 8 * BIT
_LATE = 12.0
"""Samples that a run may be longer or shorter."""

_LEAST_CROSSINGS, _MOST_CROSSINGS = 58, 84
"""Changes of sign in 20 ms: of the two frequencies 66 and 74, with noise more."""

_FULL, _SILENT = 0.8, 0.25
"""Share of a sender's power that is all of it, and that is silence."""

STATE = np.dtype(
    [
        ("units", np.int64),
        ("last", np.float32, (PIECES,)),
        ("keyed", np.bool_),
        ("told", np.bool_),
        ("since", np.float64),
        ("until", np.float64),
        ("keying", keying(LENGTH)),
        ("marks", np.float64),
        ("running", np.int32),
        ("flags", np.int32),
        ("silent", np.int32),
        ("start", np.float64),
        ("end", np.float64),
        ("level", np.float64),
        ("counted", np.int32),
    ]
)
"""What is known of a row.

``keyed`` while there may be flags, ``since`` when it has been loud, ``until`` when it was, ``last``
the powers of its last unit. ``marks`` is the run before this one if it was one of a flag;
``running`` counts the flags that have followed each other, ``flags`` all from ``start`` to ``end``,
``silent`` the units of silence since. ``level`` is summed over ``counted`` units.
"""

RULES = np.dtype(
    [
        ("waves", np.int32, (4, UNIT)),
        ("floor", np.float64),
        ("share", np.float64),
        ("purity", np.float64),
        ("flags", np.int32),
        ("running", np.int32),
        ("gap", np.float64),
        ("silence", np.int32),
    ]
)
"""The two frequencies; the softest mean square; the least share of the power that lies about them
in 20 ms, and in a correlator; flags after which they are told, and how many of them are to have
followed each other; samples of other sound after which they are over, and units of silence."""


@kernel
def _onset(s: Record, powers: Floats32, begin: int) -> float:
    """Sample at which a row became as loud as it is in a unit, told by the unit before."""
    full = mean(powers, begin)
    since = float(s.units * UNIT)
    for back in range(PIECES):
        part = s.last[PIECES - 1 - back] / full
        since -= min(part, 1.0) * UNIT / PIECES
        if part < _FULL:
            break
    return since


@kernel
def _count(s: Record, length: float, edge: float) -> None:
    """Take in a run that has ended at an edge."""
    if not s.keying.mark:
        s.marks = length if abs(length - _MARKS) <= _LATE else 0.0
        if s.marks == 0.0:
            s.running = 0
        return
    whole = abs(length - _SPACES) <= _LATE or abs(length - _SPACES / 2) <= _LATE
    if not whole or s.marks == 0.0:
        s.running = 0
        return
    if s.flags == 0:
        s.start = edge - length - s.marks - BIT
    s.flags += 1
    s.running += 1
    s.end = edge - length + BIT
    s.silent = 0
    s.until = -1.0


@kernel
def _listen(s: Record, sound: Samples, begin: int, waves: Any) -> None:
    """Take in a unit sample by sample."""
    k = s.keying
    k.best = 0.0
    for n in range(UNIT):
        later = slide(k, sound[begin + n], waves, n, LENGTH)
        if later >= 0.0:
            edge = s.units * UNIT + n + 1 - 0.5 * LENGTH - later
            _count(s, edge - k.edge, edge)
            k.edge = edge


@kernel
def _may_be_keyed(sound: Samples, powers: Floats32, at: int, rules: Record) -> bool:
    """Whether a unit is as loud all along and lies about the two frequencies."""
    first = at * PIECES
    if not is_steady(powers, first, rules.floor):
        return False
    turned = crossings(sound, at * UNIT, (at + 1) * UNIT)
    if not _LEAST_CROSSINGS <= turned <= _MOST_CROSSINGS:
        return False
    held = share(sound, at * UNIT, (at + 1) * UNIT, rules.waves, 0)
    return bool(held >= rules.share * mean(powers, first))


@kernel
def _begin(s: Record, powers: Floats32, begin: int) -> None:
    restart(s.keying, LENGTH, float(s.units * UNIT))
    s.keyed, s.since, s.until = True, _onset(s, powers, begin), -1.0
    s.flags = s.running = s.silent = s.counted = 0
    s.marks = s.level = 0.0
    s.end = s.units * UNIT


@kernel
def _fall(s: Record, powers: Floats32, begin: int, full: float) -> None:
    """Follow whether the row is silent, and where it fell."""
    if mean(powers, begin) < _SILENT * full:
        s.silent += 1
    if s.until < 0.0:
        until = 0.0
        for piece in range(PIECES):
            part = powers[begin + piece] / full
            until += min(part, 1.0) * UNIT / PIECES
            if part < _FULL:
                s.until = s.units * UNIT + until
                return


@kernel
def _hear(s: Record, sound: Samples, powers: Floats32, at: int, rules: Record) -> None:
    """Hear a unit of a row on which there may be flags."""
    total = mean(powers, at * PIECES)
    full = s.level / s.counted if s.counted else total
    _listen(s, sound, at * UNIT, rules.waves)
    _fall(s, powers, at * PIECES, full)
    if s.keying.best * 2.0 / (GRAIN * LENGTH) ** 2 < rules.purity * total * UNIT:
        s.running = 0
    elif total >= _FULL * full:
        s.level += total
        s.counted += 1


@kernel
def _is_over(s: Record, rules: Record) -> bool:
    now = (s.units + 1 - s.silent) * UNIT
    return bool(now - s.end >= rules.gap or s.silent >= rules.silence)


@kernel
def _step(s: Record, sound: Samples, powers: Floats32, at: int, rules: Record) -> int:
    """Hear a unit of a row: 1 flags are told, −1 they are over, 0 neither."""
    told = 0
    if not s.keyed or s.flags == 0:
        keyed = _may_be_keyed(sound, powers, at, rules)
        if keyed and not s.keyed:
            _begin(s, powers, at * PIECES)
        s.keyed = keyed
    if s.keyed:
        _hear(s, sound, powers, at, rules)
        if not s.told and s.flags >= rules.flags and s.running >= rules.running:
            s.told = True
            if s.start - s.since <= 2 * _FLAG + _LATE:
                s.start = s.since
            told = 1
        elif _is_over(s, rules):
            told = -1 if s.told else 0
            if 0.0 <= s.until - s.end <= _FLAG + _LATE:
                s.end = s.until
            s.keyed = s.told = False
    for piece in range(PIECES):
        s.last[piece] = powers[at * PIECES + piece]
    s.units += 1
    return told


@kernel
def decide(
    heard: tuple[Samples, Floats32],
    rows: Rows,
    state: NDArray[np.void],
    rules: Record,
    events: NDArray[np.void],
) -> int:
    """Hear units of some rows; write what they make known and return how much it is.

    Parameters
    ----------
    heard
        ``(n, k * UNIT)`` int16, and ``(n, 4 k)``: the mean squares of its pieces.
    rows
        ``(n,)``: whose they are.
    state
        ``(calls,)`` of :data:`STATE`.
    rules
        A record of :data:`RULES`.
    events
        Room for one of :data:`dsp.event.EVENT` a unit.
    """
    sounds, powers = heard
    count = 0
    for i in range(len(rows)):
        s = state[rows[i]]
        for at in range(sounds.shape[1] // UNIT):
            told = _step(s, sounds[i], powers[i], at, rules)
            if told:
                event = events[count]
                event.row, event.unit, event.what = rows[i], at, 0
                event.start, event.end = s.start, -1.0
                if told < 0:
                    event.end = s.end
                event.power = s.level / max(s.counted, 1)
                count += 1
    return count
