"""Ticks by absolute deadline, and how late they were."""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np

IO_TICK = 5_000_000
"""Nanoseconds from one look at the socket to the next."""

DSP_TICK = 20_000_000
"""Nanoseconds from one run of the detectors to the next."""


class Histogram:
    """Durations in classes of 0.1 ms up to a second; what is longer is in the last one.

    Examples
    --------
    >>> histogram = Histogram()
    >>> for ms in (1, 1, 1, 7):
    ...     histogram.add(ms * 1_000_000)
    >>> round(histogram.quantile(0.5), 1), round(histogram.quantile(0.99), 1)
    (1.1, 7.1)
    """

    def __init__(self) -> None:
        self._classes = np.zeros(10_001, dtype=np.int64)

    def add(self, nanoseconds: int) -> None:
        """Count one duration."""
        self._classes[min(max(nanoseconds, 0) // 100_000, 10_000)] += 1

    def quantile(self, q: float) -> float:
        """Return the milliseconds that a fraction ``q`` of the durations do not exceed."""
        total = int(self._classes.sum())
        if not total:
            return 0.0
        at = np.searchsorted(np.cumsum(self._classes), q * total)
        return (float(at) + 1.0) / 10.0

    def clear(self) -> None:
        """Begin anew."""
        self._classes[:] = 0


class Ticker:
    """Deadlines on a fixed grid; those that were missed are skipped, never run in a burst.

    Parameters
    ----------
    period
        Nanoseconds.
    start
        The first deadline.

    Examples
    --------
    >>> ticker = Ticker(5, start=100)
    >>> ticker.due(99), ticker.due(101), ticker.deadline
    (False, True, 105)
    >>> ticker.due(117), ticker.deadline, ticker.skipped
    (True, 120, 2)
    """

    def __init__(self, period: int, start: int) -> None:
        self.period = period
        self.deadline = start
        self.skipped = 0

    def due(self, now: int) -> bool:
        """Whether the deadline has come; the next one is then the first of the grid after now."""
        if now < self.deadline:
            return False
        periods = (now - self.deadline) // self.period + 1
        self.skipped += periods - 1
        self.deadline += periods * self.period
        return True


class Pacer:
    """Makes a thread run on a grid of deadlines.

    Parameters
    ----------
    period
        Nanoseconds.
    clock, sleep
        Monotonic nanoseconds, and how to let seconds pass. ``time.sleep`` is clock_nanosleep(2)
        with an absolute time.

    Attributes
    ----------
    lateness : Histogram
        How long after its deadline each tick began.
    """

    def __init__(
        self,
        period: int,
        clock: Callable[[], int] = time.monotonic_ns,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._clock = clock
        self._sleep = sleep
        self._ticker = Ticker(period, clock() + period)
        self.lateness = Histogram()

    def restart(self) -> None:
        """Begin a new grid now, after a time in which nobody asked for ticks."""
        self._ticker.deadline = self._clock() + self._ticker.period

    def wait(self) -> int:
        """Wait for the next deadline, and return the time it really is."""
        deadline = self._ticker.deadline
        now = self._clock()
        while now < deadline:
            self._sleep((deadline - now) / 1e9)
            now = self._clock()
        self.lateness.add(now - deadline)
        self._ticker.due(now)
        return now

    @property
    def skipped(self) -> int:
        """Ticks that were left out because an earlier one took too long."""
        return self._ticker.skipped
