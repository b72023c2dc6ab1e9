"""An event socket in asyncio: the conversation, fed by a transport and awaited by coroutines."""

from __future__ import annotations

import asyncio
import logging
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Final, TypeVar
from uuid import uuid4

from mediasock.esl.commands import Api, BgApi, Command, Execute, Exit, GetVar, Hangup
from mediasock.esl.conversation import Conversation, Reply
from mediasock.esl.dispatch import QUEUE_LIMIT, Callback, Dispatcher, EventStream
from mediasock.esl.errors import (
    CommandRefused,
    Disconnected,
    EslError,
    HungUp,
    ProtocolError,
    WaitEnded,
    WaitTimeout,
)
from mediasock.esl.events import Event
from mediasock.esl.gate import Side
from mediasock.esl.waits import Ticket

logger = logging.getLogger(__name__)

T = TypeVar("T")

REPLY_TIMEOUT: Final = 30.0
"""Seconds within which FreeSWITCH must have answered a command."""

LOOP_PAUSE: Final = 0.25
"""Seconds after a completion within which the next of its loops must have begun."""

UNSET: Final = "-ERR command not found"
"""What ``getvar`` answers for a variable that is not set."""

NO_SUCH_CALL: Final = "-ERR invalid session id"
"""What a ``sendmsg`` to a call that is over is answered."""

CLOSE_GRACE: Final = 5.0
"""Seconds that a closing socket has to send what was written."""


@asynccontextmanager
async def deadline(what: str, seconds: float | None) -> AsyncIterator[None]:
    """Raise ``WaitTimeout`` when the block takes longer; ``None`` is no limit."""
    try:
        async with asyncio.timeout(seconds) as scope:
            yield
    except TimeoutError:
        if seconds is None or not scope.expired():
            raise
        raise WaitTimeout(what, seconds) from None


class Connection:
    """One event socket.

    Parameters
    ----------
    side
        Who dialled.
    dispatcher
        Where its events go; its own, which ends with it, when there is none.
    """

    def __init__(self, side: Side, dispatcher: Dispatcher | None = None) -> None:
        self._talk = Conversation(side)
        self._dispatcher = dispatcher or Dispatcher()
        self._owns_dispatcher = dispatcher is None
        self._transport: asyncio.Transport | None = None
        self._writable = asyncio.Event()
        self._closed = asyncio.Event()
        self._subscribing = asyncio.Lock()

    # What is known.

    @property
    def uuid(self) -> str:
        """The call's UUID; empty on an inbound socket."""
        return self._talk.gate.uuid

    @property
    def media_up(self) -> bool:
        """Whether ``unicast`` is safe now."""
        return self._talk.gate.media_up

    @property
    def hangup_cause(self) -> str | None:
        """Why the call ended; None while it lives, as far as was told."""
        return self._talk.hangup_cause

    @property
    def closed(self) -> bool:
        """Whether the socket is closed."""
        return self._closed.is_set()

    @property
    def ended(self) -> EslError | None:
        """Why nothing can be sent any more; None while it can."""
        return self._talk.ended

    @property
    def peer(self) -> str:
        """The other end's address, as text; empty when there is none."""
        name = self._transport and self._transport.get_extra_info("peername")
        return str(name[0]) if name else ""

    # Commands and waits.

    async def send(self, command: Command, *, timeout: float | None = REPLY_TIMEOUT) -> Reply:
        """Send a command and await FreeSWITCH's answer to it.

        Parameters
        ----------
        command
            From ``mediasock.esl.commands``.
        timeout
            Seconds; None is no limit. Without ``async``, an ``Execute`` is only answered when the
            application is done.

        Raises
        ------
        CommandRefused
            The answer is ``-ERR``.
        ModeError, MediaNotUp
            It was not sent: the mode or the call's state does not allow it.
        WaitTimeout, Disconnected
            No answer came.
        """
        async with deadline(command.title, timeout):
            await self._drained()
            data, ticket = self._talk.start(command)
            self._write(data)
            reply = await self._settled(ticket)
        # A variable's value may itself begin with -ERR; that it is not set has a text of its own.
        refused = reply.text == UNSET if isinstance(command, GetVar) else not reply.ok
        if refused:
            raise CommandRefused(command.title, reply.text)
        return reply

    async def execute(
        self,
        app: str,
        arg: str = "",
        *,
        event_lock: bool = False,
        loops: int = 1,
        async_: bool = False,
        call: str | None = None,
        timeout: float | None = None,
    ) -> Event:
        """Run a dialplan application and await its end.

        Subscribes to the events that tell it, if that was not done.

        Parameters
        ----------
        app, arg, event_lock, loops, async_, call
            As ``mediasock.esl.commands.Execute`` has them.
        timeout
            Seconds; None is no limit.

        Returns
        -------
        Event
            Its CHANNEL_EXECUTE_COMPLETE, the last one of several loops. Of ``hangup``, whichever
            of that and CHANNEL_HANGUP comes first.

        Raises
        ------
        HungUp
            The call ended first; so it does when there is no such application.
        CommandRefused, WaitTimeout, Disconnected, ModeError
            As ``send``.
        """
        command = Execute(
            app, arg, event_lock, loops, async_=async_, event_uuid=str(uuid4()), call=call
        )
        return await self._run(command, ("CHANNEL_HANGUP",) if app == "hangup" else (), timeout)

    async def _run(
        self, command: Execute, ends_with: tuple[str, ...], timeout: float | None
    ) -> Event:
        """Run an application until it completes or the call has one of these events."""
        names = ["CHANNEL_EXECUTE_COMPLETE", "CHANNEL_HANGUP", *ends_with]
        if command.loops != 1 or "CHANNEL_UNBRIDGE" in ends_with:
            names.append("CHANNEL_EXECUTE")
        async with deadline(command.title, timeout):
            await self.subscribe(*dict.fromkeys(names))
            await self._drained()
            data, wait = self._talk.execute(command, ends_with)
            self._write(data)
            loop = asyncio.get_running_loop()
            wait.when_paused(lambda: loop.call_later(LOOP_PAUSE, wait.conclude))
            try:
                return await self._settled(wait.ticket)
            finally:
                self._talk.forget(wait.uuid)

    async def api(self, command: str, arguments: str = "", *, timeout: float | None = None) -> str:
        """Run an API command; nothing else is answered on this socket until it is done.

        Returns
        -------
        str
            What it printed.

        Raises
        ------
        CommandRefused
            That begins with ``-ERR`` or ``-USAGE``.
        """
        return (await self.send(Api(command, arguments), timeout=timeout)).text

    async def bgapi(
        self, command: str, arguments: str = "", *, timeout: float | None = None
    ) -> str:
        """Run an API command in the background and await its BACKGROUND_JOB.

        Returns
        -------
        str
            What it printed.

        Raises
        ------
        CommandRefused
            That begins with ``-ERR`` or ``-USAGE``.
        """
        uuid = str(uuid4())
        job = BgApi(command, arguments, job_uuid=uuid)
        async with deadline(f"bgapi {command}", timeout):
            await self.subscribe("BACKGROUND_JOB")
            await self._drained()
            data, ticket = self._talk.job(job)
            self._write(data)
            try:
                event = await self._settled(ticket)
            finally:
                self._talk.forget(uuid)
        result = Reply(event.body or "")
        if not result.ok:
            raise CommandRefused(command, result.text)
        return result.text

    async def hangup(self, cause: str = "NORMAL_CLEARING", *, call: str | None = None) -> None:
        """End the call; that it is over already is no error."""
        if call is None and self.hangup_cause is not None:
            return
        try:
            await self.send(Hangup(cause, call=call))
        except (HungUp, Disconnected):
            return
        except CommandRefused as refused:
            if not refused.text.startswith(NO_SUCH_CALL):
                raise

    @asynccontextmanager
    async def until_hangup(self) -> AsyncIterator[None]:
        """End what is awaited in the block when the call does.

        Raises
        ------
        HungUp, Disconnected
            Out of the block, when the call or the socket ends in it, or has ended before.
        """
        loop = asyncio.get_running_loop()
        scope = asyncio.timeout(None)
        forget = self._talk.when_over(lambda: scope.reschedule(loop.time()))
        try:
            async with scope:
                if self._talk.over is not None:
                    raise self._talk.over
                yield
        except TimeoutError:
            if scope.expired() and self._talk.over is not None:
                raise self._talk.over from None
            raise
        finally:
            forget()

    async def subscribe(self, *names: str) -> None:
        """See to it that events of these names come.

        Raises
        ------
        ModeError
            Nothing that this connection may send would bring them.
        """
        full = self._talk.gate.is_full
        if not self._talk.subscription.missing(names, full=full):
            return
        async with self._subscribing:
            for command in self._talk.subscription.missing(names, full=full):
                await self.send(command)

    # Events.

    def on(
        self,
        name: str,
        callback: Callback,
        *,
        subclass: str | None = None,
        limit: int = QUEUE_LIMIT,
    ) -> Callable[[], None]:
        """Call this for every event of a name; see ``Dispatcher.on``."""
        return self._dispatcher.on(name, callback, subclass=subclass, limit=limit)

    def events(
        self, *names: str, subclass: str | None = None, limit: int = QUEUE_LIMIT
    ) -> EventStream:
        """Return an async iterator over events; see ``Dispatcher.events``."""
        return self._dispatcher.events(*names, subclass=subclass, limit=limit)

    def wanted(self) -> list[Command]:
        """Return what brings the same events on another connection."""
        return self._talk.subscription.replay()

    # The end.

    async def exit(self, *, timeout: float | None = CLOSE_GRACE) -> None:
        """Say goodbye and close; the call goes on as the dialplan or ``resume`` has it."""
        try:
            if self._talk.ended is None:
                await self.send(Exit(), timeout=timeout)
        except (WaitEnded, CommandRefused, ProtocolError):
            logger.debug("exit was not answered", extra=self._dispatcher.extra)
        self.close()
        await self.wait_closed()

    def close(self, reason: str = "closed here") -> None:
        """Close the socket; every wait ends."""
        self._talk.close(Disconnected(reason))
        transport = self._transport
        if transport is not None and not self._closed.is_set():
            transport.close()
            asyncio.get_running_loop().call_later(CLOSE_GRACE, transport.abort)

    def abort(self, reason: str = "closed here") -> None:
        """Close the socket without sending what was written."""
        self._talk.close(Disconnected(reason))
        if self._transport is not None:
            self._transport.abort()

    async def wait_closed(self) -> None:
        """Return when the socket is closed."""
        await self._closed.wait()

    # Between the transport and the conversation.

    def protocol(self) -> asyncio.Protocol:
        """Return the protocol to give to a transport, once."""
        return _Pipe(self)

    def _made(self, transport: asyncio.Transport) -> None:
        self._transport = transport
        self._writable.set()
        _keep_alive(transport.get_extra_info("socket"))

    def _received(self, data: bytes) -> None:
        if self._talk.ended is not None:
            return
        events = self._talk.receive(data)
        broken = self._talk.ended
        for event in events:
            self._dispatch(event)
        if broken is not None and self._transport is not None:
            logger.warning("%s: %s", self.peer, broken, extra=self._dispatcher.extra)
            self._transport.abort()

    def _dispatch(self, event: Event) -> None:
        self._dispatcher.dispatch(event)

    def _lost(self, error: Exception | None) -> None:
        self._talk.close(Disconnected(str(error) if error else "the other side closed the socket"))
        self._writable.set()
        self._closed.set()
        if self._owns_dispatcher:
            self._dispatcher.finish()

    def _write(self, data: bytes) -> None:
        if self._transport is None:
            raise Disconnected("there is no socket yet")
        self._transport.write(data)

    async def _drained(self) -> None:
        """Wait until the peer has taken most of what was written."""
        while not self._writable.is_set():
            await self._writable.wait()

    async def _settled(self, ticket: Ticket[T]) -> T:
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        ticket.when_done(lambda: None if future.done() else future.set_result(None))
        try:
            await future
            return ticket.result()
        finally:
            ticket.abandon()


def _keep_alive(handle: socket.socket | None) -> None:
    """Have the kernel notice a peer that is gone without a word, within a minute."""
    if handle is None or handle.family not in (socket.AF_INET, socket.AF_INET6):
        return
    handle.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for name, value in (("TCP_KEEPIDLE", 30), ("TCP_KEEPINTVL", 10), ("TCP_KEEPCNT", 3)):
        if hasattr(socket, name):
            handle.setsockopt(socket.IPPROTO_TCP, getattr(socket, name), value)


class _Pipe(asyncio.Protocol):
    """What a transport calls."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._connection._made(transport)

    def data_received(self, data: bytes) -> None:
        self._connection._received(data)

    def pause_writing(self) -> None:
        self._connection._writable.clear()

    def resume_writing(self) -> None:
        self._connection._writable.set()

    def connection_lost(self, exc: Exception | None) -> None:
        self._connection._lost(exc)
