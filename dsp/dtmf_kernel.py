"""Q.24's decisions, row by row: which key sounds, since when, until when, how loud.

Every 5 ms each row has a new Hann window of 10 ms for each of eleven frequencies, the eight of
Q.23 and three that dial tones lie among. Three windows, weighed ½ 1 ½, are one of 20 ms, and that
is what a key is known by: its two tones are most of what sounds, each is about where Q.24 wants
it, and neither is too much louder than the other. It is told once all that it was known by speaks
for it strongly enough: the farther off its frequencies or its twist are, the purer it has to be
and the steadier. Where it begins and ends is told by the windows of 10 ms alone, between the two
of them where its loudness crosses one half.
"""

from __future__ import annotations

import math
from typing import Any, TypeAlias

import numpy as np
from numba import njit
from numpy.typing import NDArray

from dsp.bank import Floats32, Floats64
from dsp.framing import UNIT
from dsp.types import Rows

Record: TypeAlias = Any

kernel = njit(nogil=True, cache=True, error_model="numpy")

PIECE = 40
LOW, HIGH, DIAL = 4, 8, 11
_RING = 8
_GRACE, _MISSES = 6, 6

STATE = np.dtype(
    [
        ("pieces", np.int64),
        ("windows", np.float32, (_RING, 2 * DIAL)),
        ("tail", np.float32, (2 * DIAL,)),
        ("powers", np.float32, (4,)),
        ("total", np.float32),
        ("rest", np.float32),
        ("tones", np.float32, (DIAL,)),
        ("phase", np.int8),
        ("key", np.int8),
        ("absent", np.int8),
        ("misses", np.int8),
        ("start", np.float64),
        ("edge", np.float64),
        ("last", np.float32),
        ("reference", np.float32, (2,)),
        ("purity", np.float32),
        ("passed", np.int32),
        ("turning", np.float32, (2, 2)),
        ("turned", np.float32, (2, 2)),
        ("power", np.float64),
        ("counted", np.int32),
        ("dial", np.float32),
        ("dial_level", np.float32),
        ("dial_pieces", np.int32),
    ]
)
"""What is known of a row. Windows and pieces of before are rings, ``pieces`` counts them.

``total`` is the mean square of the last 20 ms, ``rest`` without a dial tone. ``turning`` is how a
low and a high tone turn over them, along and across what their frequencies do, of 1; ``turned``
and ``purity`` are sums over ``passed`` pieces.
"""

IDLE, POSSIBLE, SOUNDING = 0, 1, 2
"""The phases of a row: no key; a key, not long enough yet; a key that has been told."""

RULES = np.dtype(
    [
        ("turns", np.float32, (2, 2 * DIAL)),
        ("tangents", np.float32, (DIAL,)),
        ("tone", np.float32),
        ("twist", np.float32),
        ("reverse_twist", np.float32),
        ("usual_twist", np.float32),
        ("usual_reverse_twist", np.float32),
        ("purity", np.float32),
        ("coherence", np.float32),
        ("dial", np.float32),
        ("certainty", np.float32),
        ("frequency_doubt", np.float32),
        ("twist_doubt", np.float32),
        ("least", np.float64),
        ("gap", np.float64),
    ]
)
"""What a key has to be like.

``turns`` is what each frequency turns in one piece and in two, real parts first; ``tangents`` are
of the widest turn in a piece that it may be off by. ``certainty`` is what the product of its
purity and its tones' coherences is to be; a frequency that far off adds ``frequency_doubt`` to
it, a twist beyond the usual ``twist_doubt``. ``dial`` is how much more than the key a dial tone
may have. Powers are mean squares, ratios of powers, times in samples.
"""


@kernel
def _advance(s: Record, even: Floats64, odd: Floats64, power: float, turns: Floats32) -> None:
    """Take in a piece: finish the window that it is the falling half of, and begin the next."""
    window, tail = s.windows[s.pieces % _RING], s.tail
    for c in range(DIAL):
        d = c + DIAL
        window[c] = even[c] - odd[d] + tail[c]
        window[d] = odd[c] - even[d] + tail[d]
        real, imag = even[c] + odd[d], odd[c] + even[d]
        tail[c] = real * turns[0, c] - imag * turns[0, d]
        tail[d] = real * turns[0, d] + imag * turns[0, c]
    s.powers[s.pieces % 4] = power
    s.pieces += 1


@kernel
def _weigh(s: Record) -> None:
    """Mean square over the last 20 ms, weighed as the windows are."""
    at = s.pieces
    outer = s.powers[at % 4] + s.powers[(at + 3) % 4]
    inner = s.powers[(at + 1) % 4] + s.powers[(at + 2) % 4]
    s.total = np.float32(0.125) * outer + np.float32(0.375) * inner


@kernel
def _spectrum(s: Record, turns: Floats32) -> None:
    """Mean square of each tone over the last 20 ms."""
    tones = s.tones
    new = s.windows[(s.pieces - 1) % _RING]
    middle = s.windows[(s.pieces - 2) % _RING]
    old = s.windows[(s.pieces - 3) % _RING]
    for c in range(DIAL):
        d = c + DIAL
        real = np.float32(0.5) * (new[c] + old[c] * turns[1, c] - old[d] * turns[1, d])
        imag = np.float32(0.5) * (new[d] + old[c] * turns[1, d] + old[d] * turns[1, c])
        real += middle[c] * turns[0, c] - middle[d] * turns[0, d]
        imag += middle[c] * turns[0, d] + middle[d] * turns[0, c]
        tones[c] = (real * real + imag * imag) * np.float32(2 / (4 * PIECE * PIECE))


@kernel
def _column(key: int, which: int) -> int:
    """Column of a key's low (0) or high tone (1)."""
    return key // 4 if which == 0 else LOW + key % 4


@kernel
def _loudest(tones: Floats32, begin: int, end: int) -> int:
    best = begin
    for c in range(begin + 1, end):
        if tones[c] > tones[best]:
            best = c
    return best


@kernel
def _steady(s: Record, c: int, rules: Record) -> bool:
    """Whether a tone turns from window to window as its frequency does, more or less."""
    turns, d = rules.turns, c + DIAL
    along = across = energy = 0.0
    for back in range(2):
        a = s.windows[(s.pieces - 1 - back) % _RING]
        b = s.windows[(s.pieces - 2 - back) % _RING]
        real = b[c] * turns[0, c] - b[d] * turns[0, d]
        imag = b[c] * turns[0, d] + b[d] * turns[0, c]
        along += a[c] * real + a[d] * imag
        across += a[d] * real - a[c] * imag
        energy += 0.5 * (a[c] * a[c] + a[d] * a[d] + real * real + imag * imag)
    if along * along + across * across < (rules.coherence * energy) ** 2:
        return False
    which = c // LOW
    s.turning[which, 0], s.turning[which, 1] = along / energy, across / energy
    return along > 0.0 and abs(across) <= along * rules.tangents[c]


@kernel
def _heard(s: Record, rules: Record) -> int:
    """Key that the last 20 ms are, or −1."""
    if s.total < rules.tone:
        s.dial = s.dial_pieces = 0
        return -1
    _spectrum(s, rules.turns)
    tones = s.tones
    low, high = _loudest(tones, 0, LOW), _loudest(tones, LOW, HIGH)
    weak, strong = tones[low], tones[high]
    dial = min(s.dial, tones[HIGH] + tones[HIGH + 1] + tones[HIGH + 2])
    s.rest = s.total - dial
    if weak + strong < rules.purity * s.rest or min(weak, strong) < rules.tone:
        return -1
    if dial > rules.dial * (weak + strong):
        return -1
    if strong > weak * rules.reverse_twist or weak > strong * rules.twist:
        return -1
    if not (_steady(s, low, rules) and _steady(s, high, rules)):
        return -1
    return low * 4 + high - LOW


@kernel
def _size(window: Floats32, c: int) -> float:
    return math.sqrt(float(window[c] * window[c] + window[c + DIAL] * window[c + DIAL]))


@kernel
def _share(s: Record, window: Floats32) -> float:
    """How much of the key's full loudness a window has: the less of its two tones' shares."""
    low, high = _column(s.key, 0), _column(s.key, 1)
    share: float = min(_size(window, low) / s.reference[0], _size(window, high) / s.reference[1])
    return share


@kernel
def _follow_dial_tone(s: Record) -> None:
    """Remember the power of a dial tone, so that a key is heard through it.

    It counts as one when its three frequencies have held nearly all the power, and as much of it
    all along, for 100 ms; and then until they have lost half of it.
    """
    total = s.total
    low = s.tones[HIGH] + s.tones[HIGH + 1] + s.tones[HIGH + 2]
    change = total - s.dial_level
    if low > np.float32(0.9) * total and abs(change) < np.float32(0.25) * s.dial_level:
        s.dial_pieces += 1
        s.dial_level += np.float32(0.125) * change
        if s.dial_pieces >= 20:
            s.dial = s.dial_level
    else:
        s.dial_pieces = 0
        s.dial_level = total
        if low < np.float32(0.5) * s.dial:
            s.dial = 0


@kernel
def _refer(s: Record) -> None:
    """Take the last 20 ms for the key's full loudness."""
    low, high = _column(s.key, 0), _column(s.key, 1)
    s.reference[0] = s.reference[1] = 0
    for back in range(1, 4):
        window = s.windows[(s.pieces - back) % _RING]
        s.reference[0] = max(s.reference[0], _size(window, low))
        s.reference[1] = max(s.reference[1], _size(window, high))


@kernel
def _propose(s: Record, key: int) -> None:
    """Let a key be possible if it has begun just now, where its windows reach one half."""
    s.key = key
    _refer(s)
    newer, share, back = 1.0, 1.0, 1
    while back < _RING - 1 and share >= 0.5:
        newer, back = share, back + 1
        share = _share(s, s.windows[(s.pieces - back) % _RING])
    if share >= 0.5:
        return
    s.start = PIECE * max(s.pieces - back + (0.5 - share) / (newer - share), 0.0)
    s.phase, s.absent, s.misses, s.last = POSSIBLE, 0, 0, 1
    s.passed, s.purity, s.counted, s.power = 0, 0, 0, 0
    for which in range(2):
        s.turned[which, 0] = s.turned[which, 1] = 0


@kernel
def _lost(s: Record, rules: Record) -> bool:
    """Follow whether the key is there; return whether it has been gone long enough, from ``edge``.

    A gap is told by the windows, and that it is over already by the newest piece, of which the
    half of a window is half as loud. Half a window lets a dial tone leak in.
    """
    share = _share(s, s.windows[(s.pieces - 1) % _RING])
    leak = np.float32(0.3) * math.sqrt(s.dial) * PIECE / min(s.reference[0], s.reference[1])
    newest = 2 * _share(s, s.tail)
    if share >= 0.5 or newest >= 0.35 + leak:
        if s.absent:
            s.misses = -_GRACE
        s.absent = 0
    elif not s.absent:
        s.absent = 1
        part = min((0.5 - share) / max(s.last - share, 0.01), 1.0)
        s.edge = PIECE * (s.pieces - 1 - part)
    s.last = share
    return bool(s.absent and s.pieces * PIECE - s.edge >= rules.gap)


@kernel
def _measure(s: Record) -> None:
    """Take the loudness of a window that the key fills."""
    low, high = _column(s.key, 0), _column(s.key, 1)
    window = s.windows[(s.pieces - 1) % _RING]
    if s.last < 0.75 or s.pieces * PIECE - s.start < 2 * PIECE:
        return
    first, second = _size(window, low), _size(window, high)
    s.counted += 1
    s.power += (first * first + second * second) * 2 / (PIECE * PIECE)
    weight = 1 / min(s.counted, 8)
    s.reference[0] += weight * (first - s.reference[0])
    s.reference[1] += weight * (second - s.reference[1])


@kernel
def _gather(s: Record) -> None:
    """Add the last 20 ms to what speaks for the key."""
    pure = 0.0
    for which in range(2):
        along, across = s.turning[which, 0], s.turning[which, 1]
        s.turned[which, 0] += along
        s.turned[which, 1] += across
        # what the window of 20 ms loses of a tone that is off
        lost = 0.63 * across * across / (along * along + across * across)
        pure += s.tones[_column(s.key, which)] / (1 - lost)
    s.purity += pure / max(s.rest, pure)
    s.passed += 1


@kernel
def _certain(s: Record, rules: Record) -> bool:
    """Whether what speaks for the key is enough."""
    quality, doubt = s.purity / s.passed, 0.0
    for which in range(2):
        along, across = s.turned[which, 0], s.turned[which, 1]
        quality *= math.hypot(along, across) / s.passed
        widest = math.atan(rules.tangents[_column(s.key, which)])
        doubt = max(doubt, rules.frequency_doubt * abs(math.atan2(across, along)) / widest)
    weak, strong = s.reference[0] ** 2, s.reference[1] ** 2
    if strong > weak * rules.usual_reverse_twist or weak > strong * rules.usual_twist:
        doubt = max(doubt, rules.twist_doubt)
    return bool(quality >= rules.certainty + doubt)


@kernel
def _grown(s: Record, key: int, rules: Record) -> bool:
    """Go on with a possible key; return whether it is one now."""
    if key != s.key:
        s.misses += not s.absent
        if key >= 0 or s.misses > _MISSES:
            s.phase = IDLE
        return False
    if s.last < 0.75:
        # what a codec brings after a lost frame is as loud as before only by and by
        _refer(s)
        s.last = _share(s, s.windows[(s.pieces - 1) % _RING])
    _measure(s)
    length = s.pieces * PIECE - s.start
    if length >= 3.5 * PIECE:
        _gather(s)
    if s.last < 0.75 or length < rules.least or s.passed < 2 or s.counted < 1:
        return False
    return _certain(s, rules)


@kernel
def _tell(s: Record, where: tuple[int, int], end: float, event: Record) -> None:
    event.row, event.unit, event.what = where[0], where[1], s.key
    event.start, event.end = s.start, end
    event.power = s.power / s.counted


@kernel
def decide(
    heard: tuple[Floats64, Floats64, Floats32],
    rows: Rows,
    state: NDArray[np.void],
    rules: Record,
    events: NDArray[np.void],
) -> int:
    """Hear the pieces of units; write what they make known and return how much it is.

    Parameters
    ----------
    heard
        ``(n, pieces, 22)`` twice: the windowed transform of each piece, even and odd, and
        ``(n, pieces)``: its mean square.
    rows
        ``(n,)``: whose they are.
    state
        ``(calls,)`` of :data:`STATE`.
    rules
        A record of :data:`RULES`.
    events
        Room for ``2 n pieces`` of :data:`~dsp.event.EVENT`.
    """
    evens, odds, powers = heard
    count = 0
    for i in range(len(rows)):
        s = state[rows[i]]
        for piece in range(powers.shape[1]):
            where = (rows[i], piece * PIECE // UNIT)
            _advance(s, evens[i, piece], odds[i, piece], powers[i, piece], rules.turns)
            _weigh(s)
            key = _heard(s, rules)
            if s.phase != IDLE and _lost(s, rules):
                if s.phase == SOUNDING:
                    _tell(s, where, s.edge, events[count])
                    count += 1
                s.phase = IDLE
            if s.phase == SOUNDING and key == s.key:
                _measure(s)
            elif s.phase == POSSIBLE and _grown(s, key, rules):
                s.phase = SOUNDING
                _tell(s, where, -1.0, events[count])
                count += 1
            if s.phase == IDLE and key >= 0:
                _propose(s, key)
            elif s.phase == IDLE:
                _follow_dial_tone(s)
    return count
