"""Blocks of any length in, units of 20 ms out: each row keeps what is left over for itself."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from dsp.types import Detection, DspError, Rows, Samples

__all__ = ["UNIT", "BlockError", "Framed"]

UNIT = 160
"""Samples of the units that detectors hear: a frame of 20 ms goes straight through."""


class BlockError(DspError):
    """A block that does not go with its rows."""


class Framed(ABC):
    """A detector that hears units of :data:`UNIT` samples, however its rows are cut.

    A subclass has ``_hear`` for a unit of some rows, ``_end`` for what still sounds, and
    ``_forget``. Whatever the rows' blocks, ``_hear`` is given the same units of each row in the
    same order; how rows are put together into its calls differs.

    Parameters
    ----------
    calls
        How many rows there are.
    """

    def __init__(self, calls: int) -> None:
        self.calls = calls
        self._all: Rows = np.arange(calls)
        self._rest = np.zeros((calls, UNIT), dtype=np.int16)
        self._held = np.zeros(calls, dtype=np.intp)
        self._units = np.zeros(calls, dtype=np.int64)

    @abstractmethod
    def _hear(self, unit: Samples, rows: Rows) -> list[Detection]:
        """Hear one unit ``(len(rows), UNIT)`` of these rows; ``self._units`` are those before."""

    @abstractmethod
    def _end(self, rows: Rows, lengths: NDArray[np.int64]) -> list[Detection]:
        """End what still sounds on these rows, which were so many samples long.

        What the last unit was filled up with has been heard already.
        """

    @abstractmethod
    def _forget(self, rows: Rows) -> None:
        """Make these rows as new."""

    def process(self, block: Samples, rows: Rows | None = None) -> Sequence[Detection]:
        """Hear one block.

        Parameters
        ----------
        block
            ``(len(rows), n)`` int16 at 8 kHz.
        rows
            Which rows the block's lines belong to, ascending, without repeats; ``None`` is all
            rows in order. Rows that are not named do not move.

        Returns
        -------
        list of Detection
            In the order of time on each row.

        Raises
        ------
        BlockError
            When the block is not int16 with one line a row, or a row does not exist.
        """
        chosen = self._rows(rows)
        if block.dtype != np.int16 or block.ndim != 2 or len(block) != len(chosen):
            raise BlockError(
                f"a block of {block.dtype} of shape {block.shape} for {len(chosen)} rows"
            )
        found: list[Detection] = []
        for unit, moving in self._cut(block, chosen):
            found += self._hear(unit, moving)
            self._units[moving] += 1
        return found

    def finish(self, rows: Rows | None = None) -> Sequence[Detection]:
        """End what still sounds, as at the end of a recording or a call.

        Parameters
        ----------
        rows
            Whose sound is over; ``None`` is all. They are then as after :meth:`reset`.
        """
        chosen = self._rows(rows)
        lengths = self._units[chosen] * UNIT + self._held[chosen]
        found: list[Detection] = []
        partial = chosen[self._held[chosen] > 0]
        if len(partial):
            unit = np.where(np.arange(UNIT) < self._held[partial, None], self._rest[partial], 0)
            found += self._hear(unit.astype(np.int16), partial)
            self._units[partial] += 1
        found += self._end(chosen, lengths)
        self.reset(chosen)
        return found

    def reset(self, rows: Rows | None = None) -> None:
        """Forget everything about these rows; their next sample is number 0.

        Parameters
        ----------
        rows
            Which; ``None`` is all.
        """
        chosen = self._rows(rows)
        self._held[chosen] = 0
        self._units[chosen] = 0
        self._forget(chosen)

    def _rows(self, rows: Rows | None) -> Rows:
        """Check row numbers."""
        if rows is None:
            return self._all
        chosen: Rows = np.asarray(rows, dtype=np.intp)
        if len(chosen) and (
            chosen[0] < 0 or chosen[-1] >= self.calls or (chosen[1:] <= chosen[:-1]).any()
        ):
            raise BlockError(f"rows are to ascend from 0 to {self.calls - 1} at most")
        return chosen

    def _cut(self, block: Samples, rows: Rows) -> Iterator[tuple[Samples, Rows]]:
        """Give whole units with their rows; keep the rest."""
        samples = block.shape[1]
        held = self._held[rows]
        if samples % UNIT == 0 and not held.any():
            for begin in range(0, samples, UNIT):
                yield block[:, begin : begin + UNIT], rows
            return
        phases = [(int(had), np.flatnonzero(held == had)) for had in np.unique(held)]
        units = (held + samples) // UNIT
        for at in range(int(units.max(initial=0))):
            ready = np.flatnonzero(units > at)
            unit = np.empty((len(rows), UNIT), dtype=np.int16)
            for had, some in phases:
                begin = at * UNIT - had
                if begin + UNIT <= samples:
                    kept = max(-begin, 0)
                    unit[some, :kept] = self._rest[rows[some], :kept]
                    unit[some, kept:] = block[some, begin + kept : begin + UNIT]
            yield unit[ready], rows[ready]
        for had, some in phases:
            kept = (had + samples) % UNIT
            fresh = min(kept, samples)
            self._rest[rows[some], kept - fresh : kept] = block[some, samples - fresh :]
            self._held[rows[some]] = kept
