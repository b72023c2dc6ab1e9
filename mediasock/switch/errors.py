"""What can go wrong in the embedded switch."""

from __future__ import annotations

from mediasock.errors import MediasockError


class SwitchError(MediasockError):
    """Base of every error of the embedded switch."""


class SwitchAborted(SwitchError):  # noqa: N818 - what happened, in the field's own word
    """The application did what makes a real FreeSWITCH abort, with every call on the box."""


class CommandTooLongError(SwitchError):
    """An application wrote a command longer than any switch would take."""


class DialplanError(SwitchError):
    """A ``socket`` line, a host or an extension that cannot be read."""


class AudioError(SwitchError):
    """A file or stream that cannot be played."""
