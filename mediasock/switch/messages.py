"""What passes between a call and those around it: orders to the shell, messages to the call."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from .commands import Command
from .plan import SocketLine

if TYPE_CHECKING:
    from .event_socket import EventSocket


@dataclass(frozen=True, slots=True)
class Dial:
    """The shell is to connect to the line's targets in turn.

    It answers with ``Session.connect``, or with ``Session.unreachable`` when nobody is there.
    """

    line: SocketLine

    @property
    def targets(self) -> tuple[tuple[str, int, str], ...]:
        """Host, port and path of each, in the order in which to try them."""
        return self.line.targets


@dataclass(slots=True)
class Message:
    """A ``sendmsg`` that waits for the call's own thread.

    Parameters
    ----------
    command
        What was written.
    sender
        Whom to tell when it is done, which only a socket without ``async`` waits for.
    """

    command: Command
    sender: EventSocket | None = None
