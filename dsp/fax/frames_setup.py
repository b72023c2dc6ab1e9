"""Frames that tell who terminals are, what they can do and what is to come (T.30 5.3.6)."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar

from dsp.fax.capabilities import Capabilities, Settings
from dsp.fax.fields import FrameError, extension_flaw
from dsp.fax.frame import Frame
from dsp.fax.nsf import Facilities, facilities, reversed_bits

__all__ = ["AddressFrame", "CapabilityFrame", "CommandFrame", "FacilitiesFrame", "IdentFrame"]

_IDENT = 20
_ADDRESSES = {1: "e-mail", 2: "URL", 3: "IPv4", 4: "IPv6", 5: "telephone"}


@dataclass(frozen=True, slots=True)
class CapabilityFrame(Frame):
    """What a terminal can do: DIS, DTC.

    Parameters
    ----------
    name
        ``DIS``, ``DTC``.
    bits
        Its information field.

    Examples
    --------
    >>> CapabilityFrame("DIS", Capabilities(ecm=True).fif()).octets().hex()
    'ff1380002ef004'
    >>> CapabilityFrame("DIS", bytes.fromhex("002ef004")).capabilities.ecm
    True
    """

    kinds: ClassVar[frozenset[str]] = frozenset({"capability"})

    bits: bytes

    @property
    def fif(self) -> bytes:
        """Its bits."""
        return self.bits

    @property
    def capabilities(self) -> Capabilities:
        """What the bits say."""
        return Capabilities.parse(self.bits)

    def _wrong(self) -> tuple[str, ...]:
        flaw = extension_flaw(self.bits)
        return () if flaw is None else (flaw,)


@dataclass(frozen=True, slots=True)
class CommandFrame(Frame):
    """What a page comes with: DCS.

    Parameters
    ----------
    bits
        Its information field.

    Examples
    --------
    >>> CommandFrame(Settings("V.29 9600").fif(), x=True).octets().hex()
    'ff1383000670'
    """

    kinds: ClassVar[frozenset[str]] = frozenset({"command"})

    name: str = field(default="DCS", init=False)
    bits: bytes

    @property
    def fif(self) -> bytes:
        """Its bits."""
        return self.bits

    @property
    def settings(self) -> Settings:
        """What the bits say."""
        return Settings.parse(self.bits)

    def _wrong(self) -> tuple[str, ...]:
        flaw = extension_flaw(self.bits)
        return () if flaw is None else (flaw,)


@dataclass(frozen=True, slots=True)
class IdentFrame(Frame):
    r"""A number, an address or a password of up to 20 characters.

    Parameters
    ----------
    name
        ``CSI``, ``TSI``, ``CIG``, ``PWD``, ``SEP``, ``PSA``, ``SUB``, ``SID``.
    characters
        As they are to be read, with the spaces: the last one is sent first.

    Examples
    --------
    >>> frame = IdentFrame.of("TSI", "+49 30 1234", x=True)
    >>> frame.octets()
    b'\xff\x03C4321 03 94+         '
    >>> frame.text
    '+49 30 1234'
    """

    kinds: ClassVar[frozenset[str]] = frozenset({"ident"})

    characters: bytes
    final: bool = field(default=False, kw_only=True)

    @classmethod
    def of(cls, name: str, text: str, *, x: bool = False) -> IdentFrame:
        """Make one of a text.

        Raises
        ------
        FrameError
            When it is too long, or has other characters than those of ASCII.
        """
        if len(text) > _IDENT or not text.isascii() or not text.isprintable():
            raise FrameError(f"{text!r} is not up to {_IDENT} characters of ASCII")
        return cls(name, text.rjust(_IDENT).encode("ascii"), x=x)

    @property
    def fif(self) -> bytes:
        """The characters from the last one on."""
        return self.characters[::-1]

    @property
    def text(self) -> str:
        """The characters without the spaces around them; those that are none are ``?``."""
        octets = reversed_bits(self.characters) if self._turned() else self.characters
        return "".join(chr(one) if 32 <= one < 127 else "?" for one in octets.strip(b" \0"))

    def _turned(self) -> bool:
        """Whether the bits of each character are the wrong way round."""
        turned = reversed_bits(self.characters)
        return not _readable(self.characters) and _readable(turned)

    def _wrong(self) -> tuple[str, ...]:
        flaws = []
        if len(self.characters) != _IDENT:
            flaws.append(f"{len(self.characters)} characters instead of {_IDENT}")
        if self._turned():
            flaws.append("its bits are the wrong way round")
        elif not _readable(self.characters):
            flaws.append("not all are characters of ASCII")
        return tuple(flaws)


@dataclass(frozen=True, slots=True)
class FacilitiesFrame(Frame):
    """What makers have agreed with themselves: NSF, NSC, NSS.

    Parameters
    ----------
    name
        ``NSF``, ``NSC``, ``NSS``.
    code
        Its information field.

    Examples
    --------
    >>> FacilitiesFrame("NSF", bytes.fromhex("b5006c")).facilities.vendor
    'HP'
    """

    kinds: ClassVar[frozenset[str]] = frozenset({"facilities"})

    code: bytes
    final: bool = field(default=False, kw_only=True)

    @property
    def fif(self) -> bytes:
        """The code."""
        return self.code

    @property
    def facilities(self) -> Facilities:
        """Country, maker, model and text, as far as they are known."""
        return facilities(self.code)


@dataclass(frozen=True, slots=True)
class AddressFrame(Frame):
    r"""An internet address, or a part of one (T.30 5.3.6.2.12).

    Parameters
    ----------
    name
        ``CSA``, ``CIA``, ``TSA``, ``IRA``, ``ISP``.
    number
        Of the part, 0 to 127.
    more
        Whether another part follows.
    type
        Of the address: 1 e-mail, 2 URL, 3 IPv4, 4 IPv6, 5 telephone.
    size
        The octet that has the length of the address, with a first bit that is 0.
    address
        Up to 77 octets.

    Examples
    --------
    >>> AddressFrame("TSA", 0, False, 1, 6, b"a@b.de").octets()
    b'\xff\x03b\x00\x01\x06a@b.de'
    """

    kinds: ClassVar[frozenset[str]] = frozenset({"address"})

    number: int
    more: bool
    type: int
    size: int
    address: bytes
    final: bool = field(default=False, kw_only=True)

    def __post_init__(self) -> None:
        Frame.__post_init__(self)
        if not (0 <= self.number < 128 and 0 <= self.type < 256 and 0 <= self.size < 256):
            raise FrameError(f"{self.number}, {self.type}, {self.size} are no octets of an address")

    @property
    def fif(self) -> bytes:
        """Number, type, length and address."""
        return bytes([self.number | self.more << 7, self.type, self.size]) + self.address

    @property
    def text(self) -> str:
        """The address, with its type before it."""
        kind = _ADDRESSES.get(self.type & 0x0F, f"type {self.type & 0x0F}")
        return f"{kind} {self.address.decode('ascii', 'replace')}"

    def _wrong(self) -> tuple[str, ...]:
        if self.size & 0x7F != len(self.address):
            return (f"{len(self.address)} octets of address instead of {self.size & 0x7F}",)
        return ()


def _readable(octets: bytes) -> bool:
    return all(32 <= one < 127 or one == 0 for one in octets)
