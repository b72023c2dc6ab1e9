"""Which steady tone sounds on each row, since when, until when, how loud, and at what frequency.

Every 20 ms each row has the transform of its unit at all frequencies of a bank, and patterns of
them are fitted to it (:mod:`dsp.steady_fit_kernel`).

A tone begins with two units that go on from each other, and ends with three that do not go on from
it: two frames may be lost on the way. The unit in which it begins holds a part of it, and its
amplitude is that part of the whole one: so the edges are known more finely than the units.

A modulated tone is no steady one over 20 ms; it is fitted to two or three units at a time, and
takes the place of what seemed to have begun. Its edges are known by the energy there is.
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from dsp.bank import Floats32, Floats64
from dsp.compiled import entry, kernel, numbers
from dsp.framing import UNIT
from dsp.steady_fit_kernel import (
    FIT,
    GOES_ON,
    MIDDLE,
    NOTHING,
    TONES,
    Record,
    Sought,
    Unit,
    balanced,
    best,
    fit_over,
    fit_to,
    keep,
    off,
    seen,
    turned,
)
from dsp.types import Rows

PIECES = 4
_PAST = 16
MODULATED = 12
"""Modulated tones that can be looked for at a time."""


STATE = np.dtype(
    [
        ("units", np.int64),
        ("sounding", np.bool_),
        ("told", np.bool_),
        ("over", np.bool_),
        ("fit", FIT),
        ("age", np.int64),
        ("misses", np.int64),
        ("edge", np.float64),
        ("size", np.float64),
        ("part", np.float64),
        ("turned", np.float64, (TONES, 2)),
        ("start", np.float64),
        ("begun", np.int64),
        ("power", np.float64),
        ("counted", np.int64),
        ("beat", np.float64, (3,)),
        ("reversals", np.int64),
        ("fresh", np.bool_),
        ("alone", np.int64),
        ("totals", np.float64, (_PAST,)),
        ("possible", FIT, (MODULATED,)),
        ("held", np.int64, (MODULATED,)),
    ]
)
"""What is known of a row.

``fit`` is the last unit that the tone filled, ``age`` how many units ago that was, and ``turned``
what its tones turn in a unit more than their frequencies do. ``fresh`` says that the last unit was
loud and no tone's, so that it may have begun one; ``alone`` counts the units that were loud and no
tone, ``totals`` are mean squares of the last ones. ``possible`` are the modulated tones as the last
units may hold them, and ``held`` for how many units it has been so.

Of a tone that sounds: ``begun`` the unit and ``start`` and ``edge`` the samples where it began and
where it ends if it is not heard again; ``told``, whether it has been, ``over``, whether it has
ended before that; ``misses``, units without it
since; ``size``, of a unit that it fills, and ``part``, how much of that its last unit had;
``power`` summed over ``counted`` units; ``beat``, its loudness weighed with 15 Hz, and without.
"""

BEGUN, SOUNDING, ENDED, OTHER = numbers(4)
"""What happens on a row: a tone begins, still sounds, ends; there is sound that is no tone."""

GAP = 3
"""Units without it after which a tone is over: two frames may be lost on the way, or slipped in."""

_SAME = 5.0
"""Hz between two tones below which they are one, to both sides of which a pattern's two lie."""

_LESS = 0.9
"""What a modulated tone holds of two near ones at most, beside what they hold themselves."""

_SOFT = 0.1
"""Power beside a modulated tone's below which there is nothing of it."""

_EVERY = 5
"""Units after which it is told that a tone still sounds, or that other sound does."""

EVENT = np.dtype(
    [
        ("row", np.int64),
        ("unit", np.int64),
        ("what", np.int64),
        ("start", np.float64),
        ("end", np.float64),
        ("hz", np.float64, (2,)),
        ("beat", np.float64),
        ("power", np.float64),
        ("modulation", np.float64),
        ("reversals", np.int64),
    ]
)
"""Something that happened in a unit of those heard together; the second frequency is 0 where there
is one tone, ``beat`` 0 where it is not modulated by a pattern of its own."""


class Out(NamedTuple):
    """Where events are written, of :data:`EVENT`, and ``(1,)``: how many there are."""

    events: NDArray[np.void]
    written: NDArray[np.int64]


@kernel
def _tell(s: Record, row: int, what: int, patterns: Any, out: Out) -> None:
    pattern = patterns[s.fit.pattern]
    event = out.events[out.written[0]]
    out.written[0] += 1
    event.row, event.what = row, what
    event.start, event.end = s.start, s.edge
    event.hz[0] = event.hz[1] = 0.0
    event.beat = pattern.beat
    if pattern.beat > 0:
        event.hz[0] = pattern.hz[1] + off(s.turned[1, 0], s.turned[1, 1])
    else:
        for tone in range(pattern.tones):
            event.hz[tone] = pattern.hz[tone] + off(s.turned[tone, 0], s.turned[tone, 1])
        if pattern.tones == 2 and event.hz[1] - event.hz[0] < _SAME:
            event.hz[0], event.hz[1] = 0.5 * (event.hz[0] + event.hz[1]), 0.0
    event.power = s.power / s.counted / seen(off(s.turned[0, 0], s.turned[0, 1]), pattern.tones)
    event.reversals = s.reversals
    event.modulation = 0.0
    if s.beat[2] > 0:
        event.modulation = 2 * math.hypot(s.beat[0], s.beat[1]) / s.beat[2]


@kernel
def _herald(s: Record, row: int, patterns: Any, out: Out) -> None:
    """Tell that a tone has begun, if that is not known yet."""
    if not s.told:
        _tell(s, row, BEGUN, patterns, out)
        s.told = True


@kernel
def _end(s: Record, row: int, patterns: Any, out: Out) -> None:
    """End a tone; what may still turn out to be the beginning of a modulated one is told later."""
    s.sounding = False
    s.over = not s.told and s.units - s.begun < patterns[s.fit.pattern].wait
    if not s.over:
        _herald(s, row, patterns, out)
        _tell(s, row, ENDED, patterns, out)


@kernel
def _new(s: Record, fit: Record) -> None:
    s.sounding, s.told, s.over = True, False, False
    s.age, s.misses, s.reversals = 0, 0, 0
    keep(fit, s.fit)
    s.begun = s.units
    s.power, s.counted = fit.power, 1
    s.part = 1.0
    s.beat[0] = s.beat[1] = s.beat[2] = 0.0
    s.fresh, s.alone = False, 0
    for at in range(MODULATED):
        s.held[at] = 0


@kernel
def _begin(s: Record, unit: Unit, sought: Sought) -> None:
    """Begin the tone that ``fits[3]`` and, of the unit before, ``fits[4]`` hold."""
    fit, old = sought.fits[3], sought.fits[4]
    pattern = sought.patterns[fit.pattern]
    # what has begun just now and was not told was the beginning of this, misread
    misread = s.over or (s.sounding and not s.told)
    start = s.start
    _new(s, fit)
    s.size = max(fit.size, old.size)
    parts = min(old.size / s.size, 1.0)
    if parts > 0.8:
        fit_to(unit.before[0], unit.before[1], pattern, fit.pattern, sought.fits[1])
        before = sought.fits[1].size
        if before > 0.1 * s.size:
            parts += min(before / s.size, 1.0)
    s.start = (s.units - parts) * UNIT
    if misread:
        s.start = start
    for tone in range(pattern.tones):
        cos, sin = turned(fit, old, pattern, tone)
        # the first unit is often a part of one, which turns a little differently
        s.turned[tone, 0], s.turned[tone, 1] = 0.1 * cos, 0.1 * sin


@kernel
def _filled(s: Record, units: int, power: float) -> float:
    """How many of the last units a sound of a power fills, by their energy."""
    energy = 0.0
    for ago in range(units):
        energy += min(s.totals[(s.units - ago) % _PAST] / power, 2.0)
    return min(energy, float(units))


@kernel
def _since(s: Record, span: int, power: float) -> float:
    """For how many units a sound of a power has been there; ``span`` soft ones end it."""
    units = span
    while units + span <= _PAST:
        recent = 0.0
        for ago in range(units, units + span):
            recent += s.totals[(s.units - ago) % _PAST]
        if recent < _SOFT * span * power:
            break
        units += 1
    return _filled(s, units + span - 1, power)


@kernel
def _begin_modulated(s: Record, fit: Record, pattern: Record, old: Record) -> None:
    """Begin a modulated tone that the last units hold, and as ``old`` those before."""
    cos, sin = turned(fit, old, pattern, MIDDLE)
    _new(s, fit)
    s.size = fit.size
    s.start = (s.units + 1 - _since(s, pattern.span, fit.power)) * UNIT
    s.turned[1, 0], s.turned[1, 1] = 0.1 * cos, 0.1 * sin
    for tone in (0, 2):
        s.turned[tone, 0], s.turned[tone, 1] = s.turned[1, 0], s.turned[1, 1]


@kernel
def _turn_on(s: Record, fit: Record, pattern: Record) -> bool:
    """Follow a tone's phase; return whether it turns as it has."""
    steady = True
    reversed_ = 0
    first, last = 0, pattern.tones
    if pattern.beat > 0:
        first, last = 1, 2
    for tone in range(first, last):
        cos, sin = turned(fit, s.fit, pattern, tone)
        for _ in range(s.age - 1):
            turn, back = pattern.turn[tone, 0], pattern.turn[tone, 1]
            cos, sin = cos * turn + sin * back, sin * turn - cos * back
        angle = math.atan2(sin, cos)
        angle -= s.age * math.atan2(s.turned[tone, 1], s.turned[tone, 0])
        angle -= 2 * math.pi * round(angle / (2 * math.pi))
        if abs(angle) > 1.2:
            # after a gap a tone may go on anywhere
            steady = steady and s.age > 1
            reversed_ += s.age <= 2 and abs(angle) > 2.6
        elif s.age == 1:
            s.turned[tone, 0] += cos
            s.turned[tone, 1] += sin
    if reversed_ == last - first:
        s.reversals += 1
        return True
    return steady


@kernel
def _beat(s: Record, powers: Floats32, rules: Record) -> None:
    """Weigh the loudness of 5 ms at a time with 15 Hz."""
    for piece in range(PIECES):
        at = (s.units * PIECES + piece) % len(rules.beat)
        s.beat[0] += powers[piece] * rules.beat[at, 0]
        s.beat[1] += powers[piece] * rules.beat[at, 1]
        s.beat[2] += powers[piece]


@kernel
def _total(s: Record, units: int) -> float:
    """Mean square of the last units."""
    total = 0.0
    for ago in range(units):
        total += s.totals[(s.units - ago) % _PAST]
    return total / units


@kernel
def _missed(s: Record, part: float, pattern: Record) -> None:
    """Say where a tone ends that this unit has ``part`` of, unless it is heard again."""
    if pattern.beat > 0:
        units = pattern.span + 1
        filled = _filled(s, units, s.power / s.counted)
        s.edge = (s.units + 1 - units + filled) * UNIT
        return
    s.edge = (s.units - 1 + (s.part if s.part < 0.8 else 1.0)) * UNIT
    if s.part > 0.8 and part > 0.1:
        s.edge += part * UNIT


@kernel
def _over(s: Record, unit: Unit, sought: Sought) -> bool:
    """Go on with a tone; return whether it is over."""
    pattern, fit = sought.patterns[s.fit.pattern], sought.fits[1]
    if pattern.beat > 0:
        fit_over(unit, sought, s.fit.pattern, fit)
    else:
        fit_to(unit.even, unit.odd, pattern, s.fit.pattern, fit)
    part = min(fit.size / s.size, 1.0)
    total = _total(s, pattern.span)
    whole = sought.rules.purity * total * seen(off(s.turned[0, 0], s.turned[0, 1]), pattern.tones)
    s.age += 1
    if total > 0 and fit.power >= 0.8 * whole and part >= 0.5:
        steady = _turn_on(s, fit, pattern)
        keep(fit, s.fit)
        s.age = 0
        if steady:
            s.misses = 0
            s.part = part
            if part > 0.8:
                s.size += 0.125 * (fit.size - s.size)
                s.power += fit.power
                s.counted += 1
            _beat(s, unit.pieces, sought.rules)
            return False
        part = 0.0
    s.misses += 1
    if s.misses == 1:
        _missed(s, part, pattern)
        _beat(s, unit.pieces, sought.rules)
    return bool(s.misses >= GAP)


@kernel
def _holds(s: Record, unit: Unit, sought: Sought, number: int) -> bool:
    """Fit a modulated pattern to the last units, as ``fits[1]``; return whether they may be it."""
    pattern, rules, fit = sought.patterns[number], sought.rules, sought.fits[1]
    guess = 0.0
    for tone in range(pattern.tones):
        at = pattern.columns[tone]
        guess += unit.even[at] * unit.even[at] + unit.odd[at] * unit.odd[at]
    if unit.total == 0 or guess * (2.0 / (UNIT * UNIT)) < 0.3 * unit.total:
        return False
    fit_over(unit, sought, number, fit)
    enough = max(rules.purity * _total(s, pattern.span), rules.floor)
    return bool(fit.power >= enough and balanced(fit, pattern, rules.twist))


@kernel
def _modulated(s: Record, unit: Unit, sought: Sought) -> int:
    """Which modulated tone the last units surely hold, −1 for none; it is then ``fits[1]``."""
    patterns, rules, fits = sought.patterns, sought.rules, sought.fits
    for number in range(rules.plain, len(patterns)):
        at = number - rules.plain
        old = s.possible[at]
        if not _holds(s, unit, sought, number):
            s.held[at] = max(s.held[at] - 2, 0)
            old.pattern = -1
            continue
        cos, sin = turned(fits[1], old, patterns[number], MIDDLE)
        if old.pattern >= 0 and abs(off(cos, sin)) > patterns[number].range[1]:
            s.held[at] = 0
        s.held[at] += 1
        # as many windows as it spans may hold the edge of a tone that is not modulated
        if s.held[at] > patterns[number].span + 1:
            return number
        keep(fits[1], old)
    return -1


@kernel
def _are_two(s: Record, unit: Unit, sought: Sought, number: int) -> bool:
    """Whether what the modulated ``fits[1]`` holds are two near tones, of which it holds less."""
    if not s.sounding or sought.patterns[s.fit.pattern].tones != 2 or unit.was == 0:
        return False
    share = sought.fits[1].power / _total(s, sought.patterns[number].span)
    return bool(share < _LESS * s.fit.power / unit.was)


@kernel
def _go_on(s: Record, row: int, sought: Sought, out: Out) -> None:
    """Tell of a tone that has been heard again what is to be told now."""
    s.fresh, s.alone = False, 0
    if not s.told and s.units - s.begun >= sought.patterns[s.fit.pattern].wait:
        _herald(s, row, sought.patterns, out)
    if s.told and s.units % _EVERY == 0:
        s.edge = (s.units + 1) * UNIT
        _tell(s, row, SOUNDING, sought.patterns, out)


@kernel
def _step(s: Record, row: int, unit: Unit, sought: Sought, out: Out) -> None:
    """Hear a unit of a row."""
    patterns, rules = sought.patterns, sought.rules
    modulated = s.sounding and patterns[s.fit.pattern].beat > 0
    if rules.plain < len(patterns) and not modulated:
        number = _modulated(s, unit, sought)
        if number >= 0 and not _are_two(s, unit, sought, number):
            if s.sounding and s.told:
                _end(s, row, patterns, out)
            _begin_modulated(s, sought.fits[1], patterns[number], s.possible[number - rules.plain])
            _herald(s, row, patterns, out)
            return
    if s.over and s.units - s.begun >= patterns[s.fit.pattern].wait:
        _end(s, row, patterns, out)
    if s.sounding:
        if _over(s, unit, sought):
            _end(s, row, patterns, out)
        elif s.misses == 0:
            _go_on(s, row, sought, out)
            return
    if unit.total < rules.floor:
        s.fresh, s.alone = False, 0
        return
    held = best(unit, sought)
    if s.fresh and held == GOES_ON:
        if s.sounding and (s.told or s.units - s.begun >= patterns[s.fit.pattern].wait):
            _end(s, row, patterns, out)
        _begin(s, unit, sought)
        if patterns[s.fit.pattern].wait == 0:
            _herald(s, row, patterns, out)
        return
    s.fresh = True
    s.alone += held == NOTHING
    if s.alone == _EVERY and not s.sounding:
        event = out.events[out.written[0]]
        out.written[0] += 1
        event.row, event.what = row, OTHER
        event.start = event.end = s.units * UNIT
        # the last unit may hold the onset of the next burst
        event.power = min(unit.total, unit.was)
        s.alone = 0


@entry
def follow(
    heard: tuple[Floats64, Floats64, Floats32],
    rows: Rows,
    state: tuple[NDArray[np.void], Floats32],
    sought: Sought,
    out: Out,
) -> int:
    """Hear units of some rows; write what happens and return how much it is.

    Parameters
    ----------
    heard
        ``(n, units, frequencies)`` twice: their transform, even and odd, and ``(n, 4 units)``:
        mean squares of their pieces.
    rows
        ``(n,)``: whose they are.
    state
        ``(calls,)`` of :data:`STATE`, and ``(calls, 2, 2, frequencies)``: the last two transforms.
    sought
        Patterns and rules, and what to work with.
    out
        Room for ``4 n units`` events.
    """
    evens, odds, powers = heard
    records, past = state
    out.written[0] = told = 0
    for i in range(len(rows)):
        row = rows[i]
        s = records[row]
        for at in range(evens.shape[1]):
            pieces = powers[i, at * PIECES : (at + 1) * PIECES]
            total = 0.25 * (np.float64(pieces[0]) + pieces[1] + pieces[2] + np.float64(pieces[3]))
            s.totals[s.units % _PAST] = total
            even, odd = evens[i, at], odds[i, at]
            slot = s.units % 2
            was = s.totals[(s.units - 1) % _PAST]
            unit = Unit(even, odd, pieces, total, was, past[row, 1 - slot], past[row, slot])
            _step(s, row, unit, sought, out)
            while told < out.written[0]:
                out.events[told].unit = at
                told += 1
            for column in range(len(even)):
                past[row, slot, 0, column] = even[column]
                past[row, slot, 1, column] = odd[column]
            s.units += 1
    return int(out.written[0])
