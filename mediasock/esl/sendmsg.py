"""``sendmsg``: the commands that act on a call, as values that render to bytes."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass, field
from typing import ClassVar, Literal

from mediasock.esl.errors import InjectionError
from mediasock.esl.wording import Command, check_integer, check_line, check_text, check_word

LONG_ARGUMENT = 1024
"""Bytes of an execute argument beyond which it is sent as a body."""

_CAUSE_LETTERS = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_")


@dataclass(frozen=True, slots=True)
class SendMsg(Command):
    """Base of the commands that act on a call.

    Parameters
    ----------
    call
        The call's UUID; ``None`` is the call that an outbound socket was opened for.

    Attributes
    ----------
    call_command
        What FreeSWITCH is to do with the call.
    """

    verb = "sendmsg"
    call_command: ClassVar[str] = ""
    call: str | None = field(default=None, kw_only=True)

    def __post_init__(self) -> None:
        if self.call is not None:
            check_word("a call's UUID", self.call)

    @property
    def title(self) -> str:
        """What errors and logs call it."""
        return self.call_command

    def headers(self) -> list[tuple[str, str]]:
        """Return the headers after ``call-command``."""
        return []

    def body(self) -> bytes:
        """Return the ``text/plain`` body, if any."""
        return b""

    def line(self) -> str:
        """Return the command's first line."""
        return "sendmsg" if self.call is None else f"sendmsg {self.call}"

    def render(self) -> bytes:
        """Return the bytes to send, in one write."""
        body = self.body()
        headers = [("call-command", self.call_command), *self.headers()]
        if body:
            headers += [("content-type", "text/plain"), ("content-length", str(len(body)))]
        lines = [self.line(), *(f"{name}: {value}" for name, value in headers)]
        return "\n".join(lines).encode() + b"\n\n" + body


@dataclass(frozen=True, slots=True)
class Execute(SendMsg):
    r"""``execute``: run a dialplan application on the call.

    Parameters
    ----------
    app
        The application's name.
    arg
        Its argument. One with line breaks or blanks at its ends, or longer than 1,024 bytes, goes
        as a body, which FreeSWITCH takes as it is.
    event_lock
        Whether what is sent next waits for this to end, rather than run inside it.
    loops
        How often; each time brings a CHANNEL_EXECUTE_COMPLETE, and FreeSWITCH stops early when
        one takes less than half a second. −1 is for ever.
    async_
        Whether FreeSWITCH queues it even on a socket without ``async``.
    event_uuid
        Comes back as the ``Application-UUID`` of its events.

    Examples
    --------
    >>> print(Execute("playback", "a.wav", event_lock=True).render().decode(), end="")
    sendmsg
    call-command: execute
    execute-app-name: playback
    execute-app-arg: a.wav
    event-lock: true
    <BLANKLINE>
    """

    call_command = "execute"
    app: str
    arg: str = ""
    event_lock: bool = False
    loops: int = 1
    async_: bool = False
    event_uuid: str | None = None

    def __post_init__(self) -> None:
        SendMsg.__post_init__(self)
        check_word("an application's name", self.app)
        if "\0" in self.arg:
            raise InjectionError(f"the argument of {self.app} holds NUL")
        check_text(f"the argument of {self.app}", self.arg)
        check_integer("loops", self.loops, -1, 2**31 - 1)
        if self.loops == 0:
            raise InjectionError("loops cannot be 0")
        if self.event_uuid is not None:
            check_word("an Event-UUID", self.event_uuid)

    @property
    def title(self) -> str:
        """What errors and logs call it."""
        return f"execute {self.app}"

    @property
    def _as_body(self) -> bool:
        # FreeSWITCH strips the blanks before a header's value, so those need the body too.
        return (
            "\n" in self.arg
            or "\r" in self.arg
            or self.arg != self.arg.strip(" ")
            or len(self.arg.encode()) > LONG_ARGUMENT
        )

    def body(self) -> bytes:
        """Return the ``text/plain`` body, if any."""
        return self.arg.encode() if self._as_body else b""

    def headers(self) -> list[tuple[str, str]]:
        """Return the headers after ``call-command``."""
        pairs = [("execute-app-name", self.app)]
        if self.arg and not self._as_body:
            pairs.append(("execute-app-arg", self.arg))
        if self.loops != 1:
            pairs.append(("loops", str(self.loops)))
        if self.event_uuid is not None:
            pairs.append(("Event-UUID", self.event_uuid))
        if self.event_lock:
            pairs.append(("event-lock", "true"))
        if self.async_:
            pairs.append(("async", "true"))
        return pairs


@dataclass(frozen=True, slots=True)
class Hangup(SendMsg):
    """``hangup``: end the call.

    Parameters
    ----------
    cause
        FreeSWITCH's name or number of the Q.850 cause.
    """

    call_command = "hangup"
    cause: str = "NORMAL_CLEARING"

    def __post_init__(self) -> None:
        SendMsg.__post_init__(self)
        if not self.cause or not _CAUSE_LETTERS.issuperset(self.cause):
            raise InjectionError(f"not a hangup cause: {self.cause!r}")

    def headers(self) -> list[tuple[str, str]]:
        """Return the headers after ``call-command``."""
        return [("hangup-cause", self.cause)]


@dataclass(frozen=True, slots=True)
class Unicast(SendMsg):
    """``unicast``: send the call's sound to us and take ours.

    On a call without media it aborts the whole FreeSWITCH, so a connection takes this command
    only for its own call, in ``async`` mode, when media is up.

    Parameters
    ----------
    remote_port, remote_ip
        Our end.
    local_ip, local_port
        FreeSWITCH's end; port 0 takes a free one.
    native
        Whether the frames hold the codec's own bytes rather than L16.
    """

    call_command = "unicast"
    remote_port: int
    remote_ip: str = "127.0.0.1"
    local_ip: str = "127.0.0.1"
    local_port: int = 0
    native: bool = False
    transport: Literal["udp"] = "udp"

    def __post_init__(self) -> None:
        SendMsg.__post_init__(self)
        for what, ip in (("remote_ip", self.remote_ip), ("local_ip", self.local_ip)):
            try:
                ipaddress.ip_address(ip)
            except ValueError as error:
                raise InjectionError(f"{what}: {error}") from None
        check_integer("remote_port", self.remote_port, 1, 65535)
        check_integer("local_port", self.local_port, 0, 65535)
        if self.transport != "udp":
            raise InjectionError("unicast's transport is udp; FreeSWITCH knows no other")

    def headers(self) -> list[tuple[str, str]]:
        """Return the headers after ``call-command``."""
        pairs = [
            ("local-ip", self.local_ip),
            ("local-port", str(self.local_port)),
            ("remote-ip", self.remote_ip),
            ("remote-port", str(self.remote_port)),
            ("transport", self.transport),
        ]
        return [*pairs, ("flags", "native")] if self.native else pairs


@dataclass(frozen=True, slots=True)
class NoMedia(SendMsg):
    """``nomedia``: take FreeSWITCH out of the media path; the call has no stream from then on.

    Parameters
    ----------
    nomedia_uuid
        The call's UUID, as FreeSWITCH wants it once more in a header.
    """

    call_command = "nomedia"
    nomedia_uuid: str

    def __post_init__(self) -> None:
        SendMsg.__post_init__(self)
        check_word("nomedia-uuid", self.nomedia_uuid)

    def headers(self) -> list[tuple[str, str]]:
        """Return the headers after ``call-command``."""
        return [("nomedia-uuid", self.nomedia_uuid)]


@dataclass(frozen=True, slots=True)
class XferExt(SendMsg):
    """``xferext``: go on in an extension made here, a list of applications.

    Parameters
    ----------
    applications
        Application and argument of each step.
    """

    call_command = "xferext"
    applications: tuple[tuple[str, str], ...]

    def __post_init__(self) -> None:
        SendMsg.__post_init__(self)
        object.__setattr__(self, "applications", tuple((a, b) for a, b in self.applications))
        if not self.applications:
            raise InjectionError("xferext names no application")
        for app, argument in self.applications:
            check_word("an application's name", app)
            check_line(f"the argument of {app}", argument)

    def headers(self) -> list[tuple[str, str]]:
        """Return the headers after ``call-command``."""
        return [("application", f"{app} {arg}".rstrip(" ")) for app, arg in self.applications]
