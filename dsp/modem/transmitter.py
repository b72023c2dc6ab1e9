"""The transmitter of V.27 ter, V.29 and V.17: symbols, pulses, a carrier."""

from __future__ import annotations

from functools import lru_cache
from math import gcd

import numpy as np
from numpy.typing import NDArray

from dsp.modem.scheme import Scheme, Training, opening
from dsp.modem.shaping import SPAN, grid, pulses
from dsp.modem.transmit_kernel import LANES, SHAPE, STATE, transmit
from dsp.modem.types import Bits, BitSource, Complex, ModemError
from dsp.types import Samples, amplitude

__all__ = ["LEVELS", "QamTransmitter"]

LEVELS = -50.0, 0.0
"""dBm0 between which there are transmitters; above −4 the highest peaks are cut off."""

_NEVER = 2**62

_NO_BITS: Bits = np.zeros(0, dtype=np.uint8)


def _pairs(symbols: Complex) -> NDArray[np.float32]:
    return np.ascontiguousarray(symbols, dtype=np.complex64).view(np.float32).reshape(-1, 2)


@lru_cache(maxsize=32)
def _shape(scheme: Scheme) -> NDArray[np.void]:
    shape = np.zeros(1, dtype=SHAPE)
    one = shape[0]
    one["samples"], one["symbols"] = grid(scheme.symbol_rate)
    one["bits"] = scheme.bits
    turns = np.arange(len(one["turn"])) * scheme.carrier / scheme.symbol_rate
    one["turns"] = scheme.symbol_rate // gcd(scheme.symbol_rate, round(scheme.carrier))
    one["turn"] = _pairs(np.exp(2j * np.pi * turns))
    bank = pulses(scheme.symbol_rate, scheme.carrier, scheme.rolloff)
    rows, reach = bank.shape
    one["reach"] = -(-reach // LANES) * LANES
    one["real"][:rows, :reach], one["imaginary"][:rows, :reach] = bank.real, -bank.imag
    one["points"][: len(scheme.points)] = _pairs(scheme.points)
    rows, numbers = scheme.coder.words.shape
    one["words"][:rows, :numbers] = scheme.coder.words
    one["following"][:rows, :numbers] = scheme.coder.following
    return shape


@lru_cache(maxsize=64)
def _burst(
    scheme: Scheme, training: Training, echo_protection: bool
) -> tuple[NDArray[np.float32], NDArray[np.void]]:
    """Return the symbols before those of the data, and the state before the first one."""
    before = opening(scheme, training, echo_protection=echo_protection)
    state = np.zeros(1, dtype=STATE)
    state["scrambler"], state["coder"], state["end"] = before.scrambler, before.coder, _NEVER
    return _pairs(before.symbols), state


def _chosen(scheme: Scheme, short: bool) -> Training:
    if not short:
        return scheme.long
    if scheme.short is None:
        raise ModemError(f"{scheme.name} has no short training")
    return scheme.short


class QamTransmitter:
    """Sends bursts of one scheme: training, data and turn-off.

    Parameters
    ----------
    scheme
        Which modem, at which bit rate.
    short_training
        Whether the short training is sent, to a receiver that has had the long one.
    level
        dBm0 of data, as a mean of random ones.
    echo_protection
        Whether carrier goes before the training, so that echo suppressors let it pass.

    Raises
    ------
    ModemError
        Where the scheme has no short training; for a level not in :data:`LEVELS`.
    """

    def __init__(
        self,
        scheme: Scheme,
        *,
        short_training: bool = False,
        level: float = -13.0,
        echo_protection: bool = False,
    ) -> None:
        least, most = LEVELS
        if not least <= level <= most:
            raise ModemError(f"no modem sends with {level} dBm0: only {least:g} to {most:g}")
        self.scheme = scheme
        self._lead, state = _burst(scheme, _chosen(scheme, short_training), echo_protection)
        self._fresh = state.copy()
        self._fresh["gain"] = amplitude(level)
        self._state = self._fresh.copy()
        self._shape = _shape(scheme)
        self._samples, self._symbols = grid(scheme.symbol_rate)
        self._source: BitSource | None = None
        self._position = 0
        self._end = _NEVER

    @property
    def done(self) -> bool:
        """Whether the burst is over, or none was begun."""
        return self._source is None

    def modulate(self, bits: Bits) -> Samples:
        """Send a whole burst.

        Parameters
        ----------
        bits
            0 or 1 each; ones fill up the last symbol.

        Returns
        -------
        Samples
            Until its last pulse, or the silence of its turn-off, is over.
        """
        count = self._length(len(self._lead) - (-len(bits) // self.scheme.bits))
        self.start(lambda _wanted: bits)
        return self.pull(count)

    def start(self, source: BitSource) -> None:
        """Begin a burst, whatever became of the one before.

        Parameters
        ----------
        source
            Gives the bits of the symbols that begin in the samples that are pulled.
        """
        self._state[:] = self._fresh
        self._source = source
        self._position, self._end = 0, _NEVER

    def pull(self, count: int) -> Samples:
        """Return the burst's next samples; fewer than ``count`` where it ends.

        Raises
        ------
        ModemError
            Where the source gives more bits than it is asked for.
        """
        if self._source is None:
            return np.zeros(0, dtype=np.int16)
        count = min(count, self._end - self._position)
        bits = _NO_BITS
        if self._end == _NEVER:
            first = max(self._begun(self._position), len(self._lead))
            wanted = (self._begun(self._position + count) - first) * self.scheme.bits
            if wanted > 0:
                bits = self._source(wanted)
                if len(bits) < wanted:
                    self._turn_off(first - (-len(bits) // self.scheme.bits))
                    count = min(count, self._end - self._position)
                elif len(bits) > wanted:
                    raise ModemError(f"the source gave {len(bits)} bits for {wanted}")
        out = np.empty(count, dtype=np.int16)
        transmit(self._state, self._shape, self._lead, bits, out)
        self._position += count
        if self._position == self._end:
            self._source = None
        return out

    def _begun(self, samples: int) -> int:
        """Return how many symbols begin in the first samples of the burst."""
        return (samples - 1) * self._symbols // self._samples + 1

    def _length(self, symbols: int) -> int:
        """Return the samples of a burst that has so many symbols before its turn-off."""
        after = max(self.scheme.turn_off_silence, SPAN // 2)
        symbols += self.scheme.turn_off + SPAN // 2 + after
        return -(-symbols * self._samples // self._symbols)

    def _turn_off(self, symbols: int) -> None:
        self._state["end"] = symbols + self.scheme.turn_off
        self._end = self._length(symbols)
