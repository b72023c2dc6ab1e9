"""Sending call progress: a tone of a plan as a script that FreeSWITCH plays, and we render.

What :mod:`dsp.tone_stream` and FreeSWITCH's ``tone_stream://`` cannot say is a modulation: a tone
``400*25`` is sent as the three it is made of, 375, 400 and 425 Hz, of one level, as the standards
of some countries have it. Phase reversals and the 15 Hz modulation of V.8 have senders of their
own.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from dsp.plan import Cadence, Interval, PlanError, load
from dsp.tone_stream import TONE_PREFIX
from dsp.tones import MAX_LEVEL, MIN_LEVEL

__all__ = ["script", "script_of"]


def script(
    plan: str, value: str, *, which: int = 0, rounds: int | None = None, level: float = -13.0
) -> str:
    """A tone of a plan, to be played.

    Parameters
    ----------
    plan
        As of :func:`dsp.plan.load`.
    value
        What it means: ``"busy"``.
    which
        Which of its cadences, where the plan has several; 0 is the first.
    rounds
        How often it comes round; a tone that goes on lasts so many seconds. ``None`` is for ever,
        but of a tone that is heard once.
    level
        dBm0 of each of its frequencies.

    Returns
    -------
    str
        ``tone_stream://…``

    Raises
    ------
    PlanError
        When the plan has no such tone, or it cannot be sent so.

    Examples
    --------
    >>> script("de", "busy")
    'tone_stream://v=-13;%(480,480,425);loops=-1'
    >>> script("us", "dial", rounds=2, level=-20)
    'tone_stream://v=-13.979;%(2000,0,350,440)'
    """
    found = [one for one in load([plan]) if one.value == value]
    if not found:
        raise PlanError(f"plan {plan} has no tone {value!r}")
    if not 0 <= which < len(found):
        raise PlanError(f"plan {plan} has {len(found)} of {value}, counted from 0: no {which}")
    return script_of(found[which], rounds=rounds, level=level)


def script_of(cadence: Cadence, *, rounds: int | None = None, level: float = -13.0) -> str:
    """A cadence, to be played; parameters, result and errors as of :func:`script`."""
    intervals = cadence.intervals
    if any(one.any or one.free for one in intervals):
        raise PlanError(f"{cadence.value} of no country has no cadence of its own")
    if cadence.modulated or cadence.reversals:
        raise PlanError(f"{cadence.value} has a modulation that no tone_stream has")
    statements: list[str] = []
    for at, one in enumerate(intervals):
        if one.sounds:
            silent = at + 1 < len(intervals) and not intervals[at + 1].sounds
            statements += _sound(one, intervals[at + 1] if silent else None, level, rounds)
    # a level that stays need not be said again
    kept = [
        s for at, s in enumerate(statements) if s[0] != "v" or s not in _levels(statements[:at])
    ]
    repeats = -1 if rounds is None else rounds
    loops = f";loops={repeats}" if not (cadence.once or cadence.continuous) and repeats != 1 else ""
    return TONE_PREFIX + ";".join(kept) + loops


def _levels(statements: Sequence[str]) -> list[str]:
    """The level that is set after some statements."""
    return [one for one in statements if one.startswith("v=")][-1:]


def _ms(interval: Interval) -> int:
    """What it lasts where nothing is off."""
    return round(500 * (interval.least + interval.most))


def _sound(one: Interval, silence: Interval | None, level: float, rounds: int | None) -> list[str]:
    # the generator divides the sum of some by how many they are
    volume = level + one.level + 20 * math.log10(len(one.parts))
    if not MIN_LEVEL <= volume <= MAX_LEVEL:
        raise PlanError(f"{len(one.parts)} frequencies of {level:g} dBm0 cannot be sent")
    frequencies = ",".join(f"{hz:g}" for hz in one.parts)
    statements = [f"v={round(volume, 3):g}"]
    if not math.isinf(one.most):
        off = _ms(silence) if silence else 0
        return [*statements, f"%({_ms(one)},{off},{frequencies})"]
    if rounds is None:
        # whole turns of any frequency to a tenth of a Hz, so that no seam is heard
        return [*statements, "l=-1", f"%(10000,0,{frequencies})"]
    return [*statements, f"%({1000 * rounds},0,{frequencies})"]
