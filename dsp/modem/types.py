"""What every modem takes and gives: bits, samples, and reports of what happened when."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

from dsp.types import DspError, Samples

__all__ = [
    "BitSource",
    "Bits",
    "Complex",
    "ModemError",
    "Receives",
    "Report",
    "Transmits",
    "given",
    "sampled",
]

_UINT8, _INT16 = np.dtype(np.uint8), np.dtype(np.int16)

Bits: TypeAlias = NDArray[np.uint8]
"""0 or 1 each, the first one on the line first."""

Complex: TypeAlias = NDArray[np.complex64]

BitSource: TypeAlias = Callable[[int], Bits]
"""Called with how many bits are wanted; fewer in return say that the data end with them."""

What: TypeAlias = Literal["carrier up", "trained", "training failed", "carrier lost"]


class ModemError(DspError):
    """A modem that cannot be had, or what it cannot take: bits or samples of another kind."""


def given(bits: Bits) -> Bits:
    """Return bits as all loops are compiled for: writable, one after the other.

    Raises
    ------
    ModemError
        If they are not uint8, in a row.

    Examples
    --------
    >>> given(np.frombuffer(bytes([0, 1]), dtype=np.uint8)).flags.writeable
    True
    """
    if bits.dtype != _UINT8 or bits.ndim != 1:
        raise ModemError(f"bits of {bits.dtype} {bits.shape}: not uint8 in a row")
    return bits if bits.flags.carray else bits.copy()


def sampled(samples: Samples) -> Samples:
    """Return samples as all loops are compiled for, as :func:`given` does bits.

    Raises
    ------
    ModemError
        If they are not int16, in a row.
    """
    if samples.dtype != _INT16 or samples.ndim != 1:
        raise ModemError(f"samples of {samples.dtype} {samples.shape}: not int16 in a row")
    return samples if samples.flags.carray else samples.copy()


@dataclass(frozen=True, slots=True)
class Report:
    """Something that happened to a receiver.

    Parameters
    ----------
    what
        ``"carrier up"``: the modem's own signal has begun. ``"trained"``: data follow.
        ``"training failed"``: no data follow, though the carrier may stay. ``"carrier lost"``: the
        signal is over.
    position
        Sample at which it happened, at 8 kHz, counted from the receiver's first one.
    bits
        How many bits of data the receiver had given before.
    """

    what: What
    position: int
    bits: int


class Transmits(Protocol):
    """One end of every modem: bits in, samples out."""

    def modulate(self, bits: Bits) -> Samples:
        """Send a whole burst: training, these bits and the turn-off."""

    def start(self, source: BitSource) -> None:
        """Begin a burst whose bits are asked for as they are needed."""

    def pull(self, count: int) -> Samples:
        """Return the burst's next samples; fewer than ``count`` where it ends."""

    @property
    def done(self) -> bool:
        """Whether the burst is over, or none was begun."""


class Receives(Protocol):
    """The other end: samples in, bits out, whichever way the samples are cut into blocks."""

    def process(self, samples: Samples) -> Bits:
        """Hear some samples; return the data bits that are known by them.

        A burst's last bits and its end are known by what follows it: where a recording ends with
        it, 0.1 s of silence brings them out.
        """

    def reports(self) -> list[Report]:
        """Return what has happened since this was last asked."""

    @property
    def carrier(self) -> bool:
        """Whether the modem's signal is there."""

    @property
    def trained(self) -> bool:
        """Whether data are being received."""
