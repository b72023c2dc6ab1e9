"""Events: what FreeSWITCH tells, in its three formats, decoded no further than is asked.

A plain event's header values are %-encoded; an empty value comes as ``_undef_``, an array as
``ARRAY::a|:b``, and a body of its own is counted by a ``Content-Length`` among its headers. JSON
values come as they are, arrays as arrays, the body as ``_body``. XML values are %-encoded, an
array is the same element again. Here they are all alike: a value is a text, a list of texts, or
``None`` when it is empty.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import TypeAlias
from urllib.parse import unquote_to_bytes

Value: TypeAlias = str | list[str] | None

_ARRAY = "ARRAY::"
_EMPTY = frozenset((b"", b"_undef_"))
_VARIABLE = "variable_"


def decode_text(raw: bytes) -> str:
    """Return bytes from the wire as text; what is no UTF-8 becomes U+FFFD."""
    return raw.decode("utf-8", "replace")


def decode_value(raw: bytes) -> Value:
    """Return a plain event's header value.

    Examples
    --------
    >>> decode_value(b"a%20b"), decode_value(b"ARRAY%3A%3Aa%7C%3Ab"), decode_value(b"_undef_")
    ('a b', ['a', 'b'], None)
    """
    if raw in _EMPTY:
        return None
    text = decode_text(unquote_to_bytes(raw) if b"%" in raw else raw)
    if text.startswith(_ARRAY):
        return text[len(_ARRAY) :].split("|:")
    return text


class Event(Mapping[str, Value]):
    """One event: a mapping of its headers, spelled as FreeSWITCH spells them.

    Parameters
    ----------
    fields
        Headers and their values.
    body
        The event's own body.

    Examples
    --------
    >>> event = Event({"Event-Name": "DTMF", "DTMF-Digit": "5", "variable_lang": "fr"})
    >>> event.name, event["DTMF-Digit"], event.get("Hangup-Cause"), event.variables
    ('DTMF', '5', None, {'lang': 'fr'})
    """

    __slots__ = ("_body", "_fields", "name")

    def __init__(self, fields: dict[str, Value], body: str | None = None) -> None:
        self._fields: dict[str, Value] | None = fields
        self._body = body
        self.name = self.text("Event-Name")

    def _all(self) -> dict[str, Value]:
        assert self._fields is not None
        return self._fields

    def __getitem__(self, key: str) -> Value:
        return self._all()[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self._all())

    def __len__(self) -> int:
        return len(self._all())

    def __repr__(self) -> str:
        subclass = f" {self.subclass}" if self.subclass else ""
        return f"<{type(self).__name__} {self.name}{subclass}>"

    def text(self, key: str, default: str = "") -> str:
        """Return a header as one text.

        Parameters
        ----------
        key
            The header's name.
        default
            What is returned when it is absent or empty. The first element stands for a list.
        """
        try:
            value = self[key]
        except KeyError:
            return default
        if isinstance(value, list):
            value = value[0] if value else None
        return default if value is None else value

    @property
    def subclass(self) -> str:
        """Subclass of a CUSTOM event; empty otherwise."""
        return self.text("Event-Subclass")

    @property
    def body(self) -> str | None:
        """The event's own body, or None."""
        return self._body

    @property
    def variables(self) -> dict[str, Value]:
        """The channel variables that it carries, without their prefix."""
        return {
            key.removeprefix(_VARIABLE): value
            for key, value in self._all().items()
            if key.startswith(_VARIABLE)
        }


@lru_cache(4096)
def _needle(key: str) -> bytes:
    """Return what stands before a header's value; for no possible header, what is nowhere."""
    if ": " in key or "\n" in key or not key:
        return b"\n\n\n"
    return b"\n" + key.encode("utf-8", "surrogatepass") + b": "


class PlainEvent(Event):
    """A plain event as it came; a header is searched and decoded when it is asked for."""

    __slots__ = ("_end", "_raw")

    def __init__(self, raw: bytes) -> None:
        # With a line end before it, the first header is found as every other.
        self._raw = raw = b"\n" + raw
        # Most events have no body, and the header that counts one is found faster than two \n.
        end = raw.find(b"\n\n") if b"\nContent-Length: " in raw else -1
        self._end = len(raw) if end < 0 else end
        self._fields = None
        self.name = self.text("Event-Name")

    def __getitem__(self, key: str) -> Value:
        if self._fields is not None:
            return self._fields[key]
        raw = self._raw
        needle = _needle(key)
        start = raw.find(needle, 0, self._end) + len(needle)
        if start < len(needle):
            raise KeyError(key)
        end = raw.find(b"\n", start, self._end)
        return decode_value(raw[start:end] if end >= 0 else raw[start : self._end])

    def _all(self) -> dict[str, Value]:
        if self._fields is None:
            fields: dict[str, Value] = {}
            for line in self._raw[: self._end].split(b"\n"):
                name, separator, value = line.partition(b": ")
                if separator and name:
                    fields.setdefault(decode_text(name), decode_value(value))
            self._fields = fields
        return self._fields

    @property
    def body(self) -> str | None:
        """The event's own body, or None."""
        length = self.text("Content-Length")
        if not (length.isascii() and length.isdigit()):
            return None
        start = self._end + 2
        return decode_text(self._raw[start : start + int(length)]) or None
