"""Everything that is heard in calls, on one bank: what the hub and the offline analyser run."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from dsp import cadence, dtmf, plan
from dsp.bank import Bank
from dsp.framing import Framed
from dsp.level import Loudness, powers
from dsp.types import Detection, Floats, Rows, Samples, dbm0

__all__ = ["Ears"]


class Ears(Framed):
    """Hear digits, call-progress tones and fax tones on every row.

    Parameters
    ----------
    calls
        How many rows there are.
    plans
        Names of the countries' tone plans, or paths of TOML files; fax tones are heard besides.

    Raises
    ------
    PlanError
        When there is no such plan, or it makes no sense.

    Examples
    --------
    >>> from dsp.tone_stream import render
    >>> heard = Ears(1).process(render("d=60;w=60;4;w=80;2;%(500,500,1100)")[None])
    >>> [(one.kind, one.value) for one in heard]
    [('dtmf', '4'), ('dtmf', '4'), ('dtmf', '2'), ('dtmf', '2'), ('fax', 'cng')]
    """

    def __init__(self, calls: int, plans: Sequence[str] = plan.PLANS) -> None:
        super().__init__(calls)
        self._digits = dtmf.Decisions(calls)
        self._tones = cadence.Decisions(calls, plan.load([*plans, plan.FAX]))
        self._bank = Bank(calls, [dtmf.COLUMNS, self._tones.columns])
        self._loudness = Loudness(calls)

    @property
    def dbm0(self) -> Floats:
        """Level of every row now, ``(calls,)``: a running mean over 100 ms; −100 is silence."""
        return dbm0(self._loudness.mean_square)

    def _hear(self, unit: Samples, rows: Rows) -> list[Detection]:
        self._bank.hear(unit)
        power = powers(unit)
        self._loudness.hear(power, rows)
        digits = self._digits.hear(self._bank.transform(0), power, rows)
        return digits + self._tones.hear(self._bank.transform(1), power, rows)

    def _end(self, rows: Rows, lengths: NDArray[np.int64]) -> list[Detection]:
        return self._digits.end(rows, lengths) + self._tones.end(rows, lengths)

    def _forget(self, rows: Rows) -> None:
        self._digits.forget(rows)
        self._tones.forget(rows)
        self._loudness.forget(rows)
