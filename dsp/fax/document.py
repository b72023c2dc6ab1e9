"""Documents of a fax: files in, pages out, and pages in, files out.

=================== ===============================================================================
in                  :func:`read`: TIFF, PNG, JPEG, …, plain text, and PDF with the extra ``[pdf]``
between             :func:`fit` to what the far end takes, :class:`Header` on top
out                 :class:`TiffWriter`, page by page and durable; :func:`write_pdf`,
                    :func:`write_png`
=================== ===============================================================================
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

from PIL import Image

from dsp.fax import document_image, document_pdf_read, document_text
from dsp.fax.document_disk import whole
from dsp.fax.document_fit import fit, suitable
from dsp.fax.document_header import Header
from dsp.fax.document_options import Options, Span, Tone
from dsp.fax.document_page import DocumentError, Page, Paper, Resolution, naming
from dsp.fax.document_pdf import write_pdf
from dsp.fax.document_tiff import TiffWriter

__all__ = [
    "DocumentError",
    "Header",
    "Options",
    "Page",
    "Paper",
    "Resolution",
    "TiffWriter",
    "Tone",
    "fit",
    "read",
    "suitable",
    "write_pdf",
    "write_png",
]

_HEAD = 1024
_PDF = b"%PDF-"


def read(
    path: Path,
    options: Options | None = None,
    *,
    first: int = 1,
    last: int | None = None,
    counted: Callable[[int], object] | None = None,
) -> Iterator[Page]:
    """Read the pages of a document, one at a time.

    A black and white picture that is a fax already comes as it is, to the bit. What a file is is
    told by its content; only the suffixes ``.txt`` and ``.text`` are believed.

    Parameters
    ----------
    path
        The file.
    options
        How all else is made a fax: the paper, the resolution, how grey is shown, and how much is
        too much.
    first, last
        Which pages, the first is 1; ``None`` is the last there is.
    counted
        Told how many pages the file has, before the first of them is read.

    Yields
    ------
    Page
        As wide as one of T.4's papers, at one of T.30's resolutions.

    Raises
    ------
    DocumentError
        When the file is not there, is of no known kind, has not the pages that are wanted or too
        many of them, or when a page is broken or too large. Those before it have been given.

    Examples
    --------
    >>> [(page.width, page.height) for page in read(Path("fixtures/fax/two.tiff"))]
    [(1728, 2200), (1728, 700)]
    >>> next(read(Path("no.tiff")))
    Traceback (most recent call last):
        ...
    dsp.fax.document_page.DocumentError: no.tiff: No such file or directory
    """
    options = options or Options()
    with naming(path):
        span = Span(first, last, options.pages, counted)
        yield from _reader(path, options)(path, options, span)


def write_png(page: Page, path: Path, *, square: bool = False) -> None:
    """Write a page to a PNG file, which is there whole or not at all.

    Parameters
    ----------
    page
        Its resolution is kept in the file.
    path
        The file, which is replaced if there is one.
    square
        Whether lines are repeated so that pixels are as wide as high, for programs that know of
        no others.

    Raises
    ------
    DocumentError
        When it cannot be written.
    """
    image = page.image()
    dpi = page.resolution.x, page.resolution.y
    if square:
        height = max(1, round(page.height * dpi[0] / dpi[1]))
        image, dpi = image.resize((page.width, height), Image.Resampling.NEAREST), (dpi[0], dpi[0])
    with naming(path), whole(path) as file:
        image.save(file, "PNG", dpi=dpi, optimize=False)


def _reader(path: Path, options: Options) -> Callable[[Path, Options, Span], Iterator[Page]]:
    octets = path.stat().st_size
    if octets > options.octets:
        raise DocumentError(f"{octets} octets are more than {options.octets}")
    if path.suffix.lower() in document_text.SUFFIXES:
        return document_text.pages
    with path.open("rb") as file:
        head = file.read(_HEAD)
    if not head:
        raise DocumentError("it is empty")
    if _PDF in head:
        return document_pdf_read.pages
    return document_image.pages if document_image.is_picture(path) else document_text.pages
