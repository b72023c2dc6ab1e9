from __future__ import annotations

import asyncio
import logging
import tempfile
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mediasock.esl.errors import Disconnected, WaitTimeout
from mediasock.faxing.desk import Desk
from mediasock.faxing.dispatch import API, GONE, Dispatcher, chosen
from mediasock.faxing.jobs import Ending, Job, Limits, Order, State
from mediasock.faxing.policy import standard
from mediasock.faxing.settings import Settings
from mediasock.faxing.spool import Spool
from tests.support import virtual_time
from tests.support.faxing import EPOCH, MEMORY, Answered, Exchange, Inline, Refused, document

Script = Mapping[str, Sequence[Refused | Answered]]
DAY = 86_400.0


class Rig:
    """A spool, a dispatcher and an exchange in virtual time."""

    def __init__(
        self, directory: Path, script: Script, *, every: float = 1.0, **changes: Any
    ) -> None:
        self.every = every
        self.loop = asyncio.get_running_loop()
        self.exchange = Exchange({number: list(steps) for number, steps in script.items()})
        self.settings = Settings(
            spool=str(directory), password="x", dial="sofia/gateway/pstn/{number}", **changes
        )
        self.directory = directory
        self.processes: list[tuple[Desk, Dispatcher, asyncio.Task[None], Inline]] = []

    @property
    def spool(self) -> Spool:
        return self.processes[-1][0].spool

    @property
    def dispatcher(self) -> Dispatcher:
        return self.processes[-1][1]

    def begin(self) -> None:
        """A process begins: its dispatcher, and the endpoint that calls come to."""
        spool = Spool(self.directory, clock=lambda: EPOCH + self.loop.time())
        executor = Inline()
        desk = self.exchange.desk = Desk(spool, executor)
        dispatcher = Dispatcher(desk, self.settings, self.exchange, every=self.every)
        task = self.loop.create_task(dispatcher.run())
        self.processes.append((desk, dispatcher, task, executor))

    def die(self) -> None:
        """The process is killed: its calls at the endpoint end, those that ring ring on."""
        desk, _, _, executor = self.processes[-1]
        executor.dead = True
        self.exchange.lose_endpoint()
        self.stop_dispatching()
        desk.presence.leave()

    def stop_dispatching(self) -> None:
        """The dispatcher alone is gone, and with it its lock."""
        _, dispatcher, task, _ = self.processes[-1]
        task.cancel()
        dispatcher._lock.let_go()

    def submit(self, number: str, pages: int = 2, **order: Any) -> Job:
        return self.spool.submit(
            Order(number, **order), document(self.spool.documents, pages), pages
        )

    async def over(self, *numbers: int, seconds: float = DAY) -> list[Job]:
        """Wait until jobs are over."""
        async with asyncio.timeout(seconds):
            while not all(self.spool.job(number).state.over for number in numbers):
                await asyncio.sleep(5.0)
        return [self.spool.job(number) for number in numbers]


def told(story: Callable[[Rig], Awaitable[None]], script: Script, **changes: Any) -> None:
    """Run a story in virtual time."""

    async def run() -> None:
        with tempfile.TemporaryDirectory(dir=MEMORY) as directory:
            rig = Rig(Path(directory), script, **changes)
            rig.begin()
            try:
                await story(rig)
            finally:
                for desk, _, task, executor in rig.processes:
                    task.cancel()
                    executor.dead = False
                    await desk.close()

    virtual_time.run(run())


def test_a_job_becomes_one_call_and_is_sent() -> None:
    async def story(rig: Rig) -> None:
        job = rig.submit("+15550100", 3)
        assert [one.state for one in await rig.over(job.number)] == [State.SENT]
        assert rig.exchange.pages == {"+15550100": [1, 2, 3]}
        (call,) = rig.exchange.placed
        assert call.endpoint == "sofia/gateway/pstn/+15550100"
        assert call.target == "&socket('127.0.0.1:8084/fax async full')"
        (one,) = rig.spool.tries(job.number)
        assert call.variables == {
            "absolute_codec_string": "PCMA",
            "origination_uuid": one.token,
            "originate_timeout": "60",
            "ignore_early_media": "true",
            "fax_mode": "send",
            "fax_job": one.token,
        }
        assert one.ending is not None and one.ending.outcome == "ok" and one.kind == ""

    told(story, {"+15550100": [Answered()]}, variables={"absolute_codec_string": "PCMA"})


def test_a_busy_number_is_called_again_when_it_is_due() -> None:
    async def story(rig: Rig) -> None:
        job = rig.submit("1")
        await rig.over(job.number)
        first, second, third = (call.at for call in rig.exchange.placed)
        wait = standard().kinds["busy"].wait
        assert wait[0] <= second - first - 5 <= wait[0] + 2
        assert wait[1] <= third - second - 5 <= wait[1] + 2
        assert [one.kind for one in rig.spool.tries(job.number)] == ["busy", "busy", ""]

    told(story, {"1": [Refused("USER_BUSY"), Refused("USER_BUSY"), Answered()]})


def test_a_call_that_breaks_off_is_followed_by_one_with_the_rest_of_the_pages() -> None:
    async def story(rig: Rig) -> None:
        job = rig.submit("1", 5)
        await rig.over(job.number)
        assert rig.exchange.pages == {"1": [1, 2, 3, 4, 5]}
        assert rig.exchange.limits == [
            ("1", 1, Limits()),
            ("1", 3, Limits(fastest=12000)),
            ("1", 4, Limits(fastest=12000)),
        ]

    told(story, {"1": [Answered(2, "no_page_answer"), Answered(1, "call_dropped"), Answered()]})


def test_what_cannot_be_sent_fails_and_says_why() -> None:
    async def story(rig: Rig) -> None:
        jobs = [rig.submit(number).number for number in "123"]
        one, two, three = await rig.over(*jobs)
        assert {job.state for job in (one, two, three)} == {State.FAILED}
        assert one.why == "the number cannot be called: UNALLOCATED_NUMBER"
        assert two.why.startswith("the far end cannot take this document")
        assert three.why == "no answer: NO_ANSWER"
        assert len(rig.spool.tries(jobs[2])) == standard().kinds["no_answer"].tries

    told(
        story,
        {
            "1": [Refused("UNALLOCATED_NUMBER")],
            "2": [Answered(0, "incompatible")],
            "3": [Refused("NO_ANSWER")],
        },
        every=20.0,
    )


def test_a_refusal_without_a_cause_is_kept_in_its_own_words() -> None:
    async def story(rig: Rig) -> None:
        job = rig.submit("1")
        (after,) = await rig.over(job.number)
        endings = [one.ending for one in rig.spool.tries(job.number)]
        assert set(endings) == {Ending(text="-ERR Command not found!")}
        assert after.why == "the call failed: -ERR Command not found!"

    told(story, {"1": [Refused("Command not found!")]})


def test_a_job_whose_time_is_over_is_not_called() -> None:
    async def story(rig: Rig) -> None:
        jobs = [rig.submit("1", deadline=EPOCH + 1000).number, rig.submit("2", deadline=0).number]
        busy, late = await rig.over(*jobs)
        assert busy.state is State.FAILED and "its time is over; at last: busy" in busy.why
        assert late.state is State.FAILED and late.why == "its time is over"
        assert {call.endpoint[-1] for call in rig.exchange.placed} == {"1"}

    told(story, {"1": [Refused("USER_BUSY")], "2": [Answered()]})


def test_a_number_or_dial_string_that_got_into_the_spool_wrong_is_not_dialled() -> None:
    async def story(rig: Rig) -> None:
        jobs = [
            rig.submit("1,user/2").number,
            rig.submit("office", dial_string="user/1 &park()").number,
            rig.submit("office", dial_string="user/1\n\napi shutdown").number,
        ]
        assert {job.state for job in await rig.over(*jobs)} == {State.FAILED}
        assert rig.exchange.placed == []

    told(story, {})


def test_a_dial_string_of_ones_own_is_dialled() -> None:
    async def story(rig: Rig) -> None:
        await rig.over(rig.submit("office", dial_string="user/9").number)
        assert [call.endpoint for call in rig.exchange.placed] == ["user/9"]

    told(story, {"9": [Answered()]})


def test_a_job_that_rings_is_cancelled() -> None:
    async def story(rig: Rig) -> None:
        job = rig.submit("1")
        await asyncio.sleep(10)
        rig.spool.cancel(job.number)
        (after,) = await rig.over(job.number, seconds=20)
        assert after.state is State.CANCELLED and rig.exchange.up == {}

    told(story, {"1": [Answered(ring=50)]})


def test_a_job_that_is_being_sent_is_cancelled_with_what_was_confirmed() -> None:
    async def story(rig: Rig) -> None:
        job = rig.submit("1", 5)
        await asyncio.sleep(80)
        rig.spool.cancel(job.number)
        (after,) = await rig.over(job.number, seconds=20)
        assert (after.state, after.confirmed) == (State.CANCELLED, 2)
        rig.spool.retry(job.number)
        assert (await rig.over(job.number))[0].state is State.SENT
        assert rig.exchange.pages == {"1": [1, 2, 3, 4, 5]}

    told(story, {"1": [Answered()]})


def test_a_call_of_which_the_endpoint_says_nothing_is_cut_off() -> None:
    async def story(rig: Rig) -> None:
        job = rig.submit("1")
        await rig.over(job.number)
        first, second = rig.spool.tries(job.number)
        assert first.kind == "dropped" and second.kind == ""
        assert first.ended is not None and GONE <= first.ended - first.began - 5 <= GONE + 5

    told(story, {"1": [Answered(tells=False), Answered()]})


def test_a_process_that_dies_in_a_call_is_taken_up_where_it_was() -> None:
    async def story(rig: Rig) -> None:
        job = rig.submit("1", 4)
        await asyncio.sleep(75)
        rig.die()
        rig.begin()
        assert (await rig.over(job.number))[0].state is State.SENT
        assert rig.exchange.pages == {"1": [1, 2, 3, 4]}
        assert [one.kind for one in rig.spool.tries(job.number)] == ["interrupted", ""]

    told(story, {"1": [Answered()]})


def test_a_call_that_rang_when_its_process_died_is_ended_before_the_next() -> None:
    async def story(rig: Rig) -> None:
        job = rig.submit("1")
        await asyncio.sleep(10)
        (token,) = rig.exchange.up
        rig.die()
        assert token in rig.exchange.up
        rig.begin()
        await asyncio.sleep(5)
        assert token not in rig.exchange.up and rig.exchange.most == 1
        assert (await rig.over(job.number))[0].state is State.SENT

    told(story, {"1": [Answered(ring=50)]})


def test_another_process_takes_over_and_leaves_the_calls_of_the_living_alone() -> None:
    async def story(rig: Rig) -> None:
        job = rig.submit("1", 4)
        await asyncio.sleep(50)
        rig.stop_dispatching()
        rig.begin()
        (after,) = await rig.over(job.number)
        assert after.state is State.SENT and len(rig.exchange.placed) == 1

    told(story, {"1": [Answered()]})


def test_when_the_switch_is_gone_no_call_is_placed_until_it_is_back() -> None:
    async def story(rig: Rig) -> None:
        rig.exchange.connected = False
        job = rig.submit("1")
        await asyncio.sleep(1000)
        assert rig.exchange.placed == []
        rig.exchange.connected = True
        assert (await rig.over(job.number))[0].state is State.SENT

    told(story, {"1": [Answered()]})


@pytest.mark.parametrize("error", [Disconnected("gone"), WaitTimeout("originate", 90)])
def test_a_call_whose_answer_was_lost_is_found_out_about(error: Exception) -> None:
    async def story(rig: Rig) -> None:
        originate = rig.exchange.originate

        async def lost(*args: Any, **kwargs: Any) -> str:
            rig.exchange.originate = originate  # type: ignore[method-assign]
            await originate(*args, **kwargs)
            raise error

        rig.exchange.originate = lost  # type: ignore[method-assign]
        job = rig.submit("1", 3)
        assert (await rig.over(job.number))[0].state is State.SENT
        assert len(rig.exchange.placed) == 1 and rig.exchange.pages == {"1": [1, 2, 3]}

    told(story, {"1": [Answered()]})


def test_stopping_takes_back_what_rings_and_leaves_what_is_sent() -> None:
    async def story(rig: Rig) -> None:
        ringing, sending, waiting = (rig.submit(number, 3) for number in "121")
        await asyncio.sleep(20)
        await rig.dispatcher.stop()
        assert rig.spool.tries(ringing.number)[0].kind == "interrupted"
        assert rig.spool.job(sending.number).state is State.CALLING
        (after,) = await rig.over(sending.number)
        assert after.state is State.SENT and len(rig.exchange.placed) == 2
        assert rig.spool.job(waiting.number).state is State.WAITING

    told(story, {"1": [Answered(ring=50)], "2": [Answered(page_seconds=60)]})


def test_a_switch_that_does_not_answer_keeps_the_server_from_stopping_but_once() -> None:
    async def story(rig: Rig) -> None:
        async def silent(*_: Any, timeout: float, **__: Any) -> str:
            await asyncio.sleep(timeout)
            raise WaitTimeout("api", timeout)

        for number in "12345":
            rig.submit(number, 1)
        await asyncio.sleep(20)
        rig.exchange.api = silent  # type: ignore[method-assign]
        began = rig.loop.time()
        await rig.dispatcher.stop()
        assert rig.loop.time() - began <= 2 * API
        assert len(rig.exchange.up) == 5

    told(story, {number: [Answered(ring=200)] for number in "12345"})


def test_a_disk_that_is_full_at_the_end_of_a_call_loses_nothing() -> None:
    async def story(rig: Rig) -> None:
        job = rig.submit("1", 2)
        await asyncio.sleep(45)
        database = rig.spool._database
        database.execute("PRAGMA query_only = ON")
        await asyncio.sleep(600)
        assert rig.spool.job(job.number).confirmed == 1
        database.execute("PRAGMA query_only = OFF")
        assert (await rig.over(job.number))[0].state is State.SENT
        assert rig.exchange.pages == {"1": [1, 2]} and len(rig.exchange.placed) == 1

    told(story, {"1": [Answered()]})


def test_what_is_old_is_removed() -> None:
    async def story(rig: Rig) -> None:
        (rig.spool.processes / ("f" * 32)).write_bytes(b"")
        await rig.over(rig.submit("1", 1).number)
        assert len(list(rig.spool.documents.iterdir())) == 1
        await asyncio.sleep(3 * 3600)
        assert list(rig.spool.documents.iterdir()) == [] and rig.spool.jobs() == []
        assert [path.name for path in rig.spool.processes.iterdir()] == [
            rig.processes[-1][0].presence.name
        ]

    told(story, {"1": [Answered()]}, keep=3600.0, every=20.0)


def test_numbers_are_in_no_log_line_above_debug(caplog: pytest.LogCaptureFixture) -> None:
    async def story(rig: Rig) -> None:
        await rig.over(*(rig.submit(number).number for number in ("15550100", "15550101")))

    caplog.set_level(logging.DEBUG)
    told(story, {"15550100": [Refused("USER_BUSY"), Answered()], "15550101": [Refused("X")]})
    logged = [record for record in caplog.records if "1555010" in str(vars(record))]
    assert logged and {record.levelno for record in logged} == {logging.DEBUG}
    assert any(record.levelno == logging.INFO for record in caplog.records)


STEPS = st.one_of(
    st.builds(
        Refused,
        st.sampled_from(["USER_BUSY", "NO_ANSWER", "NORMAL_CIRCUIT_CONGESTION", "CALL_REJECTED"]),
        st.floats(1, 50),
    ),
    st.builds(
        Answered,
        st.integers(0, 3),
        st.sampled_from(["no_page_answer", "cannot_train", "call_dropped", "bad_ecm_answer"]),
        st.floats(1, 50),
        st.floats(1, 90),
        st.sampled_from([True, True, True, False]),
    ),
)


@pytest.mark.timeout(300)
@settings(max_examples=25, deadline=None)
@given(
    script=st.dictionaries(
        st.sampled_from(["1", "2", "3", "4"]),
        st.lists(STEPS, min_size=1, max_size=4).map(lambda steps: [*steps, Answered()]),
        min_size=4,
        max_size=4,
    ),
    jobs=st.lists(st.tuples(st.sampled_from("1234"), st.integers(1, 4)), min_size=1, max_size=8),
    calls=st.integers(1, 3),
    deaths=st.lists(st.floats(1, 400), max_size=3),
)
def test_whatever_happens_every_job_ends_and_no_page_comes_twice(
    script: dict[str, list[Refused | Answered]],
    jobs: list[tuple[str, int]],
    calls: int,
    deaths: list[float],
) -> None:
    async def story(rig: Rig) -> None:
        numbers = [rig.submit(number, pages).number for number, pages in jobs]
        for after in deaths:
            await asyncio.sleep(after)
            rig.die()
            rig.begin()
        ended = await rig.over(*numbers)
        for number in "1234":
            mine = [job for job in ended if job.order.destination == number]
            got = rig.exchange.pages.get(number, [])
            wanted = sorted(page for job in mine for page in range(1, job.confirmed + 1))
            assert sorted(got) == wanted
            assert all(job.confirmed == job.pages for job in mine if job.state is State.SENT)
        assert rig.exchange.most <= calls

    told(story, script, calls=calls, every=15.0)


def jobs_to(*numbers: str, **order: Any) -> Iterator[Job]:
    for place, number in enumerate(numbers, 1):
        yield Job(place, Order(number, **order), "a", 1, EPOCH)


def test_what_is_called_at_once_is_limited_in_all_by_gateway_and_by_number() -> None:
    limits = Settings(
        spool="x", dial="g/{number}", calls=5, calls_per_gateway=3, calls_per_destination=2
    )
    assert len(chosen(jobs_to(*"123456789"), [], limits)) == 3
    assert [job.order.destination for job in chosen(jobs_to(*"11122"), [], limits)] == list("112")
    assert chosen(jobs_to("1"), jobs_to(*"234"), limits) == []
    assert len(chosen(jobs_to(*"123", dial_string="user/1"), jobs_to(*"234"), limits)) == 2
    assert chosen(jobs_to("1", dial_string="user/1"), jobs_to(*"23456"), limits) == []
    assert chosen(jobs_to("1"), jobs_to("1", "1"), limits) == []
