from pathlib import Path

import numpy as np
import pytest
import soundfile
from hypothesis import given, settings
from hypothesis import strategies as st

from dsp.signals import fax, fsk, mf
from dsp.textphone import MODES, Detector
from dsp.tones import dtmf
from tests.support import spandsp_signals as peer
from tests.support.signals import by_row, line, noise, pieces, rows_of, silence, tone

SPEECH = Path("/usr/share/asterisk/sounds/en")
PRESETS = {"baudot-45": peer.WEITBRECHT, "baudot-50": peer.WEITBRECHT_50, "edt": peer.V21_110}
KEYED = {
    "baudot-45": (1400.0, 1800.0, 45.45),
    "baudot-50": (1400.0, 1800.0, 50.0),
    "edt": (980.0, 1180.0, 110.0),
}


def typed(mode, count, seed=0):
    """Bits of so many characters, with marks before and after them."""
    rng = np.random.default_rng(seed)
    bits = [1] * 8
    for _ in range(count):
        if mode == "edt":
            character = rng.integers(0, 2, 7).tolist()
            bits += [0, *character, sum(character) % 2, 1, 1]
        else:
            bits += [0, *rng.integers(0, 2, 5).tolist(), 1, 1]
    return [*bits, *[1] * 8]


def sounded(mode, count, seed=0, level=-13.0):
    mark, space, rate = KEYED[mode]
    return fsk(typed(mode, count, seed), mark=mark, space=space, rate=rate, level=level)


def heard(signal):
    detector = Detector(len(signal))
    return [*detector.process(signal), *detector.finish()]


def ended(detections):
    """What has ended, each told once before with the same start."""
    begun = [(one.row, one.value, one.start) for one in detections if not one.ended]
    over = [one for one in detections if one.ended]
    assert sorted(begun) == sorted((one.row, one.value, one.start) for one in over)
    assert {one.kind for one in over} <= {"text"}
    return over


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("level", [-43.0, -15.0, -3.0])
def test_characters_of_an_independent_sender(mode, level):
    for seed in range(4):
        sound = peer.fsk(PRESETS[mode], typed(mode, 8, seed), level)
        (one,) = ended(heard(line(silence(0.3), sound, silence(0.5))))
        assert one.value == mode
        assert one.level == pytest.approx(level, abs=1.0)


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("seed", range(20))
def test_characters_are_told_with_their_start_and_end_in_noise(mode, seed):
    rng = np.random.default_rng(seed)
    count, level, late = rng.integers(4, 13), rng.uniform(-40, 0), rng.integers(501)
    sound = sounded(mode, count, seed, level)
    signal = line(silence(0.3), np.zeros(late), sound, silence(0.5))
    noisy = line(signal[0] + noise(signal.shape[1] / 8000, level - 12, seed))
    (one,) = ended(heard(noisy))
    begin = 2400 + late + 8 * 8000 / KEYED[mode][2]
    characters = len(sound) - 16 * 8000 / KEYED[mode][2]
    assert one.value == mode
    assert one.start == pytest.approx(begin, abs=40)
    assert one.end == pytest.approx(begin + characters, abs=160)


@pytest.mark.parametrize("mode", MODES)
def test_characters_typed_one_by_one_are_one_conversation(mode):
    parts = [part for seed in range(5) for part in (sounded(mode, 1, seed), silence(1.0))]
    (one,) = ended(heard(line(silence(0.3), *parts)))
    assert one.value == mode


@pytest.mark.parametrize(
    "sound",
    [
        fsk(np.random.default_rng(1).integers(0, 2, 400).tolist(), mark=1400, space=1800, rate=75),
        fsk(np.random.default_rng(2).integers(0, 2, 900).tolist(), mark=980, space=1180),
        fsk(np.random.default_rng(3).integers(0, 2, 900).tolist(), mark=1270, space=1070),
        fsk([1, 0] * 60, mark=1400, space=1800, rate=60),
        fax("preamble", 2.0),
        fax("ansam/"),
        mf("1234567890"),
        dtmf("0123456789*#ABCD"),
        line(tone(2.0, (1400, -10.0)))[0],
        line(tone(1.0, (1400, -10.0)), tone(1.0, (1800, -10.0)))[0],
        line(noise(10.0, -10.0))[0],
    ],
    ids=[
        "75",
        "v21",
        "bell-103",
        "60",
        "flags",
        "ansam",
        "mf",
        "keys",
        "mark",
        "two",
        "noise",
    ],
)
def test_what_are_no_characters_is_not_told(sound):
    assert heard(line(silence(0.1), sound, silence(0.1))) == []


def test_speech_is_never_taken_for_a_text_telephone():
    """Talk-off over the prompts of Asterisk, at their own speed."""
    files = sorted(SPEECH.rglob("*.wav"))
    if not files:
        pytest.skip("asterisk-core-sounds-en-wav is not installed")
    detector = Detector(1)
    for file in files:
        sound = soundfile.read(file, dtype="int16")[0]
        assert [*detector.process(sound[None]), *detector.finish()] == []


MIXED = rows_of(*(line(silence(0.13), sounded(mode, 6)) for mode in MODES), line(noise(1.0, -20.0)))


@settings(max_examples=6)
@given(seed=st.integers(0, 10_000), longest=st.sampled_from([7, 160, 400, 3000]))
def test_however_rows_are_cut_into_blocks_the_same_is_told(seed, longest):
    expected = heard(MIXED)
    assert sorted(one.value for one in ended(expected)) == sorted(MODES)
    cut = Detector(len(MIXED))
    found = []
    for rows, block in pieces(MIXED, seed, longest):
        found += cut.process(block, rows)
    found += cut.finish()
    assert by_row(found, len(MIXED)) == by_row(expected, len(MIXED))


def test_a_reset_row_forgets_and_begins_at_sample_0():
    sound = sounded("edt", 6)[None]
    detector = Detector(1)
    detector.process(sound[:, :3000])
    detector.reset()
    assert [*detector.process(sound), *detector.finish()] == heard(sound)
