import json
import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner

from mediasock.cli import main
from mediasock.selftest import SelftestError, fixtures, judge, shipped

FIXTURES = Path(__file__).parents[2] / "fixtures"


def run(*arguments):
    return CliRunner().invoke(main, ["selftest", *map(str, arguments)])


def copied(tmp_path, name, **changes):
    """A directory with one fixture, in which other things are expected."""
    source = FIXTURES / name
    (tmp_path / "own").mkdir(exist_ok=True)
    shutil.copy(source, tmp_path / "own")
    about = json.loads(source.with_suffix(".json").read_text())
    about.update(changes)
    (tmp_path / "own" / source.name).with_suffix(".json").write_text(json.dumps(about))
    return about["expected"]


def test_the_fixtures_come_with_the_package():
    assert shipped().resolve() == FIXTURES
    names = {one.name.partition("/")[0] for one in fixtures(shipped())}
    assert names == {"digits", "tones", "fax", "mf", "speech", "tone_stream"}


def test_every_recording_says_what_is_in_it():
    recordings = [
        path
        for path in FIXTURES.glob("*/*")
        if path.suffix in (".flac", ".wav") and path.parent.name != "tone_stream"
    ]
    assert len(recordings) > 30
    for path in recordings:
        about = json.loads(path.with_suffix(".json").read_text())
        assert about["made"]
        for one in about["expected"]:
            assert one["kind"] in (*about["detect"], "mf")
            assert one["kind"] in about["within"]


@pytest.mark.parametrize("fixture", fixtures(FIXTURES), ids=lambda fixture: fixture.name)
def test_a_recording_is_heard_as_it_should_be(fixture):
    outcome = judge(fixture)
    assert outcome.ok, outcome
    assert outcome.heard == outcome.expected == len(fixture.expected)


def test_a_table_says_that_all_is_well(tmp_path):
    copied(tmp_path, "digits/ulaw.wav")
    done = run("--fixtures", tmp_path)
    assert done.exit_code == 0, done.output
    head, row, total = done.output.splitlines()
    assert " ".join(head.split()) == "file expected heard missed imagined ms off dB off"
    name, expected, heard, missed, imagined, ms, db, verdict = row.split()
    assert (name, expected, heard, missed, imagined) == ("own/ulaw.wav", "16", "16", "0", "0")
    assert 0 <= float(ms) <= 10
    assert 0 <= float(db) <= 1
    assert verdict == "ok"
    assert total == "1 of 1 recordings as they should be"


def test_what_is_missed_imagined_and_off_is_named(tmp_path):
    expected = copied(tmp_path, "tone_stream/dtmf_set_timing.flac")
    later = {**expected[1], "start": expected[1]["start"] + 0.04}
    louder = {**expected[2], "level": expected[2]["level"] + 3}
    another = {**expected[3], "value": "7"}
    copied(
        tmp_path,
        "tone_stream/dtmf_set_timing.flac",
        expected=[expected[0], later, louder, another],
    )
    done = run("--fixtures", tmp_path)
    assert done.exit_code == 1
    assert "FAIL" in done.output
    assert "missed: dtmf 7 at 0.450 s of channel 1" in done.output
    assert "imagined: dtmf # at 0.45" in done.output
    assert "off: dtmf 5 at 0.190 s of channel 1: 40 ms" in done.output
    assert "off: dtmf 9 at 0.300 s of channel 1: 1 ms and 3.0 dB off" in done.output
    assert "0 of 1 recordings" in done.output


def test_json_is_an_object_a_line(tmp_path):
    copied(tmp_path, "digits/ulaw.wav")
    copied(
        tmp_path,
        "digits/too_short.flac",
        expected=[
            {"channel": 1, "kind": "dtmf", "value": "1", "start": 0.3, "end": None, "level": None}
        ],
    )
    done = run("--json", "--fixtures", tmp_path)
    assert done.exit_code == 1
    short, ulaw = map(json.loads, done.output.splitlines())
    assert (ulaw["name"], ulaw["expected"], ulaw["heard"], ulaw["ok"]) == (
        "own/ulaw.wav",
        16,
        16,
        True,
    )
    assert short["missed"] == ["dtmf 1 at 0.300 s of channel 1"]
    assert (short["ok"], short["worst_ms"], short["worst_db"]) == (False, None, None)


def test_what_there_is_no_ear_for_is_left_out(tmp_path):
    smell = {"channel": 1, "kind": "smell", "value": "x", "start": 0.1, "end": 0.2, "level": 0}
    expected = copied(tmp_path, "digits/ulaw.wav")
    copied(tmp_path, "digits/ulaw.wav", detect=["dtmf", "smell"], expected=[*expected, smell])
    (one,) = fixtures(tmp_path)
    assert one.detect == ("dtmf",)
    assert judge(one).ok
    copied(tmp_path, "digits/ulaw.wav", detect=["smell"], expected=[smell])
    done = run("--fixtures", tmp_path)
    assert done.exit_code == 1
    assert f"{tmp_path}: there is no ear for what is in its recordings" in done.output


def test_a_value_end_and_level_of_null_may_be_anything(tmp_path):
    expected = copied(tmp_path, "digits/ulaw.wav")
    anything = [{**one, "value": None, "end": None, "level": None} for one in expected]
    copied(tmp_path, "digits/ulaw.wav", expected=anything)
    (one,) = fixtures(tmp_path)
    outcome = judge(one)
    assert outcome.ok
    assert outcome.heard == 16


def test_what_is_no_fixture_is_named(tmp_path):
    done = run("--fixtures", tmp_path)
    assert done.exit_code == 1
    assert f"{tmp_path}: there are no recordings with JSON beside them" in done.output
    copied(tmp_path, "digits/ulaw.wav")
    about = tmp_path / "own" / "ulaw.json"
    for text in (
        "no JSON",
        "[]",
        '{"detect": ["dtmf"]}',
        "{}",
        about.read_text().replace("kind", "k"),
    ):
        about.write_text(text)
        with pytest.raises(SelftestError, match=r"ulaw\.json: it is no fixture"):
            fixtures(tmp_path)
    assert run("--fixtures", tmp_path / "nowhere").exit_code == 2


def test_a_recording_that_cannot_be_read_is_named(tmp_path):
    copied(tmp_path, "digits/ulaw.wav")
    (tmp_path / "own" / "ulaw.wav").write_bytes(b"no sound")
    done = run("--fixtures", tmp_path)
    assert done.exit_code == 1
    assert "ulaw.wav" in done.output
    assert "Traceback" not in done.output
