"""The bits of DIS, DTC and DCS by name: the table of bits.toml (T.30 table 2).

Bits have the numbers of the recommendation: bit 1 is the first of the facsimile information
field, which is the least significant one of its first octet (:mod:`dsp.fax.hdlc`). From the third
octet on the last bit of each, 24, 32 and so on, says whether another one follows; it is no field.
"""

from __future__ import annotations

import tomllib
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from enum import Enum
from functools import cache
from importlib import resources
from typing import Any, Literal, TypeAlias

from dsp.types import DspError

__all__ = [
    "Coding",
    "Field",
    "FrameError",
    "Resolution",
    "Table",
    "bits_of",
    "codings",
    "extension_flaw",
    "fif_of",
    "load",
    "rates",
    "resolutions",
    "table",
]

Table: TypeAlias = Literal["dis", "dcs"]

_LEAST = 3
_INCH = 25.4
_COLUMNS = 864 / 215
"""Pixels a millimetre at R4 (T.4 table 1)."""
_LINES = 3.85


class FrameError(DspError):
    """A frame, or a field of one, that cannot be."""


@dataclass(frozen=True, slots=True)
class Field:
    """One or some bits that mean something together.

    Parameters
    ----------
    name
        A Python name.
    bits
        Their numbers, rising.
    text
        What it means when they are set.
    short
        That in a word or two.
    values
        Of a field of several bits: what each code means, the lowest bit first. Codes that are not
        here are reserved.
    """

    name: str
    bits: tuple[int, ...]
    text: str
    short: str
    values: Mapping[str, str]

    def read(self, bits: Collection[int]) -> str:
        """Give the value among bits that are set; a reserved code is given as it is.

        Examples
        --------
        >>> table("dis")["widths"].read({17}), table("dis")["widths"].read({17, 18})
        ('A4, B4', '11')
        """
        code = "".join("1" if one in bits else "0" for one in self.bits)
        return self.values.get(code, code)

    def bits_in(self, bits: Collection[int]) -> frozenset[int]:
        """Give those of its bits that are set."""
        return frozenset(self.bits).intersection(bits)

    def write(self, value: str) -> frozenset[int]:
        """Give the bits that are to be set for a value, or for a code.

        Raises
        ------
        FrameError
            When there is no such value.
        """
        code = next((one for one, named in self.values.items() if named == value), value)
        if len(code) != len(self.bits) or set(code) - {"0", "1"}:
            known = ", ".join(map(repr, self.values.values()))
            raise FrameError(f"{self.name} {value!r} is none of {known}")
        return frozenset(bit for bit, one in zip(self.bits, code, strict=True) if one == "1")


@dataclass(frozen=True, slots=True)
class Coding:
    """How a page is coded.

    Parameters
    ----------
    name
        ``MH``, ``MR``, ``MMR``, ``T.85`` or ``T.85 L0``.
    bits
        What DCS has for it, first as it is sent.
    ecm
        Whether it wants error correction.
    needs
        The field of DIS that says that it can be received; ``None`` where all can.
    """

    name: str
    bits: tuple[frozenset[int], ...]
    ecm: bool
    needs: str | None


def load(name: str) -> dict[str, Any]:
    """Read a table of this package."""
    return tomllib.loads(resources.files("dsp.fax").joinpath(name).read_text("utf-8"))


@cache
def _bits() -> dict[str, Any]:
    return load("bits.toml")


class Resolution(Enum):
    """How finely a page is scanned: the resolutions of T.30 table 2, by their names in it.

    Examples
    --------
    >>> fine = Resolution("R8 × 7.7")
    >>> fine.name, fine.label, fine.tags, round(fine.y, 2), fine.needs
    ('FINE', 'R8 × 7.7', (204, 196), 195.58, 'fine')
    >>> Resolution.named("300 × 300") is Resolution.named("dpi_300") is Resolution.DPI_300
    True
    """

    STANDARD = "R8 × 3.85"
    FINE = "R8 × 7.7"
    SUPERFINE = "R8 × 15.4"
    R16 = "R16 × 15.4"
    DPI_200X100 = "200 × 100"
    DPI_200 = "200 × 200"
    DPI_200X400 = "200 × 400"
    DPI_300 = "300 × 300"
    DPI_300X600 = "300 × 600"
    DPI_400 = "400 × 400"
    DPI_400X800 = "400 × 800"
    DPI_600 = "600 × 600"
    DPI_600X1200 = "600 × 1200"
    DPI_1200 = "1200 × 1200"

    def __init__(self, label: str) -> None:
        row = next(one for one in _bits()["resolution"] if one["name"] == label)
        across, down = row["tags"]
        self.tags: tuple[int, int] = (across, down)
        """XResolution and YResolution of TIFF-F, an inch (RFC 2301)."""
        self.bits: tuple[frozenset[int], ...] = tuple(map(frozenset, row["bits"]))
        """What DCS has for it, first as it is sent."""
        self.needs: str | None = row.get("needs")
        """The field of DIS that says that it can be received; ``None`` where all can."""
        self.metric: bool = label.startswith("R")
        """Whether it is by the millimetre."""
        self.columns: int = round(across / 100)
        """How many times the pixels a line of R4, or of 100 dpi."""
        self.lines: int = round(down / 100)
        """How many times the lines of the standard resolution."""

    @classmethod
    def named(cls, name: str) -> Resolution:
        """Look a resolution up by the name of its member or by its label.

        Raises
        ------
        FrameError
            When there is none.
        """
        for one in cls:
            if name.upper() == one.name or name == one.label:
                return one
        known = ", ".join(one.name.lower() for one in cls)
        raise FrameError(f"no resolution is called {name!r}; there are {known}")

    @property
    def label(self) -> str:
        """As T.30 calls it: dots and lines a millimetre, or dots an inch."""
        return self.value

    @property
    def x(self) -> float:
        """Pixels an inch along a line."""
        return self.columns * (_COLUMNS * _INCH if self.metric else 100.0)

    @property
    def y(self) -> float:
        """Lines an inch."""
        return self.lines * (_LINES * _INCH if self.metric else 100.0)


@cache
def table(which: Table) -> Mapping[str, Field]:
    """Give the fields of DIS and DTC, or of DCS, by name and in the order of their bits.

    Examples
    --------
    >>> table("dis")["small_frames"].bits, table("dcs")["small_frames"].bits
    ((7,), (28,))
    """
    found = {}
    for row in _bits()["field"]:
        text = row.get(which, row.get("text"))
        if text is not None:
            values = row.get("values", {})
            name = row["name"]
            short = row.get("short", name.replace("_", " "))
            found[name] = Field(name, tuple(row["bits"]), text, short, values)
    return found


@cache
def resolutions() -> Mapping[str, Resolution]:
    """Give all resolutions by their labels, the finest first.

    Examples
    --------
    >>> resolutions()["R8 × 7.7"].name
    'FINE'
    """
    return {row["name"]: Resolution(row["name"]) for row in _bits()["resolution"]}


@cache
def codings() -> Mapping[str, Coding]:
    """Give all codings by name, the closest first.

    Examples
    --------
    >>> list(codings())
    ['T.85 L0', 'T.85', 'MMR', 'MR', 'MH']
    """
    return {
        row["name"]: Coding(
            row["name"], tuple(map(frozenset, row["bits"])), row["ecm"], row.get("needs")
        )
        for row in _bits()["coding"]
    }


def rates(modems: str) -> tuple[str, ...]:
    """Give the rates of some modems, the best first; those of a reserved code are none.

    Examples
    --------
    >>> rates("V.27ter, V.29")
    ('V.29 9600', 'V.29 7200', 'V.27ter 4800', 'V.27ter 2400')
    """
    return tuple(_bits()["rates"].get(modems, ()))


def _extends(bit: int) -> bool:
    return bit % 8 == 0 and bit >= 8 * _LEAST


def bits_of(fif: bytes) -> frozenset[int]:
    """Give the numbers of the bits that are set, without those that say that more follows.

    Examples
    --------
    >>> sorted(bits_of(bytes.fromhex("00e278")))
    [10, 14, 15, 16, 20, 21, 22, 23]
    """
    number = int.from_bytes(fif, "little")
    return frozenset(
        bit for bit in range(1, 8 * len(fif) + 1) if number >> bit - 1 & 1 and not _extends(bit)
    )


def fif_of(bits: Iterable[int]) -> bytes:
    """Make an information field in which some bits are set: of three octets, or as it needs.

    Raises
    ------
    FrameError
        For a bit that cannot be set: below 1, or one that says that an octet follows.

    Examples
    --------
    >>> fif_of([10, 14, 15, 16, 20, 21, 22, 23, 27]).hex()
    '00e2f804'
    """
    wanted = set(bits)
    wrong = sorted(one for one in wanted if one < 1 or _extends(one))
    if wrong:
        raise FrameError(f"bit {wrong[0]} is not one that can be set")
    octets = max([_LEAST, *(-(-one // 8) for one in wanted)])
    wanted.update(8 * octet for octet in range(_LEAST, octets))
    return sum(1 << one - 1 for one in wanted).to_bytes(octets, "little")


def extension_flaw(fif: bytes) -> str | None:
    """Say what is wrong with the length of an information field, or with the bits that tell it.

    Examples
    --------
    >>> extension_flaw(bytes.fromhex("00e2f8"))
    'bit 24 has it that an octet follows, and there is none'
    """
    if len(fif) < _LEAST:
        return f"{len(fif)} octets, less than {_LEAST}"
    number = int.from_bytes(fif, "little")
    for octet in range(_LEAST, len(fif)):
        if not number >> 8 * octet - 1 & 1:
            return f"bit {8 * octet} has it that nothing follows, and there is more"
    if number >> 8 * len(fif) - 1 & 1:
        return f"bit {8 * len(fif)} has it that an octet follows, and there is none"
    return None
