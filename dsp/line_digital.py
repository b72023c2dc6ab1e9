"""What digital transmission does: G.711's quantising, lost frames, clocks that differ."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from dsp.bank import Floats64
from dsp.g711 import alaw_to_linear, linear_to_alaw, linear_to_ulaw, ulaw_to_linear
from dsp.line_stage import (
    REACH,
    Fir,
    Impairment,
    LineError,
    Random,
    Resampler,
    Stage,
    between,
    check,
)
from dsp.types import RATE, Samples, whole

__all__ = ["CONCEALMENTS", "LAWS", "Clock", "Codec", "Loss"]

LAWS: Mapping[str, Callable[[Samples], Samples]] = {
    "pcmu": lambda sound: ulaw_to_linear(linear_to_ulaw(sound)),
    "pcma": lambda sound: alaw_to_linear(linear_to_alaw(sound)),
}
"""What coding and decoding makes of samples, by the names of RTP: µ-law and A-law."""

CONCEALMENTS = ("repeat", "silence")


@dataclass(frozen=True)
class Codec(Impairment):
    """G.711, by one or several codecs in tandem.

    Between two of them the sound is analogue, and sampled anew at places between the old samples,
    at random: the same samples once more would be coded without any loss. Where it stays digital
    and only the law changes, these are ``Codec("pcmu"), Codec("pcma")``. The filters of codecs are
    the shapes ``pcm-1`` to ``pcm-3``.

    Parameters
    ----------
    law
        One of :data:`LAWS`.
    tandem
        How many codecs, 1 to 14, which is more than G.113 allows.
    """

    law: str = "pcma"
    tandem: int = 1

    def __post_init__(self) -> None:
        if self.law not in LAWS:
            raise LineError(f"no law {self.law!r}: there are {', '.join(LAWS)}")
        check("a number of codecs", self.tandem, 1, 14)

    @property
    def delay(self) -> float:
        """Samples by which the sound comes out later, to half of one for each codec but one."""
        return (self.tandem - 1) * (REACH - 0.5)

    def start(self, random: Random) -> Stage:
        """Begin it on one line."""
        coded = LAWS[self.law]
        between_two = [Fir(between(part)) for part in random.random(self.tandem - 1)]

        def process(block: Floats64) -> Floats64:
            sound = coded(whole(block)).astype(np.float64)
            for sampled in between_two:
                sound = coded(whole(sampled(sound))).astype(np.float64)
            return sound

        return process


@dataclass(frozen=True)
class Loss(Impairment):
    """Frames that are lost on the way, and what the receiver puts in their place.

    Parameters
    ----------
    rate
        Which part of them, 0 to 1.
    burst
        How many in a row on average (a chain of two states, after Gilbert); without it each for
        itself.
    conceal
        ``"repeat"`` is what was last put out once more, again and again; ``"silence"`` is none.
    frame
        Samples of a frame.
    """

    rate: float
    burst: float | None = None
    conceal: str = "repeat"
    frame: int = RATE // 50

    def __post_init__(self) -> None:
        check("a rate of loss", self.rate, 0.0, 1.0)
        check("a frame's length", self.frame, 1, RATE)
        if self.burst is not None:
            check("a mean length of bursts", self.burst, 1.0, 1000.0)
            most = self.burst / (self.burst + 1)
            check(f"a rate of loss in bursts of {self.burst:g}", self.rate, 0.0, most)
        if self.conceal not in CONCEALMENTS:
            raise LineError(f"no concealment {self.conceal!r}: {' or '.join(CONCEALMENTS)}")

    def start(self, random: Random) -> Stage:
        """Begin it on one line."""
        return _Lossy(self, random)


class _Lossy:
    """Frames of one line."""

    def __init__(self, loss: Loss, random: Random) -> None:
        self._loss, self._random = loss, random
        self._lost = False
        self._place = 0
        self._last, self._now = np.zeros((2, loss.frame))

    def __call__(self, block: Floats64) -> Floats64:
        out = block.copy()
        at = 0
        while at < len(block):
            if not self._place:
                self._lost = self._random.random() < self._chance()
            size = min(self._loss.frame - self._place, len(block) - at)
            part, place = out[at : at + size], slice(self._place, self._place + size)
            if self._lost:
                part[:] = self._last[place] if self._loss.conceal == "repeat" else 0.0
            self._now[place] = part
            at += size
            self._place += size
            if self._place == self._loss.frame:
                self._place = 0
                self._last, self._now = self._now, self._last
        return out

    def _chance(self) -> float:
        """How likely the next one is lost."""
        rate, burst = self._loss.rate, self._loss.burst
        if burst is None:
            return rate
        return 1 - 1 / burst if self._lost else rate / (burst * (1 - rate))


@dataclass(frozen=True)
class Clock(Impairment):
    """A sender's clock that is faster than the receiver's: all comes sooner, and higher.

    It gives other numbers of samples than it is given: after n in all, ``ceil(n / (1 + ppm/10⁶))``,
    48 samples late. On a :class:`~dsp.line.TwoWay`, where either end is to get as many as it gives,
    it is an :class:`~dsp.line.OwnClock` about one end.

    Parameters
    ----------
    ppm
        Millionths, −1000 to 1000; negative is slower.
    """

    ppm: float

    def __post_init__(self) -> None:
        check("a clock offset", self.ppm, -1000.0, 1000.0)

    @property
    def delay(self) -> int:
        """Samples by which the sound comes out later, at the beginning."""
        return REACH

    def start(self, random: Random) -> Stage:
        """Begin it on one line."""
        return Resampler(1 + self.ppm * 1e-6)
