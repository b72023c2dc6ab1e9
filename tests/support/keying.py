"""Keys as lines bring them: many at once, each of its own start and phases.

A batch is a matrix, a row for each key; everything that a line does to it takes the batch and
gives another. Levels are dBm0, times are milliseconds.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from dsp import line
from dsp.tones import DTMF
from dsp.types import RATE, Samples, amplitude, dbm0, whole

Floats: TypeAlias = NDArray[np.float64]
Random: TypeAlias = np.random.Generator

KEYS = "0123456789*#ABCD"

LAWS: dict[str, Callable[[Samples], Samples]] = {
    "linear": lambda sound: sound,
    "µ-law": line.LAWS["pcmu"],
    "A-law": line.LAWS["pcma"],
}
"""What a line makes of samples."""


@dataclass(frozen=True)
class Keyed:
    """A key on each row.

    Parameters
    ----------
    keys
        ``n`` of them.
    sound
        ``(n, samples)``, of 16 bits but neither rounded nor clipped.
    start, end
        ``(n,)``: where the key's first sample is, and the one after its last.
    level
        ``(n,)``: dBm0 of both tones together, as much of them as 16 bits hold.
    rate
        Samples a second.
    """

    keys: Sequence[str]
    sound: Floats
    start: NDArray[np.intp]
    end: NDArray[np.intp]
    level: Floats
    rate: int = RATE

    def plus(self, sound: Floats) -> Keyed:
        """Add what else is on the line."""
        return replace(self, sound=self.sound + sound)

    def line(self, law: str = "linear") -> Samples:
        """Give the samples that come out of a line."""
        return LAWS[law](whole(self.sound))

    def within(self) -> NDArray[np.intp]:
        """Give the place of each sample in its row's key: negative before, and so on behind it."""
        places: NDArray[np.intp] = np.arange(self.sound.shape[1]) - self.start[:, None]
        return places

    def cut(self, begin: Floats, length: float) -> Keyed:
        """Silence all there is for so many milliseconds, `begin` after the keys' starts."""
        first = np.rint(np.asarray(begin) * self.rate / 1000).astype(int)[..., None]
        inside = self.within() - first
        off = (inside >= 0) & (inside < round(length * self.rate / 1000))
        return replace(self, sound=np.where(off, 0.0, self.sound))


def keyed(
    rng: Random,
    repeats: int,
    *,
    keys: str = KEYS,
    on: float = 50.0,
    level: float = -10.0,
    twist: float = 0.0,
    detuned: tuple[float, float] = (0.0, 0.0),
    lead: float = 60.0,
    tail: float = 100.0,
    rate: int = RATE,
) -> Keyed:
    """Each key `repeats` times.

    Parameters
    ----------
    on
        Milliseconds that it sounds.
    level
        Of the louder of its tones.
    twist
        Decibels by which the high tone is louder; negative where the low one is.
    detuned
        By which part the low and the high tone are off.
    lead
        It begins so late, and up to 20 ms later.
    tail
        So much comes behind it at least.
    """
    every = list(keys) * repeats
    n = len(every)
    start = round(lead * rate / 1000) + rng.integers(0, rate // 50, n)
    length = round(on * rate / 1000)
    total = start.max() + length + round(tail * rate / 1000)
    at = np.arange(total) - start[:, None]
    sound = np.zeros((n, total))
    levels = level - max(twist, 0.0), level + min(twist, 0.0)
    for which in (0, 1):
        hz = np.array([DTMF[key][which] for key in every])[:, None] * (1 + detuned[which])
        phase = rng.uniform(0, 2 * np.pi, (n, 1))
        sound += amplitude(levels[which]) * np.sin(2 * np.pi * hz * at / rate + phase)
    sound *= (at >= 0) & (at < length)
    level = np.full(n, 10 * np.log10(sum(10 ** (one / 10) for one in levels)))
    if abs(sound).max() > 32767:
        level = dbm0((np.clip(sound, -32768, 32767) ** 2).sum(axis=1) / length)
    return Keyed(every, sound, start, start + length, level, rate)


def white(rng: Random, shape: tuple[int, ...], level: float) -> Floats:
    """Give white noise up to half the sampling rate, of a level in dBm0."""
    return line.Noise(level).start(rng)(np.zeros(math.prod(shape))).reshape(shape)


def hum(rng: Random, like: Floats, frequencies: Sequence[float], level: float) -> Floats:
    """Give tones of a level each that sound all along, as a dial tone does."""
    at = np.arange(like.shape[1]) / RATE
    out = np.zeros(like.shape)
    for hz in frequencies:
        phase = rng.uniform(0, 2 * np.pi, (len(like), 1))
        out += amplitude(level) * np.sin(2 * np.pi * hz * at + phase)
    return out
