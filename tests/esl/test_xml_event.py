from __future__ import annotations

from urllib.parse import quote
from xml.sax.saxutils import escape

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mediasock.esl.errors import ProtocolError
from mediasock.esl.xml_event import parse_xml

NAMES = st.from_regex(r"[A-Za-z][A-Za-z0-9_-]{0,12}", fullmatch=True)
VALUES = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=20)


def written(pairs: list[tuple[str, str]], body: str = "") -> bytes:
    lines = "".join(f"    <{name}>{quote(value)}</{name}>\n" for name, value in pairs)
    tail = f"  <body>{escape(body)}</body>\n" if body else ""
    return f"<event>\n  <headers>\n{lines}  </headers>\n{tail}</event>".encode()


@given(fields=st.dictionaries(NAMES, VALUES, max_size=6))
def test_headers_come_back(fields: dict[str, str]) -> None:
    assert dict(parse_xml(written(list(fields.items())))) == {
        key: value or None for key, value in fields.items()
    }


def test_an_element_that_comes_again_makes_a_list() -> None:
    event = parse_xml(written([("Event-Name", "X"), ("a", "1"), ("a", ""), ("a", "3")]))
    assert event["a"] == ["1", "", "3"]
    assert event.name == "X"


def test_a_body_is_unescaped_and_not_decoded() -> None:
    event = parse_xml(written([("Event-Name", "X")], body="50%20 <b> & c\n"))
    assert event.body == "50%20 <b> & c\n"


@given(raw=st.binary(max_size=100))
def test_any_bytes_are_an_event_or_a_protocol_error(raw: bytes) -> None:
    try:
        event = parse_xml(raw)
    except ProtocolError:
        return
    assert all(isinstance(key, str) for key in event)


@pytest.mark.parametrize(
    "raw",
    [
        b'<!DOCTYPE event [<!ENTITY a "aaaa">]><event><headers><a>&a;</a></headers></event>',
        b'<!DOCTYPE e SYSTEM "file:///etc/passwd"><event/>',
        b"<event><headers><a>&undefined;</a></headers></event>",
        b"<other><headers/></other>",
        b"<event>",
    ],
)
def test_entities_and_other_documents_are_refused(raw: bytes) -> None:
    with pytest.raises(ProtocolError):
        parse_xml(raw)
