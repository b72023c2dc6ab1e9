"""Any rate to 8 kHz."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.signal import resample_poly

from dsp.anyrate import RATES, FromAnyRate, RateError

USUAL = [11025, 12000, 16000, 22050, 24000, 32000, 44100, 48000, 96000, 192000]


def resampled(lines, rate, cuts=()):
    low = FromAnyRate(len(lines), rate)
    parts = np.split(lines, sorted(cuts), axis=1)
    return np.concatenate([*map(low.process, parts), low.finish()], axis=1)


def sine(hz, rate, seconds=0.5, level=16000):
    return np.rint(level * np.sin(2 * np.pi * hz * np.arange(round(rate * seconds)) / rate))


def middle(line):
    """Away from the ends, where the filter sees silence beside the sound."""
    return line[200 : len(line) - 200].astype(float)


@pytest.mark.parametrize("rate", [*USUAL, 8000, 8012, 7999, 44101, 383_999])
@pytest.mark.parametrize("hz", [300, 1209, 2100, 3400])
def test_a_tone_stays_as_it_is_at_the_same_time(rate, hz):
    low = resampled(sine(hz, rate)[None].astype(np.int16), rate)[0]
    same = sine(hz, 8000, len(low) / 8000)
    assert np.abs(middle(low) - middle(same)).max() < 16000 * 0.015


@pytest.mark.parametrize("rate", USUAL)
def test_what_would_fold_back_into_speech_is_far_down(rate):
    for hz in (4600, 5200, 7000, 10_500, 20_000):
        if hz < rate / 2:
            low = resampled(sine(hz, rate)[None].astype(np.int16), rate)[0]
            assert 20 * np.log10(middle(low).std() / (16000 / 2**0.5) + 1e-9) < -48


@pytest.mark.parametrize("rate", [11025, 44100, 48000])
def test_speech_like_noise_is_as_scipy_has_it(rate):
    rng = np.random.default_rng(2)
    at_8000 = np.convolve(rng.normal(0, 3000, 8000), np.hanning(9) / 4, "same")
    wide = np.rint(resample_poly(at_8000, rate // 25, 320, window=("kaiser", 12.0)))
    low = resampled(wide[None].astype(np.int16), rate)[0]
    error = middle(low) - middle(np.rint(at_8000))
    assert error.std() < 0.004 * at_8000.std() + 1.0


@given(
    st.one_of(st.sampled_from(USUAL), st.integers(RATES[0], 60_000)),
    st.integers(0, 4000),
    st.lists(st.integers(0, 4000), max_size=6),
    st.integers(0, 2**32 - 1),
)
@settings(max_examples=80)
def test_however_it_is_cut_the_same_samples_come_out(rate, length, cuts, seed):
    lines = np.random.default_rng(seed).integers(-32768, 32768, (2, length)).astype(np.int16)
    whole = resampled(lines, rate)
    assert whole.shape == (2, -(-length * 8000 // rate))
    assert (resampled(lines, rate, [min(cut, length) for cut in cuts]) == whole).all()


def test_a_row_does_not_depend_on_its_neighbours():
    lines = np.random.default_rng(5).integers(-32768, 32768, (3, 5000)).astype(np.int16)
    together = resampled(lines, 44100)
    assert all((resampled(lines[[i]], 44100)[0] == together[i]).all() for i in range(3))


def test_full_scale_is_clipped_and_does_not_wrap():
    square = (np.sign(sine(1000, 48000)) * 32767).astype(np.int16)[None]
    low = middle(resampled(square, 48000)[0])
    assert low.max() == 32767
    assert (np.abs(np.diff(low)) < 65000).all()


@pytest.mark.parametrize("rate", [0, -1, 999, 384_001, 2**31])
def test_a_rate_that_no_sound_has_is_refused(rate):
    with pytest.raises(RateError, match=f"{rate} samples a second"):
        FromAnyRate(1, rate)
