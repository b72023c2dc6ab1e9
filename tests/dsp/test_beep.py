import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dsp import plan
from dsp.beep import Detector
from dsp.tones import dtmf
from tests.support.signals import by_row, line, noise, pieces, rows_of, silence, tone
from tests.support.speech import (
    GREETINGS,
    PROMPTS,
    at_level,
    can_speak,
    notes,
    recorded,
    spoken,
)


def heard(signal):
    detector = Detector(len(signal))
    return [*detector.process(signal), *detector.finish()]


def beeps(*parts):
    return [one.value for one in heard(line(*parts, silence(1)))]


@pytest.mark.parametrize("hz", [600, 1000, 2000])
@pytest.mark.parametrize("seconds", [0.1, 0.4, 1.5])
@pytest.mark.parametrize("level", [-35.0, -12.0, 0.0])
def test_a_beep_is_told_with_its_pitch_its_edges_and_its_level(hz, seconds, level):
    (one,) = heard(line(silence(0.353), tone(seconds, (hz, level), phase=1.0), silence(0.6)))
    assert (one.kind, one.value) == ("beep", f"{hz}")
    assert one.start == pytest.approx(0.353 * 8000, abs=40)
    assert one.end == pytest.approx((0.353 + seconds) * 8000, abs=40)
    assert one.level == pytest.approx(level, abs=0.7)


@pytest.mark.parametrize("seed", range(8))
def test_a_beep_is_told_in_noise(seed):
    rng = np.random.default_rng(seed)
    hz = int(rng.integers(550, 2500))
    sound = line(silence(0.4), tone(0.3, (hz, -20), phase=seed), silence(0.6))
    (one,) = heard(line(sound[0] + noise(1.3, -32, seed)))
    assert int(one.value) == pytest.approx(hz, abs=3)
    assert one.end - one.start == pytest.approx(2400, abs=80)


def test_it_is_told_three_tenths_of_a_second_after_its_end():
    detector = Detector(1)
    signal = line(silence(0.4), tone(0.4, (1000, -10)), silence(1))
    told = [
        (at + 160, one)
        for at in range(0, signal.shape[1], 160)
        for one in detector.process(signal[:, at : at + 160])
    ]
    ((at, one),) = told
    assert one.ended
    assert at == 6400 + 2400 + 160


@pytest.mark.skipif(not can_speak(), reason="espeak-ng is not installed")
@pytest.mark.parametrize("hz", [425, 440, 850])
def test_a_beep_follows_on_a_greeting_and_one_like_a_busy_tone_only_on_that(hz):
    greeting = at_level(spoken(GREETINGS[3]), -20)
    beep = tone(0.4, (hz, -15))
    (found,) = beeps(greeting, silence(0.4), beep)
    assert int(found) == pytest.approx(hz, abs=2)
    assert len(beeps(silence(1), beep)) == (hz > 500)


@pytest.mark.parametrize(
    "parts",
    {
        "too short": [silence(0.3), tone(0.05, (1000, -10))],
        "too long": [silence(0.3), tone(3.3, (1000, -10))],
        "two frequencies": [silence(0.3), tone(0.4, (941, -10), (1336, -10))],
        "a chord that beats": [silence(0.3), tone(0.4, (900, -10), (940, -10))],
        "unsteady": [silence(0.3), tone(0.5, (900, -10)) * np.linspace(0.2, 1, 4000)],
        "a sweep": [
            silence(0.3),
            3000 * np.sin(2 * np.pi * np.cumsum(np.linspace(600, 1400, 4000)) / 8000),
        ],
        "too noisy": [tone(0.4, (1000, -20)) + noise(0.4, -18), noise(1, -18)],
        "goes on as noise": [silence(0.3), tone(0.4, (1000, -20)), noise(1, -20)],
        "alternating": [tone(0.3, (1000, -10)), tone(0.3, (1200, -10))] * 3,
        "SIT": [tone(0.33, (950, -10)), tone(0.33, (1400, -10)), tone(0.33, (1800, -10))],
        "CNG": [tone(0.5, (1100, -10)), silence(3)] * 2,
        "CED": [silence(0.3), tone(2.8, (2100, -10))],
        "digits": [dtmf("159#0ABCD*", on_ms=100, off_ms=400).astype(float)],
        "music": [notes(10, np.random.default_rng(3)) * 3000],
    }.items(),
    ids=lambda item: item[0],
)
def test_what_is_no_beep(parts):
    assert beeps(*parts[1]) == []


def test_a_tone_that_comes_again_is_no_second_beep():
    assert beeps(*[tone(0.4, (900, -10)), silence(1.5)] * 4) == ["900"]


@pytest.mark.parametrize("name", ["us", "uk", "eu"])
def test_call_progress_is_no_beep(name):
    for cadence in plan.load([name]):
        parts = [silence(0.3)]
        for interval in cadence.intervals * 3:
            seconds = min(interval.most, interval.least + 2)
            parts.append(tone(seconds, *((hz, -15) for hz in interval.frequencies)))
        assert beeps(*parts) == [], cadence


@pytest.mark.skipif(not PROMPTS.is_dir(), reason="asterisk-core-sounds-en-wav is not installed")
def test_of_asterisks_prompts_the_beep_is_one():
    found = {}
    for name, sound in recorded(PROMPTS):
        if name[0] in "abv":
            values = [one.value for one in heard(line(sound, silence(0.5)))]
            found |= {name: values} if values else {}
    assert found == {"beep.wav": ["700"]}


@settings(max_examples=8, deadline=None)
@given(st.integers(0, 2**31), st.sampled_from([53, 160, 800, 4000]))
def test_any_way_of_cutting_rows_gives_the_same(seed, longest):
    signal = rows_of(
        line(silence(0.4), tone(0.4, (1000, -10)), silence(0.6)),
        line(noise(0.7, -50), tone(0.2, (1411, -25)), noise(0.5, -50)),
        line(tone(2, (440, -15), (480, -15))),
        line(tone(0.3, (700, -5)), silence(0.5), tone(0.3, (1700, -5))),
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
    assert sorted(one.value for one in expected) == ["1000", "1411", "1700", "700"]
