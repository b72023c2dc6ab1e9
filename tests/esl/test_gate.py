from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mediasock.esl import commands
from mediasock.esl.commands import COMMANDS, Command, Connect, Execute, NoMedia, Unicast
from mediasock.esl.errors import EslError, MediaNotUp, ModeError, UnsafeCommandError
from mediasock.esl.events import Event, PlainEvent
from mediasock.esl.gate import Gate, Side
from mediasock.esl.protocol import Parser
from tests.support.event_socket import SCENARIOS, UUID, connect_reply, rows

UNICAST = Unicast(40000)
FULL_ONLY = [
    commands.Linger(),
    commands.NoLinger(),
    commands.Event(("ALL",)),
    commands.NixEvent(("ALL",)),
    commands.NoEvents(),
    commands.Log(),
    commands.NoLog(),
    commands.Api("status"),
    commands.BgApi("status"),
    commands.SendEvent("X"),
]
ALWAYS = [
    commands.GetVar("x"),
    commands.MyEvents(),
    commands.Filter("a", "b"),
    commands.FilterDelete("a"),
    commands.Resume(),
    commands.DivertEvents(),
    Execute("answer"),
    commands.Hangup(),
    NoMedia(UUID),
    commands.XferExt((("answer", ""),)),
    commands.Exit(),
]


def gate(mode: str = "async", control: str = "full", answer: str = "ringing") -> Gate:
    made = Gate(Side.OUTBOUND)
    reply = connect_reply(mode=mode, control=control, answer=answer)
    made.connected(PlainEvent(reply.removesuffix(b"\n\n")))
    return made


def told(name: str, state: str, uuid: str = UUID) -> Event:
    return Event({"Event-Name": name, "Answer-State": state, "Unique-ID": uuid})


@pytest.mark.parametrize("mode", ["async", "static"])
def test_a_single_channel_socket_has_only_what_freeswitch_gives_it(mode: str) -> None:
    closed = gate(mode, "single-channel")
    for command in ALWAYS:
        closed.check(command)
    for command in FULL_ONLY:
        with pytest.raises(ModeError) as caught:
            closed.check(command)
        assert caught.value.keyword == "full"
        gate(mode, "full").check(command)
    shown = {type(command) for command in ALWAYS + FULL_ONLY}
    assert shown | {Connect, commands.Auth, commands.UserAuth, Unicast} == COMMANDS


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_what_freeswitch_refused_we_do_not_send(scenario: str) -> None:
    recorded = rows(scenario)
    stream = "".join(text for _, side, text in recorded if side == "fs").encode()
    closed = Gate(Side.OUTBOUND)
    closed.connected(PlainEvent(Parser().receive(stream)[0].head))
    by_line = {command.line().split(" ")[0]: command for command in FULL_ONLY}
    for (_, side, sent), (_, _, answer) in pairwise(recorded):
        command = by_line.get(sent.split()[0]) if side == "app" else None
        if command is None:
            continue
        if "-ERR command not found" in answer:
            with pytest.raises(ModeError):
                closed.check(command)
        else:
            closed.check(command)


def test_connect_is_first_and_once() -> None:
    fresh = Gate(Side.OUTBOUND)
    fresh.check(Connect())
    with pytest.raises(EslError, match="connect is the first"):
        fresh.check(commands.Resume())
    with pytest.raises(EslError, match="connect is the first"):
        gate().check(Connect())


def test_an_outbound_socket_has_no_password() -> None:
    for command in (commands.Auth("x"), commands.UserAuth("x", "y")):
        with pytest.raises(ModeError):
            gate().check(command)


def test_an_inbound_socket_has_no_call_of_its_own() -> None:
    inbound = Gate(Side.INBOUND)
    for command in (Connect(), commands.Resume(), commands.Linger(), commands.GetVar("x")):
        with pytest.raises(ModeError, match="outbound"):
            inbound.check(command)
    with pytest.raises(EslError, match="name the call"):
        inbound.check(Execute("answer"))
    for fine in (Execute("answer", call=UUID), commands.Api("status"), commands.Auth("x")):
        inbound.check(fine)


def test_a_command_of_somebody_elses_is_refused() -> None:
    @dataclass(frozen=True, slots=True)
    class Raw(Command):
        def render(self) -> bytes:
            return b"sendmsg\ncall-command: unicast\n\n"

    @dataclass(frozen=True, slots=True)
    class Disguised(Execute):
        call_command = "unicast"

    for command in (Raw(), Disguised("answer")):
        for one in (gate(answer="answered"), Gate(Side.INBOUND)):
            with pytest.raises(UnsafeCommandError):
                one.check(command)


def test_unicast_waits_for_media() -> None:
    one = gate()
    with pytest.raises(MediaNotUp, match="answer or pre_answer"):
        one.check(UNICAST)
    one.heard(told("CHANNEL_PROGRESS", "ringing"))
    assert not one.media_up
    one.heard(told("CHANNEL_ANSWER", "answered", "another call"))
    assert not one.media_up
    one.heard(told("CHANNEL_PROGRESS_MEDIA", "early"))
    assert one.media_up
    one.check(UNICAST)
    one.check(Unicast(40000, call=UUID))


@pytest.mark.parametrize("app", ["answer", "pre_answer"])
def test_an_answer_that_is_sent_is_enough(app: str) -> None:
    one = gate()
    one.sent(Execute(app))
    one.check(UNICAST)
    one.refused(Execute(app))
    with pytest.raises(MediaNotUp):
        one.check(UNICAST)


def test_another_calls_answer_is_not() -> None:
    one = gate()
    one.sent(Execute("answer", call="another"))
    one.sent(Execute("playback"))
    with pytest.raises(MediaNotUp):
        one.check(UNICAST)


@pytest.mark.parametrize("answer", ["answered", "early"])
def test_a_call_that_comes_answered_has_media(answer: str) -> None:
    gate(answer=answer).check(UNICAST)


def test_unicast_needs_async() -> None:
    with pytest.raises(ModeError) as caught:
        gate("static", answer="answered").check(UNICAST)
    assert caught.value.keyword == "async"


def test_unicast_is_for_the_own_call() -> None:
    with pytest.raises(MediaNotUp):
        gate(answer="answered").check(Unicast(40000, call="another"))
    with pytest.raises(MediaNotUp):
        Gate(Side.INBOUND).check(Unicast(40000, call=UUID))


def test_after_the_hangup_there_is_none() -> None:
    one = gate()
    one.sent(Execute("answer"))
    one.heard(told("CHANNEL_HANGUP", "hangup"))
    with pytest.raises(MediaNotUp):
        one.check(UNICAST)


def test_after_nomedia_there_is_none() -> None:
    one = gate(answer="answered")
    one.sent(NoMedia(UUID))
    with pytest.raises(MediaNotUp, match="nomedia"):
        one.check(UNICAST)


STEPS = st.lists(
    st.sampled_from(
        [
            ("sent", Execute("playback", "x")),
            ("sent", Execute("answer", call="another")),
            ("refused", Execute("sleep")),
            ("heard", told("CHANNEL_ANSWER", "answered", "another")),
            ("heard", told("CHANNEL_PROGRESS", "ringing")),
            ("heard", told("CHANNEL_HANGUP", "hangup")),
            ("sent", commands.MyEvents()),
        ]
    )
)


@given(steps=STEPS, mode=st.sampled_from(["async", "static"]))
def test_no_way_leads_to_unicast_without_an_answer(
    steps: list[tuple[str, Command | Event]], mode: str
) -> None:
    one = gate(mode)
    for method, argument in steps:
        getattr(one, method)(argument)
        with pytest.raises((MediaNotUp, ModeError)):
            one.check(UNICAST)
