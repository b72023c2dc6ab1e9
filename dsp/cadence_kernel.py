"""What the steady tones of a row and the silences between them are: dial tone, busy, ringback.

Every cadence is followed on every row by itself: it is idle until its first interval begins, then
each interval that fits brings it a step further and the first that does not makes it idle again.
When one has come as far as it is to be told it is ready, and it is told once none that began no
later and means something else may still come as far: so a quick busy tone waits for a congestion
tone that begins with the same bursts, and a dial tone for a long ringback. Then it alone is
followed, with those that mean the same; so what is reported of a row at one time is one tone.
"""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np
from numba import njit
from numpy.typing import NDArray

from dsp.framing import UNIT
from dsp.plan import ANY, MAX_INTERVALS
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
        ("beat", np.float64, (MAX_INTERVALS,)),
        ("level", np.float64, (MAX_INTERVALS,)),
        ("least", np.float64, (MAX_INTERVALS,)),
        ("most", np.float64, (MAX_INTERVALS,)),
        ("free", np.int8, (MAX_INTERVALS,)),
        ("levelled", np.bool_),
        ("once", np.bool_),
        ("continuous", np.bool_),
        ("told", np.int32),
        ("meaning", np.int32),
        ("quiet", np.float64),
        ("modulated", np.int32),
        ("reversals", np.int32),
    ]
)
"""A cadence: times in samples, ``free`` where only the first round is free in them; ``tones`` 0
where it is silent and :data:`ANY_TONE` where it is any; ``level`` as a power beside the first, and
whether there is one that differs; what two are equal in that mean the same; and for the last two 0
or 1 as they are to be, −1 where it does not matter. ``quiet`` is silence before and after it."""

ANY_TONE = 9

MATCH = np.dtype(
    [
        ("active", np.bool_),
        ("sounding", np.bool_),
        ("ready", np.bool_),
        ("told", np.bool_),
        ("faint", np.bool_),
        ("step", np.int32),
        ("start", np.float64),
        ("end", np.float64),
        ("energy", np.float64),
        ("length", np.float64),
        ("first", np.float64),
        ("hz", np.float64, (2,)),
        ("beat", np.float64),
        ("times", np.float64, (MAX_INTERVALS,)),
    ]
)
"""How far a cadence has come on a row: intervals that have fitted, from where to where, and the
energy and length of its sounds; ``ready`` when that is far enough to be told; ``faint`` while there
is a tone in its silence that is too soft to break it, as its own echo. Of its first burst the
power, frequencies and modulation, and of its first round the times."""

ROW = np.dtype(
    [
        ("units", np.int64),
        ("telling", np.int32),
        ("active", np.bool_),
        ("ready", np.bool_),
        ("other", np.float64),
        ("loud", np.float64),
    ]
)
"""Units heard, which cadence is being told, −1 for none, whether any is followed, and whether one
is ready; when a tone or other sound was last over, and its power."""

_ROUGH = 5.0
"""Hz by which a tone that has just begun may be read wrongly, since it began within a unit."""

_JOINED = 320.0
"""Samples of silence between tones that follow each other without one (E.180: 30 ms)."""

_ANSWER = 0.25
"""Power of the sound in a silence that breaks it, beside that of the bursts: more than a noisy
line's noise, less than a voice."""

_MODULATION = 0.24
"""Least 15 Hz part of a modulated tone's power; V.8's fifth in amplitude is 0.39 of it."""


_LEVELLED, _ALIKE = 2.5, 4.0
"""How much the power of a burst may be off from what its cadence says, where it has levels and
where it has none."""

_SAME_TIME, _SAME_HZ = (0.10, 96.0), (0.015, 1.0)
"""How far a round may be off from the first where a cadence leaves the first one free."""

_SAME_BEAT = 4.0


@kernel
def _same_tone(match: Record, heard: Record, wide: float) -> bool:
    """Whether a tone is the one of a cadence's first burst, or may be one itself."""
    if match.hz[0] == 0:
        return bool(ANY[0] <= heard.hz[0] <= ANY[1])
    if abs(heard.beat - match.beat) > _SAME_BEAT or (heard.hz[1] > 0) != (match.hz[1] > 0):
        return False
    for tone in range(2):
        if abs(heard.hz[tone] - match.hz[tone]) > _SAME_HZ[0] * match.hz[tone] + _SAME_HZ[1] + wide:
            return False
    return True


@kernel
def _fits(cadence: Record, match: Record, heard: Record, wide: float) -> bool:
    """Whether a tone is that of the interval that a cadence has come to."""
    step = match.step % cadence.intervals
    tones = cadence.tones[step]
    if tones == ANY_TONE:
        return _same_tone(match, heard, wide)
    if tones != 1 + (heard.hz[1] > 0) or abs(heard.beat - cadence.beat[step]) > _SAME_BEAT:
        return False
    for tone in range(tones):
        if abs(heard.hz[tone] - cadence.hz[step, tone]) > cadence.off[step, tone] + wide:
            return False
    return True


@kernel
def _most(cadence: Record, match: Record, step: int) -> float:
    """Samples that an interval may last."""
    most = cadence.most[step]
    if match.times[step] > 0:
        most = min(most, (1 + _SAME_TIME[0]) * match.times[step] + _SAME_TIME[1])
    return float(most)


@kernel
def _in_time(cadence: Record, match: Record, length: float) -> bool:
    """Whether an interval that is over has lasted as long as it is to; keep the first round's."""
    step = match.step % cadence.intervals
    least = cadence.least[step]
    if match.times[step] > 0:
        least = max(least, (1 - _SAME_TIME[0]) * match.times[step] - _SAME_TIME[1])
    if not least <= length <= _most(cadence, match, step):
        return False
    if cadence.free[step] and match.times[step] == 0:
        match.times[step] = length
    return True


@kernel
def _is_loud(cadence: Record, match: Record, heard: Record) -> bool:
    """Whether a burst is as loud beside the cadence's first as it is to be."""
    if cadence.once or match.first == 0:
        return True
    ratio = heard.power / (match.first * cadence.level[match.step % cadence.intervals])
    limit = _LEVELLED if cadence.levelled else _ALIKE
    return bool(1 / limit <= ratio <= limit)


@kernel
def _is_last(cadence: Record, match: Record) -> bool:
    """Whether a cadence has come to the tone that goes on."""
    return bool(cadence.continuous and match.step == cadence.intervals - 1)


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
        heir = matches[other]
        if heir.active and cadences[other].meaning == cadences[which].meaning:
            # what has been told goes on, from where it began
            heir.start, heir.told = match.start, True
            heir.end = max(heir.end, match.end)
            if heir.length == 0:
                heir.energy, heir.length = match.energy, match.length
            r.telling = other
            return
    _write(row, which, match, match.end, out)


@kernel
def _ready(which: int, scene: Any) -> None:
    """Have a cadence told that has come so far, or go on being told if it means what is told."""
    r, matches, _ = scene
    matches[which].ready = r.ready = True
    matches[which].told = matches[which].told or r.telling >= 0


@kernel
def _is_before(one: int, other: int, matches: Any, cadences: Any) -> bool:
    """Whether of two that are ready one began first, or with it and has an end."""
    if other < 0 or matches[one].start != matches[other].start:
        return other < 0 or matches[one].start < matches[other].start
    return bool(cadences[other].continuous and not cadences[one].continuous)


@kernel
def _settle(row: int, scene: Any, out: Any) -> None:
    """Tell the cadence that is ready and began first, if it cannot turn out to be another."""
    r, matches, cadences = scene
    if r.telling >= 0 or not r.ready:
        return
    which = -1
    for other in range(len(cadences)):
        match = matches[other]
        if match.active and match.ready and _is_before(other, which, matches, cadences):
            which = other
    r.ready = which >= 0
    if which < 0:
        return
    if r.units * UNIT - matches[which].end < cadences[which].quiet:
        return
    meaning, start = cadences[which].meaning, matches[which].start
    for other in range(len(cadences)):
        match = matches[other]
        if (
            match.active
            and not match.ready
            and match.start <= start
            and cadences[other].meaning != meaning
        ):
            return
    r.telling = which
    for other in range(len(cadences)):
        if cadences[other].meaning != meaning:
            matches[other].active = False
        elif matches[other].ready:
            matches[other].told = True
    _write(row, which, matches[which], -1.0, out)


@kernel
def _start(heard: Record, scene: Any) -> None:
    """Follow every cadence that may begin with a tone."""
    r, matches, cadences = scene
    before = heard.start - r.other if r.loud > _ANSWER * heard.power else np.inf
    for which in range(len(cadences)):
        match = matches[which]
        if match.active or before < cadences[which].quiet:
            continue
        match.step = 0
        match.hz[0] = match.hz[1] = match.first = 0.0
        if _fits(cadences[which], match, heard, _ROUGH):
            match.active = match.sounding = True
            match.ready = match.told = match.faint = False
            match.start = match.end = heard.start
            match.energy = match.length = 0.0
            for step in range(cadences[which].intervals):
                match.times[step] = 0.0


@kernel
def _on_begun(row: int, heard: Record, scene: Any, out: Any) -> None:
    r, matches, cadences = scene
    for which in range(len(cadences)):
        match, cadence = matches[which], cadences[which]
        if not match.active:
            continue
        step = match.step % cadence.intervals
        gap = heard.start - match.end
        fits = gap <= _JOINED
        if cadence.tones[step] == 0:
            following = cadence.level[(step + 1) % cadence.intervals]
            if heard.power <= _ANSWER * following * match.energy / match.length:
                match.faint = True
                continue
            fits = _in_time(cadence, match, gap)
            match.step += 1
        match.sounding = fits and _fits(cadence, match, heard, _ROUGH)
        if not match.sounding:
            _fail(row, which, scene, out)
    if r.telling < 0:
        _start(heard, scene)


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
        if length > _most(cadence, match, step):
            _fail(row, which, scene, out)
        elif _is_last(cadence, match) and not match.ready and length >= cadence.least[step]:
            _judge(which, heard, scene)
    if telling >= 0 and r.telling < 0:
        # it is no burst of what was told, but may be the beginning of something else
        _start(heard, scene)


@kernel
def _judge(which: int, heard: Record, scene: Any) -> None:
    """Have a tone told that has gone on for long enough, or follow it no further."""
    _, matches, cadences = scene
    match, cadence = matches[which], cadences[which]
    match.active = _is_like(cadence, heard) and _fits(cadence, match, heard, 0.0)
    if match.active:
        match.energy, match.length = heard.power, 1.0
        _ready(which, scene)


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
        elif not _is_last(cadence, match):
            _burst(row, which, heard, scene, out)
        elif not match.ready and length >= cadence.least[match.step]:
            _judge(which, heard, scene)
    _settle(row, scene, out)
    for which in range(len(cadences)):
        match = matches[which]
        if match.active and match.sounding and _is_last(cadences[which], match):
            match.end = heard.end
            if match.told:
                match.energy, match.length = heard.power, 1.0
            _fail(row, which, scene, out)


@kernel
def _burst(row: int, which: int, heard: Record, scene: Any, out: Any) -> None:
    """Take a burst that is over as an interval of a cadence."""
    _, matches, cadences = scene
    match, cadence = matches[which], cadences[which]
    length = heard.end - heard.start
    fits = _fits(cadence, match, heard, 0.0) and _is_loud(cadence, match, heard)
    if not (fits and _in_time(cadence, match, length)):
        _fail(row, which, scene, out)
        return
    if match.step == 0:
        match.first, match.beat = heard.power, heard.beat
        match.hz[0], match.hz[1] = heard.hz[0], heard.hz[1]
    match.sounding = False
    match.step += 1
    match.end = heard.end
    match.energy += heard.power * length
    match.length += length
    if cadence.once and match.step == cadence.intervals:
        _complete(row, which, scene, out)
    elif match.step >= cadence.told:
        _ready(which, scene)


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
        most = _most(cadence, match, step) if cadence.tones[step] == 0 else _JOINED
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
    if one.what in (ENDED, OTHER):
        scene[0].other, scene[0].loud = one.end, one.power
    _settle(row, scene, out)
    scene[0].active = True


@kernel
def decide(
    heard: tuple[NDArray[np.void], int, int],
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
        how many units there were, and after how many it is known what was not heard.
    rows
        ``(n,)``: whose units they are.
    state
        ``(calls,)`` of :data:`ROW` and ``(calls, cadences)`` of :data:`MATCH`.
    cadences
        Of :data:`CADENCE`.
    events
        Room for ``6 n units`` of :data:`~dsp.event.EVENT`.
    """
    happened, units, gap = heard
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
                _on_silence(row, float((r.units - gap) * UNIT), 0.0, scene, out)
                _settle(row, scene, out)
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
