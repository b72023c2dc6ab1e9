"""How trainings fare: in noise, on lines, at the ends of ranges, short ones, and what is said."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from bench.modem_ends import (
    Condition,
    Ends,
    Heard,
    Mode,
    hear,
    receiver,
    sent,
)

ENOUGH = 0.95
STEP = 0.25
QUIET = 35.0
"""dB of SNR where noise is not what is measured."""

_MOST_SNR = QUIET
_ATTEMPTS = 20


def check(mode: Mode, ends: Ends, condition: Condition, seed: int) -> Heard:
    """One long training and T.30's check of it."""
    bits, samples = sent(ends[0], mode)
    return hear(mode, receiver(ends[1], mode), condition.line(samples, (seed, mode[1])), bits)


def short_check(mode: Mode, ends: Ends, condition: Condition, seed: int) -> Heard:
    """One short training and T.30's check of it, after a long one on the same line that passed."""
    for attempt in range(_ATTEMPTS):
        hearing, bits = receiver(ends[1], mode), sent(ends[0], mode)[0]
        long, short = (
            condition.line(sent(ends[0], mode, short=how)[1], (seed, attempt, int(how)))
            for how in (False, True)
        )
        first = hear(mode, hearing, long, bits)
        if first.passed:
            hearing.restart(short_training=True)
            return hear(mode, hearing, short, bits, before=first.given)
    return Heard(False)


Trial = Callable[[Mode, Ends, Condition, int], Heard]


def enough(trial: Trial, mode: Mode, ends: Ends, condition: Condition, count: int) -> bool:
    """Whether 95 of 100 trainings pass."""
    spare = round(count * (1 - ENOUGH))
    for seed in range(count):
        spare -= not trial(mode, ends, condition, seed).passed
        if spare < 0:
            return False
    return True


def lowest(trial: Trial, mode: Mode, ends: Ends, condition: Condition, count: int) -> float | None:
    """The least SNR, of those from the condition's on, with which enough pass.

    Enough pass with every SNR above it up to the first one tried as well.
    """
    snr = condition.snr
    if enough(trial, mode, ends, condition, count):
        while enough(trial, mode, ends, replace(condition, snr=snr - STEP), count):
            snr -= STEP
        return snr
    while snr < _MOST_SNR:
        snr += STEP
        if enough(trial, mode, ends, replace(condition, snr=snr), count):
            return snr
    return None


@dataclass(frozen=True)
class Range:
    """What is widened step by step until a training fails or a bit is wrong.

    Parameters
    ----------
    name, unit
        What it is called, and in what.
    given
        The condition by the value.
    start
        Where nothing is the matter.
    step, most
        Of the value, and how far from the start it is tried.
    """

    name: str
    unit: str
    given: Callable[[float], Condition]
    start: float
    step: float
    most: float


RANGES = (
    Range("frequency", "Hz", lambda value: Condition(QUIET, offset=value), 0.0, 1.0, 40.0),
    Range("clock", "ppm", lambda value: Condition(QUIET, ppm=value), 0.0, 25.0, 400.0),
    Range("level", "dBm0", lambda value: Condition(QUIET, level=value), -15.0, 1.0, 40.0),
)


def _flawless(mode: Mode, ends: Ends, condition: Condition, count: int, seconds: float) -> bool:
    """Whether every call trains, and all bits are right."""
    for seed in range(count):
        bits, samples = sent(ends[0], mode, round(seconds * mode[1]))
        line = condition.line(samples, (seed, mode[1]))
        heard = hear(mode, receiver(ends[1], mode), line, bits)
        if not heard.trained or heard.errors:
            return False
    return True


def span(one: Range, mode: Mode, ends: Ends, count: int, seconds: float) -> list[float]:
    """The least and the greatest value with which all is well, found by halving."""
    found = []
    for sign in (-1, 1):
        good, bad = 0, round(one.most / one.step) + 1
        while bad - good > 1:
            middle = (good + bad) // 2
            condition = one.given(one.start + sign * middle * one.step)
            if _flawless(mode, ends, condition, count, seconds):
                good = middle
            else:
                bad = middle
        found.append(one.start + sign * good * one.step)
    return found


@dataclass(frozen=True)
class Said:
    """How many of the trainings were said to be good, and how many of those were garbage."""

    count: int
    trained: int
    garbage: int
    wrong: int


def said(mode: Mode, ends: Ends, count: int, bits: int = 4800) -> Said:
    """Train with any frequency within 20 Hz, any clock within 200 ppm and any level."""
    rng = np.random.default_rng(mode[1])
    all_heard = []
    for seed in range(count):
        offset, ppm = rng.uniform(-20.0, 20.0), rng.uniform(-200.0, 200.0)
        level = float(rng.integers(-43, -2))
        condition = Condition(QUIET, offset=offset, ppm=ppm, level=level)
        data, samples = sent(ends[0], mode, bits)
        line = condition.line(samples, (seed, mode[1]))
        all_heard.append(hear(mode, receiver(ends[1], mode), line, data))
    return Said(
        count,
        sum(one.trained for one in all_heard),
        sum(one.garbage for one in all_heard),
        sum(one.trained and one.errors > 0 for one in all_heard),
    )


def on_line(
    mode: Mode, ends: Ends, condition: Condition, count: int, seconds: float
) -> tuple[int, float | None]:
    """How many training checks pass on a line, and the share of bits that is wrong there."""
    passed = sum(check(mode, ends, condition, seed).passed for seed in range(count))
    wrong = total = 0
    for seed in range(count):
        bits, samples = sent(ends[0], mode, round(seconds * mode[1]), seed % 3)
        heard = hear(mode, receiver(ends[1], mode), condition.line(samples, (seed, 1)), bits)
        if heard.trained and not heard.garbage:
            wrong, total = wrong + heard.errors, total + heard.bits
    return passed, wrong / total if total else None
