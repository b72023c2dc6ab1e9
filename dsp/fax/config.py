"""What a fax terminal is told before a call."""

from __future__ import annotations

from dataclasses import dataclass

from dsp.fax.capabilities import Capabilities
from dsp.fax.document_header import Header
from dsp.types import DspError

__all__ = ["EVERYTHING", "Config", "FaxError"]

EVERYTHING = Capabilities(
    ecm=True,
    mr=True,
    mmr=True,
    fine=True,
    superfine=True,
    dpi_300=True,
    dpi_400=True,
    inch=True,
    metric=True,
    widths="A4, B4, A3",
    lengths="unlimited",
    subaddress=True,
    password=True,
    selective_polling=True,
)
"""All that a terminal of this package can do: V.17 down to V.27 ter, MMR with error correction."""

_IDENT = 20


class FaxError(DspError):
    """A fax that cannot be begun as it is asked for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """Who a terminal is, what it may do, and how it behaves.

    Parameters
    ----------
    ident
        Its number, for CSI, TSI and CIG: up to 20 characters of ASCII; empty sends none.
    able
        What is told in DIS and DTC, and the most that a page is sent with.
    fastest
        Bit/s at which a page is sent at most: a line that failed once may carry less.
    header
        What is put on top of each page that is sent.
    first, total
        Which page of how many the first one that is sent is, for headers and records; ``None`` is
        as many as there are to be sent.
    level
        dBm0 of all that is sent.
    answer_silence
        Seconds between the answer and CED; T.30 4.1.2 has 1.8 to 2.5 for the sake of exchanges
        that a call through this program has behind it.
    subaddress, sender
        SUB and SID, sent with DCS where the far end takes them; empty sends none.
    password, poll
        PWD and SEP, sent with DTC where the far end takes them: which document is polled.
    wants_password, wants_poll
        What PWD and SEP must be for a document to be polled from this end; empty takes any.
    facilities
        The information field of an NSF that is sent with DIS; empty sends none.
    most_bad
        Part of a page's rows that may be damaged for it to be confirmed without error correction;
        up to three times as much it is confirmed and a new training asked for (RTP), beyond it
        asked for anew (RTN).
    interrupts
        Whether a procedure interrupt that the far end asks for (PRI-EOP, PIP) is told by
        :attr:`~dsp.fax.terminal.FaxTerminal.interrupted` and waited for; else it is passed over.
    seconds
        The longest that a call may take; DCN is said then.

    Raises
    ------
    FaxError
        When the ident, SUB, SID, PWD or SEP are longer than 20 characters or not of ASCII, it is
        able to do what no terminal of this package does, or the silence is less than none.

    Examples
    --------
    >>> Config(ident="+1 555 0100").able.rates[0]
    'V.17 14400'
    """

    ident: str = ""
    able: Capabilities = EVERYTHING
    fastest: int = 14_400
    header: Header | None = None
    first: int = 1
    total: int | None = None
    level: float = -13.0
    answer_silence: float = 0.2
    subaddress: str = ""
    sender: str = ""
    password: str = ""
    poll: str = ""
    wants_password: str = ""
    wants_poll: str = ""
    facilities: bytes = b""
    most_bad: float = 0.05
    interrupts: bool = False
    seconds: float = 3600.0

    def total_of(self, sent: int) -> int:
        """How many pages there are, if so many are sent.

        Examples
        --------
        >>> Config().total_of(2), Config(first=3, total=4).total_of(2)
        (2, 4)
        """
        return sent if self.total is None else self.total

    def __post_init__(self) -> None:
        for name in ("ident", "subaddress", "sender", "password", "poll"):
            text = getattr(self, name)
            if len(text) > _IDENT or not (text.isascii() and text.isprintable()):
                raise FaxError(f"{name} {text!r}: up to {_IDENT} characters of ASCII are needed")
        able = self.able
        if able.t85 or able.t85_l0 or able.uncompressed:
            raise FaxError("T.85 and the uncompressed mode are not to be had")
        if not self.answer_silence >= 0:
            raise FaxError(f"an answer_silence of {self.answer_silence} s is none")
