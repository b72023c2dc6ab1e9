"""What the copper does: loss, clipping, delay, echo, noise and impulses."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from dsp.bank import Floats64
from dsp.line_stage import Events, Held, Impairment, LineError, Random, Stage, check, samples
from dsp.types import RATE, amplitude

__all__ = ["Clip", "Delay", "Echo", "Gain", "Impulses", "Noise", "chained"]

_LEAST, _MOST = -120.0, 20.0
_IMPULSE_HZ = (300.0, 3000.0)


def chained(impairments: Sequence[Impairment], seed: np.random.SeedSequence) -> Stage:
    """Begin impairments one after another, each with chance of its own."""
    children = seed.spawn(len(impairments))
    stages = [
        one.start(np.random.default_rng(child))
        for one, child in zip(impairments, children, strict=True)
    ]

    def process(block: Floats64) -> Floats64:
        for stage in stages:
            block = stage(block)
        return block

    return process


@dataclass(frozen=True)
class Gain(Impairment):
    """Louder or softer.

    Parameters
    ----------
    db
        Decibels; negative is a loss.
    """

    db: float

    def __post_init__(self) -> None:
        check("a gain", self.db, _LEAST, -_LEAST)

    def start(self, random: Random) -> Stage:
        """Begin it on one line."""
        factor = 10 ** (self.db / 20)
        return lambda block: block * factor


@dataclass(frozen=True)
class Clip(Impairment):
    """No sample beyond the peak of a sine.

    Parameters
    ----------
    level
        dBm0 of that sine. What is beyond +3.15 does not get through 16 bits in any case.
    """

    level: float

    def __post_init__(self) -> None:
        check("a clipping level", self.level, _LEAST, _MOST)

    def start(self, random: Random) -> Stage:
        """Begin it on one line."""
        peak = amplitude(self.level)
        return lambda block: np.clip(block, -peak, peak)


@dataclass(frozen=True)
class Delay(Impairment):
    """Later, by whole samples.

    Parameters
    ----------
    seconds
        0 to 10.
    """

    seconds: float

    def __post_init__(self) -> None:
        check("a delay", self.seconds, 0.0, 10.0)

    @property
    def delay(self) -> int:
        """Samples by which the sound comes out later."""
        return samples(self.seconds)

    def start(self, random: Random) -> Stage:
        """Begin it on one line."""
        return Held(self.delay)


@dataclass(frozen=True)
class Echo(Impairment):
    """The sound once more, later and softer; what it is added to is not delayed.

    In one direction it is listener's echo, which the far end hears after the sound itself. The
    echo of one's own sound, near or far, is of a :class:`~dsp.line.TwoWay`.

    Parameters
    ----------
    seconds
        How much later, 0 to 10.
    loss
        How many dB softer.
    path
        What else happens to it on its way, as ``FrequencyOffset(1.0)`` does to a far echo over
        carrier systems, or a :class:`~dsp.line.Shape`. Their delay adds to it.
    """

    seconds: float
    loss: float
    path: tuple[Impairment, ...] = ()

    def __post_init__(self) -> None:
        check("an echo's loss", self.loss, 0.0, -_LEAST)
        check("an echo's delay", self.seconds, 0.0, 10.0)

    def alone(self, random: Random) -> Stage:
        """Begin it without the sound that it is the echo of."""
        seed = np.random.SeedSequence(random.integers(2**63))
        return chained([Delay(self.seconds), Gain(-self.loss), *self.path], seed)

    def start(self, random: Random) -> Stage:
        """Begin it on one line."""
        echo = self.alone(random)
        return lambda block: block + echo(block)


@dataclass(frozen=True)
class Noise(Impairment):
    """White noise from 0 to 4 kHz, of normal distribution.

    Parameters
    ----------
    level
        dBm0 of all of it, not weighted.
    begin, end
        Seconds of the line's time between which there is any.
    """

    level: float
    begin: float = 0.0
    end: float = math.inf

    def __post_init__(self) -> None:
        check("a noise level", self.level, _LEAST, _MOST)
        if not 0 <= self.begin <= self.end:
            raise LineError(f"noise from {self.begin:g} s to {self.end:g} s")

    def start(self, random: Random) -> Stage:
        """Begin it on one line."""
        rms = amplitude(self.level) / math.sqrt(2)
        begin, end = samples(self.begin), samples(self.end)
        now = 0

        def process(block: Floats64) -> Floats64:
            nonlocal now
            first, last = (min(max(one - now, 0), len(block)) for one in (begin, end))
            now += len(block)
            if first == last:
                return block
            out = block.copy()
            out[first:last] += rms * random.standard_normal(last - first)
            return out

        return process


@dataclass(frozen=True)
class Impulses(Impairment):
    """Impulse noise: clicks that ring at a random frequency in the band, and die away.

    Parameters
    ----------
    level
        dBm0 of a sine that has the peak of a click.
    rate
        How many a second by chance.
    at
        Seconds at which there are some in any case.
    spread
        dB by which their peaks vary, as a standard deviation.
    seconds
        Time in which one falls by 8.7 dB.
    """

    level: float
    rate: float = 1.0
    at: tuple[float, ...] = ()
    spread: float = 0.0
    seconds: float = 0.001

    def __post_init__(self) -> None:
        check("an impulse's level", self.level, _LEAST, _MOST)
        check("a rate of impulses", self.rate, 0.0, 1000.0)
        check("a spread of impulses", self.spread, 0.0, 20.0)
        check("an impulse's length", self.seconds, 1 / RATE, 0.1)

    def start(self, random: Random) -> Stage:
        """Begin it on one line."""
        events = Events(random, self.rate, self.at)
        ringing: list[tuple[int, Floats64]] = []
        now = 0

        def process(block: Floats64) -> Floats64:
            nonlocal now, ringing
            until = now + len(block)
            ringing += [(begin, self._click(random)) for begin in events.before(until)]
            out = block.copy() if ringing else block
            for begin, click in ringing:
                first, last = max(begin, now), min(begin + len(click), until)
                out[first - now : last - now] += click[first - begin : last - begin]
            ringing = [(begin, click) for begin, click in ringing if begin + len(click) > until]
            now = until
            return out

        return process

    def _click(self, random: Random) -> Floats64:
        level = self.level + self.spread * random.standard_normal()
        hz, phase = random.uniform(*_IMPULSE_HZ), random.uniform(0, 2 * math.pi)
        time = np.arange(math.ceil(8 * self.seconds * RATE)) / RATE
        click = np.exp(-time / self.seconds) * np.cos(2 * np.pi * hz * time + phase)
        scaled: Floats64 = click * (amplitude(level) / np.abs(click).max())
        return scaled
