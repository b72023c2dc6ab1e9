"""How a fax call went: its outcome, its pages, its trace."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import cache
from typing import Any, Literal, TypeAlias

from dsp.fax import trace
from dsp.fax.capabilities import Settings
from dsp.fax.fields import load
from dsp.fax.frames import Frame
from dsp.fax.t4 import Quality

__all__ = ["Outcome", "PageRecord", "Result", "Side", "TraceLine", "outcomes"]

Side: TypeAlias = Literal["sent", "heard", "here"]


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a call ended.

    Parameters
    ----------
    name
        As in results.toml.
    number
        mod_spandsp's ``fax_result_code``.
    text
        In words.
    """

    name: str
    number: int
    text: str


@cache
def outcomes() -> Mapping[str, Outcome]:
    """Give all outcomes by name.

    Examples
    --------
    >>> outcomes()["cannot_train"].number, outcomes()["ok"].number
    (6, 0)
    """
    rows = load("results.toml").items()
    return {name: Outcome(name, row["number"], row["text"]) for name, row in rows}


@dataclass(frozen=True, slots=True)
class TraceLine:
    """Something that was sent, heard or decided.

    Parameters
    ----------
    at
        Seconds since the terminal's first sample.
    side
        ``"sent"``, ``"heard"``, or ``"here"`` for what this end decided.
    text
        In words.
    frame
        The frame, if it was one.
    """

    at: float
    side: Side
    text: str
    frame: Frame | None = None

    def __str__(self) -> str:
        arrow = {"sent": "→", "heard": "←", "here": "·"}[self.side]
        return f"{self.at:8.2f} {arrow} {self.text}"

    def record(self) -> dict[str, Any]:
        """Tell it in what JSON can have."""
        told: dict[str, Any] = {"at": round(self.at, 3), "side": self.side, "text": self.text}
        if self.frame is not None:
            told |= trace.record(self.frame)
        return told


@dataclass(frozen=True, slots=True)
class PageRecord:
    """A page that was sent or received, whether or not it was confirmed.

    Parameters
    ----------
    number
        Of the document's pages, the first is 1.
    width, height
        Pixels, as on the line.
    resolution
        ``R8 × 7.7`` and others.
    coding
        ``MH``, ``MR`` or ``MMR``.
    rate
        ``V.17 14400``; that of the last part, where it was lowered.
    ecm
        Whether it went with error correction.
    octets
        Of its coding, with what fills up short lines; without error correction the receiver's are
        all that came in its burst.
    bad_rows, longest_bad_run
        Rows that were damaged, and the most in a row.
    again
        Frames that were sent again, or how often the page was without error correction.
    answer
        ``MCF``, ``RTP``, ``RTN``, ``ERR``, …; empty where there was none.
    confirmed
        Whether the receiver took it.
    seconds
        From its first carrier to its answer.
    """

    number: int
    width: int
    height: int
    resolution: str
    coding: str
    rate: str
    ecm: bool
    octets: int
    bad_rows: int = 0
    longest_bad_run: int = 0
    again: int = 0
    answer: str = ""
    confirmed: bool = False
    seconds: float = 0.0

    @classmethod
    def of(
        cls,
        settings: Settings,
        width: int,
        height: int,
        quality: Quality | None = None,
        *,
        number: int,
        octets: int,
        again: int = 0,
        answer: str = "",
        confirmed: bool = False,
        seconds: float = 0.0,
    ) -> PageRecord:
        """Make one of what DCS said, its size, how it has come, and other fields.

        Examples
        --------
        >>> record = PageRecord.of(Settings("V.29 9600"), 1728, 2, number=1, octets=9)
        >>> record.rate, record.coding, record.height
        ('V.29 9600', 'MH', 2)
        """
        return cls(
            number=number,
            width=width,
            height=height,
            resolution=settings.resolution,
            coding=settings.coding,
            rate=settings.rate,
            ecm=settings.ecm,
            octets=octets,
            bad_rows=0 if quality is None else quality.bad_rows,
            longest_bad_run=0 if quality is None else quality.longest_bad_run,
            again=again,
            answer=answer,
            confirmed=confirmed,
            seconds=seconds,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """How a call went, or goes.

    Parameters
    ----------
    outcome
        How it ended; ``None`` while it goes on.
    calling, sending
        Whether this end called; whether the document went from here, as far as that is known.
    pages
        A record each that was sent or received, in order; those of :attr:`confirmed` count.
    total
        How many pages the document has that is sent; ``None`` for what is received.
    rate, ecm, coding, resolution
        The last that were agreed on; empty and false before.
    far_ident, far_subaddress, far_sender
        What CSI, TSI or CIG, SUB and SID of the far end said; empty where it said none.
    far_vendor, far_model, far_country
        By its NSF.
    interrupted
        Whether the far end asked for an operator.
    seconds
        Since the terminal's first sample.
    phases
        Seconds in each phase of T.30, A to E.
    trace
        All frames and decisions, in order.
    """

    outcome: Outcome | None
    calling: bool
    sending: bool
    pages: tuple[PageRecord, ...] = ()
    total: int | None = None
    rate: str = ""
    ecm: bool = False
    coding: str = ""
    resolution: str = ""
    far_ident: str = ""
    far_subaddress: str = ""
    far_sender: str = ""
    far_vendor: str = ""
    far_model: str = ""
    far_country: str = ""
    interrupted: bool = False
    seconds: float = 0.0
    phases: Mapping[str, float]
    trace: tuple[TraceLine, ...] = ()

    @property
    def ok(self) -> bool:
        """Whether all went well: the last page was confirmed."""
        return self.outcome is not None and self.outcome.name == "ok"

    @property
    def confirmed(self) -> tuple[PageRecord, ...]:
        """Those pages that the receiver took."""
        return tuple(one for one in self.pages if one.confirmed)

    @property
    def bad_rows(self) -> int:
        """Of all pages that were taken."""
        return sum(one.bad_rows for one in self.confirmed)

    @property
    def longest_bad_run(self) -> int:
        """Of all pages that were taken."""
        return max((one.longest_bad_run for one in self.confirmed), default=0)

    def record(self) -> dict[str, Any]:
        """Tell it in what JSON can have."""
        names = [name for name in self.__slots__ if name not in ("outcome", "pages", "trace")]
        told = {name: getattr(self, name) for name in names}
        return {
            "outcome": None if self.outcome is None else asdict(self.outcome),
            **told,
            "phases": dict(self.phases),
            "pages": [asdict(one) for one in self.pages],
            "trace": [one.record() for one in self.trace],
        }
