from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from mediasock.faxing import schema
from mediasock.faxing.jobs import Order, SpoolError
from mediasock.faxing.spool import Spool
from tests.support.dying import Died, Dying

NEXT = ("ALTER TABLE jobs ADD COLUMN colour TEXT NOT NULL DEFAULT 'black'", "CREATE TABLE x (y)")


def version(directory: Path) -> int:
    database = sqlite3.connect(directory / "spool.sqlite3")
    try:
        return int(database.execute("PRAGMA user_version").fetchone()[0])
    finally:
        database.close()


def test_an_older_spool_becomes_a_newer_one_with_its_jobs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Spool(tmp_path) as spool:
        spool.submit(Order("1"), "a.tiff", 2)
    before = version(tmp_path)
    monkeypatch.setattr(schema, "MIGRATIONS", (*schema.MIGRATIONS, NEXT))
    with Spool(tmp_path) as spool:
        assert spool.job(1).pages == 2
    assert version(tmp_path) == before + 1
    monkeypatch.undo()
    with pytest.raises(SpoolError, match="a newer mediasock made it"):
        Spool(tmp_path)


def test_jobs_of_the_first_version_have_the_time_they_had_and_go_with_their_documents(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(schema, "MIGRATIONS", schema.MIGRATIONS[:1])
    database = sqlite3.connect(tmp_path / "spool.sqlite3", isolation_level=None)
    schema.migrate(database)
    for name in ("a", ""):
        database.execute(
            """INSERT INTO jobs (destination, dial_string, priority, deadline, tries, document,
            pages, submitted, state, due, ended)
            VALUES ('1', '', 0, 300, 1, ?, 1, 200, 'failed', 0, 0)""",
            (name,),
        )
    database.execute(
        """INSERT INTO tries (job, number, token, owner, began, ended, first, v17, ecm, ending)
        VALUES (2, 1, 't', 'o', 0, 1, 1, 1, 1, '{}')"""
    )
    database.close()
    monkeypatch.undo()
    with Spool(tmp_path, clock=lambda: 1000.0) as spool:
        assert spool.retry(1).order.deadline == 1100
        assert [job.number for job in spool.jobs()] == [1] and not spool.tries(2)


def test_a_migration_is_done_as_a_whole_or_not_at_all(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    Spool(tmp_path).close()
    before = version(tmp_path)
    monkeypatch.setattr(schema, "MIGRATIONS", (*schema.MIGRATIONS, NEXT))
    for count in range(40):
        database = sqlite3.connect(tmp_path / "spool.sqlite3", isolation_level=None, factory=Dying)
        database.left = count
        try:
            schema.migrate(database)
        except Died:
            assert version(tmp_path) == before
        else:
            break
        finally:
            database.close()
    assert version(tmp_path) == before + 1 and count > 5


def test_another_programs_database_is_left_alone(tmp_path: Path) -> None:
    database = sqlite3.connect(tmp_path / "spool.sqlite3")
    database.execute("CREATE TABLE theirs (x)")
    database.close()
    with pytest.raises(SpoolError, match="another program's"):
        Spool(tmp_path)


def test_a_file_that_is_no_database_is_told(tmp_path: Path) -> None:
    (tmp_path / "spool.sqlite3").write_bytes(b"no database at all" * 100)
    with pytest.raises(SpoolError, match=r"spool\.sqlite3: .*not a database"):
        Spool(tmp_path)
