"""The event socket of one call, which FreeSWITCH opened for it."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from typing import Literal
from uuid import uuid4

from mediasock.esl.commands import (
    Connect,
    EventFormat,
    Execute,
    GetVar,
    MyEvents,
    NoEvents,
    NoLinger,
    Unicast,
)
from mediasock.esl.connection import REPLY_TIMEOUT, Connection
from mediasock.esl.errors import CommandRefused, Disconnected, EslError
from mediasock.esl.events import Event
from mediasock.esl.gate import Side


@dataclass(frozen=True, slots=True)
class BridgeOutcome:
    """How a bridge ended.

    Attributes
    ----------
    event
        What ended it: CHANNEL_UNBRIDGE, the bridge application's CHANNEL_EXECUTE_COMPLETE when
        there was nobody to bridge to, or CHANNEL_HANGUP.
    """

    event: Event

    @property
    def hung_up(self) -> bool:
        """Whether the call itself is over."""
        return self.event.name.startswith("CHANNEL_HANGUP")

    @property
    def disposition(self) -> str:
        """``originate_disposition``: ``"SUCCESS"``, or why nobody was reached."""
        return self.event.text("variable_originate_disposition")

    @property
    def bridged(self) -> bool:
        """Whether the two legs were ever together."""
        return self.event.name == "CHANNEL_UNBRIDGE" or self.disposition == "SUCCESS"

    @property
    def cause(self) -> str:
        """Hangup cause of the other leg, or why it was not reached; of this one if it hung up."""
        names = ("variable_bridge_hangup_cause", "variable_last_bridge_hangup_cause")
        told = (self.event.text(name) for name in (*names, "Hangup-Cause"))
        return next((cause for cause in told if cause), self.disposition)


class OutboundConnection(Connection):
    """The event socket of one call.

    Attributes
    ----------
    call_has_left
        The call was sent elsewhere, and the socket is to stay open until FreeSWITCH closes it.
    """

    def __init__(self) -> None:
        super().__init__(Side.OUTBOUND)
        self.call_has_left = False

    @property
    def data(self) -> Event:
        """The channel's data, from the connect reply.

        Raises
        ------
        Disconnected
            ``connect`` has not been answered.
        """
        data = self._talk.gate.data
        if data is None:
            raise Disconnected("the connect reply has not come")
        return data

    @property
    def path(self) -> str:
        """``socket_path``: what follows the port on the dialplan's line, without the slash."""
        return self.data.text("variable_socket_path")

    @property
    def mode(self) -> Literal["async", "sync"]:
        """Whether FreeSWITCH queues applications or waits for each."""
        return "async" if self._talk.gate.is_async else "sync"

    @property
    def control(self) -> Literal["full", "single-channel"]:
        """Whether the socket has every command or only those for its call."""
        return "full" if self._talk.gate.is_full else "single-channel"

    @property
    def full(self) -> bool:
        """Whether the socket has every command."""
        return self._talk.gate.is_full

    @property
    def channel(self) -> Event:
        """The channel as last told in full: the connect reply, or a later event of the call.

        Its codec (``Channel-Read-Codec-Name``) is known once media is up.
        """
        return self._talk.gate.channel or self.data

    async def connect(
        self,
        events: EventFormat | None = None,
        *,
        timeout: float | None = REPLY_TIMEOUT,
    ) -> Event:
        """Take the call over: ``connect``, then ``myevents`` if it is told a format.

        It returns without waiting for the answer to the latter, so that no event is lost to a
        handler that is set before anything else is awaited.

        Parameters
        ----------
        events
            Format of the call's own events; None subscribes to none until something needs them.
        timeout
            Seconds for the channel's data to come.

        Returns
        -------
        Event
            The channel's data.
        """
        await self.send(Connect(), timeout=timeout)
        self._dispatcher.extra["call"] = self.uuid
        if events is not None:
            command, _ = self._talk.start(MyEvents(events))
            self._write(command)
        return self.data

    async def getvar(self, name: str, *, timeout: float | None = REPLY_TIMEOUT) -> str | None:
        """Return a channel variable, None when it is not set.

        With ``full`` the value is whole. Without, FreeSWITCH has only ``getvar``, which cuts it
        at 511 bytes and ends it at an empty line.
        """
        command = GetVar(name)
        if self.full:
            try:
                value = await self.api("uuid_getvar", f"{self.uuid} {name}", timeout=timeout)
            except CommandRefused:
                pass  # A value may itself begin with -ERR: getvar tells the two apart.
            else:
                return None if value == "_undef_" else value
        try:
            return (await self.send(command, timeout=timeout)).text
        except CommandRefused:
            return None

    async def unicast(self, command: Unicast, *, timeout: float | None = REPLY_TIMEOUT) -> None:
        """Have FreeSWITCH send the call's sound and take ours.

        Raises
        ------
        MediaNotUp
            The call has neither been answered nor pre-answered: it would abort FreeSWITCH.
        ModeError
            The dialplan's line lacks ``async``: no media would come.
        """
        await self.send(command, timeout=timeout)

    async def bridge(self, target: str, *, timeout: float | None = None) -> BridgeOutcome:
        """Connect the call to another and wait until they part.

        What is sent meanwhile waits (``event-lock``), so that it does not tear the bridge.

        Parameters
        ----------
        target
            A dial string, such as ``"user/1001"``.
        timeout
            Seconds; None is no limit. The bridge itself lives on beyond it.
        """
        command = Execute("bridge", target, event_lock=True, event_uuid=str(uuid4()))
        event = await self._run(command, ("CHANNEL_UNBRIDGE", "CHANNEL_HANGUP"), timeout)
        return BridgeOutcome(event)

    async def transfer(
        self, extension: str, dialplan: str = "XML", context: str = "default"
    ) -> None:
        """Send the call elsewhere; it is then no longer this socket's.

        Every wait here ends with Disconnected. With ``async`` the socket itself stays open until
        FreeSWITCH closes it, since FreeSWITCH takes the end of a socket for that of whatever
        parks the call by then, be it another ``socket``; and where the call is to go on after its
        socket, it resets the call, so that nothing runs on it any more.

        Raises
        ------
        HungUp, Disconnected
            The call ended before it could be sent.
        """
        if await self.getvar("socket_resume") is not None:
            await self.execute("unset", "socket_resume", event_lock=True)
        # Its own completion and that of the socket application come together.
        with suppress(Disconnected):
            await self.execute("transfer", f"{extension} {dialplan} {context}")
        if self.mode == "sync":
            # FreeSWITCH reads on here, and the call leaves only when the socket is closed.
            await self.exit()
            return
        if self.full:
            with suppress(EslError):
                await self.send(NoEvents())
                await self.send(NoLinger())
        self.call_has_left = not self.closed
        self._talk.close(Disconnected("the call was transferred"))
