"""Ears on one bank: what every detector of ours is made of.

An *ear* hears one kind of thing on all rows. It is given whole units and their transform, and
writes events; ears that are put together share one bank, and one place makes detections of what
they write.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from dsp.bank import Bank, Columns, Floats32, Transform
from dsp.event import EVENT, NONE
from dsp.framing import TOGETHER, UNIT, Framed
from dsp.level import Loudness, powers
from dsp.types import Detection, Floats, Rows, Samples, dbm0

__all__ = ["Ear", "Heard", "Hearing", "RecordEar"]


class Heard(NamedTuple):
    """Units of some rows, one or several of each.

    Parameters
    ----------
    sound
        ``(n, units * UNIT)`` int16.
    powers
        ``(n, units * 4)`` float32: mean squares of its pieces of 5 ms.
    transform
        By the ear's columns, where it has some: ``(n, units * pieces, columns)``.
    """

    sound: Samples
    powers: Floats32
    transform: Transform | None

    @property
    def units(self) -> int:
        """Units of each row."""
        return int(self.sound.shape[1]) // UNIT

    def transformed(self) -> Transform:
        """Transform of an ear that has columns."""
        assert self.transform is not None
        return self.transform


class Ear(Protocol):
    """What hears one kind of thing on all rows."""

    @property
    def columns(self) -> Columns | None:
        """What the bank is to be given; ``None`` for an ear that goes by samples and powers."""

    @property
    def meanings(self) -> Sequence[tuple[str, str]]:
        """Kind and value of what the events' ``what`` counts."""

    @property
    def gap(self) -> int:
        """Units of silence after which what has sounded has ended by itself."""

    def hear(self, heard: Heard, rows: Rows) -> NDArray[np.void]:
        """Hear units of these rows.

        Returns
        -------
        numpy.ndarray
            Of :data:`~dsp.event.EVENT`, ordered by row and then by unit; valid until the next call.
        """

    def give_up(self, rows: Rows) -> NDArray[np.void]:
        """End what still sounds on these rows, whose sound is over; events as of :meth:`hear`."""

    def forget(self, rows: Rows) -> None:
        """Make these rows as new."""


class RecordEar(ABC):
    """An ear that keeps a record a row, and whose sounds end by themselves in its gap.

    Parameters
    ----------
    calls
        How many rows there are.
    record
        Of a row; all zeros is as new.
    events
        How many a unit makes at most.
    """

    columns: Columns | None = None
    meanings: Sequence[tuple[str, str]]
    gap: int

    def __init__(self, calls: int, record: np.dtype[np.void], events: int = 1) -> None:
        self._state = np.zeros(calls, dtype=record)
        self._events = np.zeros(events * max(calls, TOGETHER), dtype=EVENT)

    @abstractmethod
    def _decide(self, heard: Heard, rows: Rows) -> int:
        """Hear units of these rows; write events and return how many."""

    def hear(self, heard: Heard, rows: Rows) -> NDArray[np.void]:
        """Hear units of these rows."""
        return self._events[: self._decide(heard, rows)]

    def give_up(self, rows: Rows) -> NDArray[np.void]:
        """End nothing: silence has ended it."""
        return NONE

    def forget(self, rows: Rows) -> None:
        """Make these rows as new."""
        self._state[rows] = np.zeros((), dtype=self._state.dtype)


class Hearing(Framed):
    """A detector of one ear or several.

    Parameters
    ----------
    calls
        How many rows there are.
    ears
        Each made for as many rows.

    Examples
    --------
    With no ear at all it is a level meter:

    >>> meter = Hearing(1, [])
    >>> meter.process(np.full((1, 8000), 16384, dtype=np.int16))
    []
    >>> meter.dbm0.round(1).tolist()
    [0.1]
    """

    def __init__(self, calls: int, ears: Sequence[Ear]) -> None:
        super().__init__(calls, gap=max((ear.gap for ear in ears), default=0))
        banked = [ear for ear in ears if ear.columns is not None]
        self._ears = [(ear, banked.index(ear) if ear in banked else None) for ear in ears]
        self._bank = Bank(calls, [ear.columns for ear in banked if ear.columns is not None])
        self._loudness = Loudness(calls)

    @property
    def dbm0(self) -> Floats:
        """Level of every row now, ``(calls,)``: a running mean over 100 ms; −100 is silence."""
        return self._loudness.dbm0

    def _hear(self, sound: Samples, rows: Rows) -> list[Detection]:
        # kernels are compiled for sound that lies in a row
        sound = np.ascontiguousarray(sound)
        self._bank.hear(sound)
        power = powers(sound)
        self._loudness.hear(power, rows)
        found: list[Detection] = []
        told: list[int] = []
        for ear, place in self._ears:
            transform = None if place is None else self._bank.transform(place)
            events = ear.hear(Heard(sound, power, transform), rows)
            if len(events):
                found += _detections(ear, events)
                told += events["unit"].tolist()
        if sound.shape[1] > UNIT and found:
            # as they would have come one unit at a time
            order = sorted(range(len(found)), key=told.__getitem__)
            found = [found[at] for at in order]
        return found

    def _end(self, rows: Rows) -> list[Detection]:
        return [one for ear, _ in self._ears for one in _detections(ear, ear.give_up(rows))]

    def _forget(self, rows: Rows) -> None:
        self._loudness.forget(rows)
        for ear, _ in self._ears:
            ear.forget(rows)


def _detections(ear: Ear, events: NDArray[np.void]) -> list[Detection]:
    levels = dbm0(events["power"]).tolist()
    found = []
    for (row, _, what, start, end, _), level in zip(events.tolist(), levels, strict=True):
        kind, value = ear.meanings[what]
        begun = max(round(start), 0)
        found.append(Detection(row, kind, value, begun, None if end < 0 else round(end), level))
    return found
