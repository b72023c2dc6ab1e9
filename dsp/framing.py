"""Blocks of any length in, units of 20 ms out: each row keeps what is left over for itself."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np

from dsp.types import Detection, DspError, Rows, Samples

__all__ = ["TOGETHER", "UNIT", "BlockError", "Framed"]

UNIT = 160
"""Samples of the units that detectors hear: a frame of 20 ms goes straight through."""

TOGETHER = 256
"""Units that are heard together, of all rows, where more than one of a row is there."""


class BlockError(DspError):
    """A block that does not go with its rows."""


class Framed(ABC):
    """A detector that hears units of :data:`UNIT` samples, however its rows are cut.

    A subclass has ``_hear`` for units of some rows, ``_end`` for what still sounds, and
    ``_forget``. Whatever the rows' blocks, ``_hear`` is given the same units of each row in the
    same order; how many at a time, and together with which rows, differs.

    Parameters
    ----------
    calls
        How many rows there are.
    gap
        Units of silence that are heard after a row's end, so that what sounds there ends by
        itself.
    """

    def __init__(self, calls: int, gap: int = 0) -> None:
        self.calls = calls
        self._gap = gap
        self._all: Rows = np.arange(calls)
        self._rest = np.zeros((calls, UNIT), dtype=np.int16)
        self._held = np.zeros(calls, dtype=np.intp)
        self._units = np.zeros(calls, dtype=np.int64)

    @abstractmethod
    def _hear(self, sound: Samples, rows: Rows) -> list[Detection]:
        """Hear units of these rows, ``(len(rows), k * UNIT)``.

        ``self._units`` are those before. Without ``calls`` rows, ``len(rows) * k`` is at most
        :data:`TOGETHER`.
        """

    @abstractmethod
    def _end(self, rows: Rows) -> list[Detection]:
        """End what still sounds on these rows, whose sound is over."""

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
        for sound, moving in self._cut(block, chosen):
            found += self._move(sound, moving)
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
            found += self._move(unit.astype(np.int16), partial)
        silence = np.zeros((len(chosen), self._gap * UNIT), dtype=np.int16)
        for sound, all_of_them in _together(silence, chosen):
            found += self._move(sound, all_of_them)
        found += self._end(chosen)
        self.reset(chosen)
        ends = dict(zip(chosen.tolist(), lengths.tolist(), strict=True))
        return [_within(one, ends[one.row]) for one in found]

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

    def _move(self, sound: Samples, rows: Rows) -> list[Detection]:
        """Hear units of some rows and count them."""
        found = self._hear(sound, rows)
        self._units[rows] += sound.shape[1] // UNIT
        return found

    def _cut(self, block: Samples, rows: Rows) -> Iterator[tuple[Samples, Rows]]:
        """Give whole units with their rows; keep the rest."""
        held = self._held[rows]
        if len(rows) == 0:
            return
        if (held == held[0]).all():
            yield from self._cut_alike(block, rows, int(held[0]))
        else:
            yield from self._cut_each(block, rows, held)

    def _cut_alike(self, block: Samples, rows: Rows, had: int) -> Iterator[tuple[Samples, Rows]]:
        """Cut rows that all had as much left over: several units at a time."""
        if had:
            block = np.concatenate([self._rest[rows, :had], block], axis=1)
        whole = block.shape[1] // UNIT * UNIT
        yield from _together(block[:, :whole], rows)
        rest = block[:, whole:]
        self._rest[rows, : rest.shape[1]] = rest
        self._held[rows] = rest.shape[1]

    def _cut_each(self, block: Samples, rows: Rows, held: Rows) -> Iterator[tuple[Samples, Rows]]:
        """Cut rows of which each had something else left over: a unit at a time."""
        samples = block.shape[1]
        phases = [(int(had), np.flatnonzero(held == had)) for had in np.unique(held)]
        units = (held + samples) // UNIT
        for at in range(int(units.max())):
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


def _together(sound: Samples, rows: Rows) -> Iterator[tuple[Samples, Rows]]:
    """Cut whole units into as many as are heard together."""
    step = max(TOGETHER // max(len(rows), 1), 1) * UNIT
    for begin in range(0, sound.shape[1], step):
        yield sound[:, begin : begin + step], rows


def _within(one: Detection, length: int) -> Detection:
    """A detection of a row that was so many samples long."""
    if one.end is None or one.end <= length:
        return one
    return replace(one, start=min(one.start, length), end=length)
