"""Short buffers of every call's sound, a line a call: heard and waiting for the detectors, to send.

Positions in a ring are multiples of a frame nearly always, so that whole frames are moved by an
index a call and not an index a sample; a call that left the grid (frames of an odd size) is
moved sample by sample.
"""

from __future__ import annotations

import numpy as np

from dsp.types import Samples

from .batch import Flags, Ints

RING = 4800
"""Samples a call: 0.6 s at 8 kHz; 10, 20, 30 and 60 ms divide it at both rates."""

BLOCK = 160
"""Samples that the detectors take at a time: 20 ms at 8 kHz."""

_GRID = 80


class Ring:
    """A ring of samples a call.

    Parameters
    ----------
    calls
        Lines.

    Attributes
    ----------
    count : numpy.ndarray
        ``(calls,)`` samples that lie in each.
    """

    def __init__(self, calls: int) -> None:
        self._samples = np.zeros((calls, RING), dtype=np.int16)
        self._write = np.zeros(calls, dtype=np.int64)
        self._read = np.zeros(calls, dtype=np.int64)
        self.count = np.zeros(calls, dtype=np.int64)

    def clear(self, rows: Ints) -> None:
        """Forget what lies in these lines."""
        self.count[rows] = self._write[rows] = self._read[rows] = 0

    def room(self, rows: Ints) -> Ints:
        """Samples that can be written to these lines now."""
        return np.asarray(RING - self.count[rows])

    def write(self, rows: Ints, block: Samples) -> None:
        """Append ``(len(rows), n)`` samples; there must be :meth:`room`."""
        n = block.shape[1]
        at = self._write[rows]
        if n % _GRID or (at % _GRID).any():
            where = (at[:, None] + np.arange(n)) % RING
            self._samples[rows[:, None], where] = block
        else:
            cells = self._samples.reshape(len(self.count), -1, _GRID)
            cell = at // _GRID
            for k in range(n // _GRID):
                column = (cell + k) % (RING // _GRID)
                cells[rows, column] = block[:, k * _GRID : (k + 1) * _GRID]
        self._write[rows] = (at + n) % RING
        self.count[rows] += n

    def read(self, rows: Ints, n: int) -> Samples:
        """Take ``(len(rows), n)`` samples out; there must be so many."""
        at = self._read[rows]
        if RING % n or (at % n).any():
            where = (at[:, None] + np.arange(n)) % RING
            block: Samples = self._samples[rows[:, None], where]
        else:
            block = self._samples.reshape(len(self.count), -1, n)[rows, at // n]
        self._read[rows] = (at + n) % RING
        self.count[rows] -= n
        return block


class HeardRing(Ring):
    """What was heard, at 8 kHz, until the detectors take it; silence can be owed to it.

    Silence that stands for frames which never came may be more than there is room for. It is then
    owed, and the line takes it in as room comes. Sound that comes meanwhile has its place after
    the silence; where there is no place it becomes silence too, so that the count of samples stays
    true.

    Attributes
    ----------
    owed : numpy.ndarray
        ``(calls,)`` samples of silence that still have to go in.
    total : numpy.ndarray
        ``(calls,)`` samples of the call's timeline so far, those owed included.
    """

    def __init__(self, calls: int) -> None:
        super().__init__(calls)
        self.owed = np.zeros(calls, dtype=np.int64)
        self.total = np.zeros(calls, dtype=np.int64)

    def clear(self, rows: Ints) -> None:
        """Forget these lines; their next sample is number 0."""
        super().clear(rows)
        self.owed[rows] = self.total[rows] = 0

    def append(self, rows: Ints, block: Samples) -> Ints:
        """Append ``(len(rows), n)`` samples.

        Returns
        -------
        numpy.ndarray
            The rows that had no room, whose sound became silence.
        """
        n = block.shape[1]
        self.total[rows] += n
        fits: Flags = (self.owed[rows] == 0) & (self.room(rows) >= n)
        if fits.all():
            self.write(rows, block)
            return rows[:0]
        self.write(rows[fits], block[fits])
        self.owed[rows[~fits]] += n
        return rows[~fits]

    def silence(self, rows: Ints, samples: Ints) -> None:
        """Append silence, ``(len(rows),)`` samples."""
        self.total[rows] += samples
        self.owed[rows] += samples
        self.settle()

    def settle(self) -> None:
        """Pay owed silence where there is room."""
        rows = np.flatnonzero(self.owed)
        if not len(rows):
            return
        paid: Ints = np.minimum(self.owed[rows], self.room(rows))
        for n in np.unique(paid[paid > 0]):
            some = rows[paid == n]
            self.write(some, np.zeros((len(some), int(n)), dtype=np.int16))
            self.owed[some] -= n

    def ready(self) -> Ints:
        """Rows that have a block for the detectors, ascending."""
        return np.flatnonzero(self.count >= BLOCK)


class SendRing(Ring):
    """What players have given to be sent, at the wire's rate.

    Attributes
    ----------
    sent : numpy.ndarray
        ``(calls,)`` samples taken out since the player was last told.
    """

    def __init__(self, calls: int) -> None:
        super().__init__(calls)
        self.sent = np.zeros(calls, dtype=np.int64)

    def clear(self, rows: Ints) -> None:
        """Forget what waits in these lines, and what was sent of them."""
        super().clear(rows)
        self.sent[rows] = 0

    def flush(self, row: int) -> None:
        """Throw away what waits; what was sent before stays counted."""
        self.count[row] = self._write[row] = self._read[row] = 0

    def put(self, row: int, samples: Samples) -> None:
        """Append samples to one line; there must be room."""
        if len(samples):
            self.write(np.array([row]), samples[None, :])

    def take(self, rows: Ints, n: int) -> Samples:
        """Take one frame of ``n`` samples for each row, filled up with silence where it ends."""
        some = np.minimum(self.count[rows], n)
        self.sent[rows] += some
        if (some == n).all():
            return self.read(rows, n)
        frames = np.zeros((len(rows), n), dtype=np.int16)
        whole = some == n
        frames[whole] = self.read(rows[whole], n)
        for i in np.flatnonzero(~whole & (some > 0)):
            frames[i, : some[i]] = self.read(rows[i : i + 1], int(some[i]))[0]
        empty = rows[self.count[rows] == 0]
        self._write[empty] = self._read[empty] = 0  # back on the grid
        return frames
