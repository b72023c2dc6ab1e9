"""The conversation of one event socket, sans I/O: what to send, what came, who waited for it.

FreeSWITCH answers commands strictly in the order they were sent, and says of no answer which
command it belongs to. So replies are matched by a queue, and a wait that was cancelled or timed
out leaves its ticket in its place. Everything else that is waited for has a name: applications
by the ``Event-UUID`` given to them, which comes back as ``Application-UUID``; background jobs by
the ``Job-UUID`` given to them, so that the event may overtake the reply.
"""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from mediasock.esl import protocol
from mediasock.esl.commands import Api, BgApi, Command, Connect, Execute, GetVar
from mediasock.esl.errors import (
    CommandRefused,
    Disconnected,
    EslError,
    HungUp,
    ProtocolError,
)
from mediasock.esl.events import Event, PlainEvent, decode_text
from mediasock.esl.gate import Gate, Side
from mediasock.esl.json_event import JsonEvent
from mediasock.esl.notices import DisconnectNotice, LogLine
from mediasock.esl.protocol import Frame, Parser
from mediasock.esl.subscription import Subscription
from mediasock.esl.waits import ExecuteWait, Ticket
from mediasock.esl.xml_event import parse_xml

logger = logging.getLogger(__name__)

_REPLY_TEXT: Final = b"Reply-Text:"


@dataclass(frozen=True, slots=True)
class Reply:
    """FreeSWITCH's answer to a command.

    Attributes
    ----------
    text
        ``Reply-Text`` without its line end; of ``api`` the body.
    event
        Of ``connect``, the channel's data.
    """

    text: str
    event: Event | None = None

    @property
    def ok(self) -> bool:
        """Whether it is not ``-ERR`` (or ``-USAGE``)."""
        return not self.text.startswith(("-ERR", "-USAGE"))


class Conversation:
    """One event socket, without the socket.

    Parameters
    ----------
    side
        Who dialled.

    Attributes
    ----------
    gate
        The mode, the call, and whether its media is up.
    subscription
        The events asked for.
    hangup_cause
        Why the call ended; None while it lives, as far as was told.
    ended
        Why the conversation is over; None while it goes on.
    auth_request
        Settled when FreeSWITCH asks an inbound socket for its password.
    """

    def __init__(self, side: Side) -> None:
        self.gate = Gate(side)
        self.subscription = Subscription(outbound=side is Side.OUTBOUND)
        self.hangup_cause: str | None = None
        self.ended: EslError | None = None
        self.auth_request: Ticket[None] = Ticket()
        self._parser = Parser()
        self._replies: deque[tuple[Command, Ticket[Reply]]] = deque()
        self._executes: dict[str, ExecuteWait] = {}
        self._jobs: dict[str, Ticket[Event]] = {}
        self._after_getvar = False
        self._on_end: list[Callable[[], None]] = []
        self._watched: dict[str, Callable[[Event], None]] = {
            "CHANNEL_EXECUTE": self._on_execute,
            "CHANNEL_EXECUTE_COMPLETE": self._on_complete,
            "CHANNEL_HANGUP": self._on_hangup,
            "CHANNEL_HANGUP_COMPLETE": self._on_hangup,
            "CHANNEL_ANSWER": self.gate.heard,
            "CHANNEL_PROGRESS_MEDIA": self.gate.heard,
            "CHANNEL_UNBRIDGE": self._on_unbridge,
            "BACKGROUND_JOB": self._on_job,
        }

    def start(self, command: Command) -> tuple[bytes, Ticket[Reply]]:
        """Begin a command.

        Returns
        -------
        bytes
            What to write, at once and in one write.
        Ticket of Reply
            Settled by FreeSWITCH's answer, whatever it says.

        Raises
        ------
        EslError
            The conversation is over, or the gate refuses the command.
        """
        if self.ended is not None:
            raise self.ended.with_traceback(None)
        self.gate.check(command)
        data = command.render()
        ticket: Ticket[Reply] = Ticket()
        self._replies.append((command, ticket))
        self.gate.sent(command)
        self.subscription.sent(command)
        return data, ticket

    def execute(
        self, command: Execute, ends_with: tuple[str, ...] = ()
    ) -> tuple[bytes, ExecuteWait]:
        """Begin an application and await its completion.

        Parameters
        ----------
        command
            With an ``event_uuid`` of its own.
        ends_with
            Events of the call that settle the wait as well: CHANNEL_HANGUP, and CHANNEL_UNBRIDGE
            once its CHANNEL_EXECUTE has come.

        Raises
        ------
        HungUp
            The call is over, so that nothing would complete.
        EslError
            As ``start``.
        """
        uuid = command.event_uuid
        if uuid is None or uuid in self._executes:
            raise EslError(f"execute {command.app}: it needs an Event-UUID of its own")
        if self.hangup_cause is not None and command.call is None:
            raise HungUp(self.hangup_cause)
        data, reply = self.start(command)
        wait = ExecuteWait(uuid, command.call or self.gate.uuid, command.loops, ends_with)
        self._executes[uuid] = wait
        reply.when_done(lambda: _fail_if_refused(command.title, reply, wait.ticket))
        return data, wait

    def job(self, command: BgApi) -> tuple[bytes, Ticket[Event]]:
        """Begin a background job and await its BACKGROUND_JOB.

        Parameters
        ----------
        command
            With a ``job_uuid`` of its own.
        """
        uuid = command.job_uuid
        if uuid is None or uuid in self._jobs:
            raise EslError(f"bgapi {command.command}: it needs a Job-UUID of its own")
        data, reply = self.start(command)
        ticket = self._jobs[uuid] = Ticket()
        reply.when_done(lambda: _fail_if_refused(command.title, reply, ticket))
        return data, ticket

    @property
    def over(self) -> EslError | None:
        """Why the call, or the conversation, is over; None while it goes on."""
        return self.ended if self.hangup_cause is None else HungUp(self.hangup_cause)

    def when_over(self, callback: Callable[[], None]) -> Callable[[], None]:
        """Call this once the call or the conversation is over; give what takes that back."""
        self._on_end.append(callback)
        return lambda: self._on_end.remove(callback) if callback in self._on_end else None

    def forget(self, uuid: str) -> None:
        """Wait no more for this application or job."""
        wait = self._executes.pop(uuid, None)
        if wait is not None:
            wait.ticket.abandon()
        job = self._jobs.pop(uuid, None)
        if job is not None:
            job.abandon()

    def receive(self, data: bytes) -> list[Event]:
        """Take bytes; settle who waited for what they hold.

        Returns
        -------
        list of Event
            The events in them, log lines and disconnect notices among them, in order.

        Notes
        -----
        Whatever the bytes are, nothing is raised: when they are no event socket, ``ended`` is a
        ProtocolError afterwards, and the connection is to be closed.
        """
        events: list[Event] = []
        if self.ended is not None:
            return events
        try:
            for frame in self._parser.receive(data):
                event = self._take(frame)
                if event is not None:
                    events.append(event)
            if self._parser.error is not None:
                raise self._parser.error
        except ProtocolError as error:
            self.close(error)
        return events

    def close(self, error: EslError) -> None:
        """End every wait, for this reason; the first reason stays."""
        if self.ended is not None:
            return
        self.ended = error
        waiting: list[Ticket[Reply] | Ticket[Event] | Ticket[None]] = [self.auth_request]
        waiting += [ticket for _, ticket in self._replies]
        waiting += [wait.ticket for wait in self._executes.values()]
        waiting += list(self._jobs.values())
        self._replies.clear()
        self._executes.clear()
        self._jobs.clear()
        for ticket in waiting:
            ticket.fail(error)
        self._tell_over()

    def _tell_over(self) -> None:
        callbacks, self._on_end = self._on_end, []
        for callback in callbacks:
            callback()

    def _take(self, frame: Frame) -> Event | None:
        kind = frame.kind
        if kind == protocol.PLAIN:
            return self._event(PlainEvent(frame.body))
        if kind == protocol.JSON:
            return self._event(JsonEvent(frame.body))
        if kind in (protocol.REPLY, protocol.API):
            self._reply(frame)
        elif kind == protocol.XML:
            return self._event(parse_xml(frame.body))
        elif kind == protocol.LOG:
            return LogLine(frame)
        elif kind == protocol.NOTICE:
            return DisconnectNotice(frame)
        elif kind == protocol.AUTH:
            self.auth_request.settle(None)
        elif kind == protocol.REJECTION:
            self.close(Disconnected(f"rejected by the switch: {decode_text(frame.body).strip()}"))
        elif kind == protocol.STRAY:
            self._stray(frame)
        else:
            logger.warning("frame of an unknown kind ignored: %r", kind[:80])
        return None

    def _stray(self, frame: Frame) -> None:
        # A variable's value with an empty line in it ends its reply early (getvar sends it raw).
        if not self._after_getvar:
            raise ProtocolError(f"a block without a Content-Type: {frame.head[:80]!r}")
        logger.warning("the rest of a variable's value with an empty line in it is ignored")

    def _reply(self, frame: Frame) -> None:
        if not self._replies:
            raise ProtocolError(f"a reply to no command: {frame.head[:80]!r}")
        command, ticket = self._replies[0]
        if frame.kind == protocol.API and not isinstance(command, Api):
            raise ProtocolError(f"an api/response to {command.title}")
        reply = self._decode(command, frame)
        self._replies.popleft()
        self._after_getvar = isinstance(command, GetVar)
        if not reply.ok and not self._after_getvar:
            self.gate.refused(command)
            self.subscription.refused(command)
        ticket.settle(reply)

    def _decode(self, command: Command, frame: Frame) -> Reply:
        if frame.kind == protocol.API:
            return Reply(decode_text(frame.body))
        if isinstance(command, Connect):
            data = PlainEvent(frame.head)
            text = data.text("Reply-Text").strip()
            if text.startswith("+OK"):
                self.gate.connected(data)
                if not self.gate.uuid:
                    raise ProtocolError("the connect reply names no call")
            return Reply(text, data)
        if isinstance(command, GetVar):
            _, _, value = frame.head.partition(_REPLY_TEXT)
            return Reply(decode_text(value.removeprefix(b" ")))
        return Reply(decode_text(frame.header(b"Reply-Text") or b""))

    def _event(self, event: Event) -> Event:
        watch = self._watched.get(event.name)
        if watch is not None:
            watch(event)
        return event

    def _on_execute(self, event: Event) -> None:
        if not self._executes:
            return
        wait = self._executes.get(event.text("Application-UUID"))
        if wait is not None:
            wait.began()

    def _on_complete(self, event: Event) -> None:
        self.gate.heard(event)
        if not self._executes:
            return
        wait = self._executes.get(event.text("Application-UUID"))
        if wait is not None:
            wait.complete(event)
        elif event.text("Application") == "socket" and self._is_own(event):
            # The socket application itself is over, so nothing runs under it any more.
            self._end_executes(self.gate.uuid, Disconnected("the call has left the socket"))

    def _on_hangup(self, event: Event) -> None:
        self.gate.heard(event)
        cause = event.text("Hangup-Cause")
        call = event.text("Unique-ID")
        if self._is_own(event) and self.hangup_cause is None:
            self.hangup_cause = cause
        for wait in list(self._executes.values()):
            if wait.call == call and "CHANNEL_HANGUP" in wait.ends_with:
                wait.ticket.settle(event)
        self._end_executes(call, HungUp(cause))
        if self._is_own(event):
            self._tell_over()

    def _on_unbridge(self, event: Event) -> None:
        for wait in list(self._executes.values()):
            # One that waits behind a bridge (event-lock) does not end with that bridge.
            mine = wait.running and wait.call == event.text("Unique-ID")
            if mine and event.name in wait.ends_with:
                wait.ticket.settle(event)

    def _end_executes(self, call: str, error: EslError) -> None:
        for wait in list(self._executes.values()):
            if wait.call == call:
                wait.ticket.fail(error)

    def _on_job(self, event: Event) -> None:
        job = self._jobs.get(event.text("Job-UUID"))
        if job is not None:
            job.settle(event)

    def _is_own(self, event: Event) -> bool:
        return bool(self.gate.uuid) and event.text("Unique-ID") == self.gate.uuid


def _fail_if_refused(what: str, reply: Ticket[Reply], ticket: Ticket[Event]) -> None:
    try:
        answer = reply.result()
    except EslError as error:
        ticket.fail(error)
    else:
        if not answer.ok:
            ticket.fail(CommandRefused(what, answer.text))
