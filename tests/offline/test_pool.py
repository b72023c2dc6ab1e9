"""Several processes of one machine."""

import multiprocessing
import os
import signal
import threading

import pytest

from mediasock.offline import Request
from mediasock.offline.corpus import in_order, whole
from mediasock.offline.pool import run
from tests.offline.material import digits, wav
from tests.support.processes import is_deaf_to_ctrl_c

pytestmark = pytest.mark.timeout(600)


def test_files_are_heard_by_several_processes_and_told_in_their_order(tmp_path):
    keys = [str(number) * (1 + number * 7 % 5) for number in range(9)]
    files = [wav(tmp_path / f"{key}.wav", key) for key in keys]
    files.insert(4, str(tmp_path / "none.wav"))
    moved = []
    told = list(whole(in_order(files, run(files, Request(), 3, moved.append))))
    assert [one.file for one in told] == files
    assert "".join(digits(one.findings) for one in told) == "".join(keys)
    assert [one.error is not None for one in told] == [index == 4 for index in range(10)]
    assert sum(moved) == pytest.approx(10.0)
    assert not multiprocessing.active_children()


def test_a_process_that_is_killed_names_its_file_and_the_others_are_heard(tmp_path):
    held = tmp_path / "held.wav"
    os.mkfifo(held)
    files = [str(held), *(wav(tmp_path / f"{key}.wav", key) for key in "1234567")]
    told = {}
    for one in whole(run(files, Request(), 2, lambda _: None)):
        told[one.file] = one
        if len(told) == 7:
            # all others are done, so who is left is the one that waits for the pipe
            with held.open("wb"):
                (left,) = multiprocessing.active_children()
                assert is_deaf_to_ctrl_c(left.pid)
                os.kill(left.pid, signal.SIGKILL)
                left.join()
    assert set(told) == set(files)
    assert told[str(held)].error == f"{held}: the process that had it was killed by SIGKILL"
    assert not told[str(held)].settled
    assert "".join(digits(told[file].findings) for file in files[1:]) == "1234567"


def test_after_deaths_other_processes_take_their_places(tmp_path):
    held = [tmp_path / f"held{number}.wav" for number in range(2)]
    for one in held:
        os.mkfifo(one)
    files = [*map(str, held), *(wav(tmp_path / f"{key}.wav", key) for key in "12345")]

    def kill_both():
        with held[0].open("wb"), held[1].open("wb"):  # when both are opened, both wait in them
            for process in multiprocessing.active_children():
                os.kill(process.pid, signal.SIGKILL)

    killer = threading.Thread(target=kill_both)
    killer.start()
    told = list(whole(in_order(files, run(files, Request(), 2, lambda _: None))))
    killer.join()
    assert [one.error and one.error.endswith("killed by SIGKILL") for one in told[:2]] == [True] * 2
    assert "".join(digits(one.findings) for one in told[2:]) == "12345"


def test_who_stops_asking_leaves_no_process_behind(tmp_path):
    files = [wav(tmp_path / f"{key}.wav", key) for key in "1234"]
    news = run(files, Request(), 2, lambda _: None)
    next(news)
    assert multiprocessing.active_children()
    news.close()
    assert not multiprocessing.active_children()
