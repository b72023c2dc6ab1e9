from pathlib import Path

import numpy as np
import pytest
import soundfile
from hypothesis import given, settings
from hypothesis import strategies as st

from dsp.cadence import Detector
from dsp.line import LAWS
from dsp.plan import FAX
from dsp.signals import fax
from tests.support import spandsp_signals as peer
from tests.support.fixture import FIXTURES
from tests.support.signals import by_row, line, noise, pieces, rows_of, silence, tone

SPEECH = Path("/usr/share/asterisk/sounds/en")
ANSWERS = ("ced", "ced/", "ansam", "ansam/", "bell-answer")


def heard(signal):
    detector = Detector(len(signal), [FAX])
    return [*detector.process(signal), *detector.finish()]


def ended(detections):
    """What has ended, each told once before with the same start."""
    begun = [(one.row, one.value, one.start) for one in detections if not one.ended]
    over = [one for one in detections if one.ended]
    assert sorted(begun) == sorted((one.row, one.value, one.start) for one in over)
    assert {one.kind for one in over} <= {"fax"}
    return over


def values(signal):
    return [one.value for one in ended(heard(signal))]


@pytest.mark.parametrize("name", ["v17_ecm_l16", "v29_nonecm"])
def test_tones_of_a_real_fax_call(name):
    sound, _ = soundfile.read(FIXTURES / f"fax/{name}_begin.flac", dtype="int16")
    answering, calling = by_row(ended(heard(np.ascontiguousarray(sound.T))), 2)
    assert [one.value for one in answering] == ["ced"]
    assert [one.value for one in calling] == ["cng"]
    assert (answering[0].end - answering[0].start) / 8000 == pytest.approx(2.6, abs=0.02)
    assert (calling[0].end - calling[0].start) / 8000 == pytest.approx(0.5, abs=0.02)


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        (peer.CNG, "cng"),
        (peer.CED, "ced"),
        (peer.CED_REVERSED, "ced/"),
        (peer.ANSAM, "ansam"),
        (peer.ANSAM_REVERSED, "ansam/"),
    ],
)
def test_tones_of_an_independent_sender(kind, value):
    assert values(peer.modem_tone(kind, 8.0)[None]) == [value]


@pytest.mark.parametrize("value", ANSWERS)
@pytest.mark.parametrize("seed", range(12))
def test_answering_tones_are_told_with_their_start_end_and_level(value, seed):
    rng = np.random.default_rng(seed)
    level, late = rng.uniform(-43, 0), rng.integers(401)
    sound = fax(value, 3.0, level=level)
    signal = line(silence(0.3), np.zeros(late), sound, silence(0.3))
    noisy = line(signal[0] + noise(signal.shape[1] / 8000, level - 20, seed))
    (one,) = ended(heard(noisy))
    assert one.value == value
    assert one.start == pytest.approx(2400 + late, abs=80)
    # a modulated tone may end where it is soft
    assert one.end == pytest.approx(2400 + late + 24000, abs=160 if "ansam" in value else 80)
    assert one.level == pytest.approx(level, abs=1.0)


@pytest.mark.parametrize("value", ["cng", "calling-tone"])
@pytest.mark.parametrize("level", [-43.0, -25.0, 0.0])
def test_calling_tones_are_told_with_their_start_and_level(value, level):
    for late in (0.0, 0.0033, 0.0121, 0.0177):
        (one,) = ended(heard(line(silence(0.3 + late), fax(value, 8.0, level=level))))
        assert one.value == value
        assert one.start == pytest.approx((0.3 + late) * 8000, abs=80)
        assert one.level == pytest.approx(level, abs=1.0)


@pytest.mark.parametrize("hz", [1041, 1100 - 38, 1100, 1100 + 38, 1160])
@pytest.mark.parametrize("level", [-43.0, -10.0])
def test_a_calling_tone_anywhere_in_its_range(hz, level):
    signal = line(silence(1.0), tone(0.5, (hz, level)), silence(3.0), tone(0.5, (hz, level)))
    (one,) = ended(heard(signal))
    assert (one.value, one.start) == ("cng", pytest.approx(8000, abs=80))
    assert one.level == pytest.approx(level, abs=1.0)


@pytest.mark.parametrize("seconds", [0.425, 0.575])
@pytest.mark.parametrize("pause", [2.55, 3.45])
def test_cng_as_short_and_as_long_as_t30_has_it_is_one(seconds, pause):
    burst = tone(seconds, (1100, -20.0))
    signal = line(silence(0.3), burst, silence(pause), burst, silence(0.5))
    assert [(one.value, one.start) for one in ended(heard(signal))] == [
        ("cng", pytest.approx(2400, abs=80))
    ]


def test_a_burst_that_is_a_note_between_others_is_no_cng():
    cng, before, after = (tone(0.5, (hz, -15.0)) for hz in (1100, 880, 990))
    alone = line(silence(0.3), cng, silence(0.4))
    assert values(alone) == ["cng"]
    assert values(line(silence(0.3), cng, after, silence(0.4))) == []
    assert values(line(silence(0.3), before, cng, silence(0.4))) == []


def test_a_cng_in_noise_and_after_a_softer_voice_is_told():
    cng = tone(0.5, (1100, -20.0))
    voice = noise(0.8, -30.0, 1)
    signal = line(silence(0.3), voice, cng, silence(3.0), cng, silence(0.5))
    assert values(line(signal[0] + noise(signal.shape[1] / 8000, -32.0))) == ["cng"]


@pytest.mark.parametrize("hz", [2085, 2100, 2115])
@pytest.mark.parametrize("depth", [0.0, 0.2])
@pytest.mark.parametrize("period", [None, 0.425, 0.475])
def test_answer_tones_are_told_apart_by_modulation_and_reversals(hz, depth, period):
    time = np.arange(3 * 8000) / 8000
    sound = tone(3.0, (hz, -20.0)) * (1 + depth * np.sin(2 * np.pi * 15 * time + 1.0))
    if period is not None:
        sound *= np.where((time // period) % 2 == 0, 1.0, -1.0)
    value = ("ansam" if depth else "ced") + ("/" if period else "")
    for shift in (0.0, 0.007, 0.013):
        signal = line(silence(0.5 + shift), sound + noise(3.0, -45.0), silence(0.5))
        assert values(signal) == [value]


@pytest.mark.parametrize("law", LAWS)
@pytest.mark.parametrize("value", ["cng", *ANSWERS])
def test_tones_over_g711_at_the_softest_level(value, law):
    sound = line(silence(0.3), fax(value, 3.0, level=-43.0), silence(0.5))
    assert values(LAWS[law](sound)) == [value]


@pytest.mark.parametrize(
    "sound",
    [
        tone(0.5, (1020, -10.0)),
        tone(0.5, (1180, -10.0)),
        tone(3.0, (1100, -10.0)),
        tone(0.3, (1100, -10.0)),
        tone(0.4, (2100, -10.0)),
        tone(2.0, (2060, -10.0)),
        tone(2.0, (2280, -10.0)),
        tone(2.0, (1300, -10.0)),
        tone(2.0, (2100, -13.0), (1300, -13.0)),
        fax("preamble", 1.0).astype(float),
        noise(10.0, -10.0),
    ],
    ids=[
        "1020",
        "1180",
        "long-cng",
        "short-cng",
        "short-ced",
        "2060",
        "2280",
        "1300",
        "two",
        "flags",
        "noise",
    ],
)
def test_what_is_no_fax_tone_is_not_told(sound):
    assert heard(line(silence(0.3), sound, silence(0.5))) == []


@pytest.mark.parametrize("gain", [-20, 0, 12])
def test_speech_is_never_taken_for_a_fax_tone(gain):
    """Talk-off over the prompts of Asterisk."""
    files = sorted(SPEECH.rglob("*.wav"))
    if not files:
        pytest.skip("asterisk-core-sounds-en-wav is not installed")
    detector = Detector(1, [FAX])
    for file in files:
        sound = soundfile.read(file, dtype="int16")[0] * 10 ** (gain / 20)
        assert [*detector.process(line(sound)), *detector.finish()] == []


MIXED = rows_of(*(fax(value, 4.5) for value in ("cng", *ANSWERS)))


@settings(max_examples=8)
@given(seed=st.integers(0, 10_000), longest=st.sampled_from([160, 400, 3000]))
def test_however_rows_are_cut_into_blocks_the_same_is_told(seed, longest):
    expected = heard(MIXED)
    told = sorted((one.row, one.value) for one in expected if one.ended)
    assert told == list(enumerate(["cng", *ANSWERS]))
    cut = Detector(len(MIXED), [FAX])
    found = []
    for rows, block in pieces(MIXED, seed, longest):
        found += cut.process(block, rows)
    found += cut.finish()
    assert by_row(found, len(MIXED)) == by_row(expected, len(MIXED))
