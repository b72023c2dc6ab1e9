"""What a fax terminal says: signals in a queue, and the samples that they are.

======================= ================================================= ==========================
signal                  what it is                                        T.30
======================= ================================================= ==========================
:class:`Silence`        nothing                                           75 ms, 5.3.2.1
:class:`Cng`            1100 Hz for 0.5 s, 3 s of nothing                 4.2
:class:`Ced`            2100 Hz                                           4.1: 2.6 to 4.0 s
:class:`Control`        V.21: flags, frames, flags                        5.3.1: 1 s ± 15 % of flags
:class:`Check`          a fast modem: long training, zeros (TCF)          5.3.6.1.3: 1.5 s ± 10 %
:class:`Image`          a fast modem: training, a picture's bits
======================= ================================================= ==========================

Each is as short as it may be, for all of them are time on the line.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from functools import lru_cache
from typing import Protocol, TypeAlias

import numpy as np

from dsp import signals
from dsp.fax import hdlc, modems
from dsp.modem import v21
from dsp.modem.transmitter import LEVELS
from dsp.modem.types import BitSource, ModemError, Transmits
from dsp.types import RATE, Samples

__all__ = ["Ced", "Check", "Cng", "Control", "Image", "Mouth", "Signal", "Silence"]

_INT16 = np.dtype(np.int16)

_CNG_SECONDS = 3.5
_PRECURSOR = 25
"""Samples in which a burst of V.17 does not sound yet, though its first pulse begins.

libspandsp measures a short training from where the power rises: of 104 over 26 lines with four
kinds of noise it takes 93 as they are, and 96 with these samples silent; of its own, 90.
"""

_AHEAD = 1600
"""Samples that a modem makes at once at least."""

_CLOSING = 2
"""Flags after the last frame: one ends it, and one more lets all receivers' filters run out."""


@dataclass(frozen=True, slots=True)
class Silence:
    """Nothing, for so many seconds."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Cng:
    """The tone of who calls, once, and the pause after it."""


@dataclass(frozen=True, slots=True)
class Ced:
    """The tone of who is called."""

    seconds: float = 2.6


@dataclass(frozen=True, slots=True)
class Control:
    """Frames by V.21, each from its address on without an FCS."""

    frames: tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class Check:
    """A training check (TCF) by a modem and rate, as ``V.17 14400``: so many seconds of zeros."""

    rate: str
    seconds: float = 1.36


@dataclass(frozen=True, slots=True)
class Image:
    """Bits of a picture by a modem and rate, after a short training where the modem has one.

    Its carrier is ahead by so many symbols as is said by ``turned``: who has missed a training may
    take one of another phase.
    """

    rate: str
    short: bool
    source: BitSource
    turned: int = 0


Signal: TypeAlias = Silence | Cng | Ced | Control | Check | Image


class _Says(Protocol):
    """What makes the samples of a signal: a modem's sender, or what has them already."""

    @property
    def done(self) -> bool: ...

    def pull(self, count: int) -> Samples: ...


class _Sound:
    """Samples that are there already."""

    def __init__(self, samples: Samples) -> None:
        self._samples, self._at = samples, 0

    @property
    def done(self) -> bool:
        return self._at == len(self._samples)

    def pull(self, count: int) -> Samples:
        begin = self._at
        part = self._samples[begin : begin + count].copy()
        self._at = begin + len(part)
        return part


class _Ahead:
    """What a modem's sender says, some more of it at once than is pulled: so it costs less."""

    def __init__(self, sender: Transmits, begun: Samples) -> None:
        self._sender = sender
        self._samples, self._at = begun, 0

    @property
    def done(self) -> bool:
        return self._at == len(self._samples) and self._sender.done

    def pull(self, count: int) -> Samples:
        begin = self._at
        if begin + count > len(self._samples):
            more = self._sender.pull(max(count, _AHEAD))
            self._samples = np.concatenate([self._samples[begin:], more])
            begin = 0
        part = self._samples[begin : begin + count].copy()
        self._at = begin + len(part)
        return part


@lru_cache(maxsize=16)
def _cng(level: float) -> Samples:
    return signals.fax("cng", _CNG_SECONDS, level=level)


@lru_cache(maxsize=16)
def _ced(seconds: float, level: float) -> Samples:
    return signals.answer_tone(seconds, level=level)


@lru_cache(maxsize=64)
def _control(frames: tuple[bytes, ...], level: float) -> Samples:
    bits = hdlc.encode(frames, opening=hdlc.preamble(300), closing=_CLOSING)
    return v21.Transmitter(level=level).modulate(bits)


@lru_cache(maxsize=32)
def _check(rate: str, seconds: float, level: float) -> Samples:
    zeros = np.zeros(round(seconds * modems.bit_rate(rate)), dtype=np.uint8)
    return _clean(modems.transmitter(rate, level=level).modulate(zeros), rate)


def _clean(sound: Samples, rate: str) -> Samples:
    """Silence what is before a burst's first symbol, where that matters."""
    if modems.is_short(rate):
        sound[:_PRECURSOR] = 0
    return sound


class Mouth:
    """Say signals one after the other, and nothing when there are none.

    What comes out does not depend on how many samples are pulled at once; the bits of an
    :class:`Image` are asked for up to 0.2 s before they are on the line.

    Parameters
    ----------
    level
        dBm0 of everything that is said.

    Raises
    ------
    ModemError
        For a level that no modem sends with.

    Examples
    --------
    >>> mouth = Mouth(-13.0)
    >>> mouth.say(Ced(), Silence(0.075))
    >>> len(mouth.pull(21399)), mouth.done
    (21399, False)
    >>> len(mouth.pull(160)), mouth.done
    (160, True)
    """

    def __init__(self, level: float = -13.0) -> None:
        least, most = LEVELS
        if not least <= level <= most:
            raise ModemError(f"no modem sends with {level} dBm0: only {least:g} to {most:g}")
        self._level = level
        self._queue: deque[Signal] = deque()
        self._now: _Says | None = None

    def say(self, *signals: Signal) -> None:
        """Have signals said after those that are not over."""
        self._queue.extend(signals)

    def stop(self) -> None:
        """Forget what is being said, and what is still to be."""
        self._queue.clear()
        self._now = None

    @property
    def done(self) -> bool:
        """Whether nothing is left to be said."""
        return not self._queue and (self._now is None or self._now.done)

    def pull(self, count: int) -> Samples:
        """Return the next samples.

        Parameters
        ----------
        count
            How many, at least 0.

        Returns
        -------
        numpy.ndarray
            ``(count,)`` int16 at 8 kHz.

        Raises
        ------
        ModemError
            For a rate that there is not; where the source of an image gives more bits than it is
            asked for, or something else than bits.
        HdlcError
            For a frame without an address and a control field.
        """
        if self._now is None and not self._queue:
            return np.zeros(count, _INT16)
        if self._now is not None:
            part = self._now.pull(count)
            if len(part) == count:
                return part
            return self._filled([part], count - len(part))
        return self._filled([], count)

    def _filled(self, parts: list[Samples], count: int) -> Samples:
        """Go on with the next signals, where one is over."""
        while count:
            if not self._queue:
                self._now = None
                parts.append(np.zeros(count, _INT16))
                break
            self._now = self._begun(self._queue.popleft())
            parts.append(self._now.pull(count))
            count -= len(parts[-1])
        return np.concatenate(parts) if parts else np.zeros(0, _INT16)

    def _begun(self, signal: Signal) -> _Says:
        level = self._level
        match signal:
            case Silence(seconds):
                return _Sound(np.zeros(round(seconds * RATE), _INT16))
            case Cng():
                return _Sound(_cng(level))
            case Ced(seconds):
                return _Sound(_ced(seconds, level))
            case Control(frames):
                return _Sound(_control(frames, level))
            case Check(rate, seconds):
                return _Sound(_check(rate, seconds, level))
            case Image(rate, short, source, turned):
                sender = modems.transmitter(rate, short=short, level=level)
                sender.turn(turned)
                sender.start(source)
                return _Ahead(sender, _clean(sender.pull(_AHEAD), rate))
