"""Recordings of every kind, whole and broken."""

import io
import os
import re
import subprocess
import sys
import threading

import numpy as np
import pytest
import soundfile
from hypothesis import given, settings
from hypothesis import strategies as st

from dsp.g711 import linear_to_alaw, linear_to_ulaw
from dsp.tones import dtmf
from mediasock.offline import DamageError, Raw, ReadError, Request, analyze, analyze_samples
from mediasock.offline.reading import opened, to_int16
from tests.offline.material import DIGITS, digits, heard, keyed, octets, wav
from tests.support.served import ROOT, environment

FORMS = [
    ("wav", {"subtype": "PCM_16"}),
    ("wav", {"subtype": "PCM_24"}),
    ("wav", {"subtype": "PCM_32"}),
    ("wav", {"subtype": "PCM_U8"}),
    ("wav", {"subtype": "FLOAT"}),
    ("wav", {"subtype": "DOUBLE"}),
    ("wav", {"subtype": "ULAW"}),
    ("wav", {"subtype": "ALAW"}),
    ("wav", {"subtype": "IMA_ADPCM"}),
    ("flac", {}),
    ("flac", {"subtype": "PCM_24"}),
    ("ogg", {"subtype": "VORBIS"}),
    ("opus", {"format": "OGG", "subtype": "OPUS"}),
    ("aiff", {}),
    ("au", {"subtype": "ULAW"}),
    ("caf", {}),
    ("w64", {}),
    ("rf64", {"format": "RF64"}),
]
NEAR = 0.01

pytestmark = pytest.mark.timeout(600)


def starts(findings):
    return [one.start for one in findings if one.kind == "dtmf"]


@pytest.fixture(scope="module")
def reference():
    return list(analyze_samples(keyed(), 8000))


@pytest.mark.parametrize(("suffix", "form"), FORMS, ids=str)
def test_whatever_soundfile_writes_is_heard(tmp_path, reference, suffix, form):
    path = wav(tmp_path / f"a.{suffix}", **form)
    found, damage = heard(path)
    assert damage is None
    assert digits(found) == DIGITS
    assert starts(found) == pytest.approx(starts(reference), abs=NEAR)
    assert found[0].level == pytest.approx(reference[0].level, abs=0.5)
    assert found[0].file == path


@pytest.mark.parametrize("rate", [8012, 11025, 12000, 16000, 22050, 32000, 44100, 48000, 96000])
@pytest.mark.parametrize("form", [{}, {"subtype": "FLOAT"}], ids=str)
def test_any_rate_is_heard_at_the_same_times(tmp_path, reference, rate, form):
    found, damage = heard(wav(tmp_path / "a.wav", rate=rate, **form))
    assert damage is None
    assert digits(found) == DIGITS
    assert starts(found) == pytest.approx(starts(reference), abs=NEAR)


def test_mp3_is_heard(tmp_path, reference):
    found, damage = heard(wav(tmp_path / "a.mp3", rate=16000))
    assert damage is None
    assert digits(found) == DIGITS
    assert starts(found) == pytest.approx(starts(reference), abs=0.1)  # it has a lead-in


@pytest.mark.parametrize("rate", [500, 999, 400_000])
def test_a_rate_that_no_sound_has_is_damage(tmp_path, rate):
    (tmp_path / "a.wav").write_bytes(octets(np.zeros(1000, np.int16), rate))
    with pytest.raises(DamageError, match=f"a.wav: {rate} samples a second"):
        list(analyze(tmp_path / "a.wav"))


@pytest.mark.parametrize("rate", [8000, 16000, 48000, 7999])
@pytest.mark.parametrize("length", [0, 1, 2, 159, 161])
def test_short_recordings_hold_nothing_and_are_no_error(rate, length):
    for block in (np.ones(length, np.int16), np.full((3, length), 0.5)):
        assert list(analyze_samples(block, rate)) == []
    form = octets(np.ones((length, 2), np.int16), rate)
    assert heard(io.BytesIO(form)) == ([], None)


def test_floats_are_scaled_clipped_and_silent_where_they_are_no_numbers():
    given_ = np.array([0.25, 1.5, -1.5, np.nan, np.inf, -np.inf, -1.0], dtype=np.float32)
    expected = [8192, 32767, -32768, 0, 32767, -32768, -32768]
    assert to_int16(given_).tolist() == expected
    with opened(io.BytesIO(octets(given_, subtype="FLOAT")), Request()) as recording:
        assert np.concatenate([*recording.blocks], axis=1)[0].tolist() == expected


def test_sixteen_bits_come_as_they_are(tmp_path):
    noise = np.random.default_rng(3).integers(-32768, 32768, (200_000, 2)).astype(np.int16)
    for form in ("wav", "flac"):
        soundfile.write(tmp_path / f"a.{form}", noise, 8000)
        with opened(tmp_path / f"a.{form}", Request()) as recording:
            assert (recording.rate, recording.channels, recording.frames) == (8000, 2, 200_000)
            assert (np.concatenate([*recording.blocks], axis=1) == noise.T).all()


# -- a part of a recording ----------------------------------------------------------------------


@given(st.integers(0, 9000), st.integers(1, 9000), st.sampled_from(["WAV", "FLAC", "raw"]))
@settings(max_examples=30)
def test_an_excerpt_is_those_samples(begin, length, form):
    ramp = np.arange(8000, dtype=np.int16)
    part = Request(begin=begin / 8000, end=(begin + length) / 8000)
    content = ramp.tobytes() if form == "raw" else octets(ramp, form=form)
    if form == "raw":
        part = Request(begin=part.begin, end=part.end, raw=Raw("s16le"))
    with opened(io.BytesIO(content), part) as recording:
        blocks = [np.zeros((1, 0), np.int16), *recording.blocks]
    assert (np.concatenate(blocks, axis=1)[0] == ramp[begin : begin + length]).all()


def test_times_of_an_excerpt_are_those_of_the_recording(tmp_path):
    path = wav(tmp_path / "a.wav", "1234")
    all_of_it = heard(path)[0]
    later = heard(path, Request(begin=0.28, end=0.65))[0]
    assert digits(later) == "23"
    assert starts(later) == pytest.approx(starts(all_of_it[1:3]), abs=NEAR)


# -- raw samples --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("form", "encode"),
    [("s16le", lambda x: x.astype("<i2")), ("ulaw", linear_to_ulaw), ("alaw", linear_to_alaw)],
)
@pytest.mark.parametrize("rate", [8000, 16000])
def test_raw_samples_are_read_as_they_are_said_to_be(tmp_path, form, encode, rate):
    left, right = keyed("12", rate), keyed("34", rate)
    both = np.stack([left, right], axis=1)
    (tmp_path / "a.raw").write_bytes(encode(both.reshape(-1)).tobytes())
    found, damage = heard(tmp_path / "a.raw", Request(raw=Raw(form, rate, 2)))
    assert damage is None
    assert (digits(found), digits(found, 2)) == ("12", "34")


def test_raw_samples_that_end_within_one_are_damage_at_its_place():
    content = keyed().tobytes() + b"\0"
    found, damage = heard(io.BytesIO(content), Request(raw=Raw("s16le")))
    assert digits(found) == DIGITS
    assert (
        damage
        == f"recording: after {len(keyed()) / 8000:.2f} s it ends within a sample: 1 of 2 octets"
    )


# -- standard input and pipes -------------------------------------------------------------------


@pytest.mark.parametrize("form", ["WAV", "FLAC"])
def test_a_pipe_is_heard_though_it_cannot_be_sought_in(tmp_path, form):
    os.mkfifo(tmp_path / "pipe")
    content = octets(keyed(), form=form)
    writer = threading.Thread(target=(tmp_path / "pipe").write_bytes, args=(content,))
    writer.start()
    assert digits(heard(tmp_path / "pipe")[0]) == DIGITS
    writer.join()


def test_standard_input_is_heard():
    done = subprocess.run(
        [sys.executable, "-m", "mediasock", "analyze", "-", "--csv"],
        input=octets(keyed()),
        capture_output=True,
        cwd=ROOT,
        env=environment(),
        timeout=240,
        check=True,
    )
    lines = done.stdout.decode().splitlines()
    assert lines[0] == "file,channel,kind,value,start,end,level"
    assert [line.split(",")[:4] for line in lines[1:]] == [["-", "1", "dtmf", d] for d in DIGITS]


# -- what cannot be read ------------------------------------------------------------------------


def test_what_is_not_there_is_named_and_not_damage(tmp_path):
    for path, why in ((tmp_path / "none.wav", "No such file"), (tmp_path, "Is a directory")):
        with pytest.raises(ReadError, match=re.escape(str(path)) + f".*{why}") as caught:
            list(analyze(path))
        assert not isinstance(caught.value, DamageError)


def test_a_name_that_no_file_can_have_is_an_error_like_any_other():
    with pytest.raises(ReadError, match="null"):
        list(analyze("a\0b.wav"))


LONG = dtmf("159#" * 30, off_ms=300)


def places(damage: str) -> float:
    return float(re.search(r"after ([\d.]+) s", damage)[1])


@pytest.mark.parametrize(("suffix", "form"), [one for one in FORMS if one[0] != "caf"], ids=str)
def test_a_cut_off_recording_gives_what_it_has_and_says_where_it_ends(tmp_path, suffix, form):
    whole = tmp_path / f"a.{suffix}"
    soundfile.write(whole, LONG / 32768, 8000, **form)
    content = whole.read_bytes()
    cut = tmp_path / f"cut.{suffix}"
    cut.write_bytes(content[: len(content) * 2 // 3])
    before, none = heard(whole)
    assert none is None
    found, damage = heard(cut)
    assert damage is not None
    assert str(cut) in damage
    assert 0.5 * len(LONG) / 8000 < places(damage) < 0.72 * len(LONG) / 8000
    whole_ones = [one for one in before if one.end < places(damage) - 0.1]
    assert [(one.value, one.start) for one in found][: len(whole_ones)] == [
        (one.value, one.start) for one in whole_ones
    ]
    assert len(found) <= len(whole_ones) + 1


def test_damage_within_a_flac_is_told_after_all_that_comes_before_it(tmp_path):
    noisy = (LONG + np.random.default_rng(1).normal(0, 20, len(LONG))).astype(np.int16)
    content = bytearray(octets(noisy, form="FLAC"))
    middle = len(content) // 2
    content[middle : middle + 9000] = bytes(9000)
    (tmp_path / "a.flac").write_bytes(content)
    found, damage = heard(tmp_path / "a.flac")
    assert "damaged after" in damage
    assert places(damage) == pytest.approx(len(LONG) / 16000, abs=1.5)
    told = [one for one in analyze_samples(noisy, 8000) if one.end < places(damage) - 0.1]
    assert len(told) > 50
    assert [(one.value, one.start) for one in found][: len(told)] == [
        (one.value, one.start) for one in told
    ]


def test_a_header_of_a_stream_whose_length_nobody_knew_is_no_damage():
    content = bytearray(octets(keyed()))
    for length in (b"\xff\xff\xff\xff", b"\x00\xf0\xff\x7f"):
        at = content.index(b"data") + 4
        content[4:8] = content[at : at + 4] = length
        found, damage = heard(io.BytesIO(content))
        assert (digits(found), damage) == (DIGITS, None)


# -- anything at all ----------------------------------------------------------------------------

SEEDS = [
    octets(keyed()),
    octets(keyed(), form="FLAC"),
    octets(keyed() / 32768, subtype="FLOAT"),
    octets(keyed(), form="AIFF"),
    octets(keyed(), form="AU"),
    octets(keyed(), form="OGG", subtype="VORBIS"),
    octets(keyed(rate=16000), 16000, form="MP3"),
    octets(np.stack([keyed()] * 64, axis=1)),
]


def is_told_properly(content: bytes) -> None:
    found, damage = heard(io.BytesIO(content))
    assert damage is None or damage.startswith("recording: ")
    for one in found:
        assert 0 <= one.start < one.end
        assert -100 <= one.level <= 10


@given(st.binary(max_size=3000), st.sampled_from([b"", *(seed[:60] for seed in SEEDS)]))
@settings(max_examples=200)
def test_random_octets_are_no_crash(content, head):
    is_told_properly(head + content)


@given(st.data())
@settings(max_examples=150)
def test_a_recording_that_is_cut_off_and_bent_anywhere_is_no_crash(data):
    content = bytearray(data.draw(st.sampled_from(SEEDS)))
    last = len(content) - 1
    for _ in range(data.draw(st.integers(0, 4))):
        # headers are where it matters most
        at = data.draw(st.one_of(st.integers(0, 100), st.integers(0, last)))
        content[min(at, last)] = data.draw(st.integers(0, 255))
    is_told_properly(bytes(content[: data.draw(st.integers(0, len(content)))]))


@given(
    st.one_of(st.integers(0, 2**32 - 1), st.integers(1000, 384_000)),
    st.one_of(st.integers(0, 2**16 - 1), st.integers(1, 1024)),
    st.integers(0, 2**32 - 1),
)
@settings(max_examples=40)
def test_a_header_may_promise_anything(rate, channels, length):
    content = bytearray(octets(keyed()))
    at, data = content.index(b"fmt ") + 8, content.index(b"data") + 4
    content[at + 2 : at + 4] = channels.to_bytes(2, "little")
    content[at + 4 : at + 8] = rate.to_bytes(4, "little")
    content[data : data + 4] = length.to_bytes(4, "little")
    is_told_properly(bytes(content))
