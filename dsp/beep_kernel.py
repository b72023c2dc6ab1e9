"""A single pure tone between two silences, row by row.

A sine is known by its autocorrelation: of the products of a unit with itself, one and two samples
later, follows what its frequency would be and how much of the power it would be (Pisarenko). Only
where that is nearly all, the unit is taken at that frequency, in two halves: what one turns more
than the other is how far the frequency is off, and both are to be as loud.
"""

from __future__ import annotations

import math
from typing import Any, TypeAlias

import numpy as np
from numba import njit
from numpy.typing import NDArray

from dsp.bank import Floats32
from dsp.framing import UNIT
from dsp.types import RATE, Rows, Samples

Record: TypeAlias = Any
Work: TypeAlias = tuple[Floats32, Floats32, Floats32]

kernel = njit(nogil=True, cache=True, error_model="numpy")
# sums of products may be added up in any order: where they are of one kind of array alone, as of
# room to reckon in, it is the same one for all rows and units
sums = njit(nogil=True, cache=True, error_model="numpy", fastmath=True)

PIECES = 4
_PIECE = UNIT // PIECES
_HALF = UNIT // 2
_NEAR = 2 * math.pi * 8 / RATE
"""Turn in a sample of 8 Hz: a half that is transformed so far off loses 0.1 dB."""

STATE = np.dtype(
    [
        ("units", np.int64),
        ("before", np.float64, (2,)),
        ("pieces", np.float64, (PIECES,)),
        ("talk", np.float64),
        ("phase", np.int8),
        ("age", np.int64),
        ("hz", np.float64),
        ("power", np.float64),
        ("purity", np.float64),
        ("start", np.float64),
        ("end", np.float64),
        ("calm", np.bool_),
        ("after", np.float64),
        ("waited", np.int64),
        ("pure", np.int64),
        ("last_hz", np.float64),
        ("last_end", np.float64),
    ]
)
"""What is known of a row.

``before`` are the mean squares of the last two units, ``pieces`` those of the last one's pieces;
``talk`` counts units of other sound, and forgets them. Of the tone: its ``age`` in units, sums of
``hz``, ``power`` and ``purity`` over them, and whether it was ``calm`` before it. ``after`` is the
sum of the mean squares of the ``waited`` units after it, ``pure`` counts those of them that were a
tone again. ``last_hz`` and ``last_end`` are of the last tone before.
"""

IDLE, SOUNDING, OVER = 0, 1, 2

RULES = np.dtype(
    [
        ("floor", np.float64),
        ("rough", np.float64),
        ("purity", np.float64),
        ("mean_purity", np.float64),
        ("hz", np.float64, (2,)),
        ("off", np.float64),
        ("slope", np.float64),
        ("swing", np.float64),
        ("calm", np.float64),
        ("least", np.float64),
        ("most", np.float64),
        ("low_hz", np.float64),
        ("low_least", np.float64),
        ("wait", np.int64),
        ("progress", np.float64, (2,)),
        ("progress_most", np.float64),
        ("progress_wait", np.int64),
        ("talk", np.float64),
        ("again", np.float64),
        ("stops", np.float64, (4, 4)),
    ]
)
"""What a beep has to be like.

Powers are mean squares, or ratios of them; times are in samples, waits in units. ``stops`` are
tones that are never one: least and greatest Hz, least and greatest length.
"""


@kernel
def _load(sound: Samples, at: int, room: Floats32) -> None:
    for j in range(UNIT):
        room[j] = sound[at + j]


@sums
def _products(room: Floats32, out: Floats32) -> None:
    """Sums of products of a unit with itself, and with itself one and two samples later."""
    none = one = two = np.float32(0)
    for j in range(np.uint64(UNIT - 2)):
        x = room[j + np.uint64(1)]
        none += x * x
        one += x * (room[j] + room[j + np.uint64(2)])
        two += room[j] * room[j + np.uint64(2)]
    out[0], out[1], out[2] = none, np.float32(0.5) * one, two


@kernel
def _turn(products: Floats32, rough: float) -> float:
    """What the only sine of a unit turns in a sample, or −1 where there is none such."""
    none, one, two = float(products[0]), float(products[1]), float(products[2])
    root = math.sqrt(two * two + 8 * one * one)
    if root == 0.0 or (two >= 0 and one == 0.0):
        return -1.0
    cosine = (two + root) / (4 * one) if two > 0 else 2 * one / (root - two)
    if abs(cosine) >= 1.0:
        return -1.0
    power = one / cosine if abs(cosine) > 0.5 else two / (2 * cosine * cosine - 1)
    return math.acos(cosine) if power >= rough * none else -1.0


@kernel
def _halves(room: Floats32, turn: float, out: Floats32) -> None:
    """Transform both halves of a unit at a frequency, each about its first sample."""
    step_real, step_imag = math.cos(turn), -math.sin(turn)
    real, imag = 1.0, 0.0
    cosine = sine = later_cosine = later_sine = 0.0
    for j in range(_HALF):
        x, y = float(room[j]), float(room[_HALF + j])
        cosine += x * real
        sine += x * imag
        later_cosine += y * real
        later_sine += y * imag
        real, imag = real * step_real - imag * step_imag, real * step_imag + imag * step_real
    out[0], out[1], out[2], out[3] = cosine, sine, later_cosine, later_sine


@kernel
def _more(turn: float, halves: Floats32) -> float:
    """What the sine in a unit's halves turns in a sample more than they were transformed at."""
    real = halves[2] * halves[0] + halves[3] * halves[1]
    imag = halves[3] * halves[0] - halves[2] * halves[1]
    more = math.atan2(imag, real) - turn * _HALF
    return (more - 2 * math.pi * round(more / (2 * math.pi))) / _HALF


@kernel
def _sine(room: Floats32, turn: float, halves: Floats32, slope: float) -> tuple[float, float]:
    """Frequency in Hz and mean square of the steady sine that a unit is; 0 where it is none."""
    for _ in range(2):
        _halves(room, turn, halves)
        first, second = math.hypot(halves[0], halves[1]), math.hypot(halves[2], halves[3])
        if first > slope * second or second > slope * first:
            return 0.0, 0.0
        more = _more(turn, halves)
        turn += more
        if abs(more) < _NEAR:
            break
    peak = (first + second) / _HALF
    return turn * RATE / (2 * math.pi), peak * peak / 2


@kernel
def _is_even(pieces: NDArray[np.float64]) -> bool:
    """Whether a unit is as loud all along, so that it may be a part of a tone."""
    most = max(pieces[0], pieces[1], pieces[2], pieces[3])
    return bool(min(pieces[0], pieces[1], pieces[2], pieces[3]) > 0.4 * most)


@kernel
def _goes_on(s: Record, hz: float, power: float, rules: Record) -> bool:
    """Whether a sine is the one that sounds: as high, and as loud."""
    if abs(hz * s.age - s.hz) > rules.off * s.age:
        return False
    swing = rules.swing
    return bool(power * s.age <= swing * s.power and s.power <= swing * power * s.age)


@kernel
def _part(pieces: NDArray[np.float64], first: int, step: int, power: float) -> float:
    """How many of a unit's pieces a tone has, from one end of the unit on."""
    count, at = 0.0, first
    for _ in range(PIECES):
        share = pieces[at] / power
        if share < 0.75:
            return count + (share if share > 0.25 else 0.0)
        count, at = count + 1.0, at + step
    return count


@kernel
def _begin(s: Record, hz: float, power: float, purity: float, rules: Record) -> None:
    s.phase, s.age = SOUNDING, 1
    s.hz, s.power, s.purity = hz, power, purity
    s.start = s.units * UNIT - _PIECE * _part(s.pieces, PIECES - 1, -1, power)
    s.calm = s.before[0] < rules.calm * power


@kernel
def _is_stopped(hz: float, length: float, rules: Record) -> bool:
    for i in range(len(rules.stops)):
        low, high, least, most = rules.stops[i]
        if low <= hz <= high and least <= length <= most:
            return True
    return False


@kernel
def _finish(s: Record, pieces: NDArray[np.float64], rules: Record) -> None:
    """Judge the tone that has just ended; wait for what comes after it, or forget it."""
    s.hz, s.power, s.purity = s.hz / s.age, s.power / s.age, s.purity / s.age
    s.end = s.units * UNIT + _PIECE * _part(pieces, 0, 1, s.power)
    length, gap = s.end - s.start, s.start - s.last_end
    same = abs(s.hz - s.last_hz) < 2 * rules.off
    s.phase = IDLE
    if s.age < 2:
        return
    known = s.last_end > 0 and (gap < rules.wait * UNIT or (same and gap < rules.again))
    s.last_hz, s.last_end = s.hz, s.end
    if known or not s.calm or s.purity < rules.mean_purity or s.age < 3:
        return
    least = rules.least if s.hz > rules.low_hz else rules.low_least
    if not least <= length <= rules.most or _is_stopped(s.hz, length, rules):
        return
    if rules.progress[0] <= s.hz <= rules.progress[1] and (
        length > rules.progress_most or s.talk < rules.talk
    ):
        return
    s.phase, s.after, s.waited, s.pure = OVER, 0, -1, 0


@kernel
def _wait(s: Record, tone: bool, power: float, rules: Record) -> bool:
    """Hear what comes after a tone; return whether it was a beep."""
    s.waited += 1
    if s.waited == 0:
        return False
    s.after += power
    s.pure += tone
    needed = rules.wait
    if rules.progress[0] <= s.hz <= rules.progress[1]:
        needed = rules.progress_wait
    if s.pure >= 2:
        s.phase = IDLE
    elif s.waited >= needed:
        s.phase = IDLE
        return bool(s.after < rules.calm * s.power * s.waited)
    return False


@kernel
def _hear(
    s: Record, heard: tuple[Samples, int], pieces: NDArray[np.float64], rules: Record, work: Work
) -> bool:
    """Take in a unit; return whether a beep is known from it."""
    (sound, at), (room, products, halves) = heard, work
    power = 0.25 * (pieces[0] + pieces[1] + pieces[2] + pieces[3])
    hz = sine = 0.0
    if power > rules.floor and _is_even(pieces):
        _load(sound, at, room)
        _products(room, products)
        turn = _turn(products, rules.rough)
        if turn > 0:
            hz, sine = _sine(room, turn, halves, rules.slope)
    tone = sine > rules.purity * power and rules.hz[0] <= hz <= rules.hz[1]
    if s.phase == SOUNDING:
        if tone and _goes_on(s, hz, sine, rules):
            s.age += 1
            s.hz += hz
            s.power += sine
            s.purity += sine / power
        else:
            _finish(s, pieces, rules)
    told = s.phase == OVER and _wait(s, tone, power, rules)
    if s.phase == IDLE and tone and not told:
        _begin(s, hz, sine, sine / power, rules)
    s.talk *= 1 - 1 / 250
    s.talk += power > rules.floor and not tone
    s.before[0], s.before[1] = s.before[1], power
    for j in range(PIECES):
        s.pieces[j] = pieces[j]
    s.units += 1
    return told


@kernel
def decide(
    heard: tuple[Samples, Floats32],
    rows: Rows,
    state: NDArray[np.void],
    rules: Record,
    out: tuple[Work, NDArray[np.void]],
) -> int:
    """Hear units of rows; write the beeps that are known from them and return how many.

    Parameters
    ----------
    heard
        ``(n, units * UNIT)`` int16, and ``(n, units * 4)``: mean squares of its pieces.
    rows
        ``(n,)``: whose they are.
    state
        ``(calls,)`` of :data:`STATE`.
    rules
        A record of :data:`RULES`.
    out
        Room to reckon in, float32 for a unit, for three products, and for two halves; and room for
        an event a unit.
    """
    (sound, powers), (work, events) = heard, out
    pieces = np.empty(PIECES, dtype=np.float64)
    count = 0
    for i in range(len(rows)):
        s = state[rows[i]]
        for unit in range(powers.shape[1] // PIECES):
            for j in range(PIECES):
                pieces[j] = powers[i, unit * PIECES + j]
            if _hear(s, (sound[i], unit * UNIT), pieces, rules, work):
                event = events[count]
                event.row, event.unit, event.what = rows[i], unit, round(s.hz)
                event.start, event.end, event.power = s.start, s.end, s.power
                count += 1
    return count
