"""The jobs on disk: an sqlite3 database, each change of it durable when its method returns.

All the SQL there is is here and in schema.py. Methods block; :mod:`mediasock.faxing.desk` keeps
them off the event loop. Any number of processes may have the spool open.

A job is ``calling`` if and only if it has a try that has not ended, and then it has one. Each
method is a transaction: what dies in the midst of it has done nothing.
"""

from __future__ import annotations

import json
import sqlite3
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Final, Self

from dsp.fax.document_disk import make_directory
from mediasock.faxing.jobs import (
    Ending,
    Job,
    JobStateError,
    NoSuchJob,
    NoSuchTry,
    Order,
    SpoolError,
    State,
    Try,
)
from mediasock.faxing.policy import Next, Policy, standard
from mediasock.faxing.presence import one_at_a_time
from mediasock.faxing.schema import job_of, migrate, try_of

__all__ = ["Spool"]

BUSY: Final = 30.0
"""Seconds to wait while another process writes."""


class Spool:
    """A spool, opened.

    Parameters
    ----------
    directory
        Where it is, or is to be made; on a local file system.
    policy
        What is done after a try that failed.
    clock
        Seconds since 1970.
    make
        Whether it is made where there is none.

    Raises
    ------
    SpoolError
        When it cannot be opened, or is none; so from every method when it cannot be read or
        written.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as there, Spool(Path(there)) as spool:
    ...     job = spool.submit(Order("+15550100"), "a.tiff", 2)
    ...     one = spool.begin(job.number, "me")
    ...     spool.answer(one.token, "me")[0].pages
    ...     spool.confirm(one.token, 2)
    ...     spool.close_try(one.token, Ending("call_dropped"))
    ...     str(spool.job(job.number).state)
    2
    True
    'sent'
    """

    def __init__(
        self,
        directory: Path,
        policy: Policy | None = None,
        *,
        clock: Callable[[], float] = time.time,
        make: bool = True,
    ) -> None:
        self.directory = directory
        self.documents = directory / "documents"
        self.processes = directory / "processes"
        self.dispatching = directory / "dispatcher.lock"
        self._policy = policy or standard()
        self._clock = clock
        path = directory / "spool.sqlite3"
        if not (make or path.exists()):
            raise SpoolError(f"{directory}: there is no spool")
        try:
            for one in (directory, self.documents, self.processes):
                make_directory(one, 0o700)
            # SQLite does not wait where two make the same database: the one would be told that it
            # is locked, or see half of what the other makes
            with one_at_a_time(directory):
                self._open(path)
        except (OSError, SpoolError, sqlite3.Error) as error:
            raise SpoolError(f"{path}: {error}") from error

    def _open(self, path: Path) -> None:
        path.touch(mode=0o600)
        self._database = sqlite3.connect(
            path, timeout=BUSY, isolation_level=None, check_same_thread=False
        )
        try:
            self._prepare()
        except BaseException:
            self._database.close()
            raise

    def _prepare(self) -> None:
        self._database.row_factory = sqlite3.Row
        self._database.execute("PRAGMA journal_mode = WAL")
        # with FULL a commit in WAL is on the disk, with less it may be undone by a loss of power
        self._database.execute("PRAGMA synchronous = FULL")
        self._database.execute("PRAGMA foreign_keys = ON")
        migrate(self._database)

    def close(self) -> None:
        """Close it."""
        self._database.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    # -- jobs ---------------------------------------------------------------------------------

    def submit(self, order: Order, document: str, pages: int) -> Job:
        """Take a job in.

        Parameters
        ----------
        order
            What is asked for; its numbers are checked where they come from.
        document, pages
            A file of :attr:`documents`, durable, and how many pages it has.
        """
        now = self._clock()
        values = asdict(order) | {
            "document": document,
            "pages": pages,
            "submitted": now,
            "state": State.WAITING,
            "due": now,
        }
        names = ", ".join(values)
        places = ", ".join(f":{name}" for name in values)
        with self._changing():
            found = self._database.execute(f"INSERT INTO jobs ({names}) VALUES ({places})", values)
            return self._job(int(found.lastrowid or 0))

    def job(self, number: int) -> Job:
        """Look a job up.

        Raises
        ------
        NoSuchJob
            When none has this number.
        """
        with self._reading():
            return self._job(number)

    def jobs(self, *states: State) -> list[Job]:
        """All jobs, or those in these states, in the order in which they were handed in."""
        places = ", ".join("?" * len(states))
        where = f"WHERE state IN ({places})" if states else ""
        with self._reading():
            return self._jobs(f"SELECT * FROM jobs {where} ORDER BY number", *states)

    def tries(self, number: int) -> tuple[Try, ...]:
        """All tries of a job, in order."""
        with self._reading():
            return self._tries(number)

    def waiting(self, per_destination: int, most: int = 500) -> list[Job]:
        """Those that may be tried now, the most urgent first.

        Parameters
        ----------
        per_destination
            Of jobs to one destination, so many.
        most
            So many in all.
        """
        with self._reading():
            return self._jobs(
                """SELECT jobs.* FROM (
                    SELECT number AS which, row_number() OVER (
                        PARTITION BY destination, dial_string ORDER BY priority DESC, due, number
                    ) AS place FROM jobs WHERE state = 'waiting' AND due <= ?
                ) JOIN jobs ON number = which
                WHERE place <= ? ORDER BY priority DESC, due, number LIMIT ?""",
                self._clock(),
                per_destination,
                most,
            )

    def open_tries(self) -> list[tuple[Job, Try]]:
        """The tries that go on, with their jobs."""
        with self._reading():
            found = self._database.execute("SELECT * FROM tries WHERE ended IS NULL ORDER BY began")
            tries = [try_of(row) for row in found.fetchall()]
            return [(self._job(one.job), one) for one in tries]

    def cancel(self, number: int) -> Job:
        """Have a job not tried any more; a call that goes on is for the dispatcher to end.

        Returns
        -------
        Job
            As it is now: cancelled, or calling with :attr:`~.jobs.Job.cancelling`.

        Raises
        ------
        NoSuchJob
            When none has this number.
        JobStateError
            When it is over.
        """
        with self._changing():
            job = self._job(number)
            if job.state.over:
                raise JobStateError(f"job {number} is {job.state} already")
            if job.state is State.CALLING:
                self._set(number, cancelling=True)
            else:
                self._move(job, Next(State.CANCELLED, limits=job.limits, why="cancelled"))
            return self._job(number)

    def retry(self, number: int) -> Job:
        """Try a job now: one that waits, or one that failed or was cancelled, afresh.

        Afresh: no try of before counts, and there is as much time as there was. Pages that are
        confirmed stay so.

        Raises
        ------
        NoSuchJob
            When none has this number.
        JobStateError
            When it is sent or being called.
        """
        with self._changing():
            job, now = self._job(number), self._clock()
            if job.state in {State.SENT, State.CALLING}:
                raise JobStateError(f"job {number} is {job.state}")
            if job.state is State.WAITING:
                self._set(number, due=now)
            else:
                begun = job.submitted if job.renewed is None else job.renewed
                self._set(
                    number,
                    deadline=now + job.order.deadline - begun,
                    renewed=now,
                    counted_from=len(self._tries(number)) + 1,
                    ended=None,
                    cancelling=False,
                )
                self._move(job, Next(State.WAITING, now, why="tried again"))
            return self._job(number)

    def expire(self) -> list[Job]:
        """Give up those that wait and whose time is over, and tell which."""
        with self._changing():
            late = self._jobs(
                "SELECT * FROM jobs WHERE state = 'waiting' AND deadline < ?", self._clock()
            )
            for job in late:
                at_last = f"; at last: {job.why}" if job.why else ""
                why = f"its time is over{at_last}"
                self._move(job, Next(State.FAILED, limits=job.limits, why=why))
        return late

    def forget(self, age: float) -> list[str]:
        """Let go of jobs that are over for so many seconds, and name their documents."""
        before = self._clock() - age
        with self._changing():
            old = self._jobs("SELECT * FROM jobs WHERE ended < ?", before)
            self._database.execute(
                "DELETE FROM tries WHERE job IN (SELECT number FROM jobs WHERE ended < ?)",
                (before,),
            )
            self._database.execute("DELETE FROM jobs WHERE ended < ?", (before,))
        return [job.document for job in old]

    def known(self) -> frozenset[str]:
        """The names of all documents that jobs have."""
        with self._reading():
            rows = self._database.execute("SELECT document FROM jobs")
            return frozenset(row["document"] for row in rows.fetchall())

    # -- tries --------------------------------------------------------------------------------

    def begin(self, number: int, owner: str) -> Try | None:
        """Begin a try, before its call is asked for.

        Parameters
        ----------
        number
            The job's.
        owner
            The process that does it.

        Returns
        -------
        Try or None
            None when the job does not wait any more.
        """
        with self._changing():
            job, now = self._job(number), self._clock()
            if job.state is not State.WAITING or job.due > now:
                return None
            place = len(self._tries(number)) + 1
            self._database.execute(
                """INSERT INTO tries (job, number, token, owner, began, first, fastest, v17, ecm)
                VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)""",
                (
                    number,
                    place,
                    str(uuid.uuid4()),
                    owner,
                    now,
                    job.confirmed + 1,
                    job.limits.fastest,
                    job.limits.v17,
                    job.limits.ecm,
                ),
            )
            self._set(number, state=State.CALLING)
            return self._tries(number)[-1]

    def answer(self, token: str, owner: str) -> tuple[Job, Try]:
        """Give a try to the call that has its token; once.

        Raises
        ------
        NoSuchTry
            When the try is over, another call has it, or the job is cancelled.
        """
        with self._changing():
            found = self._by_token(token)
            if found is None or found.ended is not None or found.answered is not None:
                raise NoSuchTry(token)
            if self._job(found.job).cancelling:
                raise NoSuchTry(token)
            self._database.execute(
                "UPDATE tries SET answered = ?, owner = ? WHERE token = ?",
                (self._clock(), owner, token),
            )
            return self._job(found.job), self._tries(found.job)[found.number - 1]

    def confirm(self, token: str, count: int) -> None:
        """Note that the far end has taken so many pages of a try.

        What is told after the try was closed counts as well: the pages are there.

        Raises
        ------
        NoSuchTry
            When no try ever had this token.
        SpoolError
            When there are not so many pages.
        """
        with self._changing():
            found = self._by_token(token)
            if found is None:
                raise NoSuchTry(token)
            self._confirm(found, count)

    def close_try(
        self, token: str, ending: Ending, *, confirmed: int = 0, owner: str | None = None
    ) -> bool:
        """End a try and decide what becomes of its job.

        Parameters
        ----------
        token
            The try's.
        ending
            How it ended.
        confirmed
            How many pages of it the far end took, as far as that is known here.
        owner
            Only if it is this process's; ``None`` is any.

        Returns
        -------
        bool
            Whether it was this that ended it: it may be over, or be another's, by now.

        Raises
        ------
        NoSuchTry
            When no try ever had this token.
        SpoolError
            When there are not so many pages.
        """
        with self._changing():
            found = self._by_token(token)
            if found is None:
                raise NoSuchTry(token)
            if confirmed:
                self._confirm(found, confirmed)
            if found.ended is not None or owner not in {None, found.owner}:
                return False
            job, now = self._job(found.job), self._clock()
            kind = "" if job.all_confirmed else self._policy.kind(ending).name
            self._database.execute(
                "UPDATE tries SET ended = ?, kind = ?, ending = ? WHERE token = ?",
                (now, kind, json.dumps(asdict(ending)), token),
            )
            self._move(job, self._policy.after(job, self._tries(job.number), now))
            return True

    def _confirm(self, one: Try, count: int) -> None:
        job = self._job(one.job)
        total = one.first - 1 + count
        if not 0 <= total <= job.pages or count < 0:
            raise SpoolError(f"job {one.job} has no {total} pages")
        self._database.execute(
            "UPDATE tries SET confirmed = max(confirmed, ?) WHERE token = ?", (count, one.token)
        )
        self._set(one.job, confirmed=max(job.confirmed, total))
        job = self._job(one.job)
        if job.all_confirmed and job.state not in {State.CALLING, State.SENT}:
            why = "all pages were confirmed"
            self._move(job, Next(State.SENT, limits=job.limits, why=why))

    # -- rows ---------------------------------------------------------------------------------

    def _job(self, number: int) -> Job:
        found = self._jobs("SELECT * FROM jobs WHERE number = ?", number)
        if not found:
            raise NoSuchJob(number)
        return found[0]

    def _jobs(self, query: str, *values: object) -> list[Job]:
        return [job_of(row) for row in self._database.execute(query, values).fetchall()]

    def _tries(self, number: int) -> tuple[Try, ...]:
        rows = self._database.execute(
            "SELECT * FROM tries WHERE job = ? ORDER BY number", (number,)
        )
        return tuple(try_of(row) for row in rows.fetchall())

    def _by_token(self, token: str) -> Try | None:
        row = self._database.execute("SELECT * FROM tries WHERE token = ?", (token,)).fetchone()
        return None if row is None else try_of(row)

    def _move(self, job: Job, then: Next) -> None:
        self._set(
            job.number,
            state=then.state,
            due=then.due,
            why=then.why,
            ended=self._clock() if then.state.over else None,
            **asdict(then.limits),
        )

    def _set(self, number: int, **values: object) -> None:
        names = ", ".join(f"{name} = :{name}" for name in values)
        self._database.execute(
            f"UPDATE jobs SET {names} WHERE number = :of", {**values, "of": number}
        )

    @contextmanager
    def _changing(self) -> Iterator[None]:
        """A transaction that is durable when the block is left, or has done nothing."""
        with self._reading():
            self._database.execute("BEGIN IMMEDIATE")
            try:
                yield
                self._database.execute("COMMIT")
            except BaseException:
                if self._database.in_transaction:
                    self._database.execute("ROLLBACK")
                raise

    @contextmanager
    def _reading(self) -> Iterator[None]:
        try:
            yield
        except (sqlite3.Error, OverflowError, UnicodeEncodeError) as error:
            raise SpoolError(f"{self.directory}: {error}") from error
