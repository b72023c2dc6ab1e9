"""The line on top of every page: when, from whom, to whom, which page.

It is as high as 16 lines of the standard resolution, 4.2 mm, at every resolution. In the United
States it is the law (47 CFR 68.318 (d)).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

from dsp.fax.document_font import BLACK_BELOW, Face
from dsp.fax.document_page import Page, Resolution
from dsp.fax.t4 import Packed, pack

__all__ = ["Header"]

_LINES = 16
_FILLED = 0.9
_MARGIN = 0.025
_GAP = 2.0


@dataclass(frozen=True, slots=True)
class Header:
    """What stands on top; what is empty is left out.

    Parameters
    ----------
    date
        When the page is sent, in the sender's time.
    name, ident
        Who sends it: words, and the number.
    to
        The number that is called.
    replaces
        Whether it takes the place of the page's first lines; or else the page gets longer.
    font
        A TrueType or OpenType file; see :meth:`~dsp.fax.document_font.Face.of` for ``None``.

    Raises
    ------
    DocumentError
        When the font cannot be read.

    Examples
    --------
    >>> header = Header(datetime(2026, 11, 26, 1, 20), "Office", "+1 555 0100", "+1 555 0199")
    >>> header.text(2, 3)
    ('2026-11-26 01:20', 'Office', '+1 555 0100', 'To: +1 555 0199', '2/3')
    """

    date: datetime | None = None
    name: str = ""
    ident: str = ""
    to: str = ""
    replaces: bool = False
    font: Path | None = None

    def __post_init__(self) -> None:
        Face.of(self.font, _LINES)

    def text(self, number: int, count: int | None) -> tuple[str, ...]:
        """What stands on a page, from the left.

        Parameters
        ----------
        number, count
            Which page it is of how many, if that is known.
        """
        date = self.date.strftime("%Y-%m-%d %H:%M") if self.date else ""
        to = f"To: {self.to}" if self.to else ""
        page = f"Page {number}" if count is None else f"{number}/{count}"
        parts = (date, self.name, self.ident, to, page)
        return tuple(" ".join(part.split()) for part in parts if part.strip())

    def lines(self, resolution: Resolution) -> int:
        """How many lines a page gets longer by it.

        Examples
        --------
        >>> Header(name="Office").lines(Resolution.FINE)
        32
        """
        return 0 if self.replaces else _LINES * resolution.lines

    def on(self, page: Page, number: int, count: int | None = None) -> Page:
        """The page with the line on top."""
        row = self._row(page, self.text(number, count))
        rest = page.rows[len(row) :] if self.replaces else page.rows
        return Page(np.concatenate([row, rest]), page.width, page.resolution)

    def _row(self, page: Page, parts: tuple[str, ...]) -> Packed:
        """The line, drawn with pixels as wide as high and scaled to those of the page."""
        resolution = page.resolution
        dpi = max(resolution.x, resolution.y)
        height = _LINES * resolution.lines
        image = Image.new(
            "L", _up(page.width * dpi / resolution.x, height * dpi / resolution.y), 255
        )
        room = image.width * (1 - 2 * _MARGIN)
        line = _line(parts, image.height, room, self.font)
        image.paste(line, (round(image.width * _MARGIN), 0))
        greys = np.asarray(image.resize((page.width, height), Image.Resampling.BOX))
        return pack(greys < BLACK_BELOW)


def _line(parts: tuple[str, ...], height: int, room: float, path: Path | None) -> Image.Image:
    """The parts with even gaps between; squeezed where there is no room."""
    face = Face.of(path, height * _FILLED)
    face = Face.of(path, (height * _FILLED) ** 2 / face.height)
    lengths = [face.length(part) for part in parts]
    least = _GAP * face.length(" ")
    gap = max(least, (room - sum(lengths)) / max(1, len(parts) - 1))
    starts = [0.0]
    for length, _ in pairwise(lengths):
        starts.append(starts[-1] + length + gap)
    line = Image.new("L", _up(starts[-1] + lengths[-1], height), 255)
    pen = ImageDraw.Draw(line)
    for start, part in zip(starts, parts, strict=True):
        face.draw(pen, (start, (height - face.height) / 2), part)
    if line.width > room:
        line = line.resize(_up(room, height), Image.Resampling.LANCZOS)
    return line


def _up(width: float, height: float) -> tuple[int, int]:
    return math.ceil(width), math.ceil(height)
