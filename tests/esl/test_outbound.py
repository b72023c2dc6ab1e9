from __future__ import annotations

import asyncio
import errno
import logging
import os
import signal
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from ipaddress import ip_network
from typing import Any

import pytest

from mediasock.esl.commands import MyEvents
from mediasock.esl.errors import Disconnected, EslError, HungUp, WaitTimeout
from mediasock.esl.outbound import Handler, OutboundConnection, OutboundServer
from tests.support.event_socket import (
    Switch,
    api_response,
    asynchronous,
    complete,
    connect_reply,
    event,
    header,
    reply,
)


def has_ipv6() -> bool:
    try:
        with socket.socket(socket.AF_INET6) as probe:
            probe.bind(("::1", 0))
    except OSError:
        return False
    return True


@asynccontextmanager
async def serving(
    handler: Handler | dict[str, Handler], **more: Any
) -> AsyncIterator[OutboundServer]:
    server = OutboundServer(handler, port=0, events="plain", **more)
    await server.start()
    try:
        yield server
    finally:
        await server.close()


async def nothing(_: OutboundConnection) -> None:
    return


async def until(condition: Any) -> None:
    while not condition():
        await asyncio.sleep(0)


@asynchronous
async def test_a_call_from_connect_to_exit() -> None:
    seen: list[str] = []

    async def handle(call: OutboundConnection) -> None:
        completed = await call.execute("playback", "a.wav")
        seen.append(completed.text("Application"))

    async with serving(handle) as server:
        switch = await Switch.dial(server.port)
        await switch.begin()
        await switch.write(reply(), complete(await switch.command()))
        await switch.goodbye()
        await until(lambda: server.calls == 0)
    assert seen == ["playback"]


@pytest.mark.skipif(not has_ipv6(), reason="this machine has no IPv6")
@asynchronous
async def test_localhost_is_both_families_on_one_port() -> None:
    async with serving(nothing) as server:
        assert {address for address, _ in server.addresses} == {"127.0.0.1", "::1"}
        assert len({port for _, port in server.addresses}) == 1
        for host in ("127.0.0.1", "::1"):
            switch = await Switch.dial(server.port, host)
            await switch.begin()
            await switch.end()


@asynchronous
async def test_several_addresses() -> None:
    async with serving(nothing, host=["127.0.0.1", "127.0.0.2"]) as server:
        assert len(server.addresses) == 2
        switch = await Switch.dial(server.port, "127.0.0.2")
        await switch.begin()
        await switch.end()


@asynchronous
async def test_a_port_that_is_taken_is_an_error() -> None:
    async with serving(nothing, host="127.0.0.1") as server:
        other = OutboundServer(nothing, host=["127.0.0.2", "127.0.0.1"], port=server.port)
        with pytest.raises(OSError) as caught:
            await other.start()
        assert caught.value.errno == errno.EADDRINUSE


@asynchronous
async def test_processes_may_share_a_port() -> None:
    async with serving(nothing, host="127.0.0.1", reuse_port=True) as server:
        other = OutboundServer(nothing, host="127.0.0.1", port=server.port, reuse_port=True)
        await other.start()
        await other.close()


def test_a_server_needs_a_handler() -> None:
    with pytest.raises(EslError):
        OutboundServer({})


@pytest.mark.parametrize(
    ("path", "taken"), [("fax", "fax"), ("menu/de", "menu/de"), ("", "fax"), ("other", "fax")]
)
@asynchronous
async def test_calls_are_told_apart_by_their_path(
    path: str, taken: str, caplog: pytest.LogCaptureFixture
) -> None:
    seen: list[str] = []

    def route(name: str) -> Handler:
        async def handle(_: OutboundConnection) -> None:
            seen.append(name)

        return handle

    async with serving({"fax": route("fax"), "/menu/de": route("menu/de")}) as server:
        switch = await Switch.dial(server.port)
        await switch.begin(path=path)
        await switch.end()
    assert seen == [taken]
    told = [one.getMessage() for one in caplog.records if one.levelname == "WARNING"]
    assert told == (["nobody is /other here: /fax has it"] if path == "other" else [])


@asynchronous
async def test_a_handler_that_raises_touches_no_other_call(
    caplog: pytest.LogCaptureFixture,
) -> None:
    ended: list[str] = []

    async def handle(call: OutboundConnection) -> None:
        if call.path == "bad":
            raise ValueError("broken")
        ended.append((await call.execute("sleep", "1")).name)

    async with serving(handle) as server:
        good, bad = await Switch.dial(server.port), await Switch.dial(server.port)
        await good.begin()
        command = await good.expect("sendmsg")
        await bad.begin(path="bad")
        await bad.end()
        await good.write(reply(), complete(command))
        await good.end()
    assert ended == ["CHANNEL_EXECUTE_COMPLETE"]
    errors = [record for record in caplog.records if record.levelno >= logging.ERROR]
    assert len(errors) == 1
    assert "broken" in str(errors[0].exc_info)


@pytest.mark.parametrize("raised", [HungUp("X"), WaitTimeout("it", 1)])
@asynchronous
async def test_a_hangup_under_a_handler_is_no_failure_but_a_timeout_is(
    raised: Exception, caplog: pytest.LogCaptureFixture
) -> None:
    async def handle(_: OutboundConnection) -> None:
        raise raised

    async with serving(handle) as server:
        switch = await Switch.dial(server.port)
        await switch.begin()
        await switch.end()
    failed = any(record.levelno >= logging.ERROR for record in caplog.records)
    assert failed is isinstance(raised, WaitTimeout)


@asynchronous
async def test_over_the_limit_a_call_is_let_go_on() -> None:
    free = asyncio.Event()

    async def handle(_: OutboundConnection) -> None:
        await free.wait()

    async with serving(handle, max_calls=1) as server:
        first = await Switch.dial(server.port)
        await first.begin()
        second = await Switch.dial(server.port)
        await second.expect("connect")
        await second.write(connect_reply(control="single-channel"))
        assert await second.command() == "resume"
        await second.write(reply())
        await second.goodbye()
        free.set()
        await first.end()
        await until(lambda: server.calls == 0)
        third = await Switch.dial(server.port)
        await third.begin()
        await third.end()


@asynchronous
async def test_without_async_a_call_over_the_limit_is_not_told_to_resume() -> None:
    async with serving(lambda _: asyncio.Event().wait(), max_calls=1) as server:
        first, second = await Switch.dial(server.port), await Switch.dial(server.port)
        await first.begin()
        await second.expect("connect")
        await second.write(connect_reply(mode="static", control="single-channel"))
        await second.goodbye()
        await first.close()


@asynchronous
async def test_one_peer_does_not_take_every_place() -> None:
    async with serving(
        lambda _: asyncio.Event().wait(), host="127.0.0.1", max_per_peer=1
    ) as server:
        first = await Switch.dial(server.port)
        await first.begin()
        second = await Switch.dial(server.port)
        await second.expect("connect")
        await second.write(connect_reply())
        await second.expect("resume")
        reader, writer = await asyncio.open_connection(
            "127.0.0.1", server.port, local_addr=("127.0.0.9", 0)
        )
        await Switch(reader, writer).begin()
        await until(lambda: server.calls == 2)
        for one in (first, second):
            await one.close()
        writer.close()


@asynchronous
async def test_more_than_can_be_refused_politely_are_cut() -> None:
    async with serving(lambda _: asyncio.Event().wait(), max_calls=1) as server:
        kept = [await Switch.dial(server.port) for _ in range(2)]
        for one in kept:
            await one.expect("connect")
        cut = await Switch.dial(server.port)
        assert await cut.command() == ""


@asynchronous
async def test_a_stranger_is_cut() -> None:
    async with serving(nothing, host="127.0.0.1", allow=["192.0.2.0/24", "::1/128"]) as server:
        switch = await Switch.dial(server.port)
        assert await switch.command() == ""
        assert server.calls == 0


def test_networks_of_both_families() -> None:
    server = OutboundServer(nothing, allow=["10.0.0.0/8", ip_network("fe80::/10")])
    allowed = ["10.1.2.3", "::ffff:10.1.2.3", "fe80::1%eth0"]
    assert [server._allowed(peer) for peer in allowed] == [True] * 3
    assert not server._allowed("127.0.0.1")
    assert not server._allowed("")


@asynchronous
async def test_who_says_nothing_is_cut() -> None:
    async with serving(nothing, connect_timeout=0.02) as server:
        switch = await Switch.dial(server.port)
        await switch.expect("connect")
        assert await switch.command() == ""
        await until(lambda: server.calls == 0)


@asynchronous
async def test_who_speaks_no_event_socket_is_cut() -> None:
    async with serving(nothing) as server:
        for garbage in (b"GET / HTTP/1.1\nHost: x\n\n", reply("-ERR no"), b"\0" * 100 + b"\n\n"):
            switch = await Switch.dial(server.port)
            await switch.expect("connect")
            await switch.write(garbage)
            assert await switch.command() == ""


@asynchronous
async def test_drain_lets_calls_end_and_takes_no_more() -> None:
    async def handle(call: OutboundConnection) -> None:
        await call.execute("sleep", "9")

    async with serving(handle) as server:
        switch = await Switch.dial(server.port)
        await switch.begin()
        command = await switch.expect("sendmsg")
        draining = asyncio.ensure_future(server.drain(grace=30))
        await asyncio.sleep(0)
        with pytest.raises(OSError):
            await Switch.dial(server.port)
        await switch.write(reply(), complete(command))
        await switch.end()
        await draining


@asynchronous
async def test_drain_ends_what_does_not_end_itself() -> None:
    ended: list[str] = []

    async def handle(call: OutboundConnection) -> None:
        try:
            await call.execute("sleep", "9")
        finally:
            ended.append(call.uuid)

    async with serving(handle) as server:
        switch = await Switch.dial(server.port)
        await switch.begin()
        await switch.expect("sendmsg")
        await switch.write(reply())
        draining = asyncio.ensure_future(server.drain(grace=0.01))
        await switch.goodbye()
        await draining
        assert len(ended) == 1
        assert server.calls == 0


@asynchronous
async def test_close_ends_a_call_that_is_not_yet_there() -> None:
    async with serving(nothing) as server:
        switch = await Switch.dial(server.port)
        await switch.expect("connect")
        await server.close()
        assert await switch.command() == ""


@pytest.mark.parametrize("impatient", [False, True])
@asynchronous
async def test_sigterm_drains_and_a_second_one_ends(impatient: bool) -> None:
    async def handle(call: OutboundConnection) -> None:
        await call.execute("sleep", "9")

    server = OutboundServer(handle, port=0, events="plain")
    serving_it = asyncio.ensure_future(server.serve(grace=60))
    await until(lambda: server.addresses)
    switch = await Switch.dial(server.port)
    await switch.begin()
    command = await switch.expect("sendmsg")
    os.kill(os.getpid(), signal.SIGTERM)
    await until(lambda: server._draining)
    if impatient:
        await switch.write(reply())
        os.kill(os.getpid(), signal.SIGTERM)
    else:
        await switch.write(reply(), complete(command))
    await switch.goodbye()
    await serving_it


async def transferred(switch: Switch) -> None:
    """Answer what a transfer asks."""
    await switch.expect("api uuid_getvar")
    await switch.write(api_response("_undef_"))
    command = await switch.expect("sendmsg")
    assert header(command, "execute-app-name") == "transfer"
    await switch.write(reply(), complete(command))
    for word in ("noevents", "nolinger"):
        await switch.expect(word)
        await switch.write(reply())


@asynchronous
async def test_the_socket_of_a_transferred_call_stays_until_the_switch_closes_it() -> None:
    ended: list[BaseException] = []

    async def handle(call: OutboundConnection) -> None:
        await call.transfer("300")
        with pytest.raises(Disconnected) as caught:
            await call.execute("sleep", "1")
        ended.append(caught.value)

    async with serving(handle, max_calls=1) as server:
        first = await Switch.dial(server.port)
        await first.begin()
        await transferred(first)
        await until(lambda: ended and not server.calls)
        second = await Switch.dial(server.port)  # the first counts no more
        await second.begin()
        await first.write(event("CHANNEL_HANGUP", Hangup_Cause="X"))
        await transferred(second)
        await until(lambda: len(server._kept) == 2)
        await first.close()
        await until(lambda: len(server._kept) == 1)
        await server.drain(grace=1000)
        assert await second.command() == ""
        assert not server._kept


@asynchronous
async def test_a_transferred_calls_socket_is_closed_after_the_call_that_it_became() -> None:
    async def handle(call: OutboundConnection) -> None:
        if call.path == "first":
            await call.transfer("300")
        else:
            await call.execute("sleep", "9")

    async with serving(handle) as server:
        first, second = await Switch.dial(server.port), await Switch.dial(server.port)
        await first.begin(path="first")
        await transferred(first)
        await second.begin(path="second")
        command = await second.expect("sendmsg")
        await until(lambda: server.calls == 1)
        draining = asyncio.ensure_future(server.drain(grace=1000))
        reading = asyncio.ensure_future(first.command())
        await until(lambda: server._draining)
        for _ in range(100):
            await asyncio.sleep(0)
        assert not reading.done()
        await second.write(reply(), complete(command))
        await second.goodbye()
        assert await reading == ""
        await draining


@asynchronous
async def test_a_call_that_is_transferred_is_not_to_be_reset_at_the_end_of_the_socket() -> None:
    async def handle(call: OutboundConnection) -> None:
        await call.transfer("300")

    async with serving(handle) as server:
        switch = await Switch.dial(server.port)
        await switch.begin()
        await switch.expect("api uuid_getvar")
        await switch.write(api_response("true"))
        command = await switch.expect("sendmsg")
        assert header(command, "execute-app-name") == "unset"
        assert header(command, "execute-app-arg") == "socket_resume"
        await switch.close()


@asynchronous
async def test_without_async_a_transfer_closes_the_socket() -> None:
    async def handle(call: OutboundConnection) -> None:
        await call.transfer("300")

    async with serving(handle) as server:
        switch = await Switch.dial(server.port)
        await switch.begin(mode="static", control="single-channel")
        await switch.expect("getvar")
        await switch.write(reply("-ERR command not found"))
        command = await switch.expect("sendmsg")
        await switch.write(complete(command), reply())
        await switch.goodbye()
        await until(lambda: server.calls == 0)
        assert not server._kept


@asynchronous
async def test_the_far_end_hangs_up() -> None:
    seen: list[str] = []

    async def handle(call: OutboundConnection) -> None:
        try:
            await call.execute("sleep", "9")
        except HungUp as error:
            seen.append(error.cause)
            raise

    async with serving(handle) as server:
        switch = await Switch.dial(server.port)
        await switch.begin()
        await switch.expect("sendmsg")
        await switch.write(reply(), event("CHANNEL_HANGUP", Hangup_Cause="ORIGINATOR_CANCEL"))
        await switch.close()
        await until(lambda: server.calls == 0)
    assert seen == ["ORIGINATOR_CANCEL"]


@asynchronous
async def test_events_are_the_handlers_own_affair_unless_asked_for() -> None:
    async def handle(call: OutboundConnection) -> None:
        await call.send(MyEvents("json"))

    server = OutboundServer(handle, port=0)
    await server.start()
    switch = await Switch.dial(server.port)
    await switch.expect("connect")
    await switch.write(connect_reply())
    assert await switch.command() == "myevents json"
    await switch.write(reply())
    await switch.goodbye()
    await server.close()
