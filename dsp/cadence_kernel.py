"""What the steady tones of a row and the silences between them are: dial tone, busy, ringback.

Every cadence is followed on every row by itself: it is idle until its first interval begins, then
each interval that fits brings it a step further and the first that does not makes it idle again.
When one has come as far as it is to be told it is ready, and it is told once none that began no
later and means something else may still come as far: so a quick busy tone waits for a congestion
tone that begins with the same bursts, and a dial tone for a long ringback. Then it alone is
followed, with those that mean the same; so what is reported of a row at one time is one tone.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from dsp.cadence_fit_kernel import (
    Record,
    fits,
    in_time,
    is_last,
    is_like,
    is_loud,
    most,
)
from dsp.compiled import entry, kernel
from dsp.framing import UNIT
from dsp.steady_kernel import BEGUN, ENDED, OTHER, SOUNDING
from dsp.types import Rows

ROW = np.dtype(
    [
        ("units", np.int64),
        ("telling", np.int64),
        ("active", np.bool_),
        ("ready", np.bool_),
        ("other", np.float64),
        ("loud", np.float64),
    ]
)
"""Units heard, which cadence is being told, −1 for none, whether any is followed, and whether one
is ready; when a tone or other sound was last over, and its power."""

_NONE: Any = np.int64(-1)

_ROUGH = 5.0
"""Hz by which a tone that has just begun may be read wrongly, since it began within a unit."""

_JOINED = 320.0
"""Samples of silence between tones that follow each other without one (E.180: 30 ms)."""

_ANSWER = 0.25
"""Power of the sound in a silence that breaks it, beside that of the bursts: more than a noisy
line's noise, less than a voice."""


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
    which = _NONE
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
def _begin(cadence: Record, match: Record, heard: Record, wide: float) -> None:
    """Follow a cadence that may begin with a tone."""
    match.step = 0
    match.hz[0] = match.hz[1] = match.first = 0.0
    match.active = match.sounding = fits(cadence, match, heard, wide)
    match.ready = match.told = match.faint = False
    match.start = match.end = heard.start
    match.energy = match.length = 0.0
    for step in range(cadence.intervals):
        match.times[step] = 0.0


@kernel
def _start(heard: Record, scene: Any) -> None:
    """Follow every cadence that may begin with a tone."""
    r, matches, cadences = scene
    before = heard.start - r.other if r.loud > _ANSWER * heard.power else np.inf
    for which in range(len(cadences)):
        if not matches[which].active and before >= cadences[which].quiet:
            _begin(cadences[which], matches[which], heard, _ROUGH)


@kernel
def _on_begun(row: int, heard: Record, scene: Any, out: Any) -> None:
    r, matches, cadences = scene
    for which in range(len(cadences)):
        match, cadence = matches[which], cadences[which]
        if not match.active:
            continue
        step = match.step % cadence.intervals
        gap = heard.start - match.end
        fitting = gap <= _JOINED
        if cadence.tones[step] == 0:
            following = cadence.level[(step + 1) % cadence.intervals]
            if heard.power <= _ANSWER * following * match.energy / match.length:
                match.faint = True
                continue
            fitting = in_time(cadence, match, gap)
            match.step += 1
        match.sounding = fitting and fits(cadence, match, heard, _ROUGH)
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
        if length > most(cadence, match, step):
            _fail(row, which, scene, out)
        elif is_last(cadence, match) and not match.ready and length >= cadence.least[step]:
            _judge(which, heard, scene)
    if telling >= 0 and r.telling < 0:
        # it is no burst of what was told, but may be the beginning of something else
        _start(heard, scene)


@kernel
def _judge(which: int, heard: Record, scene: Any) -> None:
    """Have a tone told that has gone on for long enough, or follow it no further."""
    _, matches, cadences = scene
    match, cadence = matches[which], cadences[which]
    match.active = is_like(cadence, heard) and fits(cadence, match, heard, 0.0)
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
        elif not is_last(cadence, match):
            _burst(row, which, heard, scene, out)
        elif not match.ready and length >= cadence.least[match.step]:
            _judge(which, heard, scene)
    _settle(row, scene, out)
    for which in range(len(cadences)):
        match = matches[which]
        if match.active and match.sounding and is_last(cadences[which], match):
            match.end = heard.end
            if match.told:
                match.energy, match.length = heard.power, 1.0
            _fail(row, which, scene, out)


@kernel
def _burst(row: int, which: int, heard: Record, scene: Any, out: Any) -> None:
    """Take a burst that is over as an interval of a cadence."""
    r, matches, cadences = scene
    match, cadence = matches[which], cadences[which]
    length = heard.end - heard.start
    fitting = fits(cadence, match, heard, 0.0) and is_loud(cadence, match, heard)
    if not (fitting and in_time(cadence, match, length)):
        first = match.step == 0
        _fail(row, which, scene, out)
        if first or r.telling >= 0 or cadence.quiet > 0:
            return
        # the burst may be the cadence's first: it was joined in the middle
        _begin(cadence, match, heard, 0.0)
        match.active = match.active and in_time(cadence, match, length)
        if not match.active:
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
        longest = most(cadence, match, step) if cadence.tones[step] == 0 else _JOINED
        if now - match.end > longest or power > _ANSWER * match.energy / match.length:
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


@entry
def decide(
    heard: tuple[NDArray[np.void], int, int],
    rows: Rows,
    state: tuple[NDArray[np.void], NDArray[np.void]],
    cadences: NDArray[np.void],
    out: tuple[NDArray[np.void], NDArray[np.int64]],
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
    out
        Room for ``6 n units`` of :data:`~dsp.event.EVENT`, and ``(1,)``: how many there are.
    """
    happened, units, gap = heard
    records, matches = state
    events, counts = out
    counts[0] = at = told = 0
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


@entry
def give_up(
    rows: Rows,
    state: tuple[NDArray[np.void], NDArray[np.void]],
    cadences: NDArray[np.void],
    out: tuple[NDArray[np.void], NDArray[np.int64]],
) -> int:
    """End what is being told on some rows, whose sound is over; return how much it is."""
    records, matches = state
    counts = out[1]
    counts[0] = 0
    for i in range(len(rows)):
        r = records[rows[i]]
        if r.telling >= 0:
            match = matches[rows[i], r.telling]
            _write(rows[i], r.telling, match, match.end, out)
            r.telling = -1
    return int(counts[0])
