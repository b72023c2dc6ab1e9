from __future__ import annotations

import asyncio
import gc
import logging

import pytest

from mediasock.esl.dispatch import EVERY, Dispatcher, EventStream
from mediasock.esl.events import Event
from mediasock.esl.notices import Dropped, Gap
from tests.support.event_socket import asynchronous


def made(name: str, **headers: str) -> Event:
    return Event({"Event-Name": name, **headers})


async def taken(stream: EventStream, count: int) -> list[str]:
    return [(await anext(stream)).name for _ in range(count)]


def test_a_callback_gets_the_events_of_its_name() -> None:
    dispatcher = Dispatcher()
    seen: list[str] = []
    every: list[str] = []
    end = dispatcher.on("DTMF", lambda event: seen.append(event.name))
    dispatcher.on(EVERY, lambda event: every.append(event.name))
    for name in ("DTMF", "HEARTBEAT", "DTMF"):
        dispatcher.dispatch(made(name))
    end()
    end()
    dispatcher.dispatch(made("DTMF"))
    assert (seen, every) == (["DTMF"] * 2, ["DTMF", "HEARTBEAT", "DTMF", "DTMF"])


def test_a_callback_gets_the_events_of_its_subclass() -> None:
    dispatcher = Dispatcher()
    seen: list[str] = []
    dispatcher.on("CUSTOM", lambda event: seen.append(event.subclass), subclass="a::b")
    for subclass in ("a::b", "a::c"):
        dispatcher.dispatch(made("CUSTOM", **{"Event-Subclass": subclass}))
    assert seen == ["a::b"]


def test_a_callback_that_fails_is_logged_and_the_others_go_on(
    caplog: pytest.LogCaptureFixture,
) -> None:
    dispatcher = Dispatcher({"call": "c"})
    seen: list[str] = []

    def fail(_: Event) -> None:
        raise ValueError("broken")

    dispatcher.on("DTMF", fail)
    dispatcher.on("DTMF", lambda event: seen.append(event.name))
    dispatcher.dispatch(made("DTMF"))
    assert seen == ["DTMF"]
    (record,) = caplog.records
    assert record.levelno == logging.ERROR
    assert record.__dict__["call"] == "c"
    assert "broken" in str(record.exc_info)


@asynchronous
async def test_an_async_callback_gets_one_after_the_other() -> None:
    dispatcher = Dispatcher()
    seen: list[str] = []
    free = asyncio.Semaphore(0)

    class Handler:
        async def __call__(self, event: Event) -> None:
            await free.acquire()
            seen.append(event.text("n"))
            if event.text("n") == "1":
                raise ValueError("broken")

    end = dispatcher.on("DTMF", Handler())
    for number in range(3):
        dispatcher.dispatch(made("DTMF", n=str(number)))
    assert seen == []
    while len(seen) < 3:
        free.release()
        await asyncio.sleep(0)
    assert seen == ["0", "1", "2"]
    end()
    dispatcher.dispatch(made("DTMF", n="3"))
    for _ in range(10):
        free.release()
        await asyncio.sleep(0)
    assert len(seen) == 3


@asynchronous
async def test_an_iterator_has_the_events_from_when_it_was_made() -> None:
    dispatcher = Dispatcher()
    dispatcher.dispatch(made("DTMF"))
    some, every = dispatcher.events("DTMF", "HEARTBEAT"), dispatcher.events()
    for name in ("DTMF", "OTHER", "HEARTBEAT"):
        dispatcher.dispatch(made(name))
    dispatcher.finish()
    assert [event.name async for event in some] == ["DTMF", "HEARTBEAT"]
    assert [event.name async for event in every] == ["DTMF", "OTHER", "HEARTBEAT"]
    assert [event.name async for event in dispatcher.events()] == []


@asynchronous
async def test_an_iterator_waits() -> None:
    dispatcher = Dispatcher()
    stream = dispatcher.events("DTMF", subclass="a")
    waiting = asyncio.ensure_future(anext(stream))
    await asyncio.sleep(0)
    dispatcher.dispatch(made("DTMF"))
    dispatcher.dispatch(made("DTMF", **{"Event-Subclass": "a"}))
    assert (await waiting).subclass == "a"
    waiting = asyncio.ensure_future(anext(stream))
    await asyncio.sleep(0)
    waiting.cancel()
    await asyncio.wait((waiting,))
    dispatcher.dispatch(made("DTMF", **{"Event-Subclass": "a"}))
    assert await taken(stream, 1) == ["DTMF"]


@asynchronous
async def test_a_slow_iterator_is_told_what_it_lost(caplog: pytest.LogCaptureFixture) -> None:
    dispatcher = Dispatcher()
    stream = dispatcher.events("DTMF", limit=2)
    for number in range(5):
        dispatcher.dispatch(made("DTMF", n=str(number)))
    assert len(caplog.records) == 1
    assert [(await anext(stream)).text("n") for _ in range(2)] == ["0", "1"]
    dispatcher.dispatch(made("DTMF", n="5"))
    lost = await anext(stream)
    assert isinstance(lost, Dropped)
    assert lost.count == 3
    assert (await anext(stream)).text("n") == "5"


@asynchronous
async def test_what_was_lost_last_is_told_as_well() -> None:
    dispatcher = Dispatcher()
    stream = dispatcher.events(limit=1)
    for _ in range(3):
        dispatcher.dispatch(made("DTMF"))
    assert await taken(stream, 2) == ["DTMF", "dropped"]
    for _ in range(2):
        dispatcher.dispatch(made("DTMF"))
    dispatcher.finish()
    assert [event.name async for event in stream] == ["DTMF", "dropped"]


@asynchronous
async def test_a_gap_goes_to_every_iterator() -> None:
    dispatcher = Dispatcher()
    stream = dispatcher.events("CUSTOM", subclass="a")
    dispatcher.dispatch(Gap(1.0, 1))
    assert isinstance(await anext(stream), Gap)


@asynchronous
async def test_a_closed_iterator_ends() -> None:
    dispatcher = Dispatcher()
    stream = dispatcher.events()
    dispatcher.dispatch(made("DTMF"))
    stream.close()
    dispatcher.dispatch(made("DTMF"))
    assert [event.name async for event in stream] == []


def test_an_iterator_that_nobody_has_takes_no_more() -> None:
    dispatcher = Dispatcher()
    dispatcher.events("DTMF")
    gc.collect()
    assert dispatcher._routes == {}
