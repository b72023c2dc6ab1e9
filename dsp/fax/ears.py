"""What a fax terminal hears: frames by V.21, and beside them one fast modem.

Both listen until the fast one has a training; then V.21 rests, which no receiver's page can be
interrupted by. It listens again as soon as the signal falls off, for frames may follow a page
after 55 ms already, before the fast modem is sure that its carrier is lost; and their flags end
what that has taken for a carrier. While frames are coming it is the fast one that rests.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np

from dsp.fax import hdlc, modems
from dsp.fax.ears_kernel import STATE, gather
from dsp.modem import v21
from dsp.modem.receiver import QamReceiver
from dsp.modem.types import Bits, Report, sampled
from dsp.types import Samples

__all__ = [
    "Carrier",
    "Control",
    "Data",
    "Ears",
    "Event",
    "Flags",
    "Picture",
    "Trained",
    "TrainingFailed",
]

_LEFT = 1600
"""Samples of silence by which everything is known that was before them."""

_LEAST = 4
"""Octets that a broken frame has at least, its FCS among them: rubbish at an end has fewer."""

_FINAL = 0x13
"""The control field of the last frame of those that are sent together (T.30 5.3.5)."""


@dataclass(frozen=True, slots=True)
class Carrier:
    """The signal of V.21 or of the fast modem has come, or is over.

    Parameters
    ----------
    at
        The sample, counted from the first one heard. An end is known up to 75 ms later.
    fast
        Whether it is the fast modem's.
    up
        Whether it has come.
    """

    at: int
    fast: bool
    up: bool


@dataclass(frozen=True, slots=True)
class Flags:
    """Frames by V.21 are to come: so many flags have in a row."""

    at: int


@dataclass(frozen=True, slots=True)
class Control:
    """A frame by V.21, from its address on without its FCS, and whether that was right."""

    at: int
    octets: bytes
    good: bool


@dataclass(frozen=True, slots=True)
class Trained:
    """Data of the fast modem follow."""

    at: int


@dataclass(frozen=True, slots=True)
class TrainingFailed:
    """No data of the fast modem follow, though its carrier stays."""

    at: int


@dataclass(frozen=True, slots=True)
class Data:
    """Bits of the fast modem, where they are no frames; rubbish may follow them at their end."""

    at: int
    bits: Bits


@dataclass(frozen=True, slots=True)
class Picture:
    """A frame of the fast modem, from its address on without its FCS, and whether that was right.

    A broken one is given if there are two octets of it or more.
    """

    at: int
    octets: bytes
    good: bool


Event: TypeAlias = Carrier | Flags | Control | Trained | TrainingFailed | Data | Picture


class _Course:
    """What a receiver has been given and has made of it, which may not be all that is heard."""

    def __init__(self) -> None:
        self._samples = self._bits = 0

    def go_on(
        self, count: int, end: int, bits: Bits, reports: Sequence[Report]
    ) -> list[Bits | Report]:
        """Order what has come of so many samples up to number `end`; reports are as of these."""
        self._samples += count
        before, self._bits = self._bits, self._bits + len(bits)
        if not reports:
            return [bits] if len(bits) else []
        ordered: list[Bits | Report] = []
        given, late = 0, end - self._samples
        for report in reports:
            now = max(report.bits - before, given)
            ordered += [bits[given:now], Report(report.what, report.position + late, report.bits)]
            given = now
        return [*ordered, bits[given:]]


class Ears:
    """Hear a call's other side.

    However its samples are cut, the same events come of them. They are gathered and heard 60 ms at
    once, but every 20 ms when a signal has just gone away, so that its end is known no later.

    Parameters
    ----------
    mixed
        Whether both sides of a call are heard, of which one may begin before the other has ended:
        the fast modem does not rest while frames are coming.

    Examples
    --------
    >>> from dsp.fax import mouth
    >>> said = mouth.Mouth(-13.0)
    >>> said.say(mouth.Control((bytes.fromhex("ff1384"),)), mouth.Silence(0.1))
    >>> up, flags, frame, lost = Ears().process(said.pull(9600))
    >>> up, flags, lost
    (Carrier(at=0, fast=False, up=True), Flags(at=1440), Carrier(at=8400, fast=False, up=False))
    >>> frame.octets.hex(), frame.good
    ('ff1384', True)
    """

    def __init__(self, *, mixed: bool = False) -> None:
        self._mixed = mixed
        self._gathered = np.zeros(1, dtype=STATE)
        self._alert = self._gathered["alert"]
        self._sound = self._gathered[0]["sound"]
        self._position = 0
        self._v21 = v21.Receiver()
        self._control = _Course()
        self._control_frames = hdlc.Deframer()
        self._listening = self._live = self._flagged = self._framing = False
        self._since = 0
        self._modem: QamReceiver | None = None
        self._rate, self._short, self._frames = "", False, False
        self._fast = _Course()
        self._fast_frames = hdlc.Deframer()
        self._expecting = self._up = self._trained = False
        self._events: list[Event] = []

    @property
    def modem(self) -> QamReceiver | None:
        """The fast modem's receiver, for its symbols and what it says of the line."""
        return self._modem

    @property
    def control(self) -> v21.Receiver:
        """V.21's receiver, for the same."""
        return self._v21

    def expect(self, rate: str | None, *, short: bool = False, frames: bool = False) -> None:
        """Say which fast modem is to be heard from now on; its training is waited for anew.

        Parameters
        ----------
        rate
            As ``V.17 14400``; ``None`` for none. The latest receiver goes on where it is of this
            rate, with what it has learned of the line by a long training.
        short
            Whether a short training is expected where the modem has one.
        frames
            Whether its bits are frames (ECM), so that there are pictures and no data.

        Raises
        ------
        ModemError
            For a rate that there is not.
        """
        if rate is not None and rate != self._rate:
            self._modem = modems.receiver(rate)
            self._fast, self._rate = _Course(), rate
        self._expecting, self._short, self._frames = rate is not None, short, frames
        self._restart_fast()

    def reset(self) -> None:
        """Forget what is half heard, as when this side has spoken; no event tells of it."""
        self._position += int(self._gathered["fill"][0])
        self._gathered["fill"] = 0
        self._restart_control()
        self._restart_fast()

    def process(self, samples: Samples) -> list[Event]:
        """Hear some samples.

        Parameters
        ----------
        samples
            ``(n,)`` int16 at 8 kHz.

        Returns
        -------
        list of Event
            What is known by them, in that order: what is known late, as the end of a carrier, may
            have happened before what comes earlier in the list.

        Raises
        ------
        ModemError
            If they are of another shape or type.
        """
        samples = sampled(samples)
        taken, count = gather(self._gathered, samples, 0)
        if not count:
            return []
        while count:
            self._hear(self._sound[:count])
            if taken == len(samples):
                break
            taken, count = gather(self._gathered, samples, taken)
        events, self._events = self._events, []
        return events

    def finish(self) -> list[Event]:
        """Hear what is left when no more comes, as when the call is over.

        Returns
        -------
        list of Event
            As of :meth:`process`.
        """
        return self.process(np.zeros(_LEFT, dtype=np.int16))

    def _hear(self, sound: Samples) -> None:
        self._position += len(sound)
        if not self._trained or self._alert[0]:
            self._hear_control(sound)
        elif self._listening:
            self._end_control()
        if self._expecting and (self._mixed or not self._framing):
            self._hear_fast(sound)

    def _hear_control(self, sound: Samples) -> None:
        self._listening = True
        bits = self._v21.process(sound)
        reports = self._v21.reports()
        for heard in self._control.go_on(len(sound), self._position, bits, reports):
            if not isinstance(heard, Report):
                self._take_control(heard)
            elif heard.what == "carrier up":
                self._live, self._since = True, heard.position
                self._events.append(Carrier(heard.position, fast=False, up=True))
            elif heard.what == "carrier lost":
                self._lose_control(heard.position)

    def _take_control(self, bits: Bits) -> None:
        """Find flags and frames in bits of V.21."""
        if not len(bits):
            return
        frames = self._control_frames.process(bits)
        for report in self._control_frames.reports():
            if report.what == "flags":
                while frames and frames[0].end < report.position:
                    self._tell_control(frames.pop(0))
                self._tell_flags()
        for frame in frames:
            self._tell_control(frame)

    def _tell_flags(self) -> None:
        """Frames are coming: no other signal is now, whatever it has been taken for."""
        self._flagged = self._framing = True
        if self._up:
            self._events.append(Carrier(self._since, fast=True, up=False))
        self._restart_fast()
        self._events.append(Flags(self._position))

    def _tell_control(self, frame: hdlc.Frame) -> None:
        if frame.good or (self._flagged and len(frame.received) >= _LEAST):
            self._events.append(Control(self._position, frame.octets, frame.good))
        if frame.good and frame.octets[1] == _FINAL:
            self._framing = False

    def _lose_control(self, at: int) -> None:
        for frame in self._control_frames.finish():
            self._tell_control(frame)
        self._live = self._flagged = self._framing = False
        self._events.append(Carrier(at, fast=False, up=False))

    def _end_control(self) -> None:
        """Let V.21 rest."""
        if self._live:
            self._lose_control(self._position)
        self._restart_control()

    def _restart_control(self) -> None:
        self._v21.restart()
        self._control_frames.finish()
        self._listening = self._live = self._flagged = self._framing = False

    def _hear_fast(self, sound: Samples) -> None:
        modem = self._modem
        assert modem is not None
        bits = modem.process(sound)
        # in so little time no burst can end and another be trained
        reports = [] if self._trained and modem.trained else modem.reports()
        for heard in self._fast.go_on(len(sound), self._position, bits, reports):
            if not isinstance(heard, Report):
                self._take_fast(heard)
            elif heard.what == "carrier up":
                self._up = True
                self._events.append(Carrier(heard.position, fast=True, up=True))
            elif heard.what == "trained":
                self._trained = self._gathered["watched"] = True
                self._events.append(Trained(heard.position))
            elif heard.what == "training failed":
                self._events.append(TrainingFailed(heard.position))
            else:
                self._lose_fast(heard.position)

    def _take_fast(self, bits: Bits) -> None:
        if not len(bits):
            return
        if not self._frames:
            self._events.append(Data(self._position, bits))
            return
        for frame in self._fast_frames.process(bits):
            self._tell_picture(frame)

    def _tell_picture(self, frame: hdlc.Frame) -> None:
        if len(frame.received) >= _LEAST:
            self._events.append(Picture(self._position, frame.octets, frame.good))

    def _lose_fast(self, at: int) -> None:
        for frame in self._fast_frames.finish():
            self._tell_picture(frame)
        self._forget_fast()
        self._events.append(Carrier(at, fast=True, up=False))

    def _forget_fast(self) -> None:
        self._up = self._trained = self._gathered["watched"] = False

    def _restart_fast(self) -> None:
        if self._modem is not None and self._expecting:
            self._modem.restart(short_training=modems.is_short(self._rate, self._short))
        self._fast_frames.finish()
        self._forget_fast()
