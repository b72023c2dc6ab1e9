"""Events in JSON.

FreeSWITCH writes an event as one flat object without blanks. Within a JSON text a bare quote only
ever begins or ends a string, so ``,"Name":"`` is found nowhere but before that header's value:
it can be read without parsing the rest.
"""

from __future__ import annotations

import json
from functools import lru_cache

from mediasock.esl.errors import ProtocolError
from mediasock.esl.events import Event, Value, decode_text

_BODY = "_body"


@lru_cache(4096)
def _needle(key: str) -> bytes:
    return json.dumps(key).encode() + b':"'


class JsonEvent(Event):
    """A JSON event as it came; it is parsed when a search does not find what is asked for.

    Parameters
    ----------
    raw
        The frame's body.

    Raises
    ------
    ProtocolError
        Here or when it is read in full: it is no JSON object.
    """

    __slots__ = ("_raw",)

    def __init__(self, raw: bytes) -> None:
        self._raw = raw
        self._fields = None
        self._body = None
        self.name = self.text("Event-Name")

    def __getitem__(self, key: str) -> Value:
        if self._fields is None and key != _BODY:
            raw = self._raw
            needle = _needle(key)
            found = raw.find(needle)
            start = found + len(needle)
            end = raw.find(b'"', start)
            if found > 0 and end >= 0 and raw[found - 1] in b",{":
                value = raw[start:end]
                if b"\\" not in value:
                    return decode_text(value) or None
        return self._all()[key]

    def _all(self) -> dict[str, Value]:
        if self._fields is None:
            fields = _parse(self._raw)
            self._body = _text(fields.pop(_BODY, None)) or None
            self._fields = {key: _value(value) for key, value in fields.items()}
        return self._fields

    @property
    def body(self) -> str | None:
        """The event's own body, or None."""
        self._all()
        return self._body


def _parse(raw: bytes) -> dict[str, object]:
    try:
        fields = json.loads(decode_text(raw), object_pairs_hook=_first_wins)
    except (ValueError, RecursionError) as error:
        raise ProtocolError(f"an event is no JSON: {error}") from None
    if not isinstance(fields, dict):
        raise ProtocolError(f"a JSON event is a {type(fields).__name__}, not an object")
    return fields


def _first_wins(pairs: list[tuple[str, object]]) -> dict[str, object]:
    fields: dict[str, object] = {}
    for key, value in pairs:
        fields.setdefault(key, value)
    return fields


def _text(value: object) -> str:
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value)


def _value(value: object) -> Value:
    if isinstance(value, list):
        return [_text(item) for item in value]
    return _text(value) or None
