"""What tells speech from other sound, every 20 ms: features of a row, and what they weigh.

Of every unit a row has the energies of some bands, how far each is above a floor that follows the
noise, how periodic the sound is at the pitches of voices, and how fast all that changes. A small
network weighs what a unit is like, the two before it and the two after it.
"""

from __future__ import annotations

import math
from typing import Any, TypeAlias

import numpy as np
from numba import njit

from dsp.bank import Floats32
from dsp.framing import UNIT
from dsp.level import PIECE as LEVEL_PIECE
from dsp.types import Samples

Record: TypeAlias = Any

kernel = njit(nogil=True, cache=True, error_model="numpy")
# sums of products may be added up in any order: where they are of one kind of array alone, as of
# room to reckon in, it is the same one for all rows and units
sums = njit(nogil=True, cache=True, error_model="numpy", fastmath=True)

_1, _2, _3, _4, _5, _6, _7, _8 = (np.uint64(one) for one in range(1, 9))
"""Distances in an array: what is indexed without a sign is not looked at for being negative."""

BANDS = 12
PIECES = UNIT // LEVEL_PIECE
PIECE = 80
"""Samples of a Hann window; the windows do not overlap."""

_HALF = PIECE // 2
DECIMATION = 4
SHORTEST, LONGEST = 5, 33
"""Periods that are looked for, in samples at 2 kHz: 400 to 61 Hz."""

_LOW = UNIT // DECIMATION
_LAGS = 32

CONTEXT, AHEAD = 5, 2
"""Units that a unit is judged by, and how many of them come after it."""

SLOW = 6
FEATURES = BANDS + 4
INPUTS = CONTEXT * FEATURES + SLOW
HIDDEN = 24
PADDED = 96
"""Inputs with zeros behind them: whole vectors of a processor."""

LEAST = 6.0
"""Base-2 logarithm of the least mean square that a band counts as having: −66 dBm0."""

FACTS = np.dtype(
    [
        ("units", np.int64),
        ("silent", np.int64),
        ("power", np.float32),
        ("mean", np.float32),
        ("low", np.float32, (LONGEST,)),
        ("bands", np.float32, (BANDS,)),
        ("floor", np.float32, (BANDS,)),
        ("inputs", np.float32, (PADDED,)),
    ]
)
"""What is known of a row's sound.

``silent`` counts the units of silence that came last, ``low`` are the last samples at 2 kHz, and
``mean`` is of the very last; ``power``, ``bands`` and ``floor`` are base-2 logarithms; ``inputs``
is what the network is given: the features of some units, the latest last, and slow means.
"""


FRONT = np.dtype([("cosines", np.float32, (BANDS, _HALF)), ("sines", np.float32, (BANDS, _HALF))])
"""Windowed waves of the bands, the outermost sample first."""

WORK = np.dtype(
    [
        ("sound", np.float32, (UNIT,)),
        ("turned", np.float32, (UNIT,)),
        ("halves", np.float32, (4, _HALF)),
        ("energy", np.float32, (BANDS,)),
        ("levels", np.float32, (BANDS,)),
        ("fours", np.float32, (_LOW,)),
        ("low", np.float32, (LONGEST + _LOW,)),
        ("products", np.float32, (_LAGS,)),
        ("energies", np.float32, (_LAGS,)),
    ]
)
"""Room to reckon in, of one row at a time: of known lengths, so that loops become vectors.

``sound`` is at 8 kHz, and ``turned`` the same backwards; ``halves`` are sums and differences of the
halves of two pieces; ``energy`` and ``levels`` are the bands'; ``fours`` are sums of four samples,
and ``low`` is at 2 kHz; for each lag there are what ``low`` gives times what came before it, and
the energy of that.
"""


def network_dtype(hidden: int, inputs: int) -> np.dtype[np.void]:
    """Weights of a network, and what is added to the weighed sum of its hidden sums."""
    return np.dtype(
        [
            ("first", np.float32, (hidden, inputs)),
            ("bias", np.float32, (hidden,)),
            ("second", np.float32, (hidden,)),
            ("offset", np.float32),
        ]
    )


NETWORK = network_dtype(HIDDEN, PADDED)


@kernel
def _log2(x: np.float32) -> np.floating[Any]:
    """Base-2 logarithm of a positive float32, to 0.01: the exponent, and a parabola."""
    bits = np.float32(x).view(np.int32)
    exponent = np.float32((bits >> np.int32(23)) - np.int32(128))
    mantissa = np.int32((bits & np.int32(0x7FFFFF)) | np.int32(0x3F800000)).view(np.float32)
    parabola = np.float32(-0.34484843) * mantissa + np.float32(2.02466578)
    return exponent + parabola * mantissa - np.float32(0.67487759)


@sums
def _fold(work: Record, piece: np.uint64) -> None:
    """Add a piece's second half, turned about, to its first, and subtract it."""
    first = np.uint64(PIECE) * piece
    last = np.uint64(UNIT - PIECE) - first
    for j in range(np.uint64(_HALF)):
        before, behind = work.sound[first + j], work.turned[last + j]
        work.halves[piece, j] = behind + before
        work.halves[piece + _2, j] = behind - before


@sums
def _transform(front: Record, work: Record) -> None:
    """Add up the bands' energies in both pieces."""
    for b in range(np.uint64(BANDS)):
        cosine = cosine2 = sine = sine2 = np.float32(0)
        for j in range(np.uint64(_HALF)):
            even, odd = front.cosines[b, j], front.sines[b, j]
            cosine += work.halves[0, j] * even
            cosine2 += work.halves[1, j] * even
            sine += work.halves[2, j] * odd
            sine2 += work.halves[3, j] * odd
        work.energy[b] = (cosine * cosine + sine * sine) + (cosine2 * cosine2 + sine2 * sine2)


@sums
def _decimate(s: Record, work: Record) -> None:
    """Bring the unit to 2 kHz: means of four samples, and of two neighbours of these."""
    for j in range(np.uint64(_LOW)):
        i = _4 * j
        work.fours[j] = (work.sound[i] + work.sound[i + _1]) + (
            work.sound[i + _2] + work.sound[i + _3]
        )
    work.low[LONGEST] = work.fours[0] + s.mean
    for j in range(np.uint64(_LOW - 1)):
        work.low[np.uint64(LONGEST + 1) + j] = work.fours[j + _1] + work.fours[j]
    s.mean = work.fours[_LOW - 1]


@sums
def _correlate(work: Record) -> None:
    """Products of the unit at 2 kHz with what came before it, for all lags at once."""
    for k in range(np.uint64(_LAGS)):
        work.products[k] = 0
    for j in range(np.uint64(0), np.uint64(_LOW), _8):
        i = np.uint64(LONGEST) + j
        a, b, c, d = work.low[i], work.low[i + _1], work.low[i + _2], work.low[i + _3]
        i += _4
        e, f, g, h = work.low[i], work.low[i + _1], work.low[i + _2], work.low[i + _3]
        for k in range(np.uint64(_LAGS)):
            p = j + k
            early = (a * work.low[p] + b * work.low[p + _1]) + (
                c * work.low[p + _2] + d * work.low[p + _3]
            )
            late = (e * work.low[p + _4] + f * work.low[p + _5]) + (
                g * work.low[p + _6] + h * work.low[p + _7]
            )
            work.products[k] += early + late


@sums
def _lagged_energies(work: Record) -> np.floating[Any]:
    """Energy of the unit at 2 kHz, and of as much before it at each lag."""
    energy = np.float32(0)
    for j in range(np.uint64(_LOW)):
        now = work.low[np.uint64(LONGEST) + j]
        energy += now * now
    for k in range(np.uint64(_LAGS)):
        enters, leaves = work.low[k + _1], work.low[k + np.uint64(_LOW + 1)]
        work.energies[k] = enters * enters - leaves * leaves
    behind = energy
    for k in range(np.uint64(_LAGS)):
        behind += work.energies[np.uint64(_LAGS - 1) - k]
        work.energies[np.uint64(_LAGS - 1) - k] = behind
    return energy


@sums
def _periodicity(work: Record) -> float:
    """Greatest normalised autocorrelation at a period of voices."""
    energy, best = _lagged_energies(work), np.float32(0)
    for k in range(np.uint64(_LAGS)):
        product = max(work.products[k], np.float32(0))
        behind = max(work.energies[k], np.float32(1))
        work.energies[k] = product * product / (energy * behind + np.float32(1))
    for k in range(np.uint64(LONGEST - SHORTEST + 1)):
        best = max(best, work.energies[k])
    return math.sqrt(min(best, np.float32(1)))


@kernel
def _load(s: Record, sound: Samples, at: int, work: Record) -> None:
    """Put a unit behind the samples before it."""
    for j in range(np.uint64(UNIT)):
        work.sound[j] = sound[np.uint64(at) + j]
    for j in range(np.uint64(UNIT)):
        work.turned[j] = sound[np.uint64(at + UNIT - 1) - j]
    for j in range(LONGEST):
        work.low[j] = s.low[j]


@kernel
def _shift(s: Record) -> None:
    """Make room for the features of a unit."""
    for j in range((CONTEXT - 1) * FEATURES):
        s.inputs[j] = s.inputs[j + FEATURES]


@sums
def _measure_levels(work: Record) -> None:
    for b in range(np.uint64(BANDS)):
        level = _log2(np.float32(0.5) * work.energy[b] + np.float32(1))
        work.levels[b] = max(level, np.float32(LEAST))


@sums
def _follow_floors(s: Record, work: Record) -> None:
    """Let floors fall fast to what is softer, and rise slowly to what is louder."""
    fastest = np.float32(0.02) if s.units > 50 else np.float32(0.1)
    for b in range(np.uint64(BANDS)):
        above = work.levels[b] - s.floor[b]
        rise = min(np.float32(0.05) * above, fastest)
        s.floor[b] += np.float32(0.3) * above if above < 0 else rise


@sums
def _describe_bands(s: Record, work: Record) -> np.floating[Any]:
    """Write the features of the bands but for periodicity; return how far they are above noise."""
    change = mean = above = most = np.float32(0)
    at = np.uint64((CONTEXT - 1) * FEATURES)
    for b in range(np.uint64(BANDS)):
        level = work.levels[b]
        feature = np.float32(0.25) * (level - s.floor[b])
        change += abs(level - s.bands[b])
        mean += level
        above += feature
        most = max(most, level)
        s.bands[b] = level
        s.inputs[at + b] = feature
    share = np.float32(1 / BANDS)
    mean *= share
    at += np.uint64(BANDS)
    s.inputs[at + _1] = change * share
    s.inputs[at + _2] = np.float32(0.25) * (mean - np.float32(LEAST))
    s.inputs[at + _3] = np.float32(0.25) * (most - mean)
    return above * share


@kernel
def _describe(s: Record, work: Record) -> None:
    """Write the features of the unit in ``work``."""
    _measure_levels(work)
    _follow_floors(s, work)
    above, weight = _describe_bands(s, work), np.float32(0.04)
    at, slow = np.uint64((CONTEXT - 1) * FEATURES + BANDS), np.uint64(CONTEXT * FEATURES)
    s.inputs[at] = _periodicity(work)
    s.inputs[slow] += weight * (above - s.inputs[slow])
    for j in range(np.uint64(3)):
        i = slow + j + _1
        s.inputs[i] += weight * (s.inputs[at + j] - s.inputs[i])


@kernel
def _swing(s: Record, power: Any) -> None:
    """Follow how much the power changes from unit to unit: that of modems and noise is steady."""
    level = max(_log2(np.float32(power) + np.float32(1)), np.float32(LEAST))
    change = min(abs(level - s.power), np.float32(1))
    s.power = level
    fast, slow = CONTEXT * FEATURES + 4, CONTEXT * FEATURES + 5
    s.inputs[fast] += np.float32(0.25) * (change - s.inputs[fast])
    s.inputs[slow] += np.float32(0.06) * (change - s.inputs[slow])


@kernel
def _pass_silence(s: Record) -> None:
    """Let a unit of silence be one without features; the floor stays where it is."""
    if s.silent < CONTEXT:
        _shift(s)
        for j in range(FEATURES):
            s.inputs[(CONTEXT - 1) * FEATURES + j] = 0
        s.mean = 0
        for j in range(LONGEST):
            s.low[j] = 0
        for b in range(BANDS):
            s.bands[b] = LEAST
        s.power = LEAST
    s.silent += 1


@kernel
def _is_silent(powers: Floats32, unit: int, least: float) -> bool:
    """Whether no piece of a unit has that mean square."""
    at = unit * PIECES
    return bool(max(powers[at], powers[at + 1], powers[at + 2], powers[at + 3]) < least)


@kernel
def mean_square(powers: Floats32, unit: int) -> float:
    """Mean square of a unit, from those of its pieces."""
    at = unit * PIECES
    return 0.25 * (
        float(powers[at]) + float(powers[at + 1]) + float(powers[at + 2]) + float(powers[at + 3])
    )


@kernel
def sense(
    s: Record, heard: tuple[Samples, Floats32], unit: int, floor: Any, tables: tuple[Record, Record]
) -> float:
    """Take in a unit of a row's sound and powers; return its mean square."""
    front, work = tables
    sound, powers = heard
    power = mean_square(powers, unit)
    if s.units == 0:
        s.power = LEAST
        for b in range(BANDS):
            s.floor[b] = s.bands[b] = LEAST
    if _is_silent(powers, unit, floor):
        _pass_silence(s)
    else:
        s.silent = 0
        _load(s, sound, unit * UNIT, work)
        _fold(work, np.uint64(0))
        _fold(work, _1)
        _transform(front, work)
        _decimate(s, work)
        _correlate(work)
        _shift(s)
        _describe(s, work)
        _swing(s, power)
        for j in range(LONGEST):
            s.low[j] = work.low[_LOW + j]
    s.units += 1
    return power


@sums
def _weigh(s: Record, network: Record) -> Any:
    """Weigh the inputs: above 0 it is rather speech."""
    total = network.offset
    for h in range(np.uint64(HIDDEN)):
        reached = np.float32(0)
        for j in range(np.uint64(PADDED)):
            reached += s.inputs[j] * network.first[h, j]
        total += max(reached + network.bias[h], np.float32(0)) * network.second[h]
    return total


@kernel
def score(s: Record, network: Record) -> float:
    """How much the unit ``AHEAD`` ago is like speech: above 0, rather than not."""
    return -math.inf if s.silent >= CONTEXT else float(_weigh(s, network))
