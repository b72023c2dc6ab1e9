from __future__ import annotations

import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mediasock.esl import protocol
from mediasock.esl.protocol import MAX_BODY, MAX_HEADERS, Frame, Parser
from tests.support.event_socket import SCENARIOS, switch_bytes

KINDS = {
    protocol.REPLY,
    protocol.API,
    protocol.PLAIN,
    protocol.JSON,
    protocol.XML,
    protocol.LOG,
    protocol.NOTICE,
}


def whole(data: bytes) -> list[Frame]:
    parser = Parser()
    frames = parser.receive(data)
    assert parser.error is None
    assert parser.receive(b"") == []
    return frames


def cut(data: bytes, places: list[int]) -> tuple[list[Frame], str]:
    parser = Parser()
    frames: list[Frame] = []
    edges = [0, *sorted(places), len(data)]
    for start, end in itertools.pairwise(edges):
        frames += parser.receive(data[start:end])
    return frames, str(parser.error)


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_every_recording_is_read_to_its_last_byte(scenario: str) -> None:
    data = switch_bytes(scenario)
    frames = whole(data)
    assert {frame.kind for frame in frames} <= KINDS
    # An empty line stands behind each header block; nothing else is between the frames.
    assert sum(len(frame.head) + 2 + len(frame.body) for frame in frames) == len(data)
    assert frames[0].header(b"Event-Name") == b"CHANNEL_DATA"


@pytest.mark.parametrize(
    "scenario", ["connect_only", "api_and_bgapi", "custom_event", "not_full", "resume"]
)
def test_a_small_recording_cut_once_at_every_place(scenario: str) -> None:
    data = switch_bytes(scenario)
    expected = whole(data)
    for place in range(len(data) + 1):
        parser = Parser()
        assert parser.receive(data[:place]) + parser.receive(data[place:]) == expected


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_every_recording_byte_by_byte(scenario: str) -> None:
    data = switch_bytes(scenario)
    parser = Parser()
    frames = [frame for i in range(len(data)) for frame in parser.receive(data[i : i + 1])]
    assert frames == whole(data)


@settings(max_examples=60, deadline=None)
@given(scenario=st.sampled_from(SCENARIOS), data=st.data())
def test_every_recording_cut_at_random(scenario: str, data: st.DataObject) -> None:
    stream = switch_bytes(scenario)
    places = data.draw(st.lists(st.integers(0, len(stream)), max_size=40))
    assert cut(stream, places) == (whole(stream), "None")


@settings(max_examples=300)
@given(data=st.binary(max_size=400), places=st.lists(st.integers(0, 400), max_size=6))
def test_garbage_gives_the_same_however_it_is_cut(data: bytes, places: list[int]) -> None:
    assert cut(data, [min(place, len(data)) for place in places]) == cut(data, [])


@settings(max_examples=150, deadline=None)
@given(
    scenario=st.sampled_from(["connect_only", "api_and_bgapi", "custom_event"]),
    edits=st.lists(st.tuples(st.integers(0, 10_000), st.binary(max_size=6)), max_size=5),
    places=st.lists(st.integers(0, 10_000), max_size=5),
)
def test_a_damaged_recording_gives_the_same_however_it_is_cut(
    scenario: str, edits: list[tuple[int, bytes]], places: list[int]
) -> None:
    data = switch_bytes(scenario)
    for wanted, patch in edits:
        place = wanted % len(data)
        data = data[:place] + patch + data[place + len(patch) // 2 :]
    assert cut(data, [place % len(data) for place in places]) == cut(data, [])


def test_a_header_block_past_its_limit_ends_the_stream() -> None:
    parser = Parser()
    line = b"a: " + b"x" * 1020 + b"\n"
    fed = 0
    while parser.error is None:
        assert fed <= MAX_HEADERS + len(line)
        assert parser.receive(line) == []
        fed += len(line)
    assert "header block" in str(parser.error)
    assert parser.receive(b"Content-Type: auth/request\n\n") == []


def test_a_header_block_at_its_limit_is_read() -> None:
    head = b"Content-Type: auth/request\nx: "
    head += b"x" * (MAX_HEADERS - len(head))
    assert whole(head + b"\n\n")[0].head == head
    parser = Parser()
    parser.receive(head + b"x\n\n")
    assert parser.error is not None


@pytest.mark.parametrize(
    "length", [b"-1", b"x", b"", b"1e3", b"9" * 40, str(MAX_BODY + 1).encode()]
)
def test_a_length_that_is_none_ends_the_stream_after_what_was_whole(length: bytes) -> None:
    parser = Parser()
    bad = b"Content-Type: api/response\nContent-Length: " + length + b"\n\n"
    frames = parser.receive(b"Content-Type: auth/request\n\n" + bad)
    assert [frame.kind for frame in frames] == [protocol.AUTH]
    assert parser.error is not None


def test_a_body_at_its_limit_is_read() -> None:
    head = f"Content-Type: api/response\nContent-Length: {MAX_BODY}\n\n".encode()
    (frame,) = whole(head + bytes(MAX_BODY))
    assert len(frame.body) == MAX_BODY


def test_a_reply_has_no_body_even_if_a_variable_in_it_says_so() -> None:
    (first, second) = whole(
        b"Content-Type: command/reply\nReply-Text: v\nContent-Length: 99\n"
        b"Content-Type: text/event-plain\n\nContent-Type: auth/request\n\n"
    )
    assert (first.kind, first.body, second.kind) == (protocol.REPLY, b"", protocol.AUTH)


def test_a_block_without_a_kind_is_a_stray() -> None:
    (frame,) = whole(b"some text\nContent-Length: 5\n\n")
    assert (frame.kind, frame.body) == (protocol.STRAY, b"")


def test_empty_lines_between_frames_are_skipped() -> None:
    assert (
        len(whole(b"\n\n\nContent-Type: auth/request\n\n\n\nContent-Type: auth/request\n\n")) == 2
    )


def test_the_first_header_of_a_name_counts() -> None:
    frame = Frame(b"", b"A: 1\nAB: 2\nA: 3")
    assert (frame.header(b"A"), frame.header(b"AB"), frame.header(b"B")) == (b"1", b"2", None)
    assert "bytes of headers" in repr(frame)
