"""Events of the switch and their three forms on the wire: plain, JSON and XML."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TypeAlias
from xml.sax.saxutils import escape

Value: TypeAlias = str | list[str]
Headers: TypeAlias = list[tuple[str, Value]]

FORMATS = ("plain", "json", "xml")

_UNSAFE = re.compile(rb"[\x00-\x20\"#%&+:;<=>?@\[\\\]^`{|}\x7f-\xff]")
_ESCAPES = [b"%%%02X" % byte for byte in range(256)]


def encode(value: str) -> str:
    """Encode a header's value as FreeSWITCH does: ``%XX`` for what is not safe in a URL.

    Examples
    --------
    >>> encode("tone_stream://%(400,100,440)")
    'tone_stream%3A//%25(400,100,440)'
    """
    raw = value.encode("utf-8", "surrogateescape")
    return _UNSAFE.sub(lambda match: _ESCAPES[match[0][0]], raw).decode("ascii")


def flat(value: Value) -> str:
    """Write an array as the one string that stands for it in a plain event.

    Examples
    --------
    >>> flat(["port-9201", "9201"])
    'ARRAY::port-9201|:9201'
    """
    return value if isinstance(value, str) else "ARRAY::" + "|:".join(value)


@dataclass(frozen=True, slots=True)
class Event:
    """One event: what it is called, whose it is, its headers in order, and a body of its own.

    Parameters
    ----------
    name
        ``Event-Name``; it is among the headers too.
    uuid
        The call it is about; empty when it is about none.
    headers
        In the order in which they are written; a name may come twice.
    body
        Text after the headers, as a background job's result is.
    subclass
        ``Event-Subclass`` of a CUSTOM event.
    """

    name: str
    uuid: str
    headers: Headers
    body: str = ""
    subclass: str = ""

    def get(self, name: str) -> str | None:
        """Return the first value of a header, arrays flattened; names know no case."""
        folded = name.casefold()
        for key, value in self.headers:
            if key.casefold() == folded:
                return flat(value)
        return None


def plain(headers: Iterable[tuple[str, Value]]) -> str:
    """Write headers as ``Name: value`` lines, values encoded; an empty value is ``_undef_``."""
    return "".join(f"{name}: {encode(flat(value) or '_undef_')}\n" for name, value in headers)


def frame(headers: Iterable[tuple[str, str]], body: str = "") -> bytes:
    """Write one frame of the event socket: headers as they are, an empty line, a body."""
    head = "".join(f"{name}: {value}\n" for name, value in headers)
    return (head + "\n" + body).encode("utf-8", "surrogateescape")


def render(event: Event, form: str) -> bytes:
    """Write an event as the frame that a socket in this format gets."""
    write = {"plain": _plain, "json": _json, "xml": _xml}[form]
    body = write(event)
    length = len(body.encode("utf-8", "surrogateescape"))
    return frame([("Content-Length", str(length)), ("Content-Type", f"text/event-{form}")], body)


def _length(event: Event) -> str:
    return str(len(event.body.encode("utf-8", "surrogateescape")))


def _plain(event: Event) -> str:
    head = plain(event.headers)
    return f"{head}Content-Length: {_length(event)}\n\n{event.body}" if event.body else head + "\n"


def _json(event: Event) -> str:
    fields: dict[str, Value] = {}
    for name, value in event.headers:
        fields.setdefault(name, value)
    if event.body:
        fields["Content-Length"] = _length(event)
        fields["_body"] = event.body
    return json.dumps(fields, ensure_ascii=False, separators=(",", ":"))


def _xml(event: Event) -> str:
    lines = ["<event>\n  <headers>\n"]
    lines += [f"    <{name}>{escape(encode(one))}</{name}>\n" for name, one in _single(event)]
    lines.append("  </headers>\n")
    if event.body:
        lines.append(f"  <Content-Length>{_length(event)}</Content-Length>\n")
        lines.append(f"  <body>{escape(event.body)}</body>\n")
    lines.append("</event>\n")
    return "".join(lines)


def _single(event: Event) -> Iterator[tuple[str, str]]:
    for name, value in event.headers:
        for one in [value] if isinstance(value, str) else value:
            yield name, one
