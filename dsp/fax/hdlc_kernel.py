"""The loops that go bit by bit: frames out of a stream of bits, and into one (ISO/IEC 3309)."""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from dsp.compiled import entry, inlined, kernel, numbers
from dsp.fax.t4_words_kernel import at, load, store
from dsp.modem.types import Bits

__all__ = [
    "ABORT",
    "FLAGS",
    "FRAME",
    "IDLE",
    "LONG",
    "NOTHING",
    "PAST_END",
    "RESIDUE",
    "STATE",
    "receive",
    "stuff",
]

Record: TypeAlias = Any
Octets: TypeAlias = NDArray[np.uint8]
Held: TypeAlias = tuple[int, int, int]
"""Of a receiver: ``ones``, ``octet`` and ``count``."""

NOTHING, FRAME, LONG, FLAGS, ABORT, IDLE = numbers(6)
"""What happens: nothing more, a frame's end, its being too long, a run of flags, too many ones."""

RESIDUE = 0xF0B8
"""What a frame and its FCS leave in the register."""

STATE = np.dtype(
    [
        ("position", np.int64),
        ("ones", np.int64),
        ("inside", np.bool_),
        ("run", np.int64),
        ("since", np.int64),
        ("octet", np.int64),
        ("count", np.int64),
        ("length", np.int64),
        ("crc", np.int64),
        ("long", np.bool_),
        ("start", np.int64),
        ("end", np.int64),
        ("octets", np.int64),
        ("rest", np.int64),
        ("residue", np.int64),
        ("whole", np.bool_),
    ]
)
"""A receiver.

``position`` bits have been heard, the last ``ones`` of them ones. It is ``inside`` from a flag to
an abort, and the last ``run`` flags had nothing between them. What has come since bit ``since`` are
``length`` octets and ``count`` bits of an ``octet``, with the register of the FCS at ``crc``; the
frame was too ``long`` before that. Of what is over: it is from bit ``start`` to bit ``end``, has
so many ``octets`` and a ``rest`` of bits, left a ``residue`` in the register, and is the frame's
``whole`` or a part.
"""

PAST_END = 16
"""Bits past the last one that are written."""

_FLAG, _ABORT = 6, 5
"""How many bits of a flag, and of an abort, have been taken for a frame's when it is known."""


def _remainder(octet: int) -> int:
    for _ in range(8):
        octet = octet >> 1 ^ (0x8408 if octet & 1 else 0)
    return octet


_REMAINDERS = np.array([_remainder(octet) for octet in range(256)], dtype=np.int64)


@kernel
def _divided(crc: int, octet: int) -> int:
    """Go on with the FCS: x^16 + x^12 + x^5 + 1, what is sent first on the right (T.30 5.3.7)."""
    return (crc >> 8) ^ _REMAINDERS[(crc ^ octet) & 0xFF]  # type: ignore[no-any-return]


@kernel
def _begin(s: Record) -> None:
    s.since = s.position
    s.count, s.length, s.crc = 0, 0, 0xFFFF


@kernel
def _over(s: Record, mark: int, end: int) -> int:
    """Say what is over; the last `mark` bits are no part of it. Return how many bits it has."""
    bits = 8 * s.length + s.count - mark
    s.octets, s.rest = max(bits, 0) >> 3, max(bits, 0) & 7
    s.start, s.end = s.since, end
    s.residue, s.whole = s.crc, not s.long
    s.long = False
    return int(bits)


@kernel
def _flag(s: Record, preamble: int) -> int:
    """Hear the end of a flag; what happens is a frame, or a run of flags that is long enough."""
    empty, happened = False, NOTHING
    if s.inside:
        empty = _over(s, _FLAG, s.position - 8) <= 0 and s.whole
        if s.octets > 0:
            happened = FRAME
    s.inside = True
    s.run = s.run + 1 if empty else 1
    _begin(s)
    return int(FLAGS if s.run == preamble else happened)


@kernel
def _many_ones(s: Record) -> int:
    """Hear one more than the six ones of a flag; what happens is an abort, or the line is idle."""
    if s.ones == 7 and s.inside:
        _over(s, _ABORT, s.position - 7)
        s.inside, s.run = False, 0
        return int(ABORT)
    return int(IDLE if s.ones == 15 else NOTHING)


@kernel
def _octet(s: Record, octet: int, frame: Octets) -> int:
    """Hear the last bit of an octet; what happens is that there are more than are taken."""
    frame[s.length] = octet
    s.crc = _divided(s.crc, octet)
    s.length += 1
    if s.length < len(frame):
        return int(NOTHING)
    s.count = 0
    _over(s, 0, s.position)
    s.whole, s.long = False, True
    _begin(s)
    return int(LONG)


def _unstuffing() -> NDArray[np.int64]:
    """Give what eight bits of a frame are after so many ones, without the zeros inserted in them.

    Returns
    -------
    numpy.ndarray
        ``(6, 256)``: the bits that are left, the first the lowest; above them from bit 8 on how
        many they are, and from bit 12 on how many ones there are at the end. 0 where there is a
        flag's sixth one among them.
    """
    table = np.zeros((6, 256), dtype=np.int64)
    for before in range(6):
        for eight in range(256):
            ones, kept = before, []
            for place in range(8):
                bit = eight >> place & 1
                if bit or ones < 5:
                    kept.append(bit)
                ones = ones + 1 if bit else 0
                if ones == 6:
                    break
            else:
                bits = sum(bit << place for place, bit in enumerate(kept))
                table[before, eight] = ones << 12 | len(kept) << 8 | bits
    return table


_UNSTUFFING = _unstuffing().reshape(-1)
_GATHER, _TOP = np.uint64(0x8040201008040201), np.uint64(56)


@inlined
def _by_eights(s: Record, frame: Octets, bits: Bits, n: int, held: Held) -> tuple[int, Held]:
    """Hear bits of a frame, eight at a time, up to a flag, the end, or room for one octet more."""
    ones, octet, count = held
    length, crc, end, most = s.length, s.crc, len(bits) - 8, len(frame) - 1
    octet >>= 8 - count
    while n <= end and length < most:
        # the first bit becomes the lowest: no two of the products meet
        eight: Any = np.int64((load(bits, n) * _GATHER) >> _TOP)
        kept: Any = at(_UNSTUFFING, ones << 8 | eight)
        if kept == 0:
            break
        octet |= (kept & 0xFF) << count
        count += kept >> 8 & 15
        if count >= 8:
            frame[np.uint64(length)] = octet & 0xFF
            crc = (crc >> 8) ^ at(_REMAINDERS, (crc ^ octet) & 0xFF)
            length, octet, count = length + 1, octet >> 8, count - 8
        ones, n = kept >> 12, n + 8
    s.length, s.crc = length, crc
    return n, (ones, octet << (8 - count) & 0xFF, count)


@entry
def receive(state: Record, frame: Octets, bits: Bits, begin: int, preamble: int) -> tuple[int, int]:
    """Hear bits from `begin` until something happens; return where to go on, and what it is.

    The octets of what goes on, and of what is over, are in `frame`.
    """
    s = state[0]
    before = s.position - begin
    # what changes with every bit is kept out of the record
    ones, octet, count, inside = s.ones, s.octet, s.count, s.inside
    happened, n, one_by_one = NOTHING, begin, begin
    while n < len(bits) and happened == NOTHING:
        if n >= one_by_one and inside and ones < 6:
            n, (ones, octet, count) = _by_eights(s, frame, bits, n, (ones, octet, count))
            one_by_one = n + 8
            if n == len(bits):
                break
        bit: Any = np.int64(bits[n])
        n += 1
        ones += bit
        if ones < 5 + bit:
            if inside:
                octet = octet >> 1 | bit << 7
                count += 1
                if count == 8:
                    count, s.position = 0, before + n
                    happened = _octet(s, octet, frame)
        elif ones > 6 or (ones == 6 and not bit):
            s.ones, s.count, s.position = ones, count, before + n
            if bit:
                happened = _many_ones(s)
            elif ones == 6:
                happened = _flag(s, preamble)
                count = 0
            inside = s.inside
        ones *= bit
    s.ones, s.octet, s.count, s.position = ones, octet, count, before + n
    return n, happened


def _stuffing() -> NDArray[np.uint64]:
    """Give what an octet is on the line after so many ones.

    Returns
    -------
    numpy.ndarray
        ``(5, 256, 3)``: its first eight bits, one an octet, the first the highest; those after
        them, likewise; and how many bits there are, with the ones at their end times 16.
    """
    table = np.zeros((5, 256, 3), dtype=np.uint64)
    for before in range(5):
        for octet in range(256):
            ones, bits = before, []
            for place in range(8):
                bits.append(octet >> place & 1)
                ones = ones + 1 if bits[-1] else 0
                if ones == 5:
                    bits.append(0)
                    ones = 0
            words = int.from_bytes(bytes(bits).ljust(16, b"\0"), "big")
            table[before, octet] = words >> 64, words & (1 << 64) - 1, ones << 4 | len(bits)
    return table


_STUFFING = _stuffing().reshape(-1)
_FLAG_BITS = np.uint64(0x0001010101010100)


@inlined
def _put(bits: Bits, count: int, ones: int, octet: int) -> tuple[int, int]:
    place = 3 * (ones << 8 | octet)
    store(bits, count, at(_STUFFING, place))
    store(bits, count + 8, at(_STUFFING, place + 1))
    both: Any = np.int64(at(_STUFFING, place + 2))
    return count + (both & 15), both >> 4


@kernel
def _put_flags(bits: Bits, count: int, flags: int) -> int:
    for _ in range(flags):
        store(bits, count, _FLAG_BITS)
        count += 8
    return count


@entry
def stuff(
    octets: Octets,
    lengths: NDArray[np.int64],
    flags: tuple[int, int, int],
    bits: Bits,
) -> int:
    """Write the bits of frames with their FCS, and so many flags before, between and after them.

    The frames are one after the other in `octets`. Return how many bits they are; there is to be
    room for :data:`PAST_END` more.
    """
    opening, between, closing = flags
    count, begin = _put_flags(bits, 0, opening), 0
    for n in range(len(lengths)):
        if n > 0:
            count = _put_flags(bits, count, between)
        crc: Any = np.int64(0xFFFF)
        ones, end = 0, begin + lengths[n]
        for place in range(begin, end):
            octet: Any = np.int64(at(octets, place))
            crc = _divided(crc, octet)
            count, ones = _put(bits, count, ones, octet)
        crc ^= 0xFFFF
        count, ones = _put(bits, count, ones, crc & 0xFF)
        count, ones = _put(bits, count, ones, crc >> 8)
        begin = end
    if len(lengths) > 0:
        count = _put_flags(bits, count, closing)
    return count
