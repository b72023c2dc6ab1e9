"""What is asked for and what is found: the words of the offline analyser."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from dsp.kinds import RECORDED
from dsp.plan import PLANS

from ..errors import MediasockError

__all__ = [
    "EVERYTHING",
    "Batch",
    "ChannelError",
    "DamageError",
    "Finding",
    "Raw",
    "ReadError",
    "Request",
    "place_of",
]


class ReadError(MediasockError):
    """A recording that cannot be read, named together with the reason and the place."""


class DamageError(ReadError):
    """A recording whose content is at fault: it will be so the next time, too."""


class ChannelError(DamageError):
    """A channel that the recording does not have."""


@dataclass(frozen=True, slots=True)
class Finding:
    """Something heard in a recording.

    Parameters
    ----------
    file
        As it was named.
    channel
        From 1.
    kind, value
        As of :class:`~dsp.types.Detection`.
    start, end
        Seconds from the beginning of the recording; whole samples of 8 kHz from the first one
        that was heard.
    level
        dBm0.
    """

    file: str
    channel: int
    kind: str
    value: str
    start: float
    end: float
    level: float


@dataclass(frozen=True, slots=True)
class Raw:
    """Samples without a header.

    Parameters
    ----------
    form
        ``"s16le"``, ``"ulaw"`` or ``"alaw"``.
    rate, channels
        Samples a second, and how many of them at a time, interleaved.
    """

    form: str
    rate: int = 8000
    channels: int = 1


@dataclass(frozen=True, slots=True)
class Request:
    """How recordings are analysed.

    Parameters
    ----------
    plans
        Countries whose call-progress tones are listened for, or paths of TOML files.
    detect
        What for, of :data:`dsp.kinds.DETECTABLE`.
    channels
        Which, from 1; none is all.
    begin, end
        Seconds between which it is listened; ``end`` is None for the end of the recording.
    raw
        What the samples are; None for a file that says so itself.
    plot
        A picture to be drawn of the recording, if any.
    plot_dir
        A directory for pictures of recordings, each by the recording's path.

    Examples
    --------
    >>> Request(plans=("us",), begin=10.0).detect[0]
    'dtmf'
    """

    plans: tuple[str, ...] = PLANS
    detect: tuple[str, ...] = RECORDED
    channels: tuple[int, ...] = ()
    begin: float = 0.0
    end: float | None = None
    raw: Raw | None = None
    plot: str | None = None
    plot_dir: str | None = None

    def as_dict(self) -> dict[str, Any]:
        """Give what findings depend on as JSON would have it, to tell whether it is the same."""
        return {
            name: list(value) if isinstance(value, tuple) else value
            for name, value in asdict(self).items()
            if name not in ("plot", "plot_dir")
        }

    def picture_of(self, file: str) -> Path | None:
        """Say where the picture of a recording goes, if there is to be one.

        Examples
        --------
        >>> Request(plot_dir="out").picture_of("../calls/1.wav").as_posix()
        'out/calls/1.wav.png'
        """
        if self.plot is not None:
            return Path(self.plot)
        if self.plot_dir is None:
            return None
        return Path(f"{place_of(self.plot_dir, file)}.png")


def place_of(directory: str | Path, file: str) -> Path:
    """Give the path in a directory by which what is made of a recording is called.

    Examples
    --------
    >>> place_of("out", "../calls/1.wav").as_posix(), place_of("out", "-").as_posix()
    ('out/calls/1.wav', 'out/recording')
    """
    parts = [part for part in Path(file).parts if part not in ("..", Path(file).anchor)]
    name = "recording" if not parts or parts[-1] == "-" else parts[-1]
    return Path(directory, *parts[:-1], name)


EVERYTHING = Request()
"""All channels from beginning to end, for what is listened for where nothing else is said."""


@dataclass(frozen=True, slots=True)
class Batch:
    """News of a recording that is being analysed.

    Parameters
    ----------
    file
        Which.
    findings
        What has been found since the last batch.
    done
        How much of it has been heard, from 0 to 1.
    ended
        Whether this is the last batch of the file.
    error
        Why it could not be read, or not to its end; of the last batch.
    settled
        Whether it would be the same the next time. It is not where a file was not there, or the
        process that had it died.
    """

    file: str
    findings: tuple[Finding, ...] = ()
    done: float = 0.0
    ended: bool = False
    error: str | None = None
    settled: bool = True
