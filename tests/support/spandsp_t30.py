"""spandsp's T.30 by ctypes: how it calls and tells frames, and what it sends for a DIS."""

import ctypes
from collections.abc import Iterable
from pathlib import Path

from tests.support.spandsp import library

_SET = ctypes.CFUNCTYPE(None, *[ctypes.c_void_p, ctypes.c_int, ctypes.c_int, *[ctypes.c_int] * 2])
_SEND = ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.POINTER(ctypes.c_uint8), ctypes.c_int)
_LOG = ctypes.CFUNCTYPE(None, ctypes.c_int, ctypes.c_char_p)

_FLOW = 5 | 0x8000
_SENT, _CARRIER_DOWN, _CARRIER_UP = 0, -1, -2

MODEMS = {"V.27ter": 1, "V.29": 2, "V.17": 4}
COMPRESSIONS = {"MH": 2, "MR": 4, "MMR": 8, "T.85": 0x10, "T.85 L0": 0x20}
RESOLUTIONS = 0x1 | 0x2 | 0x4 | 0x20000 | 0x40000
SIZES = 0x1 | 0x2 | 0x4 | 0x10000 | 0x20000 | 0x40000


def frame_name(octet: int) -> str:
    """Give what it calls a facsimile control field."""
    lib = library()
    lib.t30_frametype.restype = ctypes.c_char_p
    return str(lib.t30_frametype(octet).decode())


def vendor(fif: bytes) -> tuple[str | None, str | None]:
    """Give the country and the maker that it finds in the information field of an NSF."""
    found = [ctypes.c_char_p() for _ in range(3)]
    # it reads the maker's octets also where there are none
    library().t35_decode(fif + bytes(4), len(fif), *map(ctypes.byref, found))
    country, maker, _ = (None if one.value is None else one.value.decode() for one in found)
    return country, maker


class Terminal:
    """Its protocol without a line, calling.

    Parameters
    ----------
    file
        What it sends.
    modems, compressions
        Those that it may use, of `MODEMS` and `COMPRESSIONS`.
    ecm
        Whether it may use error correction.
    """

    def __init__(
        self,
        file: Path,
        *,
        modems: Iterable[str] = MODEMS,
        compressions: Iterable[str] = COMPRESSIONS,
        ecm: bool = True,
    ) -> None:
        self.sent: list[bytes] = []
        self._lines: list[str] = []
        self._lib = lib = library()
        self._handlers = (_SET(self._ignore), _SEND(self._send), _LOG(self._log))
        lib.t30_init.restype = lib.t30_get_logging_state.restype = ctypes.c_void_p
        set_type, send, log = self._handlers
        new = lib.t30_init(None, 1, set_type, None, set_type, None, send, None)
        self._state = ctypes.c_void_p(new)
        logging = ctypes.c_void_p(lib.t30_get_logging_state(self._state))
        lib.span_log_set_message_handler(logging, log)
        lib.span_log_set_level(logging, _FLOW)
        lib.t30_set_tx_file(self._state, str(file).encode(), -1, -1)
        lib.t30_set_ecm_capability(self._state, int(ecm))
        lib.t30_set_supported_modems(self._state, sum(MODEMS[one] for one in modems))
        coded = sum(COMPRESSIONS[one] for one in compressions)
        lib.t30_set_supported_compressions(self._state, coded)
        lib.t30_set_supported_resolutions(self._state, RESOLUTIONS)
        lib.t30_set_supported_image_sizes(self._state, SIZES)

    def answer(self, octets: bytes) -> list[bytes]:
        """Hear a frame, and give the frames that it sends for it."""
        self.sent = []
        self._lib.t30_hdlc_accept(self._state, None, _CARRIER_UP, 1)
        self._lib.t30_hdlc_accept(self._state, octets, len(octets), 1)
        self._lib.t30_hdlc_accept(self._state, None, _CARRIER_DOWN, 1)
        for _ in range(3):
            self._lib.t30_front_end_status(self._state, _SENT)
        return self.sent

    def describe(self, octets: bytes) -> list[str]:
        """Give the lines by which it tells DIS, DTC or DCS."""
        self._lines = []
        self._lib.t30_decode_dis_dtc_dcs(self._state, octets, len(octets))
        return "".join(self._lines).splitlines()

    def _ignore(self, *_: object) -> None:
        pass

    def _send(self, _user: object, octets: "ctypes._Pointer[ctypes.c_uint8]", length: int) -> None:
        if length > 0:
            self.sent.append(bytes(octets[:length]))

    def _log(self, _level: int, text: bytes) -> None:
        self._lines.append(text.decode())

    def __del__(self) -> None:
        self._lib.t30_free(self._state)
