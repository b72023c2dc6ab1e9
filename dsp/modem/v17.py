"""V.17: 14400, 12000, 9600 and 7200 bit/s at 2400 Bd on a carrier of 1800 Hz, half duplex."""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import NDArray

from dsp.modem.receiver import QamReceiver
from dsp.modem.scheme import Scheme, Training
from dsp.modem.scrambler import Scrambler
from dsp.modem.transmitter import QamTransmitter
from dsp.modem.trellis import RATES, Trellis, constellation, training_points
from dsp.modem.types import ModemError

__all__ = ["BIT_RATES", "Receiver", "Transmitter", "scheme"]

BIT_RATES = (14400, 12000, 9600, 7200)

_SCRAMBLER = Scrambler((18, 23))
_REGISTER = 0x2ECDD5
"""What is in the scrambler when the conditioning begins."""

_CONDITIONING = (2, 3, 1, 0)
"""Which of A, B, C and D two scrambled ones are sent as, 00 first (V.17 table 4)."""

_BRIDGE = (0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1)
_BRIDGE_TURNS = (1, 0, 2, 3)
"""The bits of the bridge, eight symbols over and over, and the quarters they turn by (V.17
tables 5 and 6)."""

_ALTERNATION, _LONG, _BRIDGE_SYMBOLS, _SHORT, _ONES = 256, 2976, 64, 38, 48
_TURN_OFF, _TURN_OFF_SILENCE = 32, 48

_TURNED = 1
"""Symbols by which the carrier is ahead at a burst's first symbol.

No receiver has to care. libspandsp, however, as it is compiled, takes B of a short training for A
where it finds A between 90° and 180° by its own carrier, which begins where the power rises. With
this it finds A near −15° on a line that turns nothing, as far from there as quarters allow.
"""

_LAST_DIBIT = {True: 1, False: 0}
"""What the differential encoder takes for the symbol before the ones, after a bridge or none."""


def _pairs(bits: NDArray[np.uint8]) -> NDArray[np.uint8]:
    return 2 * bits[::2] + bits[1::2]


def _training(bit_rate: int, conditioning: int, bridge: int) -> Training:
    points = training_points(bit_rate)
    state = _SCRAMBLER.state(_REGISTER)
    ones = _SCRAMBLER.scramble(np.ones(2 * conditioning, dtype=np.uint8), state)
    conditioned = np.array(_CONDITIONING)[_pairs(ones)]
    bits = _SCRAMBLER.scramble(np.resize(np.array(_BRIDGE, dtype=np.uint8), 2 * bridge), state)
    turns = np.array(_BRIDGE_TURNS)[_pairs(bits)]
    bridged = (conditioned[-1] + np.cumsum(turns)) % 4
    return Training(
        silence=0,
        alternation=np.resize(points[:2], _ALTERNATION),
        known=points[np.concatenate([conditioned, bridged])],
        ones=_ONES,
        register=int(state["register"][0]),
        state=Trellis.row(_LAST_DIBIT[bridge > 0]),
    )


@cache
def scheme(bit_rate: int = 14400) -> Scheme:
    """Return what V.17 is at a bit rate.

    Parameters
    ----------
    bit_rate
        14400, 12000, 9600 or 7200.

    Raises
    ------
    ModemError
        For any other.

    Examples
    --------
    >>> one = scheme(14400)
    >>> len(one.points), len(one.long.known), len(one.short.known)
    (128, 3040, 38)
    """
    if bit_rate not in RATES:
        raise ModemError(f"V.17 has no {bit_rate} bit/s")
    code = Trellis(RATES[bit_rate])
    return Scheme(
        name=f"V.17 {bit_rate}",
        bit_rate=bit_rate,
        symbol_rate=2400,
        carrier=1800.0,
        rolloff=0.25,
        bits=code.bits,
        points=constellation(bit_rate),
        code=code,
        coder=code.coder,
        scrambler=_SCRAMBLER,
        long=_training(bit_rate, _LONG, _BRIDGE_SYMBOLS),
        short=_training(bit_rate, _SHORT, 0),
        turn_off=_TURN_OFF,
        turn_off_silence=_TURN_OFF_SILENCE,
        echo_carrier=460,
        echo_silence=52,
    )


class Transmitter(QamTransmitter):
    """Sends bursts of V.17.

    Parameters
    ----------
    bit_rate
        14400, 12000, 9600 or 7200.
    short_training, level, echo_protection
        As :class:`~dsp.modem.transmitter.QamTransmitter` takes them.

    Raises
    ------
    ModemError
        For any other bit rate; for a level that there is none of.

    Examples
    --------
    >>> sound = Transmitter(14400).modulate(np.zeros(14400, np.uint8))
    >>> len(sound)
    19440
    """

    def __init__(
        self,
        bit_rate: int = 14400,
        *,
        short_training: bool = False,
        level: float = -13.0,
        echo_protection: bool = False,
    ) -> None:
        super().__init__(
            scheme(bit_rate),
            short_training=short_training,
            level=level,
            echo_protection=echo_protection,
        )
        self.turn(0)

    def turn(self, symbols: int) -> None:
        """Have the carrier ahead by so many symbols, beside those that are best for libspandsp."""
        super().turn(_TURNED + symbols)


class Receiver(QamReceiver):
    """Receives bursts of V.17.

    Parameters
    ----------
    bit_rate
        14400, 12000, 9600 or 7200.
    short_training
        As :class:`~dsp.modem.receiver.QamReceiver` takes it.

    Raises
    ------
    ModemError
        For any other bit rate.

    Examples
    --------
    >>> bits = np.random.default_rng(1).integers(0, 2, 14400, dtype=np.uint8)
    >>> receiver = Receiver(14400)
    >>> data = receiver.process(Transmitter(14400).modulate(bits))
    >>> bool((data[: len(bits)] == bits).all()), [one.what for one in receiver.reports()]
    (True, ['carrier up', 'trained'])
    """

    def __init__(self, bit_rate: int = 14400, *, short_training: bool = False) -> None:
        super().__init__(scheme(bit_rate), short_training=short_training)
