"""What the receiver of V.21 does for every bit: correlate, decide, follow, and watch the carrier.

Keying by 200 Hz at 300 bit/s turns the phase by ±120° a bit against that of the middle frequency,
so there are three phases that a bit can begin with, and from each a one leads to the next and a
zero to the one before. A Viterbi decoder walks these. What is the phase that the bits before
amount to, each of its three survivors knows by itself: the sum of its own bits as they were heard,
each turned on to now, that forgets (per-survivor processing; noncoherent sequence estimation of
Raphaeli, IEEE Trans. Comm. 44, 1996). So no phase need be acquired, and a wrong one lasts as long
as the memory does.

A sender that switches between two oscillators keeps no phase; where that is found each bit is
told by its energies alone.

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

HYPOTHESES = 4
BIT = (80 << FRACTION) // 3
DELAY = 10
"""Bits after which the best survivor's is taken for decided: by then all have the same."""

MOST = 8192
"""Samples that may be heard at once."""

ROOM = 2048
BITS, SYMBOLS, EVENTS = 512, 4096, 64
PAST = 64
"""Samples that are kept before those that are still to be heard."""
UP, LOST = numbers(2)

_PIECE = 1024
_OF_WIDTH = np.float32(80 / 3 / WIDTH)
_NEVER = np.float32(-1e30)
_ONE = np.float32(1.0)

_LISTENING, _FOLLOWING = 0.5, 0.8
"""How much of what it knows of its phase a survivor keeps from bit to bit: little before its
frequency is known."""
_ALONE = np.float32(0.8)
"""How much a bit without regard to its phase counts, over how many bits that is known by."""
_SETTLING = 33
_WIDEST = np.float32(0.7)
"""Radians a bit that the frequencies may be off: 33 Hz."""
_HASTE = 0.25

_LEAST_SHARE, _SHARE, _MOST_SHARE = np.float32(0.12), np.float32(0.3), np.float32(0.5)
_WORTH, _MOST_WORTH = np.float32(1.4), np.float32(1.7)
"""Share of the power that a bit must be to begin a carrier, to speak for one, and how much of it
counts; what is a carrier, and the most that is remembered of one."""
_CLEAR = np.float32(1.5)
_COHERENT = np.float32(0.7)
"""How much of a bit's energy is to lie along its phase on a mean for that phase to be of use."""
_LEAK = np.float32(0.171)
"""How much of a tone's energy is heard as the other: (sin x / x)², where x is two thirds of pi."""
_LONGEST = 60
_DOUBT = np.float32(2.5)
"""Half of each bit that is missing: a gap of 12 ms is no end."""

STATE = np.dtype(
    [
        ("bank", np.float32, (STEPS, 4, WIDTH)),
        ("turns", np.float32, (5,)),
        ("floor", np.float32),
        ("sound", np.float32, (ROOM,)),
        ("base", np.int64),
        ("filled", np.int64),
        ("heard", np.float32, (4,)),
        ("place", np.int64, (HYPOTHESES,)),
        ("next", np.int64),
        ("live", np.int64),
        ("weight", np.float32, (HYPOTHESES,)),
        ("scale", np.float32),
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
        ("new_bits", np.uint64, (3, 2)),
        ("along", np.float32),
        ("across", np.float32),
        ("followed", np.int64),
        ("between", np.float32, (4, 2)),
        ("clock", np.float32),
        ("power", np.float32),
        ("noise", np.float32),
        ("agreed", np.float32),
        ("apart", np.bool_),
        ("astray", np.float32),
        ("doubt", np.float32),
        ("doubted", np.int64),
        ("pending", np.int64),
        ("given", np.int64),
        ("count", np.int64),
        ("bits", np.uint8, (BITS,)),
        ("symbol_count", np.int64),
        ("symbols", np.complex64, (SYMBOLS,)),
        ("event_count", np.int64),
        ("events", np.int64, (EVENTS, 3)),
    ]
)
"""All that a receiver is.

``bank`` has the two waves that a bit is correlated with, space first, real and imaginary, for each
beginning within a sample; a correlation squared is an energy of so many samples, ``floor`` the
least. ``turns`` is what a bit turns the phase by, cosine and sine of space and of mark; then the
angle of the middle frequency. ``sound`` begins with sample ``base`` and has ``filled``; ``heard``
are a bit's correlations.

A hypothesis is about the bit that begins at ``place``, ``next`` being whose turn it is and ``live``
whose carrier is followed, or −1. Its survivors have ``re`` and ``im``, sums of ``weight`` bits that
turn by ``drift`` radians a bit more than they should; their bits in ``history``, the latest lowest,
and in ``good`` which of them were heard well; ``worth`` is what speaks for a carrier since ``age``
bits. ``new`` are the survivors to be: metric, re, im, worth, and as the last bit was heard, along
and across. Of the best survivor's: ``along`` and ``across``; ``strength`` is a mean of ``along``.

While a carrier is ``followed``, for so many bits: ``between`` has the energies of space and mark
half a bit early, ``clock`` is by what part of itself a bit is longer, ``power`` a mean energy of a
bit, ``noise`` that of noise, ``doubt`` what speaks for its end since ``doubted`` bits. By how much
more than is needed lies along the phases they have ``agreed``; since less did, bits are told
``apart`` from these, and ``astray`` is how much more there is between bits than in them.
``pending`` bits are not given yet; ``given`` are so many in all, ``count`` of this call's.
"""


@fast
def _correlate(s: Record, place: int) -> float:
    """What a bit from a place on has of space and mark, into ``heard``; of which energy, not 0."""
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
    return float(energy * _OF_WIDTH + _ONE)


@kernel
def _forget(s: Record, h: int) -> None:
    """Let a hypothesis know nothing; its survivors only differ if they have one to begin with."""
    s.weight[h] = s.drift[h] = s.strength[h] = 0.0
    for j in range(3):
        s.metric[h, j] = 0.0 if j == 0 else _NEVER
        s.re[h, j] = s.im[h, j] = s.worth[h, j] = 0.0
        s.age[h, j] = 0


@kernel
def _begin(s: Record, place: int) -> None:
    """Listen for a carrier from a place on."""
    s.live = -1
    s.next = 0
    s.apart = False
    for h in range(HYPOTHESES):
        s.place[h] = place + h * BIT // HYPOTHESES
        _forget(s, h)


@kernel
def _extend(s: Record, h: Any, j: Any, energy: Any, memory: Any) -> None:
    """Find the better way into a phase, by a mark from the next or by a space from the one before.

    Indices are never negative; where their types say so less code comes of it.
    """
    one, two = np.uint64(1), np.uint64(2)
    sr, si, mr, mi = s.heard[0], s.heard[1], s.heard[2], s.heard[3]
    space, mark = sr * sr + si * si, mr * mr + mi * mi
    scale = s.scale
    i = j + one if j < two else np.uint64(0)
    k = i + one if i < two else np.uint64(0)
    by_mark = (s.re[h, i] * mr + s.im[h, i] * mi) * scale
    by_space = (s.re[h, k] * sr + s.im[h, k] * si) * scale
    if s.apart:
        by_mark, by_space = mark, space
    alone = _ALONE * scale
    with_mark = s.metric[h, i] + by_mark + alone * mark
    with_space = s.metric[h, k] + by_space + alone * space
    marked = with_mark >= with_space
    bit, metric = np.uint64(marked), max(with_mark, with_space)
    along, re, im = (by_mark, mr, mi) if marked else (by_space, sr, si)
    stronger, weaker = (mark, space) if marked else (space, mark)
    i = i if marked else k
    known_re, known_im = s.re[h, i], s.im[h, i]
    share = along / max(energy, (known_re * known_re + known_im * known_im) * scale * scale)
    worth = min(s.worth[h, i] + min(share, _MOST_SHARE) - _SHARE, _MOST_WORTH)
    new, bits = s.new, s.new_bits
    new[j, 0], new[j, 3], new[j, 4] = metric, max(worth, np.float32(0.0)), along
    new[j, 5] = (known_re * im - known_im * re) * scale
    s.new_age[j] = s.age[h, i] + 1 if worth > 0.0 else 0
    bits[j, 0] = (s.history[h, i] << one) | bit
    bits[j, 1] = (s.good[h, i] << one) | np.uint64((stronger > _CLEAR * weaker) & (share > _SHARE))
    re, im = memory * known_re + re, memory * known_im + im
    drift = s.drift[h]
    dc, ds = _ONE - np.float32(0.5) * drift * drift, drift
    cos, sin = s.turns[two * bit], s.turns[two * bit + one]
    cos, sin = cos * dc - sin * ds, cos * ds + sin * dc
    new[j, 1], new[j, 2] = re * cos - im * sin, re * sin + im * cos


@kernel
def _advance(s: Record, hypothesis: int, energy: float, memory: float) -> int:
    """Let the survivors of a hypothesis take in a bit as it was heard; the best one."""
    h: Any = np.uint64(hypothesis)
    best: Any = np.uint64(0)
    new, bits = s.new, s.new_bits
    s.scale = _ONE / max(s.weight[h], _ONE)
    for j in range(np.uint64(3)):
        _extend(s, h, j, np.float32(energy), np.float32(memory))
        if new[j, 0] > new[best, 0]:
            best = j
    top = new[best, 0]
    for j in range(np.uint64(3)):
        s.metric[h, j] = new[j, 0] - top
        s.re[h, j], s.im[h, j], s.worth[h, j] = new[j, 1], new[j, 2], new[j, 3]
        s.age[h, j] = s.new_age[j]
        s.history[h, j], s.good[h, j] = bits[j, 0], bits[j, 1]
    s.weight[h] = np.float32(memory) * s.weight[h] + _ONE
    s.along, s.across = new[best, 4], new[best, 5]
    return int(best)


@kernel
def _tune(s: Record, h: int, gain: float) -> None:
    """Let a hypothesis follow the frequency, by how the last bit lay to what was known of it."""
    if s.apart:
        return
    by = np.float32(gain) * s.across / (abs(s.along) + abs(s.across) + _ONE)
    s.drift[h] = min(max(s.drift[h] + by, -_WIDEST), _WIDEST)


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
def _is_nothing(s: Record, h: int, energy: float) -> bool:
    """Whether no carrier can have begun with the last bit; then what was before it is forgotten.

    Most bits of noise are such, and take half the time for it.
    """
    sr, si, mr, mi = s.heard[0], s.heard[1], s.heard[2], s.heard[3]
    if max(sr * sr + si * si, mr * mr + mi * mi) > _LEAST_SHARE * np.float32(energy):
        return False
    if s.age[h, 0] + s.age[h, 1] + s.age[h, 2] > 0:
        return False
    _forget(s, h)
    return True


@kernel
def _listen(s: Record) -> None:
    """Take in a bit while there is no carrier."""
    h = s.next
    s.next = h + 1 if h + 1 < HYPOTHESES else 0
    energy = _correlate(s, s.place[h])
    s.place[h] += BIT
    if _is_nothing(s, h, energy):
        return
    best = _advance(s, h, energy, _LISTENING)
    s.strength[h] += np.float32(0.25) * (s.along - s.strength[h])
    age = s.age[h, best]
    if age == 0:
        s.drift[h] = 0.0
    elif age > 2:
        _tune(s, h, _HASTE)
    loud = s.worth[h, best] > _WORTH and s.strength[h] > s.floor
    if loud and _keyed(s.history[h, best], s.good[h, best], age):
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
    s.pending = min(s.age[h, best] + 1, _LONGEST)
    _tell(s, UP, s.place[h] - s.pending * BIT)
    _move(s, h, shift)
    s.power = s.strength[h]
    s.noise = s.clock = s.doubt = s.agreed = 0.0
    s.followed = s.doubted = 0


@kernel
def _late(s: Record, h: int, best: int) -> float:
    """How much later bits begin than was thought, −1 to 1, by a change two bits ago.

    Of two bits that differ, what lies from the middle of one to that of the other is as much of
    this as of that.
    """
    one, two = np.uint64(1), np.uint64(2)
    later = (s.history[h, best] >> two) & one
    earlier = (s.history[h, best] >> (two + one)) & one
    if later == earlier or s.followed < 2:
        return 0.0
    at = (s.followed - 2) & 3
    space, mark = s.between[at, 0], s.between[at, 1]
    more = (mark - space) / (mark + space + _ONE)
    return float(more if earlier == one else -more)


@kernel
def _receive(s: Record) -> None:
    """Take in a bit of a carrier."""
    h, n = s.live, s.followed
    _correlate(s, s.place[h] - BIT // 2)
    for tone in range(2):
        re, im = s.heard[2 * tone], s.heard[2 * tone + 1]
        s.between[n & 3, tone] = re * re + im * im
    energy = _correlate(s, s.place[h])
    settled = min(n / _SETTLING, 1.0)
    best = _advance(s, h, energy, _LISTENING + (_FOLLOWING - _LISTENING) * settled)
    _tune(s, h, max(0.004, 0.1 / (1.0 + 0.25 * n)))
    late = _late(s, h, best)
    if n > 3 * _SETTLING:
        s.clock += np.float32(0.00002 * late)
    s.place[h] += BIT
    _move(s, h, max(0.02, 0.2 / (1.0 + 0.25 * n)) * late + s.clock)
    s.followed = n + 1
    s.pending += 1
    _measure(s, n)
    history = s.history[h, best]
    _show(s, history & np.uint64(1))
    if s.doubt > _DOUBT:
        _give(s, history, min(s.pending, max(s.doubted - 1, 0)))
        _tell(s, LOST, s.place[h] - s.doubted * BIT)
        _begin(s, s.place[h])
    else:
        _give(s, history, DELAY)


@kernel
def _stray(s: Record, more: float) -> None:
    """Begin half a bit later where there is more in what lies between bits than in them.

    Which it is cannot be told from where bits change, and was not if it was told by phases.
    """
    s.astray += np.float32(0.04) * (np.float32(more) - s.astray)
    if s.astray > 0.0:
        _move(s, s.live, 0.5)
        s.astray = -s.power


@kernel
def _measure(s: Record, n: int) -> None:
    """Follow the powers of the carrier and of noise by the last bit, and doubt a weak one."""
    half = np.float32(0.5)
    part = s.along / (s.power + _ONE) if s.power > half * s.floor else np.float32(0.0)
    s.doubt = max(s.doubt + min(max(half - part, -half), half), np.float32(0.0))
    s.doubted = s.doubted + 1 if s.doubt > 0.0 else 0
    s.power += np.float32(0.08) * (s.along - s.power)
    # across the phase is half of the noise, and a ninth of that again in what is known of the phase
    noise = np.float32(1.8) * s.across * s.across / (s.power + _ONE)
    sr, si, mr, mi = s.heard[0], s.heard[1], s.heard[2], s.heard[3]
    space, mark = sr * sr + si * si, mr * mr + mi * mi
    if s.apart:
        noise = max(min(space, mark) - _LEAK * s.power, np.float32(0.0))
        _stray(s, max(s.between[n & 3, 0], s.between[n & 3, 1]) - max(space, mark))
    else:
        agreed = s.along - _COHERENT * max(space, mark)
        s.agreed += np.float32(0.04) * (agreed - s.agreed)
        s.apart = s.agreed < 0.0 and n > _SETTLING
        s.astray = -s.power
    s.noise += max(np.float32(0.02), _ONE / np.float32(1 + n)) * (noise - s.noise)


@kernel
def _show(s: Record, bit: int) -> None:
    """Keep how the last bit was heard."""
    scale = (_ONE if bit else -_ONE) / (s.power + _ONE)
    s.symbols[s.symbol_count & (SYMBOLS - 1)] = scale * (s.along + 1j * s.across)
    s.symbol_count += 1


@kernel
def _drop(s: Record) -> None:
    """Forget the samples that lie before all that are still needed."""
    place = s.place[s.live] if s.live >= 0 else s.place[s.next]
    first = (place >> FRACTION) - PAST - s.base
    if first <= 0:
        return
    sound, by = s.sound, np.uint64(first)
    for n in range(np.uint64(s.filled - first)):
        sound[n] = sound[n + by]
    s.base += first
    s.filled -= first


@entry
def restart(state: Any) -> None:
    """Listen for the next carrier from the next sample on."""
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
