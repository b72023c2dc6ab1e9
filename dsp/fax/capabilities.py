"""What a fax terminal can do, and what it is told to do: DIS and DTC, and DCS (T.30 table 2).

====================== ===========================================================================
:class:`Capabilities`  what DIS and DTC say: each of their bits, most by a name of its own
:class:`Settings`      what DCS says: one rate, one coding, one resolution, one size
====================== ===========================================================================

The fields are those of bits.toml; a bit without a field of its own is one of `also`, by its number.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, fields
from functools import cache, lru_cache
from typing import Any, TypeAlias

from dsp.fax.fields import (
    Coding,
    Field,
    FrameError,
    Resolution,
    Table,
    bits_of,
    codings,
    fif_of,
    rates,
    resolutions,
    table,
)

__all__ = ["Capabilities", "Settings"]

_KEPT = 256
"""Of what was read and written last: most calls say the same."""

_Table: TypeAlias = Mapping[str, Coding] | Mapping[str, Resolution]


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What a terminal can do, as DIS and DTC say it.

    Those of a bit are true where it is set. What comes after the octets that were sent is false.

    Parameters
    ----------
    modems
        ``V.27ter, V.29, V.17`` and others of bits.toml; a code of bits 11 to 14 that is reserved.
    ecm
        Error correction.
    small_frames
        Frames of 64 octets are preferred to those of 256.
    mr, mmr, t85, t85_l0
        Codings besides MH: MR (T.4), MMR (T.6), JBIG (T.85), and that with any L0.
    uncompressed
        The uncompressed mode of MR and MMR.
    fine, superfine, dpi_300, dpi_400
        R8 × 7.7 and 200 × 200; R8 × 15.4 and 200 × 400; 300 × 300; R16 × 15.4 and 400 × 400.
    inch, metric
        Which resolutions are preferred where both have one bit.
    widths, lengths
        ``A4``, or ``A4, B4``, or ``A4, B4, A3``; ``A4``, or ``A4, B4``, or ``unlimited``.
    scan_times
        Milliseconds that a line takes at least at 3.85 and at 7.7 lines/mm: ``20, 10``.
    halved
        At 15.4 lines/mm half of that at 7.7.
    receives
        A fax can be sent to it.
    has_document
        There is one to be polled from it.
    subaddress, password, selective_polling, polled_subaddress
        SUB, PWD, SEP and PSA are understood; in DTC: are sent with it.
    v8, t37, t38, bft
        V.8 and so V.34; internet fax; binary files.
    also
        Numbers of other bits that are set.

    Raises
    ------
    FrameError
        When a value is none of its field's, or `also` has bits that another field is for.

    Examples
    --------
    >>> far = Capabilities.parse(bytes.fromhex("00eefac4809d80808078"))
    >>> far.modems, far.ecm, far.codings
    ('V.27ter, V.29, V.17', True, ('T.85 L0', 'T.85', 'MMR', 'MR', 'MH'))
    >>> far.fif().hex()
    '00eefac4809d80808078'
    """

    modems: str = "V.27ter, V.29, V.17"
    ecm: bool = False
    small_frames: bool = False
    mr: bool = False
    mmr: bool = False
    t85: bool = False
    t85_l0: bool = False
    uncompressed: bool = False
    fine: bool = False
    superfine: bool = False
    dpi_300: bool = False
    dpi_400: bool = False
    inch: bool = False
    metric: bool = False
    widths: str = "A4"
    lengths: str = "A4"
    scan_times: str = "0, 0"
    halved: bool = False
    receives: bool = True
    has_document: bool = False
    subaddress: bool = False
    password: bool = False
    selective_polling: bool = False
    polled_subaddress: bool = False
    v8: bool = False
    t37: bool = False
    t38: bool = False
    bft: bool = False
    also: frozenset[int] = frozenset()

    def __post_init__(self) -> None:
        _check(self, "dis", _own_bits("dis"))

    @classmethod
    def parse(cls, fif: bytes) -> Capabilities:
        """Read an information field of any length."""
        return _capabilities(fif)

    def fif(self) -> bytes:
        """Make the information field, as short as it can be."""
        return fif_of(self.bits)

    @property
    def bits(self) -> frozenset[int]:
        """The numbers of all bits that are set."""
        return _bits(self)

    def has(self, name: str) -> bool:
        """Say whether a field of bits.toml is set, also one that is no attribute.

        Raises
        ------
        KeyError
            When DIS has no such field.

        Examples
        --------
        >>> Capabilities(also=frozenset({76})).has("letter")
        True
        """
        return bool(table("dis")[name].bits_in(self.bits))

    @property
    def rates(self) -> tuple[str, ...]:
        """Modems and rates, the best first; none of a reserved code."""
        return rates(self.modems)

    @property
    def codings(self) -> tuple[str, ...]:
        """Those that it can receive, the closest first; without error correction MR and MH."""
        every = _received(codings(), self.bits)
        return tuple(name for name in every if self.ecm or not codings()[name].ecm)

    @property
    def resolutions(self) -> tuple[str, ...]:
        """Those that it can receive, the finest first."""
        return tuple(_received(resolutions(), self.bits))

    def scan_time(self, resolution: str) -> int:
        """Give how many milliseconds a line takes at least without error correction.

        Parameters
        ----------
        resolution
            ``R8 × 7.7`` and others.

        Examples
        --------
        >>> far = Capabilities(scan_times="20, 10", halved=True)
        >>> [far.scan_time(one) for one in ("R8 × 3.85", "R8 × 7.7", "R8 × 15.4")]
        [20, 10, 5]
        """
        lines = resolutions()[resolution].lines
        known = self.scan_times if "," in self.scan_times else "40, 40"
        standard, fine = map(int, known.split(", "))
        if lines == 1:
            return standard
        if lines >= 4 and self.halved:
            # DCS has no code for 2.5 ms
            return max(fine // 2, 5) if fine else 0
        return fine


@dataclass(frozen=True, slots=True)
class Settings:
    """What a page is sent with, as DCS says it.

    Parameters
    ----------
    rate
        Modem and bit/s: ``V.17 14400``; a code of bits 11 to 14 that is reserved.
    ecm
        Error correction.
    small_frames
        Its frames are of 64 octets, and not of 256.
    coding
        ``MH``, ``MR``, ``MMR``, ``T.85`` or ``T.85 L0``.
    uncompressed
        MR and MMR may have the uncompressed mode.
    resolution
        ``R8 × 7.7``, ``300 × 300`` and others of bits.toml.
    width, length
        ``A4``, ``B4`` or ``A3``; ``A4``, ``B4`` or ``unlimited``.
    scan_time
        Milliseconds a line at least: ``0``, ``5``, ``10``, ``20`` or ``40``.
    receives
        A fax is to be received.
    subaddress, sender_identification
        SUB and SID are sent with it.
    t37, t38, bft
        Internet fax; a binary file.
    also
        Numbers of other bits that are set.

    Raises
    ------
    FrameError
        When a value is none of its field's, or `also` has bits that another field is for.

    Examples
    --------
    >>> now = Settings("V.17 14400", ecm=True, coding="MMR", resolution="R8 × 7.7")
    >>> now.fif().hex(), now.modem, now.bit_rate, now.frame_size
    ('0062f044', 'V.17', 14400, 256)
    >>> Settings.parse(now.fif()) == now
    True
    """

    rate: str
    ecm: bool = False
    small_frames: bool = False
    coding: str = "MH"
    uncompressed: bool = False
    resolution: str = "R8 × 3.85"
    width: str = "A4"
    length: str = "A4"
    scan_time: str = "0"
    receives: bool = True
    subaddress: bool = False
    sender_identification: bool = False
    t37: bool = False
    t38: bool = False
    bft: bool = False
    also: frozenset[int] = frozenset()

    def __post_init__(self) -> None:
        if self.coding not in codings():
            raise FrameError(f"coding {self.coding!r} is none of {', '.join(codings())}")
        if self.resolution not in resolutions():
            raise FrameError(
                f"resolution {self.resolution!r} is none of {', '.join(resolutions())}"
            )
        _check(self, "dcs", _own_bits("dcs") | self._chosen())

    @classmethod
    def parse(cls, fif: bytes) -> Settings:
        """Read an information field of any length.

        Of bits of codings and of resolutions that contradict each other the closest and the
        finest is taken, and the others are among `also`.
        """
        return _settings(fif)

    def fif(self) -> bytes:
        """Make the information field, as short as it can be."""
        return fif_of(self.bits)

    @property
    def bits(self) -> frozenset[int]:
        """The numbers of all bits that are set."""
        return _write(self, "dcs") | self._chosen() | self.also

    def has(self, name: str) -> bool:
        """Say whether a field of bits.toml is set, also one that is no attribute.

        Raises
        ------
        KeyError
            When DCS has no such field.
        """
        return bool(table("dcs")[name].bits_in(self.bits))

    @property
    def modem(self) -> str:
        """``V.27ter``, ``V.29``, ``V.17``; of a reserved code itself."""
        return self.rate.split()[0]

    @property
    def bit_rate(self) -> int:
        """Bit/s; 0 of a reserved code."""
        _, _, rate = self.rate.partition(" ")
        return int(rate) if rate else 0

    @property
    def frame_size(self) -> int:
        """Octets of a frame of error correction: 64 or 256."""
        return 64 if self.small_frames else 256

    def _chosen(self) -> frozenset[int]:
        return codings()[self.coding].bits[0] | resolutions()[self.resolution].bits[0]


@lru_cache(_KEPT)
def _capabilities(fif: bytes) -> Capabilities:
    bits = bits_of(fif)
    return Capabilities(**_read("dis", bits), also=bits - _own_bits("dis"))


@lru_cache(_KEPT)
def _settings(fif: bytes) -> Settings:
    bits = bits_of(fif)
    coding, coded = _said(bits, codings())
    resolution, scanned = _said(bits, resolutions())
    own = _own_bits("dcs") | coded | scanned
    values = _read("dcs", bits)
    return Settings(**values, coding=coding, resolution=resolution, also=bits - own)


@lru_cache(_KEPT)
def _bits(able: Capabilities) -> frozenset[int]:
    return _write(able, "dis") | able.also


@cache
def _fields(which: Table) -> Mapping[str, Field]:
    """The fields of the table that are attributes."""
    attributes = fields(Capabilities if which == "dis" else Settings)
    return {one.name: table(which)[one.name] for one in attributes if one.name in table(which)}


@cache
def _own_bits(which: Table) -> frozenset[int]:
    return frozenset(bit for one in _fields(which).values() for bit in one.bits)


def _read(which: Table, bits: Collection[int]) -> dict[str, Any]:
    """The attributes that the bits say."""
    return {
        name: one.read(bits) if one.values else one.bits[0] in bits
        for name, one in _fields(which).items()
    }


def _write(of: Capabilities | Settings, which: Table) -> frozenset[int]:
    """The bits that the attributes say."""
    bits: frozenset[int] = frozenset()
    for name, one in _fields(which).items():
        value = getattr(of, name)
        if one.values:
            bits |= one.write(value)
        elif value:
            bits |= frozenset(one.bits)
    return bits


def _check(of: Capabilities | Settings, which: Table, own: frozenset[int]) -> None:
    """Raise where the attributes cannot be sent, or not as they are."""
    _write(of, which)
    fif_of(of.also)
    if twice := sorted(of.also & own):
        raise FrameError(f"bit {twice[0]} has a field of its own")


def _received(among: _Table, bits: Collection[int]) -> Iterator[str]:
    """Those that DIS with these bits says can be received."""
    fields = table("dis")
    for name, one in among.items():
        if one.needs is None or fields[one.needs].bits_in(bits):
            yield name


def _said(bits: frozenset[int], among: _Table) -> tuple[str, frozenset[int]]:
    """The first of some that all its bits are set of, with those bits."""
    for name, one in among.items():
        for needed in one.bits:
            if needed <= bits:
                return name, needed
    raise AssertionError("the last of a table needs no bits")
