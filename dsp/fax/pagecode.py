"""Pages as they are on the line: a page and what DCS says into octets, and back.

Octets here have the bit that is sent first as the least significant one, as the frames of error
correction have it. What is in them is :mod:`dsp.fax.t4`'s:

===================== ============================================================================
error correction      MH, MR or MMR, with RTC or EOFB, and no fill
lines                 MH or MR, each line at least as long as the receiver asks for, and RTC
===================== ============================================================================
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import cast

import numpy as np

from dsp.fax import negotiation, t4
from dsp.fax.capabilities import Settings
from dsp.fax.document_fit import fit
from dsp.fax.document_page import Page, Paper, Resolution
from dsp.fax.slices import sliced
from dsp.modem.types import Bits, BitSource

__all__ = [
    "LineDecoder",
    "decode",
    "encode",
    "fitting",
    "lines",
    "minimum_bits",
    "page_of",
    "resolution_of",
    "width_of",
]

_INCH = 25.4
_TOLERANCE = 1.01
"""How many times as long a page may be as its paper.

Lines are 1/196 of an inch to many, which are 0.2 % less than at 7.7 a millimetre.
"""
_LENGTHS = {"A4": Paper.A4, "B4": Paper.B4}
_WIDTHS = {"A4": Paper.A4, "B4": Paper.B4, "A3": Paper.A3}
_SCAN_TIMES = ("0", "5", "10", "20", "40")
"""Milliseconds; all else are codes that are reserved."""
_ZEROS = 3
"""That a code word may end in."""
_AT_ONCE = 8192
"""Bits of lines that are gathered: to decode each block of sound by itself would cost more."""


def resolution_of(settings: Settings) -> Resolution:
    """Give the resolution of a page that is sent with these settings.

    Examples
    --------
    >>> resolution_of(Settings("V.17 14400", resolution="R8 × 7.7"))
    <Resolution.FINE: 'R8 × 7.7'>
    """
    return Resolution(settings.resolution)


def width_of(settings: Settings) -> int:
    """Give the pixels of its lines (T.4 table 1).

    Examples
    --------
    >>> width_of(Settings("V.17 14400", resolution="300 × 300", width="B4"))
    3072
    """
    # (1, 1) is reserved, or wide (bits.toml)
    return _WIDTHS.get(settings.width, Paper.A3).width(resolution_of(settings))


def minimum_bits(settings: Settings) -> int:
    """Give how many bits a line has at least: what its scan-line time is at the rate.

    Examples
    --------
    >>> minimum_bits(Settings("V.17 14400", scan_time="20"))
    288
    """
    if settings.ecm or settings.scan_time not in _SCAN_TIMES:
        return 0
    return math.ceil(int(settings.scan_time) * settings.bit_rate / 1000)


def page_of(page: Page) -> negotiation.Page:
    """Tell what is to be negotiated for a page: the paper that it goes on.

    Examples
    --------
    >>> page_of(Page.from_black(np.zeros((9000, 1900), dtype=np.bool_), Resolution.FINE))
    Page(resolution='R8 × 7.7', width='B4', length='unlimited')
    """
    resolution = page.resolution
    widths = (name for name, one in _WIDTHS.items() if page.width <= one.width(resolution))
    lengths = (name for name, one in _LENGTHS.items() if page.height <= _longest(one, resolution))
    return negotiation.Page(resolution.label, next(widths, "A3"), next(lengths, "unlimited"))


def fitting(page: Page, settings: Settings, *, above: int = 0) -> Page:
    """Make a page what the settings say: its resolution and width, and no longer than they allow.

    Parameters
    ----------
    page
        Any. What is too long is reduced in both directions, so that nothing of it is lost but
        white lines at the end.
    settings
        As :func:`dsp.fax.negotiation.choose` gives them for the page.
    above
        Lines that are to be put on top of it.

    Examples
    --------
    >>> page = Page.from_black(np.ones((2800, 2432), dtype=np.bool_), Resolution.FINE)
    >>> fitted = fitting(page, Settings("V.29 9600"))
    >>> fitted.width, fitted.height, fitted.resolution
    (1728, 995, <Resolution.STANDARD: 'R8 × 3.85'>)
    """
    width, resolution = width_of(settings), resolution_of(settings)
    paper = _LENGTHS.get(settings.length)
    lines = None if paper is None else _longest(paper, resolution) - above
    return fit(page, width, resolution, lines=lines)


def encode(page: Page, settings: Settings) -> bytes:
    """Code a page.

    Parameters
    ----------
    page
        As wide and as fine as the settings say: see :func:`fitting`.
    settings
        Their coding, scan-line time and rate.

    Raises
    ------
    T4Error
        When it is of another width, or the coding is none of T.4's and T.6's.

    Examples
    --------
    >>> page = Page.from_black(np.zeros((1, 1728), dtype=np.bool_), Resolution.STANDARD)
    >>> encode(page, Settings("V.17 14400", ecm=True, coding="MMR")).hex()
    '01100001'
    """
    encoder = t4.Encoder(
        cast(t4.Coding, settings.coding),
        width_of(settings),
        k=_k(resolution_of(settings)),
        minimum_bits=minimum_bits(settings),
    )
    return t4.flip(encoder.encode(page.rows) + encoder.finish())


def lines(octets: bytes) -> BitSource:
    """Give the bits of a page without error correction as a modem asks for them."""
    return sliced(np.unpackbits(np.frombuffer(octets, dtype=np.uint8), bitorder="little"))


class LineDecoder:
    """A page without error correction, made of bits as they come.

    Parameters
    ----------
    settings
        Their coding, resolution and width.

    Raises
    ------
    T4Error
        When the coding is none of T.4's and T.6's.

    Examples
    --------
    >>> settings = Settings("V.29 9600", scan_time="10")
    >>> page = Page.from_black(np.eye(3, 1728, dtype=np.bool_), Resolution.STANDARD)
    >>> decoder = LineDecoder(settings)
    >>> decoder.process_bits(lines(encode(page, settings))(10_000))
    >>> received, quality = decoder.finish()
    >>> bool((received.rows == page.rows).all()), quality.bad_rows, quality.ended
    (True, 0, True)
    """

    def __init__(self, settings: Settings) -> None:
        self._width, self._resolution = width_of(settings), resolution_of(settings)
        self._decoder = t4.Decoder(cast(t4.Coding, settings.coding), self._width)
        self._bits: list[Bits] = []
        self._waiting = 0
        self._rows: list[t4.Packed] = []

    @property
    def quality(self) -> t4.Quality:
        """How the page has come by now."""
        self._decode()
        return self._decoder.quality

    def process_bits(self, bits: Bits) -> None:
        """Take the next bits.

        Parameters
        ----------
        bits
            ``(n,)`` uint8, as received.
        """
        self._bits.append(bits)
        self._waiting += len(bits)
        if self._waiting >= _AT_ONCE:
            self._decode()

    def finish(self) -> tuple[Page | None, t4.Quality]:
        """End the page.

        Returns
        -------
        tuple
            The page, ``None`` where there are no rows, and how it has come.
        """
        self._decode()
        self._rows.append(self._decoder.finish())
        return _made(self._rows, self._width, self._resolution), self._decoder.quality

    def _decode(self) -> None:
        if self._bits:
            self._rows.append(self._decoder.process_bits(np.concatenate(self._bits)))
        self._bits.clear()
        self._waiting = 0


def decode(
    data: bytes, settings: Settings, *, gaps: Sequence[tuple[int, int]] = ()
) -> tuple[Page | None, t4.Quality]:
    """Decode a page that has come by error correction, whole or not.

    Parameters
    ----------
    data
        Of :class:`dsp.fax.ecm.Incoming`.
    settings
        Their coding, resolution and width.
    gaps
        Where octets are not as they were sent, which is where zeros stand for frames that were
        given up.

    Returns
    -------
    tuple
        The page, ``None`` where there are no rows, and how it has come. In MH and MR the lines
        that were cut are bad; how many there were between them is not known. After a gap in MMR
        nothing can be decoded. Where no row is bad though some are lost, one stands for them at
        the end.

    Raises
    ------
    T4Error
        When the coding is none of T.4's and T.6's.
    """
    width = width_of(settings)
    decoder = t4.Decoder(cast(t4.Coding, settings.coding), width)
    resumes = settings.coding != "MMR"
    if not resumes and not gaps:
        data = _without_fill(data)
    first = gaps[0][0] if gaps else len(data)
    rows = [decoder.process(t4.flip(data[:first]))]
    whole = not gaps or decoder.quality.ended
    if resumes:
        rows.append(decoder.process(t4.flip(data[first:])))
    rows.append(decoder.finish())
    quality = decoder.quality
    damaged = not whole or (not resumes and quality.flaws)
    if damaged and quality.rows and not quality.bad_rows:
        rows.append(next(some[-1:] for some in reversed(rows) if len(some)))
        quality = replace(quality, rows=quality.rows + 1, bad_rows=1, longest_bad_run=1)
    return _made(rows, width, resolution_of(settings)), quality


def _without_fill(data: bytes) -> bytes:
    """Take away what fills the last frame, which is no damage where EOFB is left out."""
    data = data.rstrip(b"\0")
    zeros = 8 - data[-1].bit_length() if data else 0
    return data if zeros >= _ZEROS else data + b"\0"


def _made(parts: list[t4.Packed], width: int, resolution: Resolution) -> Page | None:
    rows = np.concatenate(parts)
    return Page(rows, width, resolution) if len(rows) else None


def _longest(paper: Paper, resolution: Resolution) -> int:
    return int(paper.height(resolution) * _TOLERANCE)


def _k(resolution: Resolution) -> int:
    """One line in so many of MR is coded by itself (T.4 4.2.1.1)."""
    return 2 * resolution.lines
