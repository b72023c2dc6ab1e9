"""A page's directory in a TIFF file (TIFF 6.0 section 2), little-endian."""

from __future__ import annotations

import struct
from collections.abc import Mapping
from enum import IntEnum
from typing import TypeAlias

__all__ = ["Directory", "Tag", "Value"]

Value: TypeAlias = int | str | tuple[int, int]


class Tag(IntEnum):
    """What TIFF-F says of a page, in the order in which a directory has it."""

    NEW_SUBFILE_TYPE = 254
    IMAGE_WIDTH = 256
    IMAGE_LENGTH = 257
    BITS_PER_SAMPLE = 258
    COMPRESSION = 259
    PHOTOMETRIC = 262
    FILL_ORDER = 266
    IMAGE_DESCRIPTION = 270
    STRIP_OFFSETS = 273
    SAMPLES_PER_PIXEL = 277
    ROWS_PER_STRIP = 278
    STRIP_BYTE_COUNTS = 279
    X_RESOLUTION = 282
    Y_RESOLUTION = 283
    T4_OPTIONS = 292
    T6_OPTIONS = 293
    RESOLUTION_UNIT = 296
    PAGE_NUMBER = 297
    SOFTWARE = 305
    DATE_TIME = 306
    BAD_FAX_LINES = 326
    CLEAN_FAX_DATA = 327
    CONSECUTIVE_BAD_FAX_LINES = 328


_ASCII, _SHORT, _LONG, _RATIONAL = 2, 3, 4, 5
_SHORTS = {
    Tag.BITS_PER_SAMPLE,
    Tag.COMPRESSION,
    Tag.PHOTOMETRIC,
    Tag.FILL_ORDER,
    Tag.SAMPLES_PER_PIXEL,
    Tag.RESOLUTION_UNIT,
    Tag.PAGE_NUMBER,
    Tag.CLEAN_FAX_DATA,
}
_RATIONALS = {Tag.X_RESOLUTION, Tag.Y_RESOLUTION}
_FIELD = 4


class Directory:
    """The octets of a directory and of what it points to.

    Parameters
    ----------
    values
        What it says. A text is kept as UTF-8.
    start
        Where in the file the octets go.

    Attributes
    ----------
    octets
        To be written at `start`.
    offset
        Where in the file the directory itself begins, which the link before it has to say.
    link
        Where in the file the link to the next one is: at a multiple of four, and 0 yet.
    total
        Where in the file the number of all pages is, at a multiple of two; ``-1`` if nowhere.

    Examples
    --------
    >>> directory = Directory({Tag.IMAGE_WIDTH: 1728}, 9)
    >>> directory.octets.hex(" ", 2), directory.offset, directory.link
    ('00 0100 0001 0400 0100 0000 c006 0000 0000 0000', 10, 24)
    """

    def __init__(self, values: Mapping[Tag, Value], start: int) -> None:
        aside = bytearray(-start % 2)
        entries = b""
        for tag, value in sorted(values.items()):
            kind, count, octets = _coded(tag, value)
            if len(octets) > _FIELD:
                place = struct.pack("<I", start + len(aside))
                aside += octets + bytes(len(octets) % 2)
                octets = place
            entries += struct.pack("<HHI", tag, kind, count) + octets.ljust(_FIELD, b"\0")
        aside += bytes(-(start + len(aside) + 2) % 4)
        self.offset = start + len(aside)
        self.link = self.offset + 2 + len(entries)
        self.octets = bytes(aside) + struct.pack("<H", len(values)) + entries + bytes(_FIELD)
        self.total = -1
        if Tag.PAGE_NUMBER in values:
            number = sorted(values).index(Tag.PAGE_NUMBER)
            self.total = self.offset + 2 + 12 * number + 8 + 2


def _coded(tag: Tag, value: Value) -> tuple[int, int, bytes]:
    """The type, the count and the octets of a value."""
    if isinstance(value, str):
        octets = value.replace("\0", " ").encode() + b"\0"
        return _ASCII, len(octets), octets
    if tag in _RATIONALS:
        return _RATIONAL, 1, struct.pack("<II", *_pair(value, 1))
    if tag == Tag.PAGE_NUMBER:
        return _SHORT, 2, struct.pack("<HH", *_pair(value, 0))
    whole = _pair(value, 0)[0]
    return (
        (_SHORT, 1, struct.pack("<H", whole))
        if tag in _SHORTS
        else (_LONG, 1, struct.pack("<I", whole))
    )


def _pair(value: int | tuple[int, int], second: int) -> tuple[int, int]:
    return value if isinstance(value, tuple) else (value, second)
