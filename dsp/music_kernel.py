"""What tells music from speech: how a few features of the sound are, and vary, over two seconds."""

from __future__ import annotations

import math
from typing import Any, TypeAlias

import numpy as np
from numba import njit
from numpy.typing import NDArray

from dsp.bank import Floats32
from dsp.framing import UNIT
from dsp.types import Rows, Samples
from dsp.voice_kernel import (
    BANDS,
    CONTEXT,
    FEATURES,
    PIECES,
    score,
    sense,
)

Record: TypeAlias = Any

kernel = njit(nogil=True, cache=True, error_model="numpy")

SIGNALS = 7
INPUTS = 2 * SIGNALS
HIDDEN = 8
MEMORY = 100
"""Units of the running means."""

STATE = np.dtype(
    [
        ("units", np.int64),
        ("signals", np.float64, (SIGNALS,)),
        ("means", np.float64, (SIGNALS,)),
        ("squares", np.float64, (SIGNALS,)),
        ("inputs", np.float64, (INPUTS,)),
        ("playing", np.bool_),
        ("run", np.int64),
        ("start", np.float64),
        ("edge", np.float64),
        ("power", np.float64),
        ("mean_power", np.float64),
        ("counted", np.int64),
    ]
)
"""What is known of a row: the last unit's signals, their running means and those of their squares,
and what the network is given; whether music plays, since when, and how many units in a row have
said otherwise. ``mean_power`` is a running mean, ``power`` the sum of it over ``counted`` units of
music."""

RULES = np.dtype(
    [
        ("floor", np.float32),
        ("on", np.float64),
        ("off", np.float64),
        ("least", np.int64),
        ("back", np.int64),
    ]
)
"""Mean square of what is not silent; scores above which music begins and below which it ends; units
of them in a row that it takes; units that it has begun, and ended, before it scored so."""

PLAYING = 0


@kernel
def gather(s: Record, facts: Record, likely: float) -> None:
    """Take in the features of a unit, and how likely it is speech."""
    at = (CONTEXT - 1) * FEATURES + BANDS
    x, weight = s.signals, 1.0 / MEMORY
    level, before = float(facts.inputs[at + 2]), x[3]
    periodic = x[1]
    x[0] = min(max(0.25 * likely, -2.0), 2.0)
    for j in range(4):
        x[1 + j] = facts.inputs[at + j]
    if facts.silent > 0:
        x[0], x[1] = -2.0, 0.0
    x[5], x[6] = abs(level - before), abs(x[1] - periodic)
    for j in range(SIGNALS):
        s.means[j] += weight * (x[j] - s.means[j])
        s.squares[j] += weight * (x[j] * x[j] - s.squares[j])
        s.inputs[j] = s.means[j]
        variance = s.squares[j] - s.means[j] * s.means[j]
        s.inputs[SIGNALS + j] = math.sqrt(max(variance, 0.0))


@kernel
def weigh(s: Record, network: Record) -> float:
    """Weigh the running means: above 0 it is rather music."""
    total = float(network.offset)
    for h in range(HIDDEN):
        reached = float(network.bias[h])
        for j in range(INPUTS):
            reached += s.inputs[j] * float(network.first[h, j])
        total += max(reached, 0.0) * float(network.second[h])
    return total


@kernel
def _tell(s: Record, where: tuple[int, int], end: float, event: Record) -> int:
    event.row, event.unit = where
    event.what, event.start, event.end = PLAYING, s.start, end
    event.power = s.power / max(s.counted, 1)
    return 1


@kernel
def _follow(s: Record, likely: float, rules: Record, at: tuple[int, int], event: Record) -> int:
    """Take in a score; return how many events have been written."""
    now = (s.units - rules.back) * UNIT
    if s.playing:
        s.power += s.mean_power
        s.counted += 1
    turns = likely < rules.off if s.playing else likely > rules.on
    s.run = s.run + 1 if turns else 0
    if s.run == 1:
        s.edge = max(now, s.edge)
    if s.run < rules.least or s.units < MEMORY:
        return 0
    s.run = 0
    if s.playing:
        s.playing = False
        return _tell(s, at, max(s.edge, s.start + UNIT), event)
    s.playing, s.start = True, s.edge
    s.power, s.counted = s.mean_power, 1
    return _tell(s, at, -1.0, event)


@kernel
def decide(
    heard: tuple[Samples, Floats32],
    rows: Rows,
    state: tuple[NDArray[np.void], NDArray[np.void]],
    tables: tuple[Record, Record, Record, Record],
    out: tuple[Record, NDArray[np.void]],
) -> int:
    """Hear units of rows; write what they make known and return how much it is.

    Parameters
    ----------
    heard
        ``(n, units * UNIT)`` int16, and ``(n, units * 4)``: mean squares of its pieces.
    rows
        ``(n,)``: whose they are.
    state
        ``(calls,)`` of :data:`~dsp.voice_kernel.FACTS` and of :data:`STATE`.
    tables
        Those of the features, the networks for speech and for music, a record of :data:`RULES`.
    out
        Room to reckon in, and room for an event a unit.
    """
    (sound, powers), (facts, states), (front, speech, music, rules) = heard, state, tables
    work, events = out
    count = 0
    for i in range(len(rows)):
        known, s = facts[rows[i]], states[rows[i]]
        for unit in range(powers.shape[1] // PIECES):
            power = sense(known, (sound[i], powers[i]), unit, rules.floor, (front, work))
            gather(s, known, score(known, speech))
            s.mean_power += (power - s.mean_power) / MEMORY
            s.units += 1
            at = rows[i], unit
            count += _follow(s, weigh(s, music), rules, at, events[count])
    return count


@kernel
def give_up(rows: Rows, state: NDArray[np.void], events: NDArray[np.void]) -> int:
    """End the music that plays on these rows; events as of :func:`decide`."""
    count = 0
    for i in range(len(rows)):
        s = state[rows[i]]
        if s.playing:
            count += _tell(s, (rows[i], 0), s.units * UNIT, events[count])
    return count
