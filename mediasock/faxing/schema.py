"""The tables of the spool's database: how those of an older mediasock become these; their rows."""

from __future__ import annotations

import json
import sqlite3
from typing import Any, Final

from mediasock.faxing.jobs import Ending, Job, Limits, Order, SpoolError, State, Try

__all__ = ["job_of", "migrate", "try_of"]

APPLICATION: Final = 0x6D736678
"""``application_id`` of the file: "msfx"."""

MIGRATIONS: Final[tuple[tuple[str, ...], ...]] = (
    (
        # the rules that must hold whatever the program does are in the tables:
        # pages confirmed are pages there are, and a job has one try at a time
        """CREATE TABLE jobs (
            number INTEGER PRIMARY KEY AUTOINCREMENT,
            destination TEXT NOT NULL,
            dial_string TEXT NOT NULL,
            priority INTEGER NOT NULL,
            deadline REAL NOT NULL,
            tries INTEGER NOT NULL CHECK (tries > 0),
            document TEXT NOT NULL,
            pages INTEGER NOT NULL CHECK (pages > 0),
            submitted REAL NOT NULL,
            state TEXT NOT NULL
                CHECK (state IN ('waiting', 'calling', 'sent', 'failed', 'cancelled')),
            confirmed INTEGER NOT NULL DEFAULT 0 CHECK (confirmed BETWEEN 0 AND pages),
            due REAL NOT NULL,
            fastest INTEGER,
            v17 INTEGER NOT NULL DEFAULT 1,
            ecm INTEGER NOT NULL DEFAULT 1,
            cancelling INTEGER NOT NULL DEFAULT 0,
            counted_from INTEGER NOT NULL DEFAULT 1,
            why TEXT NOT NULL DEFAULT '',
            ended REAL,
            CHECK (state <> 'sent' OR confirmed = pages)
        )""",
        """CREATE INDEX jobs_by_destination
            ON jobs (state, destination, dial_string, priority DESC, due, number)""",
        "CREATE INDEX jobs_by_deadline ON jobs (state, deadline)",
        """CREATE TABLE tries (
            job INTEGER NOT NULL REFERENCES jobs (number),
            number INTEGER NOT NULL CHECK (number > 0),
            token TEXT NOT NULL UNIQUE,
            owner TEXT NOT NULL,
            began REAL NOT NULL,
            answered REAL,
            ended REAL,
            first INTEGER NOT NULL CHECK (first > 0),
            fastest INTEGER,
            v17 INTEGER NOT NULL,
            ecm INTEGER NOT NULL,
            confirmed INTEGER NOT NULL DEFAULT 0 CHECK (confirmed >= 0),
            kind TEXT NOT NULL DEFAULT '',
            ending TEXT,
            PRIMARY KEY (job, number),
            CHECK ((ended IS NULL) = (ending IS NULL))
        )""",
        "CREATE UNIQUE INDEX one_try_at_a_time ON tries (job) WHERE ended IS NULL",
    ),
    ("ALTER TABLE jobs ADD COLUMN renewed REAL",),
    (
        # a job goes with its document: the documents of these went before
        "DELETE FROM tries WHERE job IN (SELECT number FROM jobs WHERE document = '')",
        "DELETE FROM jobs WHERE document = ''",
    ),
)
"""Statements from each version to the next; the version is how many have been run."""


def migrate(database: sqlite3.Connection) -> None:
    """Bring a database to the tables of this mediasock, in one transaction.

    Raises
    ------
    SpoolError
        When it is another program's, or a newer mediasock's.
    """
    if _version(database) == len(MIGRATIONS):
        return
    database.execute("BEGIN IMMEDIATE")
    try:
        for statements in MIGRATIONS[_version(database) :]:
            for statement in statements:
                database.execute(statement)
        database.execute(f"PRAGMA application_id = {APPLICATION}")
        database.execute(f"PRAGMA user_version = {len(MIGRATIONS)}")
        database.execute("COMMIT")
    except BaseException:
        if database.in_transaction:
            database.execute("ROLLBACK")
        raise


def _version(database: sqlite3.Connection) -> int:
    """How many migrations have been run."""
    application = database.execute("PRAGMA application_id").fetchone()[0]
    version = int(database.execute("PRAGMA user_version").fetchone()[0])
    tables = database.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]
    if application != APPLICATION and (application or version or tables):
        raise SpoolError("it is no spool, but another program's database")
    if version > len(MIGRATIONS):
        raise SpoolError(f"a newer mediasock made it (version {version})")
    return version


def _limits(row: sqlite3.Row) -> Limits:
    return Limits(row["fastest"], bool(row["v17"]), bool(row["ecm"]))


def job_of(row: sqlite3.Row) -> Job:
    """The job that a row of ``jobs`` is."""
    order = Order(
        row["destination"],
        row["dial_string"],
        row["priority"],
        row["deadline"],
        row["tries"],
    )
    return Job(
        row["number"],
        order,
        row["document"],
        row["pages"],
        row["submitted"],
        State(row["state"]),
        row["confirmed"],
        row["due"],
        _limits(row),
        bool(row["cancelling"]),
        row["counted_from"],
        row["why"],
        row["renewed"],
    )


def try_of(row: sqlite3.Row) -> Try:
    """The try that a row of ``tries`` is."""
    told: Any = None if row["ending"] is None else json.loads(row["ending"])
    return Try(
        row["job"],
        row["number"],
        row["token"],
        row["owner"],
        row["began"],
        row["first"],
        _limits(row),
        row["answered"],
        row["ended"],
        row["confirmed"],
        None if told is None else Ending(**told),
        row["kind"],
    )
