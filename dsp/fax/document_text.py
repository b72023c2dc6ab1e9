"""Plain text as pages: wrapped at words, a form feed begins a page, a tab goes to every 8th column.

Letters are drawn at as many pixels an inch across as down, on the finer side of the resolution,
and scaled to it: so they keep their shape where pixels are not square.
"""

from __future__ import annotations

import codecs
import math
import re
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

from dsp.fax.document_font import BLACK_BELOW, Face
from dsp.fax.document_options import Options, Span
from dsp.fax.document_page import DocumentError, Page

__all__ = ["SUFFIXES", "decoded", "laid", "pages"]

SUFFIXES = (".txt", ".text")
"""Of files that are text, whatever is in them."""

_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_STRANGE = re.compile(r"[^\t\n\r\f\x20-\U0010ffff]")
_CODE = re.compile(r"\s*(%!PS|\{\\rtf|<!doctype|<html|<\?xml|<svg)", re.IGNORECASE)
"""How PostScript, RTF, HTML and XML begin, of which nobody wants to see the source."""
_LINE_ENDS = re.compile("\r\n|[\r\x85\u2028\u2029]")
_TAB = 8
_POINTS = 72
_MILLIMETRES = 25.4
_USUAL = 64


def pages(path: Path, options: Options, span: Span) -> Iterator[Page]:
    """Read a text file: UTF-8, or UTF-16 that says so in its first two octets.

    Raises
    ------
    DocumentError
        When it is no text, or has no pages that are wanted. What is to be drawn by another program
        is text by its name alone.
    """
    text = decoded(path.read_bytes())
    code = _CODE.match(text)
    if code is not None and path.suffix.lower() not in SUFFIXES:
        raise DocumentError(f"it is no picture, PDF or text: it begins with {code[1]}")
    yield from laid(text, options, span)


def decoded(octets: bytes) -> str:
    """The text of a file.

    Raises
    ------
    DocumentError
        When it is none.

    Examples
    --------
    >>> decoded("Grüße".encode("utf-16"))
    'Grüße'
    """
    coding = next((name for mark, name in _MARKS if octets.startswith(mark)), "utf-8")
    try:
        text = octets.decode(coding)
    except UnicodeDecodeError as error:
        raise DocumentError(
            f"it is no picture or PDF, and as text it is not {coding.upper()}: "
            f"{octets[error.start]:#04x} is at octet {error.start + 1}"
        ) from None
    strange = _STRANGE.search(text)
    if strange is not None:
        raise DocumentError(f"it is no picture, PDF or text: there is {strange[0]!r} in it")
    return text


def laid(text: str, options: Options, span: Span | None = None) -> Iterator[Page]:
    r"""Lay text out on pages.

    Parameters
    ----------
    text
        Lines end with a line feed, a carriage return, both, or one of Unicode's separators.
    options
        The paper, the resolution, the font and the margin.
    span
        Which of the pages are wanted.

    Raises
    ------
    DocumentError
        When there is nothing to see, the font cannot be read, or the paper has no room for a line.

    Examples
    --------
    >>> [(page.width, page.height) for page in laid("first\fsecond", Options())]
    [(1728, 2287), (1728, 2287)]
    """
    span = span or Span(1, None, options.pages)
    options.admit(options.width, options.height)
    sheet = _Sheet(options)
    sheets = _sheets(text, sheet, span.limit)
    for number in span.of(len(sheets)):
        yield sheet.drawn(sheets[number - 1])


class _Sheet:
    """A page to draw text on: its measures are pixels as wide as high."""

    def __init__(self, options: Options) -> None:
        resolution = options.resolution
        dpi = max(resolution.x, resolution.y)
        self._options = options
        self._face = Face.of(options.font, options.points / _POINTS * dpi)
        self._margin = options.margin / _MILLIMETRES * dpi
        self._size = (
            round(options.width * dpi / resolution.x),
            round(options.height * dpi / resolution.y),
        )
        self._step = self._face.height
        self._room = self._size[0] - 2 * self._margin
        self.lines = math.floor((self._size[1] - 2 * self._margin) / self._step)
        if self.lines < 1 or self._room < self._step:
            raise DocumentError("the paper has no room for a line between its margins")

    def fits(self, text: str) -> bool:
        """Whether this is not too long for a line."""
        return self._face.length(text) <= self._room

    def columns(self, text: str) -> float:
        """How many spaces are as wide as this."""
        return self._face.length(text) / self._face.length(" ")

    def drawn(self, lines: list[str]) -> Page:
        """The page with these lines."""
        image = Image.new("L", self._size, 255)
        pen = ImageDraw.Draw(image)
        for number, line in enumerate(lines):
            self._face.draw(pen, (self._margin, self._margin + number * self._step), line)
        size = (self._options.width, self._options.height)
        greys = np.asarray(image.resize(size, Image.Resampling.BOX))
        return Page.from_black(greys < BLACK_BELOW, self._options.resolution)


def _sheets(text: str, sheet: _Sheet, limit: int) -> list[list[str]]:
    """The lines of each page; those of one page more than are allowed at most."""
    if not text.strip():
        raise DocumentError("there is no text in it")
    found: list[list[str]] = []
    for part in _LINE_ENDS.sub("\n", text).rstrip().split("\f"):
        found.append([])
        for line in part.split("\n"):
            for piece in _wrapped(_untabbed(line, sheet).rstrip(), sheet):
                if len(found[-1]) == sheet.lines:
                    found.append([])
                if len(found) > limit:
                    return found
                found[-1].append(piece)
    return found


def _untabbed(line: str, sheet: _Sheet) -> str:
    """Spaces for tabs, by the room that letters take: some take that of two, some none."""
    whole, *parts = line.split("\t")
    column = 0.0
    for last, part in pairwise([whole, *parts]):
        column += sheet.columns(last)
        spaces = _TAB - round(column) % _TAB
        column += spaces
        whole += " " * spaces + part
    return whole


def _wrapped(line: str, sheet: _Sheet) -> Iterator[str]:
    """A line in pieces that fit, cut between words if it can be."""
    begin = 0
    while begin + (count := _fitting(line, begin, sheet)) < len(line):
        end = begin + count
        space = line.rfind(" ", begin, end + 1)
        if space > 0 and line[begin:space].strip():
            end = space
        yield line[begin:end].rstrip()
        begin = end
        while line[begin] == " ":
            begin += 1
    yield line[begin:]


def _fitting(line: str, begin: int, sheet: _Sheet) -> int:
    """How many characters from there on fit; at least one, if there is any."""
    count = len(line) - begin
    fit, tried = min(1, count), min(_USUAL, count)
    while sheet.fits(line[begin : begin + tried]):
        if tried == count:
            return count
        fit, tried = tried, min(2 * tried, count)
    while tried - fit > 1:
        middle = (fit + tried) // 2
        if sheet.fits(line[begin : begin + middle]):
            fit = middle
        else:
            tried = middle
    return fit
