"""What a call is told: a queue of prompts, tones and arrays, one played after another.

Control comes from the event loop's thread, ``read``, ``sent`` and ``take_flush`` from the media
thread. What the media thread has read lies in the call's ring until it is sent; only what has
really been sent counts as played.
"""

from __future__ import annotations

import asyncio
import contextlib
import heapq
import logging
import threading
from collections import deque
from collections.abc import Callable, Generator
from typing import Any, Literal, TypeAlias

import numpy as np

from dsp.types import Samples

from .errors import MarkMissed, MediaError, StreamClosed, StreamLost
from .sources import Feed, Playable, PlayError, Reservoir

log = logging.getLogger(__name__)

Outcome: TypeAlias = Literal["done", "broken"]


class Playback:
    """Something that was queued to be played; ``await`` it to wait until it is over.

    Awaiting gives ``"done"`` when its last sample was sent, ``"broken"`` when it was stopped.

    Raises
    ------
    PlayError
        When awaited, if it could not be played.
    StreamClosed, StreamLost
        When awaited, if the call's stream ended before it was over.
    """

    def __init__(self, player: Player, feed: Feed) -> None:
        self._player = player
        self._loop = asyncio.get_running_loop()
        self._over: asyncio.Future[Outcome] = self._loop.create_future()
        self._marks: list[tuple[int, int, asyncio.Future[int]]] = []
        self.feed = feed
        self.sent = 0
        """Samples of it that have been sent, at the wire's rate."""

    def __await__(self) -> Generator[Any, None, Outcome]:
        """Wait until it is over."""
        return asyncio.shield(self._over).__await__()

    @property
    def over(self) -> bool:
        """Whether nothing of it will be sent any more."""
        return self._over.done()

    def break_(self) -> None:
        """Stop it, or take it out of the queue; what is queued behind it goes on."""
        self._player.stop(self)

    def mark(self, position: int) -> asyncio.Future[int]:
        """Return a future that is done when this many samples of it have been sent.

        Parameters
        ----------
        position
            Samples at the wire's rate, from its beginning.

        Raises
        ------
        MarkMissed
            When awaited, if the playback was done or stopped before; if it ended with the
            stream or the call, what awaits the playback itself is told.
        """
        reached: asyncio.Future[int] = self._loop.create_future()
        if self.sent >= position:
            reached.set_result(position)
        elif self.over:
            self._miss(reached, position)
        else:
            heapq.heappush(self._marks, (position, id(reached), reached))
        return reached

    def advance(self, sent: int) -> None:
        """Take note, in the loop's thread, of how much has been sent."""
        self.sent = sent
        while self._marks and self._marks[0][0] <= sent:
            position, _, reached = heapq.heappop(self._marks)
            if not reached.done():
                reached.set_result(position)

    def finish(self, how: Outcome | Exception) -> None:
        """End it, in the loop's thread; what could not be played is told though nobody waits."""
        if isinstance(how, PlayError):
            log.warning("cannot be played: %s", how, extra={"call": self._player.uuid})
        self.feed.close()
        if not self._over.done():
            if isinstance(how, Exception):
                _refuse(self._over, how)
            else:
                self._over.set_result(how)
        for position, _, reached in self._marks:
            self._miss(reached, position)
        self._marks.clear()

    def _miss(self, reached: asyncio.Future[int], position: int) -> None:
        """Tell those who wait for a mark that it is not reached any more."""
        if not reached.done():
            why = self._over.exception()
            missed = MarkMissed(f"it was over at {self.sent} samples, before {position}")
            _refuse(reached, why or missed)


def _refuse(future: asyncio.Future[Any], error: BaseException) -> None:
    future.set_exception(error)
    future.exception()  # who does not await it need not be told


class _Item:
    """A playback as the media thread sees it."""

    __slots__ = ("playback", "reservoir", "sent", "stopped")

    def __init__(self, playback: Playback, reservoir: Reservoir) -> None:
        self.playback = playback
        self.reservoir = reservoir
        self.sent = 0
        self.stopped = False


class Player:
    """A call's queue of things to play; :class:`~mediasock.media.voices.Voice` for the engine.

    Parameters
    ----------
    rate
        Samples a second of the wire.
    wake
        Tells the media thread that there is something to read, or to take back.
    uuid
        The call's name, for the log.
    """

    def __init__(self, rate: int, *, wake: Callable[[], None], uuid: str = "") -> None:
        self.rate = rate
        self.uuid = uuid
        self._wake = wake
        self._loop = asyncio.get_running_loop()
        self._lock = threading.Lock()
        self._queue: deque[_Item] = deque()
        self._unsent: deque[tuple[_Item, Samples]] = deque()
        self._flush = False
        self._refusal: MediaError | None = None

    # -- from the event loop's thread ---------------------------------------------------------

    def enqueue(self, what: Playable, *, loops: int = 1, gain_db: float = 0.0) -> Playback:
        """Queue something behind what is queued already.

        Parameters
        ----------
        what
            See :data:`~mediasock.media.sources.Playable`.
        loops
            How often; −1 for ever.
        gain_db
            Louder or softer, clipped at full scale.

        Raises
        ------
        StreamClosed, StreamLost
            When nobody would hear it.
        PlayError
            When an async iterator is to be looped. What else is wrong with ``what`` is told to
            those who await the playback.
        """
        if self._refusal is not None:
            raise self._refusal.with_traceback(None)
        feed = Feed(what, self.rate, loops=loops, gain_db=gain_db, on_ready=self._wake)
        playback = Playback(self, feed)
        with self._lock:
            self._queue.append(_Item(playback, feed.reservoir))
        self._wake()  # the first samples may have been ready before it stood in the queue
        return playback

    def break_(self) -> None:
        """Stop what plays and forget what is queued."""
        self._stop(lambda _: True, "broken")

    def stop(self, playback: Playback) -> None:
        """Stop one playback: :meth:`Playback.break_`."""
        self._stop(lambda item: item.playback is playback, "broken")

    def close(self, why: Exception | None = None) -> None:
        """End everything: nothing more will be sent.

        Parameters
        ----------
        why
            What those who await a playback are told; StreamClosed where nothing is given.
        """
        closed = StreamClosed("nothing can be played: the stream is closed")
        self._end(closed, why or closed)

    def suspend(self, lost: StreamLost) -> None:
        """End everything, and take nothing until :meth:`resume`: nobody would hear it."""
        self._end(lost, lost)

    def resume(self) -> None:
        """Take things to be played again."""
        self._refusal = None

    def _end(self, refusal: MediaError, how: Exception) -> None:
        self._refusal = refusal
        self._stop(lambda _: True, how)

    def _stop(self, wanted: Callable[[_Item], bool], how: Outcome | Exception) -> None:
        with self._lock:
            there = list(dict.fromkeys([*(item for item, _ in self._unsent), *self._queue]))
            stopped = [item for item in there if wanted(item)]
            for item in stopped:
                item.stopped = True
            self._queue = deque(item for item in self._queue if not item.stopped)
            self._flush = self._flush or bool(stopped)
        for item in stopped:
            item.playback.finish(how)
        if stopped:
            self._wake()

    # -- from the media thread ----------------------------------------------------------------

    @property
    def idle(self) -> bool:
        """Whether there is nothing to be read that could be late."""
        with self._lock:
            return not (self._queue and self._queue[0].reservoir.ready)

    def read(self, n: int) -> Samples:
        """Give the next ``n`` samples, or as many as are ready."""
        taken: list[Samples] = []
        with self._lock:
            while n and self._queue and not self._flush:
                item = self._queue[0]
                samples = item.reservoir.take(n)
                n -= len(samples)
                taken.append(samples)
                self._unsent.append((item, samples))
                if not item.reservoir.exhausted:
                    break
                self._queue.popleft()
            self._tell_sent()
        return np.concatenate(taken) if taken else np.zeros(0, dtype=np.int16)

    def sent(self, n: int) -> None:
        """Hear that ``n`` of the samples read have gone out."""
        with self._lock:
            while n and self._unsent:
                item, samples = self._unsent[0]
                gone = min(n, len(samples))
                n -= gone
                item.sent += gone
                self._unsent[0] = (item, samples[gone:])
                if gone == len(samples):
                    self._unsent.popleft()
                self._post(item.playback.advance, item.sent)
                self._finish_if_over(item)
            self._tell_sent()

    def take_flush(self) -> bool:
        """Whether what was read and not sent is to be thrown away.

        What lives on of it is put back, to be read again.
        """
        with self._lock:
            if not self._flush:
                return False
            self._flush = False
            for item, samples in reversed(self._unsent):
                if not item.stopped:
                    item.reservoir.unread(samples)
                    if not (self._queue and self._queue[0] is item):
                        self._queue.appendleft(item)
            self._unsent.clear()
            return True

    def _tell_sent(self) -> None:
        """End those at the front of which nothing is left to be sent."""
        while self._unsent and not len(self._unsent[0][1]):
            item, _ = self._unsent.popleft()
            self._finish_if_over(item)

    def _finish_if_over(self, item: _Item) -> None:
        waiting = any(other is item and len(samples) for other, samples in self._unsent)
        if item.reservoir.exhausted and not waiting and not item.stopped:
            item.stopped = True
            self._post(item.playback.finish, item.reservoir.error or "done")

    def _post(self, call: Callable[..., None], argument: object) -> None:
        # A loop that is closed is gone with everybody who could wait.
        with contextlib.suppress(RuntimeError):
            self._loop.call_soon_threadsafe(call, argument)


__all__ = ["Outcome", "PlayError", "Playback", "Player"]
