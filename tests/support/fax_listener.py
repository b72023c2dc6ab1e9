"""Who listens to both sides of a fax call and says what each of them sends.

As much of T.30 as is needed to know which modem comes next and what its bits are: DCS tells the
modem and whether there is error correction, its training check (TCF) follows; after the answer to
it come pages, with short training where the modem has one.

Nothing of :mod:`dsp.fax` is in it, and what it hears with is given: with libspandsp's receivers it
says what is in the recordings that :mod:`dsp.fax.listener` is held to.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np

from dsp.modem.types import Bits, Receives
from dsp.types import Samples

DCS = 0x82
"""A facsimile control field without its first bit, which says who sends it (T.30 5.3.6.1)."""

_MODEMS = {
    (0, 0, 0, 0): ("v27ter", 2400),
    (0, 1, 0, 0): ("v27ter", 4800),
    (1, 0, 0, 0): ("v29", 9600),
    (1, 1, 0, 0): ("v29", 7200),
    (0, 0, 0, 1): ("v17", 14400),
    (0, 1, 0, 1): ("v17", 12000),
    (1, 0, 0, 1): ("v17", 9600),
    (1, 1, 0, 1): ("v17", 7200),
}
"""By bits 11 to 14 of DCS (T.30 table 2)."""


class Heard(Protocol):
    """A frame."""

    @property
    def octets(self) -> bytes: ...

    @property
    def good(self) -> bool: ...


class Deframes(Protocol):
    def process(self, bits: Bits) -> Sequence[Heard]: ...


class Trains(Receives, Protocol):
    """A modem with a training."""

    def restart(self, *, short_training: bool = False) -> None: ...


_CODINGS = {79: "T.85", 78: "T.85", 31: "T.6", 16: "T.4 2-D"}
"""By the bit of DCS that says so."""


@dataclass(frozen=True)
class Settings:
    """What a DCS says."""

    modem: str
    bit_rate: int
    error_correction: bool
    coding: str

    @classmethod
    def of(cls, octets: bytes) -> "Settings":
        bits = np.unpackbits(np.frombuffer(octets[3:], dtype=np.uint8), bitorder="little")
        on = {int(one) + 1 for one in np.flatnonzero(bits)}
        modem, bit_rate = _MODEMS[tuple(int(bit in on) for bit in range(11, 15))]
        coding = next((name for bit, name in _CODINGS.items() if bit in on), "T.4 1-D")
        return cls(modem, bit_rate, 27 in on, coding)


@dataclass
class Control:
    """A frame sent by V.21, and the second by which it was known."""

    side: int
    at: float
    octets: bytes


@dataclass
class Burst:
    """What a modem with a training sent at once."""

    side: int
    settings: Settings
    short_training: bool
    check: bool
    """Whether it was a training check."""
    up: float
    trained: float
    lost: float = 0.0
    parts: list[Bits] = field(default_factory=list)

    @property
    def bits(self) -> Bits:
        return np.concatenate([np.zeros(0, dtype=np.uint8), *self.parts])


class Listener:
    """Hear a call.

    Parameters
    ----------
    v21
        Makes a receiver of T.30's own frames.
    fast
        Makes one of a modem and bit rate.
    deframer
        Makes what finds frames in bits.
    """

    def __init__(
        self,
        v21: Callable[[], Receives],
        fast: Callable[[str, int], Trains],
        deframer: Callable[[], Deframes],
    ) -> None:
        self.control: list[Control] = []
        self.flawed: list[tuple[int, float, Heard]] = []
        """Frames by V.21 that are not good: the side, the second and the frame."""
        self.bursts: list[Burst] = []
        self.carriers = [0, 0]
        """How often V.21 began on each side."""
        self.failed: list[float] = []
        """Seconds at which a training failed, or a carrier was lost before it ended."""
        self._v21 = [v21() for _ in range(2)]
        self._deframers = [deframer() for _ in range(2)]
        self._make_deframer, self._make_fast = deframer, fast
        self._fast: Trains | None = None
        self._settings: Settings | None = None
        self._sender, self._check, self._armed = 0, True, False
        self._up = 0.0
        self._burst: Burst | None = None
        self._position = 0

    def process(self, block: Samples) -> None:
        """Hear `(n, 2)` samples."""
        self._position += len(block)
        for side in range(2):
            self._hear_control(side, block[:, side])
        if self._fast is not None and self._armed:
            self._hear_fast(block[:, self._sender])

    def _hear_control(self, side: int, sound: Samples) -> None:
        bits = self._v21[side].process(sound)
        for frame in self._deframers[side].process(bits):
            if frame.good:
                self.control.append(Control(side, self._position / 8000, frame.octets))
                self._understand(side, frame.octets)
            else:
                self.flawed.append((side, self._position / 8000, frame))
        for report in self._v21[side].reports():
            if report.what == "carrier up":
                self.carriers[side] += 1
            elif report.what == "carrier lost":
                self._deframers[side] = self._make_deframer()
                if side == self._sender and self._check:
                    self._armed = self._fast is not None

    def _understand(self, side: int, octets: bytes) -> None:
        if octets[2] & 0xFE == DCS:
            self._end()
            self._settings = Settings.of(octets)
            self._fast = self._make_fast(self._settings.modem, self._settings.bit_rate)
            # the training comes 75 ms after the end of V.21
            self._sender, self._check, self._armed = side, True, False

    def _end(self) -> None:
        """Have the burst end here. After a check there are pages, or there is a DCS anew."""
        if self._burst is None:
            return
        self._burst.lost = self._position / 8000
        self.bursts.append(self._burst)
        self._burst, self._check = None, False

    def _restart(self) -> None:
        assert self._fast is not None
        self._fast.restart(short_training=self._is_short)

    @property
    def _is_short(self) -> bool:
        assert self._settings is not None
        return not self._check and self._settings.modem == "v17"

    def _hear_fast(self, sound: Samples) -> None:
        assert self._fast is not None
        assert self._settings is not None
        bits = self._fast.process(sound)
        if self._burst is not None:
            self._burst.parts.append(bits)
        for report in self._fast.reports():
            at = self._position / 8000
            if report.what == "carrier up":
                self._up = at
            elif report.what == "trained":
                self._burst = Burst(
                    self._sender, self._settings, self._is_short, self._check, self._up, at
                )
                self._burst.parts.append(bits)
            elif self._burst is not None:
                self._end()
                self._restart()
            else:
                self.failed.append(at)
                self._restart()
