import importlib.metadata
import json
import subprocess
import sys

import pytest
import soundfile

from tests.support.calls import loudness_at
from tests.support.served import ROOT, environment, mediasock

pytestmark = pytest.mark.timeout(600)


HELP = """
import sys
from mediasock.cli import main
main(["--help"], standalone_mode=False)
assert not {"numba", "scipy", "soundfile", "PIL", "distributed", "pyarrow"} & set(sys.modules)
"""


def test_help_names_the_commands_without_loading_what_only_they_need():
    done = subprocess.run(
        [sys.executable, "-c", HELP],
        capture_output=True,
        text=True,
        cwd=ROOT,
        env=environment(),
        check=False,
    )
    assert done.returncode == 0, done.stderr
    for command in ("serve", "call", "demo"):
        assert command in done.stdout


def test_version():
    assert importlib.metadata.version("mediasock") in mediasock("--version").stdout


def test_an_unknown_command_is_status_2():
    done = mediasock("dance")
    assert done.returncode == 2
    assert "No such command 'dance'" in done.stderr


def test_the_demo_shows_what_it_hears_and_faxes_and_leaves_recording_logs_and_page(tmp_path):
    done = mediasock("demo", "--out", tmp_path / "new")
    assert done.returncode == 0, done.stderr
    [wav] = (tmp_path / "new").glob("*.wav")
    log = wav.with_suffix(".json")
    assert str(wav) in done.stdout
    assert str(log) in done.stdout
    told = json.loads(log.read_text())
    assert told["call"] == wav.stem == log.stem
    assert told["hangup_cause"] == "NORMAL_CLEARING"
    ended = [one for one in told["detections"] if one["end"] is not None]
    dtmf = "".join(one["value"] for one in ended if one["kind"] == "dtmf")
    assert dtmf == "159#"
    assert "".join(one["value"] for one in ended if one["kind"] == "rfc2833") == "42"
    tones = [one["value"] for one in ended if one["kind"] in ("tone", "fax")]
    assert tones == ["dial", "cng", "busy"]
    for one in ended:
        assert f"{one['kind']:8} {one['value']}" in done.stdout
    sound, rate = soundfile.read(wav, dtype="int16")
    assert rate == 8000
    assert loudness_at(sound[:, 0], 770) > -12  # the 5 that was heard
    assert sound[:, 1].any()  # the prompt that was sent
    [tiff] = (tmp_path / "new").glob("*.tiff")
    assert f"the same: {tiff}" in done.stdout
    assert "← DCS 14400 V.17" in done.stdout
    assert "→ DCS 14400 V.17" in done.stdout
    assert json.loads(tiff.with_suffix(".json").read_text())["outcome"]["name"] == "ok"


def test_a_demo_that_cannot_write_says_where(tmp_path):
    (tmp_path / "file").write_text("")
    done = mediasock("demo", "--out", tmp_path / "file" / "inside")
    assert done.returncode == 1
    assert f"{tmp_path}/file/inside" in done.stderr
    assert "Traceback" not in done.stderr
