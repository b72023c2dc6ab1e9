"""The fast modems of fax by the names that DIS and DCS have for them: ``V.17 14400``."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

from dsp.modem import v17, v27ter, v29
from dsp.modem.receiver import QamReceiver
from dsp.modem.scheme import Scheme
from dsp.modem.transmitter import QamTransmitter
from dsp.modem.types import ModemError

__all__ = ["bit_rate", "is_short", "receiver", "training_seconds", "transmitter"]


class _Modem(NamedTuple):
    bit_rates: Sequence[int]
    transmitter: Callable[..., QamTransmitter]
    receiver: Callable[..., QamReceiver]
    scheme: Callable[[int], Scheme]


_MODEMS = {
    "V.17": _Modem(v17.BIT_RATES, v17.Transmitter, v17.Receiver, v17.scheme),
    "V.27ter": _Modem(v27ter.BIT_RATES, v27ter.Transmitter, v27ter.Receiver, v27ter.scheme),
    "V.29": _Modem(v29.BIT_RATES, v29.Transmitter, v29.Receiver, v29.scheme),
}

_SHORT = "V.17"
"""The modem whose short training T.30 has: the others' pages begin with the long one as well."""


def bit_rate(rate: str) -> int:
    """Give the bits a second of a modem at a rate.

    Parameters
    ----------
    rate
        As :attr:`dsp.fax.capabilities.Settings.rate` has it.

    Raises
    ------
    ModemError
        Where there is no such modem, or it has no such rate.

    Examples
    --------
    >>> bit_rate("V.27ter 4800")
    4800
    """
    return _named(rate)[1]


def is_short(rate: str, short: bool = True) -> bool:
    """Tell whether a training is a short one, where a short one is sent if there is one.

    Examples
    --------
    >>> is_short("V.17 9600"), is_short("V.29 9600")
    (True, False)
    """
    return short and rate.partition(" ")[0] == _SHORT


def training_seconds(rate: str) -> float:
    """Give how long the long training is.

    Examples
    --------
    >>> round(training_seconds("V.17 14400"), 3)
    1.393
    """
    scheme = _named(rate)[0].scheme(bit_rate(rate))
    training = scheme.long
    symbols = training.silence + len(training.alternation) + len(training.known) + training.ones
    return symbols / scheme.symbol_rate


def transmitter(rate: str, *, short: bool = False, level: float = -13.0) -> QamTransmitter:
    """Make what sends with a modem at a rate.

    Parameters
    ----------
    rate
        As :func:`bit_rate` takes it.
    short
        Whether the short training is sent; only V.17 has one in fax, others send their long one.
    level
        dBm0.

    Raises
    ------
    ModemError
        As :func:`bit_rate`; for a level that no modem sends with.

    Examples
    --------
    >>> transmitter("V.29 7200", short=True).scheme.bit_rate
    7200
    """
    modem, number = _named(rate)
    return modem.transmitter(number, short_training=is_short(rate, short), level=level)


def receiver(rate: str, *, short: bool = False) -> QamReceiver:
    """Make what receives a modem at a rate, as :func:`transmitter` sends it.

    Raises
    ------
    ModemError
        As :func:`bit_rate`.

    Examples
    --------
    >>> receiver("V.17 12000").trained
    False
    """
    modem, number = _named(rate)
    return modem.receiver(number, short_training=is_short(rate, short))


def _named(rate: str) -> tuple[_Modem, int]:
    name, _, number = rate.partition(" ")
    modem = _MODEMS.get(name)
    found = next((one for one in modem.bit_rates if str(one) == number), None) if modem else None
    if modem is None or found is None:
        raise ModemError(f"no fax modem is {rate!r}")
    return modem, found
