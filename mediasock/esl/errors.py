"""What can go wrong on an event socket, each kind an error of its own."""

from __future__ import annotations

from mediasock.errors import MediasockError


class EslError(MediasockError):
    """Base of every error of the event socket."""


class ProtocolError(EslError):
    """The peer sent what is no event socket; only its own connection is lost."""


class InjectionError(EslError, ValueError):
    """A value cannot be rendered without becoming another command or header."""


class UnsafeCommandError(EslError):
    """A command that the event socket does not know, or that would reach ``unicast`` unseen."""


class ModeError(EslError):
    """The connection's mode does not have this command.

    Parameters
    ----------
    command
        The command's verb.
    keyword
        What the dialplan's ``socket`` line lacks, ``"async"`` or ``"full"``; empty when no
        keyword would bring it.
    why
        What the mode does instead.
    """

    def __init__(self, command: str, keyword: str, why: str) -> None:
        lack = f"; add {keyword!r} to the dialplan's socket line" if keyword else ""
        super().__init__(f"{command}: {why}{lack}")
        self.command = command
        self.keyword = keyword


class MediaNotUp(EslError):  # noqa: N818 - reads as the state it names
    """``unicast`` was asked for on a call without media, which would abort FreeSWITCH."""


class CommandRefused(EslError):  # noqa: N818 - the field's own word
    """FreeSWITCH answered ``-ERR``.

    Parameters
    ----------
    command
        The command's verb, without its arguments.
    text
        What FreeSWITCH answered.
    """

    def __init__(self, command: str, text: str) -> None:
        super().__init__(f"{command} was refused: {text.strip()}")
        self.command = command
        self.text = text


class WaitEnded(EslError):  # noqa: N818 - base of what ends a wait
    """Base of what ends a wait other than its own answer."""


class HungUp(WaitEnded):
    """The call was hung up.

    Parameters
    ----------
    cause
        FreeSWITCH's ``Hangup-Cause``, such as ``"NORMAL_CLEARING"``.
    """

    def __init__(self, cause: str) -> None:
        super().__init__(f"the call was hung up: {cause or 'no cause given'}")
        self.cause = cause


class Disconnected(WaitEnded):
    """The socket is closed, or the call has left it.

    Parameters
    ----------
    reason
        What closed it.
    """

    def __init__(self, reason: str) -> None:
        super().__init__(f"disconnected: {reason}")
        self.reason = reason


class WaitTimeout(WaitEnded):
    """Nothing came within the time allowed.

    Parameters
    ----------
    what
        What was waited for.
    seconds
        How long.
    """

    def __init__(self, what: str, seconds: float) -> None:
        super().__init__(f"{what}: nothing within {seconds:g} s")
        self.what = what
        self.seconds = seconds
