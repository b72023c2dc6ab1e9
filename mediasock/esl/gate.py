"""What may be sent when: the modes of an event socket, and the one command that can kill a switch.

FreeSWITCH asserts that a call with a ``unicast`` has a read frame: on a call that is neither
answered nor pre-answered it aborts, and every call of the box is lost. So a gate stands before
every connection, and lets ``unicast`` pass only for its own call, in ``async`` mode (the others
move no frames), and when it has seen media come up or has itself sent the ``answer`` or
``pre_answer`` that runs before it. Everything else here saves the round trip for an answer that
is known: without ``full``, FreeSWITCH has only ten commands.
"""

from __future__ import annotations

from enum import Enum

from mediasock.esl.commands import (
    COMMANDS,
    Auth,
    Command,
    Connect,
    DivertEvents,
    Execute,
    Exit,
    GetVar,
    Linger,
    MyEvents,
    NoLinger,
    NoMedia,
    Resume,
    SendMsg,
    Unicast,
    UserAuth,
)
from mediasock.esl.errors import EslError, MediaNotUp, ModeError, UnsafeCommandError
from mediasock.esl.events import Event

_OF_A_CALL = (Connect, MyEvents, DivertEvents, GetVar, Linger, NoLinger, Resume)
_OF_A_CLIENT = (Auth, UserAuth)
_RAISES_MEDIA = ("answer", "pre_answer")
_MEDIA_STATES = ("answered", "early")


class Side(Enum):
    """Who dialled."""

    OUTBOUND = "outbound"
    """FreeSWITCH dialled us, for one call."""

    INBOUND = "inbound"
    """We dialled FreeSWITCH."""


class Gate:
    """Decides which command may pass, from what was sent and what was told.

    Parameters
    ----------
    side
        Who dialled.

    Attributes
    ----------
    data
        The connect reply of an outbound socket, once it is there.
    channel
        The latest event that tells the call's state in full, that reply to begin with.
    uuid
        The call's UUID; empty on an inbound socket.
    is_async, is_full
        What the dialplan's ``socket`` line said; an inbound socket has both.
    """

    def __init__(self, side: Side) -> None:
        self.side = side
        self.data: Event | None = None
        self.channel: Event | None = None
        self.uuid = ""
        self.is_async = self.is_full = side is Side.INBOUND
        self._asked_for_media = 0
        self._gave_media_away = False

    @property
    def media_up(self) -> bool:
        """Whether ``unicast`` is safe now."""
        state = "" if self.channel is None else self.channel.text("Answer-State")
        if self._gave_media_away or state == "hangup":
            return False
        return state in _MEDIA_STATES or self._asked_for_media > 0

    def connected(self, data: Event) -> None:
        """Learn the call and the mode from the connect reply."""
        self.data = data
        self.uuid = data.text("Unique-ID")
        self.is_async = data.text("Socket-Mode") == "async"
        self.is_full = data.text("Control") == "full"
        self.heard(data)

    def heard(self, event: Event) -> None:
        """Learn from an event of this call what has become of it."""
        if self.uuid and event.text("Unique-ID") == self.uuid:
            self.channel = event

    def check(self, command: Command) -> None:
        """Refuse what this connection cannot or must not send now.

        Raises
        ------
        UnsafeCommandError
            It is no command of ours.
        ModeError
            The mode does not have it.
        MediaNotUp
            It is ``unicast``, and the call has no media.
        EslError
            It comes before ``connect``.
        """
        if type(command) not in COMMANDS:
            raise UnsafeCommandError(f"not a command of the event socket: {command!r}")
        if self.side is Side.INBOUND:
            if isinstance(command, _OF_A_CALL):
                raise ModeError(command.verb, "", "it is for the call of an outbound socket")
            if isinstance(command, SendMsg) and command.call is None:
                raise EslError(f"{command.call_command}: an inbound socket must name the call")
        else:
            self._check_outbound(command)
        if isinstance(command, Unicast):
            self._check_unicast(command)

    def _check_outbound(self, command: Command) -> None:
        if isinstance(command, _OF_A_CLIENT):
            raise ModeError(command.verb, "", "an outbound socket has no password")
        if (self.data is None) != isinstance(command, Connect) and not isinstance(command, Exit):
            raise EslError(f"{command.title}: connect is the first command, and is sent once")
        if command.full_only and not self.is_full:
            raise ModeError(command.verb, "full", "a single-channel socket does not have it")

    def _check_unicast(self, command: Unicast) -> None:
        if self.side is Side.INBOUND or (command.call or self.uuid) != self.uuid:
            raise MediaNotUp("unicast is only for the call of this outbound socket")
        if not self.is_async:
            raise ModeError("unicast", "async", "a static socket moves no media")
        if self._gave_media_away:
            raise MediaNotUp("unicast after nomedia: FreeSWITCH is out of the media path")
        if not self.media_up:
            raise MediaNotUp("unicast before media is up: answer or pre_answer the call first")

    def sent(self, command: Command) -> None:
        """Learn from a command that is on its way."""
        if isinstance(command, NoMedia):
            self._gave_media_away = True
        elif self._raises_media(command):
            self._asked_for_media += 1

    def refused(self, command: Command) -> None:
        """Learn that FreeSWITCH answered ``-ERR``."""
        if self._raises_media(command):
            self._asked_for_media -= 1

    def _raises_media(self, command: Command) -> bool:
        return (
            isinstance(command, Execute)
            and command.app in _RAISES_MEDIA
            and (command.call or self.uuid) == self.uuid
        )
