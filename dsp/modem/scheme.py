"""All that tells one modem and bit rate from another, for one transmitter and one receiver."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from dsp.modem.coding import Coder, encode
from dsp.modem.differential import Differential
from dsp.modem.scrambler import Scrambler
from dsp.modem.trellis import Trellis
from dsp.modem.types import Complex, ModemError

__all__ = ["Opening", "Scheme", "Training", "opening"]


@dataclass(frozen=True, eq=False)
class Training:
    """What is sent before the data, the same on every burst.

    Parameters
    ----------
    silence
        Symbols of nothing before it.
    alternation
        ``(n,)`` complex64: the segment of two alternating points, symbol by symbol.
    known
        ``(n,)`` complex64: the conditioning of the equaliser; of V.17 the bridge besides.
    ones
        So many symbols of scrambled ones, coded as data are.
    register, repeats
        Where the scrambler stands at the first one, as :meth:`Scrambler.state` takes it.
    state
        Where the coder stands at the first one, a row of :class:`~dsp.modem.coding.Coder`.
    """

    silence: int
    alternation: Complex
    known: Complex
    ones: int
    register: int
    state: int
    repeats: int = 0


@dataclass(frozen=True, eq=False)
class Scheme:
    """One modem at one bit rate.

    Parameters
    ----------
    name
        As ``"V.29 9600"``.
    bit_rate
        Bits a second.
    symbol_rate
        Symbols a second: 1200, 1600 or 2400.
    carrier
        Hz.
    rolloff
        Of the pulse's spectrum, a root of a raised cosine.
    bits
        Of a symbol.
    points
        ``(2**k,)`` complex64: what each code word is sent as. Random data have mean power 1, and
        the symbols of the training are on the same scale.
    code
        Scrambled bits to code words and back.
    coder
        The same as a table, for the transmitter.
    scrambler
        Of the data.
    long, short
        The trainings; only V.17 and V.27 ter have a short one.
    turn_off
        Symbols of scrambled ones after the data.
    turn_off_silence
        Symbols of nothing after those.
    echo_carrier, echo_silence
        Symbols of carrier, and of nothing, that go before a training where echo suppressors are
        to be turned around: 185 to 200 ms, and with a training's own silence 20 to 25 ms.
    """

    name: str
    bit_rate: int
    symbol_rate: int
    carrier: float
    rolloff: float
    bits: int
    points: Complex
    code: Differential | Trellis
    coder: Coder
    scrambler: Scrambler
    long: Training
    short: Training | None
    turn_off: int
    turn_off_silence: int
    echo_carrier: int
    echo_silence: int

    def training(self, *, short: bool) -> Training:
        """Return the long training or the short one.

        Raises
        ------
        ModemError
            Where there is no short one.
        """
        training = self.short if short else self.long
        if training is None:
            raise ModemError(f"{self.name} has no short training")
        return training


class Opening(NamedTuple):
    """What goes before a burst's data, and where the coders stand after it.

    Parameters
    ----------
    symbols
        ``(n,)`` complex64, in units of :attr:`Scheme.points`.
    scrambler
        As :meth:`Scrambler.state` returns it.
    coder
        A row of :attr:`Scheme.coder`.
    """

    symbols: Complex
    scrambler: NDArray[np.void]
    coder: int


def opening(scheme: Scheme, training: Training, *, echo_protection: bool = False) -> Opening:
    """Return a training as it is sent, from its silence to the last of its ones.

    Parameters
    ----------
    scheme, training
        One of the scheme's own trainings.
    echo_protection
        Whether the carrier that turns echo suppressors around goes before it.
    """
    scrambler = scheme.scrambler.state(training.register, training.repeats)
    ones = np.ones(training.ones * scheme.bits, dtype=np.uint8)
    line = scheme.scrambler.scramble(ones, scrambler)
    words, coder = encode(scheme.coder, line, training.state)
    carrier = np.ones(scheme.echo_carrier * echo_protection, dtype=np.complex64)
    silence = np.zeros(scheme.echo_silence * echo_protection + training.silence, np.complex64)
    parts = (carrier, silence, training.alternation, training.known, scheme.points[words])
    return Opening(np.concatenate(parts), scrambler, coder)
