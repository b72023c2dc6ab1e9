"""The frames of T.30, built and read by name (T.30 5.3, annex A; T.4 annex A).

A frame is its address, FF, its control field, 13 for the last one of a transmission and 03 for
those before it, its facsimile control field, which tells what it is, and often a facsimile
information field. Octets are those of :mod:`dsp.fax.hdlc`: the bit that is sent first is the least
significant one. What is in which field is in frames.toml, who may send it in T.30.

============================ ======================================================================
:class:`Plain`               CFR FTT CTR, MPS EOM EOP EOS PRI-…, MCF RTN RTP PIN PIP RR RNR ERR,
                             DCN CRP TR TNR and more: their name is all that they say
:class:`CapabilityFrame`     DIS DTC
:class:`CommandFrame`        DCS
:class:`IdentFrame`          CSI CIG TSI, PWD SEP PSA SUB SID
:class:`FacilitiesFrame`     NSF NSC NSS
:class:`AddressFrame`        CSA CIA TSA IRA ISP
:class:`PartialPage`         PPS-NULL, PPS-MPS and so on
:class:`PageRequest`         PPR
:class:`EndOfRetransmission` EOR-NULL, EOR-MPS and so on
:class:`ContinueToCorrect`   CTC
:class:`CodedData`           FCD
:class:`ReturnToControl`     RCP
:class:`Unknown`             all else, and what is too short for what it says it is
============================ ======================================================================
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypedDict

from dsp.fax.fields import FrameError
from dsp.fax.frame import (
    ADDRESS,
    FINAL,
    HEADER,
    NEXT,
    Control,
    Frame,
    Plain,
    Unknown,
    control_of,
    controls,
)
from dsp.fax.frames_page import (
    CodedData,
    ContinueToCorrect,
    EndOfRetransmission,
    PageRequest,
    PartialPage,
    ReturnToControl,
    then_of,
)
from dsp.fax.frames_setup import (
    AddressFrame,
    CapabilityFrame,
    CommandFrame,
    FacilitiesFrame,
    IdentFrame,
)

__all__ = [
    "AddressFrame",
    "CapabilityFrame",
    "CodedData",
    "CommandFrame",
    "ContinueToCorrect",
    "Control",
    "EndOfRetransmission",
    "FacilitiesFrame",
    "Frame",
    "IdentFrame",
    "PageRequest",
    "PartialPage",
    "Plain",
    "ReturnToControl",
    "Unknown",
    "controls",
    "parse",
]


class _Header(TypedDict):
    x: bool
    final: bool


def parse(octets: bytes) -> Frame:
    """Read a frame of any octets.

    Parameters
    ----------
    octets
        All but the FCS, as of :attr:`dsp.fax.hdlc.Frame.octets`.

    Returns
    -------
    Frame
        Of a class above. Its `octets` are those that were read.

    Examples
    --------
    >>> parse(bytes.fromhex("ff034353462d4749522020202020202020202020202020")).text
    'RIG-FS'
    >>> parse(bytes.fromhex("ff13b8")).why
    'the facsimile control field 0001 1101 is not known'
    >>> parse(b"").why
    '0 octets are no frame'
    """
    if len(octets) < HEADER:
        return Unknown(octets, f"{len(octets)} octets are no frame")
    address, control, code = octets[:HEADER]
    if address != ADDRESS:
        return Unknown(octets, f"the address is {address:02X} instead of FF")
    if control not in (NEXT, FINAL):
        return Unknown(octets, f"the control field is {control:02X} instead of 03 or 13")
    known = control_of(code)
    if known is None:
        bits = f"{code:08b}"[::-1]
        return Unknown(octets, f"the facsimile control field {bits[:4]} {bits[4:]} is not known")
    header: _Header = {"x": known.has_x and bool(code & 1), "final": control == FINAL}
    try:
        return _READERS[known.kind](known.name, octets[HEADER:], header)
    except FrameError as error:
        return Unknown(octets, f"{known.name}: {error}")


def _cut(fif: bytes, size: int) -> tuple[bytes, bytes]:
    """An information field, and what comes after it."""
    if len(fif) < size:
        raise FrameError(f"{len(fif)} octets of information instead of {size}")
    return fif[:size], fif[size:]


def _plain(name: str, fif: bytes, header: _Header) -> Plain:
    return Plain(name, rest=fif, **header)


def _octets(name: str, fif: bytes, header: _Header) -> Plain:
    return Plain(name, fif, **header)


def _capability(name: str, fif: bytes, header: _Header) -> CapabilityFrame:
    return CapabilityFrame(name, fif, **header)


def _command(_: str, fif: bytes, header: _Header) -> CommandFrame:
    return CommandFrame(fif, **header)


def _ident(name: str, fif: bytes, header: _Header) -> IdentFrame:
    return IdentFrame(name, fif[::-1], **header)


def _facilities(name: str, fif: bytes, header: _Header) -> FacilitiesFrame:
    return FacilitiesFrame(name, fif, **header)


def _address(name: str, fif: bytes, header: _Header) -> AddressFrame:
    (number, kind, size), address = _cut(fif, 3)
    return AddressFrame(name, number & 0x7F, number >= 0x80, kind, size, address, **header)


def _page(_: str, fif: bytes, header: _Header) -> PartialPage:
    (code, page, block, frames), rest = _cut(fif, 4)
    then, x = then_of(code)
    same = x is None or x == header["x"]
    return PartialPage(then, page, block, frames + 1, same, rest=rest, **header)


def _end(_: str, fif: bytes, header: _Header) -> EndOfRetransmission:
    (code,), rest = _cut(fif, 1)
    then, x = then_of(code)
    return EndOfRetransmission(then, x is None or x == header["x"], rest=rest, **header)


def _map(_: str, fif: bytes, header: _Header) -> PageRequest:
    octets, rest = _cut(fif, 32)
    number = int.from_bytes(octets, "little")
    frames = frozenset(one for one in range(256) if number >> one & 1)
    return PageRequest(frames, rest=rest, **header)


def _correct(_: str, fif: bytes, header: _Header) -> ContinueToCorrect:
    bits, rest = _cut(fif, 2)
    return ContinueToCorrect(bits, rest=rest, **header)


def _data(_: str, fif: bytes, header: _Header) -> CodedData:
    (number,), data = _cut(fif, 1)
    return CodedData(number, data, **header)


def _return(_: str, fif: bytes, header: _Header) -> ReturnToControl:
    return ReturnToControl(rest=fif, **header)


_READERS: dict[str, Callable[[str, bytes, _Header], Frame]] = {
    "plain": _plain,
    "octets": _octets,
    "capability": _capability,
    "command": _command,
    "ident": _ident,
    "facilities": _facilities,
    "address": _address,
    "page": _page,
    "end": _end,
    "map": _map,
    "correct": _correct,
    "data": _data,
    "return": _return,
}
