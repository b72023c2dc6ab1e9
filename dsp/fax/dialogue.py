"""What both sides of T.30 share in a call: the line, the timers, what is known, what happened."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Protocol

from dsp.fax.capabilities import Capabilities, Settings
from dsp.fax.config import Config
from dsp.fax.document import Page
from dsp.fax.frames import FacilitiesFrame, Frame, IdentFrame, Plain
from dsp.fax.mouth import Control, Signal, Silence
from dsp.fax.nsf import Facilities
from dsp.fax.result import PageRecord, Side, TraceLine
from dsp.fax.sink import Sink
from dsp.fax.trace import trace
from dsp.types import RATE

__all__ = ["GAP", "TIMERS", "TRIES", "Dialogue", "Known", "Line"]

TIMERS = {
    "T0": 60.0,
    "T1": 35.0,
    "T2": 6.0,
    "T3": 10.0,
    "T4": 3.0,
    "T5": 60.0,
}
"""Seconds of T.30's timers (2005, 5.4.3); T4 is that of terminals without an operator."""

GAP = Silence(0.06)
"""Between two of a terminal's own signals of different modems (T.30 5.3.1: 75 ± 20 ms)."""

_TURN = Silence(0.02)
"""Before an answer: that the far end's carrier is away is known 35 ms late and more."""

TRIES = 3
"""How often a command is sent (T.30 5.4.2)."""


class Line(Protocol):
    """What a terminal has of the line."""

    @property
    def now(self) -> int:
        """Samples since the call began."""

    def say(self, *signals: Signal) -> None:
        """Send signals behind what is being sent, once the far end is quiet."""

    def hush(self) -> None:
        """Send no more of what is not sent yet."""

    def expect(self, rate: str | None, *, short: bool = False, frames: bool = False) -> None:
        """Listen for a page's modem beside V.21, or for V.21 alone."""

    @property
    def busy_at(self) -> int:
        """The last sample at which a page was on the line, as far as can be told."""

    @property
    def unheard(self) -> float:
        """Seconds of what is as loud as a page since this end has spoken, and is none."""


@dataclass(slots=True)
class Known:
    """What is known of the far end.

    Parameters
    ----------
    able
        What its DIS or DTC said.
    ident, subaddress, sender, password, poll
        What its CSI, TSI or CIG, SUB, SID, PWD, SEP said.
    facilities
        Its NSF's.
    """

    able: Capabilities | None = None
    ident: str = ""
    subaddress: str = ""
    sender: str = ""
    password: str = ""
    poll: str = ""
    facilities: Facilities | None = None


_IDENTS = {
    "CSI": "ident",
    "TSI": "ident",
    "CIG": "ident",
    "SUB": "subaddress",
    "SID": "sender",
    "PWD": "password",
    "SEP": "poll",
}


@dataclass(slots=True)
class Dialogue:
    """One call's.

    Parameters
    ----------
    line
        Where it is spoken.
    config
        Who this end is.
    calling
        Whether it called.
    pages
        What it has to send.
    sink
        Where received pages go.

    Attributes
    ----------
    far : Known
        The far end.
    settings : Settings
        What was agreed on last.
    x : bool
        Whether a valid DIS or DTC has come, which frames say from then on (T.30 5.3.6.1).
    sending : bool
        Whether the document goes from here.
    interrupted : bool
        Whether the far end asked for an operator.
    damaged : bool
        Whether a page came, or was left, with something of it missing.
    outcome : str
        How the call ended: the first that was said counts.
    records : list of PageRecord
        Pages, sent and received.
    trace : list of TraceLine
        What was sent and heard.
    timers : dict
        The sample at which each that runs goes off.
    due : int
        The first of them.
    asks : str
        What this end asks for: ``"identify"`` by DIS, ``"poll"`` by DTC.
    flags_at : int
        The sample of the first flags since a page has ended; ``None`` while there are none.
    frames_since : int
        The sample of the flags before those frames that are coming; ``None`` while there are none.
    repeats : int
        How many CRP were said since a frame could be read; −1 where the far end knows none.
    heard : bool
        Whether the far end has spoken since this one has.
    """

    line: Line
    config: Config
    calling: bool
    pages: Sequence[Page]
    sink: Sink | None
    far: Known = field(default_factory=Known)
    settings: Settings | None = None
    x: bool = False
    sending: bool = False
    interrupted: bool = False
    damaged: bool = False
    outcome: str = ""
    records: list[PageRecord] = field(default_factory=list)
    trace: list[TraceLine] = field(default_factory=list)
    timers: dict[str, int] = field(default_factory=dict)
    due: int = 1 << 62
    asks: str = "identify"
    flags_at: int | None = None
    frames_since: int | None = None
    repeats: int = 0
    heard: bool = False

    @property
    def able(self) -> Capabilities:
        """What DIS or DTC says of this end."""
        return replace(
            self.config.able,
            receives=self.sink is not None,
            has_document=bool(self.pages) and not self.calling,
        )

    @property
    def settled(self) -> Settings:
        """What was agreed on, where that is known."""
        assert self.settings is not None, "a DCS comes before"
        return self.settings

    def await_frame(self, _: Frame | None = None) -> None:
        """Wait for a frame (T2)."""
        self.line.expect(None)
        self.start("T2")

    # -- timers -------------------------------------------------------------------------------

    def start(self, timer: str, seconds: float | None = None) -> None:
        """Have a timer go off, one of T.30's when T.30 says."""
        seconds = TIMERS[timer] if seconds is None else seconds
        self.timers[timer] = self.line.now + round(seconds * RATE)
        self.due = min(self.timers.values())

    def busy(self, seconds: float) -> bool:
        """Say whether a page was on the line within so many seconds, as far as can be told."""
        return self.line.now - self.line.busy_at < seconds * RATE

    def stop(self, *timers: str) -> None:
        """Have timers not go off."""
        for timer in timers:
            self.timers.pop(timer, None)
        self.due = min(self.timers.values(), default=1 << 62)

    # -- speech -------------------------------------------------------------------------------

    def plain(self, name: str) -> Frame:
        """Make a frame that has nothing but its name."""
        return Plain(name, x=self.x)

    def say(self, *frames: Frame, then: Sequence[Signal] = ()) -> None:
        """Send frames by V.21, and what comes with them."""
        self.line.say(self.pause(), self.control(*frames), *then)

    def pause(self) -> Silence:
        """Give what is to be before a signal: less behind the far end than behind this one."""
        heard, self.heard = self.heard, False
        return _TURN if heard else GAP

    def control(self, *frames: Frame) -> Control:
        """Make a transmission of frames, the last of which says so."""
        *before, last = frames
        ordered = [*(replace(one, final=False) for one in before), replace(last, final=True)]
        for one in ordered:
            self.tell("sent", trace(one), one)
        return Control(tuple(one.octets() for one in ordered))

    def ask_repeat(self, _: Frame | None = None) -> None:
        """Ask for a frame that could not be read once more (CRP), if the far end knows that."""
        if self.repeats < 0 or self.repeats >= TRIES:
            return
        self.repeats += 1
        self.stop("T4")
        self.say(self.plain("CRP"))

    # -- notes --------------------------------------------------------------------------------

    def tell(self, side: Side, text: str, frame: Frame | None = None) -> None:
        """Note what happened."""
        self.trace.append(TraceLine(self.line.now / RATE, side, text, frame))

    def note(self, frame: Frame) -> None:
        """Note what a frame says of the far end."""
        self.repeats = min(self.repeats, 0)
        match frame:
            case IdentFrame() if frame.name in _IDENTS:
                setattr(self.far, _IDENTS[frame.name], frame.text)
            case FacilitiesFrame():
                self.far.facilities = frame.facilities

    def fail(self, outcome: str) -> None:
        """Note how the call ended, if that is not known yet."""
        self.outcome = self.outcome or outcome

    def finish(self) -> None:
        """Note that the last page is behind: all is well if every page of the call was whole."""
        self.fail("gave_up" if self.damaged else "ok")

    def go_on(self) -> None:
        """Note that the call goes on behind what was to be its last page."""
        self.outcome = ""
