"""Frames of T.30 as text, a line each or bit by bit."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from typing import Any

from dsp.fax.capabilities import Capabilities, Settings
from dsp.fax.fields import Field, Table, bits_of, codings, resolutions, table
from dsp.fax.frames import (
    AddressFrame,
    CapabilityFrame,
    CodedData,
    CommandFrame,
    ContinueToCorrect,
    FacilitiesFrame,
    Frame,
    IdentFrame,
    PageRequest,
    PartialPage,
    Plain,
    Unknown,
    controls,
)

__all__ = ["describe", "record", "runs", "trace"]

_KEPT = 256
"""Of what was told last: most calls say the same."""
_SAID = frozenset({"modems", "rate", "ecm", "small_frames", "receives"})
_SAID_SIZES = frozenset({"widths", "width", "lengths", "length", "scan_times", "scan_time"})


def trace(frame: Frame) -> str:
    """Tell a frame in one line, with what is wrong with it at the end.

    Examples
    --------
    >>> from dsp.fax.frames import parse
    >>> trace(parse(bytes.fromhex("ff1383 0062f044")))
    'DCS 14400 V.17, ECM 256, MMR, R8 × 7.7, A4, 0 ms'
    >>> trace(parse(bytes.fromhex("ff13bf2f000055")))
    'PPS-EOP page 0, block 0, 86 frames'
    >>> trace(parse(bytes.fromhex("ff038c")))
    'MCF (is not said to be the last)'
    """
    if isinstance(frame, Unknown):
        return f"unknown {frame.received.hex(' ')} ({frame.why})"
    told = " ".join(filter(None, (frame.title, _told(frame))))
    return f"{told} ({'; '.join(frame.flaws)})" if frame.flaws else told


def describe(frame: Frame) -> list[str]:
    """Tell a frame in lines: what it is called, then what it says, DIS, DTC and DCS bit by bit.

    Fields of one bit are told where it is set, those of several bits always.

    Examples
    --------
    >>> from dsp.fax.frames import parse
    >>> for line in describe(parse(bytes.fromhex("ff1383 00e278"))):
    ...     print(line)
    DCS digital command signal: 00 e2 78
      bit 10          1  receive a fax
      bits 11–14   0001  modem and rate: V.17 14400
      bit 15          1  R8 × 7.7 lines/mm, 200 × 200 dpi
      bit 16          1  two-dimensional coding (MR)
      bits 17–18     00  recording width: A4
      bits 19–20     01  recording length: unlimited
      bits 21–23    111  ms a scan line: 0
    """
    if isinstance(frame, Unknown):
        return [trace(frame)]
    first = f"{frame.title} {controls()[frame.name].text}"
    fif = frame.fif + frame.rest
    lines = [f"{first}: {fif.hex(' ')}" if fif and not isinstance(frame, CodedData) else first]
    if isinstance(frame, CapabilityFrame):
        lines += _bit_lines("dis", frame.bits)
    elif isinstance(frame, CommandFrame):
        lines += _bit_lines("dcs", frame.bits)
    elif told := _told(frame):
        lines.append(f"  {told}")
    return lines + [f"  {one}" for one in frame.flaws]


def record(frame: Frame) -> dict[str, Any]:
    """Tell a frame in what JSON can have.

    Returns
    -------
    dict
        ``frame`` its name; ``octets``; ``x`` and ``final``; ``says`` as in a line; ``flaws``; of
        DIS, DTC and DCS ``fields``: those of bits.toml that are set, and all that have values.

    Examples
    --------
    >>> from dsp.fax.frames import parse
    >>> told = record(parse(bytes.fromhex("ff1383 00e278")))
    >>> told["frame"], told["fields"]["rate"], told["fields"]["fine"], "mr" in told["fields"]
    ('DCS', 'V.17 14400', True, True)
    """
    told: dict[str, Any] = {
        "frame": frame.title,
        "octets": frame.octets().hex(),
        "x": frame.x,
        "final": frame.final,
        "says": _told(frame),
        "flaws": list(frame.flaws),
    }
    if isinstance(frame, CapabilityFrame | CommandFrame):
        bits = bits_of(frame.bits)
        fields = table("dis" if isinstance(frame, CapabilityFrame) else "dcs").values()
        told["fields"] = {
            one.name: one.read(bits) if one.values else True
            for one in fields
            if one.values or one.bits_in(bits)
        }
    return told


def _told(frame: Frame) -> str:
    """What a frame says beside its name."""
    told = ""
    match frame:
        case CapabilityFrame():
            told = _capabilities(frame.capabilities)
        case CommandFrame():
            told = _settings(frame.settings)
        case IdentFrame():
            told = f'"{frame.text}"'
        case FacilitiesFrame():
            told = _facilities(frame)
        case AddressFrame():
            told = frame.text
        case PartialPage():
            told = f"page {frame.page}, block {frame.block}, {frame.frames} frames"
        case PageRequest():
            told = f"{len(frame.frames)} frames: {runs(sorted(frame.frames))}"
        case ContinueToCorrect():
            told = _rate(frame.rate)
        case CodedData():
            told = f"{frame.number}, {len(frame.data)} octets"
        case Plain():
            told = frame.code.hex(" ")
    return told


def _rate(rate: str) -> str:
    """Bit rate and modem, as spoken of."""
    modem, _, speed = rate.partition(" ")
    return f"{speed} {modem}" if speed else f"rate {rate}"


@lru_cache(_KEPT)
def _capabilities(able: Capabilities) -> str:
    # of those by the millimetre and by the inch, which have one bit, the former is told
    scans = resolutions().values()
    twins = {one.needs for one in scans if one.metric}
    seen = [one.label for one in scans if one.metric or one.needs not in twins]
    parts = [
        " ".join(reversed(able.modems.split(", "))),
        ("ECM, 64 preferred" if able.small_frames else "ECM") if able.ecm else "no ECM",
        " ".join(able.codings),
        " ".join(one for one in able.resolutions if one in seen),
        able.widths.replace(",", ""),
        _length(able.lengths),
        _scan_times(able.scan_times),
        "" if able.receives else "cannot receive",
        *_others("dis", able.fif()),
    ]
    return ", ".join(filter(None, parts))


def _length(lengths: str) -> str:
    """Lengths, where they are not A4 alone."""
    told = {"A4": "", "unlimited": "unlimited"}
    return told.get(lengths, f"{lengths.replace(',', '')} long")


def _scan_times(times: str) -> str:
    return " and ".join(dict.fromkeys(times.split(", "))) + " ms"


@lru_cache(_KEPT)
def _settings(now: Settings) -> str:
    parts = [
        _rate(now.rate),
        f"ECM {now.frame_size}" if now.ecm else "no ECM",
        now.coding,
        now.resolution,
        now.width,
        _length(now.length),
        f"{now.scan_time} ms",
        "" if now.receives else "not to receive",
        *_others("dcs", now.fif()),
    ]
    return ", ".join(filter(None, parts))


def _others(which: Table, fif: bytes) -> list[str]:
    """The names of fields that are set and not told elsewhere."""
    bits = bits_of(fif)
    known = _SAID | _SAID_SIZES | {one.needs for one in codings().values()}
    told = known | {one.needs for one in resolutions().values()}
    if which == "dcs":
        told |= {"inch"}
    rows = [one for one in table(which).values() if one.bits_in(bits) and one.name not in told]
    return [one.short for one in rows] + _reserved(which, bits)


def _reserved(which: Table, bits: Iterable[int]) -> list[str]:
    known = {bit for one in table(which).values() for bit in one.bits}
    return [f"bit {one}" for one in sorted(set(bits) - known)]


def _bit_lines(which: Table, fif: bytes) -> list[str]:
    """A line for each field that says something, and for each reserved bit that is set."""
    bits = bits_of(fif)
    lines = {}
    for one in table(which).values():
        if one.bits_in(bits) or (one.values and one.bits[0] <= 8 * min(len(fif), 3)):
            lines[one.bits[0]] = _bit_line(one, bits)
    for name in _reserved(which, bits):
        number = int(name.split()[1])
        lines[number] = f"  {name:<11}    1  reserved"
    return [lines[one] for one in sorted(lines)]


def _bit_line(one: Field, bits: frozenset[int]) -> str:
    code = "".join("1" if bit in bits else "0" for bit in one.bits)
    if not one.values:
        return f"  {f'bit {one.bits[0]}':<11} {code:>4}  {one.text}"
    value = one.values.get(code, "reserved")
    return f"  {f'bits {one.bits[0]}–{one.bits[-1]}':<11} {code:>4}  {one.text}: {value}"


def _facilities(frame: FacilitiesFrame) -> str:
    found = frame.facilities
    maker = " ".join(filter(None, (found.vendor or "maker unknown", found.model)))
    parts = [maker, found.country or "country unknown", f'"{found.text}"' if found.text else ""]
    return ", ".join(filter(None, parts))


def runs(numbers: Iterable[int]) -> str:
    """Tell numbers in their order, those that follow each other at once.

    Examples
    --------
    >>> runs([0, 1, 2, 7, 9, 10, 1])
    '0–2 7 9–10 1'
    """
    found: list[list[int]] = []
    for one in numbers:
        if found and one == found[-1][1] + 1:
            found[-1][1] = one
        else:
            found.append([one, one])
    return " ".join(f"{a}" if a == b else f"{a}–{b}" for a, b in found)
