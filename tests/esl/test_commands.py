from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mediasock.esl import commands
from mediasock.esl.commands import Command
from mediasock.esl.errors import EslError, InjectionError, UnsafeCommandError
from tests.support.event_socket import SCENARIOS, UUID, rows

SENT: list[tuple[Command, str]] = [
    (commands.Connect(), "connect\n\n"),
    (commands.Auth("ClueCon"), "auth ClueCon\n\n"),
    (commands.UserAuth("1000@example.com", "1:2 3"), "userauth 1000@example.com:1:2 3\n\n"),
    (commands.MyEvents(), "myevents\n\n"),
    (commands.MyEvents("json"), "myevents json\n\n"),
    (commands.Event(("BACKGROUND_JOB",)), "event plain BACKGROUND_JOB\n\n"),
    (commands.Event(("ALL",), format="json"), "event json ALL\n\n"),
    (commands.Event((), ("a::b", "c")), "event plain CUSTOM a::b c\n\n"),
    (commands.Event(("DTMF", "CUSTOM"), ("a",)), "event plain DTMF CUSTOM a\n\n"),
    (commands.NixEvent(("RE_SCHEDULE", "HEARTBEAT")), "nixevent RE_SCHEDULE HEARTBEAT\n\n"),
    (commands.NoEvents(), "noevents\n\n"),
    (commands.Filter("Event-Name", "DTMF"), "filter Event-Name DTMF\n\n"),
    (commands.FilterDelete("Unique-ID", UUID), f"filter delete Unique-ID {UUID}\n\n"),
    (commands.FilterDelete("Unique-ID"), "filter delete Unique-ID\n\n"),
    (commands.DivertEvents(), "divert_events on\n\n"),
    (commands.DivertEvents(False), "divert_events off\n\n"),
    (commands.Linger(), "linger\n\n"),
    (commands.Linger(5), "linger 5\n\n"),
    (commands.NoLinger(), "nolinger\n\n"),
    (commands.Resume(), "resume\n\n"),
    (commands.Exit(), "exit\n\n"),
    (commands.GetVar("foo"), "getvar foo\n\n"),
    (commands.Log(7), "log 7\n\n"),
    (commands.Log("debug"), "log debug\n\n"),
    (commands.NoLog(), "nolog\n\n"),
    (commands.Api("status"), "api status\n\n"),
    (commands.Api("uuid_getvar", f"{UUID} a"), f"api uuid_getvar {UUID} a\n\n"),
    (commands.BgApi("status"), "bgapi status\n\n"),
    (commands.BgApi("status", job_uuid="1-2"), "bgapi status\nJob-UUID: 1-2\n\n"),
    (
        commands.SendEvent(
            "CUSTOM", {"Event-Subclass": "mediasock::test", "key": "a value with spaces"}, "hello"
        ),
        "sendevent CUSTOM\nEvent-Subclass: mediasock::test\nkey: a value with spaces\n"
        "content-length: 5\n\nhello",
    ),
    (commands.SendEvent("HEARTBEAT"), "sendevent HEARTBEAT\n\n"),
]


@pytest.mark.parametrize(("command", "text"), SENT)
def test_a_command_renders(command: Command, text: str) -> None:
    assert command.render() == text.encode()
    assert command.title == command.verb
    assert text.startswith(command.verb)


def test_what_the_recordings_sent_is_what_we_send() -> None:
    recorded = {text for name in SCENARIOS for _, side, text in rows(name) if side == "app"}
    ours = {text for _, text in SENT}
    for text in ("connect\n\n", "linger 5\n\n", "divert_events on\n\n", "log 7\n\n"):
        assert text in recorded & ours
    assert any(text.startswith("sendevent CUSTOM\n") for text in recorded & ours)


def test_every_command_is_known_and_has_a_line_here() -> None:
    shown = {type(command) for command, _ in SENT}
    acting = {
        commands.Execute,
        commands.Hangup,
        commands.Unicast,
        commands.NoMedia,
        commands.XferExt,
    }
    assert shown | acting == commands.COMMANDS


MAKERS: list[Callable[[str], Command]] = [
    commands.Auth,
    lambda text: commands.UserAuth("user", text),
    lambda text: commands.UserAuth(text, "x"),
    lambda text: commands.Event((text,)),
    lambda text: commands.Event((), (text,)),
    lambda text: commands.NixEvent((text,)),
    lambda text: commands.Filter(text, "x"),
    lambda text: commands.Filter("x", text),
    commands.FilterDelete,
    lambda text: commands.FilterDelete("x", text),
    commands.GetVar,
    commands.Log,
    commands.Api,
    lambda text: commands.Api("x", text),
    commands.BgApi,
    lambda text: commands.BgApi("x", text),
    lambda text: commands.BgApi("x", job_uuid=text),
    commands.SendEvent,
    lambda text: commands.SendEvent("X", {text: "x"}),
    lambda text: commands.SendEvent("X", {"x": text}),
]


@given(make=st.sampled_from(MAKERS), text=st.text(max_size=30) | st.text("\r\n\0: ab", max_size=9))
def test_whatever_is_given_stays_one_command(make: Callable[[str], Command], text: str) -> None:
    try:
        rendered = make(text).render()
    except EslError:
        return
    assert rendered.endswith(b"\n\n")
    lines = rendered.decode().removesuffix("\n\n").split("\n")
    # BgApi and SendEvent have one header each here, all others only their line.
    assert len(lines) <= 2
    assert all(lines)
    assert not set("\r\0") & set(rendered.decode())


@given(make=st.sampled_from(MAKERS), text=st.text(max_size=9), breaker=st.sampled_from("\r\n\0"))
def test_a_line_break_is_refused_everywhere(
    make: Callable[[str], Command], text: str, breaker: str
) -> None:
    with pytest.raises(InjectionError):
        make(text + breaker + text)


@pytest.mark.parametrize(
    "make",
    [
        lambda: commands.Event(()),
        lambda: commands.Event(("CUSTOM", "DTMF")),
        lambda: commands.Event(("DTMF",), format="yaml"),  # type: ignore[arg-type]
        lambda: commands.MyEvents("yaml"),  # type: ignore[arg-type]
        lambda: commands.NixEvent(()),
        lambda: commands.Filter("delete", "x"),
        lambda: commands.Filter("x", " "),
        lambda: commands.Linger(-1),
        lambda: commands.Linger(1.5),  # type: ignore[arg-type]
        lambda: commands.Log(11),
        lambda: commands.SendEvent("X", {"Content-Length": "1"}),
        lambda: commands.SendEvent("X", body="\0"),
        lambda: commands.SendEvent("X", body="\ud800"),
    ],
)
def test_what_cannot_be_rendered_cannot_be_made(make: Callable[[], Command]) -> None:
    with pytest.raises(InjectionError):
        make()


def test_an_event_that_would_command_a_call_is_refused() -> None:
    for name in ("call-command", "Call-Command"):
        with pytest.raises(UnsafeCommandError):
            commands.SendEvent("MESSAGE", ((name, "unicast"), ("unique-id", UUID)))


def test_a_password_shows_nowhere() -> None:
    for command in (commands.Auth("secret"), commands.UserAuth("user", "secret")):
        assert "secret" not in repr(command)
        assert "secret" not in command.title


def test_commands_are_values() -> None:
    assert commands.SendEvent("X", {"a": "b"}) == commands.SendEvent("X", (("a", "b"),))
    assert len({commands.Api("a"), commands.Api("a")}) == 1
