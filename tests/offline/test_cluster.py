"""A Dask cluster of two workers on this machine."""

import json
import os
import select
import signal
import threading
from pathlib import Path

import distributed
import pyarrow.parquet
import pytest
from click.testing import CliRunner

from mediasock.cli import main
from mediasock.offline import Request
from mediasock.offline.cluster import ClusterError, run
from tests.offline.material import digits, wav
from tests.support.served import environment

pytestmark = pytest.mark.timeout(600)


@pytest.fixture(scope="module")
def cluster():
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", environment()["PYTHONPATH"])
        with distributed.LocalCluster(
            n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None
        ) as made:
            yield made


def pids(cluster):
    """The workers' processes by their addresses."""
    with distributed.Client(cluster, set_as_default=False) as client:
        return client.run(os.getpid)


def test_files_are_heard_by_the_workers(tmp_path, cluster, monkeypatch):
    files = [wav(tmp_path / f"{key}.wav", key) for key in "1234567890"]
    content = (tmp_path / "1.wav").read_bytes()
    (tmp_path / "cut.wav").write_bytes(content[:2000])
    monkeypatch.chdir(tmp_path)
    named = [*files, "cut.wav", "none.wav"]
    moved = []
    told = {one.file: one for one in run(named, Request(), cluster.scheduler_address, moved.append)}
    assert set(told) == set(named)
    assert all(one.file == finding.file for one in told.values() for finding in one.findings)
    assert "".join(digits(told[file].findings) for file in files) == "1234567890"
    assert told["cut.wav"].error.startswith("cut.wav: cut off after 0.12 s")
    assert (told["none.wav"].error, told["none.wav"].settled) == (
        "none.wav: No such file or directory",
        False,
    )
    assert sum(moved) == len(named)


def test_a_worker_that_is_killed_midway_takes_no_file_with_it(tmp_path, cluster):
    held = tmp_path / "held.wav"
    os.mkfifo(held)
    content = (wav(tmp_path / "0.wav", "0") and tmp_path / "0.wav").read_bytes()
    files = [str(held), *(wav(tmp_path / f"{key}.wav", key) for key in "123456789")]
    before = pids(cluster)

    def kill_and_go_on():
        with held.open("wb"):  # when a worker opens it
            holders = []
            while not holders:  # it has it a moment later
                holders = [pid for pid in before.values() if holds(pid, held)]
            kill(holders[0])
        with held.open("wb") as pipe:  # when another one has
            pipe.write(content)

    killer = threading.Thread(target=kill_and_go_on)
    killer.start()
    told = list(run(files, Request(), cluster.scheduler_address, lambda _: None))
    killer.join()
    assert sorted(one.file for one in told) == sorted(files)
    assert [one.error for one in told] == [None] * 10
    by_file = {one.file: digits(one.findings) for one in told}
    assert "".join(by_file[file] for file in files) == "0123456789"
    assert set(pids(cluster).values()) != set(before.values())


def kill(pid):
    """Kill a process, and return when it has let go of its files."""
    handle = os.pidfd_open(pid)
    signal.pidfd_send_signal(handle, signal.SIGKILL)
    select.select([handle], [], [])
    os.close(handle)


def holds(pid, path):
    """Whether a process has a file open."""
    return path.resolve() in [link.resolve() for link in Path(f"/proc/{pid}/fd").iterdir()]


def test_a_run_on_a_cluster_keeps_its_results_and_goes_on_with_them(tmp_path, cluster):
    files = [wav(tmp_path / "in" / f"{key}.wav", key) for key in "12345"]
    scheduler = ["--detect", "dtmf", "--scheduler", cluster.scheduler_address]
    command = [*scheduler, "--out", str(tmp_path / "found")]
    first = CliRunner().invoke(main, ["analyze", *files[:3], *command])
    assert (first.exit_code, first.output) == (0, "")
    second = CliRunner().invoke(main, ["analyze", *files, *command])
    assert (second.exit_code, second.output) == (0, "")
    parts = sorted((tmp_path / "found").glob("part-*.parquet"))
    rows = [row for part in parts for row in pyarrow.parquet.read_table(part).to_pylist()]
    assert sorted((row["file"], row["value"]) for row in rows) == list(
        zip(files, "12345", strict=True)
    )
    printed = CliRunner().invoke(main, ["analyze", *files, *scheduler, "--json"])
    assert [json.loads(line)["value"] for line in printed.stdout.splitlines()] == list("12345")


def test_who_stops_asking_leaves_the_cluster_idle(tmp_path, cluster):
    files = [wav(tmp_path / f"{key}.wav", key) for key in "12345678"]
    news = run(files, Request(), cluster.scheduler_address, lambda _: None)
    next(news)
    news.close()
    again = run(files[:1], Request(), cluster.scheduler_address, lambda _: None)
    assert [digits(one.findings) for one in again] == ["1"]


def test_a_scheduler_that_is_not_there_is_named(monkeypatch):
    monkeypatch.setattr("mediasock.offline.cluster.PATIENCE", "1s")
    with pytest.raises(ClusterError, match=r"tcp://127.0.0.1:1: there is no scheduler"):
        list(run(["a.wav"], Request(), "tcp://127.0.0.1:1", lambda _: None))
    with pytest.raises(ClusterError, match="nonsense"):
        list(run(["a.wav"], Request(), "nonsense://x", lambda _: None))
