"""What one frame of a call's sound looks like on the socket."""

from __future__ import annotations

from dataclasses import dataclass

from .errors import WireError

ENCODINGS = ("L16", "PCMU", "PCMA")
"""By index, as the hub's arrays hold them: 16-bit samples in host byte order, µ-law, A-law."""

SILENCE_BYTES = (0x00, 0xFF, 0xD5)
"""The byte that repeats in a silent frame, by the index of the encoding (G.711 tables 1a, 2a)."""

RATES = (8000, 16000)
LONGEST_PTIME = 60

MAX_FRAME_BYTES = 16000 * LONGEST_PTIME // 1000 * 2
"""Nothing longer is a frame: 60 ms of L16 at 16 kHz."""


@dataclass(frozen=True, slots=True)
class Wire:
    """Encoding, rate and length of the frames of a stream.

    Parameters
    ----------
    encoding
        ``"L16"``, ``"PCMU"`` or ``"PCMA"``.
    rate
        Samples a second, 8,000 or (L16 only) 16,000.
    ptime_ms
        Milliseconds of sound in a frame: a multiple of 10 up to 60.

    Raises
    ------
    WireError
        When there is no such frame.

    Examples
    --------
    >>> Wire("L16", 16000, 20).frame_bytes
    640
    >>> Wire("PCMU").frame_bytes
    160
    """

    encoding: str = "L16"
    rate: int = 8000
    ptime_ms: int = 20

    def __post_init__(self) -> None:
        if self.encoding not in ENCODINGS:
            raise WireError(f"encoding {self.encoding!r}: it is {', '.join(ENCODINGS)}")
        if self.rate not in RATES or (self.rate != 8000 and self.encoding != "L16"):
            raise WireError(
                f"rate {self.rate} of {self.encoding}: L16 comes at 8,000 or 16,000, PCMU and "
                "PCMA at 8,000"
            )
        if self.ptime_ms % 10 or not 10 <= self.ptime_ms <= LONGEST_PTIME:
            raise WireError(f"ptime {self.ptime_ms} ms: it is 10, 20, 30, … {LONGEST_PTIME}")

    @property
    def code(self) -> int:
        """Index of the encoding in :data:`ENCODINGS`."""
        return ENCODINGS.index(self.encoding)

    @property
    def frame_samples(self) -> int:
        """Samples in a frame, at :attr:`rate`."""
        return self.rate * self.ptime_ms // 1000

    @property
    def frame_bytes(self) -> int:
        """Bytes in a datagram."""
        return self.frame_samples * (2 if self.encoding == "L16" else 1)

    @property
    def silence(self) -> bytes:
        """A frame in which nothing is heard."""
        return bytes([SILENCE_BYTES[self.code]]) * self.frame_bytes
