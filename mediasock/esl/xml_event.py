"""Events in XML, read by a parser that takes no document type and so has no entities."""

from __future__ import annotations

from urllib.parse import unquote_to_bytes
from xml.parsers import expat

from mediasock.esl.errors import ProtocolError
from mediasock.esl.events import Event, Value, decode_text


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
