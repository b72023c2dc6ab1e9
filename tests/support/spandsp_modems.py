"""Data as libspandsp's modems send it: random bits by V.17, V.29, V.27 ter, V.21 and V.22 bis."""

import ctypes
from functools import lru_cache

import numpy as np

from dsp.types import RATE, Samples
from tests.support.spandsp import library
from tests.support.spandsp_signals import fsk

MODEMS = (
    *(("v17", rate) for rate in (7200, 9600, 12000, 14400)),
    *(("v29", rate) for rate in (4800, 7200, 9600)),
    *(("v27ter", rate) for rate in (2400, 4800)),
    *(("v21", channel) for channel in (0, 1)),
    *(("v22bis", side) for side in (0, 1)),
)
"""Modems and their bit rates, of V.21 channels, of V.22 bis the side: 1 has called."""

LEVEL = -14.0
"""dBm0 of what they send."""

_GET_BIT = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p)
_PUT_BIT = ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.c_int)


def _new(name: str, *args: object) -> ctypes.c_void_p:
    function = getattr(library(), name)
    function.restype = ctypes.c_void_p
    return ctypes.c_void_p(function(None, *args))


def _by_fax_modem(name: str, rate: int, seconds: float, get: object) -> Samples:
    lib = library()
    state = _new(f"{name}_tx_init", rate, 0, get, None)
    getattr(lib, f"{name}_tx_power")(state, ctypes.c_float(LEVEL))
    sound = np.zeros(round(seconds * RATE), dtype=np.int16)
    getattr(lib, f"{name}_tx")(state, ctypes.c_void_p(sound.ctypes.data), len(sound))
    getattr(lib, f"{name}_tx_free")(state)
    return sound


def _by_v22bis(side: int, seconds: float, get: object) -> Samples:
    """What one of two that are connected sends, once it does."""
    lib, put = library(), _PUT_BIT(lambda _user, _bit: None)
    ends = [_new("v22bis_init", 2400, 0, one, get, None, put, None) for one in (0, 1)]
    for one in ends:
        lib.v22bis_tx_power(one, ctypes.c_float(LEVEL))
    sound = np.zeros((2, round((seconds + 2) * RATE) // 160, 160), dtype=np.int16)
    for unit in range(sound.shape[1]):
        at = [ctypes.c_void_p(sound[one, unit].ctypes.data) for one in (0, 1)]
        for one in (0, 1):
            lib.v22bis_tx(ends[one], at[one], 160)
        for one in (0, 1):
            lib.v22bis_rx(ends[one], at[1 - one], 160)
    for one in ends:
        lib.v22bis_free(one)
    sent = sound[side].reshape(-1)
    begin = int(np.flatnonzero(sent)[0])
    return sent[begin : begin + round(seconds * RATE)]


@lru_cache(maxsize=64)
def data(modem: str, what: int, seconds: float, seed: int = 0) -> Samples:
    """Training, then random bits, by one of :data:`MODEMS`."""
    rng = np.random.default_rng(seed)
    bits = rng.integers(0, 2, round(seconds * 20000)).tolist()
    if modem == "v21":
        return fsk(what, bits[: round(seconds * 300)], LEVEL)
    queue = iter(bits)
    get = _GET_BIT(lambda _user: next(queue, 1))
    if modem == "v22bis":
        return _by_v22bis(what, seconds, get)
    return _by_fax_modem(modem, what, seconds, get)
