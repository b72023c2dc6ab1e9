"""What the end that receives does with pages, action by action of t30.toml."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from dsp.fax import pagecode
from dsp.fax.dialogue import Dialogue
from dsp.fax.document import Page
from dsp.fax.ecm import Incoming
from dsp.fax.fields import rates
from dsp.fax.frames import (
    ContinueToCorrect,
    EndOfRetransmission,
    Frame,
    PageRequest,
    PartialPage,
)
from dsp.fax.result import PageRecord
from dsp.fax.t4 import Quality
from dsp.modem.types import Bits
from dsp.types import RATE

__all__ = ["Receiver"]

STALL = 30.0
"""Seconds in which a page that comes must get on: a carrier may stand for ever."""
UNHEARD = 0.2
"""Seconds of what is like a page that make a command one for a page that was not heard."""
SHORTEST, T4_OVER = 0.3, 2.7
"""Seconds until the flags of a command are known: from the first bits of the shortest page; from
the beginning of an answer that was not heard, if T4 is waited for, which takes 2.55 s or more."""
CUT = 0.7
"""Seconds between a page and its command from which on the end of the page has not come."""
STORE, STORED_LATE = 1.0, 30.0
"""Seconds that storing a page takes until RNR is sent, and after which it has failed."""


@dataclass(slots=True)
class _Sheet:
    """A page that comes.

    Parameters
    ----------
    since
        Sample at which it began.
    lines
        Its rows, without error correction.
    again
        Frames that were asked for again.
    bits
        Of all that has come of it.
    """

    since: int
    lines: pagecode.LineDecoder | None
    again: int = 0
    bits: int = 0


@dataclass(slots=True)
class _Answer:
    """What is said to a command after a page.

    Parameters
    ----------
    frame
        ``MCF``, ``PPR``, …
    then
        What the command said would follow: ``NULL``, ``MPS``, ``EOM``, ``EOP``.
    """

    frame: Frame
    then: str


@dataclass(slots=True)
class Receiver:
    """Receives a document.

    Parameters
    ----------
    call
        The call.
    """

    call: Dialogue
    _sheet: _Sheet | None = None
    _pending: tuple[Page, Quality] | None = None
    _answer: _Answer | None = None
    _parts: Incoming = field(default_factory=lambda: Incoming(256))
    _got: int = 0
    _heard_page: bool = False
    _long: bool = False
    _asked: bool = False
    _waited: float = 0.0
    _count: int = 0
    _before: int = 0
    _ended: int = 0
    _answering: int = 0
    _answered: int = 0
    _soonest: int = 1 << 62
    _redone: int = 0

    # -- phase C ------------------------------------------------------------------------------

    def await_first_page(self, _: Frame | None) -> None:
        """Listen for the first page after a training."""
        self._sheet = self._answer = None
        self._answered = self.call.line.now
        self.await_page(None)

    def await_page(self, _: Frame | None) -> None:
        """Listen for a page."""
        settings = self.call.settled
        short = not self._long
        self._long = self._heard_page = False
        self.call.line.expect(settings.rate, short=short, frames=settings.ecm)
        self.call.start("T2")

    def begin_page(self, _: Frame | None) -> None:
        """Note that a page, or more of one, comes."""
        self.call.stop("T2", "T4")
        if not self._heard_page:
            self._soonest = min(self._soonest, self.call.line.now - self._answered)
        self._heard_page = True
        self._open()
        if "stall" not in self.call.timers:
            self._parts.begin_burst()
            self._got = 0
            self.call.start("stall", STALL)

    def page_bits(self, bits: Bits) -> None:
        """Take bits of a page without error correction."""
        if self._sheet is None or self._sheet.lines is None:
            return
        self._sheet.lines.process_bits(bits)
        self._sheet.bits += len(bits)

    def page_frame(self, octets: bytes, good: bool) -> None:
        """Take a frame of a page with error correction."""
        if self._sheet is not None:
            self._parts.take(octets, good)

    def end_page(self, _: Frame | None) -> None:
        """Wait for the command after the page."""
        self._ended, self.call.flags_at = self.call.line.now, None
        self.call.start("T2")

    def stalled(self, _: Frame | None) -> str | None:
        """Give a page up that gets on no more, though its carrier stands."""
        sheet = self._sheet
        good = self._parts.received
        if sheet is not None and sheet.lines is not None:
            quality = sheet.lines.quality
            good = quality.rows - 2 * quality.bad_rows
        if good > self._got:
            self._got = good
            self.call.start("stall", STALL)
            return None
        self.call.fail("carrier_lost")
        return "over"

    def no_page(self, _: Frame | None) -> None:
        """Note that no page came."""
        self.call.fail("no_next_page" if self._count else "no_page_in_time")

    def dcn_for_page(self, _: Frame | None) -> None:
        """Note that the far end left instead of sending a page."""
        self.call.fail("dcn_between_pages" if self._count else "dcn_in_page")

    # -- phase D ------------------------------------------------------------------------------

    def judge_page(self, frame: Frame | None) -> str:
        """Say how a page without error correction has come."""
        assert frame is not None, "rows of commands alone come here"
        self._command(frame)
        then = frame.name.removeprefix("PRI-")
        if self._repeated(then) and not (then == "MPS" and self._lost()):
            return "repeat"
        sheet = self._sheet
        page, quality = (
            (None, None) if sheet is None or sheet.lines is None else (sheet.lines.finish())
        )
        if page is None or quality is None:
            return self._ask_for_page(then, "no rows have come")
        bad = quality.bad_rows / max(1, quality.rows)
        most = self.call.config.most_bad
        told = _told(quality)
        if not quality.ended and self._cut():
            return self._ask_for_page(then, f"it was cut off after {told}")
        if bad > 3 * most:
            return self._ask_for_page(then, told)
        self._put(page, quality, self._frame("RTP" if bad > most else "MCF"), then)
        return "store"

    def judge_part(self, frame: Frame | None) -> str | None:
        """Say which frames of a partial page are missing, or that none is (PPS)."""
        assert isinstance(frame, PartialPage), "rows of PPS alone come here"
        if not self.call.settled.ecm:
            return None
        self._command(frame)
        then = frame.then.removeprefix("PRI-")
        repeated = self._repeated(then)
        if repeated and self._parts.repeated(frame.page, frame.block):
            return "answer"
        parts = self._open_parts()
        missing = parts.missing(frame.frames)
        if missing:
            if not (repeated and self._answered_by("PPR")):
                self._open().again += len(missing)
            self._answer = _Answer(PageRequest(missing, x=self.call.x), then)
            return "answer"
        parts.close(page=frame.page, block=frame.block)
        return self._end_part(parts, self._frame("MCF"), then)

    def give_up_part(self, frame: Frame | None) -> str | None:
        """Take a partial page with what is missing of it (EOR)."""
        assert isinstance(frame, EndOfRetransmission), "rows of EOR alone come here"
        if not self.call.settled.ecm:
            return None
        self._command(frame)
        then = frame.then.removeprefix("PRI-")
        if self._answered_by("ERR") and not self._heard_page:
            return "answer"
        parts = self._open_parts()
        parts.close()
        return self._end_part(parts, self._frame("ERR"), then)

    def lower(self, frame: Frame | None) -> str | None:
        """Go on at another rate (CTC)."""
        assert isinstance(frame, ContinueToCorrect), "rows of CTC alone come here"
        if not self.call.settled.ecm:
            return None
        self._command(frame)
        if frame.rate not in rates(self.call.able.modems):
            self.call.fail("incompatible")
            return "refuse"
        self.call.settings = replace(self.call.settled, rate=frame.rate)
        self._answer = _Answer(self._frame("CTR"), "NULL")
        return "answer"

    def answer_again(self, _: Frame | None) -> str | None:
        """Say the last answer again, unless a page has come that it is not of."""
        return None if self._answer is None or self._heard_page else "answer"

    def say_again(self, frame: Frame | None) -> str | None:
        """Say CFR again, or the last answer where there was one since (CRP)."""
        first = self._answer is None and not self._heard_page
        return "ready" if first else self.answer_again(frame)

    def answer(self, _: Frame | None) -> None:
        """Say how the page came."""
        assert self._answer is not None, "an answer was made before"
        self.call.stop("T2", "stall", "store")
        self._answering = self.call.line.now
        self.call.say(self._answer.frame)

    def go_on(self, _: Frame | None) -> str:
        """Do what follows an answer."""
        answer = self._answer
        assert answer is not None, "an answer was made before"
        name = answer.frame.name
        self._answered = self.call.line.now
        self._long = name == "CTR"
        last = answer.then == "EOP" and name in ("MCF", "ERR", "RTP")
        self.call.damaged |= name == "ERR"
        if last:
            self.call.finish()
        again = name in ("PPR", "CTR") or (
            name in ("MCF", "ERR") and answer.then in ("NULL", "MPS")
        )
        if again:
            self.await_page(None)
            return "page"
        self._heard_page = False
        if self._asked and self.call.config.interrupts and not last:
            self.call.start("T3")
            return "wait"
        self.call.await_frame()
        return "last" if last else "redo" if name == "RTN" else "renew"

    # -- the store ----------------------------------------------------------------------------

    def await_store(self, _: Frame | None) -> None:
        """Wait until the page is safe."""
        self.call.stop("T2", "T4", "stall")
        self.call.start("store", STORE)

    def storing(self) -> str | None:
        """Say whether the page that waits is safe, or cannot be: an event."""
        sink = self.call.sink
        if self._pending is None or sink is None:
            return None
        if sink.trouble is not None:
            self.call.tell("here", "the page could not be stored")
            return "not stored"
        return "stored" if sink.stored > self._before else None

    def stored(self, _: Frame | None) -> None:
        """Note a page that is safe."""
        assert self._pending is not None, "a page was put before"
        page, quality = self._pending
        self._pending = None
        self._record(page, quality)
        self._count += 1
        self._waited = 0.0
        self.call.stop("store")

    def not_ready(self, _: Frame | None) -> str | None:
        """Say that storing takes time, with error correction; without it, just take it."""
        self._waited += STORE
        if self._waited > STORED_LATE:
            self.call.fail("file_error")
            return "over"
        if self.call.settled.ecm:
            return "rnr"
        self.call.start("store", STORE)
        return None

    def say_not_ready(self, _: Frame | None) -> None:
        """Send RNR."""
        self.call.stop("store")
        self.call.say(self.call.plain("RNR"))

    # -- parts of it --------------------------------------------------------------------------

    def _frame(self, name: str) -> Frame:
        """The answer, which asks for an operator where the far end did and one is wanted."""
        if self._asked and self.call.config.interrupts:
            name = {"MCF": "PIP", "RTP": "PIP", "RTN": "PIN"}.get(name, name)
        return self.call.plain(name)

    def _command(self, frame: Frame) -> None:
        """Note a command after a page."""
        self.call.stop("T2", "T4", "stall")
        self._asked = "PRI-" in frame.title
        self.call.interrupted |= self._asked

    def _answered_by(self, name: str) -> bool:
        """Whether this was the last answer."""
        return self._answer is not None and self._answer.frame.name == name

    def _repeated(self, then: str) -> bool:
        """Whether a command comes again, since its answer was not heard, or its page was not."""
        if self._answer is None or self._answer.then != then or self._heard_page:
            return False
        return self.call.line.unheard < UNHEARD

    def _lost(self) -> bool:
        """Whether a page was lost in all its length that MCF let follow, by when its command comes.

        It comes later after an answer than the soonest page of this far end has begun; one that
        is said again comes at once, or after T4.
        """
        flags = self.call.frames_since
        if flags is None or flags - self._answering >= T4_OVER * RATE:
            return False
        if not self._answered_by("MCF"):
            return False
        return flags - self._answered >= self._soonest + SHORTEST * RATE

    def _cut(self) -> bool:
        """Whether a page that has no end stopped before its sender did."""
        flags = self.call.flags_at
        return flags is not None and flags - self._ended > CUT * RATE

    def _open(self) -> _Sheet:
        """The page that comes."""
        if self._sheet is None:
            self.call.go_on()
            settings = self.call.settled
            lines = None if settings.ecm else pagecode.LineDecoder(settings)
            self._sheet = _Sheet(self.call.line.now, lines)
            self._parts.begin_page(settings.frame_size)
        return self._sheet

    def _open_parts(self) -> Incoming:
        """The frames of the page that comes."""
        self._open()
        return self._parts

    def _end_part(self, parts: Incoming, answer: Frame, then: str) -> str:
        self._heard_page = False
        if then == "NULL":
            self._answer = _Answer(answer, then)
            return "answer"
        page, quality = pagecode.decode(parts.data, self.call.settled, gaps=parts.gaps)
        # zeros that fill the last frame are behind what ends the page
        self._open().bits = 8 * len(parts.data.rstrip(b"\0"))
        if page is None:
            self._ask_for_page(then, "no rows are in its frames")
            return "answer"
        self._put(page, quality, answer, then)
        return "store"

    def _put(self, page: Page, quality: Quality, answer: Frame, then: str) -> None:
        """Give a page to be stored, with the answer that it has then."""
        assert self.call.sink is not None, "a DCS is refused without one"
        self.call.tell("here", f"page {self._count + 1}: {_told(quality)}")
        self._pending, self._before = (page, quality), self.call.sink.stored
        self._answer = _Answer(answer, then)
        self.call.sink.put(page, quality)

    def _ask_for_page(self, then: str, why: str) -> str:
        """Ask for a page again (RTN)."""
        self.call.tell("here", f"page {self._count + 1} is wanted again: {why}")
        self.call.go_on()
        self._sheet = None
        self._redone += 1
        self._answer = _Answer(self._frame("RTN"), then)
        return "bad"

    def _record(self, page: Page, quality: Quality) -> None:
        sheet, settings = self._sheet, self.call.settled
        assert sheet is not None and self._answer is not None, "a page has come"
        answer = self._answer.frame.name
        self.call.records.append(
            PageRecord.of(
                settings,
                page.width,
                page.height,
                quality,
                number=self._count + 1,
                octets=(sheet.bits + 7) // 8,
                again=sheet.again + self._redone,
                answer=answer,
                confirmed=answer != "ERR" and not (settings.ecm and self._parts.holes),
                seconds=(self.call.line.now - sheet.since) / RATE,
            )
        )
        self._sheet = None
        self._redone = 0


def _told(quality: Quality) -> str:
    return f"{quality.rows} rows, {quality.bad_rows} of them bad"
