"""What the steady tones of a row and the silences between them are: dial tone, busy, ringback.

Every cadence is followed on every row by itself: it is idle until its first interval begins, then
each interval that fits brings it a step further and the first that does not makes it idle again.
When one has come as far as it is to be told, it alone is followed, with those that mean the same;
so what is reported of a row at one time is one tone.
"""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np
from numba import njit
from numpy.typing import NDArray

from dsp.framing import UNIT
from dsp.plan import MAX_INTERVALS
from dsp.steady_kernel import BEGUN, ENDED, OTHER, SOUNDING
from dsp.types import Rows

Record: TypeAlias = Any

kernel = njit(nogil=True, cache=True, error_model="numpy")

CADENCE = np.dtype(
    [
        ("intervals", np.int32),
        ("tones", np.int32, (MAX_INTERVALS,)),
        ("hz", np.float64, (MAX_INTERVALS, 2)),
        ("off", np.float64, (MAX_INTERVALS, 2)),
        ("least", np.float64, (MAX_INTERVALS,)),
        ("most", np.float64, (MAX_INTERVALS,)),
        ("once", np.bool_),
        ("continuous", np.bool_),
        ("told", np.int32),
        ("meaning", np.int32),
        ("modulated", np.int32),
        ("reversals", np.int32),
    ]
)
"""A cadence: times in samples, ``tones`` 0 where it is silent; what two are equal in that mean the
same; and for the last two 0 or 1 as they are to be, −1 where it does not matter."""

MATCH = np.dtype(
    [
        ("active", np.bool_),
        ("sounding", np.bool_),
        ("told", np.bool_),
        ("faint", np.bool_),
        ("step", np.int32),
        ("start", np.float64),
        ("end", np.float64),
        ("energy", np.float64),
        ("length", np.float64),
    ]
)
"""How far a cadence has come on a row: intervals that have fitted, from where to where, and the
energy and length of its sounds; ``faint`` while there is a tone in its silence that is too soft to
break it, as its own echo."""

ROW = np.dtype([("units", np.int64), ("telling", np.int32), ("active", np.bool_)])
"""Units heard, which cadence is being told, −1 for none, and whether any is followed."""

_ROUGH = 5.0
"""Hz by which a tone that has just begun may be read wrongly, since it began within a unit."""

_JOINED = 320.0
"""Samples of silence between tones that follow each other without one (E.180: 30 ms)."""

_LATE = 3 * UNIT
"""Samples after which it is known what was not heard."""

_ANSWER = 0.25
"""Power of the sound in a silence that breaks it, beside that of the bursts: more than a noisy
line's noise, less than a voice."""

_MODULATION = 0.24
"""Least 15 Hz part of a modulated tone's power; V.8's fifth in amplitude is 0.39 of it."""


@kernel
def _fits(cadence: Record, step: int, heard: Record, wide: float) -> bool:
    tones = cadence.tones[step]
    if tones != 1 + (heard.hz[1] > 0):
        return False
    for tone in range(tones):
        if abs(heard.hz[tone] - cadence.hz[step, tone]) > cadence.off[step, tone] + wide:
            return False
    return True


@kernel
def _is_like(cadence: Record, heard: Record) -> bool:
    """Whether a tone is modulated and reversed as the cadence is to be."""
    modulated, reversals = heard.modulation >= _MODULATION, heard.reversals > 0
    return bool(
        (cadence.modulated < 0 or cadence.modulated == modulated)
        and (cadence.reversals < 0 or cadence.reversals == reversals)
    )


@kernel
def _write(row: int, which: int, match: Record, end: float, out: Any) -> None:
    """Write an event; its unit is filled in when the unit is over."""
    events, counts = out
    event = events[counts[0]]
    counts[0] += 1
    event.row, event.what = row, which
    event.start, event.end = match.start, end
    event.power = match.energy / match.length


@kernel
def _fail(row: int, which: int, scene: Any, out: Any) -> None:
    """Follow a cadence no further; if it was being told, it is over unless another goes on."""
    r, matches, cadences = scene
    match = matches[which]
    match.active = False
    if r.telling != which:
        return
    r.telling = -1
    for other in range(len(cadences)):
        if matches[other].active and matches[other].told:
            # what has been told goes on, from where it began
            matches[other].start = match.start
            r.telling = other
            return
    _write(row, which, match, match.end, out)


@kernel
def _tell(row: int, which: int, scene: Any, out: Any) -> None:
    """Tell a cadence that has come so far, and follow no other that means something else."""
    r, matches, cadences = scene
    matches[which].told = True
    if r.telling >= 0:
        return
    r.telling = which
    for other in range(len(cadences)):
        if cadences[other].meaning != cadences[which].meaning:
            matches[other].active = False
    _write(row, which, matches[which], -1.0, out)


@kernel
def _start(heard: Record, matches: Any, cadences: Any) -> None:
    """Follow every cadence that may begin with a tone."""
    for which in range(len(cadences)):
        match = matches[which]
        if not match.active and _fits(cadences[which], 0, heard, _ROUGH):
            match.active = match.sounding = True
            match.told = match.faint = False
            match.step = 0
            match.start = match.end = heard.start
            match.energy = match.length = 0.0


@kernel
def _on_begun(row: int, heard: Record, scene: Any, out: Any) -> None:
    r, matches, cadences = scene
    for which in range(len(cadences)):
        match, cadence = matches[which], cadences[which]
        if not match.active:
            continue
        step = match.step % cadence.intervals
        if cadence.tones[step] == 0 and heard.power <= _ANSWER * match.energy / match.length:
            match.faint = True
            continue
        gap = heard.start - match.end
        fits = gap <= _JOINED
        if cadence.tones[step] == 0:
            fits = cadence.least[step] <= gap <= cadence.most[step]
            match.step += 1
            step = match.step % cadence.intervals
        match.sounding = fits and _fits(cadence, step, heard, _ROUGH)
        if not match.sounding:
            _fail(row, which, scene, out)
    if r.telling < 0:
        _start(heard, matches, cadences)


@kernel
def _on_sounding(row: int, heard: Record, scene: Any, out: Any) -> None:
    r, matches, cadences = scene
    length = heard.end - heard.start
    telling = r.telling
    for which in range(len(cadences)):
        match, cadence = matches[which], cadences[which]
        if not match.active or match.faint:
            continue
        step = match.step % cadence.intervals
        if length > cadence.most[step]:
            _fail(row, which, scene, out)
        elif cadence.continuous and not match.told and length >= cadence.least[step]:
            _judge(row, which, heard, scene, out)
    if telling >= 0 and r.telling < 0:
        # it is no burst of what was told, but may be the beginning of something else
        _start(heard, matches, cadences)


@kernel
def _judge(row: int, which: int, heard: Record, scene: Any, out: Any) -> None:
    """Tell a continuous tone that has sounded long enough, or follow it no further."""
    _, matches, cadences = scene
    match, cadence = matches[which], cadences[which]
    match.active = _is_like(cadence, heard) and _fits(cadence, 0, heard, 0.0)
    if match.active:
        match.energy, match.length = heard.power, 1.0
        _tell(row, which, scene, out)


@kernel
def _on_ended(row: int, heard: Record, scene: Any, out: Any) -> None:
    _, matches, cadences = scene
    length = heard.end - heard.start
    for which in range(len(cadences)):
        match, cadence = matches[which], cadences[which]
        if not match.active:
            continue
        if match.faint:
            match.faint = False
            continue
        step = match.step % cadence.intervals
        if cadence.continuous and not match.told and length >= cadence.least[step]:
            _judge(row, which, heard, scene, out)
        if cadence.continuous and match.told:
            match.end = heard.end
            match.energy, match.length = heard.power, 1.0
            _fail(row, which, scene, out)
            continue
        fits = cadence.least[step] <= length <= cadence.most[step]
        if cadence.continuous or not fits or not _fits(cadence, step, heard, 0.0):
            _fail(row, which, scene, out)
            continue
        match.sounding = False
        match.step += 1
        match.end = heard.end
        match.energy += heard.power * length
        match.length += length
        if cadence.once and match.step == cadence.intervals:
            _complete(row, which, scene, out)
        elif match.step >= cadence.told:
            _tell(row, which, scene, out)


@kernel
def _complete(row: int, which: int, scene: Any, out: Any) -> None:
    """Tell a cadence that is heard once and has been."""
    r, matches, cadences = scene
    r.telling = -1
    for other in range(len(cadences)):
        matches[other].active = False
    _write(row, which, matches[which], matches[which].end, out)


@kernel
def _on_silence(row: int, now: float, power: float, scene: Any, out: Any) -> None:
    """Give up what has been silent for too long, or has sound of a power in its silence."""
    r, matches, cadences = scene
    r.active = False
    for which in range(len(cadences)):
        match, cadence = matches[which], cadences[which]
        r.active = r.active or match.active
        if not match.active or match.sounding:
            continue
        step = match.step % cadence.intervals
        most = cadence.most[step] if cadence.tones[step] == 0 else _JOINED
        if now - match.end > most or power > _ANSWER * match.energy / match.length:
            _fail(row, which, scene, out)


@kernel
def _take(row: int, one: Record, scene: Any, out: Any) -> None:
    """Take something that happened."""
    if one.what == BEGUN:
        _on_begun(row, one, scene, out)
    elif one.what == SOUNDING:
        _on_sounding(row, one, scene, out)
    elif one.what == ENDED:
        _on_ended(row, one, scene, out)
    elif one.what == OTHER:
        _on_silence(row, 0.0, one.power, scene, out)
    scene[0].active = True


@kernel
def decide(
    heard: tuple[NDArray[np.void], int],
    rows: Rows,
    state: tuple[NDArray[np.void], NDArray[np.void]],
    cadences: NDArray[np.void],
    events: NDArray[np.void],
) -> int:
    """Take what units of some rows have brought; write what is known now, return how much it is.

    Parameters
    ----------
    heard
        Events of :data:`dsp.steady_kernel.EVENT`, in the order of ``rows`` and then of units, and
        how many units there were.
    rows
        ``(n,)``: whose units they are.
    state
        ``(calls,)`` of :data:`ROW` and ``(calls, cadences)`` of :data:`MATCH`.
    cadences
        Of :data:`CADENCE`.
    events
        Room for ``6 n units`` of :data:`~dsp.event.EVENT`.
    """
    happened, units = heard
    records, matches = state
    counts = np.zeros(1, np.int64)
    out = (events, counts)
    at = told = 0
    for i in range(len(rows)):
        row = rows[i]
        r = records[row]
        scene = (r, matches[row], cadences)
        for unit in range(units):
            while at < len(happened) and happened[at].row == row and happened[at].unit == unit:
                _take(row, happened[at], scene, out)
                at += 1
            r.units += 1
            if r.active:
                _on_silence(row, float(r.units * UNIT - _LATE), 0.0, scene, out)
            while told < counts[0]:
                events[told].unit = unit
                told += 1
    return int(counts[0])


@kernel
def give_up(
    rows: Rows,
    state: tuple[NDArray[np.void], NDArray[np.void]],
    cadences: NDArray[np.void],
    events: NDArray[np.void],
) -> int:
    """End what is being told on some rows, whose sound is over; return how much it is."""
    records, matches = state
    counts = np.zeros(1, np.int64)
    for i in range(len(rows)):
        r = records[rows[i]]
        if r.telling >= 0:
            match = matches[rows[i], r.telling]
            _write(rows[i], r.telling, match, match.end, (events, counts))
            r.telling = -1
    return int(counts[0])
