from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from mediasock.faxing.desk import Desk
from mediasock.faxing.jobs import NoSuchJob, Order, SpoolError
from mediasock.faxing.spool import Spool
from tests.support import virtual_time
from tests.support.faxing import Inline


def at(tmp_path: Path, story: Callable[[Desk], Awaitable[None]]) -> None:
    async def run() -> None:
        desk = Desk(Spool(tmp_path), Inline())
        await story(desk)
        await desk.close()

    virtual_time.run(run())


def test_the_disk_is_waited_for_in_a_thread_and_not_by_the_loop(tmp_path: Path) -> None:
    going, seen = threading.Event(), []

    async def run() -> None:
        desk = Desk(Spool(tmp_path))
        waiting = asyncio.create_task(desk.do(going.wait, 60))
        seen.append(await desk_free())
        going.set()
        assert await waiting
        assert (await desk.do(desk.spool.submit, Order("1"), "a", pages=2)).pages == 2
        await desk.close()

    async def desk_free() -> str:
        await asyncio.sleep(0)
        return "the loop runs"

    asyncio.run(run())
    assert seen == ["the loop runs"]


def test_who_waits_may_be_cancelled_and_it_is_written_all_the_same(tmp_path: Path) -> None:
    going = threading.Event()

    async def run() -> None:
        desk = Desk(Spool(tmp_path))
        first = asyncio.create_task(desk.do(going.wait, 60))
        second = asyncio.create_task(desk.do(desk.spool.submit, Order("1"), "a", 1))
        await asyncio.sleep(0)
        second.cancel()
        with pytest.raises(asyncio.CancelledError):
            await second
        going.set()
        await first
        assert len(await desk.do(desk.spool.jobs)) == 1
        await desk.close()

    asyncio.run(run())


def test_what_goes_wrong_comes_back(tmp_path: Path) -> None:
    async def story(desk: Desk) -> None:
        with pytest.raises(NoSuchJob):
            await desk.do(desk.spool.job, 1)
        assert not desk.changed.is_set()

    at(tmp_path, story)


def test_what_the_disk_does_not_take_is_written_when_it_does(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    tries = []

    def write(what: str) -> None:
        tries.append(what)
        if len(tries) < 4:
            raise SpoolError("full")

    async def story(desk: Desk) -> None:
        assert await desk.insist(write, "it") is False
        await asyncio.sleep(10)
        assert tries == ["it"] * 4 and desk.changed.is_set()
        assert await desk.insist(write, "it") is True

    at(tmp_path, story)
    assert [record.levelno for record in caplog.records] == [logging.ERROR]


def test_closing_tries_once_more_and_says_what_is_lost(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    tries = []

    def write() -> None:
        tries.append(1)
        raise SpoolError("full")

    async def story(desk: Desk) -> None:
        await desk.insist(write)

    at(tmp_path, story)
    assert len(tries) == 2
    assert "lacks what could not be written" in caplog.text
