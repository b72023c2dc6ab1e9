"""Steady tones of one or two frequencies on every row, for cadences to be read from."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from dsp.bank import Columns, plain
from dsp.framing import TOGETHER, UNIT
from dsp.hearing import Heard
from dsp.plan import Cadence, Interval
from dsp.steady_kernel import EVENT, FIT, PATTERN, RULES, STATE, follow
from dsp.types import DBM0_OF_FULL_SCALE, RATE, Rows

__all__ = ["SteadyTones"]

_SPACING = 35.0
"""Hz between the frequencies by which a tone is looked for that may be anywhere in a range."""

_FLOOR = -46.0
_ROUGH, _PURITY = 0.45, 0.75
_TWIST = 10.0
_BEAT = 15.0


def _ranges(intervals: Iterable[Interval]) -> list[tuple[float, float]]:
    """Where single tones may be in Hz, disjoint and ascending."""
    spans = sorted(
        (one.frequencies[0] - one.hz[0], one.frequencies[0] + one.hz[0])
        for one in intervals
        if len(one.frequencies) == 1
    )
    merged: list[tuple[float, float]] = []
    for low, high in spans:
        if merged and low <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(high, merged[-1][1]))
        else:
            merged.append((low, high))
    return merged


def _sought(cadences: Iterable[Cadence]) -> list[tuple[tuple[float, ...], tuple[float, ...]]]:
    """Frequencies to look for, one or two at a time, and how far around each."""
    intervals = [one for cadence in cadences for one in cadence.intervals]
    sought: dict[tuple[float, ...], tuple[float, ...]] = {}
    for one in intervals:
        if len(one.frequencies) == 2:
            sought[one.frequencies] = tuple(1.3 * hz + 1.0 for hz in one.hz)
    for low, high in _ranges(intervals):
        count = math.ceil((high - low) / _SPACING)
        half = (high - low) / count / 2
        for at in range(count):
            sought[low + (2 * at + 1) * half,] = (half + 3.0,)
    return list(sought.items())


def _patterns(cadences: Iterable[Cadence]) -> tuple[list[float], NDArray[np.void]]:
    """Frequencies of a bank, and the patterns among them."""
    sought = _sought(cadences)
    frequencies = sorted({one for tones, _ in sought for one in tones})
    patterns = np.zeros(len(sought), dtype=PATTERN)
    for pattern, (tones, reach) in zip(patterns, sought, strict=True):
        count = len(tones)
        turn = 2 * np.pi * np.array(tones) * UNIT / RATE
        pattern["tones"] = count
        pattern["columns"][:count] = [frequencies.index(one) for one in tones]
        pattern["hz"][:count] = tones
        pattern["range"][:count] = reach
        pattern["turn"][:count] = np.stack([np.cos(turn), np.sin(turn)], axis=1)
        for inverse, waves in zip(pattern["inverse"], plain(tones, UNIT), strict=True):
            inverse[:count, :count] = np.linalg.inv(2 * waves.T @ waves)
    return frequencies, patterns


def _rules() -> NDArray[np.void]:
    rules = np.zeros((), dtype=RULES)
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
    """

    def __init__(self, calls: int, cadences: Sequence[Cadence]) -> None:
        frequencies, self._patterns = _patterns(cadences)
        self.columns: Columns = plain(frequencies, UNIT)
        self._past = np.zeros((calls, 2, 2, len(frequencies)), dtype=np.float32)
        self._state = np.zeros(calls, dtype=STATE)
        self._state["possible"]["pattern"] = -1
        self._fits = np.zeros(2, dtype=FIT)
        self._events = np.zeros(3 * max(calls, TOGETHER), dtype=EVENT)
        self._rules = _rules()[()]

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
            (self._patterns, self._rules),
            (self._fits, self._events),
        )
        return self._events[:count]

    def forget(self, rows: Rows) -> None:
        """Make rows as new."""
        self._past[rows] = 0
        self._state[rows] = np.zeros((), dtype=STATE)
        self._state["possible"]["pattern"][rows] = -1
