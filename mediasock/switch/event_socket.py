"""The switch's side of the outbound event socket: bytes of the application in, bytes out.

What is answered, and in which words, was read off recordings. A socket without ``full`` has
fewer commands. One without ``async`` answers an execute only when it is done, and neither reads
a command nor sends an event meanwhile.
"""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING

from . import api
from .commands import Command, CommandReader
from .errors import CommandTooLongError
from .events import Event, flat, frame, plain, render
from .messages import Message
from .subscription import Subscription
from .written import number

if TYPE_CHECKING:
    from .core import Switch
    from .session import Session

log = logging.getLogger(__name__)

GOODBYE = "Disconnected, goodbye.\nSee you at ClueCon! http://www.cluecon.com/\n"
LONGEST_REPLY = 511
"""Bytes of a reply's text; what is longer is cut."""
CONNECT_SECONDS = 25
"""How long an application may take to say ``connect``."""
MOST_EVENTS = 100_000
"""Events that wait for a slow reader; what comes then is dropped …"""
MOST_DROPPED = 500
"""… and after so many of those the connection is closed."""
REFUSAL = "-ERR command not found"
LEVELS = ("console", "alert", "crit", "err", "warning", "notice", "info", "debug")

LIMITED = frozenset(
    {"connect", "getvar", "myevents", "filter", "resume", "divert_events", "sendmsg", "exit"}
)
"""What a socket without ``full`` answers."""


class EventSocket:
    """One control connection of a call.

    Parameters
    ----------
    switch, session
        Whose call it controls.
    is_async, full
        The words behind the address in the dialplan.

    Attributes
    ----------
    goodbye_after
        Without linger, a call's last events race with the goodbye on a real switch: this many
        of them, from CHANNEL_HANGUP on, get out before it. ``None`` is all.
    """

    def __init__(self, switch: Switch, session: Session, *, is_async: bool, full: bool) -> None:
        self.switch = switch
        self.session = session
        self.is_async = is_async
        self.full = full
        self.closed = False
        self.log_level = -1
        self.goodbye_after: int | None = None
        self.subscription = Subscription(session.uuid)
        self._reader = CommandReader()
        self._out = bytearray()
        self._held: deque[Event] = deque()
        self._waiting = 0
        self.connected = False
        self._linger: int | None = None
        self._close_at: int | None = None
        self._opened = switch.now()
        self._queued = 0
        self._dropped = 0
        self._notified = False
        self._commands: dict[str, Callable[[Command], str | None]] = {
            "connect": self._connect,
            "exit": self._exit,
            "myevents": self._myevents,
            "event": self._event,
            "events": self._event,
            "nixevent": self._nixevent,
            "noevents": self._noevents,
            "filter": self._filter,
            "divert_events": self._divert,
            "linger": self._start_linger,
            "nolinger": self._nolinger,
            "resume": self._resume,
            "getvar": self._getvar,
            "log": self._log,
            "nolog": self._nolog,
            "api": self._api,
            "bgapi": self._bgapi,
            "sendevent": self._sendevent,
            "sendmsg": self._sendmsg,
        }

    # -- what the shell calls -----------------------------------------------------------------

    def feed(self, data: bytes) -> None:
        """Take what the application wrote, and obey what is whole."""
        if not self.closed:
            self._reader.feed(data)
            self._obey()

    def output(self) -> bytes:
        """Return what is to be written to the application, and forget it."""
        out = bytes(self._out)
        self._out.clear()
        self._queued = 0
        return out

    def peer_closed(self) -> None:
        """Hear that the application has closed the connection."""
        self._end()

    # -- what the session calls ---------------------------------------------------------------

    def deliver(self, event: Event) -> None:
        """Send an event if it is subscribed to; one that comes during an execute waits for it."""
        if self.closed or not self.subscription.wants(event):
            return
        if self._waiting:
            self._held.append(event)
        else:
            self._send(event)
        if self.goodbye_after is not None and not self.session.channel.up:
            self.goodbye_after -= 1
            if self.goodbye_after <= 0 and self._linger is None:
                self.channel_gone()

    def expire(self) -> None:
        """Close the connection when nobody has said ``connect`` in time."""
        if not self.connected and self.switch.now() > self._opened + CONNECT_SECONDS * 1_000_000:
            self._end()

    def performed(self) -> None:
        """Answer the ``sendmsg`` that was waited for, and send what was held back."""
        self._reply("+OK")
        self._waiting -= 1
        self._flush()
        if not self.session.channel.up:
            self.channel_gone()
        self._obey()

    def channel_gone(self) -> None:
        """Take leave, as the call is over: at once, or when the time to linger is over."""
        if self.closed:
            return
        self._flush()
        if self._linger is None:
            self._say_goodbye()
        elif not self._notified:
            self._notified = True
            self._notice_of_lingering()
        elif self._close_at is not None and self.switch.now() >= self._close_at:
            self._say_goodbye()

    def write_log(self, level: int, text: str) -> None:
        """Send a line of the log, when the application wants such."""
        if level > self.log_level or self.closed:
            return
        body = text + "\n"
        headers = [
            ("Content-Type", "log/data"),
            ("Content-Length", str(len(body.encode("utf-8", "surrogateescape")))),
            ("Log-Level", str(level)),
            ("Text-Channel", "3"),
            ("Log-File", "mod_dptools.c"),
            ("Log-Func", "log_function"),
            ("Log-Line", "1904"),
            ("User-Data", self.session.uuid),
        ]
        self._out += frame(headers, body)

    # -- reading ------------------------------------------------------------------------------

    def _obey(self) -> None:
        while not self.closed and not self._waiting:
            try:
                command = self._reader.next_command()
            except CommandTooLongError:
                log.warning("a command without an end", extra={"call": self.session.uuid})
                self._end()
                return
            if command is None:
                return
            self._dispatch(command)

    def _dispatch(self, command: Command) -> None:
        silent = not self.connected and command.word != "connect"
        mark = len(self._out)
        run = self._commands.get(command.word)
        if run is None or not (self.full or command.word in LIMITED):
            self._reply(REFUSAL)
        else:
            text = run(command)
            if text is not None:
                self._reply(text)
            if command.word == "exit":
                self._say_goodbye()
        if silent:
            # The reply to anything before `connect` is never sent.
            del self._out[mark:]
        # An api command may have ended the call; this loop sees it before the call's own does.
        if command.word == "api" and not self.session.channel.up:
            self.channel_gone()

    def _reply(self, text: str, *more: tuple[str, str]) -> None:
        raw = text.encode("utf-8", "surrogateescape")[:LONGEST_REPLY]
        text = raw.decode("utf-8", "surrogateescape")
        self._out += frame([("Content-Type", "command/reply"), ("Reply-Text", text), *more])

    def _flush(self) -> None:
        while self._held and not self._waiting:
            self._send(self._held.popleft())

    def _send(self, event: Event) -> None:
        if self._queued >= MOST_EVENTS:
            self._dropped += 1
            if self._dropped > MOST_DROPPED:
                self._end()
            return
        self._queued += 1
        self._out += render(event, self.subscription.form)

    def _notice_of_lingering(self) -> None:
        seconds = self._linger if self._linger is not None else -1
        if seconds > 0:
            self._close_at = self.switch.now() + seconds * 1_000_000
        self._out += frame(
            [
                ("Content-Type", "text/disconnect-notice"),
                ("Controlled-Session-UUID", self.session.uuid),
                ("Content-Disposition", "linger"),
                ("Channel-Name", self.session.channel.profile.channel_name),
                ("Linger-Time", str(seconds)),
                ("Content-Length", "0"),
            ]
        )

    def _end(self) -> None:
        if not self.closed:
            self.closed = True
            self.session.listener_ended(self)

    def _say_goodbye(self) -> None:
        headers = [
            ("Content-Type", "text/disconnect-notice"),
            ("Controlled-Session-UUID", self.session.uuid),
            ("Content-Disposition", "disconnect"),
            ("Content-Length", str(len(GOODBYE))),
        ]
        self._out += frame(headers, GOODBYE)
        self._end()

    # -- commands -----------------------------------------------------------------------------

    def _connect(self, command: Command) -> None:
        self.connected = True
        headers = [(name, flat(value)) for name, value in self.session.channel.data()]
        headers += [
            ("Content-Type", "command/reply"),
            ("Reply-Text", "+OK\n"),
            ("Socket-Mode", "async" if self.is_async else "static"),
            ("Control", "full" if self.full else "single-channel"),
        ]
        self._out += (plain(headers) + "\n").encode("ascii")

    def _exit(self, command: Command) -> str:
        return "+OK bye"

    def _myevents(self, command: Command) -> str:
        self.subscription.my_events(command.argument.split())
        return "+OK Events Enabled"

    def _event(self, command: Command) -> str:
        words = self.subscription.take_format(command.argument.split())
        if not self.subscription.add(words):
            return "-ERR no keywords supplied"
        return f"+OK event listener enabled {self.subscription.form}"

    def _nixevent(self, command: Command) -> str:
        if not self.subscription.remove(command.argument.split()):
            return "-ERR no keywords supplied"
        return "+OK events nixed"

    def _noevents(self, command: Command) -> str:
        if not self.subscription.clear():
            return "-ERR not listening for events"
        return "+OK no longer listening for events"

    def _filter(self, command: Command) -> str:
        name, _, value = command.argument.partition(" ")
        if name.lower() == "delete":
            name, _, value = value.partition(" ")
            self.subscription.remove_filter(name, value)
            return f"+OK filter deleted. [{name}][{value}]"
        if not (name and value):
            return "-ERR invalid syntax"
        self.subscription.filters.append((name, value))
        return f"+OK filter added. [{name}]=[{value}]"

    def _divert(self, command: Command) -> str:
        word = command.argument.lower()
        if word not in {"on", "off"}:
            return "-ERR invalid syntax"
        return "+OK events diverted" if word == "on" else "+OK events not diverted"

    def _start_linger(self, command: Command) -> str:
        digits = command.argument
        self._linger = int(digits[:9]) if digits.isascii() and digits.isdigit() else -1
        return f"+OK will linger {self._linger} seconds" if self._linger > 0 else "+OK will linger"

    def _nolinger(self, command: Command) -> str:
        self._linger = None
        return "+OK will not linger"

    def _resume(self, command: Command) -> str:
        self.session.channel.set("socket_resume", "true")
        return "+OK"

    def _getvar(self, command: Command) -> str:
        return self.session.channel.get(command.argument) or REFUSAL

    def _log(self, command: Command) -> str:
        word = command.argument.lower()
        if word in LEVELS:
            self.log_level = LEVELS.index(word)
        elif (level := number(word, 1)) is not None and level < len(LEVELS):
            self.log_level = level
        else:
            return f"-ERR invalid log level {command.argument}"
        return f"+OK log level {command.argument} [{self.log_level}]"

    def _nolog(self, command: Command) -> str:
        was, self.log_level = self.log_level, -1
        return "+OK no longer logging" if was >= 0 else "-ERR not loging"

    def _api(self, command: Command) -> str | None:
        if not command.argument:
            return REFUSAL
        name, _, arguments = command.argument.partition(" ")
        body = api.run(self.switch, name, arguments)
        length = len(body.encode("utf-8", "surrogateescape"))
        head = [("Content-Type", "api/response"), ("Content-Length", str(length))]
        self._out += frame(head, body)
        return None

    def _bgapi(self, command: Command) -> str | None:
        if not command.argument:
            return REFUSAL
        name, _, arguments = command.argument.partition(" ")
        job = command.get("job-uuid") or self.switch.uuids()
        self._reply(f"+OK Job-UUID: {job}", ("Job-UUID", job))
        headers = [("Job-UUID", job), ("Job-Owner-UUID", self.session.uuid), ("Job-Command", name)]
        headers += [("Job-Command-Arg", arguments)] if arguments else []
        body = api.run(self.switch, name, arguments)
        self.switch.stamper.fire("BACKGROUND_JOB", list(headers), body)
        return None

    def _sendevent(self, command: Command) -> str:
        name = command.argument.upper() or "CUSTOM"
        uuid = self.switch.uuids()
        subclass = command.get("event-subclass")
        ours = [pair for pair in command.headers if pair[0].lower() != "event-subclass"]
        headers = [("Event-Subclass", subclass)] if subclass else []
        headers += [("Command", command.line), *ours, ("Event-UUID", uuid)]
        self.switch.publish(
            Event(
                name,
                command.get("unique-id"),
                [*headers, *self.switch.stamper.basics(name)],
                command.body,
                subclass,
            )
        )
        return f"+OK {uuid}"

    def _sendmsg(self, command: Command) -> str | None:
        session = self.session
        if command.argument and self.full:
            found = self.switch.sessions.get(command.argument)
            if found is None:
                return f"-ERR invalid session id [{command.argument}]"
            session = found
        if not session.channel.up:
            return f"-ERR invalid session id [{session.uuid}]"
        if self.is_async or session is not self.session:
            session.inbox.append(Message(command))
            return "+OK"
        self._waiting += 1
        session.inbox.append(Message(command, self))
        return None
