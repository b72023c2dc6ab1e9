"""Steady tones of one or two frequencies on every row, for cadences to be read from."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from dsp.bank import Columns, plain
from dsp.framing import TOGETHER, UNIT
from dsp.hearing import Heard
from dsp.plan import ANY, Cadence, Interval, PlanError, countries, load
from dsp.steady_fit_kernel import FIT, PATTERN, RULES, SPAN, TONES, Sought
from dsp.steady_kernel import EVENT, GAP, MODULATED, STATE, Out, follow
from dsp.types import DBM0_OF_FULL_SCALE, RATE, Rows

__all__ = ["SteadyTones"]

_SPACING = 35.0
"""Hz between the frequencies by which a tone is looked for that may be anywhere in a range."""

_ALIKE = 5.0, 2.0
"""Hz within which the middles and the modulations of two modulated tones are one."""

_NEAR = 60.0
"""Hz between a modulated tone and one that its beginning may be taken for."""

_PAIRS_NEAR, _PAIR_WAIT = 15.0, 4
"""Hz between two tones and two others that their beginning may be taken for, and units of it."""

_FLOOR = -46.0
_ROUGH, _PURITY = 0.45, 0.75
_TWIST = 10.0
_BEAT = 15.0


class _Pattern(NamedTuple):
    """Tones to look for, how far around each in Hz, and the modulation of three."""

    tones: tuple[float, ...]
    reach: tuple[float, ...]
    beat: float = 0.0

    @property
    def span(self) -> int:
        """Units in which its tones can be told apart."""
        return min(math.ceil(0.9 * RATE / UNIT / self.beat), SPAN) if self.beat else 1


def _ranges(spans: Iterable[tuple[float, float]]) -> list[tuple[float, float]]:
    """Disjoint and ascending."""
    merged: list[tuple[float, float]] = []
    for low, high in sorted(spans):
        if merged and low <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(high, merged[-1][1]))
        else:
            merged.append((low, high))
    return merged


def _intervals(cadences: Iterable[Cadence]) -> list[Interval]:
    """What sounds in cadences; any tone is what sounds in those of all countries."""
    found = [one for cadence in cadences for one in cadence.intervals if one.sounds]
    if any(one.any for one in found):
        national = _intervals(load(countries()))
        found += [one for one in national if ANY[0] <= one.parts[0] <= ANY[1]]
    return list(dict.fromkeys(found))


def _singles(intervals: Sequence[Interval]) -> list[_Pattern]:
    plain_ones = [one for one in intervals if len(one.frequencies) == 1 and not one.beat]
    spans = [(one.frequencies[0] - one.hz[0], one.frequencies[0] + one.hz[0]) for one in plain_ones]
    if any(one.any for one in intervals):
        spans.append(ANY)
    patterns = []
    for low, high in _ranges(spans):
        count = math.ceil((high - low) / _SPACING)
        half = (high - low) / count / 2
        patterns += [_Pattern((low + (2 * at + 1) * half,), (half + 3.0,)) for at in range(count)]
    return patterns


def _pairs(intervals: Iterable[Interval]) -> list[_Pattern]:
    reach = {one.frequencies: one.hz for one in intervals if len(one.frequencies) == 2}
    return [_Pattern(tones, tuple(1.3 * hz + 1.0 for hz in off)) for tones, off in reach.items()]


def _modulated(intervals: Iterable[Interval]) -> list[_Pattern]:
    patterns: list[_Pattern] = []
    for one in intervals:
        if not one.beat or any(
            abs(one.frequencies[0] - other.tones[1]) <= _ALIKE[0]
            and abs(one.beat - other.beat) <= _ALIKE[1]
            for other in patterns
        ):
            continue
        patterns.append(_Pattern(one.parts, (1.3 * one.hz[0] + 1.0,) * 3, one.beat))
    return patterns


def _wait(one: _Pattern, pairs: Iterable[_Pattern], modulated: Iterable[_Pattern]) -> int:
    """Units after which a tone is surely not the beginning of another, misread."""
    waits = [
        2 * other.span + 2
        for other in modulated
        if any(abs(hz - other.tones[1]) <= _NEAR for hz in one.tones)
    ]
    if len(one.tones) == 2 and any(
        other is not one
        and all(abs(a - b) <= _PAIRS_NEAR for a, b in zip(one.tones, other.tones, strict=True))
        for other in pairs
    ):
        waits.append(_PAIR_WAIT)
    return max(waits, default=0)


def _patterns(cadences: Iterable[Cadence]) -> tuple[list[float], NDArray[np.void], int, int]:
    """Frequencies of a bank, the patterns among them, how many are of one tone, and not modulated.

    They are in that order.
    """
    intervals = _intervals(cadences)
    singles, pairs, modulated = _singles(intervals), _pairs(intervals), _modulated(intervals)
    if len(modulated) > MODULATED:
        raise PlanError(f"there are {len(modulated)} modulated tones: more than {MODULATED}")
    sought = [*singles, *pairs, *modulated]
    frequencies = sorted({hz for one in sought for hz in one.tones})
    patterns = np.zeros(len(sought), dtype=PATTERN)
    for pattern, one in zip(patterns, sought, strict=True):
        count = len(one.tones)
        turn = 2 * np.pi * np.array(one.tones) * UNIT / RATE
        pattern["tones"] = count
        pattern["columns"][:count] = [frequencies.index(hz) for hz in one.tones]
        pattern["hz"][:count] = one.tones
        pattern["range"][:count] = one.reach
        pattern["turn"][:count] = np.stack([np.cos(turn), np.sin(turn)], axis=1)
        for inverse, waves in zip(
            pattern["inverse"], plain(one.tones, one.span * UNIT), strict=True
        ):
            inverse[:count, :count] = np.linalg.inv(2 * waves.T @ waves)
        pattern["beat"], pattern["span"] = one.beat, one.span
        pattern["wait"] = 0 if one.beat else _wait(one, pairs, modulated)
    return frequencies, patterns, len(singles), len(singles) + len(pairs)


def _rules(singles: int, unmodulated: int) -> NDArray[np.void]:
    rules = np.zeros((), dtype=RULES)
    rules["singles"], rules["plain"] = singles, unmodulated
    rules["floor"] = 32768.0**2 * 10 ** ((_FLOOR - DBM0_OF_FULL_SCALE) / 10)
    rules["rough"], rules["purity"] = _ROUGH, _PURITY
    rules["twist"] = 10 ** (_TWIST / 10)
    turn = 2 * np.pi * _BEAT * np.arange(40) / 200
    rules["beat"] = np.stack([np.cos(turn), np.sin(turn)], axis=1)
    return rules


class SteadyTones:
    """Follow the steady tones of rows; where the transforms come from is no matter.

    Parameters
    ----------
    calls
        How many rows there are.
    cadences
        Whose frequencies are looked for.

    Attributes
    ----------
    columns : Columns
        What the bank is to be given.
    gap : int
        Units after which it is known what was not heard.
    """

    def __init__(self, calls: int, cadences: Sequence[Cadence]) -> None:
        frequencies, patterns, singles, unmodulated = _patterns(cadences)
        self.columns: Columns = plain(frequencies, UNIT)
        self._past = np.zeros((calls, 2, 2, len(frequencies)), dtype=np.float32)
        self._state = np.zeros(calls, dtype=STATE)
        rules = _rules(singles, unmodulated)[()]
        self._sought = Sought(patterns, rules, np.zeros(7, dtype=FIT), np.zeros((TONES, 2)))
        self.gap = GAP + int(patterns["wait"].max(initial=0))
        events = np.zeros(4 * max(calls, TOGETHER), dtype=EVENT)
        self._out = Out(events, np.zeros(1, dtype=np.int64))

    def hear(self, heard: Heard, rows: Rows) -> NDArray[np.void]:
        """Hear units of some rows.

        Returns
        -------
        numpy.ndarray
            What happened, of :data:`~dsp.steady_kernel.EVENT`, valid until the next call.
        """
        count = follow(
            (*heard.transformed(), heard.powers),
            rows,
            (self._state, self._past),
            self._sought,
            self._out,
        )
        return self._out.events[:count]

    def forget(self, rows: Rows) -> None:
        """Make rows as new."""
        self._past[rows] = 0
        self._state[rows] = np.zeros((), dtype=STATE)
