"""The receiver's loop over the sound: it searches for a training, waits for it, and receives.

What it has learned of a training is fitted in numpy (:mod:`dsp.modem.acquire`), so the loop ends
where a training has been gathered, and goes on from its beginning once it is fitted: the training
is heard a second time, now with all the loops running. So it does where a hit has led the symbols
astray (:mod:`dsp.modem.regain`).
"""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from dsp.compiled import entry, fast, inlined, kernel
from dsp.modem.equaliser_kernel import SPAN, adapt, equalised
from dsp.modem.front import FRONT, LEAD, TAPS, TURN
from dsp.modem.front_kernel import half, instant
from dsp.modem.scrambler_kernel import STATE as SCRAMBLER
from dsp.modem.scrambler_kernel import descrambled_symbol
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

SEARCHING, RECEIVING, GATHERING, GATHERED, ASTRAY = range(5)
"""What a receiver is doing; it hears in the first two alone."""

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
        ("chance", np.float32),
        ("adapt_step", np.float32),
    ]
)
"""What a modem and a training are.

The ``pattern`` that is searched for begins ``lead`` symbols after what is known of a training.

``known`` are the ``symbols`` that are sent before the ``ones``; ``behind`` and ``needed`` say how
many samples of the sound are gathered before and after their begin. A signal that is gone for
``patience`` symbols is over; bits come ``delay`` symbols late, so many are still its own.
``numbers`` has the bits of a symbol by its amplitude and its phase step. Where symbols are off by
more than ``chance`` on the average, their decisions mean nothing.
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
        ("held", np.int64),
        ("lately", np.float32),
        ("astray", np.int64),
        ("until_regain", np.int64),
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
``faded`` counts the symbols since the signal's ``power`` fell below where it counts as ``gone``,
and ``held`` the bits that were not given since.
``error`` is the mean power of what symbols are off, ``errors`` are what it was 48 to 96 symbols
ago. ``lately`` is it over fewer; it has been more than chance for ``astray`` symbols, and after
``until_regain`` of them phase and level are to be found anew.
``learned`` says that the loops stand as a burst that was received has left them.
"""

_POWER_STEP = np.float32(1.0 / 16.0)
_MOST_POWER = np.float32(4.0)
"""Of a symbol, or it would take long to see that nothing follows something loud."""
_ERROR_STEP = np.float32(1.0 / 128.0)
_MOST_ERROR = np.float32(1.0)
"""As much noise as signal; more must not be believed, or the loops would run away."""
_FADING = np.float32(1.5)
"""At so many times the power at which a signal is over, nothing is learned of it any more."""
_LATELY = 48
_LATELY_STEP = np.float32(1.0 / 32.0)
_PEAK = np.float32(4.0)
"""No symbol counts as more than so many times the mean, or an impulse would count for long."""
_WILD = np.float32(16.0)
"""What is off by more than so many times the mean is no noise, and nothing to learn from."""


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
def _put(s: Record, number: int, bits: int, out: Bits) -> None:
    """Give so many bits, the highest first."""
    place = out[s.given : s.given + bits]
    for k in range(len(place)):
        place[k] = number >> (bits - 1 - k) & 1
    s.given += bits
    s.bits += bits


@kernel
def _back(s: Record, t: Record, out: Bits) -> None:
    """The signal is there again: give as many bits as were sent, so that all keep their places."""
    s.faded = 0
    while s.held > 0:
        _put(s, 0, t.bits, out)
        s.held -= t.bits


@kernel
def _give(s: Record, t: Record, number: int, out: Bits) -> None:
    """Descramble the bits of a symbol, and give them if they are no more of the training."""
    data = descrambled_symbol(s.scrambler, number, t.bits)
    if s.pending > 0:
        s.pending -= t.bits
        for k in range(t.bits):
            s.wrong += 1 - (data >> k & 1)
        if s.pending == 0:
            _judge(s, t)
    elif s.trained and s.faded > t.delay:
        s.held += t.bits
    elif s.trained:
        _put(s, data, t.bits, out)


@kernel
def _judge(s: Record, t: Record) -> None:
    """Say whether the training's ones have been ones."""
    s.trained = s.learned = s.wrong * 8 <= t.ones
    report(s, TRAINED if s.trained else FAILED)


@inlined
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
def _strays(s: Record, t: Record, wrong: float) -> bool:
    """Say whether symbols are decided by chance of late, as they are after a hit."""
    if s.symbol <= t.symbols:
        return False
    off = s.viterbi.error if t.trellis else np.float32(wrong)
    s.lately += _LATELY_STEP * (min(off, _PEAK * t.chance) - s.lately)
    if s.lately <= t.chance:
        s.astray = 0
        return False
    s.astray += 1
    if s.astray >= s.until_regain:
        s.mode = ASTRAY
    return True


@kernel
def _hold(s: Record, across: float, along: float) -> None:
    """Let phase and level follow a symbol, but nothing that it takes long to learn."""
    turn = s.carrier.turn
    follow_carrier(s.carrier, across, along)
    s.carrier.turn = turn


@inlined
def _learn(s: Record, t: Record, heard: tuple[float, float], sent: tuple[float, float]) -> None:
    """Let the loops and the equaliser follow a symbol as heard and as it was sent."""
    real, imaginary = heard
    x, y = sent
    off_real, off_imaginary = x - real, y - imaginary
    wrong = off_real * off_real + off_imaginary * off_imaginary
    if s.symbol % _LATELY == 0:
        s.errors[1], s.errors[0] = s.errors[0], s.error
    most = s.error
    s.error += _ERROR_STEP * (min(wrong, _PEAK * most, _MOST_ERROR) - most)
    across, along = imaginary * x - real * y, real * x + imaginary * y - x * x - y * y
    most *= _WILD
    if wrong > most:
        less = np.sqrt(most / wrong)
        across, along = less * across, less * along
    if _strays(s, t, wrong) or wrong > most:
        _hold(s, across, along)
        return
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
    follow_carrier(s.carrier, across, along)


@inlined
def _symbol(s: Record, t: Record, out: Bits) -> None:
    """Receive the symbol that the equaliser's line is complete for."""
    line_real, line_imaginary = s.real[s.at - SPAN : s.at], s.imaginary[s.at - SPAN : s.at]
    raw_real, raw_imaginary = equalised(line_real, line_imaginary, s.taps)
    power = min(raw_real * raw_real + raw_imaginary * raw_imaginary, _MOST_POWER)
    s.power += _POWER_STEP * (power - s.power)
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
        if s.faded:
            _back(s, t, out)
        _learn(s, t, (real, imaginary), sent)
        return
    follow_carrier(s.carrier, 0.0, 0.0)
    if s.faded or s.power < s.gone:
        s.faded += 1
        if s.faded == t.patience:
            _lose(s)


@kernel
def _search(s: Record) -> None:
    s.trained = False
    s.mode = SEARCHING
    renew(s.search)


@entry
def search(state: NDArray[np.void]) -> None:
    """Search for a training, whatever the receiver was doing."""
    _search(state[0])


@kernel
def _lose(s: Record) -> None:
    """The signal is over, and has been since it faded."""
    s.error = s.errors[1]
    s.timing.clock -= 2 * s.faded * s.timing.step
    report(s, CARRIER_LOST)
    _search(s)


@inlined
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
    while s.mode <= RECEIVING and s.reports < REPORTS - 2:
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
    gathered, symbols are astray, or many reports are there. So many samples were ``taken`` then,
    and bits ``given``.
    """
    s, t = state[0], tables[0]
    s.given = s.taken = 0
    while True:
        _hear(s, t, out)
        if s.mode == GATHERING and s.until <= s.first + s.fill:
            s.mode = GATHERED
            return -1
        if s.mode == ASTRAY or s.reports >= REPORTS - 2:
            return -1
        if s.taken == len(sound):
            return int(s.given)
        until = min(s.taken + _room(s), len(sound))
        _take(s, sound[s.taken : until])
        s.taken = until
