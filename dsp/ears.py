"""Everything that is heard in calls, on one bank: what the hub and the offline analyser run."""

from __future__ import annotations

from collections.abc import Sequence

from dsp import amd, beep, cadence, dtmf, mf, music, plan, preamble, textphone, voice
from dsp.hearing import Ear, Hearing
from dsp.kinds import DETECTED, check

__all__ = ["SILENCE_SECONDS", "Ears"]

SILENCE_SECONDS = 2.0
"""Without speech for so long it is silence, where that is listened for."""


class Ears(Hearing):
    """Hear digits, call-progress tones, fax tones and what else is wanted on every row.

    Parameters
    ----------
    calls
        How many rows there are.
    plans
        Names of the countries' tone plans, or paths of TOML files, for ``"tone"``.
    detect
        What for, of :data:`dsp.kinds.DETECTABLE`.

    Raises
    ------
    PlanError
        When there is no such plan, or it makes no sense.
    DetectError
        When nothing of that name is heard.

    Examples
    --------
    >>> from dsp.tone_stream import render
    >>> heard = Ears(1).process(render("d=60;w=60;4;w=80;2;%(500,500,1100)")[None])
    >>> [(one.kind, one.value) for one in heard]
    [('dtmf', '4'), ('dtmf', '4'), ('dtmf', '2'), ('dtmf', '2'), ('fax', 'cng')]
    """

    def __init__(
        self,
        calls: int,
        plans: Sequence[str] = plan.PLANS,
        detect: Sequence[str] = DETECTED,
    ) -> None:
        super().__init__(calls, _ears(calls, plans, detect))


def _ears(calls: int, plans: Sequence[str], detect: Sequence[str]) -> list[Ear]:
    """Make the ears for what is to be heard, in the order in which they tell it."""
    check(detect)
    ears: list[Ear] = []
    if "dtmf" in detect:
        ears.append(dtmf.Decisions(calls))
    ears += [mf.Decisions(calls, system) for system in mf.SYSTEMS if system in detect]
    tones = [*(plans if "tone" in detect else ()), *([plan.FAX] if "fax" in detect else ())]
    if tones:
        ears.append(cadence.Decisions(calls, plan.load(tones)))
    if "fax" in detect:
        ears.append(preamble.Decisions(calls))
    if "voice" in detect or "silence" in detect:
        seconds = SILENCE_SECONDS if "silence" in detect else None
        ears.append(voice.Decisions(calls, silence=seconds))
    others = {"beep": beep, "amd": amd, "music": music, "text": textphone}
    return ears + [one.Decisions(calls) for name, one in others.items() if name in detect]
