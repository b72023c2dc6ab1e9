"""Call-progress tones and fax tones on every row, by their frequencies and cadences.

A tone is told when its plan says so, and once more when it has ended. What ends it is an interval
that does not fit, silence that lasts too long, or other sound in its silence; its end is that of
its last burst.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from dsp import plan
from dsp.cadence_fit_kernel import ANY_TONE, CADENCE, MATCH
from dsp.cadence_kernel import ROW, decide, give_up
from dsp.event import EVENT
from dsp.framing import TOGETHER, UNIT
from dsp.hearing import Heard, Hearing
from dsp.plan import Cadence
from dsp.steady import SteadyTones
from dsp.types import RATE, Rows

__all__ = ["Decisions", "Detector"]


def _table(cadences: Sequence[Cadence]) -> NDArray[np.void]:
    meanings = list(dict.fromkeys((one.kind, one.value) for one in cadences))
    table = np.zeros(len(cadences), dtype=CADENCE)
    for entry, one in zip(table, cadences, strict=True):
        entry["intervals"] = len(one.intervals)
        for step, interval in enumerate(one.intervals):
            tones = len(interval.frequencies)
            entry["tones"][step] = ANY_TONE if interval.any else tones
            entry["hz"][step, :tones] = interval.frequencies
            entry["off"][step, :tones] = interval.hz
            entry["beat"][step] = interval.beat
            entry["level"][step] = 10 ** (interval.level / 10)
            entry["least"][step] = interval.least * RATE
            entry["most"][step] = interval.most * RATE
            entry["free"][step] = interval.free
        entry["levelled"] = any(interval.level for interval in one.intervals)
        entry["once"], entry["continuous"], entry["told"] = one.once, one.continuous, one.told
        entry["quiet"] = one.quiet * RATE
        entry["meaning"] = meanings.index((one.kind, one.value))
        for flag in ("modulated", "reversals"):
            wanted = getattr(one, flag)
            entry[flag] = -1 if wanted is None else int(wanted)
    return table


def _width(cadence: Cadence) -> float:
    """How far its frequencies may be off at most, as shares of them."""
    return (
        max(
            off / hz
            for one in cadence.intervals
            for off, hz in zip(one.hz, one.frequencies, strict=True)
        )
        if not cadence.intervals[0].any
        else math.inf
    )


class Decisions:
    """Tones from the transforms of rows: an :class:`~dsp.hearing.Ear`.

    Parameters
    ----------
    calls
        How many rows there are.
    cadences
        What is listened for.

    Attributes
    ----------
    columns : Columns
        What the bank is to be given.
    gap : int
        Units after which it is known what was not heard, and what is to be followed by silence.
    """

    def __init__(self, calls: int, cadences: Sequence[Cadence]) -> None:
        if not cadences:
            raise plan.PlanError("there is no tone to listen for: name a plan")
        # of two that fit, as a special information tone's code and its general form, the narrower
        cadences = sorted(cadences, key=_width)
        self.meanings = [(one.kind, one.value) for one in cadences]
        self._table = _table(cadences)
        self._tones = SteadyTones(calls, cadences)
        self.columns = self._tones.columns
        quiet = max(one.quiet for one in cadences) * RATE
        self.gap = max(self._tones.gap, math.ceil(quiet / UNIT))
        self._rows = np.zeros(calls, dtype=ROW)
        self._rows["telling"] = -1
        self._matches = np.zeros((calls, len(cadences)), dtype=MATCH)
        self._events = np.zeros(6 * max(calls, TOGETHER), dtype=EVENT)
        self._out = self._events, np.zeros(1, dtype=np.int64)

    def hear(self, heard: Heard, rows: Rows) -> NDArray[np.void]:
        """Hear units of some rows."""
        happened = self._tones.hear(heard, rows)
        state = self._rows, self._matches
        units = heard.units, self._tones.gap
        count = decide((happened, *units), rows, state, self._table, self._out)
        return self._events[:count]

    def give_up(self, rows: Rows) -> NDArray[np.void]:
        """End the cadences that are being told."""
        count = give_up(rows, (self._rows, self._matches), self._table, self._out)
        return self._events[:count]

    def forget(self, rows: Rows) -> None:
        """Make rows as new."""
        self._tones.forget(rows)
        self._rows[rows] = np.array((0, -1, False, False, 0.0, 0.0), dtype=ROW)
        self._matches[rows] = np.zeros((), dtype=MATCH)


class Detector(Hearing):
    """Hear call-progress tones and fax tones on every row.

    Parameters
    ----------
    calls
        How many rows there are.
    plans
        Names of tone plans, or paths of TOML files; see :mod:`dsp.plan`.

    Raises
    ------
    PlanError
        When there is no such plan, or it makes no sense.

    Examples
    --------
    >>> from dsp.tone_stream import render
    >>> hear = Detector(1, ["us"])
    >>> heard = [*hear.process(render("%(500,500,480,620);loops=4")[None]), *hear.finish()]
    >>> [(one.value, one.ended, round(one.start, -2)) for one in heard]
    [('busy', False, 0), ('busy', True, 0)]
    """

    def __init__(self, calls: int, plans: Sequence[str] = (*plan.PLANS, plan.FAX)) -> None:
        super().__init__(calls, [Decisions(calls, plan.load(plans))])
