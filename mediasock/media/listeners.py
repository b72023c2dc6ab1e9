"""Those who listen to a stream: async iterators with a bounded queue each."""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from dataclasses import dataclass, replace
from typing import Generic, Self, TypeVar

from dsp.resample import Downsampler, Upsampler
from dsp.types import Detection, Samples

from .errors import MediaError
from .frames import whole_pairs
from .notices import Heard
from .wire import RATES

log = logging.getLogger(__name__)

Item = TypeVar("Item")


@dataclass(frozen=True, slots=True)
class Frame:
    """Some milliseconds of a call's sound.

    Parameters
    ----------
    samples
        ``(n,)`` int16.
    position
        Where it begins in the call's timeline, in samples at its own rate.
    gap
        It is silence in the place of what did not come.
    dropped
        Frames left out just before it, because the reader was too slow.
    """

    samples: Samples
    position: int
    gap: bool
    dropped: int = 0


class Listener(Generic[Item]):
    """A queue that is read by ``async for``; the oldest fall out when it is full.

    Parameters
    ----------
    limit
        Items that wait at most.
    call
        Whose they are, for the log.

    Attributes
    ----------
    dropped : int
        Items that fell out; the first of them is logged.
    """

    def __init__(self, limit: int, call: str) -> None:
        self.dropped = 0
        self._call = call
        self._items: deque[Item] = deque()
        self._limit = limit
        self._changed = asyncio.Event()
        self._ended = False
        self._error: MediaError | None = None

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Item:
        while not self._items:
            if self._error is not None:
                raise self._error
            if self._ended:
                raise StopAsyncIteration
            self._changed.clear()
            await self._changed.wait()
        return self._items.popleft()

    def end(self, error: MediaError | None) -> None:
        """End the iteration, with an error or without, when what waits has been read."""
        self._ended, self._error = True, error
        self._changed.set()

    def _append(self, item: Item) -> None:
        self._items.append(item)
        if len(self._items) > self._limit:
            if not self.dropped:
                what = type(item).__name__.lower()
                log.warning("a reader of %ss is too slow", what, extra={"call": self._call})
            self.dropped += 1
            self._fell_out(self._items.popleft())
        self._changed.set()

    def _fell_out(self, item: Item) -> None:
        """Take note of what nobody will read."""


class DetectionListener(Listener[Detection]):
    """The detections that somebody wants.

    Parameters
    ----------
    wanted
        Kinds or values; none is everything.
    limit, call
        As of :class:`Listener`.
    """

    def __init__(self, wanted: tuple[str, ...], limit: int, call: str = "") -> None:
        super().__init__(limit, call)
        self._wanted = frozenset(wanted)

    def put(self, detection: Detection) -> None:
        """Take a detection in, if it is wanted."""
        if not self._wanted or self._wanted & {detection.kind, detection.value}:
            self._append(detection)


class FrameListener(Listener[Frame]):
    """The sound of a stream, at the rate that somebody wants.

    Parameters
    ----------
    wire_rate, rate
        Samples a second as they come, and as they are wanted.
    limit, call
        As of :class:`Listener`.

    Raises
    ------
    ValueError
        When the rate is not 8,000 or 16,000.
    """

    def __init__(self, wire_rate: int, rate: int, limit: int, call: str = "") -> None:
        if rate not in RATES:
            raise ValueError(f"rate {rate}: frames come at 8000 or 16000 samples a second")
        super().__init__(limit, call)
        self._scale = rate / 8000
        self._convert: Upsampler | Downsampler | None = None
        if rate > wire_rate:
            self._convert = Upsampler(1)
        elif rate < wire_rate:
            self._convert = Downsampler(1)

    def put(self, heard: Heard, missed: int) -> None:
        """Take sound in, of which ``missed`` frames were left out just before."""
        samples = heard.samples
        if self._convert is not None:
            block = samples[None, :]
            if isinstance(self._convert, Downsampler):
                block = whole_pairs(block)
            samples = self._convert.process(block)[0]
        self._append(Frame(samples, int(heard.position * self._scale), heard.gap, missed))

    def _fell_out(self, item: Frame) -> None:
        """Let the next frame say that one is missing before it."""
        oldest = self._items[0]
        self._items[0] = replace(oldest, dropped=oldest.dropped + item.dropped + 1)
