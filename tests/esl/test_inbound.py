from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from mediasock.esl.commands import Event, Execute, Filter, Resume, Unicast
from mediasock.esl.errors import (
    CommandRefused,
    Disconnected,
    MediaNotUp,
    ModeError,
    WaitTimeout,
)
from mediasock.esl.inbound import Backoff, InboundClient
from mediasock.esl.notices import Gap
from tests.support.event_socket import (
    UUID,
    Switch,
    api_response,
    asynchronous,
    complete,
    event,
    header,
    reply,
)

ASK = b"Content-Type: auth/request\n\n"


class Door:
    """A FreeSWITCH that is dialled: gives each connection to the test.

    While it is shut its port is nobody else's: a socket holds it that does not listen.
    """

    def __init__(self) -> None:
        self._holder = _shared()
        self._holder.bind(("127.0.0.1", 0))
        self.port = self._holder.getsockname()[1]
        self._callers: asyncio.Queue[Switch] = asyncio.Queue()
        self._server: asyncio.Server | None = None

    async def open(self) -> None:
        listener = _shared()
        listener.bind(("127.0.0.1", self.port))
        self._server = await asyncio.start_server(self._enter, sock=listener)

    def shut(self) -> None:
        assert self._server is not None
        self._server.close()

    async def _enter(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await self._callers.put(Switch(reader, writer))

    async def caller(self, login: str = "auth ClueCon") -> Switch:
        """Take the next connection through its login."""
        switch = await self._callers.get()
        await switch.write(ASK)
        await switch.expect(login)
        await switch.write(reply("+OK accepted"))
        return switch


def _shared() -> socket.socket:
    one = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    return one


class Time:
    """A clock that only sleeping moves."""

    def __init__(self) -> None:
        self.now = 0.0
        self.slept: list[float] = []

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds
        await asyncio.sleep(0)


@asynccontextmanager
async def dialled(
    time: Time | None = None,
) -> AsyncIterator[tuple[Door, InboundClient, Switch]]:
    door = Door()
    await door.open()
    time = time or Time()
    client = InboundClient(
        port=door.port,
        password="ClueCon",
        backoff=Backoff(1.0, 4.0, chance=lambda: 1.0),
        sleep=time.sleep,
        clock=lambda: time.now,
    )
    starting = asyncio.ensure_future(client.start())
    switch = await door.caller()
    await starting
    try:
        yield door, client, switch
    finally:
        closing = asyncio.ensure_future(client.close())
        await switch.end()
        await closing
        door.shut()


@asynchronous
async def test_the_password_opens_and_commands_follow() -> None:
    async with dialled() as (_, client, switch):
        asking = asyncio.ensure_future(client.api("status"))
        assert await switch.command() == "api status"
        await switch.write(api_response("UP"))
        assert await asking == "UP"
        assert client.connected
        await client.wait_connected()


@asynchronous
async def test_a_user_has_a_password_of_its_own() -> None:
    door = Door()
    await door.open()
    client = InboundClient(port=door.port, password="1234", user="1000@example.com")
    starting = asyncio.ensure_future(client.start())
    switch = await door.caller("userauth 1000@example.com:1234")
    await starting
    closing = asyncio.ensure_future(client.close())
    await switch.end()
    await closing
    door.shut()


@asynchronous
async def test_a_wrong_password_is_refused() -> None:
    door = Door()
    await door.open()
    client = InboundClient(port=door.port, password="wrong")
    starting = asyncio.ensure_future(client.start())
    switch = await door._callers.get()
    await switch.write(ASK)
    await switch.expect("auth")
    await switch.write(reply("-ERR invalid"))
    with pytest.raises(CommandRefused, match="auth was refused") as caught:
        await starting
    assert "wrong" not in str(caught.value)
    assert await switch.command() == ""
    with pytest.raises(Disconnected):
        await client.api("status")
    door.shut()


@asynchronous
async def test_nobody_there_or_not_wanted() -> None:
    door = Door()
    await door.open()
    client = InboundClient(port=door.port, password="x")
    starting = asyncio.ensure_future(client.start())
    switch = await door._callers.get()
    await switch.write(b"Content-Type: text/rude-rejection\nContent-Length: 5\n\nAway\n")
    with pytest.raises(Disconnected, match="Away"):
        await starting
    door.shut()
    with pytest.raises(OSError):
        await client.start()
    await client.close()


@asynchronous
async def test_originate_is_a_job_with_the_new_calls_uuid() -> None:
    async with dialled() as (_, client, switch):
        calling = asyncio.ensure_future(client.originate("user/1", variables={"a": "b c"}))
        await switch.expect("event plain BACKGROUND_JOB")
        await switch.write(reply())
        command = await switch.expect("bgapi originate {a='b c'}user/1 &park()")
        job = header(command, "Job-UUID")
        await switch.write(reply(), event("BACKGROUND_JOB", f"+OK {UUID}\n", Job_UUID=job))
        assert await calling == UUID


@asynchronous
async def test_an_application_on_a_call() -> None:
    async with dialled() as (_, client, switch):
        running = asyncio.ensure_future(client.execute(UUID, "playback", "a.wav"))
        await switch.expect("event plain CHANNEL_EXECUTE_COMPLETE CHANNEL_HANGUP")
        await switch.write(reply())
        command = await switch.expect(f"sendmsg {UUID}")
        await switch.write(reply(), complete(command))
        assert (await running)["Application"] == "playback"
        ending = asyncio.ensure_future(client.hangup(UUID, "USER_BUSY"))
        await switch.expect(f"sendmsg {UUID}\ncall-command: hangup\nhangup-cause: USER_BUSY")
        await switch.write(reply())
        await ending


@asynchronous
async def test_what_is_for_an_outbound_socket_is_refused() -> None:
    async with dialled() as (_, client, _switch):
        with pytest.raises(ModeError):
            await client.send(Resume())
        with pytest.raises(MediaNotUp):
            await client.send(Unicast(40000, call=UUID))


@asynchronous
async def test_a_lost_connection_is_dialled_again_and_the_gap_is_an_event() -> None:
    time = Time()
    async with dialled(time) as (door, client, first):
        digits, every = client.events("DTMF"), client.events()
        gaps: list[str] = []
        client.on("gap", lambda told: gaps.append(told.name))
        for command in (Event(("DTMF",), ("a::b",), "plain"), Filter("x", "1")):
            sending = asyncio.ensure_future(client.send(command))
            await first.command()
            await first.write(reply())
            await sending
        waiting = asyncio.ensure_future(client.api("slow"))
        await first.command()
        door.shut()
        await first.close()
        with pytest.raises(Disconnected):
            await waiting
        while len(time.slept) < 4:
            await asyncio.sleep(0)
        assert not client.connected
        with pytest.raises(Disconnected):
            await client.api("status")
        await door.open()
        second = await door.caller()
        await second.expect("event plain DTMF CUSTOM a::b")
        await second.write(reply(), event("DTMF", DTMF_Digit="0"))
        await second.expect("filter x 1")
        await second.write(reply())
        await client.wait_connected()
        gap = await anext(digits)
        assert isinstance(gap, Gap)
        assert time.slept[:4] == [1.0, 2.0, 4.0, 4.0]
        assert gap.attempts == len(time.slept)
        assert gap.seconds == sum(time.slept)
        assert gaps == ["gap"]
        await second.write(event("DTMF", DTMF_Digit="1"))
        assert [(await anext(digits))["DTMF-Digit"] for _ in range(2)] == ["0", "1"]
        assert isinstance(await anext(every), Gap)
        closing = asyncio.ensure_future(client.close())
        await second.end()
        await closing
        assert [told.name async for told in every] == ["DTMF", "DTMF"]


@asynchronous
async def test_what_was_asked_for_survives_a_connection_that_fails_on_the_way() -> None:
    async with dialled() as (door, client, first):
        asking = asyncio.ensure_future(client.subscribe("DTMF"))
        await first.expect("event plain DTMF")
        await first.write(reply())
        await asking
        await first.close()
        second = await door.caller()
        await second.expect("event plain DTMF")
        await second.close()
        third = await door.caller()
        await third.expect("event plain DTMF")
        await third.write(reply())
        await client.wait_connected()
        closing = asyncio.ensure_future(client.close())
        await third.end()
        await closing


@asynchronous
async def test_no_answer_to_the_password_is_a_timeout(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mediasock.esl.inbound.OPEN_TIMEOUT", 0.01)
    door = Door()
    await door.open()
    client = InboundClient(port=door.port, password="x")
    with pytest.raises(WaitTimeout):
        await client.start()
    door.shut()


def test_waits_grow_and_are_cut_by_chance() -> None:
    waits = Backoff(1.0, 5.0, chance=lambda: 0.0).delays()
    assert [next(waits) for _ in range(4)] == [0.5, 1.0, 2.0, 2.5]
    for _, wait in zip(range(50), Backoff(1.0, 5.0).delays(), strict=False):
        assert 0.5 <= wait <= 5.0


@asynchronous
async def test_a_client_is_a_context() -> None:
    door = Door()
    await door.open()

    async def use() -> None:
        async with InboundClient(port=door.port, password="ClueCon") as client:
            await client.send(Execute("sleep", "1", call=UUID))

    using = asyncio.ensure_future(use())
    switch = await door.caller()
    await switch.expect("sendmsg")
    await switch.write(reply())
    await switch.goodbye()
    await using
    door.shut()


@asynchronous
async def test_hanging_up_a_call_that_is_over_is_no_error_and_another_refusal_is() -> None:
    async with dialled() as (_, client, switch):
        for text in ("-ERR invalid session id [x]", "-ERR something else"):
            ending = asyncio.ensure_future(client.hangup("x"))
            assert header(await switch.expect("sendmsg x"), "call-command") == "hangup"
            await switch.write(reply(text))
            if "session" in text:
                await ending
            else:
                with pytest.raises(CommandRefused):
                    await ending
