"""The two-way sound of a call: hear detections, frames and digits; play prompts, tones, arrays."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self

from dsp.types import Detection

from .errors import MediasockError
from .esl.channel import OutboundConnection
from .esl.commands import Unicast
from .esl.connection import deadline
from .media.conversation import Conversation
from .media.errors import StreamLost
from .media.hub import MediaHub
from .media.player import Playback
from .media.recorder import Recorder
from .media.sources import Playable
from .media.stream import Frame, Stream
from .media.talkers import Talker
from .media.wire import Wire

if TYPE_CHECKING:
    from .call import Call

log = logging.getLogger(__name__)

FIRST_FRAME = 2.0
"""Seconds in which the first frame must come, or another address is tried."""

ATTEMPTS = 3
"""How often unicast is asked for. A taken port is answered with +OK and brings no frame."""


class DisplaceError(MediasockError):
    """A file cannot be displaced into this channel without harm to FreeSWITCH."""


class NoMediaError(MediasockError):
    """FreeSWITCH accepted ``unicast`` and sent no sound."""


def wire_of(connection: OutboundConnection, *, native: bool) -> Wire:
    """Read off the channel what its unicast frames will be.

    Parameters
    ----------
    connection
        A call whose media is up, so that its codec is known.
    native
        Whether the codec's own bytes are wanted; only PCMU and PCMA have that form here, other
        codecs come as L16.
    """
    channel = connection.channel
    codec = channel.text("Channel-Read-Codec-Name").upper()
    rate = int(channel.text("Channel-Read-Codec-Rate") or 8000)
    ptime = int(channel.text("variable_rtp_use_codec_ptime") or 20)
    encoding = codec if native and codec in ("PCMU", "PCMA") else "L16"
    return Wire(encoding, rate, ptime)


async def open_stream(connection: OutboundConnection, hub: MediaHub, *, native: bool) -> Stream:
    """Ask FreeSWITCH for a call's sound and wait for its first frame.

    Raises
    ------
    NoMediaError
        When no frame came from any of the addresses tried.
    HungUp, Disconnected
        When the call is over, or ends first.
    MediaNotUp, ModeError
        When the call has no media, or its dialplan line lacks ``async``.
    """
    wire = wire_of(connection, native=native)
    for attempt in range(1, ATTEMPTS + 1):
        stream = hub.open(connection.uuid, wire)
        try:
            address = stream.address
            asked = Unicast(
                local_ip=address.local_ip,
                local_port=address.local_port,
                remote_ip=address.remote_ip,
                remote_port=address.remote_port,
                native=wire.encoding != "L16",
            )
            async with connection.until_hangup():
                await connection.unicast(asked)
                await stream.first_frame(FIRST_FRAME)
        except TimeoutError:
            stream.close()
            log.warning(
                "no sound from FreeSWITCH on try %d",
                attempt,
                extra={"call": connection.uuid, "local": address.local_ip},
            )
        except BaseException:
            stream.close()
            raise
        else:
            return stream
    raise NoMediaError(
        f"call {connection.uuid}: unicast was accepted {ATTEMPTS} times and no frame came within "
        f"{FIRST_FRAME:g} s of any; is the media socket {stream.address.remote_ip}:"
        f"{stream.address.remote_port} reachable from FreeSWITCH, and has nobody played a file "
        "on this call before?"
    )


class MediaSession:
    """A call's sound while ``async with call.media()`` lasts; see :meth:`Call.media`.

    Leaving it stops what still plays and goes silent. The stream itself stays with the call, so
    that entering again goes on where it was, unless FreeSWITCH has played a file meanwhile.
    """

    def __init__(self, call: Call, *, native: bool) -> None:
        self._call = call
        self._native = native
        self._stream: Stream | None = None
        self._conversation: Conversation | None = None
        self._callbacks: list[Callable[[Detection], None]] = []
        self._recorder: Recorder | None = None
        self._finishing: list[asyncio.Future[None]] = []

    async def __aenter__(self) -> Self:
        self._stream = await self._call.attach(self, native=self._native)
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """Stop playing and recording, and give the stream back to the call."""
        if self._stream is None:
            return
        stream, self._stream = self._stream, None
        stream.player.break_()
        stream.loop_back(False)
        if self._conversation is not None:
            self._conversation.stop()
        for callback in self._callbacks:
            stream.forget(callback)
        self._call.detach(self)
        stream.record(None)
        self._finish_recording()
        await asyncio.gather(*self._finishing)

    @property
    def stream(self) -> Stream:
        """The stream underneath: its address, statistics and player."""
        if self._stream is None:
            raise RuntimeError("the media session is not open: use `async with call.media()`")
        return self._stream

    @property
    def lost(self) -> StreamLost | None:
        """Why nothing is heard or said any more though the call goes on; None while it is."""
        return None if self._stream is None else self._stream.lost

    # -- ears ---------------------------------------------------------------------------------

    def frames(self, rate: int = 8000) -> AsyncIterator[Frame]:
        """Iterate over the sound as it comes: ``(samples,)`` int16 at 8,000 or 16,000 a second.

        The iteration ends with the call, and raises StreamLost where FreeSWITCH ends the stream.
        """
        return self.stream.frames(rate)

    def detections(self, *wanted: str) -> AsyncIterator[Detection]:
        """Iterate over what is heard.

        Parameters
        ----------
        wanted
            Kinds (``"fax"``) or values (``"busy"``); none is everything.

        Notes
        -----
        What still sounds when it is told has ``end`` None, and comes again when it has ended.
        The iteration ends with the call, and raises StreamLost where FreeSWITCH ends the stream.
        """
        return self.stream.detections(*wanted)

    def on_detection(self, callback: Callable[[Detection], None]) -> None:
        """Call ``callback(detection)`` for all that is heard until the session is left."""
        self.stream.on_detection(callback)
        self._callbacks.append(callback)

    @property
    def position(self) -> int:
        """How much of the call's sound has been heard, in samples at 8 kHz."""
        return self.stream.position

    async def digits(
        self,
        max: int = 1,
        end: str = "",
        timeout: float | None = 5.0,
        interdigit: float | None = None,
        *,
        barge_in: bool = True,
    ) -> str:
        """Collect digits: :meth:`Call.digits`."""
        return await self._call.digits(max, end, timeout, interdigit, barge_in=barge_in)

    # -- voice --------------------------------------------------------------------------------

    def play(self, what: Playable, *, loops: int = 1, gain_db: float = 0.0) -> Playback:
        """Queue something to be played; ``await`` what is returned to wait for its end.

        Parameters
        ----------
        what
            A file, ``tone_stream://…``, ``silence_stream://…``, an array, an async iterator.
        loops
            How often; −1 for ever.
        gain_db
            Louder (+) or softer (−), clipped at full scale.

        Raises
        ------
        HungUp, Disconnected
            When the call is over; when it ends later, out of what awaits the playback.
        StreamLost
            When FreeSWITCH has ended the stream.
        """
        over = self._call.over or self.lost
        if over is not None:
            raise over
        return self.stream.player.enqueue(what, loops=loops, gain_db=gain_db)

    async def playback(
        self, what: Playable, *, break_on: str = "", timeout: float | None = None
    ) -> None:
        """Play to the end, or until one of the keys in ``break_on`` is down.

        Raises
        ------
        HungUp, Disconnected
            When the call ends before.
        StreamLost
            When FreeSWITCH ends the stream before.
        PlayError
            When it cannot be played.
        WaitTimeout
            When it has not ended in time; it then plays on.
        """

        def stop(key: str) -> None:
            if key in break_on:
                playing.break_()

        playing = self.play(what)
        with self._call.keys.watching(stop):
            async with deadline("playback", timeout):
                await playing
        if self.lost is not None:
            raise self.lost

    def break_(self) -> None:
        """Stop what plays and forget what is queued."""
        self.stream.player.break_()

    def barge_in(self, _key: str) -> None:
        """Stop what plays because a key is down."""
        if self._stream is not None:
            self._stream.player.break_()

    def loop_back(self, on: bool = True) -> None:
        """Send back what is heard, as it is heard."""
        self.stream.loop_back(on)

    def converse(self, talker: Talker) -> Conversation:
        """Have an object of your own hear the call and answer it, while nothing plays.

        For every frame that comes ``talker.process(block)`` is called in the media thread with
        ``(n,)`` int16 at 8 kHz, and the ``(n,)`` that it returns are sent back; frames that were
        lost are silence to it. Once ``talker.done`` is true it is not called any more. ``await``
        what is returned to wait for that.

        Raises
        ------
        MediaError
            When another talker has the call.
        HungUp, Disconnected
            When the call is over; when it ends later, out of what awaits the conversation.
        StreamLost
            Likewise, when FreeSWITCH has ended the stream.

        Examples
        --------
        ::

            class Softer:
                done = False

                def process(self, block):
                    return block // 2

            async with call.media() as media:
                await media.converse(Softer())
        """
        over = self._call.over or self.lost
        if over is not None:
            raise over
        self._conversation = self.stream.converse(talker)
        return self._conversation

    async def gentones(self, spec: str) -> None:
        """Let FreeSWITCH play a tone; our own sending pauses and listening goes on after it."""
        stream = self.stream
        stream.hold()
        try:
            await self._call.execute("gentones", spec)
        finally:
            stream.resume()

    async def displace(self, file: str, *, flags: str = "") -> None:
        """Let FreeSWITCH put a file of its own into the call; the stream goes on.

        Parameters
        ----------
        file
            A path or stream that FreeSWITCH can read.
        flags
            FreeSWITCH's own, as ``m`` to mix it with what we send and ``l`` to loop it.

        Raises
        ------
        DisplaceError
            When the channel's codec is L16: FreeSWITCH would deadlock the channel, which nothing
            then ends. Play the file through the stream there.
        """
        codec = self._call.connection.channel.text("Channel-Read-Codec-Name")
        if codec.upper() == "L16":
            raise DisplaceError(
                "displace_session on an L16 channel with a stream deadlocks it in FreeSWITCH: "
                "play() the file instead"
            )
        await self._call.execute("displace_session", f"{file} {flags}".strip())

    async def stop_displace(self, file: str) -> None:
        """Take a displaced file out of the call again."""
        await self._call.execute("stop_displace_session", file)

    # -- records ------------------------------------------------------------------------------

    def record(self, path: str | Path) -> Recorder:
        """Record both ways to a stereo WAV, left what is heard and right what is sent.

        It ends with the session, with the next recording, or when the recorder is closed.

        Raises
        ------
        RecordError
            When the file cannot be written.
        """
        recorder = Recorder(Path(path), self.stream.wire.rate)
        self.stream.record(recorder)
        self._finish_recording()
        self._recorder = recorder
        return recorder

    def _finish_recording(self) -> None:
        """Have the file completed in a thread, since that waits for the disk."""
        recorder, self._recorder = self._recorder, None
        if recorder is not None:
            loop = asyncio.get_running_loop()
            self._finishing.append(loop.run_in_executor(None, recorder.close))
