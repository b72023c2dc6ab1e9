"""spandsp's T.4 and T.6 by ctypes, beside ours: pages into octets and back."""

import ctypes
import tempfile
import time
from pathlib import Path

import numpy as np
from PIL import Image

from dsp.fax.t4 import Coding, Packed, flip, unpack
from tests.support.spandsp import library

_ENCODINGS = {"MH": 1, "MR": 2, "MMR": 3}
_CHUNK = 1 << 22
_ROW = ctypes.CFUNCTYPE(
    ctypes.c_int, ctypes.c_void_p, ctypes.POINTER(ctypes.c_uint8), ctypes.c_size_t
)


def _quiet(lib: ctypes.CDLL) -> None:
    lib.t4_tx_init.restype = lib.t4_rx_init.restype = ctypes.c_void_p


def encoded(
    rows: Packed, width: int, coding: Coding, *, minimum_bits: int = 0
) -> tuple[bytes, float]:
    """Return a page's octets and the seconds of CPU that they took.

    It encodes files only: what it takes to read one, in PackBits, is counted.
    """
    lib = library()
    _quiet(lib)
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory, "page.tiff")
        # a page of another size or resolution than a fax has is refused
        image = Image.fromarray(~unpack(rows, width))
        image.save(path, compression="packbits", dpi=(204, 196))
        state = ctypes.c_void_p(lib.t4_tx_init(None, bytes(path), -1, -1))
        lib.t4_tx_set_tx_encoding(state, _ENCODINGS[coding])
        lib.t4_tx_set_min_bits_per_row(state, minimum_bits)
        begin = time.process_time()
        assert lib.t4_tx_start_page(state) == 0
        took = time.process_time() - begin
        chunk = ctypes.create_string_buffer(_CHUNK)
        length = lib.t4_tx_get_chunk(state, chunk, _CHUNK)
        lib.t4_tx_free(state)
    return flip(chunk.raw[:length]), took


def decoded(octets: bytes, width: int, coding: Coding) -> Packed:
    """Return the rows of a page's octets."""
    rows: list[bytes] = []

    def give(_user: object, row: object, length: int) -> int:
        # it tells the end by a row that is none
        if row and length:
            rows.append(ctypes.string_at(row, length))
        return 0

    _decode(octets, width, coding, _ROW(give))
    return np.frombuffer(b"".join(rows), dtype=np.uint8).reshape(len(rows), -1)


def decoding_time(octets: bytes, width: int, coding: Coding) -> float:
    """Return the seconds of CPU that it takes to decode a page, whose rows go nowhere."""
    # any function of C's library that does nothing and returns something positive
    return _decode(octets, width, coding, ctypes.CDLL(None).strnlen)


def _decode(octets: bytes, width: int, coding: Coding, give: object) -> float:
    lib = library()
    _quiet(lib)
    with tempfile.TemporaryDirectory() as directory:
        path = bytes(Path(directory, "page.tiff"))
        state = ctypes.c_void_p(lib.t4_rx_init(None, path, _ENCODINGS["MMR"]))
        lib.t4_rx_set_image_width(state, width)
        lib.t4_rx_set_rx_encoding(state, _ENCODINGS[coding])
        lib.t4_rx_set_row_write_handler(state, give, b"x")
        lib.t4_rx_start_page(state)
        flipped = flip(octets)
        begin = time.process_time()
        lib.t4_rx_put_chunk(state, flipped, len(flipped))
        took = time.process_time() - begin
        lib.t4_rx_end_page(state)
        lib.t4_rx_free(state)
    return took
