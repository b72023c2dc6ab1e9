"""Rows of a picture into code words (T.4 4.1 and 4.2, T.6 2).

Names are the recommendations': a0 is where the coding has come to, a1 and a2 are the next changes
of colour in the row, b1 and b2 those of the row before.
"""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from dsp.compiled import entry, inlined, kernel, numbers
from dsp.fax.t4_codes import HORIZONTAL, LONGEST_RUN, PASS
from dsp.fax.t4_words_kernel import Word, at, leading_zeros, load, store

__all__ = ["MH", "MMR", "MR", "STATE", "TABLES", "Lines", "Octets"]
__all__ += ["blank_lines", "close", "encode", "room"]

Record: TypeAlias = Any
Octets: TypeAlias = NDArray[np.uint8]
Lines: TypeAlias = NDArray[np.int32]
Written: TypeAlias = tuple[Word, int, int]

MH, MR, MMR = numbers(3)

STATE = np.dtype(
    [
        ("coding", np.int64),
        ("width", np.int64),
        ("k", np.int64),
        ("minimum", np.int64),
        ("word", np.uint64),
        ("bits", np.int64),
        ("which", np.int64),
        ("until_one", np.int64),
    ]
)
"""An encoder.

``minimum`` bits of a line are sent, and one of ``k`` is one-dimensional: there are ``until_one``
before the next. The first ``bits`` of ``word`` have not been given out, fewer than eight. The
changes of the row before are in the line ``which``: −1, then the pixels where the colour changes,
then the width, four times at least.
"""

_ONE, _FIVE, _COUNT = np.uint64(1), np.uint64(5), np.uint64(31)
_FIRST = np.uint64(1 << 63)
_EOL = 12
_SPARE = 64 + 5
"""How much longer than a row's width its line is; what is after its end may seem to change."""
_MOST = 48
"""Zeros that are written at once."""

TABLES = np.dtype([("runs", np.uint32, (2, LONGEST_RUN + 1)), ("modes", np.uint32, (9,))])
"""Code words of runs and modes, as :mod:`dsp.fax.t4_codes` gives them."""


def room(width: int, minimum: int) -> int:
    """Give how many octets are enough for a row; the last one needs eight more.

    No change costs more than the 7 bits of VR3, and a pixel of a run no more than 6.
    """
    return max(7 * width, minimum) // 8 + 16


def blank_lines(width: int) -> Lines:
    """Give the changes of two white rows, as of :data:`STATE`."""
    lines = np.full((2, width + _SPARE), width, dtype=np.int32)
    lines[:, 0] = -1
    return lines


@inlined
def _put(octets: Octets, to: Written, code: Word, length: Any) -> Written:
    """Write 1 to 56 bits: `code`, with zeros before it if it is shorter."""
    word, bits, place = to
    word |= np.uint64(code) << np.uint64(64 - bits - length)
    bits += length
    store(octets, place, word)
    return word << np.uint64(bits & 56), bits & 7, place + (bits >> 3)


@inlined
def _put_packed(octets: Octets, to: Written, packed: Word) -> Written:
    return _put(octets, to, packed >> 5, np.int64(packed & 31))


@inlined
def _put_run(octets: Octets, to: Written, t: Record, colour: int, run: int) -> Written:
    while run > LONGEST_RUN:
        # a make-up code stands before its terminating one, which is left off
        packed = at(t.runs[colour], 2560)
        zero = np.int64(at(t.runs[colour], 0) & 31)
        to = _put(octets, to, packed >> (5 + zero), np.int64(packed & 31) - zero)
        run -= 2560
    return _put_packed(octets, to, at(t.runs[colour], run))


@kernel
def _tail(picture: Octets, place: int, end: int) -> Word:
    """Return the last few octets of a row, the first of them highest."""
    word = np.uint64(0)
    for n in range(place, end):
        word |= np.uint64(picture[n]) << np.uint64(56 - 8 * (n - place))
    return word


@kernel
def _changes(picture: Octets, begin: int, width: int, lines: Lines, line: int) -> None:
    """Find where the colour changes in a row; `width` stands after the last change four times."""
    octets = (width + 7) >> 3
    before, count = np.uint64(0), 1
    for place in range(0, octets, 8):
        if place + 8 <= octets:
            word = load(picture, begin + place)
        else:
            word = _tail(picture, begin + place, begin + octets)
        edges = word ^ (word >> _ONE | before << np.uint64(63))
        before = word & _ONE
        while edges != 0:
            first = leading_zeros(edges)
            lines[line, count] = 8 * place + first
            count += 1
            edges ^= _FIRST >> np.uint64(first)
    while lines[line, count - 1] >= width:
        count -= 1
    for n in range(4):
        lines[line, count + n] = width


@kernel
def _one_dimensional(s: Record, t: Record, lines: Lines, octets: Octets, to: Written) -> Written:
    """Write the row in the line ``which`` as runs, white first (T.4 4.1.1)."""
    now, width = lines[s.which], s.width
    a0, colour, n = 0, 0, 1
    while True:
        a1 = at(now, n)
        to = _put_run(octets, to, t, colour, a1 - a0)
        if a1 == width:
            return to
        a0, colour, n = a1, 1 - colour, n + 1


@kernel
def _put_horizontal(
    octets: Octets, to: Written, t: Record, colour: int, runs: tuple[int, int]
) -> Written:
    first, second = runs
    if max(first, second) > LONGEST_RUN:
        to = _put_packed(octets, to, at(t.modes, HORIZONTAL))
        to = _put_run(octets, to, t, colour, first)
        return _put_run(octets, to, t, 1 - colour, second)
    # all three are no more than 3 + 26 + 26 bits
    mode, one = np.uint64(at(t.modes, HORIZONTAL)), np.uint64(at(t.runs[colour], first))
    other = np.uint64(at(t.runs[1 - colour], second))
    code = (mode >> _FIVE) << (one & _COUNT) | one >> _FIVE
    code = code << (other & _COUNT) | other >> _FIVE
    length = (mode & _COUNT) + (one & _COUNT) + (other & _COUNT)
    return _put(octets, to, code, np.int64(length))


@kernel
def _two_dimensional(s: Record, t: Record, lines: Lines, octets: Octets, to: Written) -> Written:
    """Write the row by its differences from the one before (T.4 4.2.1.3, T.6 2.2)."""
    now, past, width = lines[s.which], lines[1 - s.which], s.width
    a0, colour = -1, 0
    n, b = 1, 1
    while a0 < width:
        while at(past, b) <= a0:
            b += 2
        a1, b1 = at(now, n), at(past, b)
        if at(past, b + 1) < a1:
            to = _put_packed(octets, to, at(t.modes, PASS))
            a0 = at(past, b + 1)
            b += 2
        elif -3 <= a1 - b1 <= 3:
            to = _put_packed(octets, to, at(t.modes, a1 - b1 + 3))
            a0, colour, n = a1, 1 - colour, n + 1
            # the other colour's next change may be the one before b1
            b += 1 - 2 * (at(past, b - 1) > a0)
        else:
            a2 = at(now, n + 1)
            to = _put_horizontal(octets, to, t, colour, (a1 - max(a0, 0), a2 - a1))
            a0, n = a2, n + 2
    return to


@kernel
def _fill(octets: Octets, to: Written, count: int) -> Written:
    """Write zeros (T.4 4.1.3)."""
    while count > 0:
        to = _put(octets, to, 0, min(count, _MOST))
        count -= _MOST
    return to


@kernel
def _put_eol(octets: Octets, to: Written, coding: int, one_dimensional: bool) -> Written:
    """Write an EOL, and after it the bit that says how the next line is coded (T.4 4.2.2)."""
    if coding == MR:
        return _put(octets, to, 2 + one_dimensional, _EOL + 1)
    return _put(octets, to, 1, _EOL)


@entry
def encode(
    state: NDArray[np.void],
    tables: NDArray[np.void],
    picture: Octets,
    lines: Lines,
    octets: Octets,
) -> int:
    """Write the rows of a picture; return how many octets are whole."""
    s, t = state[0], tables[0]
    row = (s.width + 7) >> 3
    to = s.word, s.bits, 0
    for begin in range(0, len(picture), row):
        s.which = 1 - s.which
        _changes(picture, begin, s.width, lines, s.which)
        before = 8 * to[2] + to[1]
        one_dimensional = s.coding == MH or (s.coding == MR and s.until_one == 0)
        if s.coding != MMR:
            to = _put_eol(octets, to, s.coding, one_dimensional)
        if one_dimensional:
            to = _one_dimensional(s, t, lines, octets, to)
            s.until_one = s.k
        else:
            to = _two_dimensional(s, t, lines, octets, to)
        s.until_one -= 1
        to = _fill(octets, to, s.minimum - (8 * to[2] + to[1] - before))
    s.word, s.bits = to[0], to[1]
    return int(to[2])


@entry
def close(state: NDArray[np.void], octets: Octets) -> int:
    """Write what ends a page and zeros up to an octet; return how many octets there are."""
    s = state[0]
    to = s.word, s.bits, 0
    for _ in range(2 if s.coding == MMR else 6):
        to = _put_eol(octets, to, s.coding, True)
    return int(to[2] + (to[1] > 0))
