"""What the media thread tells a stream; it is handed over in the loop's own thread."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from dsp.types import Detection, Samples

from .counters import StreamStats
from .talkers import Over


@dataclass(frozen=True, slots=True)
class Started:
    """The first frame has come."""


@dataclass(frozen=True, slots=True)
class Heard:
    """Sound of a stream that somebody listens to.

    Parameters
    ----------
    samples
        ``(n,)`` int16 at the wire's rate.
    position
        Where in the call's timeline it begins, in samples at 8 kHz.
    gap
        It is silence in the place of what did not come.
    """

    samples: Samples
    position: int
    gap: bool


@dataclass(frozen=True, slots=True)
class Slow:
    """The switch has brought too little sound for 5 s."""


@dataclass(frozen=True, slots=True)
class Stopped:
    """No frame has come for 250 ms."""


@dataclass(frozen=True, slots=True)
class Resumed:
    """Frames come again after a stop or a loss."""


@dataclass(frozen=True, slots=True)
class Lost:
    """No frame has come for 2 s."""


@dataclass(frozen=True, slots=True)
class Ended:
    """The stream is closed.

    Parameters
    ----------
    stats
        Its final counts.
    position
        The length of its timeline, in samples at 8 kHz.
    """

    stats: StreamStats
    position: int


Notice: TypeAlias = Started | Heard | Slow | Stopped | Resumed | Lost | Ended | Over | Detection
