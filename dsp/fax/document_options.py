"""What is made of a file that is no fax yet, and how large it may be."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypeAlias

from dsp.fax.document_page import DocumentError, Paper, Resolution

__all__ = ["Options", "Span", "Tone"]

Tone: TypeAlias = Literal["auto", "dither", "threshold"]


@dataclass(frozen=True, slots=True)
class Options:
    """How files become pages; those that are faxes already stay as they are.

    Parameters
    ----------
    paper
        What pictures and text are laid out on.
    resolution
        What they are made at.
    tone
        How grey is shown. ``"dither"``: by error diffusion, for photographs. ``"threshold"``:
        black or white, for text. ``"auto"``: each part of a page as it looks.
    font
        A TrueType or OpenType file for plain text; see :meth:`~dsp.fax.document_font.Face.of`
        for ``None``.
    points, margin
        Size of the font, and what is left free on all sides in millimetres.
    pixels, pages, octets
        Pixels of a page, pages of a file and octets of a file that are still taken.
    """

    paper: Paper = Paper.A4
    resolution: Resolution = Resolution.FINE
    tone: Tone = "auto"
    font: Path | None = None
    points: float = 11.0
    margin: float = 20.0
    pixels: int = 80_000_000
    pages: int = 1000
    octets: int = 512 * 1024 * 1024

    @property
    def width(self) -> int:
        """Pixels a line of the paper."""
        return self.paper.width(self.resolution)

    @property
    def height(self) -> int:
        """Lines of the paper."""
        return self.paper.height(self.resolution)

    def admit(self, width: int, height: int) -> None:
        """Refuse a page of too many pixels, or of none.

        Raises
        ------
        DocumentError
            When it is so.
        """
        if width < 1 or height < 1:
            raise DocumentError(f"{width} × {height} pixels are no page")
        if width * height > self.pixels:
            raise DocumentError(f"{width} × {height} pixels are more than {self.pixels}")


@dataclass(frozen=True, slots=True)
class Span:
    """Which pages of a file are wanted.

    Parameters
    ----------
    first, last
        Numbers of pages, the first is 1; ``None`` is the last there is.
    limit
        How many pages a file may have.
    counted
        Told how many it has.

    Examples
    --------
    >>> list(Span(2, None, 1000).of(4))
    [2, 3, 4]
    """

    first: int
    last: int | None
    limit: int
    counted: Callable[[int], object] | None = None

    def __post_init__(self) -> None:
        if self.first < 1 or (self.last is not None and self.last < self.first):
            raise DocumentError(f"there are no pages from {self.first} to {self.last}")

    def of(self, count: int) -> Iterator[int]:
        """The numbers of those that are wanted, of a file of `count` pages.

        Raises
        ------
        DocumentError
            When it has too many, or not all that are wanted.
        """
        if count > self.limit:
            raise DocumentError(f"{count} pages are more than {self.limit}")
        if self.counted is not None:
            self.counted(count)
        last = count if self.last is None else self.last
        if max(self.first, last) > count:
            raise DocumentError(f"page {max(self.first, last)} is wanted, there are {count}")
        return iter(range(self.first, last + 1))
