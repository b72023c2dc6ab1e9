"""A call under our control: its state, what the switch does to it, its sound.

A :class:`Call` is what an application is given. It speaks to FreeSWITCH through the call's event
socket and, once :meth:`Call.media` is entered, to the caller through the call's own sound.
"""

from __future__ import annotations

import asyncio
import logging
import re
from collections.abc import Callable, Mapping
from contextlib import ExitStack, suppress

from dsp.types import Detection

from .digits import DigitQueue, Source
from .esl.channel import BridgeOutcome, OutboundConnection
from .esl.commands import Linger, Resume
from .esl.errors import Disconnected, EslError, HungUp, ModeError
from .esl.events import Event
from .media.errors import StreamLost
from .media.hub import MediaHub
from .media.sources import PlayError
from .media.stream import Stream
from .session import MediaSession, open_stream

log = logging.getLogger(__name__)

LINGER = 5
"""Seconds for which FreeSWITCH keeps the socket after the hang-up, for its last events."""

HANGUP = 1.0
"""Seconds that a hang-up of ours may take until FreeSWITCH has told that the call is over."""

REENTRIES = "mediasock_reentries"
"""Channel variable that counts them, so that it goes with the call."""

WAY_BACK = "FreeSWITCH ends a stream with a playback of its own; Call.reenter() brings a new one"


class Call:
    """One call that FreeSWITCH gave to us.

    Parameters
    ----------
    connection
        The call's event socket, connected.
    hub
        The process's media, for :meth:`media`.

    Attributes
    ----------
    uuid : str
        FreeSWITCH's name of the call; every log line about it carries it.
    keys : DigitQueue
        What the far end has keyed.

    Notes
    -----
    Every method that waits raises :class:`~mediasock.esl.errors.HungUp` when the call ends, and
    :class:`~mediasock.esl.errors.Disconnected` when FreeSWITCH goes away.

    Examples
    --------
    A whole application::

        class Greeter(App):
            async def on_call(self, call: Call) -> None:
                await call.answer()
                await call.playback("welcome.wav")
                await call.hangup()
    """

    def __init__(self, connection: OutboundConnection, hub: MediaHub) -> None:
        self.connection = connection
        self.uuid = connection.uuid
        self.keys = DigitQueue(
            clock=asyncio.get_running_loop().time,
            deaf=lambda: None if self._session is None else self._session.lost,
        )
        self._hub = hub
        self._stream: Stream | None = None
        self._session: MediaSession | None = None
        self._stream_spent = False
        self._watch: asyncio.Task[None] | None = None

    # -- what is known of it ------------------------------------------------------------------

    @property
    def data(self) -> Event:
        """The channel as FreeSWITCH described it when it connected."""
        return self.connection.data

    @property
    def path(self) -> str:
        """The application that the dialplan asked for, ``fax`` in ``127.0.0.1:8084/fax``."""
        return self.connection.path

    @property
    def caller(self) -> str:
        """The caller's number; empty where it was withheld."""
        return self.data.text("Caller-Caller-ID-Number")

    @property
    def destination(self) -> str:
        """The number that was called."""
        return self.data.text("Caller-Destination-Number")

    @property
    def variables(self) -> Mapping[str, str | list[str] | None]:
        """The channel variables as they were when FreeSWITCH connected."""
        return self.data.variables

    @property
    def reentries(self) -> int:
        """How often :meth:`reenter` has sent this call here."""
        told = self.data.text(f"variable_{REENTRIES}")
        return int(told) if re.fullmatch("[0-9]{1,4}", told) else 0

    def file_name(self, suffix: str) -> str:
        """Return a name for a file of this call: its uuid, with nothing that is a path.

        Each session that :meth:`reenter` brings has another: ``-2``, ``-3`` are behind the uuid.
        """
        session = f"-{self.reentries + 1}" if self.reentries else ""
        return re.sub(r"[^A-Za-z0-9-]", "_", self.uuid) + session + suffix

    @property
    def hangup_cause(self) -> str | None:
        """Why the call ended (``NORMAL_CLEARING``), None while it lives."""
        return self.connection.hangup_cause

    @property
    def over(self) -> EslError | None:
        """Why nothing can be done with the call any more; None while it lives."""
        if self.hangup_cause is not None:
            return HungUp(self.hangup_cause)
        return self.connection.ended

    # -- its life -----------------------------------------------------------------------------

    async def start(self) -> None:
        """Listen to the call's own events; the server does this before the application runs."""
        self.connection.on("DTMF", self._on_dtmf)
        self._watch = asyncio.get_running_loop().create_task(self._until_over())
        if self.connection.full:
            await self.connection.send(Linger(LINGER))

    async def close(self) -> None:
        """Take our hands off the call: end its recording and its stream."""
        if self._watch is not None:
            self._watch.cancel()
        if self._session is not None:
            await self._session.close()
        self._drop_stream()
        self.keys.close(Disconnected("the application has left the call"))

    async def answer(self) -> None:
        """Answer the call."""
        await self.execute("answer")

    async def pre_answer(self) -> None:
        """Open the call's sound without answering it (early media, SIP 183)."""
        await self.execute("pre_answer")

    async def hangup(self, cause: str = "NORMAL_CLEARING") -> None:
        """Hang up and wait until the call is over; one that is over already stays so.

        Parameters
        ----------
        cause
            A FreeSWITCH cause name: ``NORMAL_CLEARING``, ``USER_BUSY``, …
        """
        with suppress(TimeoutError, Disconnected):
            async with asyncio.timeout(HANGUP):
                await self.connection.hangup(cause)
                await self.wait_hangup()
        if self.over is None and self.connection.full:
            await self._kill(cause)

    async def _kill(self, cause: str) -> None:
        """Hang up past what runs under event-lock, as a bridge does: it keeps a hangup waiting."""
        with suppress(TimeoutError, EslError):
            async with asyncio.timeout(HANGUP):
                await self.connection.api("uuid_kill", f"{self.uuid} {cause}")
                await self.wait_hangup()

    async def let_go(self) -> None:
        """Have the call go on in its dialplan once our socket is closed, instead of ending it.

        The server does this when an application returns.
        """
        # Without `async`, FreeSWITCH resets a call that resumes, and nothing runs on it any more;
        # it goes on without being told.
        if self.over is None and self.connection.mode == "async":
            with suppress(EslError):
                await self.connection.send(Resume())

    async def wait_hangup(self) -> str:
        """Wait until the call is over, and return the cause."""
        with suppress(HungUp):
            async with self.connection.until_hangup():
                await asyncio.Event().wait()
        return self.hangup_cause or ""

    # -- what the switch does to it -----------------------------------------------------------

    async def execute(
        self,
        application: str,
        argument: str = "",
        *,
        lock: bool = False,
        timeout: float | None = None,
    ) -> Event:
        """Run a dialplan application on the call and wait until it is done.

        Parameters
        ----------
        application, argument
            As in the dialplan: ``"set", "foo=bar"``.
        lock
            Make the next application wait for this one (``event-lock``).
        timeout
            Seconds; ``None`` waits as long as the call lives.

        Returns
        -------
        Event
            Its ``CHANNEL_EXECUTE_COMPLETE``.
        """
        return await self.connection.execute(
            application, argument, event_lock=lock, timeout=timeout
        )

    async def set(self, name: str, value: str) -> None:
        """Set a channel variable."""
        await self.execute("set", f"{name}={value}", lock=True)

    async def get(self, name: str) -> str | None:
        """Read a channel variable; None where it is not set.

        Without ``full`` in the dialplan line FreeSWITCH cuts it at 511 bytes.
        """
        return await self.connection.getvar(name)

    async def playback(
        self, what: str, *, break_on: str = "", timeout: float | None = None
    ) -> None:
        """Play a prompt to its end.

        While the stream is up it goes through the stream, because FreeSWITCH would end the stream
        for good at the end of a playback of its own. With no stream, FreeSWITCH plays it.

        Parameters
        ----------
        what
            A file, ``tone_stream://…`` or ``silence_stream://…``. Through the stream the file is
            read by this process, else by FreeSWITCH.
        break_on
            Keys that stop it; they stay in :attr:`keys`, for :meth:`digits`.
        timeout
            Seconds after which to stop waiting.

        Raises
        ------
        PlayError
            When the file is not there for whoever reads it, or cannot be played.
        """
        if self._session is not None:
            await self._session.playback(what, break_on=break_on, timeout=timeout)
            return
        self._give_up_stream()
        await self.set("playback_terminators", break_on or "none")
        done = await self.execute("playback", what, timeout=timeout)
        if done.text("Application-Response") == "FILE NOT FOUND":
            raise PlayError(f"{what}: FreeSWITCH finds no such file")

    async def break_(self) -> None:
        """Stop whatever is playing, ours or FreeSWITCH's."""
        if self._session is not None:
            self._session.break_()
        else:
            await self.execute("break")

    async def digits(
        self,
        max: int = 1,
        end: str = "",
        timeout: float | None = 5.0,
        interdigit: float | None = None,
        *,
        barge_in: bool = True,
    ) -> str:
        """Collect keyed digits, in-band and RFC 2833 alike (in-band ones while the stream is up).

        Parameters
        ----------
        max, end, timeout, interdigit
            As in :meth:`mediasock.digits.DigitQueue.collect`.
        barge_in
            Stop what plays through the stream as soon as a key is down.

        Returns
        -------
        str
            What was keyed until then, without the ending key.
        """
        with ExitStack() as listening:
            if barge_in and self._session is not None:
                if self.keys.pending:
                    self._session.break_()
                listening.enter_context(self.keys.watching(self._session.barge_in))
            return await self.keys.collect(max=max, end=end, timeout=timeout, interdigit=interdigit)

    async def bridge(self, destination: str, *, timeout: float | None = None) -> BridgeOutcome:
        """Bridge the call to a dial string and wait until the bridge is over.

        The stream is silent both ways meanwhile, and goes on after it.

        Returns
        -------
        BridgeOutcome
            Whether the two were ever together, and what ended it.
        """
        if self._stream is not None:
            self._stream.hold()
        try:
            return await self.connection.bridge(destination, timeout=timeout)
        finally:
            if self._stream is not None and self._session is not None:
                self._stream.resume()

    async def transfer(
        self, extension: str, dialplan: str = "XML", context: str = "default"
    ) -> None:
        """Send the call to another extension of the dialplan, and return when it has gone.

        It is then no longer ours: all that is asked of it here raises
        :class:`~mediasock.esl.errors.Disconnected`, and the application may return.
        """
        self._give_up_stream()
        await self.connection.transfer(extension, dialplan, context)

    async def reenter(self) -> None:
        """Send the call through its own extension again, for a new session with a new stream.

        The way back to listening after FreeSWITCH has ended the stream: the same dialplan line
        dials us again, and a new :class:`Call` of the same ``uuid`` begins.
        """
        data = self.data
        await self.set(REENTRIES, str(self.reentries + 1))
        await self.transfer(
            self.destination,
            data.text("Caller-Dialplan") or "XML",
            data.text("Caller-Context") or "default",
        )

    # -- its sound ----------------------------------------------------------------------------

    def media(self, *, native: bool = False) -> MediaSession:
        """Open the call's two-way sound: ``async with call.media() as media:``.

        A call that is neither answered nor pre-answered is answered first.

        Parameters
        ----------
        native
            Carry the codec's own bytes (PCMU, PCMA) instead of 16-bit samples: half the traffic.
            With them FreeSWITCH was seen to deadlock a channel in 2 of 290 calls, with 16-bit
            samples never.
        """
        return MediaSession(self, native=native)

    async def attach(self, session: MediaSession, *, native: bool) -> Stream:
        """Give a session the call's stream, asking FreeSWITCH for it where there is none yet."""
        if self._session is not None:
            raise RuntimeError(f"call {self.uuid}: its media is open already")
        if self.connection.mode != "async":
            raise ModeError("unicast", "async", "without it FreeSWITCH moves no sound")
        if self._stream_spent:
            raise StreamLost(f"call {self.uuid}: its stream is over: {WAY_BACK}")
        if not self.connection.media_up:
            await self.answer()
        if self._stream is None:
            self._stream = await open_stream(self.connection, self._hub, native=native)
            self._stream.on_detection(self._on_detection)
            self._stream.on_lost(self._on_lost)
        else:
            self._stream.resume()
        self._session = session
        return self._stream

    def detach(self, session: MediaSession) -> None:
        """Take the stream back from a session; it is held, so that nothing more is sent."""
        if self._session is session:
            self._session = None
            if self._stream is not None:
                self._stream.hold()

    def _give_up_stream(self) -> None:
        """Close our end of the stream, since FreeSWITCH is about to end its own for good."""
        if self._stream is not None and self._session is None:
            self._drop_stream()
            self._stream_spent = True

    def _drop_stream(self) -> None:
        if self._stream is not None:
            self._stream.close()
            self._stream = None

    # -- what happens to it -------------------------------------------------------------------

    def on_rfc2833(self, callback: Callable[[str], None]) -> None:
        """Call ``callback(digit)`` for every digit that comes as a telephone-event."""
        self.connection.on("DTMF", lambda event: callback(event.text("DTMF-Digit")))

    def _on_dtmf(self, event: Event) -> None:
        self.keys.put(event.text("DTMF-Digit"), Source.OUT_OF_BAND)

    def _on_detection(self, detection: Detection) -> None:
        if detection.kind != "dtmf":
            return
        if detection.ended:
            self.keys.put(detection.value, Source.IN_BAND)
        else:
            self.keys.key_down(detection.value)

    def _on_lost(self, lost: StreamLost) -> None:
        log.warning("nothing is heard any more: %s", WAY_BACK, extra={"call": self.uuid})
        self.keys.wake()

    async def _until_over(self) -> None:
        """End every wait on keys and sound when the call is over, or FreeSWITCH is gone."""
        try:
            async with self.connection.until_hangup():
                await asyncio.Event().wait()
        except EslError as over:
            self.keys.close(over)
            if self._stream is not None:
                self._stream.player.close(over)
                self._stream.close(over)
