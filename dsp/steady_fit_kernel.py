"""Fitting one, two or three tones to a unit of sound, or to the last few.

A *pattern* is a frequency of a bank, or two, or a tone that is modulated, which is three. It is
fitted by least squares, so that two tones that a unit cannot resolve, as 440 and 480 Hz, do not
disturb each other; what the fit leaves over is not the pattern. What a tone turns from unit to
unit more than it should is how far its frequency is off.
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from dsp.bank import Floats32, Floats64
from dsp.compiled import kernel, numbers
from dsp.framing import UNIT
from dsp.types import RATE

Record: TypeAlias = Any

TONES = 3
FIRST, MIDDLE, LAST = numbers(TONES)

SPAN = 3
"""Units that a pattern may need to be told from another."""

PATTERN = np.dtype(
    [
        ("tones", np.int64),
        ("columns", np.int64, (TONES,)),
        ("hz", np.float64, (TONES,)),
        ("range", np.float64, (TONES,)),
        ("turn", np.float64, (TONES, 2)),
        ("inverse", np.float64, (2, TONES, TONES)),
        ("beat", np.float64),
        ("span", np.int64),
        ("wait", np.int64),
    ]
)
"""Tones: their places in the bank, Hz, how far off they are looked for, what they turn in a unit
(cosine and sine), and the inverses of the Gram matrices of their cosines and of their sines about
the middle of ``span`` units; of a modulated one, by how many Hz it is; ``wait`` is how many units
after its beginning it is told, since it may be the beginning of a modulated one."""

FIT = np.dtype(
    [
        ("pattern", np.int64),
        ("tones", np.float64, (TONES, 2)),
        ("power", np.float64),
        ("size", np.float64),
    ]
)
"""A pattern fitted to a unit: amplitudes of its tones' cosines and sines, mean square of the fit,
and its square root."""

RULES = np.dtype(
    [
        ("singles", np.int64),
        ("plain", np.int64),
        ("floor", np.float64),
        ("rough", np.float64),
        ("purity", np.float64),
        ("twist", np.float64),
        ("beat", np.float64, (40, 2)),
    ]
)
"""How many patterns are of one tone, and how many are not modulated, which come in this order; mean
square of the softest tone; least share of the power that a pattern must hold where its frequency is
not known yet, and where it is; how much one tone may be louder than the other, as powers; and the
turns of 15 Hz, 5 ms at a time."""

_WEAKEST, _STRONGEST = 0.04, 2.0
"""Power of the side tones of a modulated one beside its middle: 40 % modulation, and three tones of
one level with something to spare. Two tones alone, its middle suppressed, are another pattern."""

_UNEQUAL = 12.0
"""How much one side tone may be stronger; some of a middle that is off is in one more than in the
other."""

_ENOUGH = 0.92
"""Share of what two tones hold that one is enough with."""


class Unit(NamedTuple):
    """A unit of a row.

    Parameters
    ----------
    even, odd
        ``(columns,)``: its transform.
    pieces
        ``(4,)``: mean squares of its pieces.
    total, was
        Its mean square, and of the unit before it.
    last, before
        ``(2, columns)``: transforms of the unit before it and of the one before that.
    """

    even: Floats64
    odd: Floats64
    pieces: Floats32
    total: float
    was: float
    last: Floats32
    before: Floats32


class Sought(NamedTuple):
    """What is looked for.

    Parameters
    ----------
    patterns, rules
        Of :data:`PATTERN`, and of :data:`RULES`.
    fits, tones
        ``(7,)`` of :data:`FIT`, and ``(TONES, 2)``: to work with.
    """

    patterns: NDArray[np.void]
    rules: Record
    fits: NDArray[np.void]
    tones: Floats64


@kernel
def keep(fit: Record, to: Record) -> None:
    """Copy a fit: numba copies a whole record a byte at a time, which takes long to compile."""
    to.pattern, to.power, to.size = fit.pattern, fit.power, fit.size
    for tone in range(TONES):
        to.tones[tone, 0], to.tones[tone, 1] = fit.tones[tone, 0], fit.tones[tone, 1]


@kernel
def fit_to(even: Any, odd: Any, pattern: Record, number: int, fit: Record) -> None:
    """Fit a pattern of one or two tones to a unit."""
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
def _transformed(unit: Unit, ago: int, column: int) -> tuple[float, float]:
    if ago == 0:
        return unit.even[column], unit.odd[column]
    if ago == 1:
        return np.float64(unit.last[0, column]), np.float64(unit.last[1, column])
    return np.float64(unit.before[0, column]), np.float64(unit.before[1, column])


@kernel
def fit_over(unit: Unit, sought: Sought, number: int, fit: Record) -> None:
    """Fit a modulated pattern to the last units, as many as it spans."""
    pattern, sums = sought.patterns[number], sought.tones
    for tone in range(pattern.tones):
        sums[tone, 0] = sums[tone, 1] = 0.0
        for ago in range(pattern.span):
            even, odd = _transformed(unit, ago, pattern.columns[tone])
            back = 2 * math.pi * pattern.hz[tone] * UNIT / RATE * (0.5 * (pattern.span - 1) - ago)
            cos, sin = math.cos(back), math.sin(back)
            sums[tone, 0] += even * cos + odd * sin
            sums[tone, 1] += odd * cos - even * sin
    energy = 0.0
    for i in range(pattern.tones):
        cos = sin = 0.0
        for j in range(pattern.tones):
            cos += pattern.inverse[0, i, j] * sums[j, 0]
            sin -= pattern.inverse[1, i, j] * sums[j, 1]
        fit.tones[i, 0], fit.tones[i, 1] = cos, sin
        energy += cos * sums[i, 0] - sin * sums[i, 1]
    fit.pattern = number
    fit.power = max(energy / (pattern.span * UNIT), 0.0)
    fit.size = math.sqrt(fit.power)


@kernel
def _power(fit: Record, tone: int) -> float:
    return float(fit.tones[tone, 0] ** 2 + fit.tones[tone, 1] ** 2)


@kernel
def balanced(fit: Record, pattern: Record, twist: float) -> bool:
    """Whether no tone of a pattern is too soft beside the others."""
    if pattern.tones < 2:
        return True
    first, second = _power(fit, FIRST), _power(fit, MIDDLE)
    if pattern.tones == 2:
        return bool(first <= twist * second and second <= twist * first)
    third = _power(fit, LAST)
    return bool(
        _WEAKEST * second <= min(first, third)
        and max(first, third) <= _STRONGEST * second
        and max(first, third) <= _UNEQUAL * min(first, third)
    )


@kernel
def turned(new: Record, old: Record, pattern: Record, tone: int) -> tuple[float, float]:
    """How much more a tone has turned in a unit than its frequency does, as cosine and sine."""
    cos, sin = pattern.turn[tone, 0], pattern.turn[tone, 1]
    a, b = new.tones[tone, 0], -new.tones[tone, 1]
    c = old.tones[tone, 0] * cos + old.tones[tone, 1] * sin
    d = old.tones[tone, 0] * sin - old.tones[tone, 1] * cos
    return a * c + b * d, b * c - a * d


@kernel
def off(cos: float, sin: float) -> float:
    """Hz that a tone is off when it turns so much more in a unit."""
    return math.atan2(sin, cos) / (2 * math.pi * UNIT / RATE)


@kernel
def seen(hz: float, tones: int) -> float:
    """Share of a tone's power that a pattern sees which is so many Hz beside it."""
    turns = math.pi * hz * UNIT / RATE
    if tones > 1 or abs(turns) < 1e-6:
        return 1.0
    return (math.sin(turns) / turns) ** 2


@kernel
def _goes_on(unit: Unit, sought: Sought) -> bool:
    """Whether ``fits[1]`` goes on from ``fits[2]``, of the unit before."""
    new, old, rules = sought.fits[1], sought.fits[2], sought.rules
    tones = sought.tones
    pattern = sought.patterns[new.pattern]
    if old.power < rules.rough * unit.was or not balanced(old, pattern, rules.twist):
        return False
    for tone in range(pattern.tones):
        cos, sin = turned(new, old, pattern, tone)
        tones[tone, 0], tones[tone, 1] = cos, sin
        if abs(off(cos, sin)) > pattern.range[tone]:
            return False
    hz = off(tones[0, 0], tones[0, 1])
    return bool(new.power >= rules.purity * unit.total * seen(hz, pattern.tones))


@kernel
def _best_of(unit: Unit, sought: Sought, whose: tuple[int, int], fit: Record, old: Record) -> float:
    """Find the best of some patterns; it is then ``fit``, and of the unit before ``old``.

    Returns the most of the unit's power that any holds, below 0 where none goes on.
    """
    patterns, rules, fits = sought.patterns, sought.rules, sought.fits
    least = rules.rough * unit.total
    held = 0.0
    found = False
    for number in range(whose[0], whose[1]):
        pattern = patterns[number]
        guess = 0.0
        for tone in range(pattern.tones):
            at = pattern.columns[tone]
            guess += unit.even[at] * unit.even[at] + unit.odd[at] * unit.odd[at]
        # two tones nearer than a unit resolves are taken for half of what they are
        if guess * (2.0 / (UNIT * UNIT)) < 0.5 * least:
            continue
        fit_to(unit.even, unit.odd, pattern, number, fits[1])
        if fits[1].power < least or not balanced(fits[1], pattern, rules.twist):
            continue
        held = max(held, fits[1].power)
        fit_to(unit.last[0], unit.last[1], pattern, number, fits[2])
        if _goes_on(unit, sought):
            found, least = True, fits[1].power
            keep(fits[1], fit)
            keep(fits[2], old)
    return held if found else -held


NOTHING, PERHAPS, GOES_ON = 0, 1, 2


@kernel
def best(unit: Unit, sought: Sought) -> int:
    """Find the pattern that holds most of two units and goes on in them.

    Two tones are only it where one is not enough: any two to both sides of a tone hold it too.

    Parameters
    ----------
    unit
        The second of them.
    sought
        Patterns, rules, and what to work with.

    Returns
    -------
    int
        ``GOES_ON`` if there is one, which is then ``fits[3]``, and of the unit before ``fits[4]``;
        ``PERHAPS`` if one holds the second unit; else ``NOTHING``.
    """
    patterns, rules, fits = sought.patterns, sought.rules, sought.fits
    loudest = 0.0
    for at in range(len(unit.even)):
        loudest = max(loudest, unit.even[at] * unit.even[at] + unit.odd[at] * unit.odd[at])
    if loudest * (4.0 / (UNIT * UNIT)) < 0.5 * rules.rough * unit.total:
        return NOTHING
    one = _best_of(unit, sought, (FIRST, rules.singles), fits[3], fits[4])
    two = _best_of(unit, sought, (rules.singles, rules.plain), fits[5], fits[6])
    if one > 0:
        pattern = patterns[fits[3].pattern]
        share = seen(off(*turned(fits[3], fits[4], pattern, FIRST)), pattern.tones)
        if two <= 0 or fits[3].power >= _ENOUGH * fits[5].power * share:
            return GOES_ON
    if two > 0 and abs(one) < _ENOUGH * fits[5].power:
        keep(fits[5], fits[3])
        keep(fits[6], fits[4])
        return GOES_ON
    return NOTHING if one == 0 and two == 0 else PERHAPS
