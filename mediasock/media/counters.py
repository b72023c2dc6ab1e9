"""What is counted of each stream."""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np

from .batch import Flags, Ints


@dataclass(frozen=True, slots=True)
class StreamStats:
    """Counts of one stream since it was opened; datagrams where nothing else is said.

    Parameters
    ----------
    received
        Frames that came and were taken.
    sent
        Frames that went out.
    comfort_noise
        Frames of 0xFF bytes, taken as silence.
    lost
        Frames that fell out on the way; silence took their place.
    late
        Frames that came after a pause of 1.75 frames or more in which none was lost.
    doubled
        Copies, thrown away.
    oversized
        Longer than any frame: silence took their place.
    malformed
        Empty, or with half a sample: silence took their place.
    irregular
        Of another length than the stream's, and taken all the same.
    gaps
        Times that the stream stopped for 250 ms or more.
    gap_frames
        Frames of silence put in the place of what did not come in gaps.
    overrun
        Frames that came while the detectors were too far behind, and became silence for them.
    underruns
        Frames that went out short because the player had not enough ready.
    slow
        Windows of 5 s in which less than four fifths of the sound came.
    """

    received: int = 0
    sent: int = 0
    comfort_noise: int = 0
    lost: int = 0
    late: int = 0
    doubled: int = 0
    oversized: int = 0
    malformed: int = 0
    irregular: int = 0
    gaps: int = 0
    gap_frames: int = 0
    overrun: int = 0
    underruns: int = 0
    slow: int = 0


NAMES = tuple(field.name for field in fields(StreamStats))
_INDEX = {name: index for index, name in enumerate(NAMES)}


class Counters:
    """The counts of all streams, a row a call, and the sums of those that are over.

    Parameters
    ----------
    calls
        Rows.
    """

    def __init__(self, calls: int) -> None:
        self._counts = np.zeros((len(NAMES), calls), dtype=np.int64)
        self._past = np.zeros(len(NAMES), dtype=np.int64)

    def add(self, name: str, rows: Ints, amounts: Ints | Flags | int = 1) -> None:
        """Add to one count of each row; rows do not repeat."""
        self._counts[_INDEX[name], rows] += amounts

    def get(self, name: str, rows: Ints) -> Ints:
        """Return one count of these rows."""
        return np.asarray(self._counts[_INDEX[name], rows])

    def of(self, row: int) -> StreamStats:
        """Return one row's counts."""
        return StreamStats(*map(int, self._counts[:, row]))

    def clear(self, row: int) -> None:
        """Begin a row anew; its counts stay in the totals."""
        self._past += self._counts[:, row]
        self._counts[:, row] = 0

    def totals(self) -> StreamStats:
        """Return the sums over all streams that ever were."""
        return StreamStats(*map(int, self._past + self._counts.sum(axis=1)))
