"""Events to whoever wants them: callbacks and iterators, by name and by subclass.

A plain callback runs at once. Whoever takes its time (an ``async`` callback, an iterator) has a
queue of its own, which is bounded: events beyond it are dropped, and the consumer is told how
many in their place.
"""

from __future__ import annotations

import asyncio
import inspect
import logging
import weakref
from collections import deque
from collections.abc import Awaitable, Callable, Mapping
from typing import Final, Protocol, TypeAlias, cast

from mediasock.esl.events import Event
from mediasock.esl.notices import Dropped, Gap

logger = logging.getLogger(__name__)

EVERY: Final = "ALL"
"""As a name: every event, notices included."""

QUEUE_LIMIT: Final = 1000
"""Events that wait for one consumer before any is dropped."""

Callback: TypeAlias = Callable[[Event], object]


class _Consumer(Protocol):
    def offer(self, event: Event) -> None: ...


class Dispatcher:
    """Hands events on; outlives a connection where there is more than one in turn.

    Parameters
    ----------
    extra
        What goes with every log record, such as the call's UUID.
    """

    def __init__(self, extra: Mapping[str, object] | None = None) -> None:
        self.extra: dict[str, object] = dict(extra or {})
        self._routes: dict[str, tuple[_Consumer, ...]] = {}
        self._every: tuple[_Consumer, ...] = ()
        self._streams: weakref.WeakSet[EventStream] = weakref.WeakSet()
        self._finished = False

    def dispatch(self, event: Event) -> None:
        """Hand one event to all who asked for it."""
        for consumer in self._routes.get(event.name, ()):
            consumer.offer(event)
        for consumer in self._every:
            consumer.offer(event)

    def on(
        self,
        name: str,
        callback: Callback,
        *,
        subclass: str | None = None,
        limit: int = QUEUE_LIMIT,
    ) -> Callable[[], None]:
        """Call this for every event of a name.

        Parameters
        ----------
        name
            The event's name, or ``"ALL"``.
        callback
            Takes the event. An ``async def`` gets one event after the other, from a queue; a
            plain function gets each as it comes and must not take long. What it raises is logged
            and touches nobody else.
        subclass
            Only events of this subclass.
        limit
            Length of an ``async`` callback's queue.

        Returns
        -------
        callable
            Ends it.
        """
        if not _is_async(callback):
            return self._add((name,), _Caller(callback, subclass, self.extra))
        stream = EventStream(limit, subclass, self.extra)
        self._enrol(stream)
        remove = self._add((name,), stream)
        feeder = asyncio.get_running_loop().create_task(
            _feed(stream, cast("Callable[[Event], Awaitable[object]]", callback), self.extra)
        )

        def end() -> None:
            remove()
            stream.close()
            feeder.cancel()

        return end

    def events(
        self, *names: str, subclass: str | None = None, limit: int = QUEUE_LIMIT
    ) -> EventStream:
        """Return an async iterator over the events of these names, from now on.

        Parameters
        ----------
        names
            Event names; none of them is all of them.
        subclass
            Only events of this subclass.
        limit
            Events that may wait in it.
        """
        stream = EventStream(limit, subclass, self.extra)
        self._enrol(stream)
        # The iterator is held weakly: one that nobody iterates any more goes by itself.
        consumer = _WeakConsumer(stream)
        remove = self._add((*names, Gap.NAME) if names else (EVERY,), consumer)
        weakref.finalize(stream, remove).atexit = False
        stream.on_close = remove
        return stream

    def finish(self) -> None:
        """No more events will come: every iterator ends after what waits in it."""
        self._finished = True
        for stream in list(self._streams):
            stream.finish()

    def _enrol(self, stream: EventStream) -> None:
        self._streams.add(stream)
        if self._finished:
            stream.finish()

    def _add(self, names: tuple[str, ...], consumer: _Consumer) -> Callable[[], None]:
        wanted = dict.fromkeys(names)
        for name in wanted:
            if name == EVERY:
                self._every = (*self._every, consumer)
            else:
                self._routes[name] = (*self._routes.get(name, ()), consumer)

        def remove() -> None:
            self._every = tuple(one for one in self._every if one is not consumer)
            for name in wanted:
                rest = tuple(one for one in self._routes.get(name, ()) if one is not consumer)
                if rest:
                    self._routes[name] = rest
                else:
                    self._routes.pop(name, None)

        return remove


class EventStream:
    """An async iterator over events, bounded.

    Where events had to be dropped, a ``Dropped`` stands in their place. It ends when the
    connection does.
    """

    def __init__(self, limit: int, subclass: str | None, extra: Mapping[str, object]) -> None:
        self.on_close: Callable[[], None] | None = None
        self._limit = limit
        self._subclass = subclass
        self._extra = extra
        self._queue: deque[Event] = deque()
        self._dropped = 0
        self._finished = False
        self._waiter: asyncio.Future[None] | None = None

    def offer(self, event: Event) -> None:
        """Put an event at the end, or drop it."""
        if self._finished or not _matches(event, self._subclass):
            return
        if len(self._queue) >= self._limit:
            if not self._dropped:
                logger.warning(
                    "a consumer of %s is too slow: events are dropped",
                    event.name,
                    extra=self._extra,
                )
            self._dropped += 1
            return
        self._note_dropped()
        self._queue.append(event)
        self._wake()

    def finish(self) -> None:
        """End it after what waits in it."""
        self._finished = True
        self._wake()

    def close(self) -> None:
        """End it now."""
        self._queue.clear()
        self._dropped = 0
        if self.on_close is not None:
            self.on_close()
        self.finish()

    def __aiter__(self) -> EventStream:
        return self

    async def __anext__(self) -> Event:
        while not self._queue:
            self._note_dropped()
            if self._queue:
                break
            if self._finished:
                raise StopAsyncIteration
            self._waiter = asyncio.get_running_loop().create_future()
            try:
                await self._waiter
            finally:
                self._waiter = None
        return self._queue.popleft()

    def _note_dropped(self) -> None:
        if self._dropped:
            self._queue.append(Dropped(self._dropped))
            self._dropped = 0

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)


class _WeakConsumer:
    __slots__ = ("_stream",)

    def __init__(self, stream: EventStream) -> None:
        self._stream = weakref.ref(stream)

    def offer(self, event: Event) -> None:
        stream = self._stream()
        if stream is not None:
            stream.offer(event)


class _Caller:
    __slots__ = ("_callback", "_extra", "_subclass")

    def __init__(
        self, callback: Callback, subclass: str | None, extra: Mapping[str, object]
    ) -> None:
        self._callback = callback
        self._subclass = subclass
        self._extra = extra

    def offer(self, event: Event) -> None:
        if self._subclass is not None and not _matches(event, self._subclass):
            return
        try:
            self._callback(event)
        except Exception:
            logger.exception("a handler of %s failed", event.name, extra=self._extra)


async def _feed(
    stream: EventStream,
    callback: Callable[[Event], Awaitable[object]],
    extra: Mapping[str, object],
) -> None:
    async for event in stream:
        try:
            await callback(event)
        except Exception:
            logger.exception("a handler of %s failed", event.name, extra=extra)


def _matches(event: Event, subclass: str | None) -> bool:
    return subclass is None or isinstance(event, (Dropped, Gap)) or event.subclass == subclass


def _is_async(callback: Callback) -> bool:
    call = getattr(callback, "__call__", None)  # noqa: B004 - an object's own, not whether
    return inspect.iscoroutinefunction(callback) or inspect.iscoroutinefunction(call)
