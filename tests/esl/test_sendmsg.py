from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mediasock.esl.commands import Execute, Hangup, NoMedia, SendMsg, Unicast, XferExt
from mediasock.esl.errors import EslError, InjectionError
from mediasock.esl.sendmsg import LONG_ARGUMENT
from tests.support.event_socket import SCENARIOS, rows

RECORDED = {text for name in SCENARIOS for _, side, text in rows(name) if side == "app"}


def headers_and_body(command: SendMsg) -> tuple[dict[str, str], str]:
    head, _, body = command.render().decode().partition("\n\n")
    lines = [line.partition(": ") for line in head.split("\n")[1:]]
    return {name: value for name, _, value in lines}, body


@pytest.mark.parametrize(
    "command",
    [
        Execute("answer"),
        Execute("playback", "silence_stream://600", loops=3),
        Execute("bridge", "{ignore_early_media=true}loopback/echo/rig", event_lock=True),
        Execute("set", "foo=bar baz", event_uuid="11111111-2222-3333-4444-555555555555"),
        Execute(
            "playback",
            "silence_stream://300",
            event_lock=True,
            event_uuid="66666666-2222-3333-4444-555555555555",
        ),
        Execute("set", "long_value=" + "x" * 3000),
    ],
)
def test_what_the_recordings_sent_is_what_we_send(command: Execute) -> None:
    assert command.render().decode() in RECORDED


def test_unicast_is_as_recorded() -> None:
    recorded = {text for text in RECORDED if "call-command: unicast" in text}
    ports = {int(text.partition("remote-port: ")[2].split("\n")[0]) for text in recorded}
    rendered = {
        Unicast(port, native=native).render().decode() for port in ports for native in (True, False)
    }
    assert len(recorded) > 5
    assert {text for text in recorded if "local-port: 0\n" in text} <= rendered


def test_the_rest_renders() -> None:
    assert Hangup("USER_BUSY", call="1-2").render() == (
        b"sendmsg 1-2\ncall-command: hangup\nhangup-cause: USER_BUSY\n\n"
    )
    assert NoMedia("1-2").render() == b"sendmsg\ncall-command: nomedia\nnomedia-uuid: 1-2\n\n"
    assert XferExt((("answer", ""), ("playback", "a b"))).render() == (
        b"sendmsg\ncall-command: xferext\napplication: answer\napplication: playback a b\n\n"
    )
    assert headers_and_body(Execute("sleep", "5", async_=True))[0]["async"] == "true"


def test_titles_name_the_command_and_no_argument() -> None:
    assert Execute("set", "pin=1234").title == "execute set"
    assert Hangup().title == "hangup"


@given(arg=st.text(max_size=40) | st.text("\r\n :ab", max_size=12))
def test_an_argument_arrives_as_it_is_or_is_refused(arg: str) -> None:
    try:
        command = Execute("set", arg)
    except InjectionError:
        assert "\0" in arg or any(0xD800 <= ord(c) <= 0xDFFF for c in arg)
        return
    headers, body = headers_and_body(command)
    if body:
        assert body == arg
        assert headers["content-type"] == "text/plain"
        assert headers["content-length"] == str(len(arg.encode()))
        assert "execute-app-arg" not in headers
    else:
        assert headers.get("execute-app-arg", "") == arg
        # FreeSWITCH takes the blanks before a value away.
        assert arg == arg.lstrip(" ")
    assert set(headers) <= {
        "call-command", "execute-app-name", "execute-app-arg", "content-type", "content-length"
    }  # fmt: skip


@pytest.mark.parametrize("length", [LONG_ARGUMENT, LONG_ARGUMENT + 1])
def test_a_long_argument_is_a_body(length: int) -> None:
    assert bool(Execute("set", "x" * length).body()) is (length > LONG_ARGUMENT)


MAKERS: list[Callable[[str], SendMsg]] = [
    Execute,
    lambda text: Execute("x", event_uuid=text),
    lambda text: Execute("x", call=text),
    Hangup,
    NoMedia,
    lambda text: Unicast(1, text),
    lambda text: Unicast(1, "127.0.0.1", text),
    lambda text: XferExt(((text, ""),)),
    lambda text: XferExt((("x", text),)),
]


@given(make=st.sampled_from(MAKERS), text=st.text(max_size=9), breaker=st.sampled_from("\r\n\0"))
def test_a_line_break_is_refused_everywhere_else(
    make: Callable[[str], SendMsg], text: str, breaker: str
) -> None:
    with pytest.raises(InjectionError):
        make(text + breaker + text)


@given(make=st.sampled_from(MAKERS), text=st.text("ab:.1 _-", max_size=12))
def test_whatever_is_given_stays_one_header(make: Callable[[str], SendMsg], text: str) -> None:
    try:
        command = make(text)
    except EslError:
        return
    lines = command.render().decode().removesuffix("\n\n").split("\n")
    assert len(lines) == 2 + len(command.headers())
    assert all(lines)


@pytest.mark.parametrize(
    "make",
    [
        lambda: Execute("x", loops=0),
        lambda: Execute("x", loops=-2),
        lambda: Hangup(""),
        lambda: Hangup("normal clearing"),
        lambda: Unicast(0),
        lambda: Unicast(70000),
        lambda: Unicast(1, local_port=-1),
        lambda: Unicast(1, remote_ip="localhost"),
        lambda: Unicast(1, transport="tcp"),  # type: ignore[arg-type]
        lambda: XferExt(()),
    ],
)
def test_what_cannot_be_rendered_cannot_be_made(make: Callable[[], SendMsg]) -> None:
    with pytest.raises(InjectionError):
        make()
