"""The strips of a TIFF in T.4's and T.6's codes, decoded as a fax is received.

libtiff goes on after damage in T.6's code, and what it makes of the rest is noise that nobody is
told of. Here it is an error. Damaged lines of T.4's codes are replaced by those before, as they
are in a fax, unless they are too many. A page that is said to be longer than it is ends with its
RTC or EOFB. Which of T.4's codes it is some programs do not say, or say wrongly: where the one
makes no page the other is tried.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import TiffImagePlugin

from dsp.fax.document_directory import Tag
from dsp.fax.document_page import DocumentError, inverted
from dsp.fax.t4 import Coding, Packed, decode, flip

__all__ = ["decoded"]

_T4, _T6 = 3, 4
_TWO_DIMENSIONS, _UNCOMPRESSED = 1, 2
_WHITE_IS_ZERO = 0
_TRIED: dict[Coding, tuple[Coding, ...]] = {"MH": ("MH", "MR"), "MR": ("MR", "MH"), "MMR": ("MMR",)}
_MOST_BAD = 0.25
"""Part of the rows that may be damaged or missing, as by a bad line."""


def decoded(image: TiffImagePlugin.TiffImageFile, path: Path) -> Packed | None:
    """Decode the page that Pillow is at.

    Parameters
    ----------
    image
        At the page; it is not changed.
    path
        Its file.

    Returns
    -------
    numpy.ndarray or None
        Rows as a :class:`~dsp.fax.document_page.Page` has them, not turned; ``None`` where it is
        for libtiff: another compression, tiles, lines without EOL.

    Raises
    ------
    DocumentError
        When T.6's code is damaged, or too many lines of T.4's codes.
    """
    tags = image.tag_v2
    coding = _coding(tags)
    offsets, counts = (tags.get(one) for one in (Tag.STRIP_OFFSETS, Tag.STRIP_BYTE_COUNTS))
    if coding is None or not offsets or not counts or len(offsets) != len(counts):
        return None
    height = image.height
    step = min(tags.get(Tag.ROWS_PER_STRIP, height), height)
    if step < 1 or len(offsets) != -(-height // step):
        return None
    strips = []
    with path.open("rb") as file:
        for number, (offset, count) in enumerate(zip(offsets, counts, strict=True)):
            file.seek(offset)
            octets = file.read(count)
            octets = flip(octets) if tags.get(Tag.FILL_ORDER) == 2 else octets
            strips.append((octets, min(step, height - number * step)))
    rows = _rows(strips, image.width, coding)
    if not len(rows):
        return None
    return rows if tags.get(Tag.PHOTOMETRIC) == _WHITE_IS_ZERO else inverted(rows, image.width)


def _rows(strips: list[tuple[bytes, int]], width: int, coding: Coding) -> Packed:
    """The rows of all strips, which have so many at the most; none where there is no EOL."""
    height = sum(expected for _, expected in strips)
    for tried in _TRIED[coding]:
        parts, bad = [], 0
        for octets, expected in strips:
            rows, quality = decode(octets, width, tried, limit=expected)
            parts.append(rows)
            missing = 0 if quality.ended else expected - len(rows)
            if missing and tried == "MMR":
                line = sum(map(len, parts)) + 1
                raise DocumentError(f"its code is damaged at line {line} of {height}")
            bad += missing + quality.bad_rows
        found = np.concatenate(parts)
        if bad <= _MOST_BAD * height or not len(found):
            return found
    raise DocumentError("its code is damaged, or of another kind than it says")


def _coding(tags: TiffImagePlugin.ImageFileDirectory_v2) -> Coding | None:
    """What the strips are in, if it is T.4 or T.6 and nothing is strange about them."""
    bits, samples = tags.get(Tag.BITS_PER_SAMPLE, (1,)), tags.get(Tag.SAMPLES_PER_PIXEL, 1)
    if bits not in ((1,), 1) or samples != 1:
        return None
    if tags.get(Tag.PHOTOMETRIC) not in (0, 1):
        return None
    options = tags.get(Tag.T4_OPTIONS, 0)
    match tags.get(Tag.COMPRESSION):
        case int(compression) if compression == _T6 and not tags.get(Tag.T6_OPTIONS):
            return "MMR"
        case int(compression) if compression == _T4 and not options & _UNCOMPRESSED:
            return "MR" if options & _TWO_DIMENSIONS else "MH"
    return None
