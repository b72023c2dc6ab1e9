"""spandsp's receivers for fax modems by ctypes, in the shape of ours (:mod:`dsp.modem.types`)."""

import ctypes

import numpy as np

from dsp.modem.types import Bits, Report, What
from dsp.types import Samples
from tests.support.spandsp import library
from tests.support.spandsp_signals import FSK_V21_CHANNEL_2, _Spec

_PUT_BIT = ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.c_int)
_WHAT: dict[int, What] = {
    -1: "carrier lost",
    -2: "carrier up",
    -4: "trained",
    -5: "training failed",
}


class _Receiver:
    """What is common to all: bits and what is said between them come by a callback."""

    name = ""

    def __init__(self) -> None:
        self.carrier = self.trained = False
        self._bits: list[int] = []
        self._given = self._heard = 0
        self._reports: list[Report] = []
        self._put = _PUT_BIT(self._hear)
        self._lib = library()
        init = getattr(self._lib, f"{self.name}_rx_init")
        init.restype = ctypes.c_void_p
        self._state = ctypes.c_void_p(init(None, *self._options(), self._put, None))

    def _options(self) -> tuple[object, ...]:
        raise NotImplementedError

    def _hear(self, _user: object, bit: int) -> None:
        if bit >= 0:
            self._bits.append(bit)
        elif bit in _WHAT:
            what = _WHAT[bit]
            self.carrier = what != "carrier lost"
            self.trained = what == "trained"
            self._reports.append(Report(what, self._heard, self._given + len(self._bits)))

    def process(self, samples: Samples) -> Bits:
        sound = np.ascontiguousarray(samples, dtype=np.int16)
        receive = getattr(self._lib, f"{self.name}_rx")
        for begin in range(0, len(sound), 8):
            part = sound[begin : begin + 8]
            self._heard += len(part)
            receive(self._state, ctypes.c_void_p(part.ctypes.data), len(part))
        bits = np.array(self._bits, dtype=np.uint8)
        self._given += len(bits)
        self._bits = []
        return bits

    def reports(self) -> list[Report]:
        reports, self._reports = self._reports, []
        return reports

    def __del__(self) -> None:
        getattr(self._lib, f"{self.name}_rx_free")(self._state)


class V21(_Receiver):
    """Channel 2, bits by its own clock."""

    name = "fsk"

    def _options(self) -> tuple[object, ...]:
        every = (_Spec * (FSK_V21_CHANNEL_2 + 1)).in_dll(self._library(), "preset_fsk_specs")
        return ctypes.byref(every[FSK_V21_CHANNEL_2]), 1

    @staticmethod
    def _library() -> ctypes.CDLL:
        return library()


class Fast(_Receiver):
    """One of ``"v17"``, ``"v29"``, ``"v27ter"``."""

    def __init__(self, name: str, bit_rate: int) -> None:
        self.name, self._bit_rate = name, bit_rate
        super().__init__()

    def _options(self) -> tuple[object, ...]:
        return (self._bit_rate,)

    def restart(self, *, short_training: bool = False) -> None:
        restart = getattr(self._lib, f"{self.name}_rx_restart")
        assert restart(self._state, self._bit_rate, int(short_training)) == 0
        self.carrier = self.trained = False
