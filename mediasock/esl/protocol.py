"""The event socket's framing, sans I/O: bytes in, frames out.

A frame is a block of headers up to an empty line, and a body when the headers count one. Here
headers are split, and nothing is decoded: what decoding a frame needs depends on its kind, and a
value decoded before the split could pass for a header.

A ``command/reply`` has no body, whatever its headers say: its text may be a channel variable's
raw value with line breaks in it, and only the first ``Content-Type`` is FreeSWITCH's own.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Final

from mediasock.esl.errors import ProtocolError

MAX_HEADERS: Final = 1 << 20
"""Bytes of a header block beyond which the peer is not heard any more."""

MAX_BODY: Final = 16 << 20
"""Bytes of a body beyond which the peer is not heard any more."""

REPLY: Final = b"command/reply"
API: Final = b"api/response"
PLAIN: Final = b"text/event-plain"
JSON: Final = b"text/event-json"
XML: Final = b"text/event-xml"
LOG: Final = b"log/data"
NOTICE: Final = b"text/disconnect-notice"
REJECTION: Final = b"text/rude-rejection"
AUTH: Final = b"auth/request"
STRAY: Final = b""
"""Kind of a block without a Content-Type, which FreeSWITCH itself never starts a frame with."""

_LENGTH_DIGITS = 9
_NEWLINE = 10
_SHORT = 80


class Frame:
    """One frame as it came.

    Attributes
    ----------
    kind
        Its Content-Type, such as ``b"command/reply"``; empty when it has none.
    head
        Its header block, undecoded, without the empty line.
    body
        Its body, undecoded.
    """

    __slots__ = ("body", "head", "kind")

    def __init__(self, kind: bytes, head: bytes, body: bytes = b"") -> None:
        self.kind = kind
        self.head = head
        self.body = body

    def __repr__(self) -> str:
        return f"Frame({self.kind!r}, {len(self.head)} bytes of headers, {len(self.body)} of body)"

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Frame):
            return NotImplemented
        return (self.kind, self.head, self.body) == (other.kind, other.head, other.body)

    __hash__ = None  # type: ignore[assignment]

    def header(self, name: bytes) -> bytes | None:
        """Return the first header of this name, undecoded, or None."""
        for line in self.head.split(b"\n"):
            if line.startswith(name) and line[len(name) : len(name) + 1] == b":":
                return line[len(name) + 1 :].strip()
        return None


class Parser:
    r"""Cuts a stream of bytes into frames, however the stream itself was cut.

    Attributes
    ----------
    error
        What made the stream unreadable; from then on every byte is ignored.

    Examples
    --------
    >>> parser = Parser()
    >>> parser.receive(b"Content-Type: api/response\nContent-Length: 3\n\n+O")
    []
    >>> [(frame.kind, frame.body) for frame in parser.receive(b"K")]
    [(b'api/response', b'+OK')]
    """

    def __init__(self) -> None:
        self.error: ProtocolError | None = None
        self._buffer = bytearray()
        self._searched = 0
        self._head: bytes | None = None
        self._kind = STRAY
        self._length = 0

    def receive(self, data: bytes) -> list[Frame]:
        """Take bytes, give the frames that they complete.

        Parameters
        ----------
        data
            The next bytes of the stream.

        Returns
        -------
        list of Frame
            In order. When the stream becomes unreadable behind them, ``error`` says so.
        """
        frames: list[Frame] = []
        if self.error is not None:
            return frames
        buffer = self._buffer
        buffer += data
        start = 0
        try:
            with memoryview(buffer) as view:
                while True:
                    if self._head is None:
                        start, found = self._next_head(start, view)
                        if not found:
                            break
                    end = start + self._length
                    if end > len(view):
                        break
                    assert self._head is not None
                    frames.append(Frame(self._kind, self._head, bytes(view[start:end])))
                    self._head = None
                    start = end
        except ProtocolError as error:
            self.error = error
            buffer.clear()
            return frames
        del buffer[:start]
        self._searched = max(0, self._searched - start)
        return frames

    def _next_head(self, start: int, view: memoryview) -> tuple[int, bool]:
        """Find a header block; give where to go on, and whether one is whole."""
        buffer = self._buffer
        size = len(buffer)
        while start < size and buffer[start] == _NEWLINE:
            start += 1
        end = buffer.find(b"\n\n", max(start, self._searched))
        if (size if end < 0 else end) - start > MAX_HEADERS:
            raise ProtocolError(f"a header block is longer than {MAX_HEADERS} bytes")
        if end < 0:
            self._searched = max(start, size - 1)
            return start, False
        self._head = bytes(view[start:end])
        few = end - start < _SHORT
        self._kind, self._length = (_known if few else _kind_and_length)(self._head)
        self._searched = end + 2
        return end + 2, True


def _kind_and_length(head: bytes) -> tuple[bytes, int]:
    kind = length = None
    for line in head.split(b"\n"):
        if kind is None and line.startswith(b"Content-Type:"):
            kind = line[13:].strip()
        elif length is None and line.startswith(b"Content-Length:"):
            length = line[15:].strip()
    if kind is None:
        return STRAY, 0
    if length is None or kind == REPLY:
        return kind, 0
    if not length.isdigit() or len(length) > _LENGTH_DIGITS:
        raise ProtocolError(f"Content-Length of a {kind!r} is no length: {length[:40]!r}")
    if int(length) > MAX_BODY:
        raise ProtocolError(f"a body of {int(length)} bytes is longer than {MAX_BODY}")
    return kind, int(length)


_known = lru_cache(1024)(_kind_and_length)
"""Heads of events are few and short, so most were read before."""
