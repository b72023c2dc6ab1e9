"""Bit errors over noise, of each modem between libspandsp's ends and ours."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field

import numpy as np

from bench.modem_ends import MODES, Condition, Ends, Mode, hear, receiver, sent

TARGET = 1e-4
STEP = 0.5
_LONGEST = 100
_NONE = 1e-7
_LEAST, _MOST = 4e-6, 2e-3
_START = dict(zip(MODES, (22.0, 19.0, 16.0, 12.5, 18.5, 15.0, 13.5, 7.5, 2.0), strict=True))


@dataclass(frozen=True)
class Effort:
    """How much is sent at each step; of V.21 no more bits a call than 100 s take."""

    seeds: int
    calls: int
    bits: int


@dataclass
class Curve:
    """Bit errors of one modem between two ends.

    Parameters
    ----------
    mode, ends
        Which.
    rates
        Share of the bits that are wrong by SNR, in the calls that trained.
    failed
        How many calls did not train, or trained and brought nothing but chance, by SNR.
    """

    mode: Mode
    ends: Ends
    rates: dict[float, float] = field(default_factory=dict)
    failed: dict[float, int] = field(default_factory=dict)

    def crossing(self) -> float | None:
        """SNR above which the target is met, on the line of the logarithm between steps."""
        for low, high in reversed(list(itertools.pairwise(sorted(self.rates)))):
            if self.rates[low] > TARGET >= self.rates[high]:
                one, two = (np.log10(max(self.rates[at], _NONE)) for at in (low, high))
                return float(low + (high - low) * (one - np.log10(TARGET)) / (one - two))
        return None


def measure(found: Curve, snr: float, effort: Effort) -> float:
    """Add what is wrong with this SNR to the curve."""
    mode, (sender, receiving) = found.mode, found.ends
    wrong = total = failed = 0
    for seed in range(effort.seeds):
        bits, samples = sent(sender, mode, min(effort.bits, _LONGEST * mode[1]), seed)
        for call in range(effort.calls):
            line = Condition(snr).line(samples, (seed, call, round(10 * snr) + 1000))
            heard = hear(mode, receiver(receiving, mode), line, bits)
            if not heard.trained or heard.garbage:
                failed += 1
            else:
                wrong, total = wrong + heard.errors, total + heard.bits
    found.rates[snr] = wrong / total if total else 1.0
    found.failed[snr] = failed
    return found.rates[snr]


def curve(mode: Mode, ends: Ends, effort: Effort) -> Curve:
    """Go down in SNR until far more bits are wrong than the target, and up until hardly any is."""
    found = Curve(mode, ends)
    snr = _START[mode]
    while measure(found, snr, effort) < _MOST and snr > -10.0:
        snr -= STEP
    snr = _START[mode]
    while found.rates[snr] > _LEAST and snr < _START[mode] + 10.0:
        snr += STEP
        measure(found, snr, effort)
    return found
