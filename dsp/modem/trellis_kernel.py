"""V.17's decoder: the likeliest way through the trellis, symbol by symbol (Viterbi).

Whatever the bit rate, a symbol is held against 128 points, and a distance is an int32 which carries
in its lowest bits what it is the distance of: so that all minima are plain ones, of whole vectors.
"""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from dsp.compiled import entry, fast, inlined, kernel
from dsp.modem.types import Complex

__all__ = ["DEPTH", "EACH", "EMPTY", "LIMIT", "NEXT", "STATES", "SUBSETS", "UNIT", "VITERBI"]
__all__ += ["decide", "decided", "step"]

Record: TypeAlias = Any
"""One element of a structured array: numba has no annotation for it."""

STATES = 8

DEPTH, EACH = 32, 16
"""Symbols that are remembered, and how many are decided at once: after 16 to 31 more of them."""

UNIT = 512.0
"""What 1 is in the tables; distances are squares of it, so that a unit of theirs is 2⁻¹⁸."""

LIMIT = 2.0
"""Parts of symbols are cut off here, so that no sum of distances is too large for an int32."""

_POINTS = 128
_TAG = 63
EMPTY = 40.0 * UNIT * UNIT
"""The power of a point that there is not."""


def _following(state: int, dibit: int) -> int:
    """Move the convolutional encoder on (V.32 figure 2), Y1 and the delay that gives Y0 lowest."""
    first, second = dibit & 1, dibit >> 1
    redundant, middle, last = state & 1, state >> 1 & 1, state >> 2
    low = second ^ middle ^ (first & redundant)
    high = first ^ second ^ last ^ ((second ^ middle) & redundant)
    return low | high << 1 | redundant << 2


NEXT = np.array([[_following(state, dibit) for dibit in range(4)] for state in range(STATES)])
"""``(8, 4)``: state after a state and a dibit. States are the three delays, that of Y0 lowest."""


def _entries() -> NDArray[np.intp]:
    """Tell which subset is sent on the way into a state; from ``2 * j + (state >> 2)`` is way j."""
    entries = np.zeros((STATES, 4), dtype=np.intp)
    for state in range(STATES):
        for dibit in range(4):
            entries[NEXT[state, dibit], state >> 1] = dibit << 1 | state & 1
    return entries


_SUBSET = _entries()

SUBSETS = np.dtype(
    [
        ("real", np.float32, (_POINTS,)),
        ("imaginary", np.float32, (_POINTS,)),
        ("power", np.float32, (_POINTS,)),
        ("tag", np.int32, (_POINTS,)),
        ("numbers", np.uint8, (64,)),
    ]
)
"""The points by code word, twice their parts, and their powers; what is not there is far away.

``tag`` has the number of the point in its subset. ``numbers`` turns bits of which the first one is
the lowest into a number of which it is the highest.
"""

VITERBI = np.dtype(
    [
        ("nearest", np.int32, (2 * STATES,)),
        ("metrics", np.int32, (STATES,)),
        ("ways", np.uint8, (DEPTH, STATES)),
        ("words", np.uint8, (EACH,)),
        ("numbers", np.uint8, (EACH,)),
        ("count", np.int64),
        ("best", np.int64),
        ("dibit", np.int64),
        ("error", np.float32),
    ]
)
"""A decoder; with nothing but zeros it is one before which the encoder may have been in any state.

``ways`` are how each state was entered, the point in four bits over the way in two, ``count`` how
many symbols there were, and ``best`` the likeliest state after the last one. ``error`` is how much
that one has made the distance of the likeliest way grow: its mean is the power of the noise.
"""


@kernel
def _less(a: np.int32, b: np.int32) -> np.int32:
    return np.int32(min(a, b))


@kernel
def _scaled(part: float) -> np.float32:
    limit = np.float32(LIMIT)
    inside: np.float32 = min(max(np.float32(part), -limit), limit)
    return np.float32(UNIT) * inside


@fast
def _distance(t: Record, i: int, x: np.float32, y: np.float32) -> np.int32:
    distance = t.power[i] - x * t.real[i] - y * t.imaginary[i]
    return np.int32(np.int32(np.int32(distance) << 6) | t.tag[i])


@fast
def _nearest_of_four(t: Record, i: int, x: np.float32, y: np.float32) -> np.int32:
    a, b = _distance(t, i, x, y), _distance(t, i + 16, x, y)
    c, d = _distance(t, i + 32, x, y), _distance(t, i + 48, x, y)
    return _less(_less(a, b), _less(c, d))


@fast
def _search(v: Record, t: Record, x: np.float32, y: np.float32) -> None:
    """Find the nearest point of each subset; the symbol's own power is left out of distances."""
    near = v.nearest
    # a loop of eight would not be compiled to vectors
    for i in range(2 * STATES):
        near[i] = _less(_nearest_of_four(t, i, x, y), _nearest_of_four(t, i + 64, x, y))
    for i in range(STATES):
        near[i] = _less(near[i], near[i + STATES])


@kernel
def _sum(a: np.int32, b: np.int32) -> np.int32:
    return np.int32(a + b)


@inlined
def _extend(v: Record, at: int) -> np.int32:
    """Find the likeliest way into each state; return by how much the likeliest of them grew."""
    m, near = v.metrics, v.nearest
    m0, m1, m2, m3 = m[0], m[1], m[2] + 1, m[3] + 1
    m4, m5, m6, m7 = m[4] + 2, m[5] + 2, m[6] + 3, m[7] + 3
    best = np.int32(0x7FFFFFFF)
    for i in range(STATES):
        odd = i >> 2
        a = _sum(m1 if odd else m0, near[_SUBSET[i, 0]])
        b = _sum(m3 if odd else m2, near[_SUBSET[i, 1]])
        c = _sum(m5 if odd else m4, near[_SUBSET[i, 2]])
        d = _sum(m7 if odd else m6, near[_SUBSET[i, 3]])
        way = _less(_less(a, b), _less(c, d))
        v.ways[at, i] = way & _TAG
        m[i] = way & ~_TAG
        best = _less(best, np.int32(way & ~_TAG | i))
    v.best = best & 7
    least = np.int32(best & ~_TAG)
    for i in range(STATES):
        m[i] -= least
    return least


@kernel
def _word(v: Record, at: int, state: int) -> int:
    way = int(v.ways[at, state])
    return int(way >> 2 << 3 | _SUBSET[state, way & 3])


@inlined
def step(v: Record, t: Record, real: float, imaginary: float) -> int:
    """Take a symbol; return what it is on the way that is the likeliest as yet.

    Parameters
    ----------
    v, t
        Records of :data:`VITERBI` and :data:`SUBSETS`.
    real, imaginary
        The symbol as float32, the mean power of data being 1.

    Returns
    -------
    int
        A code word.
    """
    x, y = _scaled(real), _scaled(imaginary)
    _search(v, t, x, y)
    at = v.count & (DEPTH - 1)
    grown = np.float32(_extend(v, at)) * np.float32(1.0 / (_TAG + 1))
    v.error = (x * x + y * y + grown) * np.float32(1.0 / (UNIT * UNIT))
    v.count += 1
    return _word(v, at, v.best)


@kernel
def _before(v: Record, at: int, state: int) -> int:
    return (int(v.ways[at, state]) & 3) << 1 | state >> 2


@kernel
def decided(v: Record, t: Record) -> int:
    """Decide the oldest symbols, if it is time to; return how many: :data:`EACH`, or none.

    It is for after each :func:`step`. ``v.words`` are their code words then, and ``v.numbers`` the
    bits of each, still scrambled, as a number with the first one highest. Of the first symbol of
    all, the two bits that are coded differentially are not known.
    """
    if v.count < DEPTH or v.count % EACH:
        return 0
    state = v.best
    at = v.count - 1 & DEPTH - 1
    for _ in range(DEPTH - EACH):
        state = _before(v, at, state)
        at = at - 1 & DEPTH - 1
    for k in range(EACH - 1, -1, -1):
        v.words[k] = _word(v, at, state)
        state = _before(v, at, state)
        at = at - 1 & DEPTH - 1
    for k in range(EACH):
        word = int(v.words[k])
        dibit = word >> 1 & 3
        v.numbers[k] = t.numbers[word >> 3 << 2 | (dibit - v.dibit & 3)]
        v.dibit = dibit
    return EACH


@entry
def decide(
    decoder: NDArray[np.void],
    subsets: NDArray[np.void],
    symbols: Complex,
    out: tuple[NDArray[np.uint8], NDArray[np.uint8], NDArray[np.float32]],
) -> int:
    """Take symbols; write what they are, at once and when decided, and errors.

    Parameters
    ----------
    decoder, subsets
        ``(1,)`` of :data:`VITERBI` and of :data:`SUBSETS`.
    symbols
        ``(n,)`` complex64.
    out
        ``(n,)`` code words at once; ``(n + EACH,)``, the numbers of what is decided, as many as
        are returned; ``(n,)`` errors.
    """
    v, t = decoder[0], subsets[0]
    early, numbers, errors = out
    count = 0
    for k in range(len(symbols)):
        early[k] = step(v, t, symbols[k].real, symbols[k].imag)
        errors[k] = v.error
        for i in range(decided(v, t)):
            numbers[count] = v.numbers[i]
            count += 1
    return count
