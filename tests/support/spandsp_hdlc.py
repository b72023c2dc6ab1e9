"""spandsp's HDLC by ctypes: frames out of bits and into them, beside ours."""

import ctypes
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from dsp.modem.types import Bits
from tests.support.spandsp import library

_FRAME = ctypes.CFUNCTYPE(
    None, ctypes.c_void_p, ctypes.POINTER(ctypes.c_uint8), ctypes.c_int, ctypes.c_int
)
_UNDERFLOW = ctypes.CFUNCTYPE(None, ctypes.c_void_p)

STATUS = {-1: "carrier down", -2: "carrier up", -6: "flags", -8: "abort"}
"""What it reports besides frames."""


class Receiver:
    """Its receiver: what it has heard is in `heard`, octets and whether they are good, or a word.

    Parameters
    ----------
    flags
        In a row, before it takes frames.
    """

    def __init__(self, flags: int = 1) -> None:
        self.heard: list[tuple[bytes, bool] | str] = []
        self._frame = _FRAME(self._hear)
        self._lib = library()
        self._lib.hdlc_rx_init.restype = ctypes.c_void_p
        self._state = ctypes.c_void_p(self._lib.hdlc_rx_init(None, 0, 1, flags, self._frame, None))

    def _hear(self, _user: object, octets: Sequence[int], length: int, good: int) -> None:
        if length < 0:
            self.heard.append(STATUS.get(length, str(length)))
        else:
            self.heard.append((bytes(octets[:length]), bool(good)))

    def put(self, bit: int) -> None:
        """Hear a bit, or what a modem says instead of one."""
        self._lib.hdlc_rx_put_bit(self._state, int(bit))

    def __del__(self) -> None:
        self._lib.hdlc_rx_free(self._state)


@dataclass(frozen=True)
class Frame:
    """What it says of a frame."""

    octets: bytes
    good: bool


class Deframer:
    """Its receiver in the shape of ours."""

    def __init__(self) -> None:
        self._receiver = Receiver()

    def process(self, bits: Bits) -> list[Frame]:
        """Hear some bits; return the frames that end in them."""
        for bit in bits:
            self._receiver.put(bit)
        heard, self._receiver.heard = self._receiver.heard, []
        return [Frame(*one) for one in heard if not isinstance(one, str)]


def received(bits: Iterable[int], flags: int = 1) -> list[tuple[bytes, bool]]:
    """Frames that it finds, without their FCS, and whether they are good."""
    receiver = Receiver(flags)
    for bit in bits:
        receiver.put(bit)
    return [one for one in receiver.heard if not isinstance(one, str)]


def sent(frames: Sequence[bytes], *, opening: int, between: int) -> Bits:
    """Bits as it sends frames, with flags before and at least so many between them."""
    lib, queue = library(), list(frames)
    bits: list[int] = []

    def put_next(_user: object) -> None:
        if queue:
            one = queue.pop(0)
            assert lib.hdlc_tx_frame(state, one, ctypes.c_size_t(len(one))) == 0
        else:
            lib.hdlc_tx_frame(state, None, ctypes.c_size_t(0))

    underflow = _UNDERFLOW(put_next)
    lib.hdlc_tx_init.restype = ctypes.c_void_p
    state = ctypes.c_void_p(lib.hdlc_tx_init(None, 0, between, 0, underflow, None))
    lib.hdlc_tx_flags(state, opening)
    while (bit := lib.hdlc_tx_get_bit(state)) >= 0:
        bits.append(bit)
    lib.hdlc_tx_free(state)
    return np.array(bits, dtype=np.uint8)
