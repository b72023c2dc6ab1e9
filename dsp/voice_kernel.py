"""What tells speech from other sound, every 20 ms, and since when a row has spoken.

Of every unit a row has the energies of some bands, how far each is above a floor that follows the
noise, how periodic the sound is at the pitches of voices, and how fast all that changes. A small
network weighs what a unit is like, the two before it and the two after it.
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple, TypeAlias

import numpy as np
from numba import njit
from numpy.typing import NDArray

from dsp.bank import Floats32
from dsp.framing import UNIT
from dsp.level import PIECE as LEVEL_PIECE
from dsp.types import Rows, Samples

Record: TypeAlias = Any
Events: TypeAlias = NDArray[np.void]

kernel = njit(nogil=True, cache=True, error_model="numpy")
# sums of products may be added up in any order: where they are of one kind of array alone, as of
# room to reckon in, it is the same one for all rows and units
sums = njit(nogil=True, cache=True, error_model="numpy", fastmath=True)

BANDS = 12
PIECES = UNIT // LEVEL_PIECE
PIECE = 80
"""Samples of a Hann window; the windows do not overlap."""

_HALF = PIECE // 2
DECIMATION = 4
SHORTEST, LONGEST = 5, 33
"""Periods that are looked for, in samples at 2 kHz: 400 to 61 Hz."""

_LOW = UNIT // DECIMATION
CONTEXT, AHEAD = 5, 2
"""Units that a unit is judged by, and how many of them come after it."""

SLOW = 4
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
        ("mean", np.float32),
        ("low", np.float32, (LONGEST,)),
        ("bands", np.float32, (BANDS,)),
        ("floor", np.float32, (BANDS,)),
        ("inputs", np.float32, (PADDED,)),
    ]
)
"""What is known of a row's sound.

``silent`` counts the units of silence that came last, ``past`` and ``low`` are the last samples at
8 and 2 kHz; ``bands`` and ``floor`` are base-2 logarithms; ``inputs`` is what the network is given:
the features of some units, the latest last, and slow means.
"""


SPEAKING = np.dtype(
    [
        ("units", np.int64),
        ("powers", np.float64, (AHEAD + 1,)),
        ("speaking", np.bool_),
        ("quiet", np.bool_),
        ("run", np.int64),
        ("start", np.float64),
        ("edge", np.float64),
        ("quiet_since", np.float64),
        ("power", np.float64),
        ("counted", np.int64),
    ]
)
"""What a row does: whether it speaks, or is quiet and that has been told.

``run`` counts the units of speech in a row; ``start`` and ``edge`` are where speech began and where
it ends if there is no more; ``power`` is summed over ``counted`` units of speech.
"""

RULES = np.dtype(
    [
        ("floor", np.float32),
        ("on", np.float64),
        ("off", np.float64),
        ("least", np.int64),
        ("hang", np.int64),
        ("silence", np.int64),
    ]
)
"""Mean square of what is not silent; scores above which speech begins and goes on; units of speech
that it takes to begin; samples without it after which it is over, and after which it is silence."""

SPEECH, SILENCE = 0, 1


class Front(NamedTuple):
    """Windowed waves of the bands, ``(BANDS, PIECE / 2)`` each, the outermost sample first."""

    cosines: Floats32
    sines: Floats32


class Network(NamedTuple):
    """Weights ``(HIDDEN, PADDED)`` and ``(HIDDEN,)`` with what is added to each sum of them."""

    first: Floats32
    bias: Floats32
    second: Floats32
    offset: float


class Work(NamedTuple):
    """Room to reckon in: samples at 8 and at 2 kHz, one half a piece, energies, correlations."""

    sound: Floats32
    low: Floats32
    halves: Floats32
    energy: Floats32
    products: Floats32

    @classmethod
    def new(cls) -> Work:
        """Room for one row at a time."""
        shapes = UNIT, LONGEST + _LOW, (2, _HALF), BANDS, LONGEST + 1
        return cls(*(np.zeros(shape, dtype=np.float32) for shape in shapes))


@kernel
def _log2(x: np.float32) -> np.floating[Any]:
    """Base-2 logarithm of a positive float32, to 0.01: the exponent, and a parabola."""
    bits = np.float32(x).view(np.int32)
    exponent = np.float32((bits >> np.int32(23)) - np.int32(128))
    mantissa = np.int32((bits & np.int32(0x7FFFFF)) | np.int32(0x3F800000)).view(np.float32)
    parabola = np.float32(-0.34484843) * mantissa + np.float32(2.02466578)
    return exponent + parabola * mantissa - np.float32(0.67487759)


@sums
def _transform(front: Front, work: Work, begin: int) -> None:
    """Add the bands' energies in the piece that begins there."""
    x, halves = work.sound, work.halves
    first, last = np.uint64(begin), np.uint64(begin + PIECE - 1)
    for j in range(np.uint64(_HALF)):
        before, behind = x[first + j], x[last - j]
        halves[0, j], halves[1, j] = behind + before, behind - before
    for b in range(np.uint64(BANDS)):
        cosine = sine = np.float32(0)
        for j in range(np.uint64(_HALF)):
            cosine += halves[0, j] * front.cosines[b, j]
            sine += halves[1, j] * front.sines[b, j]
        work.energy[b] += cosine * cosine + sine * sine


@sums
def _decimate(s: Record, work: Work) -> None:
    """Bring the unit to 2 kHz: means of four samples, and of two neighbours of these."""
    x, last = work.sound, s.mean
    for j in range(_LOW):
        begin = np.uint64(DECIMATION * j)
        total = np.float32(0)
        for k in range(np.uint64(DECIMATION)):
            total += x[begin + k]
        work.low[LONGEST + j] = total + last
        last = total
    s.mean = last


@sums
def _correlate(work: Work) -> None:
    """Products of the unit at 2 kHz with itself, and with what came up to ``LONGEST`` before."""
    low, now = work.low, np.uint64(LONGEST)
    for begin in range(np.uint64(LONGEST + 1)):
        total = np.float32(0)
        for j in range(np.uint64(_LOW)):
            total += low[now + j] * low[begin + j]
        work.products[begin] = total


@kernel
def _periodicity(work: Work) -> float:
    """Greatest normalised autocorrelation at a period of voices."""
    low, products = work.low, work.products
    energy = behind = products[LONGEST]
    best, least = np.float32(0), np.float32(1)
    for begin in range(LONGEST - 1, -1, -1):
        enters, leaves = low[begin], low[begin + _LOW]
        behind += enters * enters - leaves * leaves
        product = products[begin]
        if begin <= LONGEST - SHORTEST and product > 0:
            best = max(best, product * product / (energy * max(behind, least) + least))
    return math.sqrt(min(best, np.float32(1)))


@kernel
def _load(s: Record, sound: Samples, at: int, work: Work) -> None:
    """Put a unit behind the samples before it."""
    for j in range(UNIT):
        work.sound[j] = sound[at + j]
    for j in range(LONGEST):
        work.low[j] = s.low[j]
    for b in range(BANDS):
        work.energy[b] = 0


@kernel
def _follow_floor(s: Record, b: int, above: Any) -> None:
    """Let a band's floor fall fast to what is softer, and rise slowly to what is louder."""
    if above < 0:
        s.floor[b] += np.float32(0.3) * above
    else:
        fastest = np.float32(0.02) if s.units > 50 else np.float32(0.1)
        s.floor[b] += min(np.float32(0.05) * above, fastest)


@kernel
def _shift(s: Record) -> None:
    """Make room for the features of a unit."""
    for j in range((CONTEXT - 1) * FEATURES):
        s.inputs[j] = s.inputs[j + FEATURES]


@kernel
def _describe(s: Record, work: Work) -> None:
    """Write the features of the unit in ``work``."""
    at = (CONTEXT - 1) * FEATURES
    change = mean = above = most = np.float32(0)
    for b in range(BANDS):
        level = max(_log2(np.float32(0.5) * work.energy[b] + np.float32(1)), np.float32(LEAST))
        change += abs(level - s.bands[b])
        mean += level
        most = max(most, level)
        s.bands[b] = level
        _follow_floor(s, b, level - s.floor[b])
        s.inputs[at + b] = np.float32(0.25) * (level - s.floor[b])
        above += s.inputs[at + b]
    share = np.float32(1 / BANDS)
    mean *= share
    at += BANDS
    s.inputs[at] = _periodicity(work)
    s.inputs[at + 1] = change * share
    s.inputs[at + 2] = np.float32(0.25) * (mean - np.float32(LEAST))
    s.inputs[at + 3] = np.float32(0.25) * (most - mean)
    weight = np.float32(0.04)
    slow = CONTEXT * FEATURES
    s.inputs[slow] += weight * (above * share - s.inputs[slow])
    for j in range(1, SLOW):
        s.inputs[slow + j] += weight * (s.inputs[at + j - 1] - s.inputs[slow + j])


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
    s.silent += 1


@kernel
def sense(s: Record, heard: tuple[Samples, int], silent: bool, front: Front, work: Work) -> None:
    """Take in a unit: a row's sound, and where the unit begins in it."""
    if s.units == 0:
        for b in range(BANDS):
            s.floor[b] = s.bands[b] = LEAST
    if silent:
        _pass_silence(s)
    else:
        s.silent = 0
        _load(s, heard[0], heard[1], work)
        _transform(front, work, 0)
        _transform(front, work, PIECE)
        _decimate(s, work)
        _correlate(work)
        _shift(s)
        _describe(s, work)
        for j in range(LONGEST):
            s.low[j] = work.low[_LOW + j]
    s.units += 1


@sums
def _weigh(inputs: Floats32, network: Network) -> np.floating[Any]:
    """Weigh some features: above 0 it is rather speech."""
    total = np.float32(network.offset)
    for h in range(np.uint64(HIDDEN)):
        reached = np.float32(0)
        for j in range(np.uint64(PADDED)):
            reached += inputs[j] * network.first[h, j]
        total += max(reached + network.bias[h], np.float32(0)) * network.second[h]
    return total


@kernel
def score(s: Record, network: Network) -> float:
    """How much the unit ``AHEAD`` ago is like speech: above 0, rather than not."""
    return -math.inf if s.silent >= CONTEXT else float(_weigh(s.inputs, network))


@kernel
def is_silent(powers: Floats32, unit: int, least: float) -> bool:
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
def _tell(s: Record, where: tuple[int, int], what: int, end: float, event: Record) -> int:
    event.row, event.unit = where
    event.what, event.end = what, end
    event.start = s.start if what == SPEECH else s.quiet_since
    event.power = s.power / max(s.counted, 1) if what == SPEECH else 0.0
    return 1


@kernel
def _count(s: Record, power: float) -> None:
    s.power += power
    s.counted += 1


@kernel
def _go_on(s: Record, speech: bool, rules: Record, at: tuple[int, int], events: Events) -> int:
    """Follow a row that speaks; return how many events it has written."""
    now = UNIT * (s.units - AHEAD)
    if speech:
        s.edge = now
        _count(s, s.powers[0])
        return 0
    if now - s.edge < rules.hang:
        return 0
    s.speaking, s.run = False, 0
    s.quiet_since = s.edge
    return _tell(s, at, SPEECH, s.edge, events[0])


@kernel
def _wait(s: Record, speech: bool, rules: Record, at: tuple[int, int], events: Events) -> int:
    """Follow a row that does not speak; return how many events it has written."""
    now, count = UNIT * (s.units - AHEAD), 0
    if not speech:
        s.run = 0
        if rules.silence > 0 and not s.quiet and now - s.quiet_since >= rules.silence:
            s.quiet = True
            return _tell(s, at, SILENCE, -1, events[0])
        return 0
    if s.run == 0:
        s.start, s.power, s.counted = now - UNIT, 0, 0
    s.run += 1
    _count(s, s.powers[0])
    if s.run < rules.least:
        return 0
    if s.quiet:
        count += _tell(s, at, SILENCE, s.start, events[0])
    s.speaking, s.quiet, s.edge = True, False, now
    return count + _tell(s, at, SPEECH, -1, events[count])


@kernel
def follow(
    s: Record, power: float, speech: bool, at: tuple[int, int], out: tuple[Record, Events]
) -> int:
    """Take in whether the unit ``AHEAD`` ago is speech; ``power`` is of the newest.

    Returns how many events have been written, 2 at most; ``at`` are row and unit, ``out`` the
    rules and where the events go.
    """
    rules, events = out
    s.units += 1
    for j in range(AHEAD):
        s.powers[j] = s.powers[j + 1]
    s.powers[AHEAD] = power
    if s.units <= AHEAD:
        return 0
    if s.speaking:
        return _go_on(s, speech, rules, at, events)
    return _wait(s, speech, rules, at, events)


@kernel
def decide(
    heard: tuple[Samples, Floats32],
    rows: Rows,
    state: tuple[NDArray[np.void], NDArray[np.void]],
    tables: tuple[Front, Network, Record],
    out: tuple[Work, Events],
) -> int:
    """Hear units of rows; write what they make known and return how much it is.

    Parameters
    ----------
    heard
        ``(n, units * UNIT)`` int16, and ``(n, units * 4)``: mean squares of its pieces.
    rows
        ``(n,)``: whose they are.
    state
        ``(calls,)`` of :data:`FACTS` and of :data:`SPEAKING`.
    tables
        What is sought: the tables of the features, the network, a record of :data:`RULES`.
    out
        Room to reckon in, and room for two events a unit.
    """
    (sound, powers), (facts, speaking), (front, network, rules) = heard, state, tables
    work, events = out
    count = 0
    for i in range(len(rows)):
        known, s = facts[rows[i]], speaking[rows[i]]
        for unit in range(powers.shape[1] // PIECES):
            silent = is_silent(powers[i], unit, rules.floor)
            sense(known, (sound[i], unit * UNIT), silent, front, work)
            speech = score(known, network) > (rules.off if s.speaking else rules.on)
            power, at = mean_square(powers[i], unit), (rows[i], unit)
            count += follow(s, power, speech, at, (rules, events[count:]))
    return count


@kernel
def give_up(rows: Rows, speaking: NDArray[np.void], events: Events) -> int:
    """End what these rows still say, or their silence; events as of :func:`decide`."""
    count = 0
    for i in range(len(rows)):
        s = speaking[rows[i]]
        if s.speaking:
            count += _tell(s, (rows[i], 0), SPEECH, s.edge, events[count])
        elif s.quiet:
            count += _tell(s, (rows[i], 0), SILENCE, UNIT * s.units, events[count])
    return count
