"""Pages in the codes of T.4 and T.6, by libtiff, which comes with Pillow."""

from __future__ import annotations

import io
from typing import Literal, TypeAlias

from PIL import Image, TiffImagePlugin

from dsp.fax.document_page import DocumentError, Page

__all__ = ["T4_OPTIONS", "Coding", "encode"]

Coding: TypeAlias = Literal["MH", "MR", "MMR"]

T4_OPTIONS: dict[Coding, int] = {"MH": 0, "MR": 1}
"""TIFF's T4Options: bit 0 is two-dimensional coding; ends of lines are not at ends of octets."""

_COMPRESSION: dict[Coding, str] = {"MH": "group3", "MR": "group3", "MMR": "group4"}


def encode(page: Page, coding: Coding) -> bytes:
    """Code a page.

    Parameters
    ----------
    page
        Its black is coded as black runs.
    coding
        ``"MH"``, ``"MR"``: an EOL is before every line and no RTC at the end; ``"MMR"`` has an
        EOFB.

    Returns
    -------
    bytes
        The first bit is the most significant of its octet: TIFF's FillOrder 1.

    Examples
    --------
    >>> import numpy as np
    >>> from dsp.fax.document_page import Resolution
    >>> encode(Page.from_black(np.zeros((2, 1728), np.bool_), Resolution.FINE), "MMR").hex()
    'c0040040'
    """
    image = Image.frombytes("1", (page.width, page.height), page.rows.tobytes())
    tags = {TiffImagePlugin.ROWSPERSTRIP: page.height}
    if coding in T4_OPTIONS:
        tags[292] = T4_OPTIONS[coding]
    file = io.BytesIO()
    # by the resolution libtiff chooses MR's K, 2 or 4 (T.4 clause 4.2.1)
    dpi = page.resolution.tags
    image.save(file, "TIFF", compression=_COMPRESSION[coding], tiffinfo=tags, dpi=dpi)
    file.seek(0)
    written = TiffImagePlugin.TiffImageFile(file)
    offsets = written.tag_v2[TiffImagePlugin.STRIPOFFSETS]
    counts = written.tag_v2[TiffImagePlugin.STRIPBYTECOUNTS]
    if len(offsets) != 1:
        raise DocumentError(f"libtiff made {len(offsets)} strips of a page")
    return file.getvalue()[offsets[0] : offsets[0] + counts[0]]
