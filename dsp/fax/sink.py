"""Where received pages go, and when they are safe there."""

from __future__ import annotations

from typing import Protocol

from dsp.fax.document import DocumentError, Page, TiffWriter
from dsp.fax.t4 import Quality

__all__ = ["Pages", "Sink", "TiffSink"]


class Sink(Protocol):
    """Takes pages. A page is confirmed to its sender only when it is stored.

    A terminal calls :meth:`put` and then asks for :attr:`stored` and :attr:`trouble` until one of
    them has changed, so that storing may take its time in another thread.
    """

    def put(self, page: Page, quality: Quality) -> None:
        """Take the next page."""

    @property
    def stored(self) -> int:
        """How many are safe."""

    @property
    def trouble(self) -> str | None:
        """Why no more can be stored; ``None`` while all is well."""


class Pages(list[Page]):
    """A sink that keeps pages in memory.

    Examples
    --------
    >>> pages = Pages()
    >>> pages.stored, pages.trouble
    (0, None)
    """

    def put(self, page: Page, quality: Quality) -> None:
        """Take the next page."""
        self.append(page)

    @property
    def stored(self) -> int:
        """How many there are."""
        return len(self)

    @property
    def trouble(self) -> str | None:
        """None ever."""
        return None


class TiffSink:
    """A sink that is a TIFF file, each page durable before :meth:`put` returns.

    Parameters
    ----------
    writer
        The file.
    """

    def __init__(self, writer: TiffWriter) -> None:
        self._writer = writer
        self._trouble: str | None = None

    def put(self, page: Page, quality: Quality) -> None:
        """Append a page, and wait for the disk."""
        try:
            self._writer.append(page, quality)
        except DocumentError as error:
            self._trouble = str(error)

    @property
    def stored(self) -> int:
        """How many are on the disk."""
        return self._writer.pages

    @property
    def trouble(self) -> str | None:
        """What the disk said."""
        return self._trouble
