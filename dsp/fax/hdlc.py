"""Frames of bits as T.30 has them (T.30 5.3, ISO/IEC 3309), both ways.

=========== ======================================================================================
flag        01111110; stands before and after every frame, and goes on where there is nothing else
zero        is inserted after five ones in a row of a frame, and taken out again
FCS         16 bits by x^16 + x^12 + x^5 + 1, begun with ones and inverted (T.30 5.3.7)
abort       seven ones: what has come of the frame is void
idle        fifteen ones: there is no frame to come
=========== ======================================================================================

The bit that is sent first is the least significant of its octet. T.30 writes its fields in the
order in which they are sent, from the left: the control field of a final frame, 1100 1000, is 0x13
here, the facsimile control field of DIS, 0000 0001, is 0x80, and bit 1 of an information field is
the least significant one of its first octet. The picture that is in T.4's frames has its first
bit there as well, which TIFF calls fill order 2.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np

from dsp.fax.hdlc_kernel import (
    ABORT,
    FLAGS,
    IDLE,
    NOTHING,
    PAST_END,
    RESIDUE,
    STATE,
    receive,
    stuff,
)
from dsp.modem.types import Bits, given
from dsp.types import DspError

__all__ = ["Deframer", "Frame", "Framer", "HdlcError", "Report", "encode", "preamble"]

Flaw: TypeAlias = Literal["fcs", "short", "ragged", "long", "aborted", "cut"]
What: TypeAlias = Literal["flags", "abort", "idle"]

LONGEST = 260
"""Octets of the longest frame but its FCS: 256 of a picture, and 4 before them (T.4 annex A).

A frame of T.30's own ends after 3 s ± 15 %, which are 129 octets at 300 bit/s.
"""

_LEAST, _FCS = 4, 2
_FLAG = np.array([0, 1, 1, 1, 1, 1, 1, 0], dtype=np.uint8)
_ABORT = np.ones(8, dtype=np.uint8)
_REPORTED: dict[int, What] = {int(FLAGS): "flags", int(ABORT): "abort", int(IDLE): "idle"}


class HdlcError(DspError):
    """A frame that cannot be sent, or flags that are too few."""


@dataclass(frozen=True, slots=True)
class Frame:
    """What was between two flags.

    Parameters
    ----------
    received
        Its octets with the FCS, which are the last two.
    flaw
        ``None`` for a good frame. ``"fcs"``: bits are wrong. ``"short"``: fewer than four octets.
        ``"ragged"``: it was not of whole octets; its last bits are left out. ``"long"``: a part
        of more octets than are taken. ``"aborted"``: given up by its sender. ``"cut"``: the
        carrier was lost before its end.
    start, end
        Its first bit and the one after its last, without the flags, counted from the first bit
        heard.
    """

    received: bytes
    flaw: Flaw | None
    start: int
    end: int

    @property
    def good(self) -> bool:
        """Whether its FCS says so, and nothing else is wrong with it."""
        return self.flaw is None

    @property
    def octets(self) -> bytes:
        """All but the FCS: of a good frame, what was sent."""
        return self.received[:-_FCS]


@dataclass(frozen=True, slots=True)
class Report:
    """Something that is no frame.

    Parameters
    ----------
    what
        ``"flags"``: so many in a row that frames are to come. ``"abort"``: seven ones, which end
        a frame or the flags. ``"idle"``: fifteen ones.
    position
        The bit after those by which it is known.
    """

    what: What
    position: int


class Deframer:
    """Find the frames in a stream of bits.

    Every octet between two flags is given, in one frame or another, unless there is none whole.

    Parameters
    ----------
    longest
        Octets that a frame may have besides its FCS. One with more is given in parts.
    preamble
        Flags in a row that are reported, at least 2.

    Raises
    ------
    HdlcError
        When the preamble is shorter.

    Examples
    --------
    >>> deframer = Deframer()
    >>> bits = encode([bytes.fromhex("ff1380")], opening=preamble(300))
    >>> deframer.process(bits[:260]), deframer.reports()
    ([], [Report(what='flags', position=40)])
    >>> (frame,) = deframer.process(bits[260:])
    >>> frame.octets.hex(), frame.good, frame.start
    ('ff1380', True, 256)
    """

    def __init__(self, *, longest: int = LONGEST, preamble: int = 5) -> None:
        if preamble < 2 or longest < _LEAST - _FCS:
            raise HdlcError(f"frames of {longest} octets after {preamble} flags make no sense")
        self._longest, self._preamble = longest, preamble
        self._state = np.zeros(1, dtype=STATE)
        # a flag that ends a ragged frame may fill one octet more
        self._frame = np.zeros(longest + _FCS + 2, dtype=np.uint8)
        self._reports: list[Report] = []

    @property
    def flags(self) -> int:
        """How many flags have come in a row, the last of them just now or before what goes on."""
        return int(self._state["run"][0])

    def process(self, bits: Bits) -> list[Frame]:
        """Hear some bits.

        Parameters
        ----------
        bits
            ``(n,)`` uint8, as received.

        Returns
        -------
        list of Frame
            Those that have ended, good or not, in order.

        Raises
        ------
        ModemError
            When the bits are not uint8, in a row.
        """
        frames: list[Frame] = []
        bits = given(bits)
        begin, happened = receive(self._state, self._frame, bits, 0, self._preamble)
        while happened != NOTHING:
            if happened in _REPORTED:
                position = int(self._state["position"][0])
                self._reports.append(Report(_REPORTED[happened], position))
            if happened not in (FLAGS, IDLE):
                self._ended("aborted" if happened == ABORT else None, frames)
            begin, happened = receive(self._state, self._frame, bits, begin, self._preamble)
        return frames

    def finish(self) -> list[Frame]:
        """End what goes on, as when the carrier is lost; a flag is wanted before the next frame.

        Returns
        -------
        list of Frame
            The frame that has no end, if there is one.
        """
        frames: list[Frame] = []
        state = self._state[0]
        position = state["position"]
        if state["inside"]:
            state["octets"], state["whole"] = state["length"], not state["long"]
            state["start"], state["end"] = state["since"], position
            self._ended("cut", frames)
        self._state[:] = 0
        state["position"] = position
        return frames

    def reports(self) -> list[Report]:
        """Return what has happened since this was last asked, beside frames."""
        reports, self._reports = self._reports, []
        return reports

    def _ended(self, flaw: Flaw | None, frames: list[Frame]) -> None:
        """Give what is over, which has the flaw at least."""
        start, end, length, rest, residue, whole = self._state[0].item()[-6:]
        if length == 0:
            return
        if not whole or length > self._longest + _FCS:
            flaw = "long"
        elif flaw is None and rest:
            flaw = "ragged"
        elif flaw is None and length < _LEAST:
            flaw = "short"
        elif flaw is None and residue != RESIDUE:
            flaw = "fcs"
        received = self._frame[:length].tobytes()
        frames.append(Frame(received, flaw, start, end))


class Framer:
    """Make a stream of bits of frames: a source for a modem's sender.

    While there is no frame to be sent there are flags.

    Parameters
    ----------
    opening
        Flags before the first frame: see :func:`preamble`.
    between
        Flags at least between two frames; a single one ends the one and begins the other.
    closing
        Flags at least after the last frame.

    Raises
    ------
    HdlcError
        When any of them is less than 1.

    Examples
    --------
    >>> framer = Framer(opening=2, closing=1)
    >>> framer.put(bytes.fromhex("ff1380"))
    >>> framer.end()
    >>> "".join(map(str, framer(30))), len(framer(1000)), framer.done
    ('011111100111111011111011111000', 36, True)
    """

    def __init__(self, *, opening: int = 1, between: int = 1, closing: int = 1) -> None:
        _check_flags(opening, between, closing)
        self._between, self._closing = between, closing
        self._frames: deque[Bits] = deque()
        self._bits = _FLAG[:0]
        self._in_frame = False
        self._flags = 0
        self._before_frame = self._before_end = opening
        self._ending = False

    @property
    def pending(self) -> int:
        """How many frames are not sent to their end."""
        return len(self._frames) + self._in_frame

    @property
    def done(self) -> bool:
        """Whether all bits have been given, so that there will be no more."""
        at_end = self._flags >= self._before_end and len(self._bits) == 0 and not self.pending
        return self._ending and at_end

    def put(self, octets: bytes) -> None:
        """Have a frame sent after those that are pending.

        Parameters
        ----------
        octets
            All of it but the FCS, from the address on.

        Raises
        ------
        HdlcError
            When they are fewer than two, or :meth:`end` was called.
        """
        _check_frame(octets)
        if self._ending:
            raise HdlcError("no frame can follow the end")
        self._frames.append(_stuffed([octets], (0, 0, 0)))

    def end(self) -> None:
        """Let the bits end after what is pending and the closing flags."""
        self._ending = True

    def abort(self) -> None:
        """Give up the frame that is being sent; those after it are sent."""
        if self._in_frame:
            self._bits, self._in_frame = _ABORT, False

    def __call__(self, count: int) -> Bits:
        """Return the next bits: fewer than `count` where they end."""
        parts = []
        while count > 0 and not self.done:
            if len(self._bits) == 0:
                self._next()
            parts.append(self._bits[:count])
            self._bits = self._bits[count:]
            count -= len(parts[-1])
            if len(self._bits) == 0:
                self._in_frame = False
        return np.concatenate(parts) if parts else _FLAG[:0].copy()

    def _next(self) -> None:
        """Go on with a frame, or with one more flag."""
        if self._frames and self._flags >= self._before_frame:
            self._bits, self._in_frame, self._flags = self._frames.popleft(), True, 0
            self._before_frame, self._before_end = self._between, self._closing
        else:
            self._bits = _FLAG
            self._flags += 1


def encode(
    frames: Iterable[bytes], *, opening: int = 1, between: int = 1, closing: int = 1
) -> Bits:
    """Make all bits of some frames.

    Parameters
    ----------
    frames
        Each from its address on, without an FCS.
    opening, between, closing
        Flags, as of :class:`Framer`.

    Returns
    -------
    numpy.ndarray
        ``(n,)`` uint8.

    Raises
    ------
    HdlcError
        When a frame has no address and control field, or there are no flags.

    Examples
    --------
    >>> "".join(map(str, encode([bytes.fromhex("ff03")])))
    '01111110111110111110000000001110000100001101111110'
    """
    every = list(frames)
    _check_flags(opening, between, closing)
    for octets in every:
        _check_frame(octets)
    if not every:
        return np.tile(_FLAG, opening)
    return _stuffed(every, (opening, between, closing))


def preamble(bit_rate: int) -> int:
    """Give how many flags are sent before frames: as few as may be.

    Parameters
    ----------
    bit_rate
        300 for those of T.30, which are sent by V.21 after 1 s ± 15 % of flags (T.30 5.3.1);
        that of another modem for a picture's frames, before which are 200 ms ± 100 ms (T.4
        annex A).

    Examples
    --------
    >>> preamble(300), preamble(14400)
    (32, 216)
    """
    return math.ceil((0.85 if bit_rate == 300 else 0.12) * bit_rate / 8)


def _stuffed(frames: list[bytes], flags: tuple[int, int, int]) -> Bits:
    """Give the bits of frames with so many flags before, between and after them."""
    octets = b"".join(frames)
    lengths = np.fromiter(map(len, frames), np.int64, len(frames))
    opening, between, closing = flags
    # one zero is inserted after every five bits at the most
    most = 8 * (len(octets) + _FCS * len(frames)) * 6 // 5
    most += 8 * (opening + between * (len(frames) - 1) + closing)
    bits = np.empty(most + PAST_END, dtype=np.uint8)
    return bits[: stuff(np.frombuffer(octets, dtype=np.uint8), lengths, flags, bits)]


def _check_frame(octets: bytes) -> None:
    if len(octets) < _LEAST - _FCS:
        raise HdlcError(f"{octets!r} is no frame: it has no address and control field")


def _check_flags(opening: int, between: int, closing: int) -> None:
    if min(opening, between, closing) < 1:
        raise HdlcError("a frame has a flag before it and one after it")
