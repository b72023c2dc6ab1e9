from __future__ import annotations

import errno
import fcntl
import os
import subprocess
import sys
from pathlib import Path

import pytest

from mediasock.faxing import presence
from mediasock.faxing.jobs import SpoolError
from mediasock.faxing.presence import Lock, Presence

STAY = """
import sys
from pathlib import Path
from mediasock.faxing.presence import Lock, Presence
here = Presence(Path(sys.argv[1]))
assert Lock(Path(sys.argv[1], "lock")).take()
lock = Lock(Path(sys.argv[1], "lock2"))
lock.take()
print(here.name, flush=True)
sys.stdin.read()
"""


def test_a_process_that_is_killed_is_not_alive(tmp_path: Path) -> None:
    process = subprocess.Popen(
        [sys.executable, "-c", STAY, str(tmp_path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert process.stdin is not None and process.stdout is not None
    name = process.stdout.readline().decode().strip()
    here, lock = Presence(tmp_path), Lock(tmp_path / "lock2")
    assert here.alive(name) and here.alive(here.name) and not lock.take()
    process.kill()
    process.wait()
    assert not here.alive(name) and lock.take() and lock.take()
    assert not here.alive(name)
    process.stdin.close()
    process.stdout.close()


def test_who_leaves_is_not_alive(tmp_path: Path) -> None:
    one, other = Presence(tmp_path), Presence(tmp_path)
    assert one.alive(other.name)
    other.leave()
    assert not one.alive(other.name)
    assert [path.name for path in tmp_path.iterdir()] == [one.name]


def test_what_the_dead_have_left_is_swept(tmp_path: Path) -> None:
    here, other = Presence(tmp_path), Presence(tmp_path)
    (tmp_path / ("f" * 32)).write_bytes(b"")
    (tmp_path / "theirs").mkdir()
    here.sweep()
    there = {path.name for path in tmp_path.iterdir()}
    assert there == {here.name, other.name, "theirs"} and here.alive(other.name)


@pytest.mark.parametrize("when", ["before it is locked", "while the sweep has the lock"])
def test_who_is_just_being_born_is_not_swept_away(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, when: str
) -> None:
    old, locked = Presence(tmp_path), presence._locked

    def between(descriptor: int) -> bool:
        monkeypatch.setattr(presence, "_locked", locked)
        (new,) = (path for path in tmp_path.iterdir() if path.name != old.name)
        if when.startswith("before"):
            old.sweep()
            return locked(descriptor)
        sweeping = os.open(new, os.O_RDWR)
        try:
            assert locked(sweeping) and not locked(descriptor)
            new.unlink()
            return False
        finally:
            os.close(sweeping)

    monkeypatch.setattr(presence, "_locked", between)
    born = Presence(tmp_path)
    old.sweep()
    assert old.alive(born.name)


@pytest.mark.parametrize("name", ["", ".", "../x", "a/b", "x" * 32, "\0"])
def test_a_name_from_the_database_is_no_path(tmp_path: Path, name: str) -> None:
    assert not Presence(tmp_path).alive(name)


def test_a_lock_is_had_by_one(tmp_path: Path) -> None:
    one, other = Lock(tmp_path / "x"), Lock(tmp_path / "x")
    assert one.take() and not other.take()
    one.let_go()
    one.let_go()
    assert other.take() and not one.take()


def test_a_directory_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(SpoolError, match="No such file"):
        Presence(tmp_path / "no")


def test_a_file_system_without_locks_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def flock(*_: int) -> None:
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr(fcntl, "flock", flock)
    with pytest.raises(SpoolError, match="No locks available"):
        Presence(tmp_path)
