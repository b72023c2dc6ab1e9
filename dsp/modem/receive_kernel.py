"""The receiver's loop over the sound: it searches for a training, waits for it, and receives.

What it has learned of a training is fitted in numpy (:mod:`dsp.modem.acquire`), so the loop ends
where a training has been gathered, and goes on from its beginning once it is fitted: the training
is heard a second time, now with all the loops running.
"""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from dsp.compiled import entry, fast, kernel
from dsp.modem.equaliser_kernel import SPAN, adapt, equalised
from dsp.modem.front import FRONT, LEAD, TAPS, TURN
from dsp.modem.front_kernel import half, instant
from dsp.modem.scrambler_kernel import STATE as SCRAMBLER
from dsp.modem.scrambler_kernel import descrambled
from dsp.modem.search_kernel import PATTERN, SEARCH, look, renew
from dsp.modem.slicer_kernel import nearest
from dsp.modem.tracking_kernel import (
    CARRIER,
    TIMING,
    follow_carrier,
    follow_clock,
    turned,
    turned_back,
)
from dsp.modem.trellis_kernel import SUBSETS, VITERBI, decided, step
from dsp.modem.types import Bits
from dsp.types import Samples

Record: TypeAlias = Any

SEARCHING, GATHERING, GATHERED, RECEIVING = range(4)
"""What a receiver is doing."""

CARRIER_UP, TRAINED, FAILED, CARRIER_LOST = range(4)
"""What is reported."""

SOUND, RECENT = 5120, 1536
KNOWN, WORDS, SEEN, REPORTS = 3072, 128, 2048, 32
_LINE = SPAN + 224
_AHEAD = TAPS - LEAD - 1

TABLES = np.dtype(
    [
        ("front", FRONT),
        ("pattern", np.float32, (2, PATTERN)),
        ("lead", np.int64),
        ("known", np.float32, (2, KNOWN)),
        ("symbols", np.int64),
        ("points", np.float32, (2, WORDS)),
        ("words", np.int64, (16,)),
        ("count", np.int64),
        ("numbers", np.int64, (2, 8)),
        ("trellis", np.bool_),
        ("subsets", SUBSETS),
        ("bits", np.int64),
        ("ones", np.int64),
        ("behind", np.int64),
        ("needed", np.int64),
        ("patience", np.int64),
        ("delay", np.int64),
        ("adapt_step", np.float32),
    ]
)
"""What a modem and a training are.

The ``pattern`` that is searched for begins ``lead`` symbols after what is known of a training.

``known`` are the ``symbols`` that are sent before the ``ones``; ``behind`` and ``needed`` say how
many samples of the sound are gathered before and after their begin. A signal that is gone for
``patience`` symbols is over; bits come ``delay`` symbols late, so many are still its own.
``numbers`` has the bits of a symbol by its amplitude and its phase step.
"""

STATE = np.dtype(
    [
        ("mode", np.int64),
        ("sound", np.float32, (SOUND,)),
        ("first", np.int64),
        ("fill", np.int64),
        ("search", SEARCH),
        ("begin", np.int64),
        ("until", np.int64),
        ("timing", TIMING),
        ("carrier", CARRIER),
        ("real", np.float32, (_LINE,)),
        ("imaginary", np.float32, (_LINE,)),
        ("at", np.int64),
        ("halves", np.int64),
        ("taps", np.float32, (2, SPAN)),
        ("adapt_step", np.float32),
        ("scale", np.float32),
        ("symbol", np.int64),
        ("last", np.int64),
        ("viterbi", VITERBI),
        ("scrambler", SCRAMBLER),
        ("pending", np.int64),
        ("wrong", np.int64),
        ("trained", np.bool_),
        ("learned", np.bool_),
        ("power", np.float32),
        ("gone", np.float32),
        ("faded", np.int64),
        ("level", np.float32),
        ("error", np.float32),
        ("errors", np.float32, (2,)),
        ("taken", np.int64),
        ("given", np.int64),
        ("bits", np.int64),
        ("seen", np.complex64, (SEEN,)),
        ("looked", np.int64),
        ("report", np.int64, (REPORTS, 3)),
        ("reports", np.int64),
    ]
)
"""A receiver.

``sound`` holds ``fill`` samples, the first of which is number ``first``; ``begin`` is where a
training that was found begins, in the unit of clocks, and ``until`` where it has been gathered.
``real`` and ``imaginary`` are the equaliser's line, from ``at`` on; in so many ``halves`` a symbol
is complete, which is number ``symbol`` since the training began.
``pending`` counts the ones that are still to come of a training, ``wrong`` those that were none.
``faded`` counts the symbols since the signal's ``power`` fell below where it counts as ``gone``;
``level`` is the mean power of late after the gain, ``error`` that of what symbols are off, and
``errors`` are what it was 48 to 96 symbols ago. ``learned`` says that the loops stand as a burst
that was received has left them.
"""

_POWER_STEP = np.float32(1.0 / 16.0)
_ERROR_STEP = np.float32(1.0 / 128.0)
_FADING = np.float32(1.5)
"""At so many times the power at which a signal is over, nothing is learned of it any more."""
_LATELY = 48
_LEVEL_STEP = np.float32(1.0 / 64.0)
_SOFT, _LOUD = np.float32(0.6), np.float32(1.6)
_FAR = np.float32(1.0)
"""A symbol is learned from as if it were no further than this from what was sent."""


@kernel
def report(s: Record, what: int) -> None:
    """Note what happened, at the sample that the clock is at."""
    at = s.reports
    s.report[at, 0] = what
    s.report[at, 1] = s.timing.clock >> 32
    s.report[at, 2] = s.bits
    s.reports = at + 1


@kernel
def _drop(s: Record, count: int) -> None:
    """Forget so many of the oldest samples."""
    kept = s.fill - count
    for k in range(kept):
        s.sound[k] = s.sound[k + count]
    s.first += count
    s.fill = kept


@kernel
def _room(s: Record) -> int:
    """Make room for samples; how many may come before the next look."""
    if s.mode == GATHERING:
        return int(s.until - s.first - s.fill)
    sample, _ = instant(s.timing.clock)
    old = sample - LEAD - s.first
    if s.mode == SEARCHING:
        if s.fill > SOUND - 256:
            _drop(s, s.fill - RECENT)
    elif old > 2 * RECENT:
        _drop(s, old - RECENT)
    return int(min(SOUND - s.fill, 160))


@kernel
def _found(s: Record, t: Record) -> None:
    """Turn to gathering the training that the search has found."""
    symbols = t.lead + s.search.groups * s.search.group
    back = s.search.since + 2 * (symbols - 1) + 1
    s.begin = s.timing.clock - back * s.timing.step
    begin = s.begin >> 32
    old = begin - t.behind - s.first
    if old > 0:
        _drop(s, old)
    s.until = begin + t.needed
    s.mode = GATHERING


@kernel
def _give(s: Record, t: Record, number: int, out: Bits) -> None:
    """Descramble the bits of a symbol, and give them if they are no more of the training."""
    for k in range(t.bits):
        bit = descrambled(s.scrambler, (number >> (t.bits - 1 - k)) & 1)
        if s.pending > 0:
            s.pending -= 1
            s.wrong += 1 - bit
            if s.pending == 0:
                _judge(s, t)
        elif s.trained and s.faded <= t.delay:
            out[s.given] = bit
            s.given += 1
            s.bits += 1


@kernel
def _judge(s: Record, t: Record) -> None:
    """Say whether the training's ones have been ones."""
    s.trained = s.learned = s.wrong * 8 <= t.ones
    report(s, TRAINED if s.trained else FAILED)


@kernel
def _decide(s: Record, t: Record, real: float, imaginary: float, out: Bits) -> int:
    """Return the code word that a symbol is taken for, and give the bits that are known by it."""
    if t.trellis:
        word = step(s.viterbi, t.subsets, real, imaginary)
        for k in range(decided(s.viterbi, t.subsets)):
            _give(s, t, s.viterbi.numbers[k], out)
        return word
    word = nearest(t.points, t.words, t.count, real, imaginary)
    turns = (word - s.last) & 7
    s.last = word & 7
    _give(s, t, t.numbers[word >> 3, turns], out)
    return word


@kernel
def _level(s: Record, power: float) -> None:
    """Follow a step of the level, after which no decision would tell what is wrong."""
    s.level += _LEVEL_STEP * (power - s.level)
    if s.level < _SOFT or s.level > _LOUD:
        s.carrier.gain /= np.sqrt(s.level)
        s.level = np.float32(1.0)


@kernel
def _learn(s: Record, t: Record, heard: tuple[float, float], sent: tuple[float, float]) -> None:
    """Let the loops and the equaliser follow a symbol as heard and as it was sent."""
    x, y = sent
    off_real, off_imaginary = x - heard[0], y - heard[1]
    apart = off_real * off_real + off_imaginary * off_imaginary
    if apart > _FAR * _FAR:
        # no loop may run away, whatever comes after the signal
        less = _FAR / np.sqrt(apart)
        off_real, off_imaginary = less * off_real, less * off_imaginary
    real, imaginary = x - off_real, y - off_imaginary
    _level(s, heard[0] * heard[0] + heard[1] * heard[1])
    if s.symbol % _LATELY == 0:
        s.errors[1], s.errors[0] = s.errors[0], s.error
    s.error += _ERROR_STEP * (min(apart, _FAR * _FAR) - s.error)
    follow_clock(s.timing, real, imaginary, x, y)
    # least squares would make symbols as much too small as noise is in them
    wrong_real, wrong_imaginary = turned(
        s.carrier, off_real + s.error * x, off_imaginary + s.error * y
    )
    # as recursive least squares have it: a symbol counts as one of all that there were
    change = s.adapt_step
    s.adapt_step = max(t.adapt_step, change / (np.float32(1.0) + change))
    move = change * wrong_real, change * wrong_imaginary
    adapt(s.real[s.at - SPAN : s.at], s.imaginary[s.at - SPAN : s.at], s.taps, move)
    across, along = imaginary * x - real * y, real * x + imaginary * y - x * x - y * y
    follow_carrier(s.carrier, across, along)


@kernel
def _symbol(s: Record, t: Record, out: Bits) -> None:
    """Receive the symbol that the equaliser's line is complete for."""
    line_real, line_imaginary = s.real[s.at - SPAN : s.at], s.imaginary[s.at - SPAN : s.at]
    raw_real, raw_imaginary = equalised(line_real, line_imaginary, s.taps)
    s.power += _POWER_STEP * (raw_real * raw_real + raw_imaginary * raw_imaginary - s.power)
    real, imaginary = turned_back(s.carrier, raw_real, raw_imaginary)
    if s.symbol < t.symbols:
        sent = t.known[0, s.symbol], t.known[1, s.symbol]
    else:
        word = _decide(s, t, real, imaginary, out)
        sent = t.points[0, word], t.points[1, word]
    s.seen[s.looked & (SEEN - 1)] = complex(real, imaginary)
    s.looked += 1
    s.symbol += 1
    if s.power > _FADING * s.gone:
        s.faded = 0
        _learn(s, t, (real, imaginary), sent)
        return
    follow_carrier(s.carrier, 0.0, 0.0)
    if s.faded or s.power < s.gone:
        s.faded += 1
        if s.faded == t.patience:
            _lose(s)


@kernel
def _lose(s: Record) -> None:
    """The signal is over, and has been since it faded."""
    s.error = s.errors[1]
    s.timing.clock -= 2 * s.faded * s.timing.step
    report(s, CARRIER_LOST)
    s.trained = False
    s.mode = SEARCHING
    renew(s.search)


@kernel
def _push(s: Record, real: float, imaginary: float) -> bool:
    """Put a sample into the equaliser's line; whether a symbol is complete."""
    if s.at == _LINE:
        for k in range(SPAN - 1):
            s.real[k] = s.real[_LINE - SPAN + 1 + k]
            s.imaginary[k] = s.imaginary[_LINE - SPAN + 1 + k]
        s.at = SPAN - 1
    s.real[s.at], s.imaginary[s.at] = s.scale * real, s.scale * imaginary
    s.at += 1
    s.halves -= 1
    if s.halves == 0:
        s.halves = 2
        return True
    return False


@kernel
def _hear(s: Record, t: Record, out: Bits) -> None:
    """Go on as far as there are samples."""
    while s.mode != GATHERING and s.reports < REPORTS - 2:
        sample, phase = instant(s.timing.clock)
        if sample + _AHEAD >= s.first + s.fill:
            return
        begin = sample - LEAD
        real, imaginary = half(t.front, s.sound, begin - s.first, phase, begin % TURN)
        s.timing.clock += s.timing.step
        if s.mode == SEARCHING:
            if look(s.search, t.pattern, real, imaginary):
                _found(s, t)
        elif _push(s, real, imaginary):
            _symbol(s, t, out)


@fast
def _take(s: Record, sound: Samples) -> None:
    """Put samples behind those that there are."""
    free = s.sound[s.fill : s.fill + len(sound)]
    for k in range(len(free)):
        free[k] = sound[k]
    s.fill += len(sound)


@entry
def receive(state: NDArray[np.void], tables: NDArray[np.void], sound: Samples, out: Bits) -> int:
    """Hear some samples; return how many bits they gave.

    ``-1`` says that there is something to be done before more can be heard: a training was
    gathered, or many reports are there. So many samples were ``taken`` then, and bits ``given``.
    """
    s, t = state[0], tables[0]
    s.given = s.taken = 0
    while True:
        _hear(s, t, out)
        if s.mode == GATHERING and s.until <= s.first + s.fill:
            s.mode = GATHERED
            return -1
        if s.reports >= REPORTS - 2:
            return -1
        if s.taken == len(sound):
            return int(s.given)
        until = min(s.taken + _room(s), len(sound))
        _take(s, sound[s.taken : until])
        s.taken = until
