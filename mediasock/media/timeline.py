"""What time it is in each call: frames that come, frames that do not, frames that come twice.

The frames have no numbers and no time stamps. What is known of one is when the kernel took it in,
and that a switch on the same host loses nothing on the way: it is slow when it is overloaded, and
then its frames are late, each after a pause of its own. So a pause alone is no loss. It is one
when the kernel counted datagrams that it had to throw away, and when the pause is so long
(:data:`GAP_AFTER`) that the stream has stopped. From another host frames do get lost on the way:
there a pause of one frame's length too much, in a regular cadence, is a lost frame.

A frame that is the same as the one before, byte for byte, may be silence or a doubled datagram.
It is doubled where the call has more sound than time has passed. For this each call has a clock
that says when its next frame is due. It follows the earliest frames, and lags behind after late
ones, so that a switch which catches up with a burst is not ahead of it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .batch import Flags, Ints

MS = 1_000_000

GAP_AFTER = 250 * MS
"""Without a frame for so long, the stream has stopped: silence takes its place."""

LOST_AFTER = 2000 * MS
"""Without a frame for so long, the stream is lost and its timeline stands still."""

SLOW_WINDOW = 5000 * MS
SLOW_BELOW = 0.8
"""A stream is slow that brought less than this part of a window's sound."""

_NEVER = np.iinfo(np.int64).max
_LAG_LIMIT = GAP_AFTER


@dataclass(frozen=True, slots=True)
class Arrivals:
    """What the arrival of one frame a call says, ``(n,)`` each.

    Parameters
    ----------
    first
        It is the first frame of its stream.
    late
        It came after a pause, and nothing was lost in the pause.
    resumed
        It ended a gap, or found a stream that had been lost.
    missing
        Frames that should have come before it and have to be replaced by silence.
    """

    first: Flags
    late: Flags
    resumed: Flags
    missing: Ints


@dataclass(frozen=True, slots=True)
class Gaps:
    """What the passing of time says of streams that have stopped.

    Parameters
    ----------
    rows, frames
        ``(n,)`` streams and the frames of silence that are due in each, at least 1.
    lost
        Streams that are given up now.
    """

    rows: Ints
    frames: Ints
    lost: Ints


class Timelines:
    """The clocks of all calls.

    Parameters
    ----------
    calls
        Rows.
    same_host
        Whether datagrams can be lost nowhere but in our own socket's buffer.
    """

    def __init__(self, calls: int, *, same_host: bool = True) -> None:
        self._same_host = same_host
        self.ptime = np.full(calls, 20 * MS, dtype=np.int64)
        self.started = np.zeros(calls, dtype=bool)
        self.held = np.zeros(calls, dtype=bool)
        self.in_gap = np.zeros(calls, dtype=bool)
        self.lost = np.zeros(calls, dtype=bool)
        self._covered = np.zeros(calls, dtype=np.int64)
        self._heard_at = np.zeros(calls, dtype=np.int64)
        self._due = np.zeros(calls, dtype=np.int64)
        self._gap_at = np.full(calls, _NEVER, dtype=np.int64)
        self._drops = np.zeros(calls, dtype=np.int64)
        self._unrest = np.zeros(calls, dtype=np.float64)
        self._sound = np.zeros(calls, dtype=np.int64)
        self._steady = np.zeros(calls, dtype=bool)

    def open(self, row: int, ptime_ms: int) -> None:
        """Begin a call: nothing is expected of it before its first frame."""
        self.close(row)
        self.ptime[row] = ptime_ms * MS

    def close(self, row: int) -> None:
        """End a call."""
        for flags in (self.started, self.held, self.in_gap, self.lost, self._steady):
            flags[row] = False
        self._gap_at[row] = _NEVER
        self._unrest[row] = 0.0

    def hold(self, row: int) -> None:
        """Expect nothing for the time being: the far end may pause."""
        self.held[row] = True
        self.in_gap[row] = self._steady[row] = False
        self._gap_at[row] = _NEVER

    def resume(self, row: int, now: int) -> None:
        """Expect frames again, the next one from now on."""
        self.held[row] = False
        if self.started[row]:
            self._covered[row] = self._heard_at[row] = now
            self._due[row] = now
            self._gap_at[row] = now + GAP_AFTER

    def ahead(self, rows: Ints, arrivals: Ints) -> Ints:
        """How long before its time a frame comes, nanoseconds; negative where it is late."""
        return np.where(self.started[rows], self._due[rows] - arrivals, 0)

    def arrive(self, rows: Ints, arrivals: Ints, durations: Ints | int, drops: Ints) -> Arrivals:
        """Take in one frame a row.

        Parameters
        ----------
        rows
            ``(n,)`` without repeats.
        arrivals
            ``(n,)`` nanoseconds.
        durations
            Nanoseconds of sound in each.
        drops
            ``(n,)`` the kernel's count of lost datagrams before each.
        """
        started, in_gap, lost = self.started[rows], self.in_gap[rows], self.lost[rows]
        ptime = self.ptime[rows]
        pause = np.where(started, arrivals - self._covered[rows], 0)
        expected = started & ~self.held[rows] & ~lost
        long = expected & (pause * 4 >= ptime * 7)
        periods = np.maximum((pause + ptime // 2) // ptime, 1)
        fell_out = long & self._fell_out(rows, pause - periods * ptime, drops)
        missing = np.where(fell_out | (expected & in_gap), periods - 1, 0)
        late = long & ~in_gap & (missing == 0)
        self._advance(rows, arrivals, durations, missing * ptime, fresh=~started | lost)
        self._drops[rows] = np.maximum(drops, self._drops[rows])
        self._covered[rows] = self._heard_at[rows] = arrivals
        self._gap_at[rows] = np.where(self.held[rows], _NEVER, arrivals + GAP_AFTER)
        self.started[rows] = True
        self.in_gap[rows] = self.lost[rows] = False
        return Arrivals(~started, late, in_gap | lost, missing)

    def _fell_out(self, rows: Ints, off_beat: Ints, drops: Ints) -> Flags:
        """Whether a pause means lost frames."""
        if self._same_host:
            return np.asarray(drops > self._drops[rows])
        quarter = self.ptime[rows] / 4
        regular = (self._unrest[rows] <= quarter) & (np.abs(off_beat) <= quarter)
        self._unrest[rows] += (np.abs(off_beat) - self._unrest[rows]) / 16
        return np.asarray(regular)

    def _advance(
        self, rows: Ints, arrivals: Ints, durations: Ints | int, filled: Ints, *, fresh: Flags
    ) -> None:
        """Move each clock on by the sound that came, and by the silence in place of lost frames."""
        due = np.where(fresh, arrivals, self._due[rows] + filled)
        lag = np.clip(arrivals - due, 0, _LAG_LIMIT)
        forgiven = np.minimum(lag, durations // 20)
        self._due[rows] = arrivals - lag + forgiven + durations
        self._sound[rows] += durations

    def stopped(self, now: int) -> Gaps:
        """Find the streams in which silence is due because frames have stopped."""
        rows = np.flatnonzero(self._gap_at <= now)
        ptime = self.ptime[rows]
        frames = (now - self._covered[rows]) // ptime
        self._covered[rows] += frames * ptime
        self._due[rows] += frames * ptime
        self._gap_at[rows] = self._covered[rows] + ptime
        self.in_gap[rows] = True
        self._steady[rows] = False
        lost = rows[now - self._heard_at[rows] >= LOST_AFTER]
        self._gap_at[lost] = _NEVER
        self.in_gap[lost] = False
        self.lost[lost] = True
        return Gaps(rows, frames, lost)

    def slow(self) -> Ints:
        """Rows that brought too little sound since the last call, a :data:`SLOW_WINDOW` ago."""
        enough = SLOW_BELOW * SLOW_WINDOW
        rows = np.flatnonzero(self._steady & (self._sound < enough))
        self._sound[:] = 0
        self._steady = self.started & ~self.held & ~self.in_gap & ~self.lost
        return rows
