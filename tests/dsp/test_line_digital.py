"""Clocks, codecs and lost frames, each measured by itself."""

import math
import shutil
import subprocess

import numpy as np
import pytest
import soundfile

from dsp.g711 import alaw_to_linear, linear_to_alaw, linear_to_ulaw, ulaw_to_linear
from dsp.line import Clock, Codec, Line, Loss
from dsp.types import RATE, amplitude
from tests.support.line_sounds import band, phase, silence, sine, through


@pytest.mark.parametrize("ppm", [-300.0, -50.0, 20.0, 300.0])
def test_a_clock_is_as_fast_as_it_says_and_does_no_harm(ppm):
    tones = np.array([310.0, 1100.0, 1700.0, 2400.0, 3000.0, 3400.0])
    phases = np.arange(6) ** 2

    def sound(at):
        return 4000 * np.sin(2 * np.pi * np.outer(at, tones) / RATE + phases).sum(axis=1)

    line = Line([Clock(ppm)])
    out = line.process(np.rint(sound(np.arange(10 * RATE))).astype(np.int16))
    assert len(out) == math.ceil(10 * RATE / (1 + ppm * 1e-6))
    ideal = sound(np.arange(len(out)) * (1 + ppm * 1e-6) - line.delay)
    error = (out - ideal)[200:]
    assert 10 * np.log10(np.mean(error**2) / np.mean(ideal**2)) < -70


@pytest.mark.parametrize("ppm", [-300.0, 100.0])
def test_a_clock_by_the_slope_of_the_phase(ppm):
    out = through(sine(1700.0, 20.0), Clock(ppm))[2000:150000]
    slope = np.polyfit(np.arange(len(out)), np.unwrap(phase(out, 1700.0)), 1)[0]
    assert slope * RATE / (2 * np.pi) / 1700.0 * 1e6 == pytest.approx(ppm, abs=0.1)


def test_a_clock_leaves_what_does_not_change():
    assert not through(silence(1), Clock(100.0)).any()
    assert set(through(np.full(RATE, 20000, dtype=np.int16), Clock(-100.0))[200:]) == {20000}


def test_a_clock_counts_right_where_a_float_does_not():
    assert math.ceil(131131 / 1.001) == 131001
    out = through(sine(1000.0, 131131 / RATE), Clock(1000.0))
    assert len(out) == 131000
    assert out[-1] == pytest.approx(
        16000 * math.sin(2 * math.pi * (130999 * 1.001 - 48) / 8), abs=2
    )


def test_a_clock_is_sox_speed(tmp_path):
    if shutil.which("sox") is None:
        pytest.skip("sox is not installed")
    sound = band(3.0)
    soundfile.write(tmp_path / "in.wav", sound, RATE)
    names = [str(tmp_path / "in.wav"), str(tmp_path / "out.wav")]
    subprocess.run(["sox", "-D", *names, "speed", "1.0003", "rate", "-v", "8000"], check=True)
    theirs, _ = soundfile.read(tmp_path / "out.wav", dtype="int16")
    ours = through(sound, Clock(300.0))[48:].astype(float)
    # a sample of ours is at 1.0003 (n + 48) − 48, and so a little after sox's
    count = len(ours)
    turn = np.exp(-2j * np.pi * np.fft.rfftfreq(count) * 48 * 0.0003 / 1.0003)
    ours = np.fft.irfft(np.fft.rfft(ours) * turn, count)[1000:22000]
    error = ours - theirs[1000:22000]
    assert 10 * np.log10(np.mean(error**2) / np.mean(ours**2)) < -60


def test_a_codec_is_g711():
    sound = band(1.0)
    assert np.array_equal(through(sound, Codec("pcma")), alaw_to_linear(linear_to_alaw(sound)))
    assert np.array_equal(through(sound, Codec("pcmu")), ulaw_to_linear(linear_to_ulaw(sound)))
    both = ulaw_to_linear(linear_to_ulaw(alaw_to_linear(linear_to_alaw(sound))))
    assert np.array_equal(through(sound, Codec("pcma"), Codec("pcmu")), both)


def distortion(out: np.ndarray, hz: float) -> float:
    """dB by which a tone is above all else."""
    at = 2 * np.pi * hz * np.arange(len(out)) / RATE
    basis = np.stack([np.sin(at), np.cos(at)], axis=1)
    fit = basis @ np.linalg.lstsq(basis, out.astype(float), rcond=None)[0]
    return float(10 * np.log10(np.mean(fit**2) / np.mean((out - fit) ** 2)))


@pytest.mark.parametrize("law", ["pcma", "pcmu"])
def test_codecs_in_tandem_add_up_their_noise(law):
    sound = sine(1021.3, 5.0, amplitude(-15.0))
    once = distortion(through(sound, Codec(law))[4000:], 1021.3)
    assert 35 < once < 41
    four = np.mean(
        [distortion(through(sound, Codec(law, 4), seed=seed)[4000:], 1021.3) for seed in range(4)]
    )
    assert once - four == pytest.approx(6.0, abs=1.0)


@pytest.mark.parametrize(("rate", "burst_length"), [(0.01, None), (0.2, None), (0.05, 4.0)])
def test_frames_are_lost_as_often_as_they_should_be(rate, burst_length):
    sound = np.full(RATE * 1000, 1000, dtype=np.int16)
    out = through(sound, Loss(rate, burst_length, conceal="silence"), seed=1).reshape(-1, 160)
    lost = ~out.any(axis=1)
    assert np.array_equal(lost, ~out.all(axis=1))
    mean = burst_length or 1 / (1 - rate)
    spread = math.sqrt(rate * (1 - rate) / len(lost) * 2 * mean)
    assert lost.mean() == pytest.approx(rate, abs=4 * spread)
    bursts = np.count_nonzero(np.diff(lost.astype(int)) == 1)
    assert lost.sum() / bursts == pytest.approx(mean, rel=0.15)


def test_lost_frames_are_silent_or_the_last_one_once_more():
    sound = np.arange(1, 160 * 100 + 1).astype(np.int16)
    silent = through(sound, Loss(0.4, conceal="silence"), seed=3).reshape(-1, 160)
    repeated = through(sound, Loss(0.4), seed=3).reshape(-1, 160)
    frames = sound.reshape(-1, 160)
    last = np.zeros(160)
    for sent, gap, heard in zip(frames, silent, repeated, strict=True):
        lost = not gap.any()
        assert np.array_equal(gap, np.zeros(160) if lost else sent)
        assert np.array_equal(heard, last if lost else sent)
        last = heard
