from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

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
