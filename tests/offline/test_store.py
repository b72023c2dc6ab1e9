"""Results on disk, and runs that are killed at any moment."""

import errno
import json
import shutil
import tempfile
from pathlib import Path

import pyarrow.parquet
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mediasock.offline import Finding, Raw, Request
from mediasock.offline.request import Batch
from mediasock.offline.store import JsonLines, Parquet, StoreError, open_store
from mediasock.offline.writing import as_row

NAMES = ["found.jsonl", "found"]


def result(file, count=2, error=None, *, settled=True):
    """A file in which some digits were found."""
    findings = tuple(
        Finding(file, 1, "dtmf", str(number), number, number + 0.1, -10.04)
        for number in range(count)
    )
    return Batch(file, findings, 1.0, True, error, settled)


def rows(path: Path):
    """All that is kept, in a canonical order."""
    if path.suffix == ".jsonl":
        kept = [json.loads(line) for line in path.read_text().splitlines()]
    else:
        parts = sorted(path.glob("part-*.parquet"))
        kept = [row for part in parts for row in pyarrow.parquet.read_table(part).to_pylist()]
    return sorted(kept, key=lambda row: (row["file"], row["start"]))


def expected(*wholes):
    found = [as_row(one) for whole in wholes for one in whole.findings]
    return sorted(found, key=lambda row: (row["file"], row["start"]))


@pytest.mark.parametrize("name", NAMES)
def test_what_is_kept_is_there_and_known_the_next_time(tmp_path, name):
    path = tmp_path / name
    first = [result("a.wav"), result("b.wav", 0), result("c.wav", 1, "c.wav: cut off")]
    with open_store(path, Request()) as store:
        assert store.done == {}
        for one in first:
            store.add(one)
    with open_store(path, Request()) as store:
        assert store.done == {"a.wav": None, "b.wav": None, "c.wav": "c.wav: cut off"}
        store.add(result("d.wav"))
        store.add(result("a.wav"))  # is there already
    assert rows(path) == expected(*first, result("d.wav"))


@pytest.mark.parametrize("name", NAMES)
def test_what_failed_by_chance_is_left_to_the_next_run(tmp_path, name):
    with open_store(tmp_path / name, Request()) as store:
        store.add(result("a.wav", error="it was killed", settled=False))
    with open_store(tmp_path / name, Request()) as store:
        assert store.done == {}
        store.add(result("a.wav"))
    assert rows(tmp_path / name) == expected(result("a.wav"))


@pytest.mark.parametrize("name", NAMES)
def test_names_of_any_kind_come_back(tmp_path, name):
    names = ["ü/é.wav", 'a "b"\n.wav', "bad\udcff.wav", "-"]
    with open_store(tmp_path / name, Request()) as store:
        for one in names:
            store.add(result(one, 1))
    with open_store(tmp_path / name, Request()) as store:
        assert list(store.done) == names


@pytest.mark.parametrize("name", NAMES)
def test_results_of_another_request_are_not_mixed_with_these(tmp_path, name):
    with open_store(tmp_path / name, Request(plans=("us",))):
        pass
    with open_store(tmp_path / name, Request(plans=("us",), plot_dir="elsewhere")) as store:
        store.add(result("a.wav"))
    others = [Request(), Request(plans=("us",), raw=Raw("ulaw")), Request(("us",), end=1.0)]
    for other in others:
        with pytest.raises(StoreError, match="results of another request"):
            open_store(tmp_path / name, other)


@pytest.mark.parametrize("name", NAMES)
def test_two_runs_do_not_write_to_one_place(tmp_path, name):
    with open_store(tmp_path / name, Request()), pytest.raises(StoreError, match="another run"):
        open_store(tmp_path / name, Request())
    open_store(tmp_path / name, Request()).close()


def test_a_file_of_somebody_else_is_left_alone(tmp_path):
    (tmp_path / "a.jsonl").write_text("{}\n")
    with pytest.raises(StoreError, match="not a run's"):
        open_store(tmp_path / "a.jsonl", Request())
    assert (tmp_path / "a.jsonl").read_text() == "{}\n"
    (tmp_path / "d").mkdir()
    (tmp_path / "d" / "part-000000.parquet").write_text("no parquet")
    with pytest.raises(StoreError, match=r"part-000000.parquet"):
        open_store(tmp_path / "d", Request())


def test_a_place_that_cannot_be_written_is_named(tmp_path):
    (tmp_path / "file").touch()
    for name in NAMES:
        with pytest.raises(StoreError, match="file"):
            open_store(tmp_path / "file" / name, Request())


def test_lines_that_were_cut_by_somebody_are_not_taken_for_whole(tmp_path):
    path = tmp_path / "a.jsonl"
    with open_store(path, Request()) as store:
        store.add(result("a.wav"))
    path.write_bytes(path.read_bytes()[:-5])
    with pytest.raises(StoreError, match="its journal knows of"):
        open_store(path, Request())


@pytest.mark.parametrize("name", NAMES)
def test_a_disk_that_is_full_is_named_and_the_next_run_goes_on(tmp_path, name, monkeypatch):
    path = tmp_path / name
    with open_store(path, Request()) as store:
        store.add(result("a.wav"))

    def fail(_):
        raise OSError(errno.ENOSPC, "No space left on device")

    with (
        pytest.raises(StoreError, match=f"{path}: No space left on device"),
        open_store(path, Request()) as store,
        monkeypatch.context() as patch,
    ):
        patch.setattr("os.fsync", fail)
        store.add(result("b.wav"))
        raise AssertionError("it must not come here")
    with open_store(path, Request()) as store:
        assert list(store.done) == ["a.wav"]
        store.add(result("b.wav"))
    assert rows(path) == expected(result("a.wav"), result("b.wav"))


FILES = [result(f"{number}.wav", number % 4) for number in range(12)]


def written(path: Path) -> None:
    """A run in which every file is committed by itself."""
    with JsonLines(path, Request(), every=0.0) as store:
        for one in FILES:
            store.add(one)


@given(st.data())
@settings(max_examples=60)
def test_json_lines_go_on_from_a_kill_at_any_octet(data):
    with tempfile.TemporaryDirectory() as directory:
        path, journal = Path(directory, "a.jsonl"), Path(directory, "a.jsonl.journal")
        written(path)
        lines, notes = path.read_bytes(), journal.read_bytes()
        # what a kill leaves: a journal that ends anywhere, and lines at least as far as it says
        kept = notes[: data.draw(st.integers(0, len(notes)))]
        sizes = [json.loads(note).get("size", 0) for note in kept.split(b"\n")[:-1]]
        least = sizes[-1] if sizes else 0
        journal.write_bytes(kept)
        path.write_bytes(lines[: data.draw(st.integers(least, len(lines)))])
        with open_store(path, Request()) as store:
            assert len(store.done) == max(len(sizes) - 1, 0)
            for one in FILES:
                store.add(one)
        assert rows(path) == expected(*FILES)
        assert len(path.read_bytes()) == len(lines)


@given(st.lists(st.integers(0, 11), max_size=3, unique=True), st.booleans())
@settings(max_examples=20)
def test_parquet_goes_on_from_whatever_parts_there_are(lost, torn):
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory, "found")
        with Parquet(path, Request(), every=0.0) as store:
            for one in FILES:
                store.add(one)
        for number in lost:
            part = path / f"part-{number:06}.parquet"
            if torn:
                shutil.copy(part, path / ".unfinished")
            part.unlink()
        with open_store(path, Request()) as store:
            assert len(store.done) == len(FILES) - len(lost)
            for one in FILES:
                store.add(one)
        assert rows(path) == expected(*FILES)


def test_commits_are_as_far_apart_as_they_may_be(tmp_path):
    now = [0.0]
    with Parquet(tmp_path / "found", Request(), every=20.0, clock=lambda: now[0]) as store:
        for _ in range(10):
            for number in range(10):
                store.add(result(f"{now[0]}-{number}.wav"))
            now[0] += 5.0
    parts = sorted((tmp_path / "found").glob("part-*.parquet"))
    counts = [pyarrow.parquet.read_metadata(part).num_rows for part in parts]
    assert sum(counts) == 200
    assert len(counts) == 4
