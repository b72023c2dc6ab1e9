"""libtiff's T.4 and T.6, as Pillow has it, beside ours: pages into octets and back."""

import io
import struct

import numpy as np
from PIL import Image

from dsp.fax.t4 import Coding, Packed, unpack

_SHORT, _LONG = 3, 4
_COMPRESSIONS = {"MH": ("group3", 3, 0), "MR": ("group3", 3, 1), "MMR": ("group4", 4, 0)}
"""Pillow's name of each, TIFF's number, and its options: two dimensions."""

FINE, STANDARD = 196, 98
"""Rows a 25.4 mm, by which libtiff chooses K."""


def encoded(rows: Packed, width: int, coding: Coding, *, resolution: int = FINE) -> bytes:
    """Return a page's octets: of MH and MR without RTC."""
    name, _, options = _COMPRESSIONS[coding]
    file = io.BytesIO()
    # black is a one to the encoder, which is white to Pillow
    Image.fromarray(unpack(rows, width)).save(
        file,
        "TIFF",
        compression=name,
        tiffinfo={292: options} if options else {},
        dpi=(204, resolution),
        strip_size=1 << 30,
    )
    tags = Image.open(file).tag_v2
    (begin,), (length,) = tags[273], tags[279]
    return file.getvalue()[begin : begin + length]


def wrapped(octets: bytes, width: int, height: int, coding: Coding) -> bytes:
    """Return a file that has a page's octets in it."""
    _, compression, options = _COMPRESSIONS[coding]
    tags = [
        (256, _LONG, width),
        (257, _LONG, height),
        (258, _SHORT, 1),
        (259, _SHORT, compression),
        (262, _SHORT, 0),
        (266, _SHORT, 1),
        (273, _LONG, 0),
        (277, _SHORT, 1),
        (278, _LONG, height),
        (279, _LONG, len(octets)),
    ]
    if compression == 3:
        tags.append((292, _LONG, options))
    begin = 8 + 2 + 12 * len(tags) + 4
    entries = b"".join(
        struct.pack("<HHII", tag, kind, 1, begin if tag == 273 else value)
        for tag, kind, value in tags
    )
    head = struct.pack("<2sHIH", b"II", 42, 8, len(tags))
    return head + entries + struct.pack("<I", 0) + octets


def decoded(octets: bytes, width: int, height: int, coding: Coding) -> Packed:
    """Return the rows of a page's octets."""
    with Image.open(io.BytesIO(wrapped(octets, width, height, coding))) as image:
        white = np.frombuffer(image.tobytes(), dtype=np.uint8).reshape(height, -1)
    rows = ~white
    if width % 8:
        rows[:, -1] &= 0xFF << (8 - width % 8) & 0xFF
    return rows
