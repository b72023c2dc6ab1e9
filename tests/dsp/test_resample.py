"""The half-band filter: what passes, what does not, and that cutting changes nothing."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dsp.resample import Downsampler, ResampleError, Upsampler
from tests.support.signals import pieces


def sine(frequency: float, rate: int, samples: int, peak: float = 16000.0) -> np.ndarray:
    n = np.arange(samples)
    return np.round(peak * np.sin(2 * np.pi * frequency * n / rate)).astype(np.int16)[None]


def level(samples: np.ndarray) -> float:
    """dB against a sine of peak 16000."""
    return float(10 * np.log10(2 * np.mean(samples.astype(float) ** 2) / 16000.0**2))


@pytest.mark.parametrize("frequency", [50, 300, 1004, 2500, 3000, 3400, 3600])
def test_pass_band_is_flat(frequency):
    down = Downsampler(1).process(sine(frequency, 16000, 16000))[0, 400:]
    up = Upsampler(1).process(sine(frequency, 8000, 8000))[0, 800:]
    assert level(down) == pytest.approx(0, abs=0.05)
    assert level(up) == pytest.approx(0, abs=0.05)


@pytest.mark.parametrize("frequency", [4400, 4600, 5000, 6500, 7900])
def test_what_would_alias_is_gone(frequency):
    assert level(Downsampler(1).process(sine(frequency, 16000, 16000))[0, 400:]) < -60


@pytest.mark.parametrize("frequency", [100, 1000, 2000, 3000, 3600])
def test_images_are_gone(frequency):
    out = Upsampler(1).process(sine(frequency, 8000, 8000))[0, 800:15200].astype(float)
    power = np.abs(np.fft.rfft(out * np.blackman(len(out)))) ** 2
    above = np.fft.rfftfreq(len(out), 1 / 16000) > 4100
    assert 10 * np.log10(power[above].max() / power.max()) < -60


def test_delays_are_what_they_say():
    click = np.zeros((1, 200), dtype=np.int16)
    click[0, 100] = 10000
    up = Upsampler(1).process(click)[0]
    assert int(np.argmax(up)) == 200 + Upsampler.delay
    down = Downsampler(1).process(click)[0]
    assert int(np.argmax(down)) == 50 + Downsampler.delay


def test_full_scale_is_clipped_not_wrapped():
    square = np.where(np.arange(4000) // 40 % 2, 32767, -32768).astype(np.int16)[None]
    for out in (Downsampler(1).process(square)[0], Upsampler(1).process(square)[0]):
        settled = out[200:].astype(int)
        assert settled.max() == 32767
        assert np.abs(np.diff(settled)).max() <= 65535
        assert np.corrcoef(settled[:-1], settled[1:])[0, 1] > 0.8


@pytest.mark.parametrize("kind", [Downsampler, Upsampler])
@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), longest=st.integers(2, 240))
def test_however_cut_and_whichever_rows_move(kind, seed, longest):
    signal = np.random.default_rng(seed).integers(-32768, 32768, (4, 240), dtype=np.int16)
    whole = kind(4).process(signal)
    cut = kind(4)
    out = [np.zeros(0, np.int16) for _ in signal]
    for rows, block in pieces(signal, seed, longest, step=2):
        for row, part in zip(rows, cut.process(block, rows), strict=True):
            out[row] = np.concatenate([out[row], part])
    assert (np.stack(out) == whole).all()


@pytest.mark.parametrize("kind", [Downsampler, Upsampler])
def test_a_reset_row_forgets_and_the_others_do_not(kind):
    noise = np.random.default_rng(1).integers(-9000, 9000, (2, 160), dtype=np.int16)
    used, fresh = kind(2), kind(2)
    used.process(noise)
    used.reset(np.array([1]))
    again = used.process(noise)
    assert (again[1] == fresh.process(noise)[1]).all()
    assert (again[0] != again[1]).any()


def test_errors_say_what_was_wrong():
    with pytest.raises(ResampleError, match="even"):
        Downsampler(1).process(np.zeros((1, 3), dtype=np.int16))
    with pytest.raises(ResampleError, match="rows"):
        Upsampler(2).process(np.zeros((3, 4), dtype=np.int16))
