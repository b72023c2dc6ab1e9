"""Text telephones, row by row: characters of five or eight bits keyed by two frequencies.

A character is a space, its bits, and marks (V.18 annexes A and C). Every change between the two
frequencies is to lie where a bit begins, and there is a mark where the character is over: what is
not so is none. Each mode follows the changes by itself, from the first that may begin a character.
"""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np
from numba import njit
from numpy.typing import NDArray

from dsp.bank import Floats32
from dsp.framing import UNIT
from dsp.fsk_kernel import GRAIN, PIECES, crossings, is_steady, keying, mean, restart, share, slide
from dsp.types import Rows, Samples

Record: TypeAlias = Any

kernel = njit(nogil=True, cache=True, error_model="numpy")

LENGTH = 64
"""Samples of a correlator."""

WAVE = 800
"""Samples after which waves of whole tens of Hz come round."""

PAIRS, MODES = 2, 3
_LATE = 0.2
"""Bits that a change may be off."""

MODE = np.dtype(
    [
        ("within", np.bool_),
        ("begin", np.float64),
        ("bit", np.int32),
        ("ones", np.int32),
        ("off", np.float64),
        ("characters", np.int32),
        ("start", np.float64),
        ("end", np.float64),
    ]
)
"""How far a mode has come: ``within`` a character from ``begin`` on, to which ``bit``, with so many
``ones``; how far its changes were ``off``; ``characters`` from ``start`` to ``end``."""

PAIR = np.dtype([("keying", keying(LENGTH)), ("keyed", np.bool_), ("wrong", np.int32)])
"""The two frequencies of a kind of text telephone: whether they sound, and for how many units
something else has."""

STATE = np.dtype(
    [
        ("units", np.int64),
        ("busy", np.bool_),
        ("pairs", PAIR, (PAIRS,)),
        ("modes", MODE, (MODES,)),
        ("telling", np.int32),
        ("level", np.float64),
        ("counted", np.int32),
    ]
)
"""What is known of a row: ``busy`` while anything is followed; ``telling``, one more than the mode
that is told, 0 for none; ``level``, summed over ``counted`` units."""

RULES = np.dtype(
    [
        ("waves", np.int32, (PAIRS, 4, WAVE)),
        ("crossings", np.int32, (PAIRS, 2)),
        ("pair", np.int32, (MODES,)),
        ("bit", np.float64, (MODES,)),
        ("bits", np.int32, (MODES,)),
        ("stop", np.float64, (MODES,)),
        ("even", np.int8, (MODES,)),
        ("floor", np.float64),
        ("share", np.float64),
        ("purity", np.float64),
        ("characters", np.int32),
        ("gap", np.float64),
        ("wrong", np.int32),
    ]
)
"""Waves of each pair and how often they change their sign in a unit; of each mode its pair, samples
of a bit, bits of a character, its least marks, and whether its parity is even; then as in
:data:`dsp.preamble_kernel.RULES`, and the samples without a character, and units of other sound,
after which a conversation is over."""


@kernel
def _break(m: Record) -> None:
    m.within = False
    m.characters = 0
    m.off = 0.0


@kernel
def _complete(m: Record, which: int, rules: Record) -> None:
    """Take a character that is over."""
    m.within = False
    if rules.even[which] and m.ones % 2:
        _break(m)
        return
    if m.characters == 0:
        m.start = m.begin
    m.characters += 1
    m.end = m.begin + (1 + rules.bits[which] + rules.stop[which]) * rules.bit[which]


@kernel
def _change(m: Record, which: int, mark: bool, edge: float, rules: Record) -> None:
    """Take a change at an edge; ``mark`` is what sounds from there on."""
    last = 1 + rules.bits[which]
    if m.within:
        at = (edge - m.begin) / rules.bit[which]
        bit = round(at)
        if not mark and at >= last + rules.stop[which] - _LATE:
            _count_ones(m, last, True)
            _complete(m, which, rules)
        elif bit == 0:
            # no start of a character
            m.within = False
        elif bit > last or (bit == last and not mark) or abs(at - bit) > _LATE:
            _break(m)
        else:
            m.off += abs(at - bit)
            _count_ones(m, bit, not mark)
            m.bit = bit
    if not m.within and not mark:
        m.within, m.begin, m.bit, m.ones = True, edge, 0, 0


@kernel
def _count_ones(m: Record, bit: int, mark: bool) -> None:
    if mark:
        m.ones += bit - max(m.bit, 1)


@kernel
def _rest(m: Record, which: int, mark: bool, now: float, rules: Record) -> None:
    """Go on without a change: a character may be over, or a space last too long."""
    if not m.within:
        return
    last = 1 + rules.bits[which]
    at = (now - m.begin) / rules.bit[which]
    if mark and at >= last + rules.stop[which]:
        _count_ones(m, last, True)
        _complete(m, which, rules)
    elif not mark and at > last + _LATE:
        _break(m)


@kernel
def _may_be_keyed(s: Record, heard: Any, which: int, rules: Record) -> bool:
    """Whether a unit is as loud all along and lies about the two frequencies of a pair."""
    sound, powers, at = heard
    first, phase = at * PIECES, s.units * UNIT % WAVE
    if not is_steady(powers, first, rules.floor):
        return False
    turned = crossings(sound, at * UNIT, (at + 1) * UNIT)
    if not rules.crossings[which, 0] <= turned <= rules.crossings[which, 1]:
        return False
    held = share(sound, at * UNIT, (at + 1) * UNIT, rules.waves[which], phase)
    return bool(held >= rules.share * mean(powers, first))


@kernel
def _listen(s: Record, sound: Samples, begin: int, which: int, rules: Record) -> None:
    """Take in a unit sample by sample."""
    k = s.pairs[which].keying
    k.best = 0.0
    waves, phase = rules.waves[which], s.units * UNIT % WAVE
    for n in range(UNIT):
        later = slide(k, sound[begin + n], waves, phase + n, LENGTH)
        if later >= 0.0:
            edge = s.units * UNIT + n + 1 - 0.5 * LENGTH - later
            for mode in range(MODES):
                if rules.pair[mode] == which:
                    _change(s.modes[mode], mode, k.mark, edge, rules)
    for mode in range(MODES):
        if rules.pair[mode] == which:
            now = (s.units + 1) * UNIT - 0.5 * LENGTH
            _rest(s.modes[mode], mode, k.mark, now, rules)


@kernel
def _hear(s: Record, heard: Any, which: int, rules: Record) -> None:
    """Hear a unit with one pair of frequencies."""
    p = s.pairs[which]
    sound, powers, at = heard
    total = mean(powers, at * PIECES)
    if not p.keyed:
        p.keyed = _may_be_keyed(s, heard, which, rules)
        if p.keyed:
            restart(p.keying, LENGTH, float(s.units * UNIT))
            for mode in range(MODES):
                if rules.pair[mode] == which:
                    s.modes[mode].within = False
    pure = False
    if p.keyed:
        _listen(s, sound, at * UNIT, which, rules)
        held = p.keying.best * 2.0 / (GRAIN * LENGTH) ** 2
        pure = total >= rules.floor and held >= rules.purity * total * UNIT
        if pure:
            s.level += total
            s.counted += 1
        p.keyed = pure
    p.wrong = 0 if pure else p.wrong + (total >= rules.floor)


@kernel
def _best(s: Record, rules: Record) -> int:
    """Mode that has characters enough, the one whose changes fit best; −1 for none."""
    best = -1
    for mode in range(MODES):
        m = s.modes[mode]
        if m.characters >= rules.characters and (
            best < 0 or m.off / m.characters < s.modes[best].off / s.modes[best].characters
        ):
            best = mode
    return best


@kernel
def _step(s: Record, sound: Samples, powers: Floats32, at: int, rules: Record) -> int:
    """Hear a unit of a row: 1 a mode is told, −1 it is over, 0 neither."""
    if not s.busy and not is_steady(powers, at * PIECES, rules.floor):
        s.units += 1
        return 0
    s.busy = s.telling > 0
    for which in range(PAIRS):
        _hear(s, (sound, powers, at), which, rules)
        s.busy = s.busy or s.pairs[which].keyed
    s.units += 1
    for mode in range(MODES):
        m = s.modes[mode]
        s.busy = s.busy or m.characters > 0
        if s.telling != mode + 1 and m.characters and s.units * UNIT - m.end >= rules.gap:
            _break(m)
        if s.pairs[rules.pair[mode]].wrong >= rules.wrong and s.telling != mode + 1:
            _break(m)
    if not s.telling:
        s.telling = _best(s, rules) + 1
        return 1 if s.telling else 0
    m = s.modes[s.telling - 1]
    wrong = s.pairs[rules.pair[s.telling - 1]].wrong
    if s.units * UNIT - m.end >= rules.gap or wrong >= rules.wrong:
        return -1
    return 0


@kernel
def forget(s: Record) -> None:
    """Begin a conversation anew."""
    for mode in range(MODES):
        _break(s.modes[mode])
    s.telling = s.counted = 0
    s.level = 0.0


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
                m, event = s.modes[s.telling - 1], events[count]
                event.row, event.unit, event.what = rows[i], at, s.telling - 1
                event.start, event.end = m.start, -1.0
                event.power = s.level / max(s.counted, 1)
                if told < 0:
                    event.end = m.end
                    forget(s)
                count += 1
    return count
