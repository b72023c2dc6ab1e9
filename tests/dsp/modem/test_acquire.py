"""The fit of a training: what it tells of lines that are known."""

import numpy as np
import pytest

from dsp.line import Clock, FrequencyOffset, Line, Noise
from dsp.modem.acquire import Heard, fit
from dsp.modem.front import front
from dsp.modem.shaping import SPAN
from dsp.types import RATE
from tests.support.modem_sounds import MODULES, random_bits

LONGS = pytest.mark.parametrize(
    ("name", "rate"), [("v17", 14400), ("v29", 9600), ("v27ter", 4800), ("v27ter", 2400)]
)
FITTED = 380


def training(name, rate, *line, late=0.0):
    """What a receiver hears of a long training, and when its first known symbol is."""
    scheme = MODULES[name].scheme(rate)
    sound = MODULES[name].Transmitter(rate, level=-15.0).modulate(random_bits(rate))
    wire = Line(line, seed=2)
    heard = wire.process(np.concatenate([sound, np.zeros(800, dtype=np.int16)]))
    symbols = scheme.long.silence + len(scheme.long.alternation) + SPAN / 2
    begin = symbols * RATE / scheme.symbol_rate + wire.delay
    known = scheme.long.known[:FITTED].astype(complex)
    made = front(scheme.symbol_rate, scheme.carrier, scheme.rolloff)
    return Heard(made, heard.astype(float), 0, begin + late, known, scheme.symbol_rate), begin


@LONGS
@pytest.mark.parametrize(("hz", "ppm"), [(0.0, 0.0), (20.0, -200.0), (-20.0, 200.0)])
@pytest.mark.parametrize("late", [-1.0, 0.4])
def test_offsets_and_noise_are_told(name, rate, hz, ppm, late):
    line = [FrequencyOffset(hz), Clock(ppm), Noise(-40.0)]
    heard, _ = training(name, rate, *line, late=late)
    fitted = fit(heard)
    # a clock that is off moves the carrier, too
    carrier = MODULES[name].scheme(rate).carrier
    off = hz + (carrier + hz) * ppm * 1e-6
    assert fitted.turn * heard.symbol_rate / (2 * np.pi) == pytest.approx(off, abs=0.1)
    assert (heard.nominal / fitted.step - 1) * 1e6 == pytest.approx(ppm, abs=40)
    expected = -25.0 - 10 * np.log10(RATE / 2 / heard.symbol_rate)
    assert 10 * np.log10(fitted.noise) == pytest.approx(expected, abs=1.5)


@LONGS
def test_what_is_no_training_is_told_to_be_noise(name, rate):
    heard, _ = training(name, rate)
    rng = np.random.default_rng(3)
    n = np.arange(len(heard.sound))
    for sound in (
        rng.normal(0, 1000, len(n)),
        1000 * np.sin(0.7 * n),
        20000.0 * (rng.random(len(n)) < 0.02),
        1000 * np.sin(n * n * 1e-5),
    ):
        one = fit(Heard(heard.front, sound, 0, heard.begin, heard.known, heard.symbol_rate))
        assert one.noise > 0.5
        assert one.step == pytest.approx(heard.nominal, rel=5.1e-4)
