"""What is told of a fax call by who listens to it."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, replace
from typing import Any, Literal, TypeAlias

import numpy as np

from dsp.fax import trace
from dsp.fax.document import Page
from dsp.fax.frames import Frame
from dsp.fax.result import PageRecord
from dsp.fax.t4 import Quality
from dsp.modem.types import Complex
from dsp.types import RATE

__all__ = [
    "Burst",
    "Check",
    "Event",
    "FramesHeard",
    "Measures",
    "PageHeard",
    "Phase",
    "PhaseBegun",
    "Role",
    "Spoken",
    "cut",
    "record",
]

Role: TypeAlias = Literal["sender", "receiver"]
"""Of the document; who sends DCS, and who answers to it."""

Phase: TypeAlias = Literal["A", "B", "C", "D", "E"]
"""T.30 3: call establishment, before the message, the message, after it, release."""


@dataclass(frozen=True, slots=True)
class Spoken:
    """A frame by V.21.

    Parameters
    ----------
    begin, end
        Samples of 8 kHz from the first one heard: where it began, and where it was known.
    channel
        In which, from 0.
    role
        Whose it is; ``None`` where nothing tells. Of a DIS, and of what is said with it, that of
        who would receive, which a DTC after it turns round.
    frame
        What it says.
    good
        Whether its FCS is right. The octets of one that is not are what was heard.
    echo
        Whether it is a weak copy of what was said in the other channel.
    """

    begin: int
    end: int
    channel: int
    role: Role | None
    frame: Frame
    good: bool = True
    echo: bool = False


@dataclass(frozen=True, slots=True)
class Measures:
    """What the line did to a burst.

    Parameters
    ----------
    level
        dBm0.
    snr
        dB over 0 to 4 kHz, estimated; ``None`` where no symbols were heard.
    frequency_offset
        Hz by which the carrier is high.
    clock_offset
        Parts in a million by which the sender's clock is fast.
    """

    level: float
    snr: float | None = None
    frequency_offset: float | None = None
    clock_offset: float | None = None

    def __str__(self) -> str:
        parts = [f"{self.level:.1f} dBm0"]
        if self.snr is not None:
            parts.append(f"SNR {self.snr:.0f} dB")
        if self.frequency_offset is not None:
            parts.append(f"{round(self.frequency_offset, 1) + 0:+.1f} Hz")
        if self.clock_offset is not None:
            parts.append(f"{round(self.clock_offset) + 0:+} ppm")
        return ", ".join(parts).replace("-", "−")


@dataclass(frozen=True, slots=True)
class Check:
    """A training check: zeros for 1.5 s ± 10 % (T.30 5.3.6.1.3).

    Parameters
    ----------
    bits
        All that came of data.
    zeros
        The longest run of them.
    wrong
        Ones in the 1.35 s that have the fewest; ``None`` where it was shorter.
    seconds
        What the run of zeros takes.
    """

    bits: int
    zeros: int
    wrong: int | None
    seconds: float

    def __str__(self) -> str:
        run = f"{self.zeros:,} zeros in a row, {self.seconds:.2f} s"
        if self.wrong is None:
            return f"{run}, too short"
        return f"{run}, {self.wrong} wrong bits"


@dataclass(frozen=True, slots=True)
class FramesHeard:
    """Frames of error correction of one burst.

    Parameters
    ----------
    good, bad
        How many frames came well, RCP left out, and how many did not.
    numbers
        Of the good ones, as they came.
    ends
        How many RCP there were.
    """

    good: int
    bad: int
    numbers: tuple[int, ...]
    ends: int

    def __str__(self) -> str:
        return f"{self.good} frames, {self.bad} damaged, {self.ends} RCP"


@dataclass(frozen=True, slots=True)
class Burst:
    """What a modem sent at once.

    Parameters
    ----------
    begin, end
        Samples of 8 kHz from the first one heard.
    channel
        In which, from 0.
    role
        Whose it is, if that is known.
    modem
        ``V.21``, ``V.17 14400`` and others.
    what
        ``"control"``: frames by V.21. ``"check"``: TCF. ``"picture"``.
    training
        ``"long"``, ``"short"``; empty of V.21.
    trained
        Where data began; ``None`` where the training failed, and of V.21.
    measures
        What the line did to it.
    content
        Of a check and of frames of error correction.
    symbols
        The latest of its equalised symbols, 2,048 at the most.
    """

    begin: int
    end: int
    channel: int
    role: Role | None
    modem: str
    what: Literal["control", "check", "picture"]
    training: Literal["", "long", "short"]
    trained: int | None
    measures: Measures
    content: Check | FramesHeard | None = None
    symbols: Complex = field(default_factory=lambda: np.zeros(0, dtype=np.complex64), repr=False)


@dataclass(frozen=True, slots=True)
class PageHeard:
    """A page, confirmed or not.

    Parameters
    ----------
    begin, end
        Samples of 8 kHz from the first one heard: of its first carrier and of its answer, or
        where it was given up.
    channel
        In which, from 0.
    record
        What is told of it; without error correction its octets are all that came in its burst.
    page
        Its picture; ``None`` where there is none that could be decoded.
    quality
        How it was decoded.
    data
        The octets of a coding that is not decoded here, T.85, as they are in a ``.jbg`` file.
    why
        Why there is no picture, or not all of it.
    """

    begin: int
    end: int
    channel: int
    record: PageRecord
    page: Page | None
    quality: Quality | None
    data: bytes = field(default=b"", repr=False)
    why: str = ""


@dataclass(frozen=True, slots=True)
class PhaseBegun:
    """A phase of T.30 begins.

    Parameters
    ----------
    begin
        Sample of 8 kHz from the first one heard.
    phase
        Which.
    """

    begin: int
    phase: Phase


Event: TypeAlias = Spoken | Burst | PageHeard | PhaseBegun


def cut(event: Event, end: int) -> Event:
    """Let nothing be later than the end of a recording."""
    if isinstance(event, PhaseBegun):
        return replace(event, begin=min(event.begin, end))
    return replace(event, begin=min(event.begin, end), end=min(event.end, end))


def record(event: Event) -> dict[str, Any]:
    """Tell an event in what JSON can have: times are seconds, channels from 1.

    Examples
    --------
    >>> record(PhaseBegun(16000, "B"))
    {'event': 'phase', 'begin': 2.0, 'phase': 'B'}
    """
    times = {"begin": _seconds(event.begin)}
    if not isinstance(event, PhaseBegun):
        times["end"] = _seconds(event.end)
    match event:
        case PhaseBegun():
            return {"event": "phase", **times, "phase": event.phase}
        case Spoken():
            whose = {"channel": event.channel + 1, "role": event.role}
            how = {"good": event.good, "echo": event.echo}
            return {"event": "frame", **times, **whose, **how, **trace.record(event.frame)}
        case Burst():
            return {"event": "burst", **times, **_of_burst(event)}
        case PageHeard():
            told: dict[str, Any] = asdict(event.record) | {"why": event.why}
            if event.quality is not None:
                told["quality"] = asdict(event.quality)
            return {"event": "page", **times, "channel": event.channel + 1, **told}


def _of_burst(burst: Burst) -> dict[str, Any]:
    told: dict[str, Any] = {
        "channel": burst.channel + 1,
        "role": burst.role,
        "modem": burst.modem,
        "what": burst.what,
        "training": burst.training,
        "trained": None if burst.trained is None else _seconds(burst.trained),
    }
    for name, value in asdict(burst.measures).items():
        told[name] = None if value is None else round(value, 1)
    if isinstance(burst.content, Check):
        told["check"] = asdict(burst.content) | {"seconds": round(burst.content.seconds, 4)}
    elif isinstance(burst.content, FramesHeard):
        told["frames"] = asdict(burst.content) | {"numbers": list(burst.content.numbers)}
    return told


def _seconds(samples: int) -> float:
    return round(samples / RATE, 4)
