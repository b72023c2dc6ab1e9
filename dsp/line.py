"""A telephone line, for tests: sound goes in at one end and comes out damaged at the other.

A line is a chain of impairments, each of which does one thing. The same seed gives the same
samples, and so does every way of cutting the sound into blocks, to the bit: a whole recording at
once for sweeps, or 20 ms at a time for a call. The sample clock is the only one.

======================== ==========================================================================
:class:`Gain`            louder or softer
:class:`Clip`            no peak above a level
:class:`Delay`           later
:class:`Echo`            once more, later and softer
:class:`Noise`           white noise of a level, all along or between two times
:class:`Impulses`        clicks
:class:`Shape`           attenuation and group-delay distortion of loops and trunks
:class:`FrequencyOffset` all frequencies higher by so many Hz
:class:`Jitter`          phase to and fro
:class:`PhaseHits`       steps of phase
:class:`GainHits`        steps of level, interruptions
:class:`Clock`           a sender's clock that is faster than the receiver's
:class:`Codec`           G.711, once or in tandem
:class:`Loss`            lost frames, concealed
======================== ==========================================================================

Between two impairments sound is float64 on the scale of int16; a line rounds and clips at its end.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from dsp.bank import Floats64
from dsp.line_analogue import Clip, Delay, Echo, Gain, Impulses, Noise, chained
from dsp.line_carrier import FrequencyOffset, GainHits, Jitter, PhaseHits
from dsp.line_digital import LAWS, Clock, Codec, Loss
from dsp.line_shape import Shape, shapes
from dsp.line_stage import Impairment, LineError, Resampler
from dsp.types import RATE, Samples, whole

__all__ = [
    "LAWS",
    "Clip",
    "Clock",
    "Codec",
    "Delay",
    "Echo",
    "FrequencyOffset",
    "Gain",
    "GainHits",
    "Impairment",
    "Impulses",
    "Jitter",
    "Line",
    "LineError",
    "Loss",
    "Noise",
    "OwnClock",
    "PhaseHits",
    "Shape",
    "TwoWay",
    "burst",
    "shapes",
]


def _checked(block: Samples) -> Floats64:
    if block.ndim != 1:
        raise LineError(f"a block of shape {block.shape}: a line is one call's")
    return block.astype(np.float64)


class Line:
    """One direction of a line.

    Parameters
    ----------
    impairments
        In the order in which the sound meets them.
    seed
        Of all that is by chance: a whole number, or several, as of a table's row and column.

    Examples
    --------
    >>> import numpy as np
    >>> from dsp.types import dbm0
    >>> line = Line([Shape("medium"), FrequencyOffset(7.0), Noise(-40.0), Codec("pcma")], seed=1)
    >>> heard = line.process(np.zeros(8000, dtype=np.int16))
    >>> heard.shape, round(float(dbm0(np.mean(heard.astype(float) ** 2))))
    ((8000,), -40)
    >>> line.delay
    287
    """

    def __init__(self, impairments: Sequence[Impairment], *, seed: int | Sequence[int] = 0) -> None:
        self.impairments = tuple(impairments)
        self._process = chained(self.impairments, np.random.SeedSequence(seed))

    @property
    def delay(self) -> int:
        """Samples by which the sound comes out later."""
        return round(sum(one.delay for one in self.impairments))

    def process(self, block: Samples) -> Samples:
        """Send one block.

        Parameters
        ----------
        block
            ``(n,)`` int16 at 8 kHz, ``n`` ≥ 0.

        Returns
        -------
        numpy.ndarray
            ``(n,)`` int16; a :class:`Clock` in the line makes it a few samples more or fewer.

        Raises
        ------
        LineError
            Where the block is not of one call.
        """
        return whole(self._process(_checked(block)))


class TwoWay:
    """Both directions of a line between the ends A and B, and the echoes of one's own sound.

    Parameters
    ----------
    forth
        What sound meets from A to B.
    back
        What it meets from B to A; without it the same, each with chance of its own.
    echoes_a, echoes_b
        What A, and B, hears of its own sound: near echoes, from the hybrid of its own exchange,
        and far ones, from the other's.
    seed
        Of all that is by chance.

    Raises
    ------
    LineError
        Where there is a :class:`Clock`: either end gets as many samples as it gives. A clock of
        its own is :class:`OwnClock`'s.

    Examples
    --------
    >>> import numpy as np
    >>> line = TwoWay([Codec("pcmu")], echoes_a=[Echo(0.002, 14.0), Echo(0.3, 30.0)])
    >>> click = np.zeros(160, dtype=np.int16); click[0] = 10000
    >>> to_a, to_b = line.process(click, np.zeros(160, dtype=np.int16))
    >>> to_b[0], to_a[16]
    (np.int16(9852), np.int16(1995))
    """

    def __init__(
        self,
        forth: Sequence[Impairment],
        back: Sequence[Impairment] | None = None,
        *,
        echoes_a: Sequence[Echo] = (),
        echoes_b: Sequence[Echo] = (),
        seed: int | Sequence[int] = 0,
    ) -> None:
        back = forth if back is None else back
        paths = [one for echo in (*echoes_a, *echoes_b) for one in echo.path]
        if any(isinstance(one, Clock) for one in (*forth, *back, *paths)):
            raise LineError("a clock between two ends is no line's: put OwnClock about one end")
        seeds = np.random.SeedSequence(seed).spawn(3)
        self._forth, self._back = chained(forth, seeds[0]), chained(back, seeds[1])
        random = np.random.default_rng(seeds[2])
        self._echoes_a = [echo.alone(random) for echo in echoes_a]
        self._echoes_b = [echo.alone(random) for echo in echoes_b]

    def process(self, a: Samples, b: Samples) -> tuple[Samples, Samples]:
        """Carry what both ends say at one time.

        Parameters
        ----------
        a, b
            ``(n,)`` int16 at 8 kHz each, what A and what B says.

        Returns
        -------
        tuple of numpy.ndarray
            ``(n,)`` int16 each, what A and what B hears.

        Raises
        ------
        LineError
            Where one says more than the other, or a block is not of one call.
        """
        if a.shape != b.shape:
            raise LineError(f"{a.shape} samples of A and {b.shape} of B")
        from_a, from_b = _checked(a), _checked(b)
        to_a, to_b = self._back(from_b), self._forth(from_a)
        for echo in self._echoes_a:
            to_a = to_a + echo(from_a)
        for echo in self._echoes_b:
            to_b = to_b + echo(from_b)
        return whole(to_a), whole(to_b)


class OwnClock:
    """An end of a line with a clock of its own, which is faster than the line's.

    The end is called with some samples more or fewer now and then, as many as its clock counts in
    the line's time, and gives as many; on the line's side there are as many as are asked for.

    Parameters
    ----------
    end
        Takes what the end hears, ``(n,)`` int16, and gives as much that it says.
    ppm
        Millionths by which its clock is faster, −1000 to 1000.

    Examples
    --------
    >>> import numpy as np
    >>> counts = []
    >>> def end(block): counts.append(len(block)); return block
    >>> fast = OwnClock(end, 100.0)
    >>> sum(len(fast.process(np.zeros(160, dtype=np.int16))) for _ in range(500))
    80000
    >>> sum(counts)
    80008
    """

    def __init__(self, end: Callable[[Samples], Samples], ppm: float) -> None:
        ratio = 1 + Clock(ppm).ppm * 1e-6
        self._end = end
        self._there, self._back = Resampler(1 / ratio), Resampler(ratio)
        self._waiting = np.zeros(0)

    def process(self, block: Samples) -> Samples:
        """Let the end hear, and say as much.

        Parameters
        ----------
        block
            ``(n,)`` int16 at 8 kHz.

        Returns
        -------
        numpy.ndarray
            ``(n,)`` int16.
        """
        said = self._end(whole(self._there(_checked(block))))
        self._waiting = np.concatenate([self._waiting, self._back(_checked(said))])
        out, self._waiting = self._waiting[: len(block)], self._waiting[len(block) :]
        return whole(out)


def burst(
    samples: Samples,
    *,
    before: tuple[float, float | None] = (0.0, None),
    during: float | None = None,
    after: tuple[float, float | None] = (0.0, None),
    seed: int | Sequence[int] = 0,
) -> Samples:
    """Put a burst into noise that is there before it, while it lasts and after it.

    Parameters
    ----------
    samples
        ``(n,)`` int16 at 8 kHz.
    before, after
        Seconds that come before and after it, and dBm0 of the noise there; ``None`` is none.
    during
        dBm0 of the noise while it lasts.
    seed
        Of the noise.

    Returns
    -------
    numpy.ndarray
        int16; the burst begins ``round(8000 * before[0])`` samples after its beginning.

    Examples
    --------
    >>> import numpy as np
    >>> sent = np.full(8000, 1000, dtype=np.int16)
    >>> burst(sent, before=(0.5, -40.0), during=-40.0, after=(0.25, None), seed=1).shape
    (14000,)
    """
    begin = round(before[0] * RATE) / RATE
    end = begin + len(samples) / RATE
    levels = [(before[1], 0.0, begin), (during, begin, end), (after[1], end, end + after[0])]
    noises = [Noise(level, *times) for level, *times in levels if level is not None]
    silence = [np.zeros(round(one[0] * RATE), dtype=np.int16) for one in (before, after)]
    return Line(noises, seed=seed).process(np.concatenate([silence[0], samples, silence[1]]))
