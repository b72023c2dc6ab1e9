"""PDF of pages: each a picture in T.6's code, which every reader of PDF knows (CCITTFaxDecode)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from pathlib import Path
from typing import BinaryIO

from dsp.fax.document_disk import whole
from dsp.fax.document_page import DocumentError, Page, naming
from dsp.fax.t4 import encode

__all__ = ["write_pdf"]

_POINTS = 72
_INWARDS = 0.001
"""So far from the edges of the sheet: readers that round outwards would scale the picture."""
_HEAD = b"%PDF-1.4\n%\xe2\xe3\xcf\xd3\n"
_CATALOG, _TREE, _ABOUT, _FREE = 1, 2, 3, 4


def write_pdf(
    pages: Iterable[Page],
    path: Path,
    *,
    title: str = "",
    producer: str = "mediasock",
    date: datetime | None = None,
) -> None:
    """Write pages to a PDF file, which is there whole or not at all.

    Parameters
    ----------
    pages
        At least one; they are taken one at a time. A page is as large as its paper.
    path
        The file, which is replaced if there is one.
    title, producer, date
        What the file says of itself.

    Raises
    ------
    DocumentError
        When there is no page, or the file cannot be written.

    Examples
    --------
    >>> import tempfile
    >>> import numpy as np
    >>> from dsp.fax.document import Resolution
    >>> page = Page.from_black(np.eye(1728, dtype=np.bool_), Resolution.FINE)
    >>> with tempfile.TemporaryDirectory() as spool:
    ...     write_pdf([page], Path(spool, "a.pdf"))
    ...     Path(spool, "a.pdf").read_bytes()[:8]
    b'%PDF-1.4'
    """
    about = {"Title": title, "Producer": producer}
    if date is not None:
        about["CreationDate"] = date.strftime("D:%Y%m%d%H%M%S")
    with naming(path), whole(path) as file:
        written = _Objects(file)
        for page in pages:
            written.page(page)
        written.end({name: words for name, words in about.items() if words})


class _Objects:
    """The objects of a PDF, written one after another, and where each begins."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._starts = {0: 0}
        self._pages: list[int] = []
        file.write(_HEAD)

    def page(self, page: Page) -> None:
        """Write the objects of a page: its picture, how it is drawn, and the page itself."""
        picture = _FREE + 3 * len(self._pages)
        across, down = (inches * _POINTS for inches in page.inches)
        size = f"/Width {page.width} /Height {page.height} /BitsPerComponent 1"
        code = f"/K -1 /Columns {page.width} /Rows {page.height}"
        self._stream(
            picture,
            f"/Type /XObject /Subtype /Image {size} /ColorSpace /DeviceGray"
            f" /Filter /CCITTFaxDecode /DecodeParms << {code} >>",
            encode(page.rows, page.width, "MMR"),
        )
        scale = f"{across - 2 * _INWARDS:.4f} 0 0 {down - 2 * _INWARDS:.4f}"
        drawn = f"{scale} {_INWARDS} {_INWARDS} cm /Fax Do"
        self._stream(picture + 1, "", drawn.encode())
        self._object(
            picture + 2,
            f"<< /Type /Page /Parent {_TREE} 0 R /MediaBox [0 0 {across:.4f} {down:.4f}]"
            f" /Resources << /XObject << /Fax {picture} 0 R >> >> /Contents {picture + 1} 0 R >>",
        )
        self._pages.append(picture + 2)

    def end(self, about: Mapping[str, str]) -> None:
        """Write the tree of the pages, and the table of all objects."""
        if not self._pages:
            raise DocumentError("there are no pages to write")
        pages = " ".join(f"{one} 0 R" for one in self._pages)
        self._object(_CATALOG, f"<< /Type /Catalog /Pages {_TREE} 0 R >>")
        self._object(_TREE, f"<< /Type /Pages /Kids [{pages}] /Count {len(self._pages)} >>")
        told = " ".join(f"/{name} {_words(words)}" for name, words in about.items())
        self._object(_ABOUT, f"<< {told} >>")
        table, count = self._file.tell(), len(self._starts)
        self._file.write(f"xref\n0 {count}\n0000000000 65535 f \n".encode())
        for number in range(1, count):
            self._file.write(f"{self._starts[number]:010} 00000 n \n".encode())
        self._file.write(
            f"trailer\n<< /Size {count} /Root {_CATALOG} 0 R /Info {_ABOUT} 0 R >>\n"
            f"startxref\n{table}\n%%EOF\n".encode()
        )

    def _object(self, number: int, body: str) -> None:
        self._starts[number] = self._file.tell()
        self._file.write(f"{number} 0 obj\n{body}\nendobj\n".encode())

    def _stream(self, number: int, entries: str, octets: bytes) -> None:
        self._starts[number] = self._file.tell()
        self._file.write(f"{number} 0 obj\n<< /Length {len(octets)} {entries} >>\n".encode())
        self._file.write(b"stream\n" + octets + b"\nendstream\nendobj\n")


def _words(words: str) -> str:
    """A text string: UTF-16 in hexadecimal, which needs no escapes."""
    return f"<{(words.encode('utf-16-be', 'replace')).hex()}>".replace("<", "<feff", 1)
