"""``unicast``: a call's sound as datagrams, and the ways in which it dies.

What FreeSWITCH does was read off recordings of it. The stream is moved by the loop that parks
the call, frame by frame, so it pauses while another application runs; the end of a file's
playback tears it down, and the parked call then has no other; a local port that is taken brings
no error, only silence; an empty datagram ends the receiving side.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TypeAlias

import numpy as np

from .commands import Command
from .line import Frame, Line
from .written import number

MAX_DATAGRAM = 8192
"""FreeSWITCH's receive buffer; what is longer is cut."""

Endpoint: TypeAlias = tuple[str, int]


@dataclass(frozen=True, slots=True)
class Bind:
    """The shell is to bind a UDP socket and to answer with ``Session.bound``."""

    local: Endpoint


@dataclass(frozen=True, slots=True)
class Send:
    """The shell is to send one datagram from the bound socket."""

    data: bytes
    to: Endpoint


@dataclass(frozen=True, slots=True)
class Unbind:
    """The shell is to close the bound socket."""


Action: TypeAlias = Bind | Send | Unbind


class State(Enum):
    """Where a stream stands."""

    IDLE = "idle"
    BINDING = "binding"
    UP = "up"
    GONE = "gone"


@dataclass(slots=True)
class Unicast:
    """The stream of one parked call.

    Parameters
    ----------
    line
        The call's sound.
    actions
        Where what the shell is to do is put.
    linear
        The codec is L16: its own form and the linear one are the same, in the host's byte order.
    """

    line: Line
    actions: list[object]
    linear: bool = False
    state: State = State.IDLE
    remote: Endpoint = ("127.0.0.1", 8026)
    native: bool = False
    deaf: bool = False
    sent: int = 0
    received: int = 0

    def activate(self, message: Command) -> None:
        """Obey ``call-command: unicast``; a stream that is gone, or up, is not begun again."""
        if self.state is not State.IDLE:
            return
        local = (message.get("local-ip") or "127.0.0.1", _port(message.get("local-port"), 8025))
        self.remote = (
            message.get("remote-ip") or "127.0.0.1",
            _port(message.get("remote-port"), 8026),
        )
        self.native = "native" in message.get("flags") and not self.linear
        self.deaf = False
        self.state = State.BINDING
        self.actions.append(Bind(local))

    def bound(self, succeeded: bool) -> None:
        """Hear from the shell how the binding went; a taken port leaves no stream."""
        if self.state is State.BINDING:
            self.state = State.UP if succeeded else State.IDLE

    def forward(self, frame: Frame) -> None:
        """Send one frame of the call to the application.

        Comfort noise has a linear payload, so that it comes out linear of a native stream, too.
        """
        if self.state is not State.UP:
            return
        data = frame.payload if self.native else frame.samples.astype(np.int16).tobytes()
        self.actions.append(Send(data, self.remote))
        self.sent += 1

    def datagram(self, data: bytes) -> None:
        """Take a datagram of the application's and write it to the call at once."""
        if self.state is not State.UP or self.deaf:
            return
        if not data:
            self.deaf = True
            return
        self.received += 1
        data = data[:MAX_DATAGRAM]
        if self.native:
            self.line.write_payload(data)
        else:
            self.line.write(np.frombuffer(data[: len(data) // 2 * 2], np.int16))

    def tear_down(self, *, for_good: bool) -> None:
        """End the stream: for good after a playback, or so that the next park has one."""
        if self.state in {State.UP, State.BINDING}:
            self.actions.append(Unbind())
            self.state = State.GONE
        if not for_good:
            self.state = State.IDLE


def _port(text: str, default: int) -> int:
    found = number(text, 5)
    return default if found is None or found > 65535 else found
