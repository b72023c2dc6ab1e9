"""libspandsp's fax modems beside ours, of one shape with them; and data as its modems send them.

Its modems call back for every bit. What they call is compiled, for Python would take longer over
a bit than they do: bits to send are read from a buffer, bits received appended to one.
"""

import ctypes
from functools import cache, lru_cache

import numpy as np
from numba import carray, cfunc

from dsp.modem.types import Bits, Report
from dsp.types import RATE, Samples, amplitude, dbm0, whole
from tests.support.spandsp import library
from tests.support.spandsp_signals import FSK_V21_CHANNEL_2, fsk, fsk_spec

MODEMS = (
    *(("v17", rate) for rate in (7200, 9600, 12000, 14400)),
    *(("v29", rate) for rate in (4800, 7200, 9600)),
    *(("v27ter", rate) for rate in (2400, 4800)),
    *(("v21", channel) for channel in (0, 1)),
    *(("v22bis", side) for side in (0, 1)),
)
"""Modems and their bit rates, of V.21 channels, of V.22 bis the side: 1 has called."""

LEVEL = -14.0
"""dBm0 that its modems are told to send."""

_GET_BIT = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p)
_PUT_BIT = ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.c_int)

_SYNCHRONOUS = 1
_END_OF_DATA = -7
_STATUS = {-1: "carrier lost", -2: "carrier up", -4: "trained", -5: "training failed"}
_CUTOFF = {"v21": -39.09}
_LEAST = -45.5
"""dBm0 below which a carrier is none, as its own fax terminals have it."""

_COUNT, _ROOM, _POSITION, _FIRST = range(4)
"""A buffer of int32: how many numbers it has, or how many are read; for how many there is room,
or how many there are; the sample now; the first number."""


@cfunc("int32(voidptr)", cache=True)
def _get_bit(user):  # type: ignore[no-untyped-def]
    buffer = carray(user, (1 << 28,), np.int32)
    if buffer[_COUNT] >= buffer[_ROOM]:
        return _END_OF_DATA
    buffer[_COUNT] += 1
    return buffer[_FIRST + buffer[_COUNT] - 1]


@cfunc("void(voidptr, int32)", cache=True)
def _put_bit(user, bit):  # type: ignore[no-untyped-def]
    buffer = carray(user, (1 << 28,), np.int32)
    count = buffer[_COUNT]
    if count + 2 > buffer[_ROOM]:
        return
    buffer[_FIRST + count] = bit
    buffer[_COUNT] = count + 1
    if bit < 0:
        buffer[_FIRST + count + 1] = buffer[_POSITION]
        buffer[_COUNT] = count + 2


def _new(name: str, *args: object) -> ctypes.c_void_p:
    function = getattr(library(), name)
    function.restype = ctypes.c_void_p
    return ctypes.c_void_p(function(None, *args))


def _at(array: np.ndarray, begin: int = 0) -> ctypes.c_void_p:
    return ctypes.c_void_p(array.ctypes.data + begin * array.itemsize)


def _native(callback) -> ctypes.c_void_p:
    return ctypes.c_void_p(callback.address)


class Transmitter:
    """Its transmitter of one of our modems.

    Parameters
    ----------
    modem
        ``"v17"``, ``"v29"``, ``"v27ter"`` or ``"v21"``, which is of channel 2.
    rate
        Bits a second.
    short_training
        Only V.17 sends one.
    level
        dBm0 that the data really have, whatever its own scale makes of what it is told.
    echo_protection
        Whether the talker echo protection tone goes before the training.
    """

    def __init__(
        self,
        modem: str,
        rate: int,
        *,
        short_training: bool = False,
        level: float = -13.0,
        echo_protection: bool = False,
    ) -> None:
        assert modem == "v17" or not short_training, "only its V.17 sends a short training"
        self._modem, self._rate, self._level = modem, rate, level
        self._how = {"short_training": short_training, "echo_protection": echo_protection}

    def modulate(self, bits: Bits) -> Samples:
        """Send a whole burst: training, these bits and the turn-off."""
        gain = amplitude(self._level) / amplitude(_data_level(self._modem, self._rate))
        sound = burst(self._modem, self._rate, bits, **self._how)
        return whole(sound * gain)


def burst(
    modem: str,
    rate: int,
    bits: Bits,
    *,
    short_training: bool = False,
    echo_protection: bool = False,
    piece: int = 40,
) -> Samples:
    """A whole burst as it sends it when it is told to send with :data:`LEVEL`.

    It is asked for so many samples at a time: whether it is over it only looks before them.
    """
    buffer = np.zeros(_FIRST + len(bits), dtype=np.int32)
    buffer[_ROOM] = len(bits)
    buffer[_FIRST:] = bits
    get = _native(_get_bit), _at(buffer)
    lib = library()
    if modem == "v21":
        name, state = "fsk", _new("fsk_tx_init", ctypes.byref(fsk_spec(FSK_V21_CHANNEL_2)), *get)
    else:
        name, state = modem, _new(f"{modem}_tx_init", rate, int(echo_protection), *get)
    if short_training:
        lib.v17_tx_restart(state, rate, int(echo_protection), 1)
    getattr(lib, f"{name}_tx_power")(state, ctypes.c_float(LEVEL))
    sound = np.zeros(round((len(bits) / rate + 3.0) * RATE) + piece, dtype=np.int16)
    send, length = getattr(lib, f"{name}_tx"), 0
    while sent := send(state, _at(sound, length), piece):
        length += sent
    getattr(lib, f"{name}_tx_free")(state)
    return sound[:length]


@cache
def _data_level(modem: str, rate: int) -> float:
    """dBm0 that random data have when it is told to send them with :data:`LEVEL`."""
    bits = np.random.default_rng(rate).integers(0, 2, 10 * rate, dtype=np.uint8)
    data = burst(modem, rate, bits)[2 * RATE : 9 * RATE]
    return float(dbm0(np.mean(data.astype(float) ** 2)))


class Receiver:
    """Its receiver of one of our modems.

    Parameters
    ----------
    modem
        ``"v17"``, ``"v29"``, ``"v27ter"`` or ``"v21"``, which is of channel 2.
    rate
        Bits a second.
    short_training
        Whether the first burst is expected to have one.
    cutoff
        dBm0 below which a carrier is none; without it as its own fax terminals have it.
    piece
        How many samples it is given at a time: reports are known as exactly as that.
    """

    def __init__(
        self,
        modem: str,
        rate: int,
        *,
        short_training: bool = False,
        cutoff: float | None = None,
        piece: int = 80,
    ) -> None:
        self._modem, self._rate, self._piece = modem, rate, piece
        self._name = "fsk" if modem == "v21" else modem
        self._buffer = np.zeros(_FIRST, dtype=np.int32)
        put = _native(_put_bit), None
        if modem == "v21":
            self._state = _new(
                "fsk_rx_init", ctypes.byref(fsk_spec(FSK_V21_CHANNEL_2)), _SYNCHRONOUS, *put
            )
        else:
            self._state = _new(f"{modem}_rx_init", rate, *put)
        lib, least = library(), _CUTOFF.get(modem, _LEAST) if cutoff is None else cutoff
        getattr(lib, f"{self._name}_rx_signal_cutoff")(self._state, ctypes.c_float(least))
        self._receive = getattr(lib, f"{self._name}_rx")
        self._reports: list[Report] = []
        self._position = self._bits = 0
        self.carrier = self.trained = False
        if short_training:
            self.restart(short_training=True)

    def __del__(self) -> None:
        if hasattr(self, "_state"):
            getattr(library(), f"{self._name}_rx_free")(self._state)

    def restart(self, *, short_training: bool = False) -> None:
        """Make ready for the next burst."""
        lib = library()
        if self._modem == "v21":
            lib.fsk_rx_restart(self._state, ctypes.byref(fsk_spec(FSK_V21_CHANNEL_2)), _SYNCHRONOUS)
        else:
            getattr(lib, f"{self._modem}_rx_restart")(self._state, self._rate, int(short_training))
        self.carrier = self.trained = False

    def process(self, samples: Samples) -> Bits:
        """Hear some samples; return the data bits that are known by them."""
        samples = np.ascontiguousarray(samples, dtype=np.int16)
        room = round(len(samples) * self._rate / RATE * 1.1) + 2000
        if len(self._buffer) < _FIRST + room:
            self._buffer = np.zeros(_FIRST + room, dtype=np.int32)
        buffer, name = self._buffer, self._name
        buffer[_COUNT], buffer[_ROOM] = 0, len(buffer) - _FIRST
        put = getattr(library(), f"{name}_rx_set_put_bit")
        put(self._state, _native(_put_bit), _at(buffer))
        for begin in range(0, len(samples), self._piece):
            count = min(self._piece, len(samples) - begin)
            buffer[_POSITION] = self._position + begin
            self._receive(self._state, _at(samples, begin), count)
        self._position += len(samples)
        count = int(buffer[_COUNT])
        assert count + 2 <= buffer[_ROOM], "more bits than its rate"
        return self._told(buffer[_FIRST : _FIRST + count])

    def _told(self, numbers: np.ndarray) -> Bits:
        """Part what it has put into bits and reports."""
        kept = np.ones(len(numbers), dtype=bool)
        for seen, at in enumerate(np.flatnonzero(numbers < 0)):
            kept[at : at + 2] = False
            what = _STATUS.get(int(numbers[at]))
            if what is None:
                continue
            self._reports.append(
                Report(what, int(numbers[at + 1]), self._bits + int(at) - 2 * seen)
            )
            self.carrier = what != "carrier lost" and (self.carrier or what == "carrier up")
            self.trained = what == "trained" or (self.trained and what == "carrier up")
        bits = numbers[kept].astype(np.uint8)
        self._bits += len(bits)
        return bits

    def reports(self) -> list[Report]:
        """Return what has happened since this was last asked."""
        reports, self._reports = self._reports, []
        return reports


def _by_fax_modem(name: str, rate: int, seconds: float, get: object) -> Samples:
    lib = library()
    state = _new(f"{name}_tx_init", rate, 0, get, None)
    getattr(lib, f"{name}_tx_power")(state, ctypes.c_float(LEVEL))
    sound = np.zeros(round(seconds * RATE), dtype=np.int16)
    getattr(lib, f"{name}_tx")(state, _at(sound), len(sound))
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
        at = [_at(sound[one, unit]) for one in (0, 1)]
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
