"""What an application writes: commands, cut out of a stream of bytes."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from .errors import CommandTooLongError
from .written import number

MAX_HEAD = 1 << 20
"""Bytes of a command's lines, at most."""
MAX_BODY = 16 << 20
"""Bytes of a command's body, at most."""

_END = re.compile(rb"\n\r*(\n|\Z)")
"""An empty line; or what one may begin with, where there is nothing behind it yet."""


@dataclass(frozen=True, slots=True)
class Command:
    """One command: its first line, the headers under it, and a body.

    Parameters
    ----------
    line
        As it was written, without the spaces around it.
    headers
        Name and value in order; a name may come twice, as ``application`` of xferext does.
    body
        What ``content-length`` announced, as UTF-8; odd bytes are kept by surrogateescape.
    """

    line: str
    headers: tuple[tuple[str, str], ...] = ()
    body: str = ""

    @property
    def word(self) -> str:
        """The command's name in small letters."""
        return self.line.split(" ", 1)[0].lower()

    @property
    def argument(self) -> str:
        """What follows the name."""
        return self.line.partition(" ")[2].strip()

    def get(self, name: str, default: str = "") -> str:
        """Return the first value of a header; names know no case."""
        folded = name.lower()
        return next((value for key, value in self.headers if key.lower() == folded), default)

    def true(self, name: str) -> bool:
        """Whether a header says yes, in any of FreeSWITCH's words for it."""
        return is_true(self.get(name))


def is_true(value: str | None) -> bool:
    """Whether a value means yes: true, yes, on, enabled, active, allow, or a number but 0."""
    word = (value or "").strip().lower()
    if word in {"true", "yes", "on", "enable", "enabled", "active", "t", "allow"}:
        return True
    try:
        return int(word) != 0
    except ValueError:
        return False


@dataclass(slots=True)
class CommandReader:
    r"""Cut commands out of a stream, however the stream is cut.

    Examples
    --------
    >>> reader = CommandReader()
    >>> reader.feed(b"conn")
    >>> reader.feed(b"ect\n\nget")
    >>> reader.next_command()
    Command(line='connect', headers=(), body='')
    >>> reader.next_command() is None
    True
    """

    _buffer: bytearray = field(default_factory=bytearray)
    _searched: int = 0

    def feed(self, data: bytes) -> None:
        """Take what the application wrote."""
        self._buffer += data

    def next_command(self) -> Command | None:
        """Return the next whole command, or ``None`` while there is none.

        Raises
        ------
        CommandTooLongError
            More than :data:`MAX_HEAD` bytes without an empty line, or a body past
            :data:`MAX_BODY`.
        """
        start = _first_word(self._buffer)
        del self._buffer[:start]
        self._searched = max(0, self._searched - start)
        end = _END.search(self._buffer, self._searched)
        if end is None or not end[1]:
            self._searched = len(self._buffer) if end is None else end.start()
            if len(self._buffer) > MAX_HEAD:
                raise CommandTooLongError(f"{len(self._buffer)} bytes of a command without its end")
            return None
        command = _parse(bytes(self._buffer[: end.start()]))
        length = _length(command)
        if len(self._buffer) < end.end() + length:
            return None
        body = bytes(self._buffer[end.end() : end.end() + length])
        del self._buffer[: end.end() + length]
        self._searched = 0
        return Command(command.line, command.headers, _text(body))


def _first_word(buffer: bytearray) -> int:
    """Find the first byte that is not an empty line's; those between commands mean nothing."""
    start = 0
    while start < len(buffer) and buffer[start] in b"\r\n":
        start += 1
    return start


def _parse(head: bytes) -> Command:
    first, *rest = (line.strip("\r") for line in _text(head).split("\n"))
    headers = []
    for line in rest:
        name, colon, value = line.partition(":")
        if colon:
            headers.append((name.strip(), value.strip()))
    return Command(first.strip(), tuple(headers))


def _length(command: Command) -> int:
    digits = command.get("content-length", "0").strip()
    length = number(digits, 11) or 0
    if length > MAX_BODY:
        raise CommandTooLongError(f"a command announces a body of {length} bytes")
    return length


def _text(raw: bytes) -> str:
    return raw.decode("utf-8", "surrogateescape")
