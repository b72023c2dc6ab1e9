"""What can go wrong with a call's sound."""

from __future__ import annotations

from ..errors import MediasockError


class MediaError(MediasockError):
    """Base of the errors of ``mediasock.media``."""


class WireError(MediaError):
    """A kind of frame that cannot be carried: the encoding, rate or ptime is named."""


class HubFull(MediaError):  # noqa: N818 - named by what happened
    """Every row of the hub has a call."""


class HubStopped(MediaError):  # noqa: N818 - named by what happened
    """The hub was stopped, or its thread has died."""


class StreamClosed(MediaError):  # noqa: N818 - named by what happened
    """The stream was closed on our side: the end of every wait on it."""


class StreamLost(MediaError):  # noqa: N818 - named by what happened
    """No frame came for :data:`~mediasock.media.timeline.LOST_AFTER`.

    FreeSWITCH has ended the stream (as it does after a playback of its own), the call is over, or
    the switch is gone.
    """


class MarkMissed(MediaError):  # noqa: N818 - named by what happened
    """A playback was over before it came to a mark."""


class TalkerError(MediaError):
    """A talker that failed: what it raised is the ``__cause__``, or it answered with no sound."""


class UnsupportedPlatform(MediaError):  # noqa: N818 - named by what happened
    """The one-socket hub was asked for on a system that cannot have it."""
