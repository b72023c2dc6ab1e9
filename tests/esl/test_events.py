from __future__ import annotations

from collections.abc import Callable
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mediasock.esl import protocol
from mediasock.esl.events import Event, PlainEvent, decode_value
from mediasock.esl.json_event import JsonEvent
from mediasock.esl.protocol import Frame, Parser
from mediasock.esl.xml_event import parse_xml
from tests.support.event_socket import SCENARIOS, switch_bytes

DECODERS: dict[bytes, Callable[[bytes], Event]] = {
    protocol.PLAIN: PlainEvent,
    protocol.JSON: JsonEvent,
    protocol.XML: parse_xml,
}

NAMES = st.text(
    st.characters(codec="utf-8", exclude_characters=":\n\r\0 "), min_size=1, max_size=12
).filter(lambda name: name != "Content-Length")
VALUES = st.text(st.characters(codec="utf-8"), max_size=40)


def encoded(value: str) -> bytes:
    return quote(value, safe="/,").encode() or b"_undef_"


def recorded(scenario: str) -> list[Event]:
    frames = Parser().receive(switch_bytes(scenario))
    return [DECODERS[frame.kind](frame.body) for frame in frames if frame.kind in DECODERS]


@given(value=VALUES)
def test_an_encoded_value_comes_back(value: str) -> None:
    array = value.startswith("ARRAY::")
    expected = value[7:].split("|:") if array else value or None
    assert decode_value(encoded(value)) == (None if value == "_undef_" else expected)


@given(values=st.lists(st.text(st.characters(exclude_characters="|:", codec="utf-8")), min_size=1))
def test_an_encoded_array_comes_back(values: list[str]) -> None:
    assert decode_value(quote("ARRAY::" + "|:".join(values)).encode()) == values


@given(raw=st.binary(max_size=60))
def test_any_bytes_are_some_value(raw: bytes) -> None:
    assert isinstance(decode_value(raw), str | list | None)


@given(fields=st.dictionaries(NAMES, VALUES, max_size=8), body=st.text(max_size=30))
def test_a_header_is_the_same_searched_or_parsed(fields: dict[str, str], body: str) -> None:
    lines = [name.encode() + b": " + encoded(value) for name, value in fields.items()]
    if body:
        lines.append(f"Content-Length: {len(body.encode('utf-8', 'replace'))}".encode())
    raw = b"".join(line + b"\n" for line in lines) + b"\n" + body.encode("utf-8", "replace")
    searched = PlainEvent(raw)
    found = {name: searched[name] for name in fields}
    parsed = dict(PlainEvent(raw))
    parsed.pop("Content-Length", None)
    assert found == parsed
    assert searched.body == (body.encode("utf-8", "replace").decode() or None)


@given(raw=st.binary(max_size=200), name=st.text(max_size=10))
def test_any_bytes_are_some_event(raw: bytes, name: str) -> None:
    event = PlainEvent(raw)
    before = event.get(name)
    assert event.body is None or isinstance(event.body, str)
    assert len(event) == len(dict(event))
    if name.isascii():
        assert event.get(name) == before


@given(raw=st.lists(st.sampled_from([b"A", b": ", b"\n", b"b", b":", b" "]), max_size=20))
def test_separators_anywhere_are_the_same_searched_or_parsed(raw: list[bytes]) -> None:
    joined = b"".join(raw)
    for key, value in PlainEvent(joined).items():
        assert PlainEvent(joined)[key] == value


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_every_recorded_event_is_read_whole(scenario: str) -> None:
    for event in recorded(scenario):
        assert event.name.isupper()
        assert event["Event-Name"] == event.name
        assert int(event.text("Event-Sequence")) > 0
        assert all(key and isinstance(value, str | list | None) for key, value in event.items())


def test_the_formats_tell_the_same() -> None:
    kinds = ("answer_playback_hangup", "myevents_json", "myevents_xml")
    plain, as_json, as_xml = (recorded(kind)[0] for kind in kinds)
    assert plain.name == as_json.name == as_xml.name == "CHANNEL_EXECUTE"
    assert set(as_json) == set(as_xml) == set(plain)
    for name in ("Event-Date-Local", "variable_switch_r_sdp", "variable_sip_full_from"):
        for event in (plain, as_json, as_xml):
            assert "%" not in event.text(name)
    assert "\r\n" in as_xml.text("variable_switch_r_sdp")
    arrays = [event["variable_DP_MATCH"] for event in (plain, as_json, as_xml)]
    assert arrays == [["port-9202", "9202"], ["port-9212", "9212"], ["port-9213", "9213"]]


def test_an_event_with_a_body_of_its_own() -> None:
    (event,) = recorded("custom_event")
    assert (event.name, event.subclass, event.body) == ("CUSTOM", "mediasock::test", "hello")
    assert event["key"] == "a value with spaces"
    job = recorded("api_and_bgapi")[1]
    assert (job.name, job.body) == ("BACKGROUND_JOB", "true")


def test_variables_are_without_their_prefix() -> None:
    event = recorded("bridge")[-1]
    assert event.variables["originate_disposition"] == "SUCCESS"
    assert "Unique-ID" not in event.variables


def test_text_is_one_text_whatever_the_value() -> None:
    event = Event({"Event-Name": "X", "list": ["a", "b"], "none": None, "empty": []})
    assert (event.text("list"), event.text("none", "-"), event.text("absent")) == ("a", "-", "")
    assert event.text("empty", "-") == "-"
    assert repr(event) == "<Event X>"
    assert event.subclass == ""
    assert list(event) == ["Event-Name", "list", "none", "empty"]


def test_an_absent_header_is_a_key_error() -> None:
    event = PlainEvent(b"Event-Name: X\nAA: 1\n\n")
    for key in ("A", "absent", "", "AA: 1\nB", "Event-Name: X"):
        with pytest.raises(KeyError):
            event[key]
        assert key not in event


def test_the_first_of_two_headers_counts_searched_and_parsed() -> None:
    event = PlainEvent(b"A: 1\nA: 2\n\n")
    assert event["A"] == "1"
    assert dict(event) == {"A": "1"}
    assert event["A"] == "1"


def test_what_looks_like_a_header_in_a_body_is_none() -> None:
    event = PlainEvent(b"Event-Name: X\nContent-Length: 9\n\nFake: yes")
    assert event.get("Fake") is None
    assert event.body == "Fake: yes"


def test_a_body_whose_count_is_no_number_is_none() -> None:
    assert PlainEvent(b"Event-Name: X\nContent-Length: x\n\nabc").body is None


def test_a_frame_is_not_a_value() -> None:
    assert Frame(b"a", b"b") != "b"
    with pytest.raises(TypeError):
        hash(Frame(b"a", b"b"))
