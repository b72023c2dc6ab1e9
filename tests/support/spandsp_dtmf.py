"""spandsp's DTMF by ctypes: its receiver to compare ours with, its sender to hear."""

from __future__ import annotations

import ctypes
from functools import cache

import numpy as np
from numpy.typing import NDArray

from dsp.types import Samples
from tests.support.spandsp import library

_MOST = 100_000
_DIGITS = ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_int)


@cache
def _functions() -> ctypes.CDLL:
    lib = library()
    pointer, int16s = ctypes.c_void_p, ctypes.c_void_p
    lib.dtmf_rx_init.restype = lib.dtmf_tx_init.restype = pointer
    lib.dtmf_rx_init.argtypes = [pointer, pointer, pointer]
    lib.dtmf_rx_parms.argtypes = [pointer] + [ctypes.c_int] * 4
    lib.dtmf_rx.argtypes = [pointer, int16s, ctypes.c_int]
    lib.dtmf_rx_get.argtypes = [pointer, ctypes.c_char_p, ctypes.c_int]
    lib.dtmf_rx_get.restype = ctypes.c_size_t
    lib.dtmf_rx_free.argtypes = lib.dtmf_tx_free.argtypes = [pointer]
    lib.dtmf_tx_init.argtypes = [pointer]
    lib.dtmf_tx_put.argtypes = [pointer, ctypes.c_char_p, ctypes.c_int]
    lib.dtmf_tx_set_level.argtypes = [pointer, ctypes.c_int, ctypes.c_int]
    lib.dtmf_tx_set_timing.argtypes = [pointer, ctypes.c_int, ctypes.c_int]
    lib.dtmf_tx.argtypes = [pointer, int16s, ctypes.c_int]
    return lib


def heard(line: Samples, *, filtered: bool = False) -> list[str]:
    """Give the keys that spandsp hears on each row ``(n, samples)``.

    Parameters
    ----------
    line
        int16 at 8 kHz.
    filtered
        With its filter against dial tones.
    """
    lib = _functions()
    found = []
    buffer = ctypes.create_string_buffer(129)
    for row in np.ascontiguousarray(line):
        receiver = lib.dtmf_rx_init(None, None, None)
        lib.dtmf_rx_parms(receiver, int(filtered), -1, -1, -99)
        text = b""
        for begin in range(0, len(row), 8000):
            part = row[begin : begin + 8000]
            lib.dtmf_rx(receiver, part.ctypes.data, len(part))
            count = lib.dtmf_rx_get(receiver, buffer, 128)
            text += buffer.raw[:count]
        lib.dtmf_rx_free(receiver)
        found.append(text.decode("ascii"))
    return found


def sent(keys: str, *, on: int = 50, off: int = 50, level: int = -10, twist: int = 0) -> Samples:
    """Give the sound of keys by spandsp's sender: milliseconds, dBm0 a tone."""
    lib = _functions()
    sender = lib.dtmf_tx_init(None)
    lib.dtmf_tx_set_level(sender, level, twist)
    lib.dtmf_tx_set_timing(sender, on, off)
    lib.dtmf_tx_put(sender, keys.encode("ascii"), -1)
    out: NDArray[np.int16] = np.zeros(_MOST, dtype=np.int16)
    count = lib.dtmf_tx(sender, out.ctypes.data, len(out))
    lib.dtmf_tx_free(sender)
    return out[:count]
