"""Tones of plans as they come over a line."""

import math

import numpy as np

from dsp.plan import Cadence, Interval
from dsp.types import RATE, Detection, Samples, amplitude
from tests.support.signals import line, silence, tone

REST = 3.0
"""Seconds that a tone which goes on lasts beyond the least."""


def nominal(interval: Interval) -> float:
    """Seconds that an interval lasts where nothing is off."""
    if math.isinf(interval.most):
        return interval.least + REST
    return (interval.least + interval.most) / 2


def rounds_of(cadence: Cadence) -> int:
    """How often a cadence comes round until it has surely been told."""
    return 1 if cadence.once else max(3, math.ceil(8 / len(cadence.intervals)))


def sound(interval: Interval, seconds: float, level: float, detune: float, phase: float):
    """An interval's sound as float samples; ``level`` is of each frequency, or of the carrier."""
    if not interval.beat:
        parts = [(hz * detune, level + interval.level) for hz in interval.frequencies]
        return tone(seconds, *parts, phase=phase)
    at = np.arange(round(seconds * RATE)) / RATE
    carrier = np.sin(2 * np.pi * interval.frequencies[0] * detune * at + phase)
    modulation = 1 + 0.9 * np.sin(2 * np.pi * interval.beat * at + 1.7 * phase)
    return amplitude(level + interval.level) * carrier * modulation


def sounded(
    cadence: Cadence,
    *,
    level: float = -15.0,
    detune: float = 1.0,
    stretch: float = 1.0,
    rounds: int = 3,
    seed: int | None = None,
) -> tuple[Samples, float]:
    """A cadence as its plan has it, from 0.3 s on, and how long it sounds from first to last.

    With a seed it begins at any sample after that, and each burst in any phase.
    """
    rng = np.random.default_rng(seed)
    later = 0 if seed is None else int(rng.integers(400))
    parts, times = [], []
    for interval in cadence.intervals * (1 if cadence.once else rounds):
        seconds = nominal(interval) * stretch
        phase = 0.0 if seed is None else rng.uniform(0, 2 * np.pi)
        parts.append(sound(interval, seconds, level, detune, phase))
        times.append((seconds, interval.sounds))
    if not times[-1][1]:
        times.pop()
    signal = line(silence(0.3 + later / RATE), *parts, silence(0.5))
    return signal, sum(seconds for seconds, _ in times)


def ended(detections: list[Detection]) -> list[Detection]:
    """What has ended; what was told as it began has ended with the same beginning."""
    begun: dict[tuple[int, str, str], int] = {}
    for one in detections:
        key = one.row, one.kind, one.value
        if one.end is not None:
            assert one.end >= one.start
            assert begun.pop(key, one.start) == one.start
        else:
            assert key not in begun
            begun[key] = one.start
    assert not begun
    return [one for one in detections if one.ended]
