"""``mediasock analyze`` as people type it."""

import contextlib
import csv
import io
import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pyarrow.parquet
import pytest
from click.testing import CliRunner

from dsp.kinds import DETECTABLE, RECORDED
from mediasock.cli import main
from mediasock.offline import analyze
from mediasock.offline.writing import as_row
from tests.offline.material import SIGNALS, wav
from tests.support.served import ROOT, environment, shown_on

pytestmark = pytest.mark.timeout(600)


DETECT = ("--detect", ",".join(SIGNALS.detect))
"""For those that say all that is found."""


def run(*arguments):
    """Run it in this process."""
    return CliRunner().invoke(main, ["analyze", *map(str, arguments)], catch_exceptions=False)


def started(*arguments, **options):
    """Run it in a process of its own."""
    return subprocess.Popen(
        [sys.executable, "-m", "mediasock", "analyze", *map(str, arguments)],
        cwd=ROOT,
        env=environment(),
        **options,
    )


def lines(text):
    return [json.loads(line) for line in text.splitlines()]


def found(*files):
    return [as_row(one) for file in files for one in analyze(file, SIGNALS)]


# -- forms --------------------------------------------------------------------------------------


def test_json_is_an_object_a_line(tmp_path):
    path = wav(tmp_path / "a.wav", "159#", "0")
    done = run(path, "--json", *DETECT)
    assert done.exit_code == 0
    told = lines(done.stdout)
    assert told == found(path)
    assert list(told[0]) == ["file", "channel", "kind", "value", "start", "end", "level"]
    assert {(one["channel"], one["value"]) for one in told} == {*((1, d) for d in "159#"), (2, "0")}


def test_csv_has_a_header_and_quotes_what_needs_it(tmp_path):
    path = wav(tmp_path / 'a,"b".wav', "12")
    done = run(path, "--csv", *DETECT)
    told = list(csv.DictReader(io.StringIO(done.stdout)))
    assert [(one["file"], one["value"]) for one in told] == [(path, "1"), (path, "2")]
    assert float(told[0]["end"]) - float(told[0]["start"]) == pytest.approx(0.1, abs=0.01)


def test_labels_are_a_track_of_audacity(tmp_path):
    done = run(wav(tmp_path / "a.wav", "12"), "--labels", *DETECT)
    start, end, label = done.stdout.splitlines()[0].split("\t")
    assert 0.09 < float(start) < float(end) < 0.21
    assert label == "dtmf 1 (1)"


def test_without_a_form_it_is_for_people(tmp_path):
    done = run(wav(tmp_path / "a.wav", "12"), *DETECT)
    assert len(done.stdout.splitlines()) == 2
    assert "dtmf   1" in done.stdout
    assert "dBm0" in done.stdout


def test_options_go_to_the_analysis(tmp_path):
    path = wav(tmp_path / "a.wav", "1234", "5678")
    told = lines(
        run(path, "--json", "--channel", "2", "--from", "0.25", "--to", "0.65", *DETECT).stdout
    )
    assert [(one["channel"], one["value"]) for one in told] == [(2, "6"), (2, "7")]
    assert run(path, "--json", "--detect", "fax").stdout == ""
    assert run(path, "--plan", "us, uk", "--detect", "tone, fax").output == ""
    raw = tmp_path / "a.raw"
    raw.write_bytes(bytes(16))
    assert run(raw, "--raw", "s16le", "--raw-rate", "16000", "--raw-channels", "2").exit_code == 0


def test_a_picture_is_drawn_where_it_is_asked_for(tmp_path):
    pytest.importorskip("matplotlib")
    path = wav(tmp_path / "a.wav")
    assert run(path, "--plot", tmp_path / "one.png").exit_code == 0
    assert (tmp_path / "one.png").read_bytes().startswith(b"\x89PNG")
    assert run(tmp_path, "--plot-dir", tmp_path / "all").exit_code == 0
    assert [one.name for one in (tmp_path / "all").rglob("*.png")] == ["a.wav.png"]


# -- statuses -----------------------------------------------------------------------------------


@pytest.mark.parametrize("jobs", [1, 2])
def test_what_cannot_be_read_is_named_and_the_rest_is_done(tmp_path, jobs):
    good = [wav(tmp_path / f"{key}.wav", key) for key in "12"]
    bad = tmp_path / "bad.wav"
    bad.write_bytes(b"no sound")
    cut = tmp_path / "cut.wav"
    cut.write_bytes(Path(wav(tmp_path / "whole.wav", "3456")).read_bytes()[:8000])
    files = [good[0], bad, cut, tmp_path / "none.wav", good[1]]
    done = run(*files, "--json", "--jobs", jobs, *DETECT)
    assert done.exit_code == 1
    assert "".join(one["value"] for one in lines(done.stdout)) == "1342"
    told = done.stderr.splitlines()
    assert [line.split(": ")[:2] for line in told] == [
        ["mediasock", str(file)] for file in (bad, cut, tmp_path / "none.wav")
    ]
    assert "after 0.50 s" in told[1]


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        ((), "Missing argument"),
        (("a.wav", "--plan", "atlantis"), "no plan 'atlantis'"),
        (("a.wav", "--plan", "us", "--detect", "dtmf"), "--plan is of tones"),
        (("a.wav", "--detect", "smell"), "'smell' is not heard"),
        (("a.wav", "--from", "3", "--to", "2"), "is not after"),
        (("a.wav", "--from", "nan"), "nan is no time"),
        (("a.wav", "--to", "inf"), "inf is no time"),
        (("a.wav", "--channel", "0"), "--channel"),
        (("a.wav", "--raw", "mp3"), "--raw"),
        (("a.wav", "--raw-rate", "8000"), "--raw-rate"),
        (("a.wav", "b.wav", "--labels"), "one recording"),
        (("a.wav", "b.wav", "--plot", "c.png"), "--plot-dir"),
        (("a.wav", "--plot", "c.gif"), "c.gif"),
        (("a.wav", "--json", "--out", "c.jsonl"), "--out"),
        (("-", "a.wav"), "standard input"),
        (("-", "--jobs", "2"), "standard input"),
        (("a.wav", "--jobs", "0"), "--jobs"),
        (("a.wav", "--plot-dir", "d", "--scheduler", "tcp://127.0.0.1:1"), "--plot-dir"),
        (("a.wav", "--jobs", "2", "--scheduler", "tcp://127.0.0.1:1"), "--scheduler"),
    ],
)
def test_misuse_is_status_2_and_says_what(arguments, why):
    done = run(*arguments)
    assert done.exit_code == 2
    assert why in done.stderr
    assert not done.stdout


HELP = """
import sys
from mediasock.cli import main
main(["analyze", "--help"], standalone_mode=False)
assert not {"numba", "scipy", "soundfile", "distributed", "pyarrow"} & set(sys.modules)
"""


def test_help_does_not_load_what_only_the_analysis_needs():
    done = subprocess.run(
        [sys.executable, "-c", HELP],
        capture_output=True,
        text=True,
        cwd=ROOT,
        env=environment() | {"COLUMNS": "80"},
        timeout=240,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    said = " ".join(done.stdout.split())
    assert f"[{','.join(RECORDED)}], of {', '.join(DETECTABLE)}" in said
    assert "auto for any" in said


def test_a_terminal_has_a_bar_while_results_go_elsewhere(tmp_path):
    path = wav(tmp_path / "a.wav")
    ours, theirs = os.openpty()
    with started(path, "--json", *DETECT, stdout=subprocess.PIPE, stderr=theirs) as process:
        os.close(theirs)
        assert len(process.stdout.readlines()) == 4
        assert process.wait(240) == 0
    shown = shown_on(ours)
    assert b"analysed" in shown
    assert b"100%" in shown


def test_a_pipe_that_nobody_reads_any_more_is_no_trouble(tmp_path):
    path = wav(tmp_path / "a.wav", "1" * 2000)
    with started(path, path, "--json", stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout.readline()
        process.stdout.close()
        assert process.stderr.read() == b""
        assert process.wait(240) in (0, 1)


def interrupted(process):
    """Press Ctrl-C until it ends: Python drops one that comes inside a callback from C."""
    for _ in range(5):
        os.killpg(process.pid, signal.SIGINT)
        with contextlib.suppress(subprocess.TimeoutExpired):
            return process.wait(60)
    raise AssertionError("Ctrl-C does not end it")


@pytest.mark.parametrize("jobs", ["1", "2"])
def test_ctrl_c_ends_it_without_a_word(tmp_path, jobs):
    held = [tmp_path / "a.wav", tmp_path / "b.wav"]
    for one in held:
        os.mkfifo(one)
    with started(*held, "--jobs", jobs, stderr=subprocess.PIPE, start_new_session=True) as process:
        with held[0].open("wb"):  # when it waits there
            assert interrupted(process) == 130
        assert process.stderr.read() == b""


# -- results that are kept ----------------------------------------------------------------------


def kept(path):
    if path.suffix == ".jsonl":
        return lines(path.read_text())
    parts = sorted(path.glob("part-*.parquet"))
    return [row for part in parts for row in pyarrow.parquet.read_table(part).to_pylist()]


def in_one_order(rows):
    return sorted(rows, key=lambda row: (row["file"], row["channel"], row["start"]))


@pytest.mark.parametrize(("name", "jobs"), [("found.jsonl", "1"), ("found", "2")])
def test_a_killed_run_goes_on_where_it_was(tmp_path, name, jobs):
    keys = [f"{number:02}" for number in range(12)]
    files = [Path(wav(tmp_path / "in" / f"{key}.wav", key)) for key in keys]
    held = files[7]
    content = held.read_bytes()
    held.unlink()
    os.mkfifo(held)
    out = tmp_path / name
    command = [tmp_path / "in", "--out", out, "--jobs", jobs, *DETECT]
    with started(*command) as process, held.open("wb"):  # when it waits there
        process.kill()
        process.wait(240)
    held.unlink()
    held.write_bytes(content)
    before = committed(out)
    assert before
    done = run(*command)
    assert done.exit_code == 0, done.stderr
    assert in_one_order(kept(out)) == in_one_order(found(*map(str, files)))
    after = committed(out)
    assert all(after[file].startswith(content) for file, content in before.items())
    again = run(*command)
    assert (again.exit_code, again.output) == (0, "")
    assert committed(out) == after


def committed(out):
    """What a kill must not take: the parts, or the whole lines of the journal."""
    if out.suffix == ".jsonl":
        notes = out.with_name(f"{out.name}.journal").read_bytes()
        assert notes.count(b"\n") > 1  # more than the request
        return {"journal": notes[: notes.rfind(b"\n") + 1]}
    return {part.name: part.read_bytes() for part in out.glob("part-*.parquet")}


def test_what_was_damaged_is_told_again_but_not_heard_again(tmp_path):
    whole = Path(wav(tmp_path / "a.wav", "1234")).read_bytes()
    (tmp_path / "a.wav").write_bytes(whole[:8000])
    out = tmp_path / "out.jsonl"
    first = run(tmp_path / "a.wav", tmp_path / "none.wav", "--out", out, *DETECT)
    assert first.exit_code == 1
    (tmp_path / "a.wav").write_bytes(whole)
    wav(tmp_path / "none.wav", "5")
    second = run(tmp_path / "a.wav", tmp_path / "none.wav", "--out", out, *DETECT)
    assert second.exit_code == 1
    assert second.stderr == first.stderr.splitlines(keepends=True)[0]
    assert "".join(one["value"] for one in lines(out.read_text())) == "125"


def test_a_place_of_other_results_is_misuse(tmp_path):
    path = wav(tmp_path / "a.wav")
    out = tmp_path / "out.jsonl"
    assert run(path, "--out", out).exit_code == 0
    other = run(path, "--out", out, "--detect", "fax")
    assert other.exit_code == 2
    assert "another request" in other.stderr


def test_a_cluster_that_is_not_there_is_named(tmp_path, monkeypatch):
    monkeypatch.setattr("mediasock.offline.cluster.PATIENCE", "1s")
    done = run(wav(tmp_path / "a.wav"), "--scheduler", "tcp://127.0.0.1:1")
    assert done.exit_code == 1
    assert "tcp://127.0.0.1:1: there is no scheduler" in done.stderr


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no /dev/full")
@pytest.mark.parametrize("form", ["--json", "--csv"])
def test_output_that_cannot_be_written_is_one_line(tmp_path, form):
    with (
        Path("/dev/full").open("wb") as full,
        started(wav(tmp_path / "a.wav"), form, stdout=full, stderr=subprocess.PIPE) as process,
    ):
        assert process.stderr.read() == b"mediasock: standard output: No space left on device\n"
        assert process.wait(240) == 1


def test_a_terminal_of_ascii_is_enough(tmp_path):
    command = ["analyze", wav(tmp_path / "é.wav", "12"), *DETECT]
    done = CliRunner(charset="ascii").invoke(main, command, catch_exceptions=False)
    assert done.exit_code == 0
    assert r"/\xe9.wav:1" in done.stdout
