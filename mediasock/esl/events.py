"""Events: what FreeSWITCH tells, in its three formats, decoded no further than is asked.

A plain event's header values are %-encoded; an empty value comes as ``_undef_``, an array as
``ARRAY::a|:b``, and a body of its own is counted by a ``Content-Length`` among its headers. JSON
values come as they are, arrays as arrays, the body as ``_body``. XML values are %-encoded, an
array is the same element again. Here they are all alike: a value is a text, a list of texts, or
``None`` when it is empty.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import TypeAlias
from urllib.parse import unquote_to_bytes
from xml.parsers import expat

from mediasock.esl.errors import ProtocolError

Value: TypeAlias = str | list[str] | None

_ARRAY = "ARRAY::"
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
    if raw in (b"_undef_", b""):
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


class PlainEvent(Event):
    """A plain event as it came; a header is searched and decoded when it is asked for."""

    __slots__ = ("_end", "_raw")

    def __init__(self, raw: bytes) -> None:
        self._raw = raw
        end = raw.find(b"\n\n")
        self._end = len(raw) if end < 0 else end
        self._fields = None
        self.name = self.text("Event-Name")

    def __getitem__(self, key: str) -> Value:
        if self._fields is not None:
            return self._fields[key]
        raw = self._raw
        name = key.encode("utf-8", "surrogatepass") + b": "
        if name.find(b": ") != len(name) - 2 or b"\n" in name:
            raise KeyError(key)
        if raw.startswith(name, 0, self._end):
            start = len(name)
        else:
            found = raw.find(b"\n" + name, 0, self._end)
            if found < 0:
                raise KeyError(key)
            start = found + 1 + len(name)
        end = raw.find(b"\n", start, self._end)
        return decode_value(raw[start : self._end if end < 0 else end])

    def _all(self) -> dict[str, Value]:
        if self._fields is None:
            fields: dict[str, Value] = {}
            for line in self._raw[: self._end].split(b"\n"):
                name, separator, value = line.partition(b": ")
                if separator:
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


def parse_json(raw: bytes) -> Event:
    """Return a JSON event.

    Raises
    ------
    ProtocolError
        It is no JSON object.
    """
    try:
        fields = json.loads(decode_text(raw))
    except (ValueError, RecursionError) as error:
        raise ProtocolError(f"an event is no JSON: {error}") from None
    if not isinstance(fields, dict):
        raise ProtocolError(f"a JSON event is a {type(fields).__name__}, not an object")
    body = fields.pop("_body", None)
    for key, value in fields.items():
        if not isinstance(value, str) or not value:
            fields[key] = _json_value(value)
    return Event(fields, _json_text(body) or None)


def _json_text(value: object) -> str:
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value)


def _json_value(value: object) -> Value:
    if isinstance(value, list):
        return [_json_text(item) for item in value]
    return _json_text(value) or None


class _XmlReader:
    """Gathers the headers and the body of one XML event."""

    def __init__(self) -> None:
        self.fields: dict[str, Value] = {}
        self.body: str | None = None
        self._path: list[str] = []
        self._text: list[str] = []

    def start(self, name: str, _attributes: dict[str, str]) -> None:
        self._path.append(name)
        self._text.clear()
        if len(self._path) == 1 and name != "event":
            raise ProtocolError(f"an XML event is a <{name[:40]}>")

    def data(self, text: str) -> None:
        self._text.append(text)

    def end(self, name: str) -> None:
        text = "".join(self._text)
        if self._path == ["event", "body"]:
            self.body = text or None
        elif self._path == ["event", "headers", name]:
            value = decode_text(unquote_to_bytes(text)) or None
            self.fields[name] = self._joined(name, value)
        self._path.pop()
        self._text.clear()

    def _joined(self, name: str, value: str | None) -> Value:
        """Return the value of an element; one that comes again makes a list."""
        if name not in self.fields:
            return value
        before = self.fields[name]
        return [*(before if isinstance(before, list) else [before or ""]), value or ""]


def _refuse_doctype(*_: object) -> None:
    raise ProtocolError("an XML event has a document type, so it could have entities")


def parse_xml(raw: bytes) -> Event:
    """Return an XML event.

    Raises
    ------
    ProtocolError
        It is no well-formed XML event, or it declares a document type.
    """
    reader = _XmlReader()
    parser = expat.ParserCreate("UTF-8")
    parser.buffer_text = True
    parser.StartDoctypeDeclHandler = _refuse_doctype
    parser.StartElementHandler = reader.start
    parser.EndElementHandler = reader.end
    parser.CharacterDataHandler = reader.data
    try:
        parser.Parse(decode_text(raw), True)
    except (expat.ExpatError, ValueError) as error:
        raise ProtocolError(f"an event is no XML: {error}") from None
    return Event(reader.fields, reader.body)
