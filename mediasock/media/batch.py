"""Datagrams by the hundred, as numpy arrays: what came in one go, what goes out in one go."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from .wire import MAX_FRAME_BYTES

Ints: TypeAlias = NDArray[np.signedinteger[Any]]
Bytes: TypeAlias = NDArray[np.uint8]
Flags: TypeAlias = NDArray[np.bool_]

SLOT = 2048
"""Bytes of memory a datagram; what is longer than :data:`MAX_FRAME_BYTES` is not a frame."""

assert SLOT > MAX_FRAME_BYTES


@dataclass(frozen=True, slots=True)
class Batch:
    """Datagrams that belong to calls, in the order of their arrival.

    Parameters
    ----------
    rows
        ``(n,)`` the call of each.
    data
        ``(slots, SLOT)`` memory in which they lie.
    slots
        ``(n,)`` the line of ``data`` of each.
    lengths
        ``(n,)`` bytes, as sent; more than ``SLOT`` where it was cut.
    arrivals
        ``(n,)`` int64 monotonic nanoseconds.
    drops
        ``(n,)`` how many datagrams the kernel had thrown away, for want of room, before each.
    """

    rows: Ints
    data: Bytes
    slots: Ints
    lengths: Ints
    arrivals: Ints
    drops: Ints

    def __len__(self) -> int:
        return len(self.rows)


class Outbox:
    """Frames to be sent at the end of a step.

    Parameters
    ----------
    size
        Frames that fit.

    Attributes
    ----------
    data : numpy.ndarray
        ``(size, SLOT)`` uint8.
    rows, lengths : numpy.ndarray
        ``(size,)`` the call and the bytes of each; the first ``count`` of them are valid.
    """

    def __init__(self, size: int) -> None:
        self.data = np.zeros((size, SLOT), dtype=np.uint8)
        self.rows = np.zeros(size, dtype=np.int64)
        self.lengths = np.zeros(size, dtype=np.int64)
        self.count = 0

    def clear(self) -> None:
        """Begin a new step."""
        self.count = 0

    def add(self, rows: Ints, frames: Bytes) -> None:
        """Put one frame for each of ``rows`` in; an empty one would end the far end's hearing.

        Parameters
        ----------
        rows
            ``(n,)``
        frames
            ``(n, bytes)`` uint8, ``bytes`` ≥ 1.

        Raises
        ------
        ValueError
            When the frames have no bytes.
        """
        n, length = frames.shape
        if length < 1:
            raise ValueError("an empty datagram must never be sent")
        start, end = self.count, self.count + n
        self.data[start:end, :length] = frames
        self.rows[start:end] = rows
        self.lengths[start:end] = length
        self.count = end


def rounds(rows: Ints) -> list[Ints]:
    """Order datagrams so that each round has every call at most once, oldest first.

    Parameters
    ----------
    rows
        ``(n,)`` the call of each datagram, in the order of arrival.

    Returns
    -------
    list of numpy.ndarray
        Indices into ``rows``, ascending by call in each round; none is left out or repeated.

    Examples
    --------
    >>> [index.tolist() for index in rounds(np.array([7, 3, 7, 7, 5]))]
    [[1, 4, 0], [2], [3]]
    """
    if not len(rows):
        return []
    order = np.argsort(rows, kind="stable")
    ordered = rows[order]
    again = ordered[1:] == ordered[:-1]
    if not again.any():
        return [order]
    position = np.arange(len(rows))
    first = np.concatenate(([True], ~again))
    rank = position - np.maximum.accumulate(np.where(first, position, 0))
    return [order[rank == k] for k in range(int(rank.max()) + 1)]
