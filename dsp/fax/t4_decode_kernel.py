"""Code words into rows of a picture (T.4 4.1 and 4.2, T.6 2).

Names are the recommendations': a0 is where the decoding has come to, a1 is the next change of
colour in the row, b1 and b2 are those of the row before.

Nothing is decided before the next 13 bits are there, of which the longest code word has no more:
so it is the same however the bits are cut.
"""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from dsp.compiled import entry, kernel, numbers
from dsp.fax.t4_codes import HORIZONTAL, MODE_BITS, PASS, RUN_BITS
from dsp.fax.t4_encode_kernel import MMR, MR, Lines, Octets
from dsp.fax.t4_words_kernel import at, leading_zeros, load, store

__all__ = ["BEHIND", "DONE", "FLAWS", "PAST_END", "STATE", "TABLES", "begin", "decode"]

Record: TypeAlias = Any

SEEKING, AT_TAG, IN_LINE, DONE = numbers(4)
NO_FLAW, CODE, OVER, SHORT, LONG, REFERENCE = numbers(6)
FLAWS = 6

STATE = np.dtype(
    [
        ("coding", np.int64),
        ("width", np.int64),
        ("limit", np.int64),
        ("end", np.int64),
        ("final", np.bool_),
        ("room", np.int64),
        ("position", np.int64),
        ("phase", np.int64),
        ("zeros", np.int64),
        ("started", np.bool_),
        ("complete", np.bool_),
        ("one_dimensional", np.bool_),
        ("lost", np.bool_),
        ("ended", np.bool_),
        ("full", np.bool_),
        ("flaw", np.int64),
        ("eols", np.int64),
        ("most_eols", np.int64),
        ("which", np.int64),
        ("a0", np.int64),
        ("colour", np.int64),
        ("count", np.int64),
        ("b", np.int64),
        ("runs", np.int64),
        ("run", np.int64),
        ("made", np.int64),
        ("rows", np.int64),
        ("bad", np.int64),
        ("bad_run", np.int64),
        ("longest", np.int64),
        ("flaws", np.int64, (FLAWS,)),
    ]
)
"""A decoder.

It has come to bit ``position`` of the octets at hand, which have ``end`` bits; no more come if they
are ``final``. Of the rows that there is ``room`` for so many are ``made``.

Where an EOL is sought, ``zeros`` have come in a row. What was before the first EOL is not
``started``. The line is ``complete``, or has a ``flaw``. The reference line for two dimensions may
be ``lost``. There were ``eols`` in a row since the last row, ``most_eols`` at the most.

The page has ``ended``, or has more rows than are taken and is ``full``.

The changes of the last good row are in the line ``which``, as the encoder has them, those of this
row in the other, with room for the next at ``count``. It has come to ``a0`` in a ``colour``, and to
the change ``b`` of the row before; so many ``runs`` are to come before the next mode, and make-up
codes have given a ``run`` already.

Of ``rows``, at the most ``limit``, so many are ``bad``, the last ``bad_run`` of them, ``longest``
in a row, and of what kind were the ``flaws``.
"""

TABLES = np.dtype(
    [("runs", np.uint16, (2, 1 << RUN_BITS)), ("modes", np.uint16, (1 << MODE_BITS,))]
)
"""Runs and modes by the bits that are next, as :mod:`dsp.fax.t4_codes` gives them."""

BEHIND = 11
"""Bits before ``position`` that are looked at again: the zeros of an EOL may begin in them."""
PAST_END = 8
"""Octets that are read after the last one."""
_AFTER = 4
"""Times that the width stands after the last change."""
_ZEROS, _EOL, _LOOK = 11, 12, 13
_NONE, _ONE, _ALL_ONES = np.uint64(0), np.uint64(1), np.uint64((1 << 64) - 1)
_ALL = 1 << 40
"""Runs to come in a one-dimensional line."""
_RETURN = 4
"""EOLs in a row that are the end: RTC has six, of which any may be damaged."""
_GOING, _MORE, _COMPLETE, _NO_CODE, _WRONG, _TOO_FAR = numbers(6)
"""How the decoding of a line stands: it goes on, wants more bits, is over, or cannot go on."""


@kernel
def _start_line(s: Record, one_dimensional: bool) -> None:
    s.phase, s.complete = IN_LINE, False
    s.flaw = REFERENCE if s.lost and not one_dimensional else NO_FLAW
    s.one_dimensional = one_dimensional
    s.colour, s.count, s.b, s.run = 0, 1, 1, 0
    s.a0, s.runs = (0, _ALL) if one_dimensional else (-1, 0)


@kernel
def _blank(s: Record) -> bool:
    """Whether nothing has come of the line."""
    return bool(s.count == 1 and s.a0 <= 0 and s.run == 0 and s.runs in (0, _ALL))


@kernel
def _runs(s: Record, t: Record, octets: Octets, lines: Lines) -> int:
    """Decode runs, all of the line or the two of a horizontal mode."""
    now, width, to_end, end, final = lines[1 - s.which], s.width, s.one_dimensional, s.end, s.final
    p, a0, colour, count, left, run = s.position, s.a0, s.colour, s.count, s.runs, s.run
    outcome: int = _GOING
    window, there = _NONE, 0
    while outcome == _GOING and left > 0:
        if there < _LOOK:
            window, there = load(octets, p >> 3) << np.uint64(p & 7), 64 - (p & 7)
        found: Any = np.int64(at(t.runs[colour], window >> np.uint64(64 - RUN_BITS)))
        length = found & 15
        if p + _EOL + colour > end and (not final or found == 0 or p + length > end):
            outcome = _MORE
        elif found == 0:
            outcome = _NO_CODE
        elif a0 + run + (found >> 4) > width:
            outcome = _TOO_FAR
        else:
            p, window, there = p + length, window << np.uint64(length), there - length
            run += found >> 4
            if found < 64 << 4:
                a0 += run
                run, colour, left = 0, 1 - colour, left - 1
                if at(now, count - 1) == a0:
                    count -= 1
                else:
                    now[np.uint64(count)] = a0
                    count += 1
                if a0 == width and (to_end or left == 0):
                    outcome = _COMPLETE
    s.position, s.a0, s.colour, s.count, s.runs, s.run = p, a0, colour, count, left, run
    return outcome


@kernel
def _modes(s: Record, t: Record, octets: Octets, lines: Lines) -> int:
    """Decode modes of a two-dimensional line, up to a horizontal one."""
    now, past = lines[1 - s.which], lines[s.which]
    width, end, final = s.width, s.end, s.final
    p, a0, colour, count, b, left = s.position, s.a0, s.colour, s.count, s.b, 0
    outcome: int = _GOING
    window, there = _NONE, 0
    while outcome == _GOING and left == 0:
        while at(past, b) <= a0:
            b += 2
        if there < _LOOK:
            window, there = load(octets, p >> 3) << np.uint64(p & 7), 64 - (p & 7)
        found: Any = np.int64(at(t.modes, window >> np.uint64(64 - MODE_BITS)))
        length, mode = found & 15, found >> 4
        if p + _EOL > end and (not final or found == 0 or p + length > end):
            outcome = _MORE
        elif found == 0:
            outcome = _NO_CODE
        elif mode < PASS:
            a1 = at(past, b) + mode - 3
            if a1 <= a0 or a1 > width:
                outcome = _WRONG if a1 <= a0 else _TOO_FAR
            else:
                p, window, there = p + length, window << np.uint64(length), there - length
                now[np.uint64(count)] = a1
                a0, colour, count = a1, 1 - colour, count + 1
                # the other colour's next change may be the one before b1
                b += 1 - 2 * (at(past, b - 1) > a0)
                outcome = _COMPLETE if a0 == width else _GOING
        elif mode == HORIZONTAL:
            p, a0, left = p + length, max(a0, 0), 2
        elif at(past, b + 1) == width:
            outcome = _TOO_FAR
        else:
            p, window, there = p + length, window << np.uint64(length), there - length
            a0 = at(past, b + 1)
            b += 2
    s.position, s.a0, s.colour, s.count, s.b, s.runs = p, a0, colour, count, b, left
    return outcome


@kernel
def _line(s: Record, t: Record, octets: Octets, lines: Lines) -> int:
    """Decode what there is of a line."""
    outcome: int = _GOING
    while outcome == _GOING:
        outcome = _runs(s, t, octets, lines) if s.runs > 0 else _modes(s, t, octets, lines)
    return outcome


@kernel
def _paint(rows: Octets, begin: int, width: int, lines: Lines, line: int) -> None:
    """Make a row of its changes: each turns all that is after it over."""
    # what is left of a row's last eight octets is the next row's
    end = begin + 8 * ((width + 63) >> 6)
    for place in range(begin, end, 8):
        store(rows, place, _NONE)
    for n in range(1, lines.shape[1]):
        turn = lines[line, n]
        if turn >= width:
            break
        place = begin + 8 * (turn >> 6)
        store(rows, place, load(rows, place) ^ _ALL_ONES >> np.uint64(turn & 63))
    turned = _NONE
    for place in range(begin, end, 8):
        word = load(rows, place) ^ turned
        turned = _NONE - (word & _ONE)
        store(rows, place, word)
    if width & 63:
        word = load(rows, end - 8)
        store(rows, end - 8, word & _ALL_ONES << np.uint64(-width & 63))


@kernel
def _give(s: Record, rows: Octets, lines: Lines) -> None:
    """Give the row that has come, or the last good one again."""
    s.eols = 0
    if s.rows == s.limit:
        s.phase, s.full = DONE, True
        return
    good = s.flaw == NO_FLAW
    if good:
        s.which = 1 - s.which
        for n in range(_AFTER):
            lines[s.which, s.count + n] = s.width
        s.bad_run = 0
    else:
        s.flaws[s.flaw] += 1
        s.bad += 1
        s.bad_run += 1
        s.longest = max(s.longest, s.bad_run)
    s.lost = not good
    _paint(rows, s.made * ((s.width + 7) >> 3), s.width, lines, s.which)
    s.made += 1
    s.rows += 1


@kernel
def _seek(s: Record, octets: Octets) -> bool:
    """Go on to the end of the next EOL; return whether it is there."""
    p, zeros, end, found = s.position, s.zeros, s.end, False
    while p < end and not found:
        window = load(octets, p >> 3) << np.uint64(p & 7)
        there = min(64 - (p & 7), end - p)
        some = leading_zeros(window)
        if some >= there:
            p, zeros = p + there, zeros + there
            continue
        p, zeros = p + some + 1, zeros + some
        found = zeros >= _ZEROS
        if not found and s.complete and s.flaw == NO_FLAW:
            s.flaw = LONG
        zeros = 0
    s.position, s.zeros = p, zeros
    return found


@kernel
def _eol(s: Record, rows: Octets, lines: Lines) -> None:
    """Hear an EOL."""
    s.phase = AT_TAG
    if not s.started:
        s.started = True
    elif (s.complete and s.flaw == NO_FLAW) or (s.flaw != NO_FLAW and s.eols < 2):
        _give(s, rows, lines)
    elif s.flaw != NO_FLAW:
        # what is damaged between the EOLs that are the end is no row
        return
    s.eols += 1
    s.most_eols = max(s.most_eols, s.eols)
    if s.eols == _RETURN:
        s.phase, s.ended = DONE, True


@kernel
def _leave(s: Record, outcome: int, window: Any) -> None:
    """Take what is no more of the line: it is complete, an EOL is there, or it is damaged."""
    s.phase, s.zeros = SEEKING, 0
    if outcome == _COMPLETE:
        s.complete = True
    elif outcome == _NO_CODE and leading_zeros(window) >= _ZEROS:
        s.flaw = NO_FLAW if _blank(s) else SHORT
    else:
        s.position -= BEHIND
        s.flaw = s.flaw or (OVER if outcome == _TOO_FAR else CODE)


@kernel
def _leave_t6(s: Record, outcome: int, window: Any) -> None:
    """The same in T.6, where damage is the end."""
    if outcome == _NO_CODE and window >> np.uint64(64 - _EOL) == 1:
        s.position += _EOL
        s.eols += 1
        s.most_eols = max(s.most_eols, s.eols)
        s.ended = s.eols == 2
        if _blank(s) and not s.ended:
            return
        s.flaw = NO_FLAW if _blank(s) else SHORT
    else:
        s.flaw = OVER if outcome == _TOO_FAR else CODE
    s.phase = DONE
    s.flaws[s.flaw] += s.flaw != NO_FLAW


@kernel
def _next_line(s: Record, octets: Octets) -> bool:
    """Begin a line after an EOL, coded as its tag says (T.4 4.2.2), if that is there."""
    one_dimensional = True
    if s.coding == MR:
        if s.position == s.end:
            return False
        one_dimensional = octets[s.position >> 3] >> (7 - (s.position & 7)) & 1 == 1
        s.position += 1
    _start_line(s, one_dimensional)
    return True


@kernel
def _close(s: Record, rows: Octets, lines: Lines) -> None:
    """Take what is no more to come."""
    if s.phase == IN_LINE and not _blank(s):
        s.flaw = SHORT
    if s.coding == MMR:
        s.flaws[s.flaw] += s.flaw != NO_FLAW
    elif s.started and s.phase != AT_TAG and (s.complete or s.flaw != NO_FLAW):
        _eol(s, rows, lines)
    s.phase = DONE


@entry
def begin(state: NDArray[np.void], lines: Lines) -> None:
    """Make a decoder ready whose coding, width and limit are known, and its lines white."""
    s = state[0]
    # two-dimensional lines are coded by white at first in T.6; in T.4 none is before the first
    s.lost = s.coding == MR
    s.phase = SEEKING
    if s.coding == MMR:
        _start_line(s, False)


@kernel
def _step(s: Record, t: Record, octets: Octets, lines: Lines, rows: Octets) -> bool:
    """Do the next thing; return whether there were bits enough for it."""
    if s.phase == SEEKING:
        found = _seek(s, octets)
        if found:
            _eol(s, rows, lines)
        return found
    if s.phase == AT_TAG:
        return _next_line(s, octets)
    outcome = _line(s, t, octets, lines)
    window = load(octets, s.position >> 3) << np.uint64(s.position & 7)
    if outcome == _MORE:
        return False
    if s.coding != MMR:
        _leave(s, outcome, window)
    elif outcome == _COMPLETE:
        _give(s, rows, lines)
        if s.phase != DONE:
            _start_line(s, False)
    else:
        _leave_t6(s, outcome, window)
    return True


@entry
def decode(
    state: NDArray[np.void],
    tables: NDArray[np.void],
    octets: Octets,
    lines: Lines,
    rows: Octets,
) -> int:
    """Decode what is at hand; return how many rows there are: there may be more if it is all."""
    s, t = state[0], tables[0]
    s.made, more = 0, True
    while s.made < s.room and more and s.phase != DONE:
        more = _step(s, t, octets, lines, rows)
    if s.final and not more:
        _close(s, rows, lines)
    return int(s.made)
