from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mediasock.esl.errors import ProtocolError
from mediasock.esl.json_event import JsonEvent

TEXTS = st.text(max_size=20) | st.sampled_from(['","A":"', "\\", '"A":"x"', "{", "[", '\\"'])
SCALARS = TEXTS.filter(lambda text: not any(0xD800 <= ord(c) <= 0xDFFF for c in text))
FLAT = st.dictionaries(SCALARS, SCALARS | st.lists(SCALARS, max_size=3), max_size=6)


def written(fields: object, *, blanks: bool = False, ascii_only: bool = False) -> bytes:
    separators = None if blanks else (",", ":")
    return json.dumps(fields, separators=separators, ensure_ascii=ascii_only).encode()


@given(fields=FLAT, blanks=st.booleans(), ascii_only=st.booleans())
def test_a_header_is_the_same_searched_or_parsed(
    fields: dict[str, str | list[str]], blanks: bool, ascii_only: bool
) -> None:
    fields = {"Event-Name": "X", **fields}
    fields.pop("_body", None)
    raw = written(fields, blanks=blanks, ascii_only=ascii_only)
    expected = {
        key: value if isinstance(value, list) else value or None for key, value in fields.items()
    }
    assert {key: JsonEvent(raw)[key] for key in fields} == expected
    assert dict(JsonEvent(raw)) == expected


@given(
    raw=st.binary(max_size=80)
    | st.recursive(
        st.none() | st.booleans() | st.floats() | st.text(max_size=5),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    ).map(lambda value: json.dumps(value).encode())
)
def test_any_bytes_are_an_event_or_a_protocol_error(raw: bytes) -> None:
    try:
        event = JsonEvent(raw)
        assert event.name == event.text("Event-Name")
        assert all(isinstance(key, str) for key in event)
    except ProtocolError as error:
        assert "event" in str(error)


def test_a_body_is_no_header() -> None:
    event = JsonEvent(b'{"Event-Name":"CUSTOM","Event-Subclass":"a::b","_body":"x\\ny"}')
    assert (event.name, event.subclass, event.body) == ("CUSTOM", "a::b", "x\ny")
    assert "_body" not in event
    assert event.get("_body") is None


def test_no_body_is_none() -> None:
    assert JsonEvent(b'{"Event-Name":"X"}').body is None
    assert JsonEvent(b'{"Event-Name":"X","_body":""}').body is None


def test_what_is_no_text_becomes_one() -> None:
    event = JsonEvent(b'{"Event-Name":"X","n":1,"l":[1,null],"z":null}')
    assert dict(event) == {"Event-Name": "X", "n": "1", "l": ["1", ""], "z": None}


def test_the_first_of_two_headers_counts_searched_and_parsed() -> None:
    event = JsonEvent(b'{"Event-Name":"X","A":"1","A":"2"}')
    assert event["A"] == "1"
    assert dict(event)["A"] == "1"


def test_bytes_that_are_no_utf8_do_not_lose_the_event() -> None:
    event = JsonEvent(b'{"Event-Name":"X","Caller-Caller-ID-Name":"M\xfcller"}')
    assert event["Caller-Caller-ID-Name"] == "M\ufffdller"


@pytest.mark.parametrize("raw", [b"", b"[]", b'"x"', b"{", b"[" * 100_000, b"1" * 10_000])
def test_what_is_no_object_is_a_protocol_error(raw: bytes) -> None:
    with pytest.raises(ProtocolError):
        JsonEvent(raw)
