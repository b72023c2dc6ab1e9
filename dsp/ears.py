"""Everything that is heard in calls, on one bank: what the hub and the offline analyser run."""

from __future__ import annotations

from collections.abc import Sequence

from dsp import cadence, dtmf, plan
from dsp.hearing import Ear, Hearing
from dsp.types import DspError

__all__ = ["LISTEN", "Ears", "ListenError"]

LISTEN = ("dtmf", "tone", "fax")
"""What is listened for where nothing else is said."""


class ListenError(DspError):
    """Something that is not listened for."""


class Ears(Hearing):
    """Hear digits, call-progress tones, fax tones and what else one likes on every row.

    Parameters
    ----------
    calls
        How many rows there are.
    plans
        Names of the countries' tone plans, or paths of TOML files, for ``"tone"``.
    listen
        What for: of ``"dtmf"``, ``"tone"``, ``"fax"``.

    Raises
    ------
    PlanError
        When there is no such plan, or it makes no sense.
    ListenError
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
        listen: Sequence[str] = LISTEN,
    ) -> None:
        super().__init__(calls, _ears(calls, plans, listen))


def _ears(calls: int, plans: Sequence[str], listen: Sequence[str]) -> list[Ear]:
    if unknown := sorted(set(listen) - set(LISTEN)):
        raise ListenError(f"nothing is heard of {unknown[0]!r}; there are {', '.join(LISTEN)}")
    ears: list[Ear] = []
    if "dtmf" in listen:
        ears.append(dtmf.Decisions(calls))
    tones = [*(plans if "tone" in listen else ()), *([plan.FAX] if "fax" in listen else ())]
    if tones:
        ears.append(cadence.Decisions(calls, plan.load(tones)))
    return ears
