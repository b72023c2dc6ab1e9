"""Error correction: a page in numbered frames, and those that are missing sent again.

T.30 annex A, T.4 annex A. A page's octets are cut into frames of 64 or 256, and these into partial
pages of 256 at the most. Each partial page is sent in a burst::

    flags, FCD 0, FCD 1, …, RCP, RCP, RCP, a flag

and told to be over by PPS, which says how many frames it has. The receiver answers by MCF when all
have come, else by PPR with a map of those that have not, and they alone are sent in the next burst.
After four PPR the sender goes on at another rate (CTC), or leaves it at that (EOR).

The last frame of a page is filled up with zeros, which mean nothing after what ends the page.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from dsp.fax import hdlc
from dsp.fax.frame import ADDRESS, HEADER, NEXT, controls
from dsp.fax.slices import sliced
from dsp.modem.types import BitSource
from dsp.types import DspError

__all__ = ["FRAMES", "EcmError", "Incoming", "Outgoing"]

FRAMES = 256
"""Of a partial page at the most: their numbers are of eight bits."""

_SIZES = (64, 256)
_FCD, _RCP = (controls()[name].code for name in ("FCD", "RCP"))
_BEFORE = HEADER + 1
"""Octets of an FCD before its data: the header, and its number."""
_RETURNS = 3
_CLOSING = 2


class EcmError(DspError):
    """A page that cannot be cut into frames: of none, or by a size that there is not."""


class Outgoing:
    """A page that is sent.

    Parameters
    ----------
    data
        The page's octets as they are on the line: the bit that is sent first is the least
        significant one (:func:`dsp.fax.pagecode.encode`).
    frame_size
        64 or 256.

    Raises
    ------
    EcmError
        When there are no octets, or frames are not of such a size.

    Examples
    --------
    >>> page = Outgoing(bytes(20_000), 64)
    >>> page.blocks, page.block, page.frames, page.last
    (2, 0, 256, False)
    >>> page.request(frozenset({3, 7}))
    >>> page.wanted
    (3, 7)
    >>> page.next_block()
    >>> page.block, page.frames, page.last
    (1, 57, True)
    """

    def __init__(self, data: bytes, frame_size: int) -> None:
        if not data:
            raise EcmError("a page of no octets is none")
        self._data, self._size = data, _checked(frame_size)
        self._block = 0
        self._wanted = tuple(range(self.frames))

    @property
    def blocks(self) -> int:
        """How many partial pages there are."""
        return -(-len(self._data) // (FRAMES * self._size))

    @property
    def block(self) -> int:
        """Which of them is sent, the first is 0; PPS has it modulo 256."""
        return self._block

    @property
    def last(self) -> bool:
        """Whether it is the last one."""
        return self._block == self.blocks - 1

    @property
    def frames(self) -> int:
        """How many frames it has, 1 to 256."""
        rest = len(self._data) - self._block * FRAMES * self._size
        return min(-(-rest // self._size), FRAMES)

    @property
    def wanted(self) -> tuple[int, ...]:
        """Numbers of those that the next burst has, rising."""
        return self._wanted

    def source(self, bit_rate: int) -> BitSource:
        """Give the bits of a burst: flags, the frames that are wanted, RCP.

        Parameters
        ----------
        bit_rate
            Of the modem, by which there are more flags or less.
        """
        frames = [self._frame(number) for number in self._wanted]
        returns = [bytes([ADDRESS, NEXT, _RCP])] * _RETURNS
        flags = hdlc.preamble(bit_rate)
        return sliced(hdlc.encode([*frames, *returns], opening=flags, closing=_CLOSING))

    def request(self, frames: Iterable[int]) -> None:
        """Have only some of the frames in the next burst, as PPR asks for them.

        Parameters
        ----------
        frames
            Their numbers. What this partial page has not is passed over: a map is of 256 bits
            always, and receivers differ in what they say of those that never were.
        """
        self._wanted = tuple(sorted(set(frames) & set(range(self.frames))))

    def next_block(self) -> None:
        """Go on with the next partial page, all of it.

        Raises
        ------
        EcmError
            When this is the last one.
        """
        if self.last:
            raise EcmError(f"partial page {self._block} is the last")
        self._block += 1
        self._wanted = tuple(range(self.frames))

    def _frame(self, number: int) -> bytes:
        begin = (self._block * FRAMES + number) * self._size
        data = self._data[begin : begin + self._size].ljust(self._size, b"\0")
        return bytes([ADDRESS, NEXT, _FCD, number]) + data


class Incoming:
    """A page that is received, and the next one when :meth:`begin_page` says so.

    Frames are taken as they come, again or not, in any order. When PPS has said how many they are,
    :meth:`missing` tells which are not there; when none is, or the sender gives them up, the
    partial page is closed, and frames are those of the next.

    How many frames there are is believed to the first PPS of a partial page: after frames were
    sent again some senders tell how many these were. All frames but the last are equally long, 64
    or 256; those that are not are missing. The last one may be shorter.

    Parameters
    ----------
    frame_size
        64 or 256, as DCS has it. Where the other one is sent, that is taken.

    Raises
    ------
    EcmError
        When frames are not of such a size.

    Examples
    --------
    >>> page = Incoming(64)
    >>> page.take(bytes([0xFF, 0x03, 0x06, 0]) + bytes(64), good=True)
    >>> sorted(page.missing(3))
    [1, 2]
    >>> page.close()
    >>> len(page.data), page.holes, page.gaps
    (192, 2, ((64, 192),))
    """

    def __init__(self, frame_size: int) -> None:
        self._size = _checked(frame_size)
        self._data: list[bytes] = []
        self._frames: dict[int, bytes] = {}
        self._come: set[int] = set()
        self._count: int | None = None
        self._closed: tuple[int, int] | None = None
        self.begin_page()

    def begin_page(self, frame_size: int | None = None) -> None:
        """Forget the page and all its frames; go on with the next.

        What was closed last is still known to :meth:`repeated`.
        """
        self._size = self._size if frame_size is None else _checked(frame_size)
        self._data.clear()
        self._frames.clear()
        self._count = None
        self._blocks = self._holes = 0
        self._gaps: list[tuple[int, int]] = []

    def begin_burst(self) -> None:
        """Count anew what comes: see :attr:`received`."""
        self._come.clear()

    @property
    def block(self) -> int:
        """Which partial page is received, the first is 0; PPS has it modulo 256."""
        return self._blocks

    @property
    def received(self) -> int:
        """How many different frames have come since :meth:`begin_burst`, known before or not."""
        return len(self._come)

    @property
    def count(self) -> int | None:
        """How many frames it has; ``None`` before PPS has said so."""
        return self._count

    @property
    def data(self) -> bytes:
        """The octets of the partial pages that are closed."""
        return b"".join(self._data)

    @property
    def holes(self) -> int:
        """How many frames of them have not come: there are zeros instead."""
        return self._holes

    @property
    def gaps(self) -> tuple[tuple[int, int], ...]:
        """Where in the octets that is: the first octet, and the one after the last."""
        return tuple(self._gaps)

    def take(self, octets: bytes, good: bool) -> None:
        """Take a frame; all but good FCD are passed over.

        Parameters
        ----------
        octets
            From the address on, without the FCS.
        good
            Whether the FCS was right.
        """
        longest = _BEFORE + max(_SIZES)
        if good and _BEFORE <= len(octets) <= longest and octets[HEADER - 1] == _FCD:
            number = octets[HEADER]
            self._frames[number] = octets[_BEFORE:]
            self._come.add(number)

    def repeated(self, page: int, block: int) -> bool:
        """Say whether PPS is of the partial page that was closed last.

        So it is when the answer has not come through; what was answered is to be said again.

        Parameters
        ----------
        page, block
            What PPS says.
        """
        return not self._frames and self._count is None and self._closed == (page, block)

    def missing(self, count: int) -> frozenset[int]:
        """Give the frames that are to be sent again, as PPR asks for them.

        Parameters
        ----------
        count
            How many PPS has said there are.
        """
        if self._count is None:
            self._count = count
        size = self._length(self._count)
        return frozenset(one for one in range(self._count) if not self._there(one, size))

    def close(
        self, count: int | None = None, *, page: int | None = None, block: int | None = None
    ) -> None:
        """Have done with this partial page, whole or not; go on with the next.

        Parameters
        ----------
        count
            How many PPS has said there are, if :meth:`missing` was not asked before.
        page, block
            What PPS said, for :meth:`repeated`.
        """
        if self._count is None:
            self._count = max(self._frames, default=-1) + 1 if count is None else count
        total = self._count
        size = self._length(total)
        at = sum(map(len, self._data))
        for number in range(total):
            there = self._there(number, size)
            part = self._frames[number] if there else bytes(size)
            self._data.append(part)
            if not there:
                self._lose(at, at + size)
            at += len(part)
        self._frames.clear()
        self._count = None
        self._blocks += 1
        self._closed = None if page is None or block is None else (page, block)

    def _there(self, number: int, size: int) -> bool:
        """Whether a frame has come, and is as long as it should be."""
        data = self._frames.get(number)
        if data is None or len(data) == size:
            return data is not None
        return self._count == number + 1 and (len(data) < size or number == 0)

    def _length(self, count: int) -> int:
        """How long all but the last are: as most of those that have come, if that can be."""
        lengths = Counter(len(data) for number, data in self._frames.items() if number < count - 1)
        return max(_SIZES, key=lambda size: (lengths[size], size == self._size))

    def _lose(self, begin: int, end: int) -> None:
        self._holes += 1
        if self._gaps and self._gaps[-1][1] == begin:
            begin = self._gaps.pop()[0]
        self._gaps.append((begin, end))


def _checked(frame_size: int) -> int:
    if frame_size not in _SIZES:
        raise EcmError(f"frames are of 64 or 256 octets, not of {frame_size}")
    return frame_size
