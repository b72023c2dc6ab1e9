"""A recorded fax call: what was said in it, the pages, and what the line was like.

>>> call = listen("fixtures/fax/v29_nonecm_begin.flac")
>>> [one.frame.text for one in call.spoken if one.frame.name == "CSI"]
['RIG-FS']
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from dsp.ears import Ears
from dsp.fax.listener import FaxListener
from dsp.fax.listener_events import Burst, Event, PageHeard, Phase, PhaseBegun, Role, Spoken
from dsp.fax.ready import warm
from dsp.types import RATE, Detection, Samples

from .narrow import narrow
from .picture_strips import Spectra
from .reading import Recording, Source, channels_of, name_of, opened
from .request import EVERYTHING, ChannelError, DamageError, Request

__all__ = ["FaxCall", "Stretch", "Tone", "listen", "warm"]

_SIDES = 2


class Stretch(NamedTuple):
    """A phase of T.30, between two seconds of the recording."""

    phase: Phase
    begin: float
    end: float


@dataclass(frozen=True, slots=True)
class Tone:
    """CNG, CED and their like.

    Parameters
    ----------
    name
        ``cng``, ``ced``, ``ansam`` and so on, as of the detector of kind ``fax``.
    begin, end
        Seconds of the recording.
    channel
        From 0, of those that were listened to.
    level
        dBm0.
    role
        Whose it is, as far as that is known.
    """

    name: str
    begin: float
    end: float
    channel: int
    level: float
    role: Role | None


@dataclass(frozen=True, slots=True)
class FaxCall:
    """What was heard in a recording.

    Parameters
    ----------
    file
        As it was named.
    rate
        Its samples a second.
    channels
        Those that were listened to, from 1.
    begin
        Seconds of the recording that come before what was heard.
    seconds
        Length of what was heard.
    events
        By when they began; samples of 8 kHz from the first one heard, channels from 0.
    tones
        By when they began.
    damage
        Why it was not heard to its end, if it was not.
    spectra
        Of the channels, where a picture is asked for.
    """

    file: str
    rate: int
    channels: tuple[int, ...]
    begin: float
    seconds: float
    events: tuple[Event, ...]
    tones: tuple[Tone, ...] = ()
    damage: str | None = field(default=None, compare=False)
    spectra: Spectra | None = field(default=None, compare=False, repr=False)

    @property
    def spoken(self) -> list[Spoken]:
        """The frames by V.21 that are no echoes."""
        return [one for one in self.events if isinstance(one, Spoken) and not one.echo]

    @property
    def bursts(self) -> list[Burst]:
        """What the modems sent."""
        return [one for one in self.events if isinstance(one, Burst)]

    @property
    def pages(self) -> list[PageHeard]:
        """Confirmed and not."""
        return [one for one in self.events if isinstance(one, PageHeard)]

    @property
    def phases(self) -> list[Stretch]:
        """The phases, up to the end."""
        begun = [one for one in self.events if isinstance(one, PhaseBegun)]
        begins = [self.at(one.begin) for one in begun]
        ends = [*begins[1:], self.begin + self.seconds]
        return [
            Stretch(one.phase, begin, end)
            for one, begin, end in zip(begun, begins, ends, strict=True)
            if end > begin
        ]

    @property
    def is_fax(self) -> bool:
        """Whether a fax machine says anything: a frame, or a burst of a fast modem."""
        return any(one.good for one in self.spoken) or any(
            one.modem != "V.21" for one in self.bursts
        )

    def at(self, sample: int) -> float:
        """Give the second of the recording."""
        return self.begin + sample / RATE


def listen(source: Source, request: Request = EVERYTHING) -> FaxCall:
    """Listen to a recorded call.

    Parameters
    ----------
    source
        A file that soundfile reads, ``-`` for standard input, or what is open for reading.
    request
        Which channels, from when to when, and what raw samples are. Two channels are the two
        sides, or each has both; in one may be one side, or both.

    Raises
    ------
    ReadError
        When it cannot be read at all; what comes before damage is listened to, and ``damage``
        says so.
    ChannelError
        When it has not the channels, or more than two and it is not said which.

    Examples
    --------
    >>> call = listen("fixtures/fax/v29_nonecm_begin.flac")
    >>> [(one.phase, round(one.begin, 1), round(one.end, 1)) for one in call.phases]
    [('A', 0.0, 3.1), ('B', 3.1, 5.0)]
    """
    name = name_of(source)
    with opened(source, request) as recording:
        channels = channels_of(name, recording, request)
        if len(channels) > _SIDES:
            raise ChannelError(
                f"{name}: it has {len(channels)} channels: which one or two of them?"
            )
        heard = _Heard(len(channels), drawn=request.picture_of(name) is not None)
        damage = None
        try:
            for block in _sound(name, recording, channels):
                heard.hear(block)
        except DamageError as error:
            damage = str(error)
        return heard.call(name, recording.rate, channels, request.begin, damage)


def _sound(name: str, recording: Recording, channels: tuple[int, ...]) -> Iterator[Samples]:
    """Give some channels at 8 kHz, as much as there is before damage."""
    lines = np.array(channels) - 1
    down = narrow(recording.rate, len(channels), name)
    try:
        for block in recording.blocks:
            yield down.process(np.ascontiguousarray(block[lines]))
    except DamageError:
        yield down.finish()
        raise
    yield down.finish()


class _Heard:
    """What is heard, block by block."""

    def __init__(self, channels: int, *, drawn: bool) -> None:
        self._spectra = Spectra(channels) if drawn else None
        self._listener = FaxListener(channels)
        self._ears = Ears(channels, (), ("fax",))
        self._events: list[Event] = []
        self._tones: list[Detection] = []
        self._samples = 0

    def hear(self, block: Samples) -> None:
        self._samples += block.shape[1]
        self._events += self._listener.process(block)
        self._tones += self._ears.process(block)
        if self._spectra is not None:
            self._spectra.hear(block)

    def call(
        self, name: str, rate: int, channels: tuple[int, ...], begin: float, damage: str | None
    ) -> FaxCall:
        """Sum up."""
        self._events += self._listener.finish()
        self._tones += self._ears.finish()
        if self._spectra is not None:
            self._spectra.finish()
        events = sorted(self._events, key=_order)
        return FaxCall(
            name,
            rate,
            channels,
            begin,
            self._samples / RATE,
            tuple(events),
            tuple(self._told(events, begin, len(channels))),
            damage,
            self._spectra,
        )

    def _told(self, events: list[Event], begin: float, channels: int) -> Iterator[Tone]:
        """Tones but for those that are in the signal of a modem."""
        spans = [(one.channel, one.begin, one.end) for one in events if isinstance(one, Burst)]
        for one in sorted(self._tones, key=lambda tone: tone.start):
            if not one.ended or one.end is None or one.value == "preamble":
                continue
            middle = (one.start + one.end) / 2
            if any(row == one.row and first < middle < last for row, first, last in spans):
                continue
            first, last = (begin + at / RATE for at in (one.start, one.end))
            whose = _whose(one, events, channels)
            yield Tone(one.value, first, last, one.row, one.level, whose)


def _whose(tone: Detection, events: list[Event], channels: int) -> Role | None:
    """Say whose a tone is: that of the side in whose channel it is, or who calls and is called."""
    frames = [one for one in events if isinstance(one, Spoken) and one.role and not one.echo]
    own = [one.role for one in frames if one.channel == tone.row]
    if channels > 1 and own:
        return own[0]
    if not any(one.frame.name in ("DIS", "CSI", "NSF") for one in frames):
        return None
    polled = any(one.frame.name == "DTC" for one in frames)
    return "receiver" if (tone.value == "cng") == polled else "sender"


def _order(event: Event) -> tuple[int, bool]:
    # a page is told of after what was said to it
    if isinstance(event, PageHeard):
        return event.end, True
    return event.begin, False
