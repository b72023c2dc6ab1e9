"""Who listens to a fax call and has no part in it: what is said, and the pages, of both sides.

As much of T.30 is followed as tells which modem comes next and what its bits are:

=================== ===========================================================================
after               there comes
=================== ===========================================================================
DCS                 a training check (TCF), by the modem that it names
the check           a picture, its training the short one where the modem has one
a picture           another one, the short training again
CTC                 a picture at another rate, with the long training
=================== ===========================================================================

A call may be heard in one channel, both sides mixed, in which they speak by turns; in two, a side
each, or each with an echo of the other; or one side alone. Who speaks is told by what is said:
only the sender of a document says DCS, only its receiver CFR.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Literal

import numpy as np

from dsp.fax import ears, hdlc
from dsp.fax.capabilities import Settings
from dsp.fax.frames import CommandFrame, ContinueToCorrect, Frame, parse
from dsp.fax.listener_channel import Channel, Heard, Sending, echoed, may_echo
from dsp.fax.listener_events import (
    Burst,
    Event,
    Phase,
    PhaseBegun,
    Spoken,
    cut,
)
from dsp.fax.listener_line import UNIT, Gauge, level, power
from dsp.fax.listener_pages import ANSWERS, Assembly
from dsp.fax.listener_roles import Roles, role_of
from dsp.fax.modems import is_short
from dsp.modem.types import ModemError
from dsp.types import RATE, DspError, Samples

__all__ = ["FaxListener", "ListenerError"]

_TAIL = 10 * UNIT
"""Silence that brings out the end of a burst with which a recording ends."""
_V21_BIT = RATE / 300

_ENDS = frozenset({"PPS", "EOR", "MPS", "EOM", "EOP", "EOS", "PRI-MPS", "PRI-EOM", "PRI-EOP"})
"""What a sender says after a picture."""
_SETUP = frozenset({"DIS", "DTC", "DCS"})


class ListenerError(DspError):
    """A call in more channels than two, or in none; samples of another shape."""


class FaxListener:
    """Listen to a call.

    However its samples are cut, the same events come of them.

    Parameters
    ----------
    channels
        1 or 2.

    Raises
    ------
    ListenerError
        For any other number.

    Examples
    --------
    >>> import soundfile
    >>> from dsp.fax.trace import trace
    >>> sound, _ = soundfile.read("fixtures/fax/v29_nonecm_begin.flac", dtype="int16")
    >>> listener = FaxListener(2)
    >>> heard = listener.process(sound.T) + listener.finish()
    >>> for one in heard:
    ...     if isinstance(one, Spoken):
    ...         print(f"{one.end / 8000:.1f} {one.role}: {trace(one.frame)}"[:29], one.good)
    4.7 receiver: CSI "RIG-FS" True
    5.0 receiver: DIS V.17 V.29 V False
    """

    def __init__(self, channels: int = 1) -> None:
        if channels not in (1, 2):
            raise ListenerError(f"a call has one or two channels, not {channels}")
        self._channels = [Channel(number) for number in range(channels)]
        self._rest = np.zeros((channels, 0), dtype=np.int16)
        self._position = 0
        self._pages = Assembly()
        self._roles = Roles()
        self._settings: Settings | None = None
        self._sender: Channel | None = None
        self._next: Literal["check", "picture"] = "check"
        self._short = False
        self._phase: Phase = "E"
        self._events: list[Event] = []
        self._length: int | None = None
        self._enter("A", 0)

    def process(self, block: Samples) -> list[Event]:
        """Hear some of a call.

        Parameters
        ----------
        block
            ``(channels, n)`` int16 at 8 kHz.

        Returns
        -------
        list of Event
            In the order in which they are known.

        Raises
        ------
        ListenerError
            If they are of another shape or type.
        """
        if block.ndim != 2 or len(block) != len(self._channels) or block.dtype != np.int16:
            raise ListenerError(f"samples of {block.dtype} {block.shape} are none of the channels")
        block = np.concatenate([self._rest, block], axis=1)
        whole = block.shape[1] // UNIT * UNIT
        self._rest = block[:, whole:]
        self._hear_all(block[:, :whole])
        return self._told()

    def finish(self) -> list[Event]:
        """Say what is known when nothing more comes; the listener has then served."""
        self._length = self._position + self._rest.shape[1]
        silence = np.zeros((len(self._channels), -self._rest.shape[1] % UNIT + _TAIL), np.int16)
        self._hear_all(np.concatenate([self._rest, silence], axis=1))
        for channel in self._channels:
            self._spoken(channel)
            if channel.live:
                self._silent(channel, self._length)
            if channel.sending is not None:
                self._sent(channel, channel.sending, self._length)
        for channel in self._channels:
            self._tell(channel, channel.held)
        self._events += self._pages.end(self._length)
        return self._told()

    def _told(self) -> list[Event]:
        events, self._events = self._events, []
        if self._length is not None:
            events = [cut(one, self._length) for one in events]
        return events

    def _hear_all(self, block: Samples) -> None:
        for begin in range(0, block.shape[1], UNIT):
            part = np.ascontiguousarray(block[:, begin : begin + UNIT])
            self._position += UNIT
            for channel, sound in zip(self._channels, part, strict=True):
                channel.powers.append(power(sound))
            for channel, sound in zip(self._channels, part, strict=True):
                for event in channel.ears.process(sound):
                    self._take(channel, event)
                self._look(channel)

    def _look(self, channel: Channel) -> None:
        """See what the receivers say of the line."""
        sending, modem = channel.sending, channel.ears.modem
        if sending is not None and sending.trained is not None and modem is not None:
            sending.gauge.look(modem, self._position)
        elif channel.flagged:
            channel.gauge.look(channel.ears.control, self._position)

    def _take(self, channel: Channel, event: ears.Event) -> None:
        match event:
            case ears.Carrier(at, fast=False, up=True):
                channel.up, channel.live, channel.flagged = at, True, False
                channel.gauge, channel.echoes = Gauge(), False
                if len(self._channels) == 1:
                    channel.role = None  # it may be the other side's
            case ears.Flags():
                channel.flagged = True
                if self._phase in ("A", "E"):
                    self._enter("B", channel.up)
            case ears.Control():
                self._frame(channel, event)
            case ears.Carrier(at, fast=False, up=False):
                self._spoken(channel)
                self._silent(channel, at)
            case _:
                self._take_fast(channel, event)

    # -- V.21 ---------------------------------------------------------------------------------

    def _frame(self, channel: Channel, event: ears.Control) -> None:
        """Keep a frame until the last of those that are said at once."""
        if not event.good and channel.sending is not None:
            return  # it is the fast modem's signal
        bits = len(hdlc.encode([event.octets])) if len(event.octets) > 1 else 0
        begin = max(event.at - round(bits * _V21_BIT), channel.up)
        loud = level(channel.powers, begin, event.at)
        channel.frames.append(Heard(begin, event.at, event.octets, event.good, loud))
        if event.good and parse(event.octets).final:
            self._spoken(channel)

    def _spoken(self, channel: Channel) -> None:
        """Tell of frames that were said at once, unless they may be an echo of the other side."""
        frames, channel.frames = channel.frames, []
        if any(may_echo(frames, other) for other in self._others(channel)):
            channel.held += frames
        elif frames:
            self._tell(channel, [*channel.held, *frames])

    def _others(self, channel: Channel) -> list[Channel]:
        return [one for one in self._channels if one is not channel]

    def _tell(self, channel: Channel, frames: list[Heard]) -> None:
        channel.held = []
        if not frames:
            return
        known = [(one, parse(one.octets)) for one in frames]
        echoes = [any(echoed(one, other) for other in self._others(channel)) for one in frames]
        channel.said = [one for one, echo in zip(frames, echoes, strict=True) if not echo]
        channel.echoes = not channel.said
        role = self._roles.of([frame for one, frame in known if one.good])
        if channel.said:
            channel.role = role = role or channel.role
        for (one, frame), echo in zip(known, echoes, strict=True):
            # without a pause between them both sides may be in one carrier
            who = (one.good and role_of(frame)) or role
            self._events.append(
                Spoken(one.begin, one.end, channel.number, who, frame, one.good, echo)
            )
            if one.good and not echo:
                self._follow(channel, frame, one)
        for other in self._others(channel):
            self._tell(other, other.held)

    def _silent(self, channel: Channel, at: int) -> None:
        """V.21's carrier is lost."""
        if channel.flagged and not channel.echoes:
            loud = level(channel.powers, channel.up, at)
            self._events.append(
                Burst(
                    channel.up,
                    at,
                    channel.number,
                    channel.role,
                    modem="V.21",
                    what="control",
                    training="",
                    trained=None,
                    # symbols have some of each other, and are too few to tell the clock
                    measures=replace(channel.gauge.measures(loud, at), snr=None, clock_offset=None),
                )
            )
        channel.live = channel.flagged = False
        for other in self._others(channel):
            self._tell(other, other.held)

    # -- what comes next ------------------------------------------------------------------------

    def _follow(self, channel: Channel, frame: Frame, heard: Heard) -> None:
        if frame.name in _SETUP:
            self._events += self._pages.renew(heard.begin)
        if isinstance(frame, CommandFrame):
            self._settings, self._sender = frame.settings, channel
            self._expect("check", short=False)
        elif isinstance(frame, ContinueToCorrect) and self._settings is not None:
            self._settings = replace(self._settings, rate=frame.rate)
            self._expect("picture", short=False)
        elif frame.name in _ENDS:
            self._events += self._pages.command(frame, heard.end)
            self._checked()
        elif frame.name == "CFR":
            self._checked()
        elif frame.name in ANSWERS:
            self._events += self._pages.answer(frame.name, heard.end)
        elif frame.name == "DCN":
            self._events += self._pages.end(heard.begin)
            self._enter("E", heard.begin)
        over = self._phase == "E" and frame.name != "DCN"
        if over or (self._phase == "D" and frame.name in _SETUP):
            self._enter("B", channel.up if channel.live else heard.begin)

    def _checked(self) -> None:
        """Have a picture come next, though of a check nothing was heard."""
        if self._next == "check" and self._sender is not None and self._sender.sending is None:
            self._expect("picture", short=True)

    def _expect(self, what: Literal["check", "picture"], *, short: bool) -> None:
        assert self._settings is not None
        rate, frames = self._settings.rate, what == "picture" and self._settings.ecm
        self._next, self._short = what, is_short(rate, short)
        for channel in self._channels:
            mine = channel is self._sender
            if channel.sending is not None:
                self._sent(channel, channel.sending, self._position, again=False)
            try:
                channel.ears.expect(rate if mine else None, short=short, frames=frames)
            except ModemError:
                # a code that is reserved: who sends it knows what it is
                channel.ears.expect(None)

    def _enter(self, phase: Phase, at: int) -> None:
        if phase != self._phase:
            self._phase = phase
            self._events.append(PhaseBegun(at, phase))

    # -- the fast modem -------------------------------------------------------------------------

    def _take_fast(self, channel: Channel, event: ears.Event) -> None:
        assert self._settings is not None
        sending = channel.sending
        match event:
            case ears.Carrier(at, up=True):
                channel.sending = Sending(at, self._next, self._settings.rate, self._short)
                if self._next == "picture":
                    self._enter("C", at)
                    self._events += self._pages.begin(at, channel.number, self._settings)
            case ears.Trained(at) if sending is not None:
                sending.trained = at
            case ears.TrainingFailed() if sending is not None and sending.what == "picture":
                self._pages.failed()
            case ears.Data(_, bits) if sending is not None:
                if sending.what == "check":
                    sending.bits.append(bits)
                else:
                    self._pages.bits(bits)
            case ears.Picture(_, octets, good) if sending is not None:
                self._pages.frame(octets, good)
                sending.count(octets, good)
            case ears.Carrier(at) if sending is not None:
                self._sent(channel, sending, at)

    def _sent(self, channel: Channel, sending: Sending, at: int, *, again: bool = True) -> None:
        """The fast modem's carrier is lost."""
        channel.sending = None
        loud = level(channel.powers, sending.begin, at)
        content = sending.content(ecm=self._settings is not None and self._settings.ecm)
        self._events.append(
            Burst(
                sending.begin,
                at,
                channel.number,
                "sender",
                modem=sending.rate,
                what=sending.what,
                training="short" if sending.short else "long",
                trained=sending.trained,
                measures=sending.gauge.measures(loud, at),
                content=content,
                symbols=sending.gauge.symbols(at),
            )
        )
        if sending.what == "picture":
            self._enter("D", at)
        if again:
            self._expect("picture", short=True)
