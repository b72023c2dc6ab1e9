"""Tones as FreeSWITCH's generator makes them: up to 18 sines, a level that may ramp, then silence.

The oscillator is a phase accumulator of 32 bits over a sine table of 512 steps a turn. Its
arithmetic is that of FreeSWITCH's libteletone, so that what is rendered here and what the switch
renders are the same samples: the sines are added, an offset of 128 with them, and the sum is
divided by how many they are. A tone of one frequency at −7 is therefore −7 dBm0; of two, each is
6 dB less.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dsp.types import RATE, DspError, Samples

MAX_FREQUENCIES = 18
"""Frequencies that one tone may have."""

MIN_LEVEL, MAX_LEVEL = -63.0, 0.0
"""Where a ramp stops, in dBm0."""

DTMF: Mapping[str, tuple[float, float]] = {
    key: (low, high)
    for low, row in zip((697.0, 770.0, 852.0, 941.0), ("123A", "456B", "789C", "*0#D"), strict=True)
    for key, high in zip(row, (1209.0, 1336.0, 1477.0, 1633.0), strict=True)
}
"""Low and high frequency of each key in Hz (Q.23 table 1)."""

_QUARTER = np.minimum(
    np.round(32768.0 * np.sin((np.arange(128) + 0.5) * np.pi / 256)), 32767.0
).astype(np.int32)
_HALF = np.concatenate([_QUARTER, _QUARTER[::-1]])
_SINE = np.concatenate([_HALF, -_HALF])
_OFFSET = 128


class ToneError(DspError):
    """A tone that cannot be made: a key that is none, a frequency the rate cannot carry."""


@dataclass(frozen=True, slots=True)
class Tone:
    """Some frequencies for a time, and silence after them.

    Parameters
    ----------
    on, off
        Samples that sound, samples of silence after them.
    frequencies
        Hz, each above 0 and below half of `rate`; none sounds as silence.
    level
        dBm0 that each frequency would have alone.
    rate
        Samples a second that the frequencies are reckoned at.
    slope
        dB that the level moves every `step` samples; it stays between −63 and 0.
    step
        Samples between two moves, at least 1. The first move is on sample ``step - 1``.

    Examples
    --------
    >>> beep = Tone(on=800, off=160, frequencies=(1400.0,), level=-7.0)
    >>> beep.samples
    960
    >>> beep.render(0, 4)
    array([ 190, 9196, 8345, -1429], dtype=int16)
    """

    on: int
    off: int
    frequencies: tuple[float, ...]
    level: float
    rate: int = RATE
    slope: float = 0.0
    step: int = 1

    @property
    def samples(self) -> int:
        """Length with its silence."""
        return self.on + self.off

    def render(self, start: int, stop: int) -> Samples:
        """Samples `start` to `stop` of the tone; any cutting gives the same samples.

        Parameters
        ----------
        start, stop
            ``0 <= start <= stop <= samples``.

        Returns
        -------
        numpy.ndarray
            ``(stop - start,)`` int16.
        """
        out = np.zeros(stop - start, dtype=np.int16)
        sounding = max(0, min(stop, self.on) - start)
        if sounding and self.frequencies:
            out[:sounding] = self._sound(np.arange(start, start + sounding, dtype=np.int64))
        return out

    def _sound(self, at: NDArray[np.int64]) -> NDArray[np.int64]:
        scale = self._scale(at)
        total = np.full(at.shape, _OFFSET, dtype=np.int64)
        for frequency in self.frequencies:
            turn = int(frequency * 2**32 / self.rate)
            phase = (at * turn) & 0xFFFFFFFF
            total += (_SINE[phase >> 23] * scale) >> 15
        count = len(self.frequencies)
        # C's division, towards zero
        mean: NDArray[np.int64] = np.sign(total) * (np.abs(total) // count)
        return mean.clip(-32768, 32767)

    def _scale(self, at: NDArray[np.int64]) -> NDArray[np.int64]:
        if not self.slope:
            return _scale_of(np.array(self.level))
        room = (MAX_LEVEL if self.slope > 0 else MIN_LEVEL) - self.level
        most = np.floor(max(0.0, room / self.slope) + 1e-6)
        moves = np.minimum((at + 1) // self.step, most)
        return _scale_of(self.level + self.slope * moves)


def _scale_of(level: NDArray[np.float64]) -> NDArray[np.int64]:
    """Peak of a sine of `level` dBm0, where 3.14 + 3.02 dBm0 is the square of full scale."""
    return np.floor(10.0 ** ((level - 6.16) / 20.0) * (32767.0 * 1.414214)).astype(np.int64)


def dtmf(
    keys: str,
    *,
    on_ms: int = 100,
    off_ms: int = 100,
    level: float = -7.0,
    twist: float = 0.0,
    rate: int = RATE,
) -> Samples:
    """Keys as a telephone sends them.

    Parameters
    ----------
    keys
        Of ``0-9 * # A-D``.
    on_ms, off_ms
        Milliseconds of each tone and of the silence after it; Q.24 asks for 40 and 40 at least.
    level
        dBm0 of each of the two frequencies, at most −3.
    twist
        dB that the higher of the two is louder; both stay at or below −3 dBm0.
    rate
        Samples a second, at least 8000.

    Returns
    -------
    numpy.ndarray
        int16, ``len(keys) * (on_ms + off_ms) * rate // 1000`` samples.

    Raises
    ------
    ToneError
        A key that is none, named with its place.

    Examples
    --------
    >>> dtmf("159#", on_ms=50, off_ms=50).shape
    (3200,)
    """
    high = level + twist
    if on_ms < 0 or off_ms < 0 or rate < RATE or max(level, high) > -3.0:
        raise ToneError(f"no tone of {on_ms} ms, {off_ms} ms, {level} and {high} dBm0 at {rate} Hz")
    on, off = on_ms * rate // 1000, off_ms * rate // 1000
    out = np.empty((len(keys), on + off), dtype=np.int16)
    for place, key in enumerate(keys):
        if key not in DTMF:
            raise ToneError(f"no key {key!r} at {place}: keys are {''.join(sorted(DTMF))}")
        if twist:
            tones = zip(DTMF[key], (level, high), strict=True)
            alone = [Tone(on, off, (hz,), loud, rate) for hz, loud in tones]
        else:
            # the generator halves the sum of two
            alone = [Tone(on, off, DTMF[key], level + 20 * float(np.log10(2.0)), rate)]
        out[place] = sum(tone.render(0, tone.samples) for tone in alone)
    return out.reshape(-1)
