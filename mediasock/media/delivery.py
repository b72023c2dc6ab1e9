"""News from the media thread to the event loop: once a tick for all calls, never waited for."""

from __future__ import annotations

import asyncio
import logging
import sys
import threading
import time
import traceback
from collections.abc import Callable, Iterable
from typing import Protocol

from .notices import Heard, Notice

log = logging.getLogger(__name__)

FRAMES_WAITING = 20_000
"""Notices that may wait for a loop that does not run; beyond it frames are dropped."""

NEWS_WAITING = 4 * FRAMES_WAITING
"""Beyond it everything is dropped."""

HEARTBEAT = 100_000_000
"""Nanoseconds from one sign of life asked of the loop to the next."""

STUCK_AFTER = 500_000_000
"""Nanoseconds without an answer after which the loop is reported."""


class Recipient(Protocol):
    """What a stream is to the mailbox."""

    def deliver(self, notice: Notice) -> None:
        """Take a notice, in the loop's thread."""

    def missed(self) -> None:
        """Hear, in the media thread, that a frame was dropped."""


class Mailbox:
    """Notices on their way to one event loop.

    Parameters
    ----------
    loop
        The loop; :meth:`here` makes a mailbox for the one that runs.
    thread
        The identifier of its thread, whose stack is logged when the loop is stuck.
    clock
        Monotonic nanoseconds.

    Attributes
    ----------
    dropped : int
        Notices that were thrown away because the loop did not run.
    """

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        thread: int,
        clock: Callable[[], int] = time.monotonic_ns,
    ) -> None:
        self.loop = loop
        self.dropped = 0
        self._thread = thread
        self._clock = clock
        self._lock = threading.Lock()
        self._waiting: list[tuple[Recipient, Notice]] = []
        self._asked_at: int | None = None
        self._answered_at = clock()
        self._stuck = False

    @classmethod
    def here(cls) -> Mailbox:
        """Make a mailbox for the running loop."""
        return cls(asyncio.get_running_loop(), threading.get_ident())

    def post(self, news: Iterable[tuple[Recipient, Notice]]) -> None:
        """Take news to the loop; called in the media thread, and returns at once."""
        with self._lock:
            for recipient, notice in news:
                waiting = len(self._waiting)
                if waiting < FRAMES_WAITING or (
                    waiting < NEWS_WAITING and not isinstance(notice, Heard)
                ):
                    self._waiting.append((recipient, notice))
                else:
                    self.dropped += 1
                    recipient.missed()
            ask = bool(self._waiting) and self._asked_at is None
        if ask:
            self._ask()

    def beat(self) -> None:
        """Ask the loop for a sign of life, and report it when it has given none for long.

        A handler that never yields stops the loop and with it every call's control. It does not
        stop the media thread, and here is where that says so.
        """
        now = self._clock()
        asked_at = self._asked_at
        if asked_at is None:
            if now - self._answered_at >= HEARTBEAT:
                self._ask()
        elif not self._stuck and now - asked_at >= STUCK_AFTER:
            self._stuck = True
            frame = sys._current_frames().get(self._thread)
            stack = "".join(traceback.format_stack(frame)) if frame else "its thread is gone"
            task = asyncio.current_task(self.loop)
            log.error(
                "the event loop has not run for %.1f s: %s does not yield. It is at\n%s",
                (now - asked_at) / 1e9,
                "a callback" if task is None else task.get_name(),
                stack,
            )

    def _ask(self) -> None:
        self._asked_at = self._clock()
        try:
            self.loop.call_soon_threadsafe(self._answer)
        except RuntimeError:  # the loop is closed: nobody is left to hear anything
            with self._lock:
                self._waiting.clear()

    def _answer(self) -> None:
        with self._lock:
            news, self._waiting = self._waiting, []
            asked_at, self._asked_at = self._asked_at, None
            self._answered_at = self._clock()
        if self._stuck and asked_at is not None:
            self._stuck = False
            log.warning("the event loop runs again after %.1f s", (self._clock() - asked_at) / 1e9)
        for recipient, notice in news:
            try:
                recipient.deliver(notice)
            except Exception:
                log.exception("a notice could not be delivered")
