"""The transmitter of V.27 ter, V.29 and V.17: symbols, pulses, a carrier."""

from __future__ import annotations

from functools import lru_cache
from math import gcd

import numpy as np
from numpy.typing import NDArray

from dsp.modem.scheme import Scheme, Training, opening
from dsp.modem.shaping import SPAN, grid, pulses
from dsp.modem.transmit_kernel import LANES, SHAPE, STATE, transmit
from dsp.modem.types import Bits, BitSource, Complex, ModemError, given
from dsp.types import Samples, amplitude

__all__ = ["LEVELS", "QamTransmitter"]

LEVELS = -50.0, 0.0
"""dBm0 between which there are transmitters; above −4 the highest peaks are cut off."""

_NEVER = 2**62
_INT16 = np.dtype(np.int16)
_NO_BITS: Bits = np.zeros(0, dtype=np.uint8)


def _pairs(symbols: Complex) -> NDArray[np.float32]:
    return np.ascontiguousarray(symbols, dtype=np.complex64).view(np.float32).reshape(-1, 2)


@lru_cache(maxsize=32)
def _shape(scheme: Scheme) -> NDArray[np.void]:
    shape = np.zeros(1, dtype=SHAPE)
    one = shape[0]
    samples, symbols = grid(scheme.symbol_rate)
    one["samples"], one["symbols"] = samples, symbols
    one["later"][:symbols] = -((np.arange(symbols) - samples) // symbols)
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
        self._lead, state = _burst(scheme, scheme.training(short=short_training), echo_protection)
        self._fresh = state.copy()
        self._fresh["gain"] = amplitude(level)
        self._state = self._fresh.copy()
        self._shape = _shape(scheme)
        self._samples, self._symbols = grid(scheme.symbol_rate)
        self._bits = scheme.bits
        self._source: BitSource | None = None
        self._position = self._symbol = 0
        self._end = _NEVER

    @property
    def done(self) -> bool:
        """Whether the burst is over, or none was begun."""
        return self._source is None

    def turn(self, symbols: int) -> None:
        """Have the carrier ahead by so many symbols at the first one of the bursts to come."""
        self._fresh["turned"] = symbols % self._shape["turns"]

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
        symbols = len(self._lead) - (-len(bits) // self._bits) + self.scheme.turn_off
        self.start(lambda _wanted: bits)
        return self.pull(self._length(symbols))

    def start(self, source: BitSource) -> None:
        """Begin a burst, whatever became of the one before.

        Parameters
        ----------
        source
            Gives the bits of the symbols that begin in the samples that are pulled.
        """
        self._state[:] = self._fresh
        self._source = source
        self._position, self._symbol = 0, len(self._lead)
        self._end = _NEVER

    def pull(self, count: int) -> Samples:
        """Return the burst's next samples; fewer than ``count`` where it ends.

        Raises
        ------
        ModemError
            For a negative count; where the source gives more bits than it is asked for, or
            something else than bits.
        """
        if count < 0:
            raise ModemError(f"there are no {count} samples")
        source = self._source
        if source is None:
            return np.empty(0, _INT16)
        bits, position = _NO_BITS, self._position + count
        if self._end == _NEVER:
            begun = (position - 1) * self._symbols // self._samples + 1
            if begun > self._symbol:
                bits = self._asked(source, begun)
        if position >= self._end:
            count, position = self._end - self._position, self._end
            self._source = None
        self._position = position
        out = np.empty(count, _INT16)
        if not transmit(self._state, self._shape, self._lead, bits, out):
            raise ModemError("bits are 0 and 1")
        return out

    def _asked(self, source: BitSource, begun: int) -> Bits:
        """Return the bits of the symbols up to so many; end the burst where they end."""
        wanted = (begun - self._symbol) * self._bits
        bits = given(source(wanted))
        if len(bits) > wanted:
            raise ModemError(f"the source gave {len(bits)} bits for {wanted}")
        if len(bits) < wanted:
            symbols = self._symbol - (-len(bits) // self._bits) + self.scheme.turn_off
            self._state["end"] = symbols
            self._end = self._length(symbols)
        self._symbol = begun
        return bits

    def _length(self, symbols: int) -> int:
        """Return the samples of a burst of so many symbols, those of its turn-off among them."""
        after = max(self.scheme.turn_off_silence, SPAN // 2)
        symbols += SPAN // 2 + after
        return -(-symbols * self._samples // self._symbols)
