"""What the receiver of V.21 does for every bit: correlate, decide, follow, and watch the carrier.

Keying by 200 Hz at 300 bit/s turns the phase by ±120° a bit against that of the middle frequency,
so there are three phases that a bit can begin with, and from each a one leads to the next and a
zero to the one before. A Viterbi decoder walks these. What is the phase that the bits before
amount to, each of its three survivors knows by itself: the sum of its own bits as they were heard,
each turned on to now, that forgets (per-survivor processing; noncoherent sequence estimation of
Raphaeli, IEEE Trans. Comm. 44, 1996). So no phase need be acquired, and a wrong one lasts as long
as the memory does.

While there is no carrier four of these listen, a quarter of a bit apart. Each survivor sums by how
much more of the sound's power is its own than noise would give it, from nothing up; the first sum
past a limit is a carrier, if there is keying in it. While there is one, the same sum the other way
round tells its end.
"""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np

from dsp.compiled import entry, fast, kernel, numbers
from dsp.types import Samples

Record: TypeAlias = Any

FRACTION = 20
"""Places are whole numbers of 2^-20 samples."""

STEPS, WIDTH = 32, 32
"""Beginnings of a bit within a sample, and samples that one reaches into, filled up with zeros."""

_OF_WIDTH = np.float32(80 / 3 / WIDTH)
_NEVER = np.float32(-1e30)
HYPOTHESES = 4
BIT = (80 << FRACTION) // 3
DELAY = 10
"""Bits after which the best survivor's is taken for decided: by then all have the same."""

MOST = 8192
"""Samples that may be heard at once."""

ROOM = 2048
_PIECE, _PAST = 1024, 64
BITS, SYMBOLS, EVENTS = 512, 4096, 64
UP, LOST = numbers(2)

STATE = np.dtype(
    [
        ("bank", np.float32, (STEPS, 4, WIDTH)),
        ("turns", np.float32, (5,)),
        ("floor", np.float32),
        ("sound", np.float32, (ROOM,)),
        ("base", np.int64),
        ("filled", np.int64),
        ("heard", np.float32, (5,)),
        ("place", np.int64, (HYPOTHESES,)),
        ("next", np.int64),
        ("live", np.int64),
        ("weight", np.float32, (HYPOTHESES,)),
        ("drift", np.float32, (HYPOTHESES,)),
        ("strength", np.float32, (HYPOTHESES,)),
        ("metric", np.float32, (HYPOTHESES, 3)),
        ("re", np.float32, (HYPOTHESES, 3)),
        ("im", np.float32, (HYPOTHESES, 3)),
        ("worth", np.float32, (HYPOTHESES, 3)),
        ("age", np.int64, (HYPOTHESES, 3)),
        ("history", np.uint64, (HYPOTHESES, 3)),
        ("good", np.uint64, (HYPOTHESES, 3)),
        ("new", np.float32, (3, 6)),
        ("new_age", np.int64, (3,)),
        ("new_history", np.uint64, (3, 2)),
        ("along", np.float32),
        ("across", np.float32),
        ("pending", np.int64),
        ("bad", np.float32),
        ("worst", np.int64),
        ("power", np.float32),
        ("noise", np.float32),
        ("between", np.float32, (4, 2)),
        ("heard_bits", np.int64),
        ("clock", np.float32),
        ("given", np.int64),
        ("count", np.int64),
        ("bits", np.uint8, (BITS,)),
        ("symbol_count", np.int64),
        ("symbols", np.complex64, (SYMBOLS,)),
        ("event_count", np.int64),
        ("events", np.int64, (EVENTS, 3)),
        ("memory_idle", np.float32),
        ("memory_live", np.float32),
        ("tau", np.float32),
        ("cap", np.float32),
        ("up", np.float32),
        ("down", np.float32),
        ("gain_idle", np.float32),
        ("gain_live", np.float32),
        ("memory_more", np.float32),
        ("clear", np.float32),
        ("most", np.float32),
    ]
)


@fast
def _correlate(s: Record, place: int) -> float:
    """What a bit from a place on has of space and mark, into ``heard``; its energy besides."""
    first = np.uint64((place >> FRACTION) - s.base)
    step = np.uint64((place >> (FRACTION - 5)) & (STEPS - 1))
    sound, bank = s.sound, s.bank
    zero, one, two, three = np.uint64(0), np.uint64(1), np.uint64(2), np.uint64(3)
    a = b = c = d = energy = np.float32(0.0)
    for n in range(np.uint64(WIDTH)):
        x = sound[first + n]
        a += x * bank[step, zero, n]
        b += x * bank[step, one, n]
        c += x * bank[step, two, n]
        d += x * bank[step, three, n]
        energy += x * x
    heard = s.heard
    heard[0], heard[1], heard[2], heard[3] = a, b, c, d
    return float(energy * _OF_WIDTH)


@kernel
def _begin(s: Record, place: int) -> None:
    """Listen for a carrier from a place on."""
    s.live = -1
    s.next = 0
    for h in range(HYPOTHESES):
        s.place[h] = place + h * BIT // HYPOTHESES
        s.weight[h] = s.drift[h] = s.strength[h] = 0.0
        for j in range(3):
            s.metric[h, j] = 0.0 if j == 0 else _NEVER
            s.re[h, j] = s.im[h, j] = s.worth[h, j] = 0.0
            s.age[h, j] = 0
            s.history[h, j] = s.good[h, j] = 0


@kernel
def _advance(s: Record, h: int, energy: float, memory: float) -> int:
    """Let the survivors of a hypothesis take in a bit as it was heard; the best one."""
    one, two = np.uint64(1), np.uint64(2)
    h = np.uint64(h)
    sr, si, mr, mi = s.heard[0], s.heard[1], s.heard[2], s.heard[3]
    weight = s.weight[h]
    scale = np.float32(1.0) / max(weight, np.float32(1.0))
    alone = np.float32(0.5) / (memory * max(weight, np.float32(1.0)))
    space, mark = sr * sr + si * si, mr * mr + mi * mi
    of_space, of_mark = alone * space, alone * mark
    clear = (np.uint64(space > s.clear * mark), np.uint64(mark > s.clear * space))
    # the drift is small
    drift = s.drift[h]
    dc, ds = np.float32(1.0) - np.float32(0.5) * drift * drift, drift
    energy += 1.0
    new, new_age, new_history = s.new, s.new_age, s.new_history
    best = np.uint64(0)
    for j in range(np.uint64(3)):
        i = j + one if j < two else np.uint64(0)
        k = i + one if i < two else np.uint64(0)
        by_mark = (s.re[h, i] * mr + s.im[h, i] * mi) * scale
        by_space = (s.re[h, k] * sr + s.im[h, k] * si) * scale
        if s.metric[h, i] + by_mark + of_mark >= s.metric[h, k] + by_space + of_space:
            bit, along, add, cr, ci = one, by_mark, of_mark, mr, mi
        else:
            i = k
            bit, along, add, cr, ci = np.uint64(0), by_space, of_space, sr, si
        gr, gi = s.re[h, i], s.im[h, i]
        new[j, 0] = s.metric[h, i] + along + add
        new[j, 4] = along
        new[j, 5] = (gr * ci - gi * cr) * scale
        part = along / max(energy, (gr * gr + gi * gi) * scale * scale)
        gr, gi = memory * gr + cr, memory * gi + ci
        tr, ti = s.turns[two * bit], s.turns[two * bit + one]
        tr, ti = tr * dc - ti * ds, tr * ds + ti * dc
        new[j, 1], new[j, 2] = gr * tr - gi * ti, gr * ti + gi * tr
        worth = min(s.worth[h, i] + min(part, s.cap) - s.tau, s.most)
        age = s.age[h, i] + 1
        if worth <= 0.0:
            worth = np.float32(0.0)
            age = 0
        new[j, 3] = worth
        new_age[j] = age
        new_history[j, 0] = (s.history[h, i] << one) | np.uint64(bit)
        new_history[j, 1] = (s.good[h, i] << one) | (np.uint64(part > s.tau) & clear[bit])
        if new[j, 0] > new[best, 0]:
            best = j
    top = new[best, 0]
    for j in range(np.uint64(3)):
        s.metric[h, j] = new[j, 0] - top
        s.re[h, j], s.im[h, j], s.worth[h, j] = new[j, 1], new[j, 2], new[j, 3]
        s.age[h, j] = new_age[j]
        s.history[h, j], s.good[h, j] = new_history[j, 0], new_history[j, 1]
    s.weight[h] = memory * weight + np.float32(1.0)
    s.along, s.across = new[best, 4], new[best, 5]
    return int(best)


@kernel
def _keyed(history: int, good: int, age: int) -> bool:
    """Whether a change lies between bits that were heard well, and one more after it was."""
    one = np.uint64(1)
    both = good & (good >> one)
    changes = (history ^ (history >> one)) & both
    run = (one << np.uint64(min(age, 24))) - one
    return bool((good & one) and (changes & run) > one)


@kernel
def _tell(s: Record, what: int, place: int) -> None:
    if s.event_count < EVENTS:
        n = s.event_count
        s.events[n, 0], s.events[n, 1], s.events[n, 2] = what, place >> FRACTION, s.given
        s.event_count = n + 1


@kernel
def _give(s: Record, history: int, left: int) -> None:
    """Give the bits that wait, up to so many."""
    while s.pending > left:
        s.pending -= 1
        s.bits[s.count] = (history >> np.uint64(s.pending)) & np.uint64(1)
        s.count += 1
        s.given += 1


@kernel
def _listen(s: Record) -> None:
    """Take in a bit while there is no carrier."""
    h = s.next
    s.next = h + 1 if h + 1 < HYPOTHESES else 0
    energy = _correlate(s, s.place[h])
    best = _advance(s, h, energy, s.memory_idle)
    s.place[h] += BIT
    s.strength[h] += np.float32(0.25) * (s.along - s.strength[h])
    age = s.age[h, best]
    if age == 0:
        s.drift[h] = 0.0
    elif age > 2:
        size = abs(s.along) + abs(s.across) + np.float32(1.0)
        drift = s.drift[h] + s.gain_idle * s.across / size
        s.drift[h] = min(max(drift, np.float32(-0.55)), np.float32(0.55))
    if (
        s.worth[h, best] > s.up
        and s.strength[h] > s.floor
        and _keyed(s.history[h, best], s.good[h, best], age)
    ):
        _follow(s)


@kernel
def _best(s: Record, h: int) -> int:
    best = 0
    for j in range(1, 3):
        if s.metric[h, j] > s.metric[h, best]:
            best = j
    return best


@kernel
def _move(s: Record, h: int, shift: float) -> None:
    """Let the next bit begin later by a part of a bit, and its phase be that of then."""
    s.place[h] += np.int64(shift * BIT)
    # of the middle frequency; what a change of frequency makes of it is small
    angle = np.float32(s.turns[4] * shift)
    c, d = np.cos(angle), np.sin(angle)
    for j in range(3):
        re, im = s.re[h, j], s.im[h, j]
        s.re[h, j], s.im[h, j] = re * c - im * d, re * d + im * c


@kernel
def _follow(s: Record) -> None:
    """Take the carrier for there, by the hypothesis that hears it best."""
    h = 0
    for n in range(1, HYPOTHESES):
        if s.strength[n] > s.strength[h]:
            h = n
    before = s.strength[h - 1 if h > 0 else HYPOTHESES - 1]
    after = s.strength[h + 1 if h + 1 < HYPOTHESES else 0]
    bend = 2.0 * s.strength[h] - before - after
    shift = 0.5 * (after - before) / bend if bend > 0.0 else 0.0
    shift = min(max(shift, -0.5), 0.5) / HYPOTHESES
    best = _best(s, h)
    s.live = h
    s.pending = min(s.age[h, best] + 1, 60)
    _tell(s, UP, s.place[h] - s.pending * BIT)
    _move(s, h, shift)
    s.power = s.strength[h]
    s.noise = 0.0
    s.bad = 0.0
    s.worst = 0
    s.clock = 0.0
    s.heard_bits = 0


@kernel
def _time(s: Record, h: int, best: int) -> float:
    """How much later bits begin than was thought, as a part of a bit, by a change two bits ago."""
    history = s.history[h, best]
    later, earlier = (
        (history >> np.uint64(2)) & np.uint64(1),
        (history >> np.uint64(3)) & np.uint64(1),
    )
    if later == earlier or s.heard_bits < 3:
        return 0.0
    at = (s.heard_bits - 2) & 3
    space, mark = s.between[at, 0], s.between[at, 1]
    more = (mark - space) / (mark + space + np.float32(1.0))
    return float(more if earlier == 1 else -more)


@kernel
def _receive(s: Record) -> None:
    """Take in a bit of a carrier."""
    h = s.live
    place = s.place[h]
    _correlate(s, place - BIT // 2)
    at = s.heard_bits & 3
    for n in range(2):
        re, im = s.heard[2 * n], s.heard[2 * n + 1]
        s.between[at, n] = re * re + im * im
    energy = _correlate(s, place)
    n = s.heard_bits
    memory = s.memory_live - s.memory_more * np.float32(max(0.0, 1.0 - n * 0.03))
    best = _advance(s, h, energy, memory)
    late = _time(s, h, best)
    gain = max(0.02, 0.2 / (1.0 + 0.25 * n))
    s.clock += np.float32(0.00005 * late) if n > 100 else np.float32(0.0)
    s.place[h] = place + BIT
    _move(s, h, gain * late + s.clock)
    size = abs(s.along) + abs(s.across) + np.float32(1.0)
    drift = s.drift[h] + np.float32(max(0.004, s.gain_live / (1.0 + 0.25 * n))) * s.across / size
    s.drift[h] = min(max(drift, np.float32(-0.7)), np.float32(0.7))
    s.heard_bits = n + 1
    s.pending += 1
    part = s.along / (s.power + np.float32(1.0)) if s.power > s.floor * 0.5 else np.float32(0.0)
    s.bad += min(max(np.float32(0.5) - part, np.float32(-0.5)), np.float32(0.5))
    s.worst += 1
    if s.bad <= 0.0:
        s.bad = 0.0
        s.worst = 0
    s.power += np.float32(0.08) * (s.along - s.power)
    beside = np.float32(1.8) * s.across * s.across / (s.power + np.float32(1.0))
    s.noise += np.float32(max(0.02, 1.0 / (1.0 + n))) * (beside - s.noise)
    root = np.float32(1.0) / np.sqrt(s.power * s.power + np.float32(1.0))
    sign = np.float32(1.0) if s.history[h, best] & np.uint64(1) else np.float32(-1.0)
    s.symbols[s.symbol_count & (SYMBOLS - 1)] = sign * root * (s.along + 1j * s.across)
    s.symbol_count += 1
    history = s.history[h, best]
    if s.bad > s.down:
        _give(s, history, min(s.pending, max(s.worst - 1, 0)))
        _tell(s, LOST, s.place[h] - s.worst * BIT)
        _begin(s, s.place[h])
    else:
        _give(s, history, DELAY)


@kernel
def _drop(s: Record) -> None:
    """Forget the samples that lie before all that are still needed."""
    place = s.place[s.live] if s.live >= 0 else s.place[s.next]
    first = (place >> FRACTION) - _PAST - s.base
    if first <= 0:
        return
    sound, by = s.sound, np.uint64(first)
    for n in range(np.uint64(s.filled - first)):
        sound[n] = sound[n + by]
    s.base += first
    s.filled -= first


@entry
def start(state: Any) -> None:
    """Be at sample 0, with silence before."""
    s = state[0]
    s.base, s.filled = -_PAST, _PAST
    for n in range(_PAST):
        s.sound[n] = 0.0
    s.given = s.count = s.symbol_count = s.event_count = 0
    _begin(s, 0)


@entry
def again(state: Any) -> None:
    """Listen for the next carrier from here on."""
    s = state[0]
    _begin(s, (s.base + s.filled) << FRACTION)


@entry
def hear(samples: Samples, state: Any) -> int:
    """Take in up to :data:`MOST` samples; how many bits they gave."""
    s = state[0]
    s.count = 0
    at = 0
    while at < len(samples):
        piece = min(len(samples) - at, _PIECE)
        sound, begin, end = s.sound, np.uint64(at), np.uint64(s.filled)
        for n in range(np.uint64(piece)):
            sound[end + n] = samples[begin + n]
        at += piece
        s.filled += piece
        while True:
            place = s.place[s.live] if s.live >= 0 else s.place[s.next]
            if (place >> FRACTION) + WIDTH > s.base + s.filled:
                break
            if s.live >= 0:
                _receive(s)
            else:
                _listen(s)
        _drop(s)
    return int(s.count)
