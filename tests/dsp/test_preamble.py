from pathlib import Path

import numpy as np
import pytest
import soundfile
from hypothesis import given, settings
from hypothesis import strategies as st

from dsp.line import LAWS
from dsp.preamble import Detector
from dsp.signals import fax, fsk, preamble
from dsp.tones import dtmf
from tests.support import spandsp_signals
from tests.support.fixture import FIXTURES
from tests.support.signals import by_row, line, noise, pieces, rows_of, silence, tone

SPEECH = Path("/usr/share/asterisk/sounds/en")
FLAG = [0, 1, 1, 1, 1, 1, 1, 0]


def heard(signal):
    detector = Detector(len(signal))
    return [*detector.process(signal), *detector.finish()]


def ended(detections):
    """What has ended, each told once before with the same start."""
    begun = [(one.row, one.start) for one in detections if not one.ended]
    over = [one for one in detections if one.ended]
    assert sorted(begun) == sorted((one.row, one.start) for one in over)
    assert {(one.kind, one.value) for one in over} <= {("fax", "preamble")}
    return over


@pytest.mark.parametrize("seed", range(60))
def test_flags_are_told_with_their_start_end_and_level(seed):
    rng = np.random.default_rng(seed)
    level, late, seconds = rng.uniform(-43, 0), rng.integers(501), rng.uniform(0.3, 1.15)
    sound = preamble(seconds, level=level)
    signal = line(silence(0.1), np.zeros(late), sound, silence(0.3))
    noisy = line(signal[0] + noise(signal.shape[1] / 8000, level - 15, seed))
    (one,) = ended(heard(noisy))
    assert one.start == pytest.approx(800 + late, abs=80)
    assert one.end == pytest.approx(800 + late + len(sound), abs=80)
    assert one.level == pytest.approx(level, abs=1.0)


def test_flags_are_told_a_fifth_of_a_second_after_they_have_begun():
    sound = preamble(1.0)[None]
    detector = Detector(1)
    found = []
    for at in range(0, sound.shape[1] - 159, 160):
        found += [at + 160 for _ in detector.process(sound[:, at : at + 160])]
    assert found[0] <= 0.2 * 8000


@pytest.mark.parametrize("level", [-40.0, -20.0, -3.0])
def test_flags_of_an_independent_sender(level):
    sound = spandsp_signals.fsk(spandsp_signals.FSK_V21_CHANNEL_2, FLAG * 38, level)
    (one,) = ended(heard(line(silence(0.2), sound, silence(0.3))))
    assert (one.start, one.end) == (
        pytest.approx(1600, abs=80),
        pytest.approx(1600 + len(sound), abs=80),
    )


def test_an_independent_receiver_hears_the_flags_that_are_sent():
    sound = line(preamble(1.0), silence(0.2))[0]
    kind = spandsp_signals.PREAMBLE
    assert spandsp_signals.heard_modem_tones(kind, sound) == [kind]


def test_flags_that_share_a_zero_are_flags():
    (one,) = ended(heard(line(silence(0.1), fsk(FLAG[:-1] * 40), silence(0.2))))
    assert one.end - one.start == pytest.approx(280 * 8000 / 300, abs=80)


@pytest.mark.parametrize("law", LAWS)
def test_flags_over_g711_at_the_softest_level(law):
    sound = line(silence(0.1), preamble(1.0, level=-43.0), silence(0.3))
    assert len(ended(heard(LAWS[law](sound)))) == 1


@pytest.mark.parametrize("name", ["v17_ecm_l16", "v29_nonecm"])
def test_the_answering_preamble_of_a_real_fax_call(name):
    sound, _ = soundfile.read(FIXTURES / f"fax/{name}_begin.flac", dtype="int16")
    (one,) = ended(heard(np.ascontiguousarray(sound.T)))
    assert one.row == 0
    assert one.start / 8000 == pytest.approx(3.13, abs=0.01)
    assert (one.end - one.start) / 8000 == pytest.approx(0.857, abs=0.01)


@pytest.mark.parametrize("frames", [1, 2, 3])
@pytest.mark.parametrize("slipped_in", [False, True])
def test_frames_lost_in_a_preamble_or_slipped_into_it_change_nothing(frames, slipped_in):
    hole = np.zeros(frames * 160)
    sound = preamble(1.0)
    for at in (400, 3000, 3077, 3150):
        rest = sound[at + (0 if slipped_in else len(hole)) :]
        signal = line(silence(0.1), sound[:at], hole, rest, silence(0.3))
        (one,) = ended(heard(signal))
        assert (one.start, one.end) == (
            pytest.approx(800, abs=80),
            pytest.approx(signal.shape[1] - 2400, abs=80),
        )


def test_a_frame_ends_its_preamble():
    bits = np.random.default_rng(3).integers(0, 2, 60).tolist()
    sound = fsk([*FLAG * 38, *[1] * 8, *bits, *FLAG * 2])
    (one,) = ended(heard(line(silence(0.1), sound, silence(0.3))))
    assert one.end == pytest.approx(800 + 38 * 8 * 8000 / 300, abs=80)


@pytest.mark.parametrize(
    "sound",
    [
        fsk([0, 1] * 300),
        fsk(np.random.default_rng(1).integers(0, 2, 3000).tolist()),
        fsk(FLAG * 38, mark=1750.0, space=1950.0),
        fsk(FLAG * 38, mark=980.0, space=1180.0),
        fsk(FLAG * 28, rate=220.0),
        fsk(FLAG * 4),
        dtmf("0123456789*#ABCD"),
        fax("ansam/"),
        line(tone(2.0, (1650, -10.0)))[0],
        line(tone(2.0, (1850, -10.0)))[0],
        line(tone(2.0, (1650, -13.0), (1850, -13.0)))[0],
        line(noise(10.0, -10.0))[0],
    ],
    ids=[
        "reversals",
        "data",
        "pitch",
        "channel-1",
        "rate",
        "four",
        "keys",
        "ansam",
        "mark",
        "space",
        "both",
        "noise",
    ],
)
def test_what_are_no_flags_is_not_told(sound):
    assert heard(line(silence(0.1), sound, silence(0.1))) == []


def test_speech_is_never_taken_for_a_preamble():
    """Talk-off over the prompts of Asterisk, at their own speed."""
    files = sorted(SPEECH.rglob("*.wav"))
    if not files:
        pytest.skip("asterisk-core-sounds-en-wav is not installed")
    detector = Detector(1)
    for file in files:
        sound = soundfile.read(file, dtype="int16")[0]
        assert [*detector.process(sound[None]), *detector.finish()] == []


MIXED = rows_of(
    line(silence(0.21), preamble(0.7), silence(0.3), preamble(0.4)),
    line(noise(0.5, -20.0), preamble(0.5)),
    line(tone(1.5, (1700, -20.0))),
)


@settings(max_examples=12)
@given(seed=st.integers(0, 10_000), longest=st.sampled_from([7, 160, 400, 3000]))
def test_however_rows_are_cut_into_blocks_the_same_is_told(seed, longest):
    expected = heard(MIXED)
    assert len(ended(expected)) == 3
    cut = Detector(len(MIXED))
    found = []
    for rows, block in pieces(MIXED, seed, longest):
        found += cut.process(block, rows)
    found += cut.finish()
    assert by_row(found, len(MIXED)) == by_row(expected, len(MIXED))


def test_a_preamble_cut_off_by_the_end_of_the_recording_ends_there():
    signal = line(silence(0.1), preamble(1.0)[:5000])
    (one,) = ended(heard(signal))
    assert signal.shape[1] - 80 <= one.end <= signal.shape[1]


def test_a_reset_row_forgets_and_begins_at_sample_0():
    sound = preamble(1.0)[None]
    detector = Detector(1)
    detector.process(sound[:, :3000])
    detector.reset()
    assert [*detector.process(sound), *detector.finish()] == heard(sound)
