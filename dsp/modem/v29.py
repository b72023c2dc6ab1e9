"""V.29: 9600, 7200 and 4800 bit/s at 2400 Bd on a carrier of 1700 Hz, half duplex."""

from __future__ import annotations

from functools import cache

import numpy as np

from dsp.modem.differential import EIGHT, FOUR, Differential
from dsp.modem.receiver import QamReceiver
from dsp.modem.scheme import Scheme, Training
from dsp.modem.scrambler import Scrambler
from dsp.modem.transmitter import QamTransmitter
from dsp.modem.types import Bits, Complex, ModemError

__all__ = ["BIT_RATES", "Receiver", "Transmitter", "scheme"]

BIT_RATES = (9600, 7200, 4800)

_CODES = {
    9600: Differential(EIGHT, amplitude=True),
    7200: Differential(EIGHT),
    4800: Differential(FOUR),
}

_AMPLITUDES = ((3.0, 2**0.5), (5.0, 3 * 2**0.5))
"""Of the weak and the strong points, in phases 0, 90, … and 45, 135, … degrees (V.29 table 2)."""

_A, _C = 4, 0
"""Code words of two of the points of the training: the same at all rates (V.29 figure 4)."""

_B = {9600: 15, 7200: 7, 4800: 6}
_D = {9600: 11, 7200: 3, 4800: 2}

_ALTERNATION, _CONDITIONING, _ONES = 128, 384, 48
_SILENCE = 48
"""Symbols of the training (V.29 table 5)."""

_TURN_OFF = 32
"""Symbols of ones that let all receivers' filters run out of data; V.29 has no number."""


def _points() -> Complex:
    phases = np.arange(8)
    amplitudes = np.array(_AMPLITUDES)[:, phases % 2]
    points = amplitudes * np.exp(2j * np.pi * phases / 8)
    return np.asarray(points.reshape(-1), dtype=np.complex64)


def _conditioning() -> Bits:
    """Return which of C and D is sent, by 1 + x⁻⁶ + x⁻⁷ (V.29 clause 8.2)."""
    sequence = [0, 1, 0, 1, 0, 1, 0]
    while len(sequence) < _CONDITIONING:
        sequence.append(sequence[-6] ^ sequence[-7])
    return np.array(sequence, dtype=np.uint8)


@cache
def scheme(bit_rate: int = 9600) -> Scheme:
    """Return what V.29 is at a bit rate.

    Parameters
    ----------
    bit_rate
        9600, 7200 or 4800.

    Raises
    ------
    ModemError
        For any other.

    Examples
    --------
    >>> one = scheme(9600)
    >>> one.points[15] / one.points[4]
    np.complex64(-1+1j)
    """
    if bit_rate not in _CODES:
        raise ModemError(f"V.29 has no {bit_rate} bit/s")
    code = _CODES[bit_rate]
    points = _points()
    points = points[: 8 * (1 + code.amplitude)] / np.sqrt(np.mean(np.abs(points[code.words]) ** 2))
    alternation = np.resize(points[[_A, _B[bit_rate]]], _ALTERNATION)
    known = points[np.where(_conditioning(), _D[bit_rate], _C)]
    return Scheme(
        name=f"V.29 {bit_rate}",
        bit_rate=bit_rate,
        symbol_rate=2400,
        carrier=1700.0,
        rolloff=0.25,
        bits=code.bits,
        points=points,
        code=code,
        coder=code.coder,
        scrambler=Scrambler((18, 23)),
        long=Training(_SILENCE, alternation, known, _ONES, register=0, state=0),
        short=None,
        turn_off=_TURN_OFF,
        turn_off_silence=0,
        echo_carrier=460,
        echo_silence=4,
    )


class Transmitter(QamTransmitter):
    """Sends bursts of V.29.

    Parameters
    ----------
    bit_rate
        9600, 7200 or 4800.
    short_training, level, echo_protection
        As :class:`~dsp.modem.transmitter.QamTransmitter` takes them. V.29 has none.

    Raises
    ------
    ModemError
        For any other bit rate, for a short training; for a level that there is none of.

    Examples
    --------
    >>> sound = Transmitter(9600).modulate(np.zeros(9600, np.uint8))
    >>> len(sound)
    10187
    """

    def __init__(
        self,
        bit_rate: int = 9600,
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
    """Receives bursts of V.29.

    Parameters
    ----------
    bit_rate
        9600, 7200 or 4800.
    short_training
        As :class:`~dsp.modem.receiver.QamReceiver` takes it. V.29 has none.

    Raises
    ------
    ModemError
        For any other bit rate, for a short training.

    Examples
    --------
    >>> bits = np.random.default_rng(1).integers(0, 2, 9600, dtype=np.uint8)
    >>> receiver = Receiver(9600)
    >>> data = receiver.process(Transmitter(9600).modulate(bits))
    >>> bool((data[: len(bits)] == bits).all()), [one.what for one in receiver.reports()]
    (True, ['carrier up', 'trained'])
    """

    def __init__(self, bit_rate: int = 9600, *, short_training: bool = False) -> None:
        super().__init__(scheme(bit_rate), short_training=short_training)
