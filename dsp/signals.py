"""Transmitters: what exchanges, fax machines and modems send, as samples.

Keys are :func:`dsp.tones.dtmf`'s, and anything of steady tones can be written as a
:mod:`dsp.tone_stream` as well, which FreeSWITCH plays itself. All times here are to the sample.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np

from dsp.bank import Floats64
from dsp.mf import MfError, load
from dsp.modem.keying import Keyer
from dsp.types import RATE, DspError, Samples, amplitude, whole

__all__ = ["FAX", "SignalError", "answer_tone", "fax", "fsk", "mf", "preamble"]

_FLAG = (0, 1, 1, 1, 1, 1, 1, 0)
_REVERSED_SECONDS = 0.45
_MODULATION_HZ, _MODULATION = 15.0, 0.2


class SignalError(DspError):
    """A signal that cannot be sent: none of that name, a time or a level that is none."""


def _time(seconds: float) -> Floats64:
    """Seconds at which each sample is."""
    if not 0 <= seconds <= 3600:
        raise SignalError(f"nothing lasts {seconds:g} s here: up to 3600")
    return np.arange(round(seconds * RATE)) / RATE


def _sine(hz: float, seconds: float, level: float) -> Floats64:
    sine: Floats64 = amplitude(level) * np.sin(2 * np.pi * hz * _time(seconds))
    return sine


def mf(
    signals: Sequence[str],
    system: str = "r1",
    *,
    on_ms: float | None = None,
    off_ms: float | None = None,
    level: float | None = None,
    twist: float = 0.0,
) -> Samples:
    """MF register signals, one after another.

    Parameters
    ----------
    signals
        As the system has them: ``["KP", "1", "2", "ST"]``, or a string of which each character is
        one.
    system
        One of :data:`dsp.mf.SYSTEMS`.
    on_ms, off_ms
        Milliseconds of each signal and of the silence after it; without them as the system has it:
        R1 68 and 68, KP 100 (Q.321); R2, which waits for the other side, 80 and 80.
    level
        dBm0 of the lower of the two tones; without it −7 of R1, −11.5 of R2 (Q.454).
    twist
        dB that the higher tone is louder.

    Returns
    -------
    numpy.ndarray
        int16 at 8 kHz.

    Raises
    ------
    MfError
        A system, or a signal, that there is not.
    SignalError
        A time that is none.

    Examples
    --------
    >>> mf(["KP", "1", "ST"]).shape
    (3520,)
    """
    known = load(system)
    longer = known.longer[1]
    low = known.sent["level"] if level is None else level
    pause = known.sent["pause_ms"] if off_ms is None else off_ms
    parts = []
    for signal in signals:
        if signal not in known.signals:
            raise MfError(f"{system} has no signal {signal!r}: it has {', '.join(known.signals)}")
        ms = longer.get(signal, known.sent["ms"]) if on_ms is None else on_ms
        first, second = known.signals[signal]
        parts.append(_sine(first, ms / 1000, low) + _sine(second, ms / 1000, low + twist))
        parts.append(np.zeros(len(_time(pause / 1000))))
    return whole(np.concatenate(parts)) if parts else np.zeros(0, dtype=np.int16)


def answer_tone(
    seconds: float = 3.3,
    *,
    level: float = -13.0,
    modulated: bool = False,
    reversals: bool = False,
) -> Samples:
    """The 2,100 Hz of V.25 and V.8.

    Parameters
    ----------
    seconds
        V.25 has 3.3 ± 0.7 s, T.30's CED 2.6 to 4.0 s, V.8's ANSam up to 5 s.
    level
        dBm0 of the unmodulated tone.
    modulated
        Whether its amplitude goes between 0.8 and 1.2 with 15 Hz: ANSam (V.8 clause 7).
    reversals
        Whether its phase is turned by 180° every 450 ms, which keeps echo cancellers off (V.25).

    Returns
    -------
    numpy.ndarray
        int16 at 8 kHz.

    Raises
    ------
    SignalError
        A time that is none.

    Examples
    --------
    >>> answer_tone(1.0, reversals=True).shape
    (8000,)
    """
    time = _time(seconds)
    sound = _sine(2100.0, seconds, level)
    if modulated:
        sound *= 1.0 + _MODULATION * np.sin(2 * np.pi * _MODULATION_HZ * time)
    if reversals:
        sound *= np.where(time // _REVERSED_SECONDS % 2 == 0, 1.0, -1.0)
    return whole(sound)


def fsk(
    bits: Sequence[int],
    *,
    mark: float = 1650.0,
    space: float = 1850.0,
    rate: float = 300.0,
    level: float = -13.0,
) -> Samples:
    """Bits by frequency-shift keying with continuous phase.

    Parameters
    ----------
    bits
        0 and 1.
    mark, space
        Hz of a one and of a zero; V.21's channel 2 to begin with.
    rate
        Bits a second.
    level
        dBm0.

    Returns
    -------
    numpy.ndarray
        int16 at 8 kHz, ``len(bits) / rate`` seconds.

    Raises
    ------
    SignalError
        A time that is none.
    ModemError
        Bits that are neither 0 nor 1.

    Examples
    --------
    >>> fsk([0, 1, 1, 0] * 30).shape
    (3200,)
    """
    count = len(_time(len(bits) / rate))
    keyed = np.asarray(bits, dtype=np.uint8)
    return Keyer(mark, space, rate, level).send(keyed, count)


def preamble(seconds: float = 1.0, *, level: float = -13.0) -> Samples:
    """HDLC flags of V.21 channel 2, as a fax sends them before its frames.

    Parameters
    ----------
    seconds
        T.30 has 1 s ± 15 %; it is made of whole flags, of 26.7 ms.
    level
        dBm0.

    Returns
    -------
    numpy.ndarray
        int16 at 8 kHz.

    Raises
    ------
    SignalError
        A time that is none.

    Examples
    --------
    >>> preamble(1.0).shape
    (7893,)
    """
    return fsk(_FLAG * int(seconds * 300 / len(_FLAG)), level=level)


def _bursts(hz: float, on: float, off: float) -> Callable[[float, float], Samples]:
    def send(seconds: float, level: float) -> Samples:
        sound = _sine(hz, seconds, level)
        return whole(np.where(_time(seconds) % (on + off) < on, sound, 0.0))

    return send


FAX: Mapping[str, Callable[[float, float], Samples]] = {
    "cng": _bursts(1100.0, 0.5, 3.0),
    "ced": lambda seconds, level: answer_tone(seconds, level=level),
    "ced/": lambda seconds, level: answer_tone(seconds, level=level, reversals=True),
    "ansam": lambda seconds, level: answer_tone(seconds, level=level, modulated=True),
    "ansam/": lambda seconds, level: answer_tone(
        seconds, level=level, modulated=True, reversals=True
    ),
    "preamble": lambda seconds, level: preamble(seconds, level=level),
    "bell-answer": lambda seconds, level: whole(_sine(2225.0, seconds, level)),
    "calling-tone": _bursts(1300.0, 0.6, 1.75),
}
"""What sends each, for so many seconds with so many dBm0; the names are those that are heard."""


def fax(value: str, seconds: float = 3.0, *, level: float = -13.0) -> Samples:
    """A tone of fax machines and modems.

    Parameters
    ----------
    value
        ``cng`` (T.30 4.1), ``ced``, ``ced/``, ``ansam``, ``ansam/``, ``preamble``; ``bell-answer``,
        of Bell 103 and 212A; ``calling-tone``, of V.25.
    seconds
        How long, pauses counted.
    level
        dBm0 while it sounds; −13 is what V.2 allows a modem.

    Returns
    -------
    numpy.ndarray
        int16 at 8 kHz.

    Raises
    ------
    SignalError
        A tone or a time that is none.

    Examples
    --------
    >>> fax("cng", 3.5).shape
    (28000,)
    """
    if value not in FAX:
        raise SignalError(f"no tone {value!r}: there are {', '.join(FAX)}")
    return FAX[value](seconds, level)
