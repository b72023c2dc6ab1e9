"""Whether what is heard fits the interval that a cadence has come to: tone, time and loudness."""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np

from dsp.compiled import kernel
from dsp.plan import ANY, MAX_INTERVALS

Record: TypeAlias = Any

CADENCE = np.dtype(
    [
        ("intervals", np.int64),
        ("tones", np.int64, (MAX_INTERVALS,)),
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
        ("told", np.int64),
        ("meaning", np.int64),
        ("quiet", np.float64),
        ("modulated", np.int64),
        ("reversals", np.int64),
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
        ("step", np.int64),
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
def fits(cadence: Record, match: Record, heard: Record, wide: float) -> bool:
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
def most(cadence: Record, match: Record, step: int) -> float:
    """Samples that an interval may last."""
    most = cadence.most[step]
    if match.times[step] > 0:
        most = min(most, (1 + _SAME_TIME[0]) * match.times[step] + _SAME_TIME[1])
    return float(most)


@kernel
def in_time(cadence: Record, match: Record, length: float) -> bool:
    """Whether an interval that is over has lasted as long as it is to; keep the first round's."""
    step = match.step % cadence.intervals
    least = cadence.least[step]
    if match.times[step] > 0:
        least = max(least, (1 - _SAME_TIME[0]) * match.times[step] - _SAME_TIME[1])
    if not least <= length <= most(cadence, match, step):
        return False
    if cadence.free[step] and match.times[step] == 0:
        match.times[step] = length
    return True


@kernel
def is_loud(cadence: Record, match: Record, heard: Record) -> bool:
    """Whether a burst is as loud beside the cadence's first as it is to be."""
    if cadence.once or match.first == 0:
        return True
    ratio = heard.power / (match.first * cadence.level[match.step % cadence.intervals])
    limit = _LEVELLED if cadence.levelled else _ALIKE
    return bool(1 / limit <= ratio <= limit)


@kernel
def is_last(cadence: Record, match: Record) -> bool:
    """Whether a cadence has come to the tone that goes on."""
    return bool(cadence.continuous and match.step == cadence.intervals - 1)


@kernel
def is_like(cadence: Record, heard: Record) -> bool:
    """Whether a tone is modulated and reversed as the cadence is to be."""
    modulated, reversals = heard.modulation >= _MODULATION, heard.reversals > 0
    return bool(
        (cadence.modulated < 0 or cadence.modulated == modulated)
        and (cadence.reversals < 0 or cadence.reversals == reversals)
    )
