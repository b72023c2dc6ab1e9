import json
import urllib.parse
import xml.etree.ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mediasock.switch.events import Event, encode, flat, frame, plain, render
from tests.support.desk import frames

NAMES = st.from_regex(r"[A-Za-z][A-Za-z-]{0,20}", fullmatch=True)
VALUES = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), min_size=1)


@given(VALUES)
def test_encoding_can_be_undone_and_is_one_line(text: str) -> None:
    assert urllib.parse.unquote(encode(text)) == text
    assert encode(text).isascii()
    assert not set(encode(text)) & set('\r\n "#%&+:;<=>?@[\\]^`{|}') - {"%"}


def test_what_freeswitch_leaves_alone() -> None:
    assert encode("Mon,/()*!'$~._-") == "Mon,/()*!'$~._-"


def test_bytes_that_are_no_text_are_encoded() -> None:
    assert encode(b"\xff".decode("utf-8", "surrogateescape")) == "%FF"


def test_an_empty_value_and_an_array() -> None:
    assert plain([("a", ""), ("b", ["x", "y"])]) == "a: _undef_\nb: ARRAY%3A%3Ax%7C%3Ay\n"
    assert flat(["x"]) == "ARRAY::x"


@given(st.lists(st.tuples(NAMES, VALUES), max_size=8, unique_by=lambda pair: pair[0]))
def test_plain_and_json_say_the_same(headers: list[tuple[str, str]]) -> None:
    event = Event("CUSTOM", "", [("Event-Name", "CUSTOM"), *headers])
    ((one,), (two,)) = frames(render(event, "plain")), frames(render(event, "json"))
    assert dict(one.headers) == dict(two.headers) == dict(event.headers)


def test_a_body_is_announced_inside() -> None:
    event = Event("BACKGROUND_JOB", "", [("Event-Name", "BACKGROUND_JOB")], "wörk\n")
    (one,) = frames(render(event, "plain"))
    assert (one.get("Content-Length"), one.body) == ("6", "wörk\n")
    body = render(event, "json").partition(b"\n\n")[2]
    assert json.loads(body)["_body"] == "wörk\n"
    tree = ET.fromstring(render(event, "xml").partition(b"\n\n")[2])
    assert tree.findtext("body") == "wörk\n"


def test_arrays_in_json_and_xml() -> None:
    event = Event("X", "", [("variable_DP_MATCH", ["a", "b"])])
    assert b'"variable_DP_MATCH":["a","b"]' in render(event, "json")
    assert render(event, "xml").count(b"<variable_DP_MATCH>") == 2


def test_the_length_counts_bytes() -> None:
    written = render(Event("X", "", [("name", "ä")]), "json")
    head, _, body = written.partition(b"\n\n")
    assert f"Content-Length: {len(body)}".encode() in head


def test_a_name_knows_no_case() -> None:
    event = Event("X", "", [("Unique-ID", "u"), ("list", ["1", "2"])])
    assert event.get("unique-id") == "u"
    assert event.get("LIST") == "ARRAY::1|:2"
    assert event.get("none") is None


def test_a_frame_is_headers_then_body() -> None:
    assert frame([("Content-Length", "2")], "hi") == b"Content-Length: 2\n\nhi"


@pytest.mark.parametrize("form", ["plain", "json", "xml"])
def test_every_form_names_itself(form: str) -> None:
    assert f"Content-Type: text/event-{form}\n".encode() in render(Event("X", "", []), form)
