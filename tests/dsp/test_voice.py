import numpy as np
import pytest
import soundfile
from hypothesis import given, settings
from hypothesis import strategies as st

from dsp import g711
from dsp.line import LAWS
from dsp.tone_stream import render
from dsp.tones import dtmf
from dsp.types import amplitude, dbm0
from dsp.voice import Detector, VoiceError
from tests.support.fixture import FIXTURES
from tests.support.signals import by_row, line, noise, pieces, rows_of, silence, tone
from tests.support.spandsp_modems import LEVEL, MODEMS, data
from tests.support.speech import (
    GREETINGS,
    WELCOME,
    active_power,
    at_level,
    can_speak,
    clicks,
    coloured,
    hum,
    labels,
    spoken,
)

PROMPT = soundfile.read(WELCOME, dtype="int16")[0].astype(float)
"""Speech that comes with the package."""

needs_espeak = pytest.mark.skipif(not can_speak(), reason="espeak-ng is not installed")


def heard(signal, **options):
    detector = Detector(len(signal), **options)
    return [*detector.process(signal), *detector.finish()]


def speech(signal, **options):
    return [one for one in heard(signal, **options) if one.kind == "voice" and one.ended]


def units(detections, count):
    said = np.zeros(count, dtype=bool)
    for one in detections:
        said[one.start // 160 : one.end // 160] = True
    return said


@needs_espeak
@pytest.mark.parametrize("level", [-45.0, -30.0, -15.0, 0.0])
@pytest.mark.parametrize("voice", ["en+m2", "de+f3"])
def test_speech_is_heard_at_any_level(voice, level):
    clean = np.concatenate(
        [silence(1.0), at_level(spoken(GREETINGS[2], voice), level), silence(1.0)]
    )
    found = speech(line(clean))
    told, said = labels(clean), units(found, len(clean) // 160)
    assert (told & ~said).sum() <= 0.05 * told.sum()
    assert (said & ~told).sum() <= 0.15 * told.sum()
    assert found[0].start == pytest.approx(8000, abs=480)
    assert found[-1].end == pytest.approx(len(clean) - 8000, abs=800)
    clipped = np.clip(clean, -32768, 32767)
    assert max(one.level for one in found) == pytest.approx(dbm0(active_power(clipped)), abs=2.0)


@needs_espeak
@pytest.mark.parametrize("snr", [20, 10])
def test_speech_is_heard_in_noise_and_the_noise_is_not(snr):
    text = at_level(spoken(GREETINGS[1]), -20)
    clean = np.concatenate([silence(3.0), text, silence(2.0), text, silence(2.0)])
    found = speech(line(clean + noise(len(clean) / 8000, -20 - snr)[: len(clean)]))
    told, said = labels(clean), units(found, len(clean) // 160)
    assert (told & ~said).mean() < 0.03
    assert (said & ~told).mean() < 0.05


@pytest.mark.parametrize(
    "sound",
    {
        "dial": render("%(6000,0,350,440)"),
        "ringback": render("%(2000,4000,440,480);loops=2"),
        "busy": render("%(500,500,480,620);loops=8"),
        "one tone": render("%(500,500,425);loops=8"),
        "digits": dtmf("159#0ABCD*", on_ms=80, off_ms=80),
        "slow digits": dtmf("159#0", on_ms=400, off_ms=300),
        "cng": render("%(500,3000,1100);loops=2"),
        "ced": render("%(3500,500,2100)"),
        "soft noise": noise(8, -50),
        "loud noise": noise(8, -15),
        "swelling noise": noise(8, -30) * np.linspace(0.3, 3, 64000),
        "hum": hum(64000, np.random.default_rng(3)) * 800,
        "clicks": clicks(64000, np.random.default_rng(4)) * 300,
        "silence": silence(5),
        "silence of A-law": g711.alaw_to_linear(np.full(40000, 0xD5, dtype=np.uint8)),
    }.items(),
    ids=lambda item: item[0],
)
def test_what_is_no_speech(sound):
    after = np.concatenate([silence(0.5), sound[1].astype(float), silence(0.5)])
    assert speech(line(after)) == []


@pytest.mark.parametrize("modem", MODEMS, ids=lambda one: f"{one[0]}-{one[1]}")
def test_data_of_a_modem_is_no_speech(modem):
    sent = data(*modem, 3.0, seed=5).astype(float)
    apart = silence(0.5)
    parts = [part for gain in (0, -12, -25) for part in (apart, sent * 10 ** (gain / 20))]
    sound = np.concatenate([*parts, apart])
    hiss = noise(len(sound) / 8000, LEVEL - 30)[: len(sound)]
    lines = line(sound)[0], line(sound + hiss)[0], LAWS["pcmu"](line(sound)[0])
    told = [one for row in lines for one in speech(row[None])]
    assert sum(one.end - one.start for one in told) <= 0.02 * 9 * len(sent)


@pytest.mark.parametrize("call", ["v17_ecm_pcmu_training", "v17_ecm_l16_begin", "v29_nonecm_begin"])
def test_a_fax_call_is_no_speech(call):
    sides = soundfile.read(FIXTURES / f"fax/{call}.flac", dtype="int16", always_2d=True)[0].T
    assert speech(np.ascontiguousarray(sides)) == []


@pytest.mark.parametrize("slope", [0.0, 1.0])
@pytest.mark.parametrize("seconds", [0.3, 1.0, 3.0])
def test_a_burst_of_noise_is_no_speech(slope, seconds):
    rng = np.random.default_rng(7)
    sound = [silence(1.0)]
    for level in (-10, -25, -40):
        burst = coloured(round(seconds * 8000), slope, rng) * amplitude(level) / np.sqrt(2)
        sound += [burst, silence(1.0)]
    assert speech(line(*sound)) == []


def test_a_pause_within_the_hangover_is_part_of_the_speech():
    word = PROMPT[4000:8000]
    signal = line(silence(1), word, silence(0.3), word, silence(1))
    apart = speech(signal, hangover=0.1)
    together = speech(signal, hangover=0.6)
    assert len(apart) >= 2
    assert len(together) == 1
    assert (together[0].start, together[0].end) == (apart[0].start, apart[-1].end)


def test_speech_is_told_as_it_begins_and_again_when_it_is_over():
    detector = Detector(1, hangover=0.3)
    signal = line(silence(1), PROMPT[2000:10000], silence(1))
    told = [
        (at, one)
        for at in range(0, signal.shape[1], 160)
        for one in detector.process(signal[:, at : at + 160])
    ]
    (began, first), (over, last) = told[0], told[-1]
    assert first.end is None
    assert (last.start, last.kind, last.value) == (first.start, "voice", "speech")
    assert began + 160 - first.start == 5 * 160
    assert over + 160 - last.end == round(0.3 * 8000) + 2 * 160


def test_silence_is_told_when_it_has_lasted_and_ends_with_speech():
    signal = line(silence(3), PROMPT[2000:10000], silence(1.5))
    found = heard(signal, silence=1.0)
    assert [(one.kind, one.ended) for one in found] == [
        ("silence", False),
        ("silence", True),
        ("voice", False),
        ("voice", True),
        ("silence", False),
        ("silence", True),
    ]
    before, said, after = found[1], found[3], found[5]
    assert (before.start, before.end) == (0, said.start)
    assert (after.start, after.end) == (said.end, signal.shape[1])


def test_speech_at_the_end_of_a_recording_ends_there():
    signal = line(silence(1), PROMPT[2000:8000])
    *_, last = heard(signal)
    assert last.ended
    assert signal.shape[1] - 800 <= last.end <= signal.shape[1]


def test_a_row_that_is_reset_begins_at_sample_0():
    signal = line(silence(1), PROMPT[2000:8000], silence(1))
    detector = Detector(1)
    detector.process(signal[:, :12000])
    detector.reset()
    assert [*detector.process(signal), *detector.finish()] == heard(signal)


@settings(max_examples=8, deadline=None)
@given(st.integers(0, 2**31), st.sampled_from([53, 160, 800, 4000]))
def test_any_way_of_cutting_rows_gives_the_same(seed, longest):
    signal = rows_of(
        line(silence(0.7), PROMPT[8000:20000], silence(0.6)),
        line(PROMPT[4000:14000] * 0.1 + noise(1.25, -45)),
        line(noise(2, -20)),
        line(tone(1, (1000, -10)), silence(1)),
    )
    expected = heard(signal, silence=0.5)
    detector = Detector(len(signal), silence=0.5)
    found = [
        one
        for rows, block in pieces(signal, seed, longest)
        for one in detector.process(block, rows)
    ]
    found += detector.finish()
    assert by_row(found, len(signal)) == by_row(expected, len(signal))
    assert {one.kind for one in expected} == {"voice", "silence"}


@pytest.mark.parametrize("options", [{"hangover": -0.1}, {"hangover": 0.5, "silence": 0.3}])
def test_times_that_make_no_sense(options):
    with pytest.raises(VoiceError):
        Detector(1, **options)
