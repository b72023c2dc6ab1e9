"""V.27 ter: 4800 bit/s at 1600 Bd and 2400 at 1200, on a carrier of 1800 Hz, half duplex."""

from __future__ import annotations

from functools import cache

import numpy as np

from dsp.modem.differential import EIGHT, FOUR, Differential
from dsp.modem.receiver import QamReceiver
from dsp.modem.scheme import Scheme, Training
from dsp.modem.scrambler import Scrambler
from dsp.modem.transmitter import QamTransmitter
from dsp.modem.types import ModemError

__all__ = ["BIT_RATES", "Receiver", "Transmitter", "scheme"]

BIT_RATES = (4800, 2400)

_CODES = {4800: Differential(EIGHT), 2400: Differential(FOUR)}
_SYMBOL_RATES = {4800: 1600, 2400: 1200}

_SCRAMBLER = Scrambler((6, 7), guarded=True)
_REGISTER = 0b0111100
"""What is in the scrambler when the conditioning begins (V.27 ter appendix I)."""

_LONG, _SHORT = (50, 1074), (14, 58)
"""Symbols of alternation and of conditioning (V.27 ter table 3)."""

_ONES = 8

_ECHO_CARRIER, _ECHO_SILENCE = 0.1925, 0.0225
_TURN_OFF, _TURN_OFF_SILENCE = 0.010, 0.020
"""Seconds (V.27 ter tables 3 and 5)."""


def _training(alternation: int, conditioning: int) -> Training:
    """Turn the carrier over every symbol, then where every third of scrambled ones is a 1."""
    state = _SCRAMBLER.state(_REGISTER)
    turns = _SCRAMBLER.scramble(np.ones(3 * conditioning, dtype=np.uint8), state)[::3]
    turned = np.concatenate([np.ones(alternation, dtype=np.int64), turns]).cumsum() % 2
    symbols = (1.0 - 2.0 * turned).astype(np.complex64)
    return Training(
        silence=0,
        alternation=symbols[:alternation],
        known=symbols[alternation:],
        ones=_ONES,
        register=int(state["register"][0]),
        state=4 * int(turned[-1]),
        repeats=int(state["repeats"][0]),
    )


@cache
def scheme(bit_rate: int = 4800) -> Scheme:
    """Return what V.27 ter is at a bit rate.

    Parameters
    ----------
    bit_rate
        4800 or 2400.

    Raises
    ------
    ModemError
        For any other.

    Examples
    --------
    >>> one = scheme(2400)
    >>> one.symbol_rate, one.bits, len(one.long.known), len(one.short.known)
    (1200, 2, 1074, 58)
    """
    if bit_rate not in _CODES:
        raise ModemError(f"V.27 ter has no {bit_rate} bit/s")
    code, rate = _CODES[bit_rate], _SYMBOL_RATES[bit_rate]
    return Scheme(
        name=f"V.27 ter {bit_rate}",
        bit_rate=bit_rate,
        symbol_rate=rate,
        carrier=1800.0,
        rolloff=0.5,
        bits=code.bits,
        points=np.exp(2j * np.pi * np.arange(8) / 8).astype(np.complex64),
        code=code,
        coder=code.coder,
        scrambler=_SCRAMBLER,
        long=_training(*_LONG),
        short=_training(*_SHORT),
        turn_off=round(_TURN_OFF * rate),
        turn_off_silence=round(_TURN_OFF_SILENCE * rate),
        echo_carrier=round(_ECHO_CARRIER * rate),
        echo_silence=round(_ECHO_SILENCE * rate),
    )


class Transmitter(QamTransmitter):
    """Sends bursts of V.27 ter.

    Parameters
    ----------
    bit_rate
        4800 or 2400.
    short_training, level, echo_protection
        As :class:`~dsp.modem.transmitter.QamTransmitter` takes them.

    Raises
    ------
    ModemError
        For any other bit rate; for a level that there is none of.

    Examples
    --------
    >>> sound = Transmitter(4800).modulate(np.zeros(4800, np.uint8))
    >>> len(sound)
    13940
    """

    def __init__(
        self,
        bit_rate: int = 4800,
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


class Receiver(QamReceiver):
    """Receives bursts of V.27 ter.

    Parameters
    ----------
    bit_rate
        4800 or 2400.
    short_training
        As :class:`~dsp.modem.receiver.QamReceiver` takes it.

    Raises
    ------
    ModemError
        For any other bit rate.

    Examples
    --------
    >>> bits = np.random.default_rng(1).integers(0, 2, 4800, dtype=np.uint8)
    >>> receiver = Receiver(4800)
    >>> data = receiver.process(Transmitter(4800).modulate(bits))
    >>> bool((data[: len(bits)] == bits).all()), [one.what for one in receiver.reports()]
    (True, ['carrier up', 'trained'])
    """

    def __init__(self, bit_rate: int = 4800, *, short_training: bool = False) -> None:
        super().__init__(scheme(bit_rate), short_training=short_training)
