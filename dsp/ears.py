"""Everything that is heard in calls, on one bank: what the hub and the offline analyser run."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from dsp import dtmf
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
        Names of the countries' tone plans, or paths of TOML files.

    Examples
    --------
    >>> from dsp.tone_stream import render
    >>> heard = Ears(1).process(render("d=60;w=60;4;w=80;2")[None])
    >>> [one.value for one in heard if one.ended]
    ['4', '2']
    """

    def __init__(self, calls: int, plans: Sequence[str] = ("us", "uk", "eu")) -> None:
        super().__init__(calls)
        self._bank = Bank(calls, [dtmf.COLUMNS])
        self._digits = dtmf.Decisions(calls)
        self._loudness = Loudness(calls)

    @property
    def dbm0(self) -> Floats:
        """Level of every row now, ``(calls,)``: a running mean over 100 ms; −100 is silence."""
        return dbm0(self._loudness.mean_square)

    def _hear(self, unit: Samples, rows: Rows) -> list[Detection]:
        self._bank.hear(unit)
        power = powers(unit)
        self._loudness.hear(power, rows)
        return self._digits.hear(self._bank.product(0), power, rows)

    def _end(self, rows: Rows, lengths: NDArray[np.int64]) -> list[Detection]:
        return self._digits.end(rows, lengths)

    def _forget(self, rows: Rows) -> None:
        self._digits.forget(rows)
        self._loudness.forget(rows)
