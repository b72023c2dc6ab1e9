"""PDF as pages, by pypdfium2, which comes with the extra ``pdf``.

PDFium is not thread-safe: the threads of a process take turns, a page at a time.
"""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from ctypes import byref
from itertools import islice
from pathlib import Path
from threading import RLock
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from dsp.extras import to_install
from dsp.fax.document_options import Options, Span
from dsp.fax.document_page import DocumentError, Page, centred, naming
from dsp.fax.document_tone import bilevel

__all__ = ["pages"]

_POINTS = 72
_WHITE = 0xFFFFFFFF
_ALIKE = 0.015
_INWARDS = 0.005
"""PDFium rounds a picture's edges outwards, so one of just so many pixels is drawn on one more."""
_TURN: Final = RLock()
"""Held in every call of PDFium, never over a ``yield``. Reentrant: the garbage collector may close
a document that nobody reads any more in the midst of this thread's turn."""


def pages(path: Path, options: Options, span: Span) -> Iterator[Page]:
    """Read the pages of a PDF, with what has been filled in and noted on them.

    Raises
    ------
    DocumentError
        When a page is broken, a password is wanted, or pypdfium2 is not installed.
    """
    pdfium = _pdfium()
    with _TURN:
        document = pdfium.PdfDocument(path)
    try:
        with _TURN:
            document.init_forms()
            count = len(document)
        for number in span.of(count):
            with naming(path, number):
                page = _page(pdfium, document, number - 1, options)
            yield page
    finally:
        with _TURN:
            document.close()


def _pdfium() -> Any:
    try:
        return importlib.import_module("pypdfium2")
    except ImportError:
        raise DocumentError(f"to read PDF, {to_install('pdf')}") from None


def _page(pdfium: Any, document: Any, number: int, options: Options) -> Page:
    """Draw a page with the pixels of a fax, which need not be square."""
    with _TURN:
        page = document[number]
        try:
            size = _size(pdfium, page, options)
            options.admit(*size)
            grey = _drawn(pdfium, document, page, size)
        finally:
            page.close()
    pixels = bilevel(Image.fromarray(grey), options.tone)
    return centred(pixels, options.width, options.resolution)


def _size(pdfium: Any, page: Any, options: Options) -> tuple[int, int]:
    """What the page has in pixels of the fax; as its picture has, if it is all of a scan or fax."""
    across, down = page.get_size()
    if not (across > 0 and down > 0):
        raise DocumentError("the page has no size")
    width = across / _POINTS * options.resolution.x
    height = down / _POINTS * options.resolution.y
    scale = min(1.0, options.width / width, options.height / height)
    size = max(1, round(width * scale)), max(1, round(height * scale))
    objects = list(islice(page.get_objects(max_depth=1), 2))
    if len(objects) == 1 and objects[0].type == pdfium.raw.FPDF_PAGEOBJ_IMAGE:
        picture = objects[0].get_metadata()
        drawn = int(picture.width), int(picture.height)
        if drawn[0] <= options.width and all(
            abs(one - other) <= _ALIKE * other for one, other in zip(drawn, size, strict=True)
        ):
            return drawn
    return size


def _drawn(pdfium: Any, document: Any, page: Any, size: tuple[int, int]) -> NDArray[np.uint8]:
    """``(height, width)``."""
    raw = pdfium.raw
    flags = raw.FPDF_ANNOT | raw.FPDF_GRAYSCALE
    across, down = page.get_size()
    bitmap = pdfium.PdfBitmap.new_native(*size, raw.FPDFBitmap_Gray)
    try:
        raw.FPDFBitmap_FillRect(bitmap, 0, 0, *size, _WHITE)
        x, y = (size[0] - 2 * _INWARDS) / across, (size[1] - 2 * _INWARDS) / down
        matrix = raw.FS_MATRIX(x, 0, 0, y, _INWARDS, _INWARDS)
        clip = raw.FS_RECTF(0, 0, *size)
        raw.FPDF_RenderPageBitmapWithMatrix(bitmap, page, byref(matrix), byref(clip), flags)
        if document.formenv is not None:
            raw.FPDF_FFLDraw(document.formenv, bitmap, page, 0, 0, *size, 0, flags)
        pixels: NDArray[np.uint8] = bitmap.to_numpy().reshape(size[1], size[0]).copy()
        return pixels
    finally:
        bitmap.close()
