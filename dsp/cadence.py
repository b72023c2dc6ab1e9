"""Call-progress tones and fax tones on every row, by their frequencies and cadences.

A tone is told when its plan says so, and once more when it has ended. What ends it is an interval
that does not fit, silence that lasts too long, or other sound in its silence; its end is that of
its last burst.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from dsp import plan
from dsp.bank import Bank, Floats32, Transform
from dsp.cadence_kernel import CADENCE, EVENT, MATCH, ROW, decide, give_up
from dsp.framing import UNIT, Framed
from dsp.level import PIECE, powers
from dsp.plan import Cadence
from dsp.steady import SteadyTones
from dsp.steady_kernel import GAP
from dsp.types import RATE, Detection, Rows, Samples, dbm0

__all__ = ["Decisions", "Detector"]


def _table(cadences: Sequence[Cadence]) -> NDArray[np.void]:
    meanings = list(dict.fromkeys((one.kind, one.value) for one in cadences))
    table = np.zeros(len(cadences), dtype=CADENCE)
    for entry, one in zip(table, cadences, strict=True):
        entry["intervals"] = len(one.intervals)
        for step, interval in enumerate(one.intervals):
            tones = len(interval.frequencies)
            entry["tones"][step] = tones
            entry["hz"][step, :tones] = interval.frequencies
            entry["off"][step, :tones] = interval.hz
            entry["least"][step] = interval.least * RATE
            entry["most"][step] = interval.most * RATE
        entry["once"], entry["continuous"], entry["told"] = one.once, one.continuous, one.told
        entry["meaning"] = meanings.index((one.kind, one.value))
        for flag in ("modulated", "reversals"):
            wanted = getattr(one, flag)
            entry[flag] = -1 if wanted is None else int(wanted)
    return table


class Decisions:
    """Tones from the transforms of rows; where those come from is no matter.

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
    """

    def __init__(self, calls: int, cadences: Sequence[Cadence]) -> None:
        if not cadences:
            raise plan.PlanError("there is no tone to listen for: name a plan")
        self._cadences = list(cadences)
        self._table = _table(cadences)
        self._tones = SteadyTones(calls, cadences)
        self.columns = self._tones.columns
        self._rows = np.zeros(calls, dtype=ROW)
        self._rows["telling"] = -1
        self._matches = np.zeros((calls, len(cadences)), dtype=MATCH)
        self._events = np.zeros(6 * calls, dtype=EVENT)

    def hear(self, transform: Transform, powers: Floats32, rows: Rows) -> list[Detection]:
        """Hear a unit of some rows.

        Parameters
        ----------
        transform
            Of it by :attr:`columns`.
        powers
            ``(len(rows), 4)``: mean squares of its pieces of 5 ms.
        rows
            Whose they are.
        """
        heard = self._tones.hear(transform, powers, rows)
        return self._decide(heard, rows)

    def _decide(self, heard: NDArray[np.void], rows: Rows) -> list[Detection]:
        state = self._rows, self._matches
        count = decide(heard, rows, state, self._table, self._events)
        return self._detections(count)

    def end(self, rows: Rows, lengths: NDArray[np.int64]) -> list[Detection]:
        """End the tones that sound on rows which were so many samples long."""
        silent = Transform.silent(len(rows), self.columns)
        quiet = np.zeros((len(rows), UNIT // PIECE), dtype=np.float32)
        last = np.zeros(len(self._rows))
        last[rows] = lengths
        found: list[Detection] = []
        for _ in range(GAP):
            heard = self._tones.hear(silent, quiet, rows)
            heard["end"] = np.minimum(heard["end"], last[heard["row"]])
            found += self._decide(heard, rows)
        count = give_up(rows, (self._rows, self._matches), self._table, self._events)
        return found + self._detections(count)

    def _detections(self, count: int) -> list[Detection]:
        events = self._events[:count]
        levels = dbm0(events["power"]).tolist()
        return [
            Detection(
                row,
                self._cadences[which].kind,
                self._cadences[which].value,
                max(round(start), 0),
                None if end < 0 else round(end),
                level,
            )
            for (row, which, start, end, _), level in zip(events.tolist(), levels, strict=True)
        ]

    def forget(self, rows: Rows) -> None:
        """Make rows as new."""
        self._tones.forget(rows)
        self._rows[rows] = np.array((0, -1, False), dtype=ROW)
        self._matches[rows] = np.zeros((), dtype=MATCH)


class Detector(Framed):
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
        super().__init__(calls)
        self._decisions = Decisions(calls, plan.load(plans))
        self._bank = Bank(calls, [self._decisions.columns])

    def _hear(self, unit: Samples, rows: Rows) -> list[Detection]:
        self._bank.hear(unit)
        return self._decisions.hear(self._bank.transform(0), powers(unit), rows)

    def _end(self, rows: Rows, lengths: NDArray[np.int64]) -> list[Detection]:
        return self._decisions.end(rows, lengths)

    def _forget(self, rows: Rows) -> None:
        self._decisions.forget(rows)
