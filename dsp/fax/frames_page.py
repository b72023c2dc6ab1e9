"""Frames of error correction: the picture's, and those that end it and ask for it again.

T.30 annex A, T.4 annex A.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar

from dsp.fax.capabilities import Settings
from dsp.fax.fields import FrameError
from dsp.fax.frame import Frame, control_of, controls

__all__ = [
    "CodedData",
    "ContinueToCorrect",
    "EndOfRetransmission",
    "PageRequest",
    "PartialPage",
    "ReturnToControl",
    "then_of",
]

_THEN = ("NULL", "EOM", "MPS", "EOP", "EOS", "PRI-EOM", "PRI-MPS", "PRI-EOP")


@dataclass(frozen=True, slots=True)
class PartialPage(Frame):
    """The end of a partial page: PPS (T.30 annex A).

    Parameters
    ----------
    then
        What follows: ``NULL`` another part of the page, ``MPS``, ``EOM``, ``EOP``, ``EOS``,
        ``PRI-MPS`` and so on.
    page, block
        Of the page in the call, and of the partial page in it, from 0 and modulo 256.
    frames
        How many frames were sent just now, 1 to 256.
    same_x
        Whether the X of what follows is that of the frame.

    Examples
    --------
    >>> PartialPage("EOP", 0, 0, 86, x=True).octets().hex()
    'ff13bf2f000055'
    """

    kinds: ClassVar[frozenset[str]] = frozenset({"page"})

    name: str = field(default="PPS", init=False)
    then: str
    page: int
    block: int
    frames: int
    same_x: bool = True

    def __post_init__(self) -> None:
        Frame.__post_init__(self)
        _then(self.then, self.x == self.same_x)
        if not (0 <= self.page < 256 and 0 <= self.block < 256 and 1 <= self.frames <= 256):
            raise FrameError(f"no page {self.page}, block {self.block} of {self.frames} frames")

    @property
    def title(self) -> str:
        """``PPS-MPS``."""
        return f"{self.name}-{self.then}"

    @property
    def fif(self) -> bytes:
        """What follows, page, block and one less than the frames."""
        return bytes(
            [_then(self.then, self.x == self.same_x), self.page, self.block, self.frames - 1]
        )


@dataclass(frozen=True, slots=True)
class EndOfRetransmission(Frame):
    """No more frames of this partial page are to be sent: EOR (T.30 annex A).

    Parameters
    ----------
    then
        What follows, as of :class:`PartialPage`.
    same_x
        Whether the X of what follows is that of the frame.

    Examples
    --------
    >>> EndOfRetransmission("NULL", x=True).octets().hex()
    'ff13cf00'
    """

    kinds: ClassVar[frozenset[str]] = frozenset({"end"})

    name: str = field(default="EOR", init=False)
    then: str
    same_x: bool = True

    def __post_init__(self) -> None:
        Frame.__post_init__(self)
        _then(self.then, self.x == self.same_x)

    @property
    def title(self) -> str:
        """``EOR-MPS``."""
        return f"{self.name}-{self.then}"

    @property
    def fif(self) -> bytes:
        """What follows."""
        return bytes([_then(self.then, self.x == self.same_x)])


@dataclass(frozen=True, slots=True)
class PageRequest(Frame):
    """Frames that did not come well: PPR (T.30 annex A).

    Parameters
    ----------
    frames
        Their numbers, 0 to 255.

    Examples
    --------
    >>> request = PageRequest(frozenset({0, 9}))
    >>> request.octets()[:6].hex(), len(request.octets())
    ('ff13bc010200', 35)
    """

    kinds: ClassVar[frozenset[str]] = frozenset({"map"})

    name: str = field(default="PPR", init=False)
    frames: frozenset[int]

    def __post_init__(self) -> None:
        Frame.__post_init__(self)
        if self.frames and not (min(self.frames) >= 0 and max(self.frames) < 256):
            raise FrameError(f"no frames {sorted(self.frames)}")

    @property
    def fif(self) -> bytes:
        """256 bits, the first that of frame 0."""
        return sum(1 << one for one in self.frames).to_bytes(32, "little")


@dataclass(frozen=True, slots=True)
class ContinueToCorrect(Frame):
    """Frames will go on being sent, at this rate: CTC (T.30 annex A).

    Parameters
    ----------
    bits
        Bits 1 to 16 of DCS, in two octets.

    Examples
    --------
    >>> ContinueToCorrect.of("V.17 12000", x=True).octets().hex()
    'ff1313002a'
    """

    kinds: ClassVar[frozenset[str]] = frozenset({"correct"})

    name: str = field(default="CTC", init=False)
    bits: bytes

    def __post_init__(self) -> None:
        Frame.__post_init__(self)
        if len(self.bits) != 2:
            raise FrameError(f"{len(self.bits)} octets instead of 2")

    @classmethod
    def of(cls, rate: str, *, x: bool = False) -> ContinueToCorrect:
        """Make one with a rate of bits.toml, as of :class:`~dsp.fax.capabilities.Settings`."""
        return cls(Settings(rate).fif()[:2], x=x)

    @property
    def fif(self) -> bytes:
        """Its bits."""
        return self.bits

    @property
    def rate(self) -> str:
        """Modem and bit/s: ``V.17 12000``."""
        return Settings.parse(self.bits).rate


@dataclass(frozen=True, slots=True)
class CodedData(Frame):
    """A part of the picture: FCD (T.4 annex A).

    Parameters
    ----------
    number
        Of the frame in its partial page, 0 to 255.
    data
        64 or 256 octets.

    Examples
    --------
    >>> CodedData(7, bytes(64)).octets()[:5].hex()
    'ff03060700'
    """

    kinds: ClassVar[frozenset[str]] = frozenset({"data"})

    name: str = field(default="FCD", init=False)
    number: int
    data: bytes
    final: bool = field(default=False, kw_only=True)

    def __post_init__(self) -> None:
        Frame.__post_init__(self)
        if not 0 <= self.number < 256:
            raise FrameError(f"no frame {self.number}")

    @property
    def fif(self) -> bytes:
        """Number and data."""
        return bytes([self.number]) + self.data

    def _wrong(self) -> tuple[str, ...]:
        return () if len(self.data) in (64, 256) else (f"{len(self.data)} octets of data",)


@dataclass(frozen=True, slots=True)
class ReturnToControl(Frame):
    """The end of the picture's frames, sent three times: RCP (T.4 annex A).

    Examples
    --------
    >>> ReturnToControl().octets().hex()
    'ff0386'
    """

    kinds: ClassVar[frozenset[str]] = frozenset({"return"})

    name: str = field(default="RCP", init=False)
    final: bool = field(default=False, kw_only=True)


def then_of(code: int) -> tuple[str, bool | None]:
    """Read the second facsimile control field of PPS and EOR.

    Returns
    -------
    tuple
        What follows, and its X, which ``NULL`` has none of.

    Raises
    ------
    FrameError
        When that cannot follow.

    Examples
    --------
    >>> then_of(0x2F)
    ('EOP', True)
    """
    if code == 0:
        return "NULL", None
    known = control_of(code)
    if known is None or known.name not in _THEN:
        raise FrameError(f"{code:02X} cannot follow")
    return known.name, bool(code & 1)


def _then(name: str, x: bool) -> int:
    """The second facsimile control field of PPS and EOR."""
    if name not in _THEN:
        raise FrameError(f"{name!r} cannot follow")
    return 0 if name == "NULL" else controls()[name].code | x
