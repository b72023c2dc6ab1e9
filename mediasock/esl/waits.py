"""What is waited for: tickets that are settled once, or abandoned."""

from __future__ import annotations

from collections.abc import Callable
from typing import Generic, TypeVar

from mediasock.esl.events import Event

T = TypeVar("T")


class Ticket(Generic[T]):
    """One answer to come.

    An abandoned ticket keeps its place: what comes for it falls on it and on no other.

    Examples
    --------
    >>> ticket: Ticket[int] = Ticket()
    >>> ticket.settle(5)
    >>> ticket.done, ticket.result()
    (True, 5)
    """

    __slots__ = ("_callback", "_error", "_value", "abandoned", "done")

    def __init__(self) -> None:
        self.done = False
        self.abandoned = False
        self._value: T | None = None
        self._error: Exception | None = None
        self._callback: Callable[[], None] | None = None

    def settle(self, value: T) -> None:
        """Give the answer; what comes after the first is ignored."""
        if not self.done:
            self._value = value
            self._finish()

    def fail(self, error: Exception) -> None:
        """Say why no answer comes; what comes after the first is ignored."""
        if not self.done:
            self._error = error
            self._finish()

    def abandon(self) -> None:
        """Wait no more."""
        if not self.done:
            self.abandoned = True
            self._callback = None
            self._finish()

    def when_done(self, callback: Callable[[], None]) -> None:
        """Call this once it is settled or failed, at once if it is already."""
        if self.done:
            callback()
        else:
            self._callback = callback

    def result(self) -> T:
        """Return the answer, or raise why there is none."""
        if self._error is not None:
            # One error may end many waits: each starts its own traceback.
            raise self._error.with_traceback(None)
        return self._value  # type: ignore[return-value]

    def _finish(self) -> None:
        self.done = True
        callback, self._callback = self._callback, None
        if callback is not None:
            callback()


class ExecuteWait:
    """An application that runs, known by the UUID given to it.

    Parameters
    ----------
    uuid
        The ``Application-UUID`` that its events carry.
    call
        The call's UUID.
    loops
        How many completions end the wait; −1 is no number.
    ends_with
        Events of the call that settle the wait as well.

    Attributes
    ----------
    ticket
        Settled with the last CHANNEL_EXECUTE_COMPLETE.
    completed
        How many came.
    last
        The latest of them.
    running
        Whether it has begun again since, so that another will come.
    """

    __slots__ = (
        "_on_pause",
        "call",
        "completed",
        "ends_with",
        "last",
        "loops",
        "running",
        "ticket",
        "uuid",
    )

    def __init__(
        self, uuid: str, call: str, loops: int = 1, ends_with: tuple[str, ...] = ()
    ) -> None:
        self.uuid = uuid
        self.call = call
        self.loops = loops
        self.ends_with = ends_with
        self.ticket: Ticket[Event] = Ticket()
        self.completed = 0
        self.last: Event | None = None
        self.running = False
        self._on_pause: Callable[[], object] | None = None

    def when_paused(self, callback: Callable[[], object]) -> None:
        """Call this after each completion that is not the last of the loops."""
        self._on_pause = callback

    def began(self) -> None:
        """A CHANNEL_EXECUTE of it came."""
        self.running = True

    def complete(self, event: Event) -> None:
        """A CHANNEL_EXECUTE_COMPLETE of it came."""
        self.running = False
        self.completed += 1
        self.last = event
        if self.completed == self.loops:
            self.ticket.settle(event)
        elif self._on_pause is not None:
            self._on_pause()

    def conclude(self) -> None:
        """End the wait with the completions there are, unless it has begun again."""
        if self.last is not None and not self.running:
            self.ticket.settle(self.last)
