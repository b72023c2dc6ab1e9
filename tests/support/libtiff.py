"""libtiff's T.4 and T.6 beside ours, by Pillow and by ctypes: pages into octets and back."""

import ctypes
import ctypes.util
import io
import struct
import tempfile
import time
from functools import cache
from pathlib import Path

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


@cache
def library() -> ctypes.CDLL | None:
    """Return the system's libtiff, if there is one."""
    name = ctypes.util.find_library("tiff")
    if name is None:
        return None
    lib = ctypes.CDLL(name)
    lib.TIFFOpen.restype = ctypes.c_void_p
    lib.TIFFReadEncodedStrip.argtypes = lib.TIFFWriteEncodedStrip.argtypes = [
        ctypes.c_void_p,
        ctypes.c_uint32,
        ctypes.c_void_p,
        ctypes.c_ssize_t,
    ]
    lib.TIFFReadEncodedStrip.restype = lib.TIFFWriteEncodedStrip.restype = ctypes.c_ssize_t
    return lib


def decoding_time(octets: bytes, width: int, height: int, coding: Coding) -> float:
    """Return the seconds of CPU that the system's libtiff takes to decode a page."""
    lib = library()
    assert lib is not None
    size = height * ((width + 7) // 8)
    rows = ctypes.create_string_buffer(size)
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory, "page.tiff")
        path.write_bytes(wrapped(octets, width, height, coding))
        file = ctypes.c_void_p(lib.TIFFOpen(bytes(path), b"r"))
        begin = time.process_time()
        length = lib.TIFFReadEncodedStrip(file, 0, rows, size)
        took = time.process_time() - begin
        lib.TIFFClose(file)
    assert length == size
    return took


def encoding_time(rows: Packed, width: int, coding: Coding) -> float:
    """Return the seconds of CPU that the system's libtiff takes to encode a page."""
    lib = library()
    assert lib is not None
    given = rows.tobytes()
    _, compression, options = _COMPRESSIONS[coding]
    tags = {256: width, 257: len(rows), 258: 1, 259: compression, 262: 0, 278: len(rows)}
    if options:
        tags[292] = options
    with tempfile.TemporaryDirectory() as directory:
        file = ctypes.c_void_p(lib.TIFFOpen(bytes(Path(directory, "page.tiff")), b"w"))
        for tag, value in tags.items():
            lib.TIFFSetField(file, ctypes.c_uint32(tag), ctypes.c_uint32(value))
        begin = time.process_time()
        length = lib.TIFFWriteEncodedStrip(file, 0, given, len(given))
        took = time.process_time() - begin
        lib.TIFFClose(file)
    assert length == len(given)
    return took
