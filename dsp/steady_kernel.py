"""Which steady tone sounds on each row, since when, until when, how loud, and at what frequency.

Every 20 ms each row has the transform of its unit at all frequencies of a bank. A *pattern* is one
of those frequencies or two. It is fitted to the unit by least squares, so that two tones that the
unit cannot resolve, as 440 and 480 Hz, do not disturb each other; what the fit leaves over is not
the pattern. What a tone turns from unit to unit more than it should is how far its frequency is
off.

A tone begins with two units that go on from each other, and ends with three that do not go on from
it: two frames may be lost on the way. The unit in which it begins holds a part of it, and its
amplitude is that part of the whole one: so the edges are known more finely than the units.
"""

from __future__ import annotations

import math
from typing import Any, TypeAlias

import numpy as np
from numba import njit
from numpy.typing import NDArray

from dsp.bank import Floats32, Floats64
from dsp.framing import UNIT
from dsp.types import RATE, Rows

Record: TypeAlias = Any

kernel = njit(nogil=True, cache=True, error_model="numpy")

PIECES = 4

PATTERN = np.dtype(
    [
        ("tones", np.int32),
        ("columns", np.int32, (2,)),
        ("hz", np.float64, (2,)),
        ("range", np.float64, (2,)),
        ("turn", np.float64, (2, 2)),
        ("inverse", np.float64, (2, 2, 2)),
    ]
)
"""One or two tones: their places in the bank, Hz, how far off they are looked for, what they turn
in a unit (cosine and sine), and the inverses of the Gram matrices of their cosines and of their
sines about the middle of a unit."""

FIT = np.dtype(
    [
        ("pattern", np.int32),
        ("tones", np.float64, (2, 2)),
        ("power", np.float64),
        ("size", np.float64),
    ]
)
"""A pattern fitted to a unit: amplitudes of its tones' cosines and sines, mean square of the fit,
and its square root."""

STATE = np.dtype(
    [
        ("units", np.int64),
        ("sounding", np.bool_),
        ("fit", FIT),
        ("age", np.int32),
        ("misses", np.int32),
        ("edge", np.float64),
        ("size", np.float64),
        ("part", np.float64),
        ("turned", np.float64, (2, 2)),
        ("start", np.float64),
        ("power", np.float64),
        ("counted", np.int64),
        ("beat", np.float64, (3,)),
        ("reversals", np.int32),
        ("possible", FIT),
        ("possibly", np.float64, (2, 2)),
        ("alone", np.int32),
        ("last", np.float64),
    ]
)
"""What is known of a row.

``fit`` is the last unit that the tone filled, ``age`` how many units ago that was, and ``turned``
what its tones turn in a unit more than their frequencies do. ``possible`` is what the last unit may
have begun, its pattern −1 where it is nothing, and ``possibly`` what it has turned since. ``alone``
counts the units that were loud and no tone, ``last`` is the mean square of the last unit.

Of a tone that sounds: ``start`` and ``edge`` in samples, where it began and where it ends if it is
not heard again; ``misses``, units without it since; ``size``, of a unit that it fills, and
``part``, how much of that its last unit had; ``power`` summed over ``counted`` units; ``beat``, its
loudness weighed with 15 Hz, and without.
"""

BEGUN, SOUNDING, ENDED, OTHER = 0, 1, 2, 3
"""What happens on a row: a tone begins, still sounds, ends; there is sound that is no tone."""

GAP = 3
"""Units without it after which a tone is over: two frames may be lost on the way, or slipped in."""

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
        ("power", np.float64),
        ("modulation", np.float64),
        ("reversals", np.int64),
    ]
)
"""Something that happened in a unit of those heard together; the second frequency is 0 where there
is one tone."""

RULES = np.dtype(
    [
        ("floor", np.float64),
        ("rough", np.float64),
        ("purity", np.float64),
        ("twist", np.float64),
        ("beat", np.float64, (40, 2)),
    ]
)
"""Mean square of the softest tone; least share of the power that a pattern must hold where its
frequency is not known yet, and where it is; how much one tone may be louder than the other, as
powers; and the turns of 15 Hz, 5 ms at a time."""


@kernel
def _fit(even: Floats64, odd: Floats64, pattern: Record, number: int, fit: Record) -> None:
    """Fit a pattern to a unit."""
    energy = 0.0
    for i in range(pattern.tones):
        cos = sin = 0.0
        for j in range(pattern.tones):
            at = pattern.columns[j]
            cos += pattern.inverse[0, i, j] * even[at]
            sin -= pattern.inverse[1, i, j] * odd[at]
        at = pattern.columns[i]
        fit.tones[i, 0], fit.tones[i, 1] = cos, sin
        energy += cos * even[at] - sin * odd[at]
    fit.pattern = number
    fit.power = max(energy / UNIT, 0.0)
    fit.size = math.sqrt(fit.power)


@kernel
def _balanced(fit: Record, pattern: Record, twist: float) -> bool:
    if pattern.tones < 2:
        return True
    first = fit.tones[0, 0] ** 2 + fit.tones[0, 1] ** 2
    second = fit.tones[1, 0] ** 2 + fit.tones[1, 1] ** 2
    return bool(first <= twist * second and second <= twist * first)


@kernel
def _turned(new: Record, old: Record, pattern: Record, tone: int) -> tuple[float, float]:
    """How much more a tone has turned in a unit than its frequency does, as cosine and sine."""
    cos, sin = pattern.turn[tone, 0], pattern.turn[tone, 1]
    a, b = new.tones[tone, 0], -new.tones[tone, 1]
    c = old.tones[tone, 0] * cos + old.tones[tone, 1] * sin
    d = old.tones[tone, 0] * sin - old.tones[tone, 1] * cos
    return a * c + b * d, b * c - a * d


@kernel
def _off(turned: NDArray[np.float64]) -> float:
    """Hz that a tone is off when it turns so much more in a unit."""
    return math.atan2(turned[1], turned[0]) / (2 * math.pi * UNIT / RATE)


@kernel
def _seen(off: float, tones: int) -> float:
    """Share of a tone's power that a pattern sees which is so many Hz beside it."""
    turns = math.pi * off * UNIT / RATE
    if tones > 1 or abs(turns) < 1e-6:
        return 1.0
    return (math.sin(turns) / turns) ** 2


@kernel
def _share(fit: Record, total: float, off: float, tones: int) -> float:
    """Share of a unit's power that the pattern would hold if it were at the tone's frequency."""
    return float(fit.power / total / _seen(off, tones))


@kernel
def _best(heard: Any, patterns: Any, rules: Record, fits: Any) -> bool:
    """Find the pattern that holds most of a unit, as ``fits[0]``; say whether one holds enough."""
    even, odd, _, total, _ = heard
    sought = rules.rough * total
    found = False
    loudest = 0.0
    for at in range(len(even)):
        loudest = max(loudest, even[at] * even[at] + odd[at] * odd[at])
    if loudest * (4.0 / (UNIT * UNIT)) < 0.5 * sought:
        return False
    for number in range(len(patterns)):
        pattern = patterns[number]
        guess = 0.0
        for tone in range(pattern.tones):
            at = pattern.columns[tone]
            guess += even[at] * even[at] + odd[at] * odd[at]
        # two tones nearer than a unit resolves are taken for half of what they are
        if guess * (2.0 / (UNIT * UNIT)) < 0.5 * sought:
            continue
        _fit(even, odd, pattern, number, fits[1])
        if fits[1].power >= sought and _balanced(fits[1], pattern, rules.twist):
            found, sought = True, fits[1].power
            fits[0] = fits[1]
    return found


@kernel
def _goes_on(s: Record, fit: Record, total: float, pattern: Record, rules: Record) -> bool:
    """Whether a unit goes on from the one before it that may have begun a tone."""
    if s.possible.pattern != fit.pattern:
        return False
    for tone in range(pattern.tones):
        cos, sin = _turned(fit, s.possible, pattern, tone)
        s.possibly[tone, 0], s.possibly[tone, 1] = cos, sin
        if abs(_off(s.possibly[tone])) > pattern.range[tone]:
            return False
    return bool(_share(fit, total, _off(s.possibly[0]), pattern.tones) >= rules.purity)


@kernel
def _begin(s: Record, fit: Record, before: float) -> None:
    """Begin a tone that the last two units hold; ``before`` is its size in the one before them."""
    s.sounding, s.age, s.misses, s.reversals = True, 0, 0, 0
    s.size = max(fit.size, s.possible.size)
    parts = min(s.possible.size / s.size, 1.0)
    if before > 0.1 * s.size and parts > 0.8:
        parts += min(before / s.size, 1.0)
    s.start = (s.units - parts) * UNIT
    s.fit = fit
    s.power, s.counted = fit.power, 1
    s.part = 1.0
    s.beat[0] = s.beat[1] = s.beat[2] = 0.0
    for tone in range(2):
        # the first unit is often a part of one, which turns a little differently
        s.turned[tone, 0] = 0.1 * s.possibly[tone, 0]
        s.turned[tone, 1] = 0.1 * s.possibly[tone, 1]
    s.possible.pattern = -1


@kernel
def _turn_on(s: Record, fit: Record, pattern: Record) -> bool:
    """Follow a tone's phase; return whether it turns as it has."""
    steady = True
    reversed_ = 0
    for tone in range(pattern.tones):
        cos, sin = _turned(fit, s.fit, pattern, tone)
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
    if reversed_ == pattern.tones:
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
def _over(s: Record, fit: Record, heard: Any, pattern: Record, rules: Record) -> bool:
    """Go on with a tone; return whether it is over."""
    even, odd, powers, total, _ = heard
    _fit(even, odd, pattern, s.fit.pattern, fit)
    part = min(fit.size / s.size, 1.0)
    share = _share(fit, total, _off(s.turned[0]), pattern.tones) if total > 0 else 0.0
    s.age += 1
    if share >= 0.8 * rules.purity and part >= 0.5:
        steady = _turn_on(s, fit, pattern)
        s.fit, s.age = fit, 0
        if steady:
            s.misses = 0
            s.part = part
            if part > 0.8:
                s.size += 0.125 * (fit.size - s.size)
                s.power += fit.power
                s.counted += 1
            _beat(s, powers, rules)
            return False
        part = 0.0
    s.misses += 1
    if s.misses == 1:
        s.edge = (s.units - 1 + (s.part if s.part < 0.8 else 1.0)) * UNIT
        if s.part > 0.8 and part > 0.1:
            s.edge += part * UNIT
        _beat(s, powers, rules)
    return bool(s.misses >= GAP)


@kernel
def _tell(s: Record, row: int, what: int, patterns: Any, event: Record) -> None:
    pattern = patterns[s.fit.pattern]
    event.row, event.what = row, what
    event.start, event.end = s.start, s.edge
    event.hz[0] = event.hz[1] = 0.0
    for tone in range(pattern.tones):
        event.hz[tone] = pattern.hz[tone] + _off(s.turned[tone])
    event.power = s.power / s.counted / _seen(_off(s.turned[0]), pattern.tones)
    event.reversals = s.reversals
    event.modulation = 0.0
    if s.beat[2] > 0:
        event.modulation = 2 * math.hypot(s.beat[0], s.beat[1]) / s.beat[2]


@kernel
def _step(s: Record, row: int, heard: Any, rules: Any, out: Any) -> int:
    """Hear a unit of a row; return how many events it makes."""
    patterns, limits, fits, events = rules[0], rules[1], out[0], out[1]
    count = 0
    if s.sounding:
        if _over(s, fits[1], heard, patterns[s.fit.pattern], limits):
            _tell(s, row, ENDED, patterns, events[count])
            count += 1
            s.sounding = False
        if s.sounding and s.misses == 0:
            s.possible.pattern, s.alone = -1, 0
            if s.units % _EVERY == 0:
                s.edge = (s.units + 1) * UNIT
                _tell(s, row, SOUNDING, patterns, events[count])
                count += 1
            return count
    if heard[3] < limits.floor:
        s.possible.pattern, s.alone = -1, 0
        return count
    if not _best(heard, patterns, limits, fits):
        s.possible.pattern = -1
        s.alone += 1
        if s.alone == _EVERY and not s.sounding:
            events[count].row, events[count].what = row, OTHER
            events[count].start = events[count].end = s.units * UNIT
            # the last unit may hold the onset of the next burst
            events[count].power = min(heard[3], s.last)
            count += 1
            s.alone = 0
        return count
    return count + _try(s, row, heard, rules, (fits, events[count:]))


@kernel
def _try(s: Record, row: int, heard: Any, rules: Any, out: Any) -> int:
    """See whether ``fits[0]`` begins a tone, or goes on from what may have begun one."""
    patterns, limits, fits, events = rules[0], rules[1], out[0], out[1]
    fit = fits[0]
    pattern = patterns[fit.pattern]
    count = 0
    if _goes_on(s, fit, heard[3], pattern, limits):
        if s.sounding:
            _tell(s, row, ENDED, patterns, events[count])
            count += 1
        before = heard[4]
        _fit(before[0], before[1], pattern, fit.pattern, fits[1])
        _begin(s, fit, fits[1].size)
        _tell(s, row, BEGUN, patterns, events[count])
        s.alone = 0
        return count + 1
    s.possible = fit
    return count


@kernel
def follow(
    heard: tuple[Floats64, Floats64, Floats32],
    rows: Rows,
    state: tuple[NDArray[np.void], Floats32],
    rules: tuple[NDArray[np.void], Record],
    out: tuple[NDArray[np.void], NDArray[np.void]],
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
    rules
        Patterns, and a record of :data:`RULES`.
    out
        Two fits to work with, and room for ``3 n units`` of :data:`EVENT`.
    """
    evens, odds, powers = heard
    records, past = state
    fits, events = out
    count = 0
    for i in range(len(rows)):
        row = rows[i]
        s = records[row]
        for unit in range(evens.shape[1]):
            pieces = powers[i, unit * PIECES : (unit + 1) * PIECES]
            total = 0.25 * (np.float64(pieces[0]) + pieces[1] + pieces[2] + np.float64(pieces[3]))
            at = s.units % 2
            even, odd = evens[i, unit], odds[i, unit]
            one = (even, odd, pieces, total, past[row, at])
            fresh = _step(s, row, one, rules, (fits, events[count:]))
            for event in range(count, count + fresh):
                events[event].unit = unit
            count += fresh
            for column in range(len(even)):
                past[row, at, 0, column] = even[column]
                past[row, at, 1, column] = odd[column]
            s.units += 1
            s.last = total
    return count
