import itertools
from pathlib import Path

import numpy as np
import pytest
import soundfile
from hypothesis import given, settings
from hypothesis import strategies as st

from dsp.mf import SYSTEMS, Detector, MfError, load
from dsp.signals import mf
from dsp.tones import dtmf
from tests.support import spandsp_signals
from tests.support.signals import by_row, line, noise, pieces, rows_of, silence, tone

SPEECH = Path("/usr/share/asterisk/sounds/en")
EVERY = [(system, signal) for system in SYSTEMS for signal in load(system).signals]
LEVELS = {"r1": (-25.0, 0.0), "r2-forward": (-35.0, -5.0), "r2-backward": (-35.0, -5.0)}
TWIST = {"r1": 6.0, "r2-forward": 7.0, "r2-backward": 7.0}
LEAST_MS = {"r1": 30.0, "r2-forward": 30.0, "r2-backward": 30.0}


def heard(signal, system):
    detector = Detector(len(signal), system)
    return [*detector.process(signal), *detector.finish()]


def ended(detections):
    """What has ended, each told once before with the same start."""
    begun = [(one.row, one.value, one.start) for one in detections if not one.ended]
    over = [one for one in detections if one.ended]
    assert sorted(begun) == sorted((one.row, one.value, one.start) for one in over)
    assert {one.kind for one in over} <= {"mf"}
    return over


def values(signal, system):
    return [one.value for one in ended(heard(signal, system))]


def sounded(system, signal, seconds, *, level=-15.0, twist=0.0, off=(0.0, 0.0), seed=0):
    """A signal of two tones, each in any phase, the louder one of `level`."""
    rng = np.random.default_rng(seed)
    loud = level - max(twist, 0.0)
    parts = zip(load(system).signals[signal], off, (loud, loud + twist), strict=True)
    return sum(
        tone(seconds, (hz + by, db), phase=rng.uniform(0, 2 * np.pi)) for hz, by, db in parts
    )


def off_by(system, signal, signs):
    """Hz that both tones are off at the limits of Q.323 and Q.455."""
    percent = 1.5 if system == "r1" else 0.0
    pair = load(system).signals[signal]
    return tuple(sign * (10 + percent / 100 * hz) for sign, hz in zip(signs, pair, strict=True))


def test_register_signals_of_an_independent_sender():
    signals = list(load("r1").signals)
    found = ended(heard(spandsp_signals.bell_mf(signals, 3.0)[None], "r1"))
    assert [one.value for one in found] == signals
    lengths = [(one.end - one.start) / 8 for one in found]
    expected = [100.0 if one == "KP" else 68.0 for one in signals]
    assert lengths == pytest.approx(expected, abs=4.0)


@pytest.mark.parametrize("direction", ["forward", "backward"])
def test_r2_signals_of_an_independent_sender(direction):
    system = f"r2-{direction}"
    for signal in load(system).signals:
        sound = spandsp_signals.r2_mf(signal, direction == "forward", 0.2)
        (one,) = ended(heard(line(silence(0.1), sound, silence(0.1)), system))
        assert (one.value, one.start, one.end) == (
            signal,
            pytest.approx(800, abs=40),
            pytest.approx(2400, abs=40),
        )


def test_an_independent_receiver_hears_what_is_sent():
    signals = list(load("r1").signals)
    assert spandsp_signals.heard_bell_mf(mf(signals)) == signals
    for direction in ("forward", "backward"):
        for signal in load(f"r2-{direction}").signals:
            sound = mf([signal], f"r2-{direction}")
            found = spandsp_signals.heard_r2_mf(sound, direction == "forward")
            assert [value for value, _ in found] == [signal, ""]


@pytest.mark.parametrize(("system", "signal"), EVERY)
@pytest.mark.parametrize("seed", range(4))
def test_a_signal_within_the_limits_is_heard_with_its_start_end_and_level(system, signal, seed):
    rng = np.random.default_rng(seed)
    *signs, twist, loud = rng.uniform((-1, -1, -1, 0), 1)
    least, most = LEVELS[system]
    twist *= TWIST[system]
    level = least + abs(twist) + loud * (most - least - abs(twist) - 3)
    sound = sounded(
        system,
        signal,
        0.068,
        level=level,
        twist=twist,
        off=off_by(system, signal, signs),
        seed=seed,
    )
    late = rng.integers(160) / 8000
    (one,) = ended(heard(line(silence(0.1 + late), sound, silence(0.1)), system))
    assert one.value == signal
    assert one.start == pytest.approx((0.1 + late) * 8000, abs=64)
    assert one.end == pytest.approx((0.168 + late) * 8000, abs=64)
    both = level + 10 * np.log10(1 + 10 ** (-abs(twist) / 10))
    assert one.level == pytest.approx(both, abs=1.0)


@pytest.mark.parametrize("system", SYSTEMS)
@pytest.mark.parametrize("signs", [(1, 1), (-1, -1), (1, -1), (-1, 1)])
def test_the_shortest_signals_with_both_tones_off_in_noise(system, signs):
    for seed, signal in enumerate(load(system).signals):
        seconds = 0.055 if signal == "KP" else LEAST_MS[system] / 1000
        sound = sounded(system, signal, seconds, off=off_by(system, signal, signs), seed=seed)
        signal_line = line(silence(0.1 + seed * 0.0017), sound, silence(0.1))
        noisy = line(signal_line[0] + noise(signal_line.shape[1] / 8000, -27.0, seed))
        assert values(noisy, system) == [signal]


@pytest.mark.parametrize("system", SYSTEMS)
def test_what_is_no_signal_is_not_heard(system):
    least, _ = LEVELS[system]
    short = 0.010 if system == "r1" else 0.007
    for seed, (signal, pair) in enumerate(load(system).signals.items()):
        third = next(hz for hz in load(system).frequencies if hz not in pair)
        wrong = [
            sounded(system, signal, short, seed=seed),
            sounded(system, signal, 0.1, level=least - 10, seed=seed),
            sounded(system, signal, 0.1, twist=20.0, seed=seed),
            sounded(system, signal, 0.1, twist=-20.0, seed=seed),
            sounded(system, signal, 0.1, off=(60.0, 60.0), seed=seed),
            tone(0.1, (pair[0], -10.0)),
            tone(0.1, (pair[1], -10.0)),
            tone(0.1, (pair[0], -10.0), (pair[1], -10.0), (third, -10.0)),
        ]
        for sound in wrong:
            assert values(line(silence(0.0513), sound, silence(0.05)), system) == []


@pytest.mark.parametrize("system", SYSTEMS)
def test_a_short_interruption_is_none_and_a_pause_is_one(system):
    hole, pause = (0.010, 0.025) if system == "r1" else (0.007, 0.025)
    for seed, signal in enumerate(load(system).signals):
        part = sounded(system, signal, 0.068, seed=seed)
        for late in (0.0, 0.0011, 0.0023, 0.0037):
            for gap, wanted in ((hole, [signal]), (pause, [signal, signal])):
                both = line(silence(0.05 + late), part, silence(gap), part, silence(0.05))
                assert values(both, system) == wanted


@pytest.mark.parametrize("direction", ["forward", "backward"])
def test_an_r2_signal_is_told_and_over_in_80_ms_of_frames(direction):
    system = f"r2-{direction}"
    for signal, late in itertools.product(load(system).signals, range(0, 160, 40)):
        begin, end = 800 + late, 1600 + late
        sound = sounded(system, signal, 0.1, level=-20.0)
        signal_line = line(np.zeros(begin), sound, np.zeros(1600))
        detector, told = Detector(1, system), []
        for at in range(0, signal_line.shape[1] - 159, 160):
            told += [at + 160 for _ in detector.process(signal_line[:, at : at + 160])]
        operated, released = told
        assert operated - begin + released - end <= 0.080 * 8000


@pytest.mark.parametrize("system", SYSTEMS)
def test_noise_and_signals_of_others_are_no_signals(system):
    assert values(line(noise(5.0, -10.0)), system) == []
    if system != "r1":
        # 697 + 1477 Hz are 700 + 1500 Hz within R1's 1.5 % and 10 Hz
        assert values(dtmf("0123456789*#ABCD", on_ms=100, off_ms=60)[None], system) == []
    if system == "r2-forward":
        assert values(mf([*load("r2-backward").signals], "r2-backward")[None], system) == []


@pytest.mark.parametrize("system", SYSTEMS)
def test_speech_is_never_taken_for_a_signal(system):
    """Talk-off over the prompts of Asterisk, at their own speed."""
    files = sorted(SPEECH.rglob("*.wav"))
    if not files:
        pytest.skip("asterisk-core-sounds-en-wav is not installed")
    detector = Detector(1, system)
    for file in files:
        sound = soundfile.read(file, dtype="int16")[0]
        assert [*detector.process(sound[None]), *detector.finish()] == []


MIXED = rows_of(
    line(mf(["KP", "1", "2", "3", "ST"], off_ms=40)),
    line(silence(0.013), mf("4567890", on_ms=40, off_ms=30)),
    line(noise(0.7, -20.0)),
)


@settings(max_examples=12)
@given(seed=st.integers(0, 10_000), longest=st.sampled_from([7, 160, 400, 3000]))
def test_however_rows_are_cut_into_blocks_the_same_is_heard(seed, longest):
    whole = Detector(len(MIXED), "r1")
    expected = [*whole.process(MIXED), *whole.finish()]
    assert len([one for one in expected if one.ended]) == 12
    cut = Detector(len(MIXED), "r1")
    found = []
    for rows, block in pieces(MIXED, seed, longest):
        found += cut.process(block, rows)
    found += cut.finish()
    assert by_row(found, len(MIXED)) == by_row(expected, len(MIXED))


def test_a_signal_cut_off_by_the_end_of_the_recording_ends_there():
    (one,) = ended(heard(line(silence(0.1), sounded("r1", "7", 0.0611)), "r1"))
    assert (one.value, one.end) == ("7", pytest.approx(1289, abs=40))


def test_a_reset_row_forgets_and_begins_at_sample_0():
    sound = mf(["KP", "1", "ST"])[None]
    detector = Detector(1, "r1")
    detector.process(sound[:, :700])
    detector.reset()
    assert [*detector.process(sound), *detector.finish()] == heard(sound, "r1")


def test_a_system_that_there_is_not_is_refused():
    with pytest.raises(MfError, match="r2-forward"):
        Detector(1, "r3")
