"""Pages put together by who listens to a call, whose part is neither sender's nor receiver's.

What a burst of error correction belongs to is known by the PPS after it: frames are kept until
then. A page is over with what confirms or refuses it; where that is not heard, with whatever the
sender does next.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from dsp.fax import pagecode
from dsp.fax.capabilities import Settings
from dsp.fax.document import Page
from dsp.fax.ecm import Incoming
from dsp.fax.frame import HEADER, controls
from dsp.fax.frames import EndOfRetransmission, Frame, PartialPage
from dsp.fax.listener_events import PageHeard
from dsp.fax.result import PageRecord
from dsp.fax.t4 import Quality
from dsp.modem.types import Bits
from dsp.types import RATE

__all__ = ["ANSWERS", "Assembly"]

ANSWERS = frozenset({"MCF", "RTP", "RTN", "PIP", "PIN", "ERR"})
"""What a receiver says to the end of a page (T.30 5.3.6.1.7)."""
_TAKEN, _REFUSED = frozenset({"MCF", "RTP", "PIP"}), frozenset({"RTN", "PIN"})
_T85 = "T.85"
_JBIG_HEADER = 20
"""Octets of T.82's header, of which 4 to 11 are how many pixels a line has, and how many lines."""
_WIDTHS = ("A4", "B4", "A3")
_FCD = controls()["FCD"].code


@dataclass
class _Open:
    """A page that has begun."""

    begin: int
    channel: int
    settings: Settings
    again: int = 0
    bits: int = 0
    lines: pagecode.LineDecoder | None = None
    incoming: Incoming | None = None
    key: tuple[int, int] | None = None
    closed: bool = False
    """Whether the partial page of the key was confirmed, or given up."""
    then: str = ""
    unheard: bool = False
    """Whether a training before it, or of a part of it, failed."""


class Assembly:
    """Puts pages together.

    Everything returns the pages that are over by it.
    """

    def __init__(self) -> None:
        self._number, self._tries = 1, 0
        self._open: _Open | None = None
        self._frames: list[tuple[bytes, bool]] = []
        self._since = 0, 0
        self._settings: Settings | None = None
        self._lost = False
        self._last: tuple[int, int] | None = None

    def begin(self, at: int, channel: int, settings: Settings) -> list[PageHeard]:
        """A picture's burst begins."""
        over: list[PageHeard] = []
        if settings.ecm:
            if not self._frames:
                self._since = at, channel
        else:
            over = self.end(at)
            self._open = _Open(at, channel, settings)
            if _decodable(settings):
                self._open.lines = pagecode.LineDecoder(settings)
        self._settings = settings
        return over

    def failed(self) -> None:
        """The burst's training failed."""
        self._lost = True

    def bits(self, bits: Bits) -> None:
        """Take a picture's bits."""
        if self._open is not None and self._open.incoming is None:
            self._open.bits += len(bits)
            if self._open.lines is not None:
                self._open.lines.process_bits(bits)

    def frame(self, octets: bytes, good: bool) -> None:
        """Take a frame of error correction."""
        self._frames.append((octets, good))

    def command(self, frame: Frame, at: int) -> list[PageHeard]:
        """What the sender says after a picture."""
        if isinstance(frame, PartialPage):
            return self._partial(frame, at)
        if isinstance(frame, EndOfRetransmission):
            if self._open is not None:
                self._take()
                self._open.then = frame.then
        elif self._open is not None:
            self._open.then = frame.name
        return []

    def answer(self, name: str, at: int) -> list[PageHeard]:
        """What the receiver says to it, one of :data:`ANSWERS`."""
        if self._open is None or not self._open.then:
            return []
        if self._open.incoming is not None:
            self._close()
            if self._open.then == "NULL":
                return []
        return self.end(at, name)

    def renew(self, at: int) -> list[PageHeard]:
        """All begins anew, with DIS, DTC or DCS."""
        over = self.end(at)
        self._last = None
        return over

    def end(self, at: int, answer: str = "") -> list[PageHeard]:
        """Nothing more comes of the page."""
        if self._frames:
            self._orphans()
        self._close()
        opened, self._open = self._open, None
        if opened is None:
            return []
        opened.unheard |= self._lost
        self._lost = False
        self._last = opened.key
        heard = _heard(opened, at, answer, self._number, self._tries)
        refused = answer in _REFUSED
        self._tries = self._tries + 1 if refused else 0
        self._number += not refused
        return [heard]

    def _partial(self, pps: PartialPage, at: int) -> list[PageHeard]:
        key = pps.page, pps.block
        over: list[PageHeard] = []
        if self._open is not None and self._open.key != key:
            self._close()
            if self._open.then != "NULL" or (self._open.key or key)[0] != pps.page:
                kept, self._frames = self._frames, []
                over = self.end(at)
                self._frames = kept
        if self._open is None:
            if not self._frames and key == self._last:
                return over  # its answer was lost, and it is asked for again
            self._begin_ecm()
        if self._open is not None and self._open.incoming is not None:
            if self._open.key != key:
                self._open.key, self._open.closed = key, False
            self._take()
            self._open.then = pps.then
            if not self._open.closed:
                self._open.incoming.missing(pps.frames)
        return over

    def _begin_ecm(self) -> None:
        if self._settings is not None and self._settings.ecm:
            at, channel = self._since
            incoming = Incoming(self._settings.frame_size)
            self._open = _Open(at, channel, self._settings, incoming=incoming)

    def _take(self) -> None:
        """Give the open page the frames that were sent last."""
        assert self._open is not None
        frames, self._frames = self._frames, []
        self._open.unheard |= self._lost
        self._lost = False
        if self._open.incoming is None or self._open.closed:
            return
        # a rate that was lowered in the page is told as that of its last part
        rate = self._open.settings.rate if self._settings is None else self._settings.rate
        self._open.settings = replace(self._open.settings, rate=rate)
        if self._open.incoming.count is not None:
            self._open.again += sum(good and _is_part(octets) for octets, good in frames)
        for octets, good in frames:
            self._open.incoming.take(octets, good)

    def _close(self) -> None:
        """Have done with a partial page."""
        if self._open is not None and self._open.incoming is not None and not self._open.closed:
            self._open.incoming.close()
            self._open.closed = True

    def _orphans(self) -> None:
        """Frames after which no PPS has come: as many as the highest number says."""
        numbers = [octets[HEADER] for octets, good in self._frames if good and _is_part(octets)]
        if self._open is None and numbers:
            self._begin_ecm()
        if self._open is not None and self._open.incoming is not None and numbers:
            if self._open.closed:
                self._open.closed = False
            self._take()
            self._open.incoming.missing(max(numbers) + 1)
            self._open.incoming.close()
            self._open.closed = True
        self._frames = []


def _decodable(settings: Settings) -> bool:
    """Whether such pages can be made here: none of T.85, none of a reserved width, no file."""
    jbig = settings.coding.startswith(_T85)
    return not (jbig or settings.bft) and settings.width in _WIDTHS


def _is_part(octets: bytes) -> bool:
    return len(octets) > HEADER and octets[HEADER - 1] == _FCD


def _heard(opened: _Open, at: int, answer: str, number: int, tries: int) -> PageHeard:
    """Decode a page that is over."""
    settings, incoming = opened.settings, opened.incoming
    data = b"" if incoming is None or not any(incoming.data) else incoming.data
    jbig = settings.coding.startswith(_T85)
    page: Page | None = None
    quality: Quality | None = None
    if incoming is not None and data and _decodable(settings):
        page, quality = pagecode.decode(data, settings, gaps=incoming.gaps)
    elif opened.lines is not None:
        page, quality = opened.lines.finish()
    width, height = (0, 0) if page is None else (page.width, page.height)
    if jbig and len(data) >= _JBIG_HEADER:
        width, height = (int.from_bytes(data[k : k + 4], "big") for k in (4, 8))
    record = PageRecord.of(
        settings,
        width,
        height,
        quality,
        number=number,
        octets=len(data) if incoming is not None else (opened.bits + 7) // 8,
        again=opened.again if incoming is not None else tries,
        answer=answer,
        confirmed=answer in _TAKEN,
        seconds=round((at - opened.begin) / RATE, 2),
    )
    why = _why(opened, page, jbig=jbig)
    kept = data if jbig else b""
    return PageHeard(opened.begin, at, opened.channel, record, page, quality, kept, why)


def _why(opened: _Open, page: Page | None, *, jbig: bool) -> str:
    """Why there is no picture of a page, or not all of it."""
    holes = 0 if opened.incoming is None else opened.incoming.holes
    lost = f"{holes} frames are missing" if holes else ""
    if jbig:
        return "; ".join(filter(None, [f"{opened.settings.coding} is not decoded here", lost]))
    if opened.settings.bft:
        return "it is a binary file"
    if not _decodable(opened.settings):
        return f"width {opened.settings.width} is reserved"
    if opened.unheard:
        return "its training was not heard" if page is None else "a training was not heard"
    if page is None:
        return lost or "nothing of it could be decoded"
    return lost
