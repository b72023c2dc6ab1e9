"""The loops and the equaliser by themselves: symbols that are made up in, what they learn out."""

import numba
import numpy as np
import pytest

from dsp.modem.equaliser_kernel import MIDDLE, SPAN, adapt, equalised
from dsp.modem.tracking_kernel import CARRIER, follow_carrier, turned_back

LENGTH = 4000
POINTS = np.exp(2j * np.pi * (np.arange(4) + 0.5) / 4)


@numba.njit
def _follow(carrier, heard, sent):
    made = np.empty(len(heard), dtype=np.complex64)
    for k in range(len(heard)):
        x, y = sent[k].real, sent[k].imag
        real, imaginary = turned_back(carrier, heard[k].real, heard[k].imag)
        across, along = imaginary * x - real * y, real * x + imaginary * y - x * x - y * y
        follow_carrier(carrier, across, along)
        made[k] = complex(real, imaginary)
    return made


@numba.njit
def _equalise(real, imaginary, sent, taps, step):
    off = np.empty(len(sent), dtype=np.float32)
    for k in range(len(sent)):
        line = real[2 * k : 2 * k + SPAN], imaginary[2 * k : 2 * k + SPAN]
        x, y = equalised(line[0], line[1], taps)
        error = sent[k].real - x, sent[k].imag - y
        off[k] = error[0] * error[0] + error[1] * error[1]
        adapt(line[0], line[1], taps, (step * error[0], step * error[1]))
    return off


def sent_of(seed=1):
    return np.random.default_rng(seed).choice(POINTS, LENGTH).astype(np.complex64)


def carrier_of():
    carrier = np.zeros(1, dtype=CARRIER)
    carrier["cosine"] = carrier["gain"] = 1.0
    carrier["phase_step"], carrier["turn_step"], carrier["gain_step"] = 0.02, 2e-4, 0.004
    return carrier


@pytest.mark.parametrize("phase", [-0.6, 0.6])
@pytest.mark.parametrize("turn", [-0.01, 0.0, 0.01])
@pytest.mark.parametrize("level", [0.9, 1.1])
def test_a_carrier_is_followed(phase, turn, level):
    sent, carrier = sent_of(), carrier_of()
    heard = level * sent * np.exp(1j * (phase + turn * np.arange(LENGTH)))
    made = _follow(carrier[0], heard.astype(np.complex64), sent)
    left = np.abs(made[-500:] - sent[-500:]) ** 2
    assert 10 * np.log10(left.mean()) < -30
    assert float(carrier["turn"][0]) == pytest.approx(turn, abs=2e-4)
    size = float(carrier["cosine"][0] ** 2 + carrier["sine"][0] ** 2)
    assert size == pytest.approx(1.0, abs=1e-4)


def test_no_carrier_runs_away_whatever_comes():
    carrier = carrier_of()
    heard = np.random.default_rng(2).normal(size=(LENGTH, 2)) @ np.array([1, 1j])
    _follow(carrier[0], heard.astype(np.complex64), sent_of())
    assert all(np.isfinite(carrier[name][0]) for name in CARRIER.names)
    assert abs(float(carrier["turn"][0])) < 0.21


def test_the_equaliser_undoes_a_line_of_three_taps():
    sent = sent_of()
    halves = np.zeros(2 * LENGTH + SPAN, dtype=np.complex128)
    halves[MIDDLE : MIDDLE + 2 * LENGTH : 2] = sent
    halves[MIDDLE + 1 : MIDDLE + 1 + 2 * LENGTH : 2] = 0.6 * sent
    line = np.convolve(halves, [0.15, 1.0, -0.3 + 0.2j], mode="same")
    taps = np.zeros((2, SPAN), dtype=np.float32)
    taps[0, MIDDLE] = 1.0
    real, imaginary = line.real.astype(np.float32), line.imag.astype(np.float32)
    off = _equalise(real, imaginary, sent, taps, np.float32(0.01))
    assert 10 * np.log10(off[:50].mean()) > -20
    assert 10 * np.log10(off[-500:].mean()) < -40
