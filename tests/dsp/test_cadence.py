import math
from pathlib import Path

import numpy as np
import pytest
import soundfile
from hypothesis import given, settings
from hypothesis import strategies as st

from dsp.cadence import Detector
from dsp.ears import Ears
from dsp.plan import FAX, PLANS, load
from dsp.tone_stream import render
from dsp.tones import dtmf
from tests.support.fixture import FIXTURES
from tests.support.signals import by_row, line, noise, pieces, rows_of, silence, tone

ALL = load([*PLANS, FAX])
TONES = [cadence for cadence in ALL if cadence.kind == "tone"]
SPEECH = Path("/usr/share/asterisk/sounds/en")


def named(cadence):
    return "-".join([cadence.value, *(f"{hz:g}" for hz in cadence.intervals[0].frequencies)])


def sounded(cadence, *, level=-15.0, detune=1.0, stretch=1.0, rounds=3, seed=None):
    """A cadence as its plan has it, from 0.3 s on, and how long it sounds from first to last.

    With a seed it begins at any sample after that, and each burst in any phase.
    """
    rng = np.random.default_rng(seed)
    later = 0 if seed is None else int(rng.integers(400))
    parts, times = [], []
    for interval in cadence.intervals * (1 if cadence.once else rounds):
        nominal = (
            interval.least + 2.0
            if math.isinf(interval.most)
            else (interval.least + interval.most) / 2
        )
        tones = [(hz * detune, level) for hz in interval.frequencies]
        phase = 0.0 if seed is None else rng.uniform(0, 2 * np.pi)
        parts.append(tone(nominal * stretch, *tones, phase=phase))
        times.append((nominal * stretch, bool(tones)))
    if not times[-1][1]:
        times.pop()
    signal = line(silence(0.3 + later / 8000), *parts, silence(0.5))
    return signal, sum(seconds for seconds, _ in times)


def heard(signal, plans=(*PLANS, FAX)):
    detector = Detector(len(signal), plans)
    return [*detector.process(signal), *detector.finish()]


def ended(detections):
    """What has ended; what was told as it began has ended with the same beginning."""
    begun = {}
    for one in detections:
        key = one.row, one.kind, one.value
        if one.ended:
            assert one.end >= one.start
            assert begun.pop(key, one.start) == one.start
        else:
            assert key not in begun
            begun[key] = one.start
    assert not begun
    return [one for one in detections if one.ended]


@pytest.mark.parametrize("cadence", TONES, ids=named)
@pytest.mark.parametrize("level", [-35.0, -15.0, -3.0])
def test_every_tone_is_told_with_its_start_end_and_level_and_as_nothing_else(cadence, level):
    signal, length = sounded(cadence, level=level)
    found = heard(signal)
    (one,) = ended(found)
    assert (one.kind, one.value) == (cadence.kind, cadence.value)
    assert one.start == pytest.approx(0.3 * 8000, abs=80)
    assert one.end == pytest.approx((0.3 + length) * 8000, abs=80)
    together = level + 10 * math.log10(len(cadence.intervals[0].frequencies))
    assert one.level == pytest.approx(together, abs=1.0)
    begun = [other for other in found if not other.ended]
    assert [(other.value, other.start) for other in begun] == (
        [] if cadence.once and not cadence.continuous else [(one.value, one.start)]
    )


@pytest.mark.parametrize("cadence", TONES, ids=named)
@pytest.mark.parametrize("seed", range(6))
def test_tones_off_by_a_hundredth_in_pitch_and_a_tenth_in_time_are_told(cadence, seed):
    rng = np.random.default_rng(seed)
    detune, stretch, level = rng.uniform((0.99, 0.9, -35.0), (1.01, 1.1, 0.0))
    # special information tones are told apart by their times
    stretch = 1.0 if cadence.value.startswith("sit") else stretch
    signal, _ = sounded(cadence, level=level, detune=detune, stretch=stretch, seed=seed)
    noisy = signal[0] + noise(signal.shape[1] / 8000, level - 25, seed)
    assert [one.value for one in ended(heard(line(noisy)))] == [cadence.value]


@pytest.mark.parametrize("cadence", TONES, ids=named)
def test_noise_12_db_below_does_not_hide_a_tone(cadence):
    for seed in range(10):
        signal, _ = sounded(cadence, level=-20.0, seed=seed)
        noisy = signal[0] + noise(signal.shape[1] / 8000, -32.0, seed)
        assert [one.value for one in ended(heard(line(noisy)))] == [cadence.value]


@pytest.mark.parametrize("value", ["busy", "reorder", "ringback"])
@pytest.mark.parametrize("frames", [1, 2])
@pytest.mark.parametrize("slipped_in", [False, True])
def test_frames_lost_in_a_burst_or_slipped_into_it_change_nothing(value, frames, slipped_in):
    """FreeSWITCH slips in a frame of comfort noise now and then."""
    cadence = next(one for one in TONES if one.value == value)
    signal, _ = sounded(cadence)
    hole = np.zeros((1, frames * 160), np.int16)
    for at in (3200, 3233, 3300):
        rest = signal[:, at + (0 if slipped_in else hole.shape[1]) :]
        broken = np.concatenate([signal[:, :at], hole, rest], axis=1)
        assert [one.value for one in ended(heard(broken))] == [value]


def test_a_voice_that_answers_ends_the_ringback_at_its_last_burst():
    ring = tone(2.0, (440, -15), (480, -15))
    signal = line(ring, silence(4.0), ring, silence(1.0), noise(1.0, -14), silence(0.2))
    detector, found = Detector(1), []
    for start in range(0, signal.shape[1], 160):
        found += [
            (one.ended, one.end, start + 160)
            for one in detector.process(signal[:, start : start + 160])
        ]
    (_, _, told), (_, end, over) = found
    assert told <= 2.1 * 8000
    assert end == pytest.approx(8.0 * 8000, abs=80)
    assert over <= 9.2 * 8000


@pytest.mark.parametrize("value", ["busy", "ringback", "cng"])
@pytest.mark.parametrize("below", [10, 20, 30])
def test_a_tones_own_echo_changes_nothing(value, below):
    cadence = next(one for one in ALL if one.value == value)
    for delay in (640, 1000, 1500):
        signal, _ = sounded(cadence, seed=delay)
        echo = np.zeros(signal.shape[1])
        echo[delay:] = signal[0, :-delay] * 10 ** (-below / 20)
        assert [one.value for one in ended(heard(line(signal[0] + echo)))] == [value]


def test_what_was_told_ends_with_the_beginning_it_was_told_with():
    """A reorder that drifts from one of two cadences of one meaning to the other."""
    times = [(0.255, 0.225), *[(0.225, 0.225)] * 3, *[(0.19, 0.19)] * 3]
    bursts = [part for on, off in times for part in (tone(on, (425, -15)), silence(off))]
    (one,) = ended(heard(line(silence(0.3), *bursts, silence(0.5)), ["eu"]))
    assert (one.value, one.start) == ("reorder", pytest.approx(2400, abs=80))


def test_a_tone_in_the_place_of_a_burst_is_told():
    busy = [part for _ in range(5) for part in (tone(0.375, (400, -15)), silence(0.375))]
    found = ended(heard(line(silence(0.3), *busy, tone(6.0, (400, -15)), silence(0.3))))
    assert [one.value for one in found] == ["busy", "unobtainable"]


@pytest.mark.parametrize("seconds", [0.62, 0.66, 0.7])
def test_a_dial_tone_just_long_enough_is_told(seconds):
    for late in range(0, 160, 16):
        signal = line(silence(0.3 + late / 8000), tone(seconds, (350, -15), (440, -15)))
        assert [one.value for one in ended(heard(signal))] == ["dial"]


def test_the_far_ends_echo_of_a_word_does_not_end_the_ringback():
    ring = tone(2.0, (440, -15), (480, -15))
    signal = line(ring, silence(1.0), noise(1.0, -40), silence(2.0), ring)
    assert [one.end for one in ended(heard(signal))] == [pytest.approx(64000, abs=80)]


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("us_ringback", ["ringback"]),
        ("us_busy", ["busy"]),
        ("dial_350_440", ["dial"]),
        ("uk_ringback", ["ringback"]),
        ("sit", ["sit-intercept"]),
    ],
)
def test_tones_of_a_real_freeswitch(name, values):
    sound, rate = soundfile.read(FIXTURES / f"tone_stream/{name}.flac", dtype="int16")
    assert rate == 8000
    twice = np.concatenate([sound, sound]) if name == "us_busy" else sound
    assert [one.value for one in ended(heard(twice[None]))] == values


@pytest.mark.parametrize(
    "sound",
    [
        dtmf("0123456789*#ABCD", on_ms=500, off_ms=500),
        render("%(500,500,1000);loops=4"),
        render("%(300,700,480,620);loops=4"),
        render("%(1500,0,440,480)"),
        render("%(500,500,500,640);loops=4"),
        render("%(250,3000,1100);loops=2"),
        render("%(274,0,913.8);%(274,0,1370.6);%(380,0,2000)"),
        line(noise(10.0, -10.0))[0],
    ],
    ids=["keys", "1000Hz", "cadence", "one-burst", "pitch", "short-cng", "no-sit", "noise"],
)
def test_what_no_plan_has_is_not_told(sound):
    assert heard(sound[None]) == []


def test_speech_is_never_taken_for_a_tone_or_a_digit():
    """Talk-off over the prompts of Asterisk, at their own speed."""
    files = sorted(SPEECH.rglob("*.wav"))
    if not files:
        pytest.skip("asterisk-core-sounds-en-wav is not installed")
    sounds = sorted((soundfile.read(file, dtype="int16")[0] for file in files), key=len)
    assert sum(map(len, sounds)) > 20 * 60 * 8000
    for first in range(0, len(sounds), 64):
        block = rows_of(*sounds[first : first + 64])
        ears = Ears(len(block), detect=("dtmf", "tone", "fax"))
        assert [*ears.process(block), *ears.finish()] == []


MIXED = rows_of(
    *(sounded(cadence, rounds=2)[0] for cadence in TONES[::3]),
    line(silence(0.1), tone(0.5, (1100, -12)), silence(3.0), tone(0.5, (1100, -12))),
    line(tone(3.0, (2100, -12))),
)


@settings(max_examples=12)
@given(seed=st.integers(0, 10_000), longest=st.sampled_from([7, 160, 400, 3000]))
def test_however_rows_are_cut_into_blocks_the_same_is_told(seed, longest):
    signal = MIXED if longest > 7 else MIXED[:, :5000]
    whole = Detector(len(signal))
    expected = [*whole.process(signal), *whole.finish()]
    cut = Detector(len(signal))
    found = []
    for rows, block in pieces(signal, seed, longest):
        found += cut.process(block, rows)
    found += cut.finish()
    assert by_row(found, len(signal)) == by_row(expected, len(signal))
    if longest > 7:
        assert len({one.value for one in expected}) > 4


def test_a_reset_row_forgets_and_begins_at_sample_0():
    signal, _ = sounded(TONES[0])
    detector = Detector(1)
    detector.process(signal[:, :8000])
    detector.reset()
    assert [*detector.process(signal), *detector.finish()] == heard(signal)


def test_a_tone_cut_off_by_the_end_of_the_recording_ends_there():
    signal = line(silence(0.3), tone(2.005, (350, -15), (440, -15)))
    (one,) = ended(heard(signal))
    assert signal.shape[1] - 80 <= one.end <= signal.shape[1]
