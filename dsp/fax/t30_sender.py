"""What the end that sends a document does, action by action of t30.toml."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from dsp.fax import pagecode
from dsp.fax.capabilities import Settings
from dsp.fax.coded import Coded, Coder
from dsp.fax.dialogue import GAP, TRIES, Dialogue
from dsp.fax.ecm import Outgoing
from dsp.fax.frames import (
    CapabilityFrame,
    CommandFrame,
    ContinueToCorrect,
    EndOfRetransmission,
    Frame,
    IdentFrame,
    PageRequest,
    PartialPage,
    Plain,
)
from dsp.fax.modems import bit_rate
from dsp.fax.mouth import Check, Cng, Image
from dsp.fax.negotiation import IncompatibleError, choose, common_rates
from dsp.fax.result import PageRecord
from dsp.types import RATE

__all__ = ["Sender"]

REQUESTS = 4
"""So many PPR, and the next frames go slower, or not at all (T.30 annex A)."""
OTHER_WAY = 2
"""Symbols by which V.17's carrier is the other way round: where nothing of a page has come, its
short training may have been missed for the carrier's phase (:mod:`dsp.modem.v17`)."""
_ALL = 1 << 30


@dataclass(slots=True)
class _Sheet:
    """A page under way.

    Parameters
    ----------
    coded
        As it goes.
    parts
        With error correction: its partial pages.
    then
        What follows it: ``MPS``, ``EOM``, ``EOP``.
    since
        Sample at which it began.
    requests
        How often frames of this part were asked for since its rate was chosen.
    again
        Frames that were sent again.
    missing
        How many were asked for when its rate was chosen.
    missed
        Of how many bursts nothing has come.
    damaged
        Whether a part was given up.
    """

    coded: Coded
    parts: Outgoing | None
    then: str
    since: int
    requests: int = 0
    again: int = 0
    missing: int = _ALL
    missed: int = 0
    damaged: bool = False


@dataclass(slots=True)
class Sender:
    """Sends a document.

    Parameters
    ----------
    call
        The call.
    coder
        Makes its pages ready.
    """

    call: Dialogue
    coder: Coder
    _index: int = 0
    _rate: str | None = None
    _tries: int = 0
    _redone: int = 0
    _long: bool = False
    _sheet: _Sheet | None = None
    _command: Frame = field(default_factory=lambda: Plain("DCN"))

    @property
    def left(self) -> int:
        """How many pages are still to be sent."""
        return len(self.call.pages) - self._index

    @property
    def _correcting(self) -> bool:
        """Whether CTC or EOR is said, to which no page is confirmed or asked for."""
        return self._command.name in ("CTC", "EOR")

    # -- phase A ------------------------------------------------------------------------------

    def call_up(self, _: Frame | None) -> None:
        """Send CNG, and wait for an answer."""
        self.call.start("T0")
        self.call.line.expect(None)
        self.call.line.say(Cng())

    def cng(self, _: Frame | None) -> None:
        """Send CNG once more."""
        self.call.line.say(Cng())

    def answered(self, _: Frame | None) -> None:
        """Wait for DIS: a fax terminal is there."""
        self.call.stop("T0")
        self.call.start("T1")

    # -- phase B ------------------------------------------------------------------------------

    def negotiate(self, frame: Frame | None) -> str:
        """Choose the settings by the far end's DIS, or poll it when there is nothing to send."""
        self._know(frame)
        if self.left:
            return self._settle()
        if self.call.sink is None or self.call.far.able is None:
            self.call.fail("nothing_to_send")
        elif not self.call.far.able.has_document:
            self.call.fail("far_cannot_send")
        else:
            return "poll"
        return "refuse"

    def polled(self, frame: Frame | None) -> str | None:
        """Choose the settings by a DTC; to one that polls itself it is an echo."""
        if self.call.asks == "poll":
            return None
        self._know(frame)
        if not self.left:
            self.call.fail("poll_refused")
        elif self.call.config.wants_password not in ("", self.call.far.password):
            self.call.fail("password_refused")
        elif self.call.config.wants_poll not in ("", self.call.far.poll):
            self.call.fail("polled_document_refused")
        else:
            return self._settle()
        return "refuse"

    def dis_as_dtc(self, frame: Frame | None) -> str | None:
        """Take a DIS for a DTC, as some callers poll; a DIS of this end's own is an echo."""
        assert isinstance(frame, CapabilityFrame), "rows of DIS alone come here"
        return None if frame.bits == self.call.able.fif() else self.polled(frame)

    def train(self, _: Frame | None) -> None:
        """Send DCS and the training check."""
        self._tries += 1
        settings = self.call.settled
        self.call.line.expect(None)
        frames = [*self._idents(), CommandFrame(settings.fif(), x=self.call.x)]
        self.call.say(*frames, then=(GAP, Check(settings.rate)))
        if self._sheet is None:
            self.coder.begin(self._index, settings)
        self.call.tell("here", f"training and its check at {settings.rate}")

    def await_answer(self, _: Frame | None) -> None:
        """Wait for the answer to what was said."""
        self.call.start("T4")

    def trained(self, _: Frame | None) -> None:
        """Go on to the page: the line carries this modem and rate."""
        self._tries = 0
        self._long = False

    def fall_back(self, _: Frame | None) -> str:
        """Train the next lower rate."""
        self._tries = 0
        if self._lower():
            return "train"
        self.call.fail("cannot_train")
        return "over"

    def train_again(self, _: Frame | None) -> str:
        """Send DCS once more; the last time at a lower rate, as the check may not be heard."""
        if self._tries >= TRIES:
            self.call.fail("no_training_answer")
            return "over"
        if self._tries == TRIES - 1:
            self._lower()
        return "train"

    def dis_again(self, frame: Frame | None) -> str:
        """Send DCS once more to a DIS or DTC that comes again, another one if it says otherwise."""
        assert isinstance(frame, CapabilityFrame), "rows of DIS and DTC alone come here"
        again = frame.capabilities == self.call.far.able or self._tries >= TRIES
        return self.train_again(frame) if again else self.negotiate(frame)

    # -- phase C ------------------------------------------------------------------------------

    def send(self, _: Frame | None) -> None:
        """Send the page, a part of it, or the frames that are asked for."""
        sheet = self._sheet = self._sheet or self._next_sheet()
        settings = self.call.settled
        self._tries = 0
        self.call.stop("T5")
        if sheet.parts is None:
            source = pagecode.lines(sheet.coded.octets)
            self._command = self.call.plain(sheet.then)
        else:
            source = sheet.parts.source(settings.bit_rate)
            then = sheet.then if sheet.parts.last else "NULL"
            self._command = PartialPage(
                then, self._index % 256, sheet.parts.block % 256, sheet.parts.frames, x=self.call.x
            )
            self.call.tell("sent", f"{len(sheet.parts.wanted)} frames of page {self._index + 1}")
        short, self._long = not self._long, False
        turned = OTHER_WAY * (self._redone + sheet.missed)
        self.call.line.say(self.call.pause(), Image(settings.rate, short, source, turned))

    # -- phase D ------------------------------------------------------------------------------

    def ask(self, _: Frame | None) -> None:
        """Send the command that is due."""
        self._tries += 1
        self.call.say(self._command)

    def ask_again(self, _: Frame | None) -> str:
        """Send the command once more, if it was not sent as often as it may be."""
        if self._tries < TRIES:
            return "ask"
        self.call.fail("no_page_answer")
        return "over"

    def confirmed(self, _: Frame | None) -> str | None:
        """Go on behind a page, or a part of one, that is confirmed."""
        return None if self._correcting else self._next_part("MCF")

    def confirmed_to_train(self, frame: Frame | None) -> str | None:
        """Go on behind a page that is confirmed, with another training (RTP).

        It is no answer to a part of a page, of which the rest has not been sent.
        """
        parts = None if self._sheet is None else self._sheet.parts
        if self._correcting or (parts is not None and not parts.last):
            return None
        word = self._next_part(_name(frame))
        return "train" if word == "send" else word

    def refused(self, frame: Frame | None) -> str:
        """Send a page once more, slower if that can be (RTN)."""
        self._redone += 1
        if self._redone >= TRIES:
            self._turn_page(_name(frame), confirmed=False)
            self.call.fail("gave_up")
            return "over"
        self._sheet = None
        self._tries = 0
        self.call.stop("T5")
        self._lower()
        return "train"

    def begun_anew(self, frame: Frame | None) -> str:
        """Send a page once more to a far end that has begun phase B anew, as if none had come."""
        word = self.refused(frame)
        return self.negotiate(frame) if word == "train" else word

    def interrupt(self, frame: Frame | None) -> str | None:
        """Note that an operator is asked for; without one, begin phase B anew (PIP, PIN)."""
        self.call.interrupted = True
        word = self.refused(frame) if _name(frame) == "PIN" else self.confirmed_to_train(frame)
        if self.call.config.interrupts and word in ("train", "dis"):
            self.call.start("T3")
            return "wait"
        return word

    def correct(self, frame: Frame | None) -> str:
        """Send again what did not come well (PPR)."""
        sheet = None if self._correcting else self._sheet
        if sheet is None or sheet.parts is None or not isinstance(frame, PageRequest):
            return self.ask_again(frame)
        self.call.stop("T5")
        before = sheet.parts.wanted
        sheet.parts.request(frame.frames)
        sheet.missed += sheet.parts.wanted == before
        wanted = len(sheet.parts.wanted)
        if wanted == 0:
            return self.ask_again(frame)
        sheet.requests += 1
        if sheet.requests < REQUESTS:
            sheet.again += wanted
            return "send"
        return self._continue(sheet, wanted)

    def not_ready(self, _: Frame | None) -> str:
        """Ask whether the far end is ready now (RNR)."""
        if "T5" not in self.call.timers:
            self.call.start("T5")
        if isinstance(self._command, EndOfRetransmission):
            return "ask"
        self._command = self.call.plain("RR")
        self._tries = 0
        return "ask"

    def continued(self, _: Frame | None) -> str | None:
        """Send on at the rate of CTC (CTR)."""
        if not isinstance(self._command, ContinueToCorrect):
            return None
        self._rate = self._command.rate
        self.call.settings = replace(self.call.settled, rate=self._rate)
        self._long = True
        return "send"

    def given_up(self, _: Frame | None) -> str | None:
        """Go on without what did not come well (ERR)."""
        if not isinstance(self._command, EndOfRetransmission):
            return None
        if self._sheet is not None:
            self._sheet.damaged = True
        return self._next_part("ERR")

    # -- phase E ------------------------------------------------------------------------------

    def dcn(self, _: Frame | None) -> None:
        """Say that the line will be left."""
        self.call.say(self.call.plain("DCN"))

    # -- settings -----------------------------------------------------------------------------

    def _know(self, frame: Frame | None) -> None:
        """Take in a DIS or DTC."""
        assert isinstance(frame, CapabilityFrame), "rows of DIS and DTC alone come here"
        self.call.far.able = frame.capabilities
        self.call.x = True
        self.call.stop("T0", "T1", "T3", "T4")

    def _settle(self) -> str:
        self.call.go_on()
        try:
            self.call.settings = self._settings(self._index)
        except IncompatibleError:
            able = self.call.far.able
            receives = able is not None and able.receives
            self.call.fail("incompatible" if receives else "far_cannot_receive")
            return "refuse"
        self.call.sending = True
        return "train"

    def _settings(self, index: int) -> Settings:
        """What a page goes with, at the rate that it has come down to."""
        far, own = self.call.far.able, self.call.config.able
        assert far is not None, "a DIS comes before"
        rates = self._rates()
        if not rates:
            raise IncompatibleError("no rate that this end may send with is common")
        rate = self._rate if self._rate in rates else rates[0]
        chosen = choose(far, own, pagecode.page_of(self.call.pages[index]), rate=rate)
        config = self.call.config
        return replace(
            chosen,
            subaddress=bool(config.subaddress) and far.subaddress,
            sender_identification=bool(config.sender) and far.password,
        )

    def _idents(self) -> Sequence[Frame]:
        """SUB, SID and TSI, those that there are."""
        config, far = self.call.config, self.call.far.able
        assert far is not None, "a DIS comes before"
        said = {
            "SUB": config.subaddress if far.subaddress else "",
            "SID": config.sender if far.password else "",
            "TSI": config.ident,
        }
        return [IdentFrame.of(name, text, x=self.call.x) for name, text in said.items() if text]

    def _rates(self) -> tuple[str, ...]:
        """Give the rates that both have and this end may use, the best first."""
        far, config = self.call.far.able, self.call.config
        assert far is not None, "a DIS comes before"
        common = common_rates(far, config.able)
        return tuple(one for one in common if bit_rate(one) <= config.fastest)

    def _slower(self) -> str | None:
        """Give the next lower rate, if there is one."""
        rates = self._rates()
        return next(iter(rates[rates.index(self.call.settled.rate) + 1 :]), None)

    def _lower(self) -> bool:
        """Take the next lower rate, if there is one."""
        slower = self._slower()
        if slower is not None:
            self._rate = slower
            self.call.settings = replace(self.call.settled, rate=slower)
        return slower is not None

    # -- pages --------------------------------------------------------------------------------

    def _next_sheet(self) -> _Sheet:
        """Make the next page ready, with what comes behind it."""
        settings = self.call.settled
        coded = self.coder.take(self._index, settings)
        parts = Outgoing(coded.octets, settings.frame_size) if settings.ecm else None
        then = self._then()
        if then == "MPS":
            self.coder.begin(self._index + 1, settings)
        return _Sheet(coded, parts, then, self.call.line.now)

    def _then(self) -> str:
        """MPS where the next page goes as this one does, EOM where it does not (T.30 5.3.6.1.6)."""
        far = self.call.far.able
        if self.left > 1:
            return "MPS" if self._settings(self._index + 1) == self.call.settled else "EOM"
        polls = self.call.sink is not None and far is not None and far.has_document
        return "EOM" if polls and self.call.calling else "EOP"

    def _next_part(self, answer: str) -> str:
        """Go on with the next partial page, or behind the page."""
        sheet = self._sheet
        if sheet is None or sheet.parts is None or sheet.parts.last:
            confirmed = sheet is not None and not sheet.damaged
            return self._go_on(self._turn_page(answer, confirmed=confirmed))
        sheet.parts.next_block()
        sheet.requests, sheet.missing = 0, _ALL
        return "send"

    def _turn_page(self, answer: str, *, confirmed: bool) -> str:
        """Note how a page went; return what was said to follow it."""
        sheet = self._sheet
        assert sheet is not None, "a page is under way"
        page = sheet.coded.page
        self.call.records.append(
            PageRecord.of(
                self.call.settled,
                page.width,
                page.height,
                number=self.call.config.first + self._index,
                octets=len(sheet.coded.octets),
                again=sheet.again + self._redone,
                answer=answer,
                confirmed=confirmed,
                seconds=(self.call.line.now - sheet.since) / RATE,
            )
        )
        self.call.damaged |= not confirmed
        self._sheet = None
        self._redone = 0
        self._index += 1
        self._tries = 0
        self.call.stop("T5")
        return sheet.then

    def _go_on(self, then: str) -> str:
        """What comes behind a page."""
        if then == "MPS":
            return "send"
        if then == "EOM":
            self.call.start("T1")
            return "dis"
        self.call.finish()
        return "done"

    def _continue(self, sheet: _Sheet, wanted: int) -> str:
        """After four PPR: go on slower, or as fast while it helps, or give up (T.30 annex A)."""
        slower = self._slower()
        sheet.requests = 0
        if slower is not None or wanted < sheet.missing:
            sheet.missing = wanted
            sheet.again += wanted
            self._command = ContinueToCorrect.of(slower or self.call.settled.rate, x=self.call.x)
        else:
            then = sheet.then if sheet.parts is None or sheet.parts.last else "NULL"
            self._command = EndOfRetransmission(then, x=self.call.x)
        self._tries = 0
        return "ask"


def _name(frame: Frame | None) -> str:
    return "" if frame is None else frame.name
