"""What a hostile or broken peer does to one connection, and must not do to the others."""

from __future__ import annotations

import asyncio
import resource
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress

import pytest

from mediasock.esl.commands import SendEvent
from mediasock.esl.errors import Disconnected, ProtocolError, WaitTimeout
from mediasock.esl.outbound import OutboundConnection, OutboundServer
from mediasock.esl.protocol import MAX_BODY, MAX_HEADERS
from tests.support.event_socket import (
    Switch,
    asynchronous,
    complete,
    connect_reply,
    event,
    header,
    reply,
)

SILENT = 3_000
DIALLER = """
import socket, sys
kept = []
for _ in range(int(sys.argv[2])):
    one = socket.create_connection(("127.0.0.1", int(sys.argv[1])))
    kept.append(one)
print("open", flush=True)
sys.stdin.read()
"""


class Hall:
    """A server whose calls execute until they are ended, and who dials it."""

    def __init__(self, **more: float) -> None:
        self.ended: list[Exception] = []
        self.server = OutboundServer(self._handle, port=0, events="plain", **more)  # type: ignore[arg-type]
        self._switches: list[Switch] = []

    async def _handle(self, call: OutboundConnection) -> None:
        try:
            while True:
                await call.execute("sleep", "1")
        except Exception as error:
            self.ended.append(error)
            raise

    async def dial(self) -> Switch:
        switch = await Switch.dial(self.server.port)
        self._switches.append(switch)
        return switch

    async def begun(self) -> Switch:
        switch = await self.dial()
        await switch.begin()
        return switch

    async def close(self) -> None:
        for switch in self._switches:
            switch.writer.transport.abort()
        await self.server.close()


@asynccontextmanager
async def serving(**more: float) -> AsyncIterator[Hall]:
    hall = Hall(**more)
    await hall.server.start()
    try:
        yield hall
    finally:
        await hall.close()


async def until(condition: Callable[[], bool]) -> None:
    while not condition():
        await asyncio.sleep(0)


async def assert_served(switch: Switch) -> None:
    """See one more application of a call through."""
    await switch.write(complete(await switch.expect("sendmsg")), reply())


def room_for(connections: int) -> int:
    """Return how many of them this process can have, with its limit raised as far as it goes."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = connections + 500
    if soft < wanted:
        most = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))
        soft = most
    return min(connections, soft - 500)


@asynchronous
async def test_thousands_that_say_nothing_keep_no_call_away() -> None:
    count = room_for(SILENT)
    async with serving(max_calls=2 * SILENT, connect_timeout=3600) as hall:
        server = hall.server
        dialler = await asyncio.create_subprocess_exec(
            sys.executable,
            "-c",
            DIALLER,
            str(server.port),
            str(count),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        try:
            assert dialler.stdout is not None
            assert await dialler.stdout.readline() == b"open\n"
            await until(lambda: server.calls == count)
            await assert_served(await hall.begun())
            await hall.close()
            assert server.calls == 0
        finally:
            assert dialler.stdin is not None
            dialler.stdin.close()
            await dialler.wait()


@asynchronous
async def test_a_crowd_beyond_the_limit_costs_no_call_that_is_there() -> None:
    async with serving(max_calls=3, connect_timeout=3600) as hall:
        switch = await hall.begun()
        for _ in range(200):
            await hall.dial()
        await assert_served(switch)
        assert hall.server.calls == 3


@pytest.mark.parametrize(
    "flood",
    [
        pytest.param(b"x: " + b"y" * 65533, id="a header without end"),
        pytest.param(b"x: y\n" * 13107, id="headers without end"),
        pytest.param(
            f"Content-Type: text/event-plain\nContent-Length: {MAX_BODY + 1}\n\n".encode(),
            id="a body too long",
        ),
        pytest.param(b"\xff\xfe" * 1000 + b"\n\n", id="garbage"),
        pytest.param(reply("+OK nobody asked") * 100, id="a reply to nothing"),
    ],
)
@asynchronous
async def test_an_unreadable_peer_costs_its_own_connection_alone(flood: bytes) -> None:
    async with serving() as hall:
        good, bad = await hall.begun(), await hall.begun()
        await bad.expect("sendmsg")
        await bad.write(reply())
        for _ in range(0, 4 * MAX_HEADERS, len(flood)):
            with suppress(ConnectionError):
                await bad.write(flood)
        await until(lambda: hall.server.calls == 1)
        assert [type(error) for error in hall.ended] == [ProtocolError]
        await assert_served(good)


@asynchronous
async def test_half_a_frame_is_the_end_of_its_connection_alone() -> None:
    async with serving() as hall:
        good, bad = await hall.begun(), await hall.begun()
        await bad.write(event("DTMF")[:-5])
        await bad.close()
        await until(lambda: hall.server.calls == 1)
        assert [type(error) for error in hall.ended] == [Disconnected]
        await assert_served(good)


@asynchronous
async def test_a_byte_at_a_time_is_a_call_like_any() -> None:
    async with serving() as hall:
        switch = await hall.dial()
        await switch.expect("connect")
        for byte in connect_reply():
            await switch.write(bytes((byte,)))
        await switch.expect("myevents")
        for byte in reply() + complete(await switch.expect("sendmsg")) + reply():
            await switch.write(bytes((byte,)))
        await assert_served(switch)
        assert hall.ended == []


@asynchronous
async def test_a_peer_that_stops_reading_holds_up_nobody_else() -> None:
    caught: asyncio.Future[WaitTimeout] = asyncio.get_running_loop().create_future()

    async def handle(call: OutboundConnection) -> None:
        if call.path == "good":
            await call.execute("sleep", "1")
            return
        big = SendEvent("CUSTOM", body="x" * (1 << 20))
        try:
            while True:
                await call.send(big, timeout=0.02)
        except WaitTimeout as error:
            if not call._writable.is_set():
                caught.set_result(error)
                raise
            await handle(call)

    server = OutboundServer(handle, port=0, events="plain")
    await server.start()
    bad, good = await Switch.dial(server.port), await Switch.dial(server.port)
    await bad.begin()
    assert "nothing within" in str(await caught)
    await good.begin(path="good")
    await assert_served(good)
    await good.goodbye()
    bad.writer.transport.abort()
    await server.close()


@asynchronous
async def test_events_faster_than_a_handler_takes_them_are_counted() -> None:
    free = asyncio.Event()
    told: list[str] = []

    async def slow(one: object) -> None:
        await free.wait()
        told.append(getattr(one, "name", ""))

    async def handle(call: OutboundConnection) -> None:
        call.on("DTMF", slow, limit=10)
        digits = call.events("DTMF", limit=5)
        await call.execute("sleep", "1")
        free.set()
        assert [event.name async for event in digits] == ["DTMF"] * 5 + ["dropped"]
        told.append("end")

    server = OutboundServer(handle, port=0, events="plain")
    await server.start()
    switch = await Switch.dial(server.port)
    await switch.begin()
    command = await switch.expect("sendmsg")
    await switch.write(reply(), event("DTMF", DTMF_Digit="1") * 100, complete(command))
    await until(free.is_set)
    await switch.close()
    await until(lambda: server.calls == 0)
    # The first waits in the handler itself, and ten behind it.
    assert "end" in told  # what the iterator got was as it should be
    assert told.count("DTMF") in (10, 11)
    assert told.count("dropped") == 1
    assert header(command, "execute-app-name") == "sleep"
    await server.close()
