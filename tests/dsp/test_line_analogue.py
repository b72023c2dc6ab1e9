"""Loss, clipping, delay, echo, noise and clicks, each measured by itself."""

import ctypes

import numpy as np
import pytest
from scipy.signal import welch

from dsp.line import Clip, Delay, Echo, FrequencyOffset, Gain, Impulses, Line, Noise
from dsp.types import RATE, amplitude
from tests.support.line_sounds import band, click, decibels, level, silence, sine, through
from tests.support.spandsp import library


@pytest.mark.parametrize("wanted", [-10.0, -25.0, -40.0, -60.0, -75.0])
def test_noise_has_its_level(wanted):
    assert level(through(silence(20), Noise(wanted))) == pytest.approx(wanted, abs=0.1)


def test_noise_is_white_and_normal():
    noise = through(silence(60), Noise(-20.0), seed=3).astype(float)
    _, density = welch(noise, RATE, nperseg=512)
    bands = density[1:257].reshape(16, 16).mean(axis=1)
    assert np.ptp(10 * np.log10(bands)) < 0.4
    assert 10 * np.log10(bands.mean() * RATE / 2 / np.mean(noise**2)) == pytest.approx(0, abs=0.1)
    scaled = noise / noise.std()
    assert np.mean(scaled**4) == pytest.approx(3.0, abs=0.05)
    assert np.mean(np.abs(scaled) > 3) == pytest.approx(0.0027, abs=0.0005)


def test_noise_is_as_loud_as_libspandsps():
    lib = library()
    lib.awgn_init_dbm0.restype = ctypes.c_void_p
    lib.awgn.restype = ctypes.c_int16
    state = ctypes.c_void_p(lib.awgn_init_dbm0(None, 1234567, ctypes.c_float(-30.0)))
    theirs = np.array([lib.awgn(state) for _ in range(80_000)])
    lib.awgn_free(state)
    assert level(theirs) == pytest.approx(level(through(silence(10), Noise(-30.0))), abs=0.15)


def test_noise_is_there_between_its_times():
    out = through(silence(3), Noise(-30.0, begin=1.0, end=2.0))
    assert not out[:8000].any() and not out[16000:].any()
    assert level(out[8000:16000]) == pytest.approx(-30, abs=0.2)


def test_gain_and_clipping():
    sound = sine(1000.0)
    assert level(through(sound, Gain(-6.5))) == pytest.approx(level(sound) - 6.5, abs=0.01)
    clipped = through(sound, Clip(-10.0))
    peak = round(amplitude(-10.0))
    assert (clipped.max(), clipped.min()) == (peak, -peak)
    inside = np.abs(sound) < peak
    assert np.array_equal(clipped[inside], sound[inside])


def test_what_is_too_loud_is_clipped_not_wrapped():
    out = through(sine(1000.0), Gain(20.0))
    assert (out.max(), out.min()) == (32767, -32768)
    assert np.all(out[sine(1000.0) > 4000] == 32767)


def test_delay_is_whole_samples():
    sound = band(0.5)
    line = Line([Delay(0.0125)])
    assert line.delay == 100
    assert np.array_equal(line.process(sound), np.concatenate([silence(0.0125), sound[:-100]]))


def test_echoes_come_when_and_as_loud_as_they_should():
    response = through(click(), Echo(0.01, 12.0), Delay(0.001))
    assert np.flatnonzero(response).tolist() == [8, 88]
    assert decibels(response[88] / response[8]) == pytest.approx(-12, abs=0.01)
    moved = through(sine(1000.0), Echo(0.0, 6.0, (FrequencyOffset(25.0),)))
    power = np.abs(np.fft.rfft(moved * np.hanning(len(moved))))
    assert decibels(power[2050] / power[2000]) == pytest.approx(-6, abs=0.05)


def test_impulses_have_their_peak_and_their_rate():
    out = through(silence(1), Impulses(-10.0, rate=0.0, at=(0.25, 0.5)))
    begins = np.flatnonzero(np.diff((np.abs(out) > 0).astype(int)) == 1)
    assert begins[0] + 1 == 2000 and 4000 in begins + 1
    for begin in (2000, 4000):
        assert np.abs(out[begin : begin + 100]).max() == pytest.approx(amplitude(-10.0), abs=1)
        assert np.abs(out[begin + 40 : begin + 80]).max() < 0.01 * amplitude(-10.0)
    # they fall on one another seldom: 3 a second, each of a few ms
    many = through(silence(300), Impulses(-10.0, rate=3.0, seconds=0.0005), seed=2)
    loud = np.flatnonzero(np.abs(many) > amplitude(-10.0) / 2)
    assert 1 + np.count_nonzero(np.diff(loud) > 40) == pytest.approx(900, abs=130)


def test_the_peaks_of_impulses_are_spread():
    at = tuple(0.05 * one for one in range(1, 400))
    out = through(silence(20.5), Impulses(-20.0, rate=0.0, at=at, spread=3.0))
    peaks = decibels([np.abs(out[round(one * RATE) :][:100]).max() for one in at])
    assert np.std(peaks) == pytest.approx(3.0, abs=0.4)
