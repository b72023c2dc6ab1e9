"""One call's sound as an application sees it, in the event loop's thread."""

from __future__ import annotations

import asyncio
import logging
import weakref
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Protocol

from dsp.types import Detection

from .address import Address
from .conversation import Conversation
from .counters import StreamStats
from .delivery import Mailbox
from .engine import Tap
from .errors import MediaError, StreamClosed, StreamLost, TalkerError
from .listeners import DetectionListener, Frame, FrameListener, Listener
from .notices import Ended, Heard, Lost, Notice, Resumed, Slow, Started, Stopped
from .player import Player
from .talkers import Over, Talker
from .wire import Wire

if TYPE_CHECKING:
    from .engine import Engine

log = logging.getLogger(__name__)

__all__ = ["Frame", "Stream"]


class Control(Protocol):
    """What the hub is to its streams."""

    engine: Engine[Stream]

    def post(self, action: Callable[[], None]) -> None:
        """Have the media thread do something before its next step."""

    def close(self, stream: Stream) -> None:
        """End a stream."""

    def now(self) -> int:
        """Monotonic nanoseconds."""


class Stream:
    """The two-way sound of one call; :meth:`mediasock.media.hub.MediaHub.open` makes it.

    Its methods are for the thread of the event loop in which it was opened; ``close`` may be
    called from any.

    Attributes
    ----------
    uuid : str
        The call.
    wire : Wire
        Its frames.
    address : Address
        What to ask of FreeSWITCH with ``unicast``.
    row : int
        Its row in the hub's detectors.
    mailbox : Mailbox
        The way to its event loop.
    """

    def __init__(
        self,
        hub: Control,
        uuid: str,
        wire: Wire,
        *,
        address: Address,
        row: int,
        mailbox: Mailbox,
    ) -> None:
        self.uuid = uuid
        self.wire = wire
        self.address = address
        self.row = row
        self.mailbox = mailbox
        self.listening = False
        self.tap: Tap | None = None
        self.voice: Player | None = None
        self._hub = hub
        self._first: asyncio.Future[None] = mailbox.loop.create_future()
        self._listeners: weakref.WeakSet[Listener[Any]] = weakref.WeakSet()
        self._callbacks: list[Callable[[Detection], None]] = []
        self._loss_callbacks: list[Callable[[StreamLost], None]] = []
        self._lost: StreamLost | None = None
        self._closing = False
        self._why: Exception | None = None
        self._conversation: Conversation | None = None
        self._ended: Ended | None = None
        self._missed = 0
        self._slow = False

    # -- what is known of it ------------------------------------------------------------------

    @property
    def stats(self) -> StreamStats:
        """What has been counted so far."""
        return self._ended.stats if self._ended else self._hub.engine.counters.of(self.row)

    @property
    def position(self) -> int:
        """The length of the call's timeline so far, in samples at 8 kHz."""
        if self._ended:
            return self._ended.position
        return int(self._hub.engine.heard.total[self.row])

    @property
    def lost(self) -> StreamLost | None:
        """Why nothing is heard any more; None while frames come."""
        return self._lost

    @property
    def closed(self) -> bool:
        """Whether the stream has been closed."""
        return self._closing

    # -- ears ---------------------------------------------------------------------------------

    async def first_frame(self, timeout: float | None = 2.0) -> None:
        """Wait until the first frame has come.

        Raises
        ------
        TimeoutError
            When none came in time, in seconds.
        StreamClosed
            When the stream was closed meanwhile.
        """
        async with asyncio.timeout(timeout):
            await asyncio.shield(self._first)

    def frames(self, rate: int = 8000, limit: int = 500) -> FrameListener:
        """Iterate over the sound as it comes.

        Parameters
        ----------
        rate
            8,000 or 16,000 samples a second, whatever the wire has.
        limit
            Frames that wait for a slow reader at most; then the oldest fall out, and the next
            frame says how many (:attr:`Frame.dropped`).

        Raises
        ------
        StreamLost
            From the iteration, when no frame comes for 2 s. Closing the stream ends it.
        """
        listener = FrameListener(self.wire.rate, rate, limit, self.uuid)
        self._join(listener)
        self._watch()
        return listener

    def detections(self, *wanted: str, limit: int = 1000) -> DetectionListener:
        """Iterate over what is heard from now on.

        Parameters
        ----------
        wanted
            Kinds (``"fax"``) or values (``"busy"``); none is everything.
        limit
            Detections that wait for a slow reader at most; then the oldest fall out.

        Raises
        ------
        StreamLost
            From the iteration, when no frame comes for 2 s. Closing the stream ends it.
        """
        listener = DetectionListener(wanted, limit, self.uuid)
        self._join(listener)
        return listener

    def on_detection(self, callback: Callable[[Detection], None]) -> None:
        """Call ``callback(detection)`` in the loop's thread for all that is heard from now on."""
        self._callbacks.append(callback)

    def forget(self, callback: Callable[[Detection], None]) -> None:
        """Call it for detections no more."""
        if callback in self._callbacks:
            self._callbacks.remove(callback)

    def on_lost(self, callback: Callable[[StreamLost], None]) -> None:
        """Call ``callback(error)`` in the loop's thread when no frame has come for 2 s."""
        self._loss_callbacks.append(callback)

    def _join(self, listener: Listener[Any]) -> None:
        if self._closing:
            listener.end(None)
        elif self._lost is not None:
            listener.end(self._lost)
        else:
            self._listeners.add(listener)

    # -- voice --------------------------------------------------------------------------------

    @property
    def player(self) -> Player:
        """What is sent: files, tones, arrays, queued."""
        if self.voice is None:
            hub = self._hub
            self.voice = Player(
                self.wire.rate,
                wake=lambda: hub.post(lambda: hub.engine.speak(self)),
                uuid=self.uuid,
            )
            if self._closing:
                self.voice.close()
            elif self._lost is not None:
                self.voice.suspend(self._lost)
        return self.voice

    def loop_back(self, on: bool = True) -> None:
        """Send back what is heard, as it is heard, while nothing plays."""
        self._hub.post(lambda: self._hub.engine.loop_back(self, on))

    def converse(self, talker: Talker) -> Conversation:
        """Have a talker answer what is heard, block by block, while nothing plays.

        Parameters
        ----------
        talker
            From now on the media thread's, until the conversation is over.

        Raises
        ------
        MediaError
            When another one talks.
        StreamClosed, StreamLost
            When nothing is heard.
        """
        if self._conversation is not None and not self._conversation.over:
            raise MediaError(f"call {self.uuid}: a conversation goes on already")
        if self._closing:
            raise StreamClosed(f"call {self.uuid}: its stream was closed")
        if self._lost is not None:
            raise self._lost.with_traceback(None)
        self._conversation = Conversation(talker, lambda: self._let_talk(None))
        self._let_talk(talker)
        return self._conversation

    def _let_talk(self, talker: Talker | None) -> None:
        self._hub.post(lambda: self._hub.engine.converse(self, talker))

    def record(self, recorder: Tap | None) -> None:
        """Let a recorder have both ways, or no more of them."""
        self.tap = recorder
        self._watch()

    def hold(self) -> None:
        """Send nothing and take no pause for a loss, as while the switch plays a tone itself."""
        self._hub.post(lambda: self._hub.engine.hold(self))

    def resume(self) -> None:
        """Send again, and expect frames."""
        self._hub.post(lambda: self._hub.engine.resume(self, self._hub.now()))

    def close(self, why: Exception | None = None) -> None:
        """End the stream and every wait on it; what still sounds is reported first.

        Parameters
        ----------
        why
            What those who await a conversation are told; StreamClosed where nothing is given.
        """
        if not self._closing:
            self._closing = True
            self._why = why
            self._hub.close(self)

    def _watch(self) -> None:
        """Let the hub hand over frames as long as somebody wants them."""
        self.listening = any(isinstance(one, FrameListener) for one in self._listeners)
        self._hub.post(lambda: self._hub.engine.watch(self))

    # -- what the hub tells -------------------------------------------------------------------

    def missed(self) -> None:
        """Note that a frame was dropped on its way here, because the loop did not run."""
        self._missed += 1

    def deliver(self, notice: Notice) -> None:
        """Take a notice of the media thread."""
        match notice:
            case Heard():
                self._on_heard(notice)
            case Detection():
                self._on_detected(notice)
            case Started():
                if not self._first.done():
                    self._first.set_result(None)
            case Lost():
                self._on_lost()
            case Resumed():
                self._lost = None
                if self.voice is not None and not self._closing:
                    self.voice.resume()
                log.info("frames come again", extra={"call": self.uuid})
            case Stopped():
                log.info("frames have stopped coming", extra={"call": self.uuid})
            case Slow() if not self._slow:
                self._slow = True
                log.warning("the switch is slow: frames come late", extra={"call": self.uuid})
            case Over():
                self._on_talked(notice)
            case Ended():
                self._on_ended(notice)

    def _on_heard(self, heard: Heard) -> None:
        listeners = [one for one in self._listeners if isinstance(one, FrameListener)]
        if not listeners:
            self._watch()
            return
        missed, self._missed = self._missed, 0
        for listener in listeners:
            listener.put(heard, missed)

    def _on_detected(self, detection: Detection) -> None:
        for listener in tuple(self._listeners):
            if isinstance(listener, DetectionListener):
                listener.put(detection)
        for callback in tuple(self._callbacks):
            try:
                callback(detection)
            except Exception:
                log.exception("a callback for detections failed", extra={"call": self.uuid})

    def _on_talked(self, over: Over) -> None:
        conversation = self._conversation
        if conversation is None or conversation.talker is not over.talker:
            return
        if over.failure is None:
            conversation.finish("done" if over.done else "broken")
            return
        name = type(over.talker).__name__
        log.error("%s failed", name, exc_info=over.failure, extra={"call": self.uuid})
        error = TalkerError(f"call {self.uuid}: {name} failed: {over.failure}")
        error.__cause__ = over.failure
        conversation.finish(error)

    def _on_lost(self) -> None:
        self._lost = StreamLost(
            f"call {self.uuid}: no frame has come from {self.address.local_ip}:"
            f"{self.address.local_port} for 2 s"
        )
        log.info("the stream is lost", extra={"call": self.uuid})
        self._end_listeners(self._lost)
        if self.voice is not None:
            self.voice.suspend(self._lost)  # who awaits its end must not wait for ever
        if self._conversation is not None and not self._conversation.over:
            self._let_talk(None)
            self._conversation.finish(self._lost)
        for callback in tuple(self._loss_callbacks):
            callback(self._lost)

    def _on_ended(self, ended: Ended) -> None:
        self._ended = ended
        self._closing = True
        if self.voice is not None:
            self.voice.close()
        if self._conversation is not None:
            closed = StreamClosed(f"call {self.uuid}: its stream was closed")
            self._conversation.finish(self._why or closed)
        if not self._first.done():
            self._first.set_exception(StreamClosed(f"call {self.uuid}: its stream was closed"))
            self._first.exception()  # nobody need be waiting
        self._end_listeners(None)

    def _end_listeners(self, error: StreamLost | None) -> None:
        for listener in tuple(self._listeners):
            listener.end(error)
        self._listeners.clear()
