"""The picture of a fax in code words, T.4's and T.6's: rows of pixels into octets and back.

====== =============================================================== =========================
coding each row                                                        a page ends with
====== =============================================================== =========================
MH     an EOL, then its runs, white first (T.4 4.1)                    RTC: six EOLs
MR     an EOL and a tag, then its runs, or what differs from the row   RTC: six EOLs, each tagged
       before (T.4 4.2)
MMR    what differs from the row before, no EOL (T.6)                  EOFB: two EOLs
====== =============================================================== =========================

Rows are packed as TIFF has them: `(rows, (width + 7) // 8)` uint8, the leftmost pixel is the
highest bit of the first octet, a one is black, bits after the last pixel are zeros. See
:func:`pack` and :func:`unpack`. Pillow's images of mode ``"1"`` are the same with black and white
exchanged.

Octets have the bit that is sent first as their highest. What is in HDLC frames (T.4 annex A) and
in TIFF's fill order 2 has it as the lowest: :func:`flip` turns the one into the other. Modems take
bits: ``numpy.unpackbits`` of the octets.

Widths of paper are, A4 B4 A3: 1728 2048 2432 at 8 pixels a mm and 200 a 25.4 mm, 2592 3072 3648
at 300, 3456 4096 4864 at 16 a mm and 400 (T.4 table 1). Any width is taken.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from dsp.fax import t4_decode_kernel as decoding
from dsp.fax import t4_encode_kernel as encoding
from dsp.fax.t4_codes import modes_by_bits, runs_by_bits, words_of_modes, words_of_runs
from dsp.modem.types import Bits
from dsp.types import DspError

__all__ = [
    "Coding",
    "Decoder",
    "Encoder",
    "Flaw",
    "Packed",
    "Quality",
    "T4Error",
    "decode",
    "encode",
    "flip",
    "pack",
    "unpack",
]

Packed: TypeAlias = NDArray[np.uint8]
Coding: TypeAlias = Literal["MH", "MR", "MMR"]
Flaw: TypeAlias = Literal["code", "over", "short", "long", "reference"]

LIMIT = 65_535
"""Rows of a page that are taken, unless more are asked for: 4.2 m at 15.4 a mm.

In T.6 an octet may be eight rows, so that a page must have an end.
"""

_WIDEST = 65_535
_CODINGS = {"MH": encoding.MH, "MR": encoding.MR, "MMR": encoding.MMR}
_FLAWS: tuple[Flaw, ...] = ("code", "over", "short", "long", "reference")
_AT_ONCE = 4096
"""Rows that room is made for."""
_ENDS = 64
"""Octets that are enough for the end of a page."""
_FLIPPED = bytes(int(f"{octet:08b}"[::-1], 2) for octet in range(256))


class T4Error(DspError):
    """A coding, a width or rows that there are none of."""


def pack(pixels: NDArray[np.bool_]) -> Packed:
    """Pack pixels.

    Parameters
    ----------
    pixels
        ``(rows, width)``, true where it is black.

    Returns
    -------
    numpy.ndarray
        ``(rows, (width + 7) // 8)`` uint8.

    Examples
    --------
    >>> pack(np.array([[True, False, False, False, False, False, False, False, True]])).tolist()
    [[128, 128]]
    """
    return np.packbits(pixels, axis=1)


def unpack(rows: Packed, width: int) -> NDArray[np.bool_]:
    """Unpack rows: ``(rows, width)``, true where it is black.

    Examples
    --------
    >>> unpack(np.array([[0x90]], dtype=np.uint8), 5).tolist()
    [[True, False, False, True, False]]
    """
    return np.unpackbits(rows, axis=1, count=width).view(np.bool_)


def flip(octets: bytes) -> bytes:
    """Turn each octet's bits round.

    Examples
    --------
    >>> flip(bytes([0x01, 0xF0])).hex()
    '800f'
    """
    return octets.translate(_FLIPPED)


class Encoder:
    """Make octets of a page, some rows at a time.

    Parameters
    ----------
    coding
        ``"MH"``, ``"MR"`` or ``"MMR"``.
    width
        Pixels of a row.
    k
        Of MR: one row in so many is coded by itself, so that an error ends with it. It is 2 at
        3.85 rows a mm, 4 at 7.7 (T.4 4.2.1.1), 6 at 300 a 25.4 mm, 8 at 15.4 a mm and 400.
    minimum_bits
        Of MH and MR: a line has at least so many, EOL, data and fill: the time that the receiver
        asks for (T.4 clause 3), 0 to 40 ms, at the modem's bit rate. There is none in HDLC frames.

    Raises
    ------
    T4Error
        When there is no such coding or width, `k` is not 1 at least, or fill is asked of MMR.

    Examples
    --------
    >>> encoder = Encoder("MH", 1728, minimum_bits=96)
    >>> white = np.zeros((1, 216), dtype=np.uint8)
    >>> encoder.encode(white).hex()  # EOL, 010011011 00110101, fill
    '0014d9a80000000000000000'
    >>> encoder.finish().hex()
    '001001001001001001'
    """

    def __init__(self, coding: Coding, width: int, *, k: int = 4, minimum_bits: int = 0) -> None:
        self._octets = _row_octets(coding, width)
        if k < 1 or minimum_bits < 0 or (coding == "MMR" and minimum_bits):
            raise T4Error(f"{coding} has no lines of {minimum_bits} bits, one in {k} by itself")
        self._state = np.zeros(1, dtype=encoding.STATE)
        self._state["coding"], self._state["width"] = _CODINGS[coding], width
        self._state["k"], self._state["minimum"] = k, minimum_bits
        self._lines = encoding.blank_lines(width)
        self._room = encoding.room(width, minimum_bits)

    def encode(self, rows: Packed) -> bytes:
        """Encode the next rows.

        Parameters
        ----------
        rows
            ``(n, (width + 7) // 8)`` uint8. Bits after the last pixel are not looked at.

        Returns
        -------
        bytes
            Those that are whole by now; up to seven bits come with what is next.

        Raises
        ------
        T4Error
            When rows are of another width.
        """
        if rows.ndim != 2 or rows.shape[1] != self._octets or rows.dtype != np.uint8:
            raise T4Error(f"rows are of {self._octets} octets, not {rows.dtype} {rows.shape}")
        parts = []
        for begin in range(0, len(rows), _AT_ONCE):
            # a read-only array would be compiled for anew
            some = np.require(rows[begin : begin + _AT_ONCE], requirements=["C", "W"])
            octets = np.empty(len(some) * self._room + _ENDS, dtype=np.uint8)
            count = encoding.encode(self._state, _words(), some.reshape(-1), self._lines, octets)
            parts.append(octets[:count].tobytes())
        return b"".join(parts)

    def finish(self) -> bytes:
        """End the page: RTC or EOFB, and zeros up to a whole octet."""
        octets = np.empty(_ENDS, dtype=np.uint8)
        return octets[: encoding.close(self._state, octets)].tobytes()


def encode(rows: Packed, width: int, coding: Coding, *, k: int = 4, minimum_bits: int = 0) -> bytes:
    """Encode a page, as :class:`Encoder` does.

    Examples
    --------
    >>> rows = pack(np.array([[False, True, True, False, False]]))
    >>> encode(rows, 5, "MMR").hex()
    '23f0010010'
    """
    encoder = Encoder(coding, width, k=k, minimum_bits=minimum_bits)
    return encoder.encode(rows) + encoder.finish()


@dataclass(frozen=True, slots=True)
class Quality:
    """How a page has come.

    Parameters
    ----------
    rows
        How many there are, good or not.
    bad_rows
        Those that were damaged; the good one before stands in their place.
    longest_bad_run
        The most of them in a row.
    flaws
        How many lines had each, of MMR one at the most, which ends the page. ``"code"``: bits are
        no code word. ``"over"``: a run goes past the width. ``"short"``: an EOL comes, or nothing
        more at all, before the width is full. ``"long"``: more comes when it is full.
        ``"reference"``: the row that a line differs from was damaged.
    eols
        The most EOLs in a row, with no line between.
    ended
        Whether RTC or EOFB has come. Four EOLs are taken for RTC, so that any may be damaged.
    full
        Whether there were more rows than are taken.
    """

    rows: int
    bad_rows: int
    longest_bad_run: int
    flaws: dict[Flaw, int]
    eols: int
    ended: bool
    full: bool


class Decoder:
    """Make rows of a page's octets or bits, as they come.

    Whatever they are, rows come out, or none: nothing is raised. However they are cut, the rows
    are the same.

    What comes before the first EOL of MH and MR is skipped. A damaged line is replaced by the good
    one before it, or a white one; the next one that is good by itself goes on. After damage in
    MMR nothing can be decoded: the page ends with the row before.

    Parameters
    ----------
    coding
        ``"MH"``, ``"MR"`` or ``"MMR"``.
    width
        Pixels of a row.
    limit
        Rows at the most; what is beyond is dropped.

    Raises
    ------
    T4Error
        When there is no such coding, width or limit.

    Examples
    --------
    >>> decoder = Decoder("MH", 1728)
    >>> decoder.process(bytes.fromhex("0014d9a8 00a6cd400555 55"))[:, :2].tolist()
    [[0, 0], [0, 0]]
    >>> decoder.finish()[:, :2].tolist()
    [[0, 0]]
    >>> decoder.quality.bad_rows, decoder.quality.flaws
    (1, {'short': 1})
    """

    def __init__(self, coding: Coding, width: int, *, limit: int = LIMIT) -> None:
        self._octets = _row_octets(coding, width)
        if limit < 1:
            raise T4Error(f"a page of {limit} rows is none")
        self._state = np.zeros(1, dtype=decoding.STATE)
        self._state["coding"], self._state["width"] = _CODINGS[coding], width
        self._state["limit"] = limit
        self._lines = encoding.blank_lines(width)
        decoding.begin(self._state, self._lines)
        self._rest = np.zeros(0, dtype=np.uint8)
        self._bits = np.zeros(0, dtype=np.uint8)

    @property
    def done(self) -> bool:
        """Whether no more rows will come, whatever is decoded."""
        return bool(self._state["phase"][0] == decoding.DONE)

    @property
    def quality(self) -> Quality:
        """How the page has come up to now."""
        state = self._state[0]
        counts = zip(_FLAWS, state["flaws"][1:].tolist(), strict=True)
        return Quality(
            rows=int(state["rows"]),
            bad_rows=int(state["bad"]),
            longest_bad_run=int(state["longest"]),
            flaws={flaw: count for flaw, count in counts if count},
            eols=int(state["most_eols"]),
            ended=bool(state["ended"]),
            full=bool(state["full"]),
        )

    def process(self, octets: bytes) -> Packed:
        """Decode the next octets.

        Parameters
        ----------
        octets
            The bit that was sent first is the highest; see :func:`flip`.

        Returns
        -------
        numpy.ndarray
            ``(n, (width + 7) // 8)`` uint8: the rows that are known by them, ``n`` ≥ 0.
        """
        given = np.frombuffer(octets, dtype=np.uint8)
        if len(self._bits):
            return self.process_bits(np.unpackbits(given))
        return self._decoded(given)

    def process_bits(self, bits: Bits) -> Packed:
        """Decode the next bits, as :meth:`process` does octets.

        Parameters
        ----------
        bits
            ``(n,)`` uint8, as received.
        """
        bits = np.concatenate([self._bits, bits])
        whole = len(bits) // 8 * 8
        self._bits = bits[whole:]
        return self._decoded(np.packbits(bits[:whole]))

    def finish(self) -> Packed:
        """Decode what there is without more to come; return the last rows."""
        rest, self._bits = self._bits, self._bits[:0]
        return self._decoded(np.packbits(rest), excess=-len(rest) % 8, final=True)

    def _decoded(self, given: Packed, *, excess: int = 0, final: bool = False) -> Packed:
        """Decode octets but the last `excess` bits."""
        none = np.empty((0, self._octets), dtype=np.uint8)
        if self.done:
            self._rest = self._rest[:0]
            return none
        octets = np.concatenate([self._rest, given, np.zeros(decoding.PAST_END, dtype=np.uint8)])
        end = 8 * (len(octets) - decoding.PAST_END) - excess
        self._state["end"], self._state["final"] = end, final
        parts = []
        while not self.done:
            # a row has a bit at least, but for one that was complete and one that is closed
            room = min(end - int(self._state["position"][0]) + 3, _AT_ONCE)
            rows = np.empty(room * self._octets + decoding.PAST_END, dtype=np.uint8)
            self._state["room"] = room
            count = decoding.decode(self._state, _by_bits(), octets, self._lines, rows)
            parts.append(rows[: count * self._octets].reshape(count, self._octets))
            if count < room:
                break
        position = int(self._state["position"][0])
        seen = max(position - decoding.BEHIND, 0) // 8
        self._rest = octets[seen : -decoding.PAST_END]
        self._state["position"] = position - 8 * seen
        return np.concatenate([none, *parts])


def decode(
    octets: bytes, width: int, coding: Coding, *, limit: int = LIMIT
) -> tuple[Packed, Quality]:
    """Decode a page, as :class:`Decoder` does.

    Examples
    --------
    >>> rows, quality = decode(bytes.fromhex("23f0010010"), 5, "MMR")
    >>> unpack(rows, 5).astype(int).tolist(), quality.ended
    ([[0, 1, 1, 0, 0]], True)
    """
    decoder = Decoder(coding, width, limit=limit)
    rows = np.concatenate([decoder.process(octets), decoder.finish()])
    return rows, decoder.quality


@cache
def _words() -> NDArray[np.void]:
    tables = np.zeros(1, dtype=encoding.TABLES)
    tables["runs"], tables["modes"] = words_of_runs(), words_of_modes()
    return tables


@cache
def _by_bits() -> NDArray[np.void]:
    tables = np.zeros(1, dtype=decoding.TABLES)
    tables["runs"], tables["modes"] = runs_by_bits(), modes_by_bits()
    return tables


def _row_octets(coding: str, width: int) -> int:
    if coding not in _CODINGS:
        raise T4Error(f"no coding {coding!r}, only {', '.join(_CODINGS)}")
    if not 1 <= width <= _WIDEST:
        raise T4Error(f"rows of {width} pixels: there are 1 to {_WIDEST}")
    return (width + 7) // 8
