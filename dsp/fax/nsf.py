"""Who made a fax terminal, by its non-standard facilities: NSF, NSC, NSS (T.30 5.3.6.2.7, T.35).

The information field begins with a country and a maker by T.35; the rest is the maker's own,
often with a model and a text, as the number or the name of the station. T.30 has since 2003 that
its octets are sent the most significant bit first, while before there were makers who did that
and makers who did not, and some who did either in one frame. What makes sense is taken.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from dsp.fax.fields import load

__all__ = ["Facilities", "country", "facilities", "reversed_bits"]

_LEAST_TEXT = 4
_TEXT = re.compile(rb"[ -~]{%d,}" % _LEAST_TEXT)
_MAKERS = frozenset(bytes.fromhex("00 04 26 3D 61 B4 B5"))
"""Countries that terminals come from: of a code that is another country's the other way round."""
_MIRROR = bytes(int(f"{one:08b}"[::-1], 2) for one in range(256))


@dataclass(frozen=True, slots=True)
class Facilities:
    """What non-standard facilities tell.

    Parameters
    ----------
    country
        Its name; ``None`` for an unknown code, and for a field without octets.
    vendor
        The maker's name; ``None`` when it is not known.
    model
        The model, as far as the list goes.
    text
        What there is to be read in it, the longest part of at least four characters.
    most_first
        Whether its codes were sent with the most significant bits first.
    """

    country: str | None
    vendor: str | None
    model: str | None
    text: str | None
    most_first: bool


def reversed_bits(octets: bytes) -> bytes:
    """Turn the bits of each octet round.

    Examples
    --------
    >>> reversed_bits(bytes([0xAD, 0x01])).hex()
    'b580'
    """
    return octets.translate(_MIRROR)


def country(code: int) -> str | None:
    """Name the country of a T.35 code.

    Examples
    --------
    >>> country(0xB5), country(0xC9)
    ('United States', None)
    """
    name: str | None = _table()["countries"].get(f"{code:02X}")
    return name


def facilities(fif: bytes) -> Facilities:
    """Read the information field of NSF, NSC or NSS.

    Parameters
    ----------
    fif
        Its octets as they are in a frame, the bit that is sent first the least significant.

    Examples
    --------
    >>> facilities(reversed_bits(bytes.fromhex("AD0055") + b"HylaFAX (tm) Version 6.0.3"))
    Facilities(country='United States', vendor='HylaFAX', model=None,
        text='HylaFAX (tm) Version 6.0.3', most_first=False)
    """
    if not fif:
        return Facilities(None, None, None, None, True)
    turned = reversed_bits(fif)
    most_first = _most_first(fif, turned)
    octets, other = (turned, fif) if most_first else (fif, turned)
    vendor = _vendor(octets)
    begin = 3 if vendor is None else len(vendor)
    texts = [*_TEXT.findall(octets[begin:]), *_TEXT.findall(other[begin:])]
    text = max(texts, key=len, default=b"").decode("ascii")
    if vendor in _backwards():
        text = text[::-1]
    return Facilities(
        country(octets[0]),
        None if vendor is None else _vendors()[vendor],
        None if vendor is None else _model(vendor, octets[begin:]),
        text.strip() or None,
        most_first,
    )


def _most_first(fif: bytes, turned: bytes) -> bool:
    """In which order the codes make sense, first by the maker and then by the country."""
    if _vendor(turned) is not None:
        return True
    if _vendor(fif) is not None:
        return False
    return turned[0] in _MAKERS or fif[0] not in _MAKERS


def _vendor(octets: bytes) -> bytes | None:
    """The codes of country and maker that octets begin with, if they are known."""
    return next((octets[:size] for size in (3, 2) if octets[:size] in _vendors()), None)


def _model(vendor: bytes, octets: bytes) -> str | None:
    """The model that has most of the octets in common with its pattern."""
    known = _models().get(vendor, {})
    fitting = [pattern for pattern in known if octets.startswith(pattern)]
    return known[max(fitting, key=len)] if fitting else None


@cache
def _table() -> dict[str, Any]:
    return load("vendors.toml")


@cache
def _vendors() -> Mapping[bytes, str]:
    return {bytes.fromhex(code): name for code, name in _table()["vendors"].items()}


@cache
def _models() -> Mapping[bytes, Mapping[bytes, str]]:
    return {
        bytes.fromhex(vendor): {bytes.fromhex(octets): name for octets, name in models.items()}
        for vendor, models in _table()["models"].items()
    }


@cache
def _backwards() -> frozenset[bytes]:
    return frozenset(map(bytes.fromhex, _table()["backwards"]))
