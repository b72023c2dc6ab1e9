import numpy as np
import pytest
import soundfile
from hypothesis import given, settings
from hypothesis import strategies as st

from dsp.music import Detector
from dsp.tone_stream import render
from dsp.tones import dtmf
from tests.support.signals import by_row, line, noise, pieces, rows_of, silence
from tests.support.speech import PROMPTS, WELCOME, hum, notes, recorded

PROMPT = soundfile.read(WELCOME, dtype="int16")[0].astype(float)


def heard(signal):
    detector = Detector(len(signal))
    return [*detector.process(signal), *detector.finish()]


def tune(seconds, seed, rms=3000.0):
    return notes(seconds, np.random.default_rng(seed)) * rms


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("rms", [300.0, 3000.0])
def test_music_is_told_as_it_plays_and_when_it_is_over(seed, rms):
    found = heard(line(silence(2), tune(15, seed, rms), silence(6)))
    assert {(one.kind, one.value) for one in found} == {("music", "music")}
    over = [one for one in found if one.ended]
    assert len(found) == 2 * len(over)
    assert sum(one.end - one.start for one in over) == pytest.approx(15 * 8000, rel=0.25)
    assert over[0].start == pytest.approx(2 * 8000, abs=3 * 8000)
    assert over[-1].end == pytest.approx(17 * 8000, abs=3 * 8000)
    expected = 20 * np.log10(rms / 32768) + 6.16
    assert over[-1].level == pytest.approx(expected, abs=3)


def test_music_at_the_end_of_a_recording_ends_there():
    signal = line(silence(1), tune(12, 5))
    *_, last = heard(signal)
    assert last.end == signal.shape[1]


@pytest.mark.parametrize(
    "sound",
    {
        "speech": np.tile(PROMPT, 4),
        "speech in noise": np.tile(PROMPT, 4) + noise(4 * len(PROMPT) / 8000, -35),
        "noise": noise(12, -20),
        "hum": hum(96000, np.random.default_rng(1)) * 2000,
        "busy": render("%(500,500,480,620);loops=12").astype(float),
        "ringback": render("%(2000,4000,440,480);loops=3").astype(float),
        "digits": dtmf("159#0ABCD*" * 5, on_ms=100, off_ms=100).astype(float),
        "silence": silence(10),
    }.items(),
    ids=lambda item: item[0],
)
def test_what_is_no_music(sound):
    assert heard(line(silence(0.5), sound[1], silence(1))) == []


@pytest.mark.skipif(not PROMPTS.is_dir(), reason="asterisk-core-sounds-en-wav is not installed")
def test_prompts_are_no_music():
    spoken = [
        np.concatenate([sound, silence(0.4)])
        for name, sound in recorded(PROMPTS)
        if name[0] in "cdv" and "tone" not in name
    ]
    assert heard(line(*spoken)) == []


@settings(max_examples=8, deadline=None)
@given(st.integers(0, 2**31), st.sampled_from([53, 160, 800, 4000]))
def test_any_way_of_cutting_rows_gives_the_same(seed, longest):
    signal = rows_of(
        line(tune(5, 1), silence(1)),
        line(PROMPT[:32000], noise(1, -40)),
        line(tune(6, 2, 500.0)),
    )
    expected = heard(signal)
    detector = Detector(len(signal))
    found = [
        one
        for rows, block in pieces(signal, seed, longest)
        for one in detector.process(block, rows)
    ]
    found += detector.finish()
    assert by_row(found, len(signal)) == by_row(expected, len(signal))
    assert {one.row for one in expected} == {0, 2}
