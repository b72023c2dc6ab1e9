"""``mediasock fax read`` as people type it, and what it leaves behind."""

import json
import os
import subprocess
import sys
from dataclasses import fields
from functools import cache
from pathlib import Path

import numpy as np
import pytest
import soundfile
from click.testing import CliRunner
from PIL import Image

from dsp.fax import pagecode
from dsp.fax.capabilities import Settings
from dsp.fax.document import read as read_document
from dsp.fax.frames import CommandFrame, IdentFrame, Plain
from dsp.fax.mouth import Ced, Check, Control, Silence
from dsp.fax.mouth import Image as Sends
from dsp.fax.result import PageRecord
from dsp.fax.t4 import Quality
from dsp.g711 import linear_to_ulaw
from dsp.tone_stream import render
from mediasock.cli import main
from mediasock.offline import ChannelError, ReadError, Request
from mediasock.offline.fax import listen
from mediasock.offline.request import place_of
from tests.support import fax_pages
from tests.support.fax_sounds import said
from tests.support.faxed import HEADER, pixels
from tests.support.fixture import FIXTURES
from tests.support.signals import noise

CALL = FIXTURES / "fax" / "v29_nonecm.flac"
JBIG = FIXTURES / "fax" / "v17_ecm_two_pages.flac"
NOW = Settings("V.29 9600", coding="MH", resolution="R8 × 7.7")
PAUSE = Silence(0.1)

pytestmark = pytest.mark.timeout(600)


def run(*arguments):
    command = ["fax", "read", *map(str, arguments)]
    return CliRunner().invoke(main, command, catch_exceptions=False)


def control(*frames):
    return Control(tuple(one.octets() for one in frames)), PAUSE


@cache
def call(answer="MCF"):
    """A short call, both sides in one channel."""
    first = pagecode.lines(pagecode.encode(page(), NOW))
    return said(
        Ced(1.0),
        PAUSE,
        *control(IdentFrame("TSI", b"+1 555 0100", final=False), CommandFrame(NOW.fif())),
        Check(NOW.rate),
        PAUSE,
        *control(Plain("CFR")),
        Sends(NOW.rate, True, first),
        PAUSE,
        *control(Plain("EOP")),
        *control(Plain(answer)),
        *control(Plain("DCN")),
        PAUSE,
    )


def page():
    return fax_pages.strip(fax_pages.text(), 60)


def wav(path, sound, rate=8000, **form):
    soundfile.write(path, np.asarray(sound).T / 32768, rate, **form)
    return path


# -- forms --------------------------------------------------------------------------------------


def test_a_trace_is_for_people():
    done = run(CALL)
    assert done.exit_code == 0
    lines = done.stdout.splitlines()
    assert lines[0] == f"{CALL}: 57.70 s, channels 1 and 2"
    told = {line[15:].split()[0]: line for line in lines[1:-1]}
    assert told["CED"].startswith("A    0.46 1 ←  CED 2.60 s")
    assert told["DCS"] == (
        "B    6.62 2 →  DCS 9600 V.29, no ECM, MR, R8 × 7.7, A4, unlimited, 0 ms"
    )
    assert "14,401 zeros in a row, 1.50 s, 0 wrong bits" in done.stdout
    assert lines[-1] == (
        "page 1: 1728 × 2232, R8 × 7.7, MR, V.29 9600, no ECM, 52,758 octets, 0 bad rows, MCF"
    )


def test_a_verbose_trace_is_bit_by_bit():
    done = run(JBIG, "-v")
    assert "  bit 27         1  error correction (ECM)" in done.stdout
    assert "V.21, carrier, 2.06 s (−14.0 dBm0, " in done.stdout
    assert "  frames 0–85" in done.stdout


def test_json_is_an_object_a_recording():
    done = run(CALL, JBIG, "--json")
    one, other = map(json.loads, done.stdout.splitlines())
    assert (one["file"], one["channels"], one["damage"]) == (str(CALL), [1, 2], None)
    assert "".join(each["phase"] for each in one["phases"]) == "ABCDE"
    assert one["phases"][-1]["end"] == pytest.approx(one["seconds"], abs=0.01)
    begins = [each["begin"] for each in one["events"]]
    assert begins == sorted(begins)
    (page,) = [each for each in one["events"] if each["event"] == "page"]
    assert (page["height"], page["confirmed"], page["quality"]["bad_rows"]) == (2232, True, 0)
    assert [each["frame"] for each in one["events"] if each["event"] == "frame"] == [
        *("CSI", "DIS", "TSI", "DCS", "CFR", "EOP", "MCF", "DCN")
    ]
    bursts = [each for each in other["events"] if each["event"] == "burst"]
    assert [each["frames"]["good"] for each in bursts if "frames" in each] == [86, 29]
    (check,) = [each["check"] for each in bursts if "check" in each]
    assert (check["zeros"], check["wrong"]) == (21601, 0)


def test_events_have_the_keys_that_are_promised():
    done = run(CALL, JBIG, "--json")
    events = [one for line in done.stdout.splitlines() for one in json.loads(line)["events"]]
    keys: dict[str, set[str]] = {}
    for one in events:
        keys.setdefault(one.pop("event"), set()).update(one)
    whose = {"begin", "end", "channel", "role"}
    line = {"level", "snr", "frequency_offset", "clock_offset"}
    assert keys == {
        "phase": {"begin", "phase"},
        "tone": whose | {"tone", "level"},
        "frame": whose
        | {"good", "echo", "frame", "octets", "x", "final", "says", "flaws", "fields"},
        "burst": whose | line | {"modem", "what", "training", "trained", "check", "frames"},
        "page": (whose - {"role"})
        | {field.name for field in fields(PageRecord)}
        | {"why", "files", "quality"},
    }
    (quality,) = (one["quality"] for one in events if "quality" in one)
    assert set(quality) == {field.name for field in fields(Quality)}


def test_json_is_json_whatever_standard_output_can_say(tmp_path):
    file = wav(tmp_path / "a.wav", call()).rename(tmp_path / "b\udce9 \N{GRINNING FACE} ×.wav")
    command = [sys.executable, "-m", "mediasock", "fax", "read", file, "--json"]
    done = subprocess.run(
        command, capture_output=True, check=True, env=os.environ | {"PYTHONIOENCODING": "ascii"}
    )
    assert json.loads(done.stdout)["file"] == str(file)


def test_times_are_those_of_the_recording(tmp_path):
    silence = np.zeros(4 * 8000, dtype=np.int16)
    file = wav(tmp_path / "a.wav", np.concatenate([silence, call()]))
    whole, part = listen(file), listen(file, Request(begin=3.0, end=30.0))
    assert [one.frame for one in whole.spoken] == [one.frame for one in part.spoken]
    for one, other in zip(whole.spoken, part.spoken, strict=True):
        assert whole.at(one.begin) == pytest.approx(part.at(other.begin), abs=0.05)
    told = [json.loads(run(file, "--json", *more).stdout) for more in ((), ("--from", "3"))]
    begins = [[one["begin"] for one in each["events"] if one["event"] == "frame"] for each in told]
    assert begins[0] == pytest.approx(begins[1], abs=0.05)


# -- pages --------------------------------------------------------------------------------------


def test_pages_are_written_as_tiff_and_as_more(tmp_path):
    done = run(CALL, "--out", tmp_path, "--pdf", "--png")
    assert done.exit_code == 0
    stem = place_of(tmp_path, str(CALL))
    (found,) = read_document(Path(f"{stem}.tiff"))
    assert np.array_equal(found.black()[HEADER:], pixels(FIXTURES / "fax" / "page.tiff"))
    with Image.open(f"{stem}.tiff") as image:
        assert image.tag_v2[270] == "RIG-FS"
    assert Path(f"{stem}.pdf").read_bytes().startswith(b"%PDF")
    with Image.open(f"{stem}.1.png") as image:
        assert image.width == 1728
    for form in ("tiff", "pdf", "1.png"):
        assert f"{stem}.{form}" in done.stdout


@pytest.mark.parametrize("answer", ["MCF", "RTN"])
def test_pages_that_were_not_confirmed_are_apart(tmp_path, answer):
    file = wav(tmp_path / "a.wav", call(answer))
    done = run(file, "--out", tmp_path / "out")
    stem = place_of(tmp_path / "out", str(file))
    there = Path(f"{stem}.tiff" if answer == "MCF" else f"{stem}.unconfirmed.tiff")
    assert [one.name for one in stem.parent.iterdir()] == [there.name]
    (found,) = read_document(there)
    assert np.array_equal(found.rows, page().rows)
    assert ("RTN, not confirmed" in done.stdout) == (answer == "RTN")


def test_pages_of_jbig_are_written_as_they_came(tmp_path):
    done = run(JBIG, "--out", tmp_path)
    files = [Path(f"{place_of(tmp_path, str(JBIG))}.{number}.jbg") for number in (1, 2)]
    # the header of T.82: one plane, 1728 pixels a line, so many lines
    heads = [(1, 1728, 2200), (1, 1728, 700)]
    for file, head in zip(files, heads, strict=True):
        octets = file.read_bytes()
        numbers = (octets[2], *(int.from_bytes(octets[at : at + 4], "big") for at in (4, 8)))
        assert numbers == head
        assert f"T.85 L0 is not decoded here, MCF: {file}" in done.stdout


def test_nothing_is_written_where_nothing_came(tmp_path):
    file = wav(tmp_path / "a.wav", said(*control(Plain("DCN"))))
    assert run(file, "--out", tmp_path / "out").exit_code == 0
    assert not (tmp_path / "out").exists()


def test_pages_that_cannot_be_written_are_told_of(tmp_path):
    (tmp_path / "out").write_text("a file")
    done = run(wav(tmp_path / "a.wav", call()), "--out", tmp_path / "out")
    assert done.exit_code == 1
    assert done.stderr.startswith(f"mediasock: {tmp_path}/out")
    assert len(done.stderr.splitlines()) == 1
    assert "0 bad rows, MCF" in done.stdout


# -- recordings ---------------------------------------------------------------------------------


@pytest.mark.parametrize("rate", [8000, 16000, 44100])
def test_recordings_may_have_any_rate(tmp_path, rate):
    at = np.arange(len(call()) * rate // 8000) * 8000 / rate
    file = wav(tmp_path / "a.wav", np.interp(at, np.arange(len(call())), call()), rate)
    found = listen(file)
    assert found.rate == rate
    assert [one.frame.name for one in found.spoken if one.good] == [
        *("TSI", "DCS", "CFR", "EOP", "MCF", "DCN")
    ]


def test_raw_samples_are_read(tmp_path):
    file = tmp_path / "a.ul"
    file.write_bytes(linear_to_ulaw(call()).tobytes())
    done = run(file, "--raw", "ulaw")
    assert done.exit_code == 0
    assert "0 bad rows, MCF" in done.stdout


def test_a_channel_is_chosen(tmp_path):
    file = wav(tmp_path / "a.wav", np.stack([0 * call(), 0 * call(), call()]))
    with pytest.raises(ChannelError, match="3 channels"):
        listen(file)
    done = run(file, "--channel", "3")
    assert done.exit_code == 0
    assert "channel 3" in done.stdout
    assert run(file, "--channel", "4").exit_code == 1


# -- what is no call ----------------------------------------------------------------------------


def test_a_call_that_is_cut_off_is_told_up_to_there(tmp_path):
    whole = wav(tmp_path / "whole.wav", call()).read_bytes()
    cut = tmp_path / "cut.wav"
    cut.write_bytes(whole[: len(whole) * 2 // 3])
    done = run(cut, "--out", tmp_path / "out")
    assert done.exit_code == 1
    assert "DCS 9600 V.29" in done.stdout
    assert "cut off after" in done.stderr
    flac = tmp_path / "cut.flac"
    octets = CALL.read_bytes()
    flac.write_bytes(octets[: len(octets) // 2])
    done = run(flac, "--json")
    assert done.exit_code == 1
    assert json.loads(done.stdout)["damage"] in done.stderr


@pytest.mark.parametrize("what", ["noise", "silence", "tones", "nothing", "no sound", "nowhere"])
def test_what_is_no_call_is_named(tmp_path, what):
    file = tmp_path / "a.wav"
    sounds = {
        "noise": noise(5.0, -10.0),
        "silence": np.zeros(40_000),
        "tones": render("d=60;w=60;4;2;%(500,500,1100)")[:4000],
        "nothing": np.zeros(0),
    }
    if what in sounds:
        wav(file, sounds[what])
    elif what == "no sound":
        file.write_bytes(b"%PDF-1.4" + bytes(range(256)))
    done = run(file, CALL, "--out", tmp_path / "out")
    assert done.exit_code == 1
    assert str(file) in done.stderr
    assert len(done.stderr.splitlines()) == 1
    # the others are done all the same
    assert "EOP" in done.stdout
    if what not in sounds:
        with pytest.raises(ReadError):
            listen(file)


def test_a_fault_of_ours_is_told_in_a_line(monkeypatch):
    def faulty(*_):
        raise ZeroDivisionError("no")

    monkeypatch.setattr("mediasock.offline.fax.listen", faulty)
    done = run(CALL)
    assert done.exit_code == 1
    assert done.stderr == (f"mediasock: {CALL}: it could not be read: ZeroDivisionError('no')\n")


def test_a_directory_is_read(tmp_path):
    for name in ("b.wav", "a.wav"):
        wav(tmp_path / name, call())
    done = run(tmp_path, "--json")
    assert [json.loads(line)["file"] for line in done.stdout.splitlines()] == [
        str(tmp_path / name) for name in ("a.wav", "b.wav")
    ]


@pytest.mark.parametrize(
    "arguments",
    [
        ("--pdf",),
        ("--json", "-v"),
        ("--to", "1", "--from", "2"),
        ("--raw-rate", "8000"),
        ("--plot", "a.png", "--plot-dir", "b"),
        ("--plot", "a.gif"),
        ("-",),
    ],
)
def test_misuse_is_refused(arguments):
    assert run(CALL, *arguments).exit_code == 2


# -- pictures -----------------------------------------------------------------------------------


def test_a_picture_is_drawn(tmp_path):
    pytest.importorskip("matplotlib", reason="the extra plot")
    file = wav(tmp_path / "a.wav", call())
    assert run(file, "--plot", tmp_path / "a.svg").exit_code == 0
    words = (tmp_path / "a.svg").read_text()
    for said_there in ("sender", "receiver", "phase", "TSI DCS", "TCF V.29 9600, long", "CFR"):
        assert said_there in words
    assert run(tmp_path, "--plot-dir", tmp_path / "all").exit_code == 0
    assert [one.name for one in (tmp_path / "all").rglob("*.png")] == ["a.wav.png"]


def test_a_picture_that_cannot_be_written_is_told_of(tmp_path):
    pytest.importorskip("matplotlib", reason="the extra plot")
    file = wav(tmp_path / "a.wav", call())
    done = run(file, "--plot", file / "a.png")
    assert done.exit_code == 1
    assert done.stderr.startswith(f"mediasock: {file}/a.png: ")
    assert len(done.stderr.splitlines()) == 1
    assert "0 bad rows, MCF" in done.stdout
