from __future__ import annotations

import contextlib
import fcntl
import itertools
import os
import sqlite3
import stat
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from mediasock.faxing import spool as spools
from mediasock.faxing.jobs import (
    Ending,
    JobStateError,
    Limits,
    NoSuchJob,
    NoSuchTry,
    Order,
    SpoolError,
    State,
    Try,
)
from mediasock.faxing.spool import Spool
from tests.support.dying import Died, Dying, dying_connections
from tests.support.faxing import EPOCH, Clock


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def spool(tmp_path: Path, clock: Clock):
    with Spool(tmp_path / "spool", clock=clock) as opened:
        yield opened


def begun(spool: Spool, pages: int = 3, **order: object) -> Try:
    job = spool.submit(Order("1", **order), "a.tiff", pages)
    one = spool.begin(job.number, "me")
    assert one is not None
    return one


def test_a_job_is_kept_as_it_was_handed_in(tmp_path: Path, clock: Clock) -> None:
    order = Order("+1", "user/1", 5, EPOCH + 100, 3)
    with Spool(tmp_path, clock=clock) as spool:
        job = spool.submit(order, "a.tiff", 7)
    with Spool(tmp_path) as again:
        assert again.jobs() == [job] == again.jobs(State.WAITING)
        assert again.jobs(State.SENT) == []
    assert (job.order, job.pages, job.submitted, job.due) == (order, 7, EPOCH, EPOCH)


def test_what_is_kept_is_for_its_owners_eyes(spool: Spool) -> None:
    assert stat.S_IMODE(spool.directory.stat().st_mode) == 0o700
    assert stat.S_IMODE((spool.directory / "spool.sqlite3").stat().st_mode) == 0o600


def test_who_makes_a_spool_is_waited_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    making, seen = spools.migrate, []

    def migrate(database: sqlite3.Connection) -> None:
        directory = os.open(tmp_path, os.O_RDONLY)
        try:
            fcntl.flock(directory, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            seen.append("it is not to be had")
        finally:
            os.close(directory)
        making(database)

    monkeypatch.setattr(spools, "migrate", migrate)
    together = threading.Barrier(4)

    def make(number: int) -> int:
        together.wait()
        with Spool(tmp_path) as spool:
            return spool.submit(Order(str(number)), "a", 1).number

    with ThreadPoolExecutor(4) as threads:
        assert sorted(threads.map(make, range(4))) == [1, 2, 3, 4]
    assert len(seen) == 4


def test_a_commit_is_on_the_disk(spool: Spool) -> None:
    database = spool._database
    assert database.execute("PRAGMA journal_mode").fetchone()[0] == "wal"
    assert database.execute("PRAGMA synchronous").fetchone()[0] == 2


def test_numbers_are_not_used_again(spool: Spool) -> None:
    assert [spool.submit(Order("1"), "a", 1).number for _ in range(3)] == [1, 2, 3]
    spool._database.execute("DELETE FROM jobs WHERE number = 3")
    assert spool.submit(Order("1"), "a", 1).number == 4


def test_who_waits_is_called_by_priority_then_by_age(spool: Spool, clock: Clock) -> None:
    for place, (to, priority) in enumerate([("1", 0), ("2", 5), ("1", 9), ("3", 0), ("1", 0)]):
        clock.now = EPOCH + place
        spool.submit(Order(to, priority=priority), "a", 1)
    assert [job.number for job in spool.waiting(3)] == [3, 2, 1, 4, 5]
    assert [job.number for job in spool.waiting(1)] == [3, 2, 4]
    assert [job.number for job in spool.waiting(3, most=2)] == [3, 2]
    clock.now = EPOCH + 1
    assert [job.number for job in spool.waiting(3)] == [2, 1]


def test_a_try_is_one_calls_and_once(spool: Spool) -> None:
    one = begun(spool)
    assert spool.begin(1, "me") is None
    assert spool.job(1).state is State.CALLING
    job, again = spool.answer(one.token, "worker")
    assert job.pages == 3 and again.answered is not None and again.owner == "worker"
    with pytest.raises(NoSuchTry):
        spool.answer(one.token, "other")
    for token in ("", "x", "'; DROP TABLE jobs; --", one.token.upper() + "\0"):
        with pytest.raises(NoSuchTry):
            spool.answer(token, "other")


def test_a_call_that_comes_late_is_refused(spool: Spool) -> None:
    one = begun(spool)
    assert spool.close_try(one.token, Ending("interrupted"))
    with pytest.raises(NoSuchTry):
        spool.answer(one.token, "late")


def test_the_next_try_begins_with_the_first_page_that_is_not_confirmed(
    spool: Spool, clock: Clock
) -> None:
    one = begun(spool)
    spool.answer(one.token, "me")
    spool.confirm(one.token, 1)
    assert spool.job(1).confirmed == 1
    spool.close_try(one.token, Ending("no_page_answer", rate="V.29 9600"), confirmed=1)
    job = spool.job(1)
    assert job.state is State.WAITING and job.due > clock.now and job.limits == Limits(7200)
    assert job.why.startswith("pages did not come through")
    assert spool.begin(1, "me") is None
    clock.now = job.due
    two = spool.begin(1, "me")
    assert two is not None and (two.number, two.first, two.limits) == (2, 2, Limits(7200))
    spool.confirm(two.token, 2)
    spool.close_try(two.token, Ending("call_dropped"))
    assert spool.job(1).state is State.SENT and spool.waiting(9) == []
    assert [(tried.confirmed, tried.kind) for tried in spool.tries(1)] == [(1, "pages"), (2, "")]


def test_closing_tells_confirmed_pages_as_well_and_only_once_counts(spool: Spool) -> None:
    one = begun(spool)
    assert not spool.close_try(one.token, Ending("ok"), owner="other")
    assert spool.close_try(one.token, Ending("ok", number=0), confirmed=3, owner="me")
    assert not spool.close_try(one.token, Ending("call_dropped"))
    assert spool.job(1).state is State.SENT
    assert spool.tries(1)[0].ending == Ending("ok", number=0)


def test_pages_told_after_the_try_was_closed_count(spool: Spool) -> None:
    one = begun(spool)
    spool.close_try(one.token, Ending("interrupted"))
    spool.confirm(one.token, 2)
    assert (spool.job(1).state, spool.job(1).confirmed) == (State.WAITING, 2)
    spool.cancel(1)
    spool.confirm(one.token, 3)
    assert spool.job(1).state is State.SENT


@pytest.mark.parametrize("count", [-1, 4, 1 << 70])
def test_pages_that_there_are_not_are_refused(spool: Spool, count: int) -> None:
    one = begun(spool)
    with pytest.raises(SpoolError):
        spool.confirm(one.token, count)
    with pytest.raises(SpoolError):
        spool.close_try(one.token, Ending("ok"), confirmed=count)
    assert spool.tries(1)[0].ended is None and spool.job(1).confirmed == 0


def test_a_token_that_never_was_is_refused(spool: Spool) -> None:
    with pytest.raises(NoSuchTry):
        spool.confirm("x", 1)
    with pytest.raises(NoSuchTry):
        spool.close_try("x", Ending("ok"))


def test_a_job_that_waits_is_cancelled_at_once(spool: Spool) -> None:
    spool.submit(Order("1"), "a", 1)
    assert spool.cancel(1).state is State.CANCELLED
    assert spool.begin(1, "me") is None
    with pytest.raises(JobStateError, match="job 1 is cancelled already"):
        spool.cancel(1)


def test_a_job_that_is_called_is_cancelled_with_its_call(spool: Spool) -> None:
    one = begun(spool)
    assert spool.cancel(1).cancelling
    with pytest.raises(NoSuchTry):
        spool.answer(one.token, "me")
    spool.close_try(one.token, Ending(cause="ORIGINATOR_CANCEL"))
    assert spool.job(1).state is State.CANCELLED


def test_a_failed_job_is_tried_afresh_from_where_it_was(spool: Spool, clock: Clock) -> None:
    one = begun(spool, deadline=EPOCH + 1000)
    spool.confirm(one.token, 1)
    spool.close_try(one.token, Ending("incompatible", rate="V.29 7200"))
    assert spool.job(1).state is State.FAILED
    clock.now += 5000
    job = spool.retry(1)
    assert (job.state, job.confirmed, job.counted_from) == (State.WAITING, 1, 2)
    assert job.order.deadline == clock.now + 1000 and job.limits == Limits()
    two = spool.begin(1, "me")
    assert two is not None and two.first == 2


def test_each_time_it_is_tried_afresh_there_is_as_much_time_as_there_was(
    spool: Spool, clock: Clock
) -> None:
    spool.submit(Order("1", deadline=EPOCH + 1000), "a", 1)
    for later in (5000, 100, 1001, 90_000):
        clock.now += later
        if not spool.expire():
            spool.cancel(1)
        assert spool.retry(1).order.deadline == clock.now + 1000


def test_a_job_that_waits_is_tried_now(spool: Spool, clock: Clock) -> None:
    one = begun(spool)
    spool.close_try(one.token, Ending(cause="USER_BUSY"))
    assert spool.begin(1, "me") is None
    assert spool.retry(1).due == clock.now and spool.retry(1).counted_from == 1
    assert spool.begin(1, "me") is not None
    with pytest.raises(JobStateError, match="job 1 is calling"):
        spool.retry(1)


def test_what_was_sent_is_not_sent_again(spool: Spool) -> None:
    one = begun(spool, pages=1)
    spool.close_try(one.token, Ending("ok"), confirmed=1)
    for change in (spool.retry, spool.cancel):
        with pytest.raises(JobStateError, match="job 1 is sent"):
            change(1)


def test_a_job_whose_time_is_over_fails(spool: Spool, clock: Clock) -> None:
    spool.submit(Order("1", deadline=EPOCH + 10), "a", 1)
    spool.submit(Order("2", deadline=EPOCH + 20), "a", 1)
    assert spool.expire() == []
    clock.now += 15
    assert [job.number for job in spool.expire()] == [1]
    assert spool.job(1).why == "its time is over" and spool.job(1).state is State.FAILED


def test_jobs_and_their_documents_are_kept_for_a_while_after_the_end(
    spool: Spool, clock: Clock
) -> None:
    one = begun(spool, pages=1)
    spool.submit(Order("2"), "b.tiff", 1)
    assert spool.known() == {"a.tiff", "b.tiff"}
    spool.close_try(one.token, Ending("incompatible"))
    assert spool.forget(100) == []
    clock.now += 101
    assert spool.forget(100) == ["a.tiff"] and spool.forget(100) == []
    assert spool.known() == {"b.tiff"} and [job.number for job in spool.jobs()] == [2]
    assert spool.tries(1) == ()
    with pytest.raises(NoSuchJob):
        spool.retry(1)
    assert spool.submit(Order("3"), "c.tiff", 1).number == 3


@pytest.mark.parametrize("after", [False, True])
def test_a_job_goes_as_a_whole_or_not_at_all(tmp_path: Path, clock: Clock, after: bool) -> None:
    with Spool(tmp_path, clock=clock) as spool:
        spool.close_try(begun(spool, pages=1).token, Ending("incompatible"))
        spool.submit(Order("2"), "b.tiff", 1)
    clock.now += 101
    for count in itertools.count():
        with dying_connections(), Spool(tmp_path, clock=clock) as spool:
            database = spool._database
            assert isinstance(database, Dying)
            database.left, database.after = count, after
            with contextlib.suppress(Died):
                assert spool.forget(100) == ["a.tiff"]
            survived = not database.dead
        with Spool(tmp_path, clock=clock) as spool:
            left = len(spool.tries(1))
            assert [job.number for job in spool.jobs()] == ([1, 2] if left else [2])
        if survived or not left:
            break
    assert count > 3 and not left


def test_jobs_that_there_are_not(spool: Spool) -> None:
    for ask in (spool.job, spool.cancel, spool.retry):
        for number in (0, 1, -1):
            with pytest.raises(NoSuchJob):
                ask(number)
        with pytest.raises(SpoolError):
            ask(1 << 70)
    with pytest.raises(NoSuchJob):
        spool.begin(1, "me")


def test_the_database_itself_refuses_what_must_not_be(spool: Spool) -> None:
    begun(spool)
    for statement in (
        "INSERT INTO tries SELECT job, 2, 'x', owner, began, NULL, NULL, 1, NULL, 1, 1, 0, '', NULL"
        " FROM tries",
        "UPDATE jobs SET confirmed = 4",
        "UPDATE jobs SET state = 'sent'",
        "UPDATE jobs SET state = 'odd'",
        "UPDATE tries SET ended = 1",
        "DELETE FROM jobs",
    ):
        with pytest.raises(sqlite3.IntegrityError):
            spool._database.execute(statement)


def test_a_directory_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(SpoolError, match=r"Not a directory|File exists"):
        Spool(tmp_path / "file")


def test_a_full_disk_is_told_and_leaves_what_there_was(spool: Spool) -> None:
    one = begun(spool)
    pages = spool._database.execute("PRAGMA page_count").fetchone()[0]
    spool._database.execute(f"PRAGMA max_page_count = {pages}")
    with pytest.raises(SpoolError, match="full"):
        spool.submit(Order("1" * 20000), "a", 1)
    assert [job.number for job in spool.jobs()] == [1]
    spool.confirm(one.token, 1)
