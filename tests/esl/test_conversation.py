from __future__ import annotations

import re
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mediasock.esl import commands
from mediasock.esl.commands import Api, BgApi, Command, Connect, Execute, GetVar, MyEvents, Resume
from mediasock.esl.conversation import Conversation, Reply
from mediasock.esl.errors import (
    CommandRefused,
    Disconnected,
    EslError,
    HungUp,
    MediaNotUp,
    ProtocolError,
)
from mediasock.esl.events import Event
from mediasock.esl.gate import Side
from mediasock.esl.waits import Ticket
from tests.support.event_socket import (
    SCENARIOS,
    UUID,
    api_response,
    complete,
    connect_reply,
    disconnect_notice,
    event,
    reply,
    rows,
    switch_bytes,
)


def connected(**kind: str) -> Conversation:
    talk = Conversation(Side.OUTBOUND)
    talk.start(Connect())
    assert talk.receive(connect_reply(**kind)) == []
    return talk


def executed(talk: Conversation, app: str, uuid: str, loops: int = 1) -> Ticket[Event]:
    _, wait = talk.execute(Execute(app, event_uuid=uuid, loops=loops))
    return wait.ticket


def finished(app: str, uuid: str) -> bytes:
    return complete(f"execute-app-name: {app}\nEvent-UUID: {uuid}")


def error_of(ticket: Ticket[Any]) -> Exception:
    with pytest.raises(EslError) as caught:
        ticket.result()
    return caught.value


def test_replies_come_in_order() -> None:
    talk = connected()
    _, first = talk.start(Resume())
    _, second = talk.start(Api("status"))
    _, third = talk.start(GetVar("x"))
    talk.receive(reply("+OK 1") + api_response("UP\n") + reply("a value"))
    assert [one.result().text for one in (first, second, third)] == ["+OK 1", "UP\n", "a value"]
    talk.receive(reply("+OK, but to what?"))
    assert isinstance(talk.ended, ProtocolError)


@settings(max_examples=300)
@given(steps=st.lists(st.sampled_from(["send", "cancel", "reply"]), max_size=40), data=st.data())
def test_a_cancelled_wait_never_shifts_a_later_reply(steps: list[str], data: st.DataObject) -> None:
    talk = connected()
    sent: list[Ticket[Reply]] = []
    cancelled: set[int] = set()
    answered = 0
    for step in steps:
        if step == "send":
            sent.append(talk.start(Resume())[1])
        elif step == "cancel" and sent:
            number = data.draw(st.integers(0, len(sent) - 1))
            if not sent[number].done:
                sent[number].abandon()
                cancelled.add(number)
        elif step == "reply" and answered < len(sent):
            talk.receive(reply(f"+OK {answered}"))
            answered += 1
    for number, ticket in enumerate(sent):
        if number in cancelled:
            assert ticket.abandoned
        elif number < answered:
            assert ticket.result().text == f"+OK {number}"
        else:
            assert not ticket.done


def test_the_connect_reply_tells_call_mode_and_media() -> None:
    talk = Conversation(Side.OUTBOUND)
    _, ticket = talk.start(Connect())
    talk.receive(connect_reply(mode="static", control="single-channel", answer="answered"))
    answer = ticket.result()
    assert answer.text == "+OK"
    assert answer.event is not None
    assert answer.event["variable_sip_from_uri"] == "1001@127.0.0.1"
    assert (talk.gate.uuid, talk.gate.is_async, talk.gate.is_full) == (UUID, False, False)
    assert talk.gate.media_up


def test_a_connect_reply_without_a_call_is_no_freeswitch() -> None:
    talk = Conversation(Side.OUTBOUND)
    _, ticket = talk.start(Connect())
    talk.receive(b"Event-Name: CHANNEL_DATA\nContent-Type: command/reply\nReply-Text: +OK\n\n")
    assert isinstance(talk.ended, ProtocolError)
    assert error_of(ticket) is talk.ended


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_every_recording_played_through(scenario: str) -> None:
    """What was sent is sent again, what came is fed, and every reply falls on its command."""
    talk = Conversation(Side.OUTBOUND)
    tickets: list[Ticket[Reply]] = []
    seen: list[str] = []
    recorded = rows(scenario)
    end = next((n for n, row in enumerate(recorded) if row[1] == "eof"), len(recorded))
    for (_, side, text), (_, _, after) in pairwise([*recorded[:end], (0.0, "eof", "")]):
        if side == "fs" and "-ERR command not found" not in text:
            seen += [one.name for one in talk.receive(text.encode())]
        elif side == "app" and "-ERR command not found" not in after:
            # What a single-channel socket does not have, our gate does not let out.
            tickets.append(talk.start(answered_alike(text))[1])
    assert talk.ended is None
    assert all(ticket.done for ticket in tickets)
    written = "".join(text for _, side, text in recorded[:end] if side == "fs")
    event_name = r'(?:^Event-Name: |^    <Event-Name>|\{"Event-Name":")(\w+)'
    assert [name for name in seen if name.isupper()] == re.findall(event_name, written, re.M)[1:]
    if "CHANNEL_HANGUP" in seen:
        assert talk.hangup_cause in ("NORMAL_CLEARING", "DESTINATION_OUT_OF_ORDER")


def answered_alike(text: str) -> Command:
    """Return a command that gets the kind of answer that a recorded one got."""
    kinds: dict[str, Command] = {
        "connect": Connect(),
        "api": Api("x"),
        "bgapi": BgApi("x"),
        "getvar": GetVar("x"),
    }
    return kinds.get(text.split(maxsplit=1)[0], Resume())


def test_execute_waits_for_its_own_completion() -> None:
    talk = connected()
    one, two = executed(talk, "playback", "u1"), executed(talk, "sleep", "u2")
    talk.receive(reply() + reply() + finished("sleep", "u2"))
    assert (one.done, two.done) == (False, True)
    events = talk.receive(finished("playback", "u1"))
    assert one.result() is events[0]


def test_a_completion_may_come_before_the_reply() -> None:
    talk = connected(mode="static")
    one = executed(talk, "playback", "u1")
    talk.receive(finished("playback", "u1") + reply())
    assert one.done


def test_several_loops_have_one_uuid() -> None:
    talk = connected()
    one = executed(talk, "playback", "u1", loops=3)
    begun = event("CHANNEL_EXECUTE", Application_UUID="u1")
    talk.receive(reply() + (begun + finished("playback", "u1")) * 2 + begun)
    assert not one.done
    talk.receive(finished("playback", "u1"))
    assert one.done


def test_an_unknown_application_ends_with_the_hangup() -> None:
    talk = connected()
    one = executed(talk, "nosuchapp", "u1")
    talk.receive(reply() + event("CHANNEL_HANGUP", Hangup_Cause="DESTINATION_OUT_OF_ORDER"))
    error = error_of(one)
    assert isinstance(error, HungUp)
    assert error.cause == talk.hangup_cause == "DESTINATION_OUT_OF_ORDER"
    with pytest.raises(HungUp):
        executed(talk, "playback", "u2")


def test_another_calls_hangup_ends_nothing() -> None:
    talk = connected()
    one = executed(talk, "playback", "u1")
    talk.receive(event("CHANNEL_HANGUP", Hangup_Cause="X").replace(UUID.encode(), b"f" * 36))
    assert not one.done
    assert talk.hangup_cause is None


def test_hangup_itself_ends_with_the_hangup() -> None:
    talk = connected()
    _, wait = talk.execute(Execute("hangup", event_uuid="u"), ("CHANNEL_HANGUP",))
    (told,) = talk.receive(event("CHANNEL_HANGUP", Hangup_Cause="NORMAL_CLEARING"))
    assert wait.ticket.result() is told


def test_a_bridge_ends_with_the_unbridge_of_its_own_call() -> None:
    talk = connected()
    _, wait = talk.execute(Execute("bridge", event_uuid="u"), ("CHANNEL_UNBRIDGE",))
    _, other = talk.execute(Execute("sleep", event_uuid="v"))
    talk.receive(event("CHANNEL_EXECUTE", Application="bridge", Application_UUID="u"))
    talk.receive(event("CHANNEL_UNBRIDGE").replace(UUID.encode(), b"f" * 36))
    assert not wait.ticket.done
    (told,) = talk.receive(event("CHANNEL_UNBRIDGE"))
    assert wait.ticket.result() is told
    assert not other.ticket.done


def test_a_bridge_that_waits_behind_another_does_not_end_with_it() -> None:
    talk = connected()
    _, wait = talk.execute(Execute("bridge", event_uuid="u"), ("CHANNEL_UNBRIDGE",))
    talk.receive(event("CHANNEL_EXECUTE", Application="bridge", Application_UUID="earlier"))
    talk.receive(event("CHANNEL_UNBRIDGE") + finished("bridge", "earlier"))
    assert not wait.ticket.done
    talk.receive(event("CHANNEL_EXECUTE", Application="bridge", Application_UUID="u"))
    (told,) = talk.receive(event("CHANNEL_UNBRIDGE"))
    assert wait.ticket.result() is told


def test_a_refused_execute_ends_at_once() -> None:
    talk = connected()
    one = executed(talk, "answer", "u1")
    assert talk.gate.media_up
    talk.receive(reply("-ERR memory error"))
    assert isinstance(error_of(one), CommandRefused)
    with pytest.raises(MediaNotUp):
        talk.start(commands.Unicast(1))


def test_a_call_that_left_the_socket_ends_its_waits() -> None:
    talk = connected()
    one = executed(talk, "playback", "u1")
    talk.receive(reply() + finished("socket", "the socket's own"))
    assert isinstance(error_of(one), Disconnected)
    assert talk.ended is None


def test_a_socket_executed_from_here_is_an_application_like_any() -> None:
    talk = connected()
    one, other = executed(talk, "socket", "u1"), executed(talk, "playback", "u2")
    talk.receive(reply() + reply() + finished("socket", "u1"))
    assert (one.done, other.done) == (True, False)


def test_a_job_may_overtake_its_reply() -> None:
    talk = connected()
    _, job = talk.job(BgApi("status", job_uuid="j"))
    (told,) = talk.receive(
        event("BACKGROUND_JOB", "+OK\n", Job_UUID="j") + reply("+OK Job-UUID: j")
    )
    assert job.result() is told
    assert told.body == "+OK\n"


def test_a_refused_job_ends_at_once() -> None:
    talk = connected()
    _, job = talk.job(BgApi("status", job_uuid="j"))
    talk.receive(reply("-ERR permission denied"))
    assert isinstance(error_of(job), CommandRefused)


def test_a_forgotten_wait_takes_nothing() -> None:
    talk = connected()
    _, wait = talk.execute(Execute("playback", event_uuid="u"))
    _, job = talk.job(BgApi("status", job_uuid="j"))
    talk.forget("u")
    talk.forget("j")
    talk.forget("unknown")
    told = finished("playback", "u") + event("BACKGROUND_JOB", Job_UUID="j")
    assert len(talk.receive(reply() + reply() + told)) == 2
    assert wait.ticket.abandoned
    assert job.abandoned


def test_a_wait_needs_an_identity_of_its_own() -> None:
    talk = connected()
    for make in (
        lambda uuid: talk.execute(Execute("x", event_uuid=uuid)),
        lambda uuid: talk.job(BgApi("x", job_uuid=uuid)),
    ):
        make("u")
        for uuid in ("u", None):
            with pytest.raises(EslError, match="of its own"):
                make(uuid)


def test_the_end_ends_every_wait() -> None:
    talk = connected()
    waiting: list[Ticket[Any]] = [
        executed(talk, "playback", "u"),
        talk.start(Resume())[1],
        talk.auth_request,
    ]
    waiting.append(talk.job(BgApi("x", job_uuid="j"))[1])
    talk.close(Disconnected("gone"))
    talk.close(Disconnected("again"))
    for ticket in waiting:
        assert str(error_of(ticket)) == "disconnected: gone"
    with pytest.raises(Disconnected):
        talk.start(Resume())
    assert talk.receive(reply()) == []


def test_a_raw_variable_may_hold_line_breaks_and_headers() -> None:
    talk = connected()
    _, one = talk.start(GetVar("sdp"))
    _, two = talk.start(Resume())
    raw = "v=0\r\no=x\nContent-Length: 50\r"
    talk.receive(reply(raw) + reply("+OK next"))
    assert (one.result().text, two.result().text) == (raw, "+OK next")


def test_a_raw_variable_with_an_empty_line_loses_only_its_rest() -> None:
    talk = connected()
    _, one = talk.start(GetVar("x"))
    _, two = talk.start(Resume())
    talk.receive(reply("a\n\nb") + reply("+OK next"))
    assert (one.result().text, two.result().text) == ("a", "+OK next")
    talk.receive(b"no header\n\n")
    assert isinstance(talk.ended, ProtocolError)


def test_a_variable_may_begin_with_err() -> None:
    talk = connected()
    _, one = talk.start(GetVar("x"))
    talk.receive(reply("-ERR command not found"))
    assert one.result().text == "-ERR command not found"


@pytest.mark.parametrize(
    "data",
    [
        reply(),
        b"GET / HTTP/1.1\nHost: x\n\n",
        b"Content-Type: text/event-json\nContent-Length: 2\n\n[]",
        b"Content-Type: text/event-xml\nContent-Length: 2\n\n<a",
        b"Content-Type: api/response\nContent-Length: x\n\n",
    ],
)
def test_what_is_no_event_socket_ends_it(data: bytes) -> None:
    talk = connected()
    first = talk.receive(event("DTMF") + data)
    assert [one.name for one in first] == ["DTMF"]
    assert isinstance(talk.ended, ProtocolError)


def test_an_api_response_to_another_command_ends_it() -> None:
    talk = connected()
    _, ticket = talk.start(Resume())
    talk.receive(api_response("x"))
    assert isinstance(error_of(ticket), ProtocolError)


def test_a_frame_of_an_unknown_kind_is_passed_over() -> None:
    talk = connected()
    _, ticket = talk.start(Resume())
    talk.receive(b"Content-Type: text/new\nContent-Length: 3\n\nabc" + reply())
    assert ticket.done
    assert talk.ended is None


def test_log_lines_and_notices_are_events() -> None:
    talk = connected()
    log = b"Content-Type: log/data\nContent-Length: 3\n\nabc"
    told = talk.receive(log + disconnect_notice("linger", ""))
    assert [(one.name, one.body) for one in told] == [("log", "abc"), ("disconnect", "")]
    assert talk.ended is None


def test_an_inbound_socket_is_asked_for_its_password_or_sent_away() -> None:
    talk = Conversation(Side.INBOUND)
    talk.receive(b"Content-Type: auth/request\n\n")
    assert talk.auth_request.done
    talk.receive(b"Content-Type: text/rude-rejection\nContent-Length: 5\n\nAway\n")
    assert str(talk.ended) == "disconnected: rejected by the switch: Away"


def test_a_refused_subscription_is_not_remembered() -> None:
    talk = connected()
    talk.start(commands.Event(("DTMF",)))
    assert talk.subscription.brings("DTMF")
    talk.receive(reply("-ERR permission denied"))
    assert not talk.subscription.brings("DTMF")
    talk.start(MyEvents())
    assert talk.subscription.brings("DTMF")


@settings(max_examples=150, deadline=None)
@given(
    scenario=st.sampled_from(SCENARIOS),
    edits=st.lists(st.tuples(st.integers(0, 1 << 20), st.binary(max_size=8)), max_size=6),
    size=st.integers(1, 5000),
)
def test_a_damaged_recording_raises_nothing(
    scenario: str, edits: list[tuple[int, bytes]], size: int
) -> None:
    data = switch_bytes(scenario)
    for wanted, patch in edits:
        place = wanted % len(data)
        data = data[:place] + patch + data[place + len(patch) // 2 :]
    talk = Conversation(Side.OUTBOUND)
    talk.start(Connect())
    for start in range(0, len(data), size):
        for told in talk.receive(data[start : start + size]):
            assert isinstance(told.name, str)
    assert talk.ended is None or isinstance(talk.ended, EslError)


@given(data=st.binary(max_size=500))
def test_garbage_raises_nothing(data: bytes) -> None:
    talk = connected()
    talk.receive(b"Content-Type: " + data + b"\n\n")
    talk.receive(data)
    assert talk.ended is None or isinstance(talk.ended, EslError)
