from __future__ import annotations

import asyncio
import logging
from collections.abc import Coroutine
from typing import Any, TypeVar

import pytest

from mediasock.esl import connection as module
from mediasock.esl.channel import OutboundConnection
from mediasock.esl.commands import Api, Event, Execute, Filter, GetVar, MyEvents, Resume
from mediasock.esl.connection import deadline
from mediasock.esl.errors import (
    CommandRefused,
    Disconnected,
    HungUp,
    ModeError,
    ProtocolError,
    WaitTimeout,
)
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
)

T = TypeVar("T")


def begun(what: Coroutine[Any, Any, T]) -> asyncio.Task[T]:
    return asyncio.get_running_loop().create_task(what)


async def connected(**kind: str) -> tuple[OutboundConnection, Wire]:
    made = OutboundConnection()
    wire = Wire().attach(made.protocol())
    connecting = begun(made.connect("plain"))
    assert await wire.command() == "connect\n\n"
    wire.feed(connect_reply(**kind))
    await connecting
    assert await wire.command() == "myevents\n\n"
    wire.feed(reply("+OK Events Enabled"))
    return made, wire


@asynchronous
async def test_a_command_is_one_write_and_its_reply_comes_back() -> None:
    made, wire = await connected()
    sending = begun(made.send(Execute("set", "a\nb")))
    assert await wire.command() == Execute("set", "a\nb").render().decode()
    wire.feed(reply("+OK done"))
    assert (await sending).text == "+OK done"


@asynchronous
async def test_a_refusal_is_an_error_but_not_of_getvar() -> None:
    made, wire = await connected()
    sending = [begun(made.send(Resume())), begun(made.send(GetVar("x")))]
    await wire.command()
    wire.feed(reply("-ERR no") + reply("-ERR a value"))
    with pytest.raises(CommandRefused, match="resume was refused: -ERR no"):
        await sending[0]
    assert (await sending[1]).text == "-ERR a value"


@asynchronous
async def test_a_variable_that_is_not_set_is_refused() -> None:
    made, wire = await connected()
    asking = begun(made.send(GetVar("x")))
    await wire.command()
    wire.feed(reply("-ERR command not found"))
    with pytest.raises(CommandRefused):
        await asking


@asynchronous
async def test_whatever_is_awaited_can_end_with_the_call() -> None:
    made, wire = await connected()

    async def wait(what: asyncio.Event) -> str:
        async with made.until_hangup():
            await what.wait()
        return "done"

    happened = asyncio.Event()
    one, other = begun(wait(happened)), begun(wait(asyncio.Event()))
    await asyncio.sleep(0)
    happened.set()
    assert await one == "done"
    wire.feed(event("CHANNEL_HANGUP", Hangup_Cause="USER_BUSY"))
    with pytest.raises(HungUp, match="USER_BUSY"):
        await other
    with pytest.raises(HungUp):
        await wait(happened)


@asynchronous
async def test_whatever_is_awaited_can_end_with_the_socket() -> None:
    made, wire = await connected()

    async def wait() -> None:
        async with made.until_hangup():
            await asyncio.Event().wait()

    waiting = begun(wait())
    await asyncio.sleep(0)
    wire.abort()
    with pytest.raises(Disconnected):
        await waiting
    made, wire = await connected()
    with pytest.raises(TimeoutError):
        async with made.until_hangup():
            raise TimeoutError
    wire.feed(event("CHANNEL_HANGUP"))


@asynchronous
async def test_a_wait_that_timed_out_or_was_cancelled_shifts_no_reply() -> None:
    made, wire = await connected()
    with pytest.raises(WaitTimeout, match="api: nothing within"):
        await made.api("slow", timeout=0.001)
    cancelled = begun(made.send(Resume()))
    await asyncio.sleep(0)
    cancelled.cancel()
    last = begun(made.api("last"))
    await asyncio.sleep(0)
    wire.feed(api_response("late") + reply("+OK late") + api_response("right"))
    assert await last == "right"
    assert cancelled.cancelled()


@asynchronous
async def test_execute_returns_its_completion() -> None:
    made, wire = await connected()
    running = begun(made.execute("playback", "a.wav", event_lock=True))
    command = await wire.command()
    assert header(command, "event-lock") == "true"
    assert len(header(command, "Event-UUID")) == 36
    wire.feed(reply() + complete(command, Application_Response="FILE PLAYED"))
    assert (await running)["Application-Response"] == "FILE PLAYED"


@pytest.mark.parametrize("control", ["full", "single-channel"])
@asynchronous
async def test_without_async_execute_returns_all_the_same(control: str) -> None:
    made, wire = await connected(mode="static", control=control)
    running = begun(made.execute("playback", "a.wav"))
    command = await wire.command()
    assert not running.done()
    # Reply and events come together, when the application is done.
    wire.feed(reply() + event("CHANNEL_EXECUTE", Application_UUID=header(command, "Event-UUID")))
    wire.feed(complete(command))
    assert (await running)["Application"] == "playback"
    assert made.mode == "sync"


@asynchronous
async def test_execute_asks_for_the_events_it_needs_once() -> None:
    made = OutboundConnection()
    wire = Wire().attach(made.protocol())
    connecting = begun(made.connect())
    await wire.command()
    wire.feed(connect_reply(control="single-channel"))
    await connecting
    running = [begun(made.execute("sleep", str(n))) for n in range(2)]
    assert await wire.command() == MyEvents().render().decode()
    wire.feed(reply())
    commands = [await wire.command() for _ in running]
    wire.feed(reply() * 2 + b"".join(complete(command) for command in commands))
    for task in running:
        await task


@asynchronous
async def test_a_filter_does_not_keep_a_completion_away() -> None:
    made, wire = await connected(control="single-channel")
    filtering = begun(made.send(Filter("Event-Name", "DTMF")))
    await wire.command()
    wire.feed(reply())
    await filtering
    running = begun(made.execute("sleep", "1"))
    for name in ("CHANNEL_EXECUTE_COMPLETE", "CHANNEL_HANGUP"):
        assert await wire.command() == f"filter Event-Name {name}\n\n"
        wire.feed(reply())
    wire.feed(complete(await wire.command()) + reply())
    await running


@asynchronous
async def test_execute_ends_with_the_call() -> None:
    made, wire = await connected()
    running = begun(made.execute("playback", "a.wav"))
    await wire.command()
    wire.feed(event("CHANNEL_HANGUP", Hangup_Cause="ORIGINATOR_CANCEL"))
    with pytest.raises(HungUp) as caught:
        await running
    assert caught.value.cause == made.hangup_cause == "ORIGINATOR_CANCEL"
    with pytest.raises(HungUp):
        await made.execute("playback", "b.wav")
    await made.hangup()
    assert wire.written == []


@asynchronous
async def test_execute_ends_with_the_socket_or_its_time() -> None:
    made, wire = await connected()
    with pytest.raises(WaitTimeout, match="execute playback"):
        await made.execute("playback", "a.wav", timeout=0.001)
    running = begun(made.execute("playback", "a.wav"))
    await asyncio.sleep(0)
    wire.abort()
    with pytest.raises(Disconnected):
        await running
    with pytest.raises(Disconnected):
        await made.execute("playback", "b.wav")
    await made.wait_closed()
    assert made.closed
    # That the call is gone is what hangup wants.
    await made.hangup()


@asynchronous
async def test_loops_end_with_the_last_or_when_no_more_begin(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "LOOP_PAUSE", 0.001)
    made, wire = await connected()
    running = begun(made.execute("playback", "a.wav", loops=5))
    command = await wire.command()
    again = event("CHANNEL_EXECUTE", Application_UUID=header(command, "Event-UUID"))
    wire.feed(reply() + again + complete(command, n="1") + again + complete(command, n="2"))
    assert (await running)["n"] == "2"


@asynchronous
async def test_a_job_is_awaited_and_its_event_asked_for() -> None:
    made, wire = await connected()
    running = begun(made.bgapi("originate", "user/1 &park()"))
    assert await wire.command() == Event(("BACKGROUND_JOB",)).render().decode()
    wire.feed(reply("+OK event listener enabled plain"))
    job = header(await wire.command(), "Job-UUID")
    # The event may overtake the reply.
    wire.feed(event("BACKGROUND_JOB", "+OK 1-2\n", Job_UUID=job) + reply(f"+OK Job-UUID: {job}"))
    assert await running == "+OK 1-2\n"
    running = begun(made.bgapi("originate", "user/2 &park()"))
    job = header(await wire.command(), "Job-UUID")
    wire.feed(reply() + event("BACKGROUND_JOB", "-ERR USER_BUSY\n", Job_UUID=job))
    with pytest.raises(CommandRefused, match="USER_BUSY"):
        await running


@asynchronous
async def test_a_mode_that_lacks_it_says_so_before_anything_is_sent() -> None:
    made, wire = await connected(control="single-channel")
    for coroutine in (made.api("status"), made.bgapi("status"), made.send(Api("status"))):
        with pytest.raises(ModeError) as caught:
            await coroutine
        assert caught.value.keyword == "full"
    assert wire.written == []


@asynchronous
async def test_handlers_see_every_event_while_an_execute_waits() -> None:
    made, wire = await connected()
    names: list[str] = []
    made.on("ALL", lambda told: names.append(told.name))
    stream = made.events("DTMF")
    running = begun(made.execute("playback", "a.wav"))
    command = await wire.command()
    wire.feed(reply() + event("DTMF", DTMF_Digit="%23") + complete(command))
    await running
    assert names == ["DTMF", "CHANNEL_EXECUTE_COMPLETE"]
    assert (await anext(stream))["DTMF-Digit"] == "#"
    wire.abort()
    assert [told.name async for told in stream] == []


@asynchronous
async def test_a_handler_may_close_the_connection() -> None:
    made, wire = await connected()
    names: list[str] = []
    made.on("DTMF", lambda _: made.close())
    made.on("ALL", lambda told: names.append(told.name))
    wire.feed(event("DTMF") + event("TALK"))
    wire.feed(event("NOTALK"))
    assert names == ["DTMF", "TALK"]
    await made.wait_closed()


@asynchronous
async def test_garbage_costs_only_its_own_connection(caplog: pytest.LogCaptureFixture) -> None:
    made, wire = await connected()
    running = begun(made.execute("sleep", "9"))
    await wire.command()
    wire.feed(b"HTTP/1.1 400 Bad Request\n\n")
    with pytest.raises(ProtocolError):
        await running
    await made.wait_closed()
    assert wire.aborted
    assert [record.levelno for record in caplog.records] == [logging.WARNING]


@asynchronous
async def test_a_peer_that_stops_reading_is_not_written_to() -> None:
    made, wire = await connected()
    assert wire.protocol is not None
    wire.protocol.pause_writing()
    waiting = begun(made.send(Resume()))
    with pytest.raises(WaitTimeout):
        await made.send(Resume(), timeout=0.001)
    assert wire.written == []
    wire.protocol.resume_writing()
    await wire.command()
    # What never left has no place among the replies.
    wire.feed(reply("+OK first"))
    assert (await waiting).text == "+OK first"
    wire.protocol.pause_writing()
    waiting = begun(made.send(Resume()))
    await asyncio.sleep(0)
    wire.abort()
    with pytest.raises(Disconnected):
        await waiting


@asynchronous
async def test_exit_says_goodbye_and_closes() -> None:
    made, wire = await connected()
    leaving = begun(made.exit())
    assert await wire.command() == "exit\n\n"
    wire.feed(reply("+OK bye"))
    await leaving
    assert made.closed
    await made.exit()


@asynchronous
async def test_exit_closes_even_if_nobody_answers() -> None:
    made, _ = await connected()
    await made.exit(timeout=0.001)
    assert made.closed


@asynchronous
async def test_before_there_is_a_socket_nothing_is_sent() -> None:
    made = OutboundConnection()
    with pytest.raises(WaitTimeout):
        await made.connect(timeout=0.001)
    assert (made.peer, made.uuid, made.closed) == ("", "", False)


@asynchronous
async def test_another_timeout_within_a_deadline_is_its_own() -> None:
    with pytest.raises(TimeoutError):
        async with deadline("it", 60):
            raise TimeoutError
    with pytest.raises(WaitTimeout):
        async with deadline("it", 0):
            await asyncio.Event().wait()


@asynchronous
async def test_what_is_known_of_a_connection() -> None:
    made, _ = await connected(answer="early")
    assert (made.uuid, made.peer, made.media_up, made.ended) == (UUID, "127.0.0.1", True, None)
    made.abort()
    assert isinstance(made.ended, Disconnected)
