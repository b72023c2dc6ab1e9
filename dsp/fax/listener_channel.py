"""What is heard in a channel of a call, and what of it is an echo of the other channel."""

from __future__ import annotations

from array import array
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Literal

import numpy as np

from dsp.fax.ears import Ears
from dsp.fax.frames import CodedData, parse
from dsp.fax.listener_events import Check, FramesHeard, Role
from dsp.fax.listener_line import Gauge, check_of, level
from dsp.fax.modems import bit_rate
from dsp.modem.types import Bits
from dsp.types import RATE

__all__ = ["Channel", "Heard", "Sending", "echoed", "may_echo"]

_ECHO = 6.0
"""dB below the other channel: what is the same and so much weaker is an echo of it."""
_LATE, _AT_ONCE = RATE, RATE // 100
"""Samples that an echo may come behind, and within which one voice is in two channels."""


@dataclass
class Heard:
    """A frame by V.21."""

    begin: int
    end: int
    octets: bytes
    good: bool
    loud: float
    """dBm0."""


@dataclass
class Sending:
    """A burst of the fast modem that goes on."""

    begin: int
    what: Literal["check", "picture"]
    rate: str
    short: bool
    gauge: Gauge = field(default_factory=Gauge)
    trained: int | None = None
    bits: list[Bits] = field(default_factory=list)
    numbers: list[int] = field(default_factory=list)
    bad: int = 0
    ends: int = 0

    def count(self, octets: bytes, good: bool) -> None:
        """Count a frame of error correction."""
        frame = parse(octets)
        if not good:
            self.bad += 1
        elif isinstance(frame, CodedData):
            self.numbers.append(frame.number)
        else:
            self.ends += frame.name == "RCP"

    def content(self, *, ecm: bool) -> Check | FramesHeard | None:
        """Say what it was."""
        if self.trained is None:
            return None
        if self.what == "check":
            bits = np.concatenate([np.zeros(0, dtype=np.uint8), *self.bits])
            return check_of(bits, bit_rate(self.rate))
        return (
            FramesHeard(len(self.numbers), self.bad, tuple(self.numbers), self.ends)
            if ecm
            else None
        )


class Channel:
    """What is heard in a channel."""

    def __init__(self, number: int) -> None:
        self.number = number
        self.ears = Ears(mixed=True)
        self.powers = array("f")
        self.frames: list[Heard] = []
        self.said: list[Heard] = []
        """The latest frames that are told of and are its own."""
        self.held: list[Heard] = []
        """Frames that may be an echo of what the other channel goes on saying."""
        self.up = 0
        self.live = self.flagged = False
        self.echoes = False
        """Whether the latest were the other's."""
        self.gauge = Gauge()
        self.role: Role | None = None
        self.sending: Sending | None = None


def echoed(one: Heard, other: Channel) -> bool:
    """Whether a frame is what the other channel has said, louder or at the very moment."""
    if not one.good:
        return _louder(one, other)
    return any(_same(one, frame, first=other.number == 0) for frame in other.said)


def _same(one: Heard, frame: Heard, *, first: bool) -> bool:
    late, louder = abs(one.end - frame.end), frame.loud - one.loud
    if one.octets != frame.octets:
        return False
    return (late <= _LATE and louder >= _ECHO) or (
        first and late <= _AT_ONCE and abs(louder) < _ECHO
    )


def may_echo(frames: Iterable[Heard], other: Channel) -> bool:
    """Whether one of them may be what the other channel goes on saying."""
    return any(_louder(one, other) and not echoed(one, other) for one in frames if one.good)


def _louder(one: Heard, other: Channel) -> bool:
    return other.live and level(other.powers, one.begin, one.end) - one.loud >= _ECHO
