"""Which two of six tones sound on each row, since when, until when, how loud: MF of any system.

Every 5 ms each row has a new Hann window of 10 ms for each of six frequencies. Three windows,
weighed ½ 1 ½, are one of 20 ms, and that is what a signal is told by: its two tones are nearly all
that sounds, each is where it is to be and turns steadily, and neither is too much louder than the
other. Tones of System R2 are 120 Hz apart, so each leaks into the other's window; what two tones
make of two windows is solved for the tones. Where a signal begins and ends is told by the windows
of 10 ms alone, between the two of them where its loudness crosses one half.
"""

from __future__ import annotations

import math
from typing import Any, TypeAlias

import numpy as np
from numba import njit
from numpy.typing import NDArray

from dsp.bank import Floats32, Floats64
from dsp.framing import UNIT
from dsp.types import RATE, Rows

Record: TypeAlias = Any

kernel = njit(nogil=True, cache=True, error_model="numpy")

PIECE = 40
TONES = 6
_RING = 8
_FULL = 0.65

STATE = np.dtype(
    [
        ("pieces", np.int64),
        ("windows", np.float64, (_RING, 2 * TONES)),
        ("tail", np.float64, (2 * TONES,)),
        ("powers", np.float64, (4,)),
        ("total", np.float64),
        ("sums", np.float64, (2 * TONES,)),
        ("tones", np.float64, (TONES,)),
        ("both", np.float64),
        ("phase", np.int8),
        ("pair", np.int8, (2,)),
        ("new", np.int8, (2,)),
        ("absent", np.bool_),
        ("misses", np.int32),
        ("passed", np.int32),
        ("start", np.float64),
        ("edge", np.float64),
        ("last", np.float64),
        ("reference", np.float64, (2,)),
        ("power", np.float64),
        ("counted", np.int32),
    ]
)
"""What is known of a row. Windows and pieces of before are rings, ``pieces`` counts them.

``total`` is the mean square of the last 20 ms, ``sums`` and ``tones`` what they hold of each
frequency, ``new`` the two that they are, as in ``pair`` those that are followed, and ``both`` their
mean square together. Of a signal: ``start`` and ``edge``, where it began and where it is over if it
is not heard again; ``last``, the share of its loudness that the last window had; ``reference``, its
tones' full sizes; ``power`` summed over ``counted`` windows.
"""

IDLE, POSSIBLE, SOUNDING = 0, 1, 2
"""The phases of a row: no signal; one, not long enough yet; one that has been told."""

RULES = np.dtype(
    [
        ("hz", np.float64, (TONES,)),
        ("off", np.float64, (TONES,)),
        ("turns", np.float64, (2, 2 * TONES)),
        ("leak", np.float64, (TONES, TONES)),
        ("least", np.float64, (TONES, TONES)),
        ("meaning", np.int64, (TONES, TONES)),
        ("gap", np.float64),
        ("tone", np.float64),
        ("twist", np.float64),
        ("purity", np.float64),
        ("coherence", np.float64),
    ]
)
"""What a signal has to be like.

``hz`` are the six frequencies and ``off`` how far each may be off; ``turns`` is what each turns in
half a piece and in one, real parts first; ``leak`` is how much of one a window of another sees.
``least`` is how long each two sound, in samples, and ``meaning`` what they mean. Powers are mean
squares, ratios of powers.
"""


@kernel
def _advance(s: Record, even: Floats64, odd: Floats64, power: float, turns: Floats64) -> None:
    """Take in a piece: finish the window that it is the falling half of, and begin the next.

    A window is referred to its own middle, where its two pieces meet.
    """
    window, tail = s.windows[s.pieces % _RING], s.tail
    for c in range(TONES):
        d = c + TONES
        turn, back = turns[0, c], turns[0, d]
        real, imag = even[c] - odd[d], odd[c] - even[d]
        window[c] = real * turn + imag * back + tail[c]
        window[d] = imag * turn - real * back + tail[d]
        real, imag = even[c] + odd[d], odd[c] + even[d]
        tail[c] = real * turn - imag * back
        tail[d] = real * back + imag * turn
    s.powers[s.pieces % 4] = power
    s.pieces += 1
    at = s.pieces
    outer = s.powers[at % 4] + s.powers[(at + 3) % 4]
    inner = s.powers[(at + 1) % 4] + s.powers[(at + 2) % 4]
    s.total = 0.125 * outer + 0.375 * inner


@kernel
def _spectrum(s: Record, turns: Floats64) -> None:
    """What the last 20 ms hold of each frequency: a complex peak, and its mean square."""
    new = s.windows[(s.pieces - 1) % _RING]
    middle = s.windows[(s.pieces - 2) % _RING]
    old = s.windows[(s.pieces - 3) % _RING]
    for c in range(TONES):
        d = c + TONES
        turn, back = turns[1, c], turns[1, d]
        real = middle[c] + 0.5 * ((new[c] + old[c]) * turn + (new[d] - old[d]) * back)
        imag = middle[d] + 0.5 * ((new[d] + old[d]) * turn - (new[c] - old[c]) * back)
        s.sums[c], s.sums[d] = real / PIECE, imag / PIECE
        s.tones[c] = 0.5 * (real * real + imag * imag) / (PIECE * PIECE)


@kernel
def _seen(off: float) -> float:
    """How much the window of 20 ms sees of a tone that is so many Hz off."""
    turns = off * 2 * PIECE / RATE
    if abs(turns) < 1e-6:
        return 1.0
    if abs(abs(turns) - 1.0) < 1e-6:
        return 0.0
    hann = math.sin(math.pi * turns) / (math.pi * turns * (1.0 - turns * turns))
    return 0.5 * hann * (1.0 + math.cos(math.pi * turns))


@kernel
def _apart(window: Floats64, one: int, two: int, leak: Floats64) -> tuple[float, float]:
    """What a window of 10 ms holds of one tone beside another."""
    w = leak[one, two]
    scale = 1.0 / (1.0 - w * w)
    real = (window[one] - w * window[two]) * scale
    imag = (window[one + TONES] - w * window[two + TONES]) * scale
    return real, imag


@kernel
def _off(s: Record, one: int, two: int, rules: Record) -> float:
    """Hz that a tone is off beside another, by its turns between windows; 1000 if unsteady."""
    turns, d = rules.turns, one + TONES
    along = across = energy = 0.0
    for back in range(2):
        a, b = _apart(s.windows[(s.pieces - 1 - back) % _RING], one, two, rules.leak)
        x, y = _apart(s.windows[(s.pieces - 2 - back) % _RING], one, two, rules.leak)
        real = x * turns[1, one] - y * turns[1, d]
        imag = x * turns[1, d] + y * turns[1, one]
        along += a * real + b * imag
        across += b * real - a * imag
        energy += 0.5 * (a * a + b * b + real * real + imag * imag)
    if along * along + across * across < (rules.coherence * energy) ** 2:
        return 1000.0
    return math.atan2(across, along) * RATE / (2 * math.pi * PIECE)


@kernel
def _solve(s: Record, offs: tuple[float, float], rules: Record) -> tuple[float, float]:
    """Mean squares of the two loudest tones, each as far off as it is."""
    one, two = s.new[0], s.new[1]
    apart = rules.hz[two] - rules.hz[one]
    a, b = _seen(offs[0]), _seen(apart + offs[1])
    c, d = _seen(offs[0] - apart), _seen(offs[1])
    scale = 1.0 / (a * d - b * c)
    sums = s.sums
    first = second = 0.0
    for part in range(2):
        x, y = sums[one + part * TONES], sums[two + part * TONES]
        first += ((d * x - b * y) * scale) ** 2
        second += ((a * y - c * x) * scale) ** 2
    return 0.5 * first, 0.5 * second


@kernel
def _heard(s: Record, rules: Record) -> bool:
    """Whether the last 20 ms are a signal; which, is in ``new``."""
    if s.total < rules.tone:
        return False
    _spectrum(s, rules.turns)
    tones = s.tones
    one, two = 0, 1
    if tones[1] > tones[0]:
        one, two = 1, 0
    for c in range(2, TONES):
        if tones[c] > tones[one]:
            one, two = c, one
        elif tones[c] > tones[two]:
            two = c
    if tones[one] + tones[two] < 0.3 * s.total:
        return False
    s.new[0], s.new[1] = min(one, two), max(one, two)
    one, two = s.new[0], s.new[1]
    if rules.meaning[one, two] < 0:
        return False
    offs = _off(s, one, two, rules), _off(s, two, one, rules)
    if abs(offs[0]) > rules.off[one] or abs(offs[1]) > rules.off[two]:
        return False
    first, second = _solve(s, offs, rules)
    if first > second * rules.twist or second > first * rules.twist:
        return False
    s.both = first + second
    return bool(min(first, second) >= rules.tone and s.both >= rules.purity * s.total)


@kernel
def _sizes(s: Record, window: Floats64, leak: Floats64) -> tuple[float, float]:
    """Sizes of the signal's two tones in a window."""
    one, two = s.pair[0], s.pair[1]
    a, b = _apart(window, one, two, leak)
    c, d = _apart(window, two, one, leak)
    return math.sqrt(a * a + b * b), math.sqrt(c * c + d * d)


@kernel
def _share(s: Record, window: Floats64, leak: Floats64) -> float:
    """How much of the signal's full loudness a window has: the less of its tones' shares."""
    one, two = _sizes(s, window, leak)
    share: float = min(one / s.reference[0], two / s.reference[1])
    return share


@kernel
def _propose(s: Record, rules: Record) -> None:
    """Let a signal be possible if it began at once, where its windows reach one half."""
    s.pair[0], s.pair[1] = s.new[0], s.new[1]
    # the loudest window: in one that is not full, tones leak more than is solved for
    s.reference[0] = s.reference[1] = 0.0
    for back in range(1, 4):
        one, two = _sizes(s, s.windows[(s.pieces - back) % _RING], rules.leak)
        if one**2 + two**2 > s.reference[0] ** 2 + s.reference[1] ** 2:
            s.reference[0], s.reference[1] = one, two
    newer, share, back = 1.0, 1.0, 1
    while back < _RING - 2 and share >= 0.5:
        newer, back = share, back + 1
        share = _share(s, s.windows[(s.pieces - back) % _RING], rules.leak)
    if share >= 0.5:
        return
    one, two = _sizes(s, s.windows[(s.pieces - back - 1) % _RING], rules.leak)
    if one**2 + two**2 > 0.25 * (s.reference[0] ** 2 + s.reference[1] ** 2):
        return
    s.start = PIECE * max(s.pieces - back + (0.5 - share) / (newer - share), 0.0)
    s.phase, s.absent, s.misses, s.last = POSSIBLE, False, 0, 1.0
    s.passed, s.counted, s.power = 0, 0, 0.0


@kernel
def _lost(s: Record, rules: Record) -> bool:
    """Follow whether the signal is there; whether it has been gone long enough, from ``edge``."""
    share = _share(s, s.windows[(s.pieces - 1) % _RING], rules.leak)
    if share >= 0.5:
        s.absent = False
    elif not s.absent:
        s.absent = True
        part = min((0.5 - share) / max(s.last - share, 0.01), 1.0)
        s.edge = PIECE * (s.pieces - 1 - part)
    s.last = share
    return bool(s.absent and s.pieces * PIECE - s.edge >= rules.gap)


@kernel
def _grown(s: Record, heard: bool, rules: Record) -> bool:
    """Go on with a possible signal; return whether it is one now."""
    if not heard:
        s.misses += 1
        if s.misses > 2:
            s.phase = IDLE
        return False
    s.passed += 1
    length = (s.pieces - 1) * PIECE - s.start
    least = rules.least[s.pair[0], s.pair[1]]
    return bool(s.last >= _FULL and s.passed >= 2 and length >= least)


@kernel
def _measure(s: Record, rules: Record) -> None:
    """Take the loudness of 20 ms that the signal fills."""
    if s.last < _FULL or s.pieces * PIECE - s.start < 4 * PIECE:
        return
    s.counted += 1
    s.power += s.both
    one, two = _sizes(s, s.windows[(s.pieces - 2) % _RING], rules.leak)
    weight = 1.0 / min(s.counted, 8)
    s.reference[0] += weight * (one - s.reference[0])
    s.reference[1] += weight * (two - s.reference[1])


@kernel
def _loudness(s: Record) -> float:
    """Mean square of the signal, by its tones' sizes while 20 ms are not full."""
    power: float = 2.0 * (s.reference[0] ** 2 + s.reference[1] ** 2) / (PIECE * PIECE)
    if s.counted:
        power = s.power / s.counted
    return power


@kernel
def _step(s: Record, rules: Record) -> int:
    """Go on by a piece that has been taken in: −1 a signal has ended, 1 one is told, 0 neither."""
    heard = _heard(s, rules)
    told = 0
    if s.phase != IDLE and _lost(s, rules):
        told = -1 if s.phase == SOUNDING else 0
        s.phase = IDLE
    same = heard and s.new[0] == s.pair[0] and s.new[1] == s.pair[1]
    if s.phase != IDLE and same:
        _measure(s, rules)
    if s.phase == POSSIBLE and _grown(s, same, rules):
        s.phase = SOUNDING
        told = 1
    if s.phase == IDLE and heard:
        _propose(s, rules)
    return told


@kernel
def decide(
    heard: tuple[Floats64, Floats64, Floats32],
    rows: Rows,
    state: NDArray[np.void],
    rules: Record,
    events: NDArray[np.void],
) -> int:
    """Hear units of some rows; write what they make known and return how much it is.

    Parameters
    ----------
    heard
        ``(n, pieces, 12)`` twice: the windowed transform of each piece, even and odd, and
        ``(n, pieces)``: its mean square.
    rows
        ``(n,)``: whose they are.
    state
        ``(calls,)`` of :data:`STATE`.
    rules
        A record of :data:`RULES`.
    events
        Room for one of :data:`dsp.event.EVENT` for every two pieces.
    """
    evens, odds, powers = heard
    count = 0
    for i in range(len(rows)):
        s = state[rows[i]]
        for piece in range(powers.shape[1]):
            _advance(s, evens[i, piece], odds[i, piece], powers[i, piece], rules.turns)
            told = _step(s, rules)
            if told:
                event = events[count]
                event.row, event.unit = rows[i], piece * PIECE // UNIT
                event.what = rules.meaning[s.pair[0], s.pair[1]]
                event.start, event.end = s.start, -1.0
                if told < 0:
                    event.end = s.edge
                event.power = _loudness(s)
                count += 1
    return count
