"""Offsets of frequency, jitter, hits of phase and level, each measured by itself."""

import math

import numpy as np
import pytest

from dsp.line import FrequencyOffset, GainHits, Jitter, Line, PhaseHits
from dsp.types import RATE
from tests.support.line_sounds import decibels, level, phase, sine, through


@pytest.mark.parametrize("tone", [300.0, 1700.0, 3400.0])
@pytest.mark.parametrize("hz", [-20.0, 0.5, 7.0])
def test_a_frequency_offset_moves_all_frequencies_alike(tone, hz):
    out = through(sine(tone, 6.0), FrequencyOffset(hz))[4000:44000].astype(float)
    power = np.abs(np.fft.rfft(out * np.blackman(len(out))))
    at = np.fft.rfftfreq(len(out), 1 / RATE)
    assert at[power.argmax()] == pytest.approx(tone + hz, abs=0.11)
    slope = np.polyfit(np.arange(len(out)), np.unwrap(phase(out, tone)), 1)[0]
    assert slope * RATE / (2 * np.pi) == pytest.approx(hz, abs=0.001)
    others = np.abs(at - tone - hz) > 2
    assert decibels(power[others].max() / power.max()) < -70
    assert level(out) == pytest.approx(level(sine(tone)), abs=0.02)


@pytest.mark.parametrize(("degrees", "hz"), [(10.0, 60.0), (30.0, 20.0), (3.0, 120.0)])
def test_jitter_has_its_frequency_and_its_degrees(degrees, hz):
    out = through(sine(1700.0, 5.0), Jitter(degrees, hz), seed=2)[4000:36000]
    turned = np.unwrap(phase(out, 1700.0))[1000:-1000]
    assert math.degrees(np.ptp(turned)) == pytest.approx(degrees, rel=0.02)
    spectrum = np.abs(np.fft.rfft((turned - turned.mean()) * np.hanning(len(turned))))
    at = np.fft.rfftfreq(len(turned), 1 / RATE)
    assert at[spectrum.argmax()] == pytest.approx(hz, abs=0.3)
    assert spectrum[np.abs(at - hz) > 3].max() < 0.01 * spectrum.max()


def test_phase_hits_come_when_they_should_and_stay_or_go():
    line = Line([PhaseHits(40.0, at=(1.0, 2.0), seconds=0.25)], seed=1)
    turned = np.degrees(phase(line.process(sine(1700.0, 3.0))[line.delay :], 1700.0))
    turned -= np.median(turned)
    # the hit itself is to the sample, but the tone has come by a filter before it
    middle = turned[round(1.05 * RATE) : round(1.2 * RATE)]
    assert np.abs(np.abs(middle) - 40).max() < 0.5
    assert np.abs(turned[round(1.3 * RATE) : round(1.9 * RATE)]).max() < 0.5
    stays = Line([PhaseHits(20.0, at=(0.5, 1.0, 1.5))], seed=4)
    turned = np.degrees(np.unwrap(phase(stays.process(sine(1700.0))[127:], 1700.0)))
    steps = [np.median(turned[round(at * RATE) :][:3000]) for at in (0.1, 0.6, 1.1, 1.6)]
    assert np.abs(np.abs(np.diff(steps)) - 20).max() < 0.5


def test_hits_by_chance_are_as_many_as_they_should_be():
    out = through(
        np.full(RATE * 600, 10000, dtype=np.int16), GainHits(-3.0, rate=60.0, seconds=0.001)
    )
    hits = np.count_nonzero(np.diff((out < 9000).astype(int)) == 1)
    assert hits == pytest.approx(600, abs=4 * math.sqrt(600))


def test_gain_hits_are_to_the_sample():
    line = [GainHits(-6.0, at=(0.5,), seconds=0.1), GainHits(-60.0, at=(1.0,), seconds=0.02)]
    out = through(np.full(2 * RATE, 10000, dtype=np.int16), *line)
    expected = np.full(2 * RATE, 10000)
    expected[4000:4800] = round(10000 * 10**-0.3)
    expected[8000:8160] = 10
    assert np.array_equal(out, expected)
