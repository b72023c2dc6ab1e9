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
from numba import njit
from numpy.typing import NDArray

from dsp.bank import Floats32, Floats64
from dsp.framing import UNIT
from dsp.types import RATE

Record: TypeAlias = Any

kernel = njit(nogil=True, cache=True, error_model="numpy")

TONES = 3
SPAN = 3
"""Units that a pattern may need to be told from another."""

PATTERN = np.dtype(
    [
        ("tones", np.int32),
        ("columns", np.int32, (TONES,)),
        ("hz", np.float64, (TONES,)),
        ("range", np.float64, (TONES,)),
        ("turn", np.float64, (TONES, 2)),
        ("inverse", np.float64, (2, TONES, TONES)),
        ("beat", np.float64),
        ("span", np.int32),
        ("wait", np.int32),
    ]
)
"""Tones: their places in the bank, Hz, how far off they are looked for, what they turn in a unit
(cosine and sine), and the inverses of the Gram matrices of their cosines and of their sines about
the middle of ``span`` units; of a modulated one, by how many Hz it is; ``wait`` is how many units
after its beginning it is told, since it may be the beginning of a modulated one."""

FIT = np.dtype(
    [
        ("pattern", np.int32),
        ("tones", np.float64, (TONES, 2)),
        ("power", np.float64),
        ("size", np.float64),
    ]
)
"""A pattern fitted to a unit: amplitudes of its tones' cosines and sines, mean square of the fit,
and its square root."""

RULES = np.dtype(
    [
        ("singles", np.int32),
        ("plain", np.int32),
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
    total
        Its mean square.
    last, before
        ``(2, columns)``: transforms of the unit before it and of the one before that.
    """

    even: Floats64
    odd: Floats64
    pieces: Floats32
    total: float
    last: Floats32
    before: Floats32


class Sought(NamedTuple):
    """What is looked for: patterns, rules, and fits to work with."""

    patterns: NDArray[np.void]
    rules: Record
    fits: NDArray[np.void]


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
def fit_over(unit: Unit, pattern: Record, number: int, fit: Record) -> None:
    """Fit a modulated pattern to the last units, as many as it spans."""
    sums = np.zeros((TONES, 2))
    for tone in range(pattern.tones):
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
    first, second = _power(fit, 0), _power(fit, 1)
    if pattern.tones == 2:
        return bool(first <= twist * second and second <= twist * first)
    third = _power(fit, 2)
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
def _goes_on(total: float, last: float, sought: Sought, tones: NDArray[np.float64]) -> bool:
    """Whether ``fits[1]`` goes on from ``fits[2]``, of the unit before; what its tones turn."""
    new, old, rules = sought.fits[1], sought.fits[2], sought.rules
    pattern = sought.patterns[new.pattern]
    if old.power < rules.rough * last or not balanced(old, pattern, rules.twist):
        return False
    for tone in range(pattern.tones):
        cos, sin = turned(new, old, pattern, tone)
        tones[tone, 0], tones[tone, 1] = cos, sin
        if abs(off(cos, sin)) > pattern.range[tone]:
            return False
    hz = off(tones[0, 0], tones[0, 1])
    return bool(new.power >= rules.purity * total * seen(hz, pattern.tones))


@kernel
def _best_of(unit: Unit, last: float, sought: Sought, whose: tuple[int, int], to: int) -> float:
    """Find the best of some patterns; it is then ``fits[to]``, and of the unit before the next.

    Returns the most of the unit's power that any holds, below 0 where none goes on.
    """
    patterns, rules, fits = sought
    least = rules.rough * unit.total
    turns = np.zeros((TONES, 2))
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
        if _goes_on(unit.total, last, sought, turns):
            found, least = True, fits[1].power
            fits[to] = fits[1]
            fits[to + 1] = fits[2]
    return held if found else -held


NOTHING, PERHAPS, GOES_ON = 0, 1, 2


@kernel
def best(unit: Unit, last: float, sought: Sought) -> int:
    """Find the pattern that holds most of two units and goes on in them.

    Two tones are only it where one is not enough: any two to both sides of a tone hold it too.

    Parameters
    ----------
    unit
        The second of them.
    last
        Mean square of the first.
    sought
        Patterns, rules, and room for seven fits.

    Returns
    -------
    int
        ``GOES_ON`` if there is one, which is then ``fits[3]``, and of the unit before ``fits[4]``;
        ``PERHAPS`` if one holds the second unit; else ``NOTHING``.
    """
    patterns, rules, fits = sought
    loudest = 0.0
    for at in range(len(unit.even)):
        loudest = max(loudest, unit.even[at] * unit.even[at] + unit.odd[at] * unit.odd[at])
    if loudest * (4.0 / (UNIT * UNIT)) < 0.5 * rules.rough * unit.total:
        return NOTHING
    one = _best_of(unit, last, sought, (0, rules.singles), 3)
    two = _best_of(unit, last, sought, (rules.singles, rules.plain), 5)
    if one > 0:
        cos, sin = turned(fits[3], fits[4], patterns[fits[3].pattern], 0)
        if two <= 0 or fits[3].power >= _ENOUGH * fits[5].power * seen(off(cos, sin), 1):
            return GOES_ON
    if two > 0 and abs(one) < _ENOUGH * fits[5].power:
        fits[3] = fits[5]
        fits[4] = fits[6]
        return GOES_ON
    return NOTHING if one == 0 and two == 0 else PERHAPS
