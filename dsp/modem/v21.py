"""V.21: 300 bit/s by two frequencies, channel 2 of which carries the frames of T.30."""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import NDArray

from dsp.modem.keying import Keyer
from dsp.modem.types import Bits, BitSource, Complex, ModemError, Report, sampled
from dsp.modem.v21_kernel import (
    BIT,
    EVENTS,
    FRACTION,
    MOST,
    PAST,
    STATE,
    STEPS,
    SYMBOLS,
    WIDTH,
    hear,
    restart,
)
from dsp.types import RATE, Samples, amplitude

__all__ = ["BIT_RATE", "TONES", "Receiver", "Transmitter"]

BIT_RATE = 300
TONES = {1: (980.0, 1180.0), 2: (1650.0, 1850.0)}
"""Hz of a one and of a zero by channel (V.21 clause 3)."""

_FLOOR = -47.0
"""dBm0 below which nothing is a carrier: V.21 clause 6 has one from -43 on and none below -48."""
_NONE: Bits = np.zeros(0, dtype=np.uint8)


def _tones(channel: int) -> tuple[float, float]:
    if channel not in TONES:
        raise ModemError(f"V.21 has the channels 1 and 2, not {channel}")
    return TONES[channel]


class Transmitter:
    """Send V.21.

    Parameters
    ----------
    channel
        1, of who calls in V.21, or 2, of who answers and of both sides of T.30.
    level
        dBm0.

    Raises
    ------
    ModemError
        A channel or a level that there is not.

    Examples
    --------
    >>> Transmitter().modulate(np.array([0, 1, 1] * 100, dtype=np.uint8)).shape
    (8000,)
    """

    def __init__(self, *, channel: int = 2, level: float = -13.0) -> None:
        if not -100 <= level <= 3.2:
            raise ModemError(f"no tone has {level:g} dBm0: -100 to 3.2")
        self._tones, self._level = _tones(channel), level
        self._keyer = self._new_keyer()
        self._source: BitSource | None = None
        self._left = 0

    def _new_keyer(self) -> Keyer:
        return Keyer(*self._tones, BIT_RATE, self._level)

    def modulate(self, bits: Bits) -> Samples:
        """Send a whole burst.

        Parameters
        ----------
        bits
            ``(n,)``, 0 or 1.

        Returns
        -------
        numpy.ndarray
            int16 at 8 kHz, n / 300 seconds to the last sample begun; nothing goes before or after.

        Raises
        ------
        ModemError
            For what is no bits, or of another type.
        """
        keyer = self._new_keyer()
        return keyer.send(bits, keyer.ends(len(bits)))

    def start(self, source: BitSource) -> None:
        """Begin a burst whose bits are asked for as they are needed.

        Parameters
        ----------
        source
            Called with how many bits are wanted; with fewer the burst ends.
        """
        self._keyer, self._source, self._left = self._new_keyer(), source, 0

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
        bits = _NONE
        if self._source is not None:
            wanted = self._keyer.wanted(count)
            if wanted:
                bits = self._source(wanted)
                if len(bits) > wanted:
                    raise ModemError(f"the source gave {len(bits)} bits for {wanted}")
                if len(bits) < wanted:
                    self._source, self._left = None, self._keyer.ends(len(bits))
        if self._source is None:
            count = min(count, self._left)
            self._left -= count
        return self._keyer.send(bits, count)

    @property
    def done(self) -> bool:
        """Whether the burst is over, or none was begun."""
        return self._source is None and self._left == 0


@cache
def _bank(mark: float, space: float) -> NDArray[np.float32]:
    bit = BIT / 2.0**FRACTION
    begin = (np.arange(STEPS) / STEPS)[:, None]
    at = np.arange(WIDTH)[None, :]
    inside = np.clip(np.minimum(at + 0.5, begin + bit) - np.maximum(at - 0.5, begin), 0, 1)
    waves = [
        inside * np.exp(-2j * np.pi * hz * (at - begin) / RATE) * np.sqrt(2 / bit)
        for hz in (space, mark)
    ]
    parts = [part for wave in waves for part in (wave.real, wave.imag)]
    return np.stack(parts, axis=1).astype(np.float32)


_MANY = EVENTS // 2
"""Events that may wait in the loop's state: fewer come in the samples that it takes at once."""


class Receiver:
    """Receive V.21: the bits of each burst, and when it began and ended.

    Parameters
    ----------
    channel
        1 or 2, as of the :class:`Transmitter`.

    Raises
    ------
    ModemError
        A channel that there is not.

    Examples
    --------
    >>> receiver = Receiver()
    >>> sound = Transmitter().modulate(np.array([0, 1, 1, 1, 1, 1, 1, 0] * 9, dtype=np.uint8))
    >>> silence = np.zeros(800, dtype=np.int16)
    >>> bits = receiver.process(np.concatenate([silence, sound, silence]))
    >>> bits[:8].tolist()
    [0, 1, 1, 1, 1, 1, 1, 0]
    >>> [one.what for one in receiver.reports()]
    ['carrier up', 'carrier lost']
    """

    def __init__(self, *, channel: int = 2) -> None:
        mark, space = _tones(channel)
        self._state = np.zeros(1, dtype=STATE)
        one = self._state[0]
        one["bank"] = _bank(mark, space)
        turned = 2 * np.pi * np.array((space, mark)) / BIT_RATE
        one["turns"][:4] = np.stack([np.cos(turned), np.sin(turned)], axis=1).reshape(-1)
        one["turns"][4] = turned.mean()
        one["floor"] = amplitude(_FLOOR) ** 2 / 2 * RATE / BIT_RATE
        self._bits: Bits = one["bits"]
        self._told: NDArray[np.int64] = self._state["event_count"]
        self._reports: list[Report] = []
        one["base"], one["filled"] = -PAST, PAST
        restart(self._state)

    def process(self, samples: Samples) -> Bits:
        """Hear some samples.

        Parameters
        ----------
        samples
            ``(n,)`` int16 at 8 kHz.

        Returns
        -------
        numpy.ndarray
            The bits of data that are known by them, uint8.

        Raises
        ------
        ModemError
            If they are of another shape or type.
        """
        samples = sampled(samples)
        if len(samples) > MOST:
            cuts = range(0, len(samples), MOST)
            return np.concatenate([self.process(samples[at : at + MOST]) for at in cuts])
        count = hear(samples, self._state)
        if self._told[0] > _MANY:
            self._take_down()
        return self._bits[:count].copy() if count else _NONE

    def reports(self) -> list[Report]:
        """Return what has happened since this was last asked: carriers up and lost."""
        if self._told[0]:
            self._take_down()
        reports, self._reports = self._reports, []
        return reports

    def _take_down(self) -> None:
        """Make room for what the loop has to tell."""
        for what, at, bits in self._state[0]["events"][: self._told[0]].tolist():
            self._reports.append(Report("carrier lost" if what else "carrier up", at, bits))
        self._told[0] = 0

    def restart(self) -> None:
        """Listen for a new carrier from the next sample on, which is counted on from the last."""
        restart(self._state)

    @property
    def carrier(self) -> bool:
        """Whether there is a carrier."""
        return bool(self._state[0]["live"] >= 0)

    @property
    def trained(self) -> bool:
        """Whether data are being received: V.21 has no training, so while there is a carrier."""
        return self.carrier

    @property
    def quality(self) -> float:
        """Signal-to-noise ratio, estimated, over 0 to 4 kHz, in dB; of the latest carrier."""
        one = self._state[0]
        noise = max(float(one["noise"]), 1e-9) * RATE / 2 / BIT_RATE
        return float(10 * np.log10(max(float(one["power"]), 1e-9) / noise))

    @property
    def frequency_offset(self) -> float:
        """By how many Hz both frequencies are higher than they should be."""
        one = self._state[0]
        return float(one["drift"][one["live"]] * BIT_RATE / (2 * np.pi)) if self.carrier else 0.0

    @property
    def timing_offset(self) -> float:
        """By how many ppm the sender's clock is faster than this one."""
        return float(-self._state[0]["clock"] * 1e6)

    def symbols(self) -> Complex:
        """Return the bits as they were heard, since last asked: at most the latest 4,096.

        Returns
        -------
        numpy.ndarray
            complex64; about 1 of a one and −1 of a zero.
        """
        one = self._state[0]
        count = int(one["symbol_count"])
        at = np.arange(max(0, count - SYMBOLS), count) % SYMBOLS
        one["symbol_count"] = 0
        heard: Complex = one["symbols"][at]
        return heard
