"""TIFF-F written page by page (RFC 2301 and 2306), so that a page that is confirmed is on disk.

A TIFF is a chain: the header says where the first page's directory is, each directory where the
next one is, and the last says 0. A page is appended in two steps, with an fsync after each:

1. its picture and its directory are written behind the end of the file. Nothing points to them:
   a reader sees the pages before, whatever part of it has been written;
2. the four octets of the link that was 0 are written. They are at a multiple of four, so never in
   two sectors: they are there or they are not.

So there is no moment at which a kill, or a loss of power, leaves a file in which a page is broken,
and a page is there for good when :meth:`TiffWriter.append` returns. The file has its name from the
first page on, by a rename; until then a file of that name is what it was. When a step fails, on a
full disk say, the file is cut back to what it was, and the page may be tried again.
"""

from __future__ import annotations

import os
import struct
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Literal, NamedTuple, Self

from dsp.fax.document_directory import Directory, Tag, Value
from dsp.fax.document_disk import create_beside, put, sync_directory
from dsp.fax.document_page import DocumentError, Page, naming
from dsp.fax.t4 import Coding, Quality, encode, flip

__all__ = ["TiffWriter"]

_HEADER = struct.pack("<2sHI", b"II", 42, 0)
_FIRST_LINK = 4
_LARGEST = 2**32 - 1
_PAGE_OF_A_FILE, _INCHES, _WHITE_IS_ZERO = 2, 2, 0
_CLEAN, _REGENERATED = 0, 1
_T4_OPTIONS = {"MH": 0, "MR": 1}
_RTC_BITS = {"MH": 6 * 12, "MR": 6 * 13}
_END = 12


class _Written(NamedTuple):
    """What is in the file for good; replaced as a whole, so that it is never half of a page's."""

    link: int
    end: int
    totals: tuple[int, ...]


class TiffWriter:
    """Write pages to a TIFF-F file, each durable when it is appended.

    A context manager; without a page there is no file.

    Parameters
    ----------
    path
        The file, which is replaced by the first page.
    coding
        What the pages are kept in, whatever they came in.
    fill_order
        1: the first pixel is the most significant bit of an octet; 2, the least, is what fax
        programs write (RFC 2306).
    software, description
        Tags of each page; the ident of the far end is what fax programs have as description.

    Raises
    ------
    DocumentError
        When a file cannot be created there.

    Examples
    --------
    >>> import tempfile
    >>> import numpy as np
    >>> from dsp.fax.document import Page, Resolution, read
    >>> page = Page.from_black(np.eye(1728, dtype=np.bool_), Resolution.FINE)
    >>> with tempfile.TemporaryDirectory() as spool:
    ...     path = Path(spool, "a.tiff")
    ...     with TiffWriter(path, description="+1 555 0100") as writer:
    ...         writer.append(page)
    ...     [(one.height, one.resolution.label) for one in read(path)]
    [(1728, 'R8 × 7.7')]
    """

    def __init__(
        self,
        path: Path,
        *,
        coding: Coding = "MMR",
        fill_order: Literal[1, 2] = 2,
        software: str = "mediasock",
        description: str = "",
    ) -> None:
        self._path = path
        self._coding = coding
        self._fill_order = fill_order
        self._software, self._description = software, description
        self._written = _Written(_FIRST_LINK, len(_HEADER), ())
        self._named = False
        self._usable = True
        with naming(path):
            self._descriptor, self._beside = create_beside(path)
            put(self._descriptor, _HEADER, 0)

    @property
    def pages(self) -> int:
        """How many have been appended."""
        return len(self._written.totals)

    def append(
        self, page: Page, quality: Quality | None = None, *, date: datetime | None = None
    ) -> None:
        """Add a page; it is on disk for good when this returns.

        Parameters
        ----------
        page
            Of any width and resolution.
        quality
            How it came, if it came over a line: CleanFaxData and what goes with it.
        date
            When.

        Raises
        ------
        DocumentError
            When the disk is full or broken, or the file would be larger than TIFF can be: the
            pages before are kept. The ``__cause__`` is the :class:`OSError`.
        """
        with naming(self._path, self.pages + 1):
            if not self._usable:
                raise DocumentError("the file is closed, or could not be cut back")
            body, directory = self._body(page, quality, date)
            if self._written.end + len(body) > _LARGEST:
                raise DocumentError("the file would be larger than 4 GB")
            try:
                self._commit(body, directory)
            except BaseException:
                self._take_back()
                raise

    def close(self) -> None:
        """Tell each page how many there are, and close the file.

        Raises
        ------
        DocumentError
            When that cannot be written; the pages are on disk all the same.
        """
        if self._descriptor < 0:
            return
        self._usable = False
        with naming(self._path):
            try:
                for total in self._written.totals:
                    put(self._descriptor, struct.pack("<H", min(self.pages, 0xFFFF)), total)
                os.fsync(self._descriptor)
            finally:
                os.close(self._descriptor)
                self._descriptor = -1
                if not self._named:
                    self._beside.unlink(missing_ok=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _commit(self, body: bytes, directory: Directory) -> None:
        link, end, totals = self._written
        put(self._descriptor, body, end)
        os.fsync(self._descriptor)
        put(self._descriptor, struct.pack("<I", directory.offset), link)
        os.fsync(self._descriptor)
        if not self._named:
            self._beside.replace(self._path)
            self._named = True
            sync_directory(self._path)
        self._written = _Written(directory.link, end + len(body), (*totals, directory.total))

    def _take_back(self) -> None:
        """Make the file what it was before a page that failed."""
        try:
            if self._named and not self._written.totals:
                self._path.replace(self._beside)
                self._named = False
            put(self._descriptor, struct.pack("<I", 0), self._written.link)
            os.fsync(self._descriptor)
            os.ftruncate(self._descriptor, self._written.end)
        except OSError:
            self._usable = False

    def _body(
        self, page: Page, quality: Quality | None, date: datetime | None
    ) -> tuple[bytes, Directory]:
        """All of a page, as it is written at the end of the file."""
        picture = _encoded(page, self._coding)
        if self._fill_order == 2:
            picture = flip(picture)
        before = b"\0" * (-self._written.end % 4)
        start = self._written.end + len(before)
        values = self._values(page, quality, date)
        values |= {Tag.STRIP_OFFSETS: start, Tag.STRIP_BYTE_COUNTS: len(picture)}
        directory = Directory(values, start + len(picture))
        return before + picture + directory.octets, directory

    def _values(
        self, page: Page, quality: Quality | None, date: datetime | None
    ) -> dict[Tag, Value]:
        x, y = page.resolution.tags
        values: dict[Tag, Value] = {
            Tag.NEW_SUBFILE_TYPE: _PAGE_OF_A_FILE,
            Tag.IMAGE_WIDTH: page.width,
            Tag.IMAGE_LENGTH: page.height,
            Tag.BITS_PER_SAMPLE: 1,
            Tag.COMPRESSION: 4 if self._coding == "MMR" else 3,
            Tag.PHOTOMETRIC: _WHITE_IS_ZERO,
            Tag.FILL_ORDER: self._fill_order,
            Tag.SAMPLES_PER_PIXEL: 1,
            Tag.ROWS_PER_STRIP: page.height,
            Tag.X_RESOLUTION: x,
            Tag.Y_RESOLUTION: y,
            Tag.RESOLUTION_UNIT: _INCHES,
            Tag.PAGE_NUMBER: (min(self.pages, 0xFFFF), 0),
        }
        if self._coding == "MMR":
            values[Tag.T6_OPTIONS] = 0
        else:
            values[Tag.T4_OPTIONS] = _T4_OPTIONS[self._coding]
        words: dict[Tag, Value] = {
            Tag.IMAGE_DESCRIPTION: self._description,
            Tag.SOFTWARE: self._software,
        }
        if date is not None:
            words[Tag.DATE_TIME] = date.strftime("%Y:%m:%d %H:%M:%S")
        values |= {tag: word for tag, word in words.items() if word}
        if quality is not None:
            # the decoder puts the good row before in the place of a bad one
            values[Tag.CLEAN_FAX_DATA] = _REGENERATED if quality.bad_rows else _CLEAN
            values[Tag.BAD_FAX_LINES] = quality.bad_rows
            values[Tag.CONSECUTIVE_BAD_FAX_LINES] = quality.longest_bad_run
        return values


def _encoded(page: Page, coding: Coding) -> bytes:
    """The code of a page as TIFF-F has it: T.4's without RTC (RFC 2306, RTC exclusion)."""
    octets = encode(page.rows, page.width, coding, k=2 * page.resolution.lines)
    if coding == "MMR":
        return octets
    bits = int.from_bytes(octets[-_END:], "big")
    # the last bit of RTC is a one, and after it are zeros up to a whole octet
    rtc = _RTC_BITS[coding] + (bits & -bits).bit_length() - 1
    rest = bits >> rtc << rtc
    return octets[:-_END] + rest.to_bytes(_END, "big")[: _END - rtc // 8]
