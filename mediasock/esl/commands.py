"""The commands of the event socket as values, each of which renders to bytes.

A value that would start another header or another command (CR, LF or NUL in an argument, a blank
where a word is wanted) is refused when the command is made, so what exists can be sent. Only
bodies carry line breaks: ``sendevent`` has one, and ``execute`` sends such an argument as one.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from mediasock.esl.errors import InjectionError, UnsafeCommandError
from mediasock.esl.sendmsg import Execute, Hangup, NoMedia, SendMsg, Unicast, XferExt
from mediasock.esl.wording import (
    FORMATS,
    Command,
    EventFormat,
    check_format,
    check_header_name,
    check_integer,
    check_line,
    check_text,
    check_word,
    check_words,
)

__all__ = [
    "COMMANDS",
    "FORMATS",
    "Api",
    "Auth",
    "BgApi",
    "Command",
    "Connect",
    "DivertEvents",
    "Event",
    "EventFormat",
    "Execute",
    "Exit",
    "Filter",
    "FilterDelete",
    "GetVar",
    "Hangup",
    "Linger",
    "Log",
    "MyEvents",
    "NixEvent",
    "NoEvents",
    "NoLinger",
    "NoLog",
    "NoMedia",
    "Resume",
    "SendEvent",
    "SendMsg",
    "Unicast",
    "UserAuth",
    "XferExt",
]


@dataclass(frozen=True, slots=True)
class Connect(Command):
    """``connect``: the first command of an outbound socket; its reply is the channel's data."""

    verb = "connect"


@dataclass(frozen=True, slots=True)
class Auth(Command):
    """``auth``: the password of an inbound socket."""

    verb = "auth"
    password: str = field(repr=False)

    def __post_init__(self) -> None:
        check_line("the password", self.password)

    def line(self) -> str:
        """Return the command's first line."""
        return f"auth {self.password}"


@dataclass(frozen=True, slots=True)
class UserAuth(Command):
    """``userauth``: a directory user's own password, with the rights given to that user."""

    verb = "userauth"
    user: str
    password: str = field(repr=False)

    def __post_init__(self) -> None:
        check_header_name("the user", self.user)
        check_line("the password", self.password)

    def line(self) -> str:
        """Return the command's first line."""
        return f"userauth {self.user}:{self.password}"


@dataclass(frozen=True, slots=True)
class MyEvents(Command):
    """``myevents``: the events of the socket's own call, but not job, playback or custom ones."""

    verb = "myevents"
    format: EventFormat = "plain"

    def __post_init__(self) -> None:
        check_format(self.format)

    def line(self) -> str:
        """Return the command's first line."""
        return "myevents" if self.format == "plain" else f"myevents {self.format}"


@dataclass(frozen=True, slots=True)
class Event(Command):
    """``event``: subscribe to events by name.

    Parameters
    ----------
    names
        Event names; ``("ALL",)`` is every event.
    subclasses
        Subclasses of CUSTOM events to subscribe to as well.
    format
        How events come from now on; one format holds for the whole connection.

    Examples
    --------
    >>> Event(("DTMF",), subclasses=("sofia::register",)).line()
    'event plain DTMF CUSTOM sofia::register'
    """

    verb = "event"
    full_only = True
    names: tuple[str, ...]
    subclasses: tuple[str, ...] = ()
    format: EventFormat = "plain"

    def __post_init__(self) -> None:
        check_format(self.format)
        _event_words(self)

    def line(self) -> str:
        """Return the command's first line."""
        return " ".join(["event", self.format, *_event_list(self)])


@dataclass(frozen=True, slots=True)
class NixEvent(Command):
    """``nixevent``: end the subscription to these events."""

    verb = "nixevent"
    full_only = True
    names: tuple[str, ...]
    subclasses: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        _event_words(self)

    def line(self) -> str:
        """Return the command's first line."""
        return " ".join(["nixevent", *_event_list(self)])


def _event_words(command: Event | NixEvent) -> None:
    check_words("an event name", command.names)
    check_words("an event subclass", command.subclasses)
    if not command.names and not command.subclasses:
        raise InjectionError(f"{command.verb} names no event")
    if any(name.upper() == "CUSTOM" for name in command.names[:-1]):
        raise InjectionError("every word after CUSTOM is a subclass: give it last, or subclasses")


def _event_list(command: Event | NixEvent) -> list[str]:
    words = list(command.names)
    if command.subclasses and (not words or words[-1].upper() != "CUSTOM"):
        words.append("CUSTOM")
    return words + list(command.subclasses)


@dataclass(frozen=True, slots=True)
class NoEvents(Command):
    """``noevents``: end every subscription."""

    verb = "noevents"
    full_only = True


@dataclass(frozen=True, slots=True)
class Filter(Command):
    """``filter``: of the events subscribed to, only those with this header value come."""

    verb = "filter"
    header: str
    value: str

    def __post_init__(self) -> None:
        check_header_name("a filter's header", self.header)
        if self.header.lower() == "delete":
            raise InjectionError("a filter's header cannot be called delete")
        check_line("a filter's value", self.value)
        if not self.value.strip():
            raise InjectionError("a filter needs a value")

    def line(self) -> str:
        """Return the command's first line."""
        return f"filter {self.header} {self.value}"


@dataclass(frozen=True, slots=True)
class FilterDelete(Command):
    """``filter delete``: take filters away; without a value all those on the header."""

    verb = "filter delete"
    header: str
    value: str = ""

    def __post_init__(self) -> None:
        check_header_name("a filter's header", self.header)
        check_line("a filter's value", self.value)

    def line(self) -> str:
        """Return the command's first line."""
        return f"filter delete {self.header} {self.value}".rstrip(" ")


@dataclass(frozen=True, slots=True)
class DivertEvents(Command):
    """``divert_events``: events meant for the call itself (ASR and the like) come here."""

    verb = "divert_events"
    on: bool = True

    def line(self) -> str:
        """Return the command's first line."""
        return f"divert_events {'on' if self.on else 'off'}"


@dataclass(frozen=True, slots=True)
class Linger(Command):
    """``linger``: keep the socket open after hangup, for so many seconds or until ``exit``."""

    verb = "linger"
    full_only = True
    seconds: int | None = None

    def __post_init__(self) -> None:
        if self.seconds is not None:
            check_integer("linger", self.seconds, 0, 2**31 - 1)

    def line(self) -> str:
        """Return the command's first line."""
        return "linger" if self.seconds is None else f"linger {self.seconds}"


@dataclass(frozen=True, slots=True)
class NoLinger(Command):
    """``nolinger``: close the socket with the call."""

    verb = "nolinger"
    full_only = True


@dataclass(frozen=True, slots=True)
class Resume(Command):
    """``resume``: the dialplan goes on when this socket ends."""

    verb = "resume"


@dataclass(frozen=True, slots=True)
class Exit(Command):
    """``exit``: close the socket."""

    verb = "exit"


@dataclass(frozen=True, slots=True)
class GetVar(Command):
    """``getvar``: a channel variable, cut at 511 bytes, unset told as an error."""

    verb = "getvar"
    name: str

    def __post_init__(self) -> None:
        check_word("a variable's name", self.name)

    def line(self) -> str:
        """Return the command's first line."""
        return f"getvar {self.name}"


@dataclass(frozen=True, slots=True)
class Log(Command):
    """``log``: FreeSWITCH's log lines, from this level (0 console … 7 debug, or its name)."""

    verb = "log"
    full_only = True
    level: int | str = 7

    def __post_init__(self) -> None:
        if isinstance(self.level, str):
            check_word("a log level", self.level)
        else:
            check_integer("a log level", self.level, 0, 10)

    def line(self) -> str:
        """Return the command's first line."""
        return f"log {self.level}"


@dataclass(frozen=True, slots=True)
class NoLog(Command):
    """``nolog``: no more log lines."""

    verb = "nolog"
    full_only = True


@dataclass(frozen=True, slots=True)
class Api(Command):
    """``api``: run an API command; the socket is blocked until it is done."""

    verb = "api"
    full_only = True
    command: str
    arguments: str = ""

    def __post_init__(self) -> None:
        check_word("an API command", self.command)
        check_line("an API command's arguments", self.arguments)

    def line(self) -> str:
        """Return the command's first line."""
        return f"api {self.command} {self.arguments}".rstrip(" ")


@dataclass(frozen=True, slots=True)
class BgApi(Command):
    """``bgapi``: run an API command in the background; a BACKGROUND_JOB event brings the result."""

    verb = "bgapi"
    full_only = True
    command: str
    arguments: str = ""
    job_uuid: str | None = None

    def __post_init__(self) -> None:
        check_word("an API command", self.command)
        check_line("an API command's arguments", self.arguments)
        if self.job_uuid is not None:
            check_word("a Job-UUID", self.job_uuid)

    def line(self) -> str:
        """Return the command's first line."""
        return f"bgapi {self.command} {self.arguments}".rstrip(" ")

    def render(self) -> bytes:
        """Return the bytes to send, in one write."""
        job = f"Job-UUID: {self.job_uuid}\n" if self.job_uuid is not None else ""
        return f"{self.line()}\n{job}\n".encode()


@dataclass(frozen=True, slots=True)
class SendEvent(Command):
    """``sendevent``: fire an event.

    Parameters
    ----------
    name
        The event's name, ``"CUSTOM"`` with an ``Event-Subclass`` header.
    headers
        Its headers in order, a mapping or pairs. A ``call-command`` is refused: it would act on
        a call without the safety of the commands made for that.
    body
        Its body; line breaks are allowed in it.
    """

    verb = "sendevent"
    full_only = True
    name: str
    headers: Mapping[str, str] | tuple[tuple[str, str], ...] = ()
    body: str = ""

    def __post_init__(self) -> None:
        check_word("an event name", self.name)
        pairs = self.headers.items() if isinstance(self.headers, Mapping) else self.headers
        object.__setattr__(self, "headers", tuple(pairs))
        for name, value in self.pairs:
            check_header_name("a header's name", name)
            check_line(f"header {name}", value)
            if name.lower() == "call-command":
                raise UnsafeCommandError("sendevent with a call-command: use the command itself")
            if name.lower() == "content-length":
                raise InjectionError("content-length is counted here, not given")
        if "\0" in self.body:
            raise InjectionError("an event's body holds NUL")
        check_text("an event's body", self.body)

    @property
    def pairs(self) -> tuple[tuple[str, str], ...]:
        """The headers as pairs."""
        assert isinstance(self.headers, tuple)
        return self.headers

    def line(self) -> str:
        """Return the command's first line."""
        return f"sendevent {self.name}"

    def render(self) -> bytes:
        """Return the bytes to send, in one write."""
        body = self.body.encode()
        lines = [self.line(), *(f"{name}: {value}" for name, value in self.pairs)]
        if body:
            lines.append(f"content-length: {len(body)}")
        return "\n".join(lines).encode() + b"\n\n" + body


COMMANDS: frozenset[type[Command]] = frozenset(
    {
        Api,
        Auth,
        BgApi,
        Connect,
        DivertEvents,
        Event,
        Execute,
        Exit,
        Filter,
        FilterDelete,
        GetVar,
        Hangup,
        Linger,
        Log,
        MyEvents,
        NixEvent,
        NoEvents,
        NoLinger,
        NoLog,
        NoMedia,
        Resume,
        SendEvent,
        Unicast,
        UserAuth,
        XferExt,
    }
)
"""All there is to send: a connection takes nothing else, so nothing renders past its checks."""
