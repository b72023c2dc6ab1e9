"""What a line's impairments are made of: filters, delays, clocks and chance, block by block."""

from __future__ import annotations

import heapq
import math
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from functools import cache
from typing import TypeAlias

import numpy as np

from dsp.bank import Floats64
from dsp.line_kernel import convolve, interpolate
from dsp.types import RATE, DspError

__all__ = [
    "FOREVER",
    "REACH",
    "Events",
    "Fir",
    "Held",
    "Impairment",
    "LineError",
    "Random",
    "Resampler",
    "Stage",
    "between",
    "check",
    "samples",
]

Random: TypeAlias = np.random.Generator
Stage: TypeAlias = Callable[[Floats64], Floats64]
"""What an impairment does on one line: the next samples in, the next samples out."""

REACH = 48
"""Samples on either side of a place that its sound is interpolated from."""

_PHASES = 512
_SHAPE = 6.8


FOREVER = 2**62
"""Samples that are not all counted."""


class LineError(DspError):
    """A line that there cannot be: a level, a rate, a time or a name that is none."""


def check(what: str, value: float, least: float, most: float) -> None:
    """Raise :class:`LineError` where a value is not between two limits."""
    if not least <= value <= most:
        raise LineError(f"{what} is {value:g}: from {least:g} to {most:g}")


def samples(seconds: float) -> int:
    """How many samples a time is; without end it is :data:`FOREVER`."""
    return FOREVER if math.isinf(seconds) else round(seconds * RATE)


class Impairment(ABC):
    """One thing that lines do to sound; it has no state, and may be of many lines at once."""

    @property
    def delay(self) -> float:
        """Samples by which the sound comes out later."""
        return 0.0

    @abstractmethod
    def start(self, random: Random) -> Stage:
        """Begin it on one line.

        Parameters
        ----------
        random
            A generator of its own, for all that is by chance.

        Returns
        -------
        Stage
            It is called with one block after another, ``(n,)`` float64 on the scale of int16, and
            gives the same to the bit however the sound is cut into blocks. It does not write to
            them.
        """


class Held:
    """A delay of whole samples, of silence at first."""

    def __init__(self, samples: int) -> None:
        self._held = np.zeros(samples)

    def __call__(self, block: Floats64) -> Floats64:
        """Delay one block."""
        line = np.concatenate([self._held, block])
        self._held = line[len(block) :].copy()
        return line[: len(block)]


class Fir:
    """A filter of these taps."""

    def __init__(self, taps: Floats64) -> None:
        self._taps = np.concatenate([taps, np.zeros(-len(taps) % 4)])
        self._past = np.zeros(len(self._taps) - 1)

    def __call__(self, block: Floats64) -> Floats64:
        """Filter one block."""
        line = np.concatenate([self._past, block])
        out = np.empty(len(block))
        convolve(line, self._taps, out)
        self._past = line[len(block) :].copy()
        return out


@cache
def _phases() -> Floats64:
    """Taps of a windowed sinc for places between two samples, ``(_PHASES + 1, 2 * REACH)``."""
    apart = np.arange(1 - REACH, REACH + 1) - np.arange(_PHASES + 1)[:, None] / _PHASES
    taps = np.sinc(apart) * np.i0(_SHAPE * np.sqrt(np.clip(1 - (apart / REACH) ** 2, 0, None)))
    phases: Floats64 = taps / taps.sum(axis=1, keepdims=True)
    return phases


def between(part: float) -> Floats64:
    """Taps of a filter that delays by :data:`REACH` samples less a part of one."""
    row, rest = divmod(part * _PHASES, 1.0)
    low, high = _phases()[int(row)], _phases()[int(row) + 1]
    taps: Floats64 = (low + rest * (high - low))[::-1]
    return taps


class Resampler:
    """A clock against another: of n samples it makes ``n / ratio``, :data:`REACH` samples late.

    Sines up to 3.6 kHz come out right to −75 dB, up to 3.8 kHz to −65 dB. There is always as much
    as there can be: after n samples in all, ``ceil(n / ratio)``.
    """

    def __init__(self, ratio: float) -> None:
        self._ratio = ratio
        self._taken = self._given = 0
        self._past = np.zeros(2 * REACH - 1)

    def __call__(self, block: Floats64) -> Floats64:
        """Give what there is of sound after one more block."""
        line = np.concatenate([self._past, block])
        start = self._taken
        self._taken += len(block)
        until = self._settled()
        out = np.empty(until - self._given)
        interpolate(line, _phases(), (self._given, start, self._ratio), out)
        self._given = until
        self._past = line[len(block) :].copy()
        return out

    def _settled(self) -> int:
        """How many samples lie before the end of what was taken."""
        count = math.ceil(self._taken / self._ratio)
        while count * self._ratio < self._taken:
            count += 1
        while count and (count - 1) * self._ratio >= self._taken:
            count -= 1
        return count


class Events:
    """When things happen: at given seconds, and by chance so many times a second."""

    def __init__(self, random: Random, rate: float, at: Sequence[float]) -> None:
        self._coming = _times(random, rate, at)
        self._next = next(self._coming)

    def before(self, end: int) -> Iterator[int]:
        """Give those that are before this sample and were not given yet."""
        while self._next < end:
            now = int(self._next)
            self._next = next(self._coming)
            yield now


def _times(random: Random, rate: float, at: Sequence[float]) -> Iterator[float]:
    """Samples, ascending, and infinity at last."""
    yield from heapq.merge(_by_chance(random, rate), sorted(round(one * RATE) for one in at))
    yield math.inf


def _by_chance(random: Random, rate: float) -> Iterator[int]:
    now = 0.0
    while rate:
        now += random.exponential(RATE / rate)
        yield math.floor(now)
