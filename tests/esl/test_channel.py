from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

import pytest

from mediasock.esl.channel import BridgeOutcome, OutboundConnection
from mediasock.esl.commands import Execute, Unicast
from mediasock.esl.errors import Disconnected, HungUp, MediaNotUp, ModeError
from mediasock.esl.events import PlainEvent
from mediasock.esl.protocol import PLAIN, Parser
from tests.support.event_socket import (
    UUID,
    Wire,
    api_response,
    asynchronous,
    complete,
    connect_reply,
    event,
    header,
    reply,
    switch_bytes,
)

T = TypeVar("T")


def begun(what: Coroutine[Any, Any, T]) -> asyncio.Task[T]:
    return asyncio.get_running_loop().create_task(what)


async def connected(**kind: str) -> tuple[OutboundConnection, Wire]:
    made = OutboundConnection()
    wire = Wire().attach(made.protocol())
    connecting = begun(made.connect("plain"))
    await wire.command()
    wire.feed(connect_reply(**kind))
    await connecting
    await wire.command()
    wire.feed(reply())
    return made, wire


@asynchronous
async def test_the_connect_reply_tells_what_the_call_is() -> None:
    made, _ = await connected(mode="static", control="single-channel", path="fax/in")
    assert (made.uuid, made.path, made.mode, made.control) == (
        UUID,
        "fax/in",
        "sync",
        "single-channel",
    )
    assert made.data.name == "CHANNEL_DATA"
    made, _ = await connected()
    assert (made.path, made.mode, made.control, made.media_up) == ("", "async", "full", False)
    with pytest.raises(Disconnected):
        _ = OutboundConnection().data


@asynchronous
async def test_the_channel_is_as_last_told() -> None:
    made, wire = await connected()
    assert made.channel is made.data
    assert made.full
    wire.feed(event("CHANNEL_ANSWER", Answer_State="answered", Channel_Read_Codec_Name="G722"))
    assert made.channel["Channel-Read-Codec-Name"] == "G722"
    wire.feed(event("CHANNEL_ANSWER", Answer_State="answered").replace(UUID.encode(), b"f" * 36))
    assert made.channel["Channel-Read-Codec-Name"] == "G722"


@asynchronous
async def test_no_event_is_lost_to_a_handler_set_at_once() -> None:
    made = OutboundConnection()
    wire = Wire().attach(made.protocol())
    connecting = begun(made.connect("json"))
    await wire.command()
    wire.feed(connect_reply())
    await connecting
    digits = made.events("DTMF")
    assert await wire.command() == "myevents json\n\n"
    wire.feed(reply() + event("DTMF", DTMF_Digit="1"))
    assert (await anext(digits))["DTMF-Digit"] == "1"


@asynchronous
async def test_a_whole_variable_comes_with_full() -> None:
    made, wire = await connected()
    for told, value in (("v=0\n\nx", "v=0\n\nx"), ("_undef_", None), ("", "")):
        asking = begun(made.getvar("sdp"))
        assert await wire.command() == f"api uuid_getvar {UUID} sdp\n\n"
        wire.feed(api_response(told))
        assert await asking == value


@asynchronous
async def test_a_value_that_looks_like_an_error_is_asked_for_again() -> None:
    made, wire = await connected()
    asking = begun(made.getvar("x"))
    await wire.command()
    wire.feed(api_response("-ERR is its value"))
    assert await wire.command() == "getvar x\n\n"
    wire.feed(reply("-ERR is its value"))
    assert await asking == "-ERR is its value"


@asynchronous
async def test_a_single_channel_socket_has_getvar() -> None:
    made, wire = await connected(control="single-channel")
    for told, value in (("bar baz", "bar baz"), ("-ERR command not found", None)):
        asking = begun(made.getvar("foo"))
        assert await wire.command() == "getvar foo\n\n"
        wire.feed(reply(told))
        assert await asking == value


@asynchronous
async def test_unicast_never_leaves_before_media_is_up() -> None:
    made, wire = await connected()
    with pytest.raises(MediaNotUp):
        await made.unicast(Unicast(40000))
    with pytest.raises(MediaNotUp):
        await made.send(Unicast(40000))
    assert wire.written == []
    answering = begun(made.send(Execute("answer")))
    asking = begun(made.unicast(Unicast(40000)))
    assert header(await wire.command(), "execute-app-name") == "answer"
    assert header(await wire.command(), "call-command") == "unicast"
    wire.feed(reply() + reply())
    await answering
    await asking


@asynchronous
async def test_unicast_never_leaves_without_async() -> None:
    made, wire = await connected(mode="static", answer="answered")
    with pytest.raises(ModeError) as caught:
        await made.unicast(Unicast(40000))
    assert caught.value.keyword == "async"
    assert wire.written == []


@asynchronous
async def test_a_bridge_ends_when_the_legs_part() -> None:
    made, wire = await connected()
    bridging = begun(made.bridge("user/1001"))
    command = await wire.command()
    assert header(command, "event-lock") == "true"
    assert header(command, "execute-app-arg") == "user/1001"
    uuid = header(command, "Event-UUID")
    wire.feed(reply() + event("CHANNEL_EXECUTE", Application="bridge", Application_UUID=uuid))
    wire.feed(event("CHANNEL_BRIDGE"))
    wire.feed(event("CHANNEL_UNBRIDGE", variable_bridge_hangup_cause="NORMAL_CLEARING"))
    await bridging


@asynchronous
async def test_a_bridge_to_nobody_ends_with_the_application() -> None:
    made, wire = await connected()
    bridging = begun(made.bridge("user/1001"))
    command = await wire.command()
    wire.feed(reply() + complete(command))
    outcome = await bridging
    assert not outcome.bridged
    assert not outcome.hung_up


@asynchronous
async def test_a_bridge_ends_with_the_call_or_the_socket() -> None:
    made, wire = await connected()
    bridging = begun(made.bridge("user/1001"))
    await wire.command()
    wire.feed(reply() + event("CHANNEL_HANGUP", Hangup_Cause="NORMAL_CLEARING"))
    outcome = await bridging
    assert (outcome.hung_up, outcome.cause) == (True, "NORMAL_CLEARING")
    with pytest.raises(HungUp):
        await made.bridge("user/1002")
    made, wire = await connected()
    bridging = begun(made.bridge("user/1001"))
    await wire.command()
    wire.abort()
    with pytest.raises(Disconnected):
        await bridging


def test_the_outcome_of_the_recorded_bridge() -> None:
    frames = Parser().receive(switch_bytes("bridge"))
    events = [PlainEvent(frame.body) for frame in frames if frame.kind == PLAIN]
    hangup = next(one for one in events if one.name == "CHANNEL_HANGUP")
    outcome = BridgeOutcome(hangup)
    assert (outcome.bridged, outcome.hung_up, outcome.disposition, outcome.cause) == (
        True,
        True,
        "SUCCESS",
        "NORMAL_CLEARING",
    )


def test_a_bridge_that_failed_says_why() -> None:
    told = PlainEvent(
        b"Event-Name: CHANNEL_EXECUTE_COMPLETE\nvariable_originate_disposition: USER_BUSY\n\n"
    )
    outcome = BridgeOutcome(told)
    assert (outcome.bridged, outcome.cause) == (False, "USER_BUSY")
    parted = PlainEvent(b"Event-Name: CHANNEL_UNBRIDGE\nvariable_bridge_hangup_cause: X\n\n")
    assert (BridgeOutcome(parted).bridged, BridgeOutcome(parted).cause) == (True, "X")
