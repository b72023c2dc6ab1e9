"""What a training tells of the line it came over: the equaliser, the offsets, the noise.

The conditioning is known to the symbol, so all of it is fitted at once by least squares: taps that
make of the sound what was sent, for a carrier that turns and a clock that runs at other rates than
ours. Both offsets are read from what the taps alone leave over (Gauss-Newton).
"""

from __future__ import annotations

import cmath
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dsp.modem.acquire_kernel import likenesses, normal
from dsp.modem.equaliser_kernel import MIDDLE, SPAN
from dsp.modem.front import PHASES
from dsp.modem.front_kernel import halves
from dsp.types import RATE

__all__ = ["MOVES", "Fit", "Heard", "fit", "plain", "refit"]

_Complex = NDArray[np.complex128]
_Floats = NDArray[np.float64]
_Mask = NDArray[np.bool_]

_GROUP = 16
_ROUNDS = 3
_NOTHING = 0.9
"""Share that is left over at first of what is no training, so that no more is tried."""
_RIDGE = 1e-4
_UNIT = np.eye(SPAN)
MOVES = 12
"""Halves of a symbol by which the equaliser's window may be moved to either side."""
_MOVE = 4
_ENDS, _CUT_OFF = 6, 0.15
"""Taps at either end, and the most of the power that is in them if the window is well placed."""
_ENOUGH = 1.02
"""Times the least that is left over with which a window is as good, and is moved less."""
_BAD = 4.0
"""Times the noise of most groups of symbols with which one is left out: a frame may be lost."""
_CLOCKS = 5e-4
"""How far off a clock may be; that of what is no training would lead out of the sound."""

_REACH, _FINE = 2, 8
"""Halves of a symbol about which a short training may be off, and steps in each."""


def heard(
    made: NDArray[np.void], sound: NDArray[np.floating[Any]], times: _Floats, first: int
) -> _Complex:
    """Filter at some instants.

    Parameters
    ----------
    made
        From :func:`dsp.modem.front.front`.
    sound
        Samples that reach 15 samples before the instants and 16 after.
    times
        In samples, counted as ``first`` is: from one at which the carrier begins.
    first
        Number of the first sample of ``sound``.
    """
    grid = np.floor(times * PHASES + 0.5).astype(np.int64)
    out = np.empty(len(times), dtype=np.complex128)
    halves(made, sound.astype(np.float32, copy=False), first, grid, out)
    return out


@dataclass(frozen=True)
class Heard:
    """A training as it came.

    Parameters
    ----------
    front
        The modem's filter, from :func:`dsp.modem.front.front`.
    sound
        The samples, :attr:`first` of which is the first one's number.
    first
        See there.
    begin
        About when its first known symbol was, in samples.
    known
        ``(n,)``: the known symbols that are to be fitted.
    symbol_rate
        Symbols a second.
    """

    front: NDArray[np.void]
    sound: NDArray[np.float32]
    first: int
    begin: float
    known: _Complex
    symbol_rate: int

    @property
    def nominal(self) -> float:
        """Samples between two halves of a symbol, if both clocks were right."""
        return RATE / self.symbol_rate / 2

    def halves(self, begin: float, step: float, more: int = 0, fine: int = 1) -> _Complex:
        """Return all samples that go into the equaliser for the known symbols.

        There are so many ``more`` of them at either end, and so many to each.
        """
        count = 2 * len(self.known) + SPAN - 2 + 2 * more
        at = np.arange(fine * count, dtype=np.float64) / fine - (MIDDLE + more)
        return heard(self.front, self.sound, begin + step * at, self.first)


@dataclass(frozen=True)
class Fit:
    """What a training was fitted with.

    Parameters
    ----------
    taps
        ``(SPAN,)``: of the equaliser, for samples of mean power 1 after :attr:`scale`.
    begin, step
        When the first symbol was, in samples, and how many a half of a symbol lasts.
    phase, turn
        Of the carrier at the first symbol, and how much it turns in a symbol, in radians.
    scale
        What the samples are multiplied with.
    noise
        Mean power of what is left over, that of the known symbols being 1.
    late
        By how many halves of a symbol the equaliser's window is later than where it was found.
    """

    taps: _Complex
    begin: float
    step: float
    phase: float
    turn: float
    scale: float
    noise: float
    late: float


def _first_turn(heard: _Complex, known: _Complex) -> float:
    """Radians a symbol that the carrier turns, from groups of symbols before any equaliser.

    The turn between neighbours is told without ambiguity; the whole length then tells it finely.
    """
    groups = len(known) // _GROUP
    product = heard[: groups * _GROUP] * known[: groups * _GROUP].conj()
    straight = product.reshape(groups, _GROUP).sum(axis=1)
    turn, apart = 0.0, 1
    while apart < groups:
        fine = cmath.phase(np.vdot(straight[:-apart], straight[apart:])) / apart
        straight = straight * np.exp(-1j * fine * np.arange(groups))
        turn += fine
        apart *= 2
    return turn / _GROUP


def _energy(values: _Complex) -> float:
    return float(np.vdot(values, values).real)


def _parts(values: _Complex) -> _Floats:
    parts = np.empty((2, *values.shape))
    parts[0], parts[1] = values.real, values.imag
    return parts


def _equalised(halves: _Complex, taps: _Complex) -> _Complex:
    """Return the symbol that each window over the samples makes."""
    return np.convolve(halves, taps[::-1], "valid")


def _equations(
    halves: _Complex, sent: _Complex, good: _Mask, more: int = 0
) -> tuple[_Complex, _Complex]:
    """Return the matrix and the right side that good symbols' taps solve, so many ``more``."""
    sums = np.zeros((2, SPAN + more + 1, SPAN + more))
    normal(_parts(halves), sent, good, sums)
    both = sums[0] + 1j * sums[1]
    return both[:-1], both[-1].conj()


def _solved(matrix: _Complex, across: _Complex) -> _Complex:
    ridge = _RIDGE * np.trace(matrix).real / SPAN
    return np.asarray(np.linalg.solve(matrix + ridge * _UNIT, across))


def _good(left: _Complex) -> _Mask:
    """Tell the symbols that came, by what is left of all of them once they are fitted."""
    groups = len(left) // _GROUP
    edges = np.arange(groups + 1) * len(left) // groups
    counts = edges[1:] - edges[:-1]
    noise = np.add.reduceat(left.real**2 + left.imag**2, edges[:-1]) / counts
    return np.repeat(noise < _BAD * np.sort(noise)[groups // 2], counts)


def _cut_off(taps: _Complex) -> bool:
    """Tell whether the taps at an end of the window are so large that others are missed there."""
    return max(_energy(taps[:_ENDS]), _energy(taps[-_ENDS:])) > _CUT_OFF * _energy(taps)


def _best_window(training: Heard, guess: tuple[float, float], sent: _Complex, good: _Mask) -> int:
    """Return by how many halves of a symbol the window is moved so that little is left over."""
    # one matrix has those of all windows in it
    matrix, across = _equations(training.halves(*guess, MOVES), sent, good, 2 * MOVES)
    left = {}
    for move in range(-MOVES, MOVES + 1, _MOVE):
        part = slice(MOVES + move, MOVES + move + SPAN)
        taps = _solved(matrix[part, part], across[part])
        made = np.vdot(taps, matrix[part, part] @ taps - 2.0 * across[part])
        left[move] = float(_energy(sent[good]) + made.real)
    enough = _ENOUGH * min(left.values())
    return min((move for move in left if left[move] <= enough), key=abs)


def _moves(slope: _Complex, sent: _Complex, left: _Complex, middle: _Floats) -> tuple[float, float]:
    """Return by how much turn and clock are off, the latter in parts of a symbol a symbol."""
    turning, later = 1j * sent * middle, slope * middle
    a, c = _energy(turning), _energy(later)
    b = np.vdot(turning, later).real
    x, y = np.vdot(turning, left).real, np.vdot(later, left).real
    apart = a * c - b * b
    return float((c * x - b * y) / apart), float((a * y - b * x) / apart)


def fit(training: Heard) -> Fit:
    """Fit a training of which nothing is known but the symbols, and some of those may be lost."""
    known = training.known
    middle = np.arange(len(known), dtype=np.float64) - (len(known) - 1) / 2
    begin, step = training.begin, training.nominal
    halves = training.halves(begin, step)
    scale = np.sqrt(len(halves) / _energy(halves))
    turn = _first_turn(halves[MIDDLE:][: 2 * len(known) : 2], known)
    good, taps = np.ones(len(known), dtype=np.bool_), np.zeros(SPAN, dtype=np.complex128)
    for number in range(_ROUNDS):
        sent = known * np.exp(1j * turn * middle)
        if number == 1 and _cut_off(taps):
            begin += step * _best_window(training, (begin, step), sent, good)
        halves = scale * training.halves(begin, step, 1)
        taps = _solved(*_equations(halves[1:-1], sent, good))
        made = _equalised(halves, taps)
        left = made[1::2] - sent
        if _energy(left) > _NOTHING * _energy(sent):
            break
        good = _good(left)
        slope = (made[2::2] - made[:-2:2]) / 2
        moves = _moves(slope[good], sent[good], left[good], middle[good])
        turn += moves[0]
        # the slope is by half a symbol of two
        longest, before = training.nominal * _CLOCKS, step - training.nominal
        longer = min(max(before - moves[1] * step / 2, -longest), longest) - before
        begin -= longer * (len(known) - 1)
        step += longer
    count = int(good.sum())
    noise = _energy(left[good]) / _energy(known[good]) * count / max(count - SPAN, 1)
    late = (begin - training.begin) / step
    return Fit(taps, begin, step, -turn * (len(known) - 1) / 2, turn, float(scale), noise, late)


def plain(training: Heard) -> Fit:
    """Return what a line without distortion would be fitted with."""
    halves = training.halves(training.begin, training.nominal)
    scale = np.sqrt(len(halves) / _energy(halves))
    turn = _first_turn(halves[MIDDLE:][: 2 * len(training.known) : 2], training.known)
    taps = np.zeros(SPAN, dtype=np.complex128)
    taps[MIDDLE] = 1.0
    return Fit(taps, training.begin, training.nominal, 0.0, turn, float(scale), 1.0, 0.0)


def refit(training: Heard, kept: Fit) -> Fit:
    """Fit a short training: only when it began, its phase and its level are new.

    Parameters
    ----------
    training
        As it came.
    kept
        What the line is known to be.
    """
    known = training.known * np.exp(1j * kept.turn * np.arange(len(training.known)))
    energy = _energy(known)
    begin = training.begin + kept.late * kept.step
    fine = training.halves(begin, kept.step, _REACH, _FINE).reshape(-1, _FINE).T
    alike = np.empty(2 * _REACH * _FINE + 1)
    likenesses(_parts(fine), _parts(kept.taps), known, alike)
    best = min(max(int(np.argmax(alike)), 1), len(alike) - 2)
    before, there, after = alike[best - 1 : best + 2]
    curve = before - 2.0 * there + after
    between = 0.5 * (before - after) / curve if curve < 0 else 0.0
    begin += kept.step * ((best + min(max(between, -1.0), 1.0)) / _FINE - _REACH)
    symbols = _equalised(kept.scale * training.halves(begin, kept.step), kept.taps)[::2]
    across = np.vdot(known, symbols)
    return Fit(
        kept.taps,
        begin,
        kept.step,
        float(np.angle(across)),
        kept.turn,
        float(kept.scale * energy / abs(across)),
        1.0 / max(abs(across) ** 2 / (energy * _energy(symbols)), 1e-3) - 1.0,
        kept.late,
    )
