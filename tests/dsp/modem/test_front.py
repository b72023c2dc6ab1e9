"""The receivers' front: what band it lets pass, what it keeps out, and when its output is."""

import numpy as np
import pytest

from dsp.modem.acquire import heard
from dsp.modem.front import LEAD, TAPS, front
from dsp.types import RATE
from tests.support.modem_sounds import MODULES, SCHEMES

BANDS = sorted(
    {
        (scheme.symbol_rate, scheme.carrier, scheme.rolloff)
        for scheme in (MODULES[name].scheme(rate) for name, rate in SCHEMES)
    }
)
ALL = pytest.mark.parametrize("band", BANDS)


def heard_of(band, hz, *, times=None, real=True):
    """The front's output for a tone, at two instants a symbol to begin with."""
    n = np.arange(4000)
    turning = np.exp(2j * np.pi * hz * n / RATE)
    made = front(*band)
    if times is None:
        times = 100 + np.arange(800) * RATE / band[0] / 2
    parts = heard(made, turning.real, times, 0)
    return parts if real else parts + 1j * heard(made, turning.imag, times, 0)


@ALL
def test_its_gain_is_1_at_the_carrier_and_root_half_at_the_edge(band):
    symbol_rate, carrier, _ = band
    gain = np.abs(heard_of(band, carrier, real=False))
    assert gain == pytest.approx(np.ones(len(gain)), abs=0.02)
    for edge in (carrier - symbol_rate / 2, carrier + symbol_rate / 2):
        gain = np.abs(heard_of(band, edge, real=False))
        assert 20 * np.log10(gain.mean()) == pytest.approx(-3.0, abs=0.6)


@ALL
def test_what_would_be_folded_into_the_band_is_kept_out(band):
    symbol_rate, carrier, rolloff = band
    beyond = symbol_rate * (1 + rolloff) / 2 + 400
    outside = [hz for hz in range(-3950, 4000, 50) if beyond < abs(hz - carrier)]
    outside = [hz for hz in outside if beyond < abs(abs(hz) - carrier) or hz < 0]
    loudest = max(np.abs(heard_of(band, hz, real=False)).max() for hz in outside)
    assert 20 * np.log10(loudest) < -25


@ALL
def test_a_tone_comes_out_at_its_distance_from_the_carrier_whenever_it_is_asked_for(band):
    symbol_rate, carrier, _ = band
    off = symbol_rate / 8
    times = np.sort(np.random.default_rng(1).uniform(LEAD, 4000 - TAPS, 2000))
    out = heard_of(band, carrier + off, times=times, real=False)
    straight = out * np.exp(-2j * np.pi * off * times / RATE)
    assert np.angle(straight / straight.mean()) == pytest.approx(np.zeros(2000), abs=0.02)
