"""Keyed tones: their phase, their purity, and any way to cut them."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dsp.modem.keying import Keyer
from dsp.modem.types import ModemError
from dsp.types import RATE, amplitude

KEYS = [
    (1650.0, 1850.0, 300.0),
    (980.0, 1180.0, 300.0),
    (1400.0, 1800.0, 45.45),
    (1200.0, 2200.0, 1200.0),
]
FASTER_THAN_SAMPLES = (1200.0, 2200.0, 9000.0)
ALL = pytest.mark.parametrize(("mark", "space", "rate"), KEYS)


@ALL
@given(
    pattern=st.lists(st.integers(0, 1), min_size=1, max_size=60),
    pieces=st.lists(st.integers(0, 300), min_size=1, max_size=6),
)
def test_it_is_the_same_in_any_pieces(mark, space, rate, pattern, pieces):
    bits = np.array(pattern, dtype=np.uint8)
    whole, cut = (Keyer(mark, space, rate, -13.0) for _ in range(2))
    count = whole.ends(len(bits))
    sound = whole.send(bits, count)
    parts, at, sent = [], 0, 0
    while sent < count:
        piece = min([*pieces, 7][len(parts) % (len(pieces) + 1)], count - sent)
        wanted = cut.wanted(piece)
        parts.append(cut.send(bits[at : at + wanted], piece))
        at, sent = at + wanted, sent + piece
    assert at == len(bits)
    assert cut.ends(0) == 0
    assert np.concatenate(parts).tolist() == sound.tolist()


@pytest.mark.parametrize(("mark", "space", "rate"), [*KEYS, FASTER_THAN_SAMPLES])
def test_the_phase_is_the_integral_of_the_frequency(mark, space, rate):
    bits = np.random.default_rng(1).integers(0, 2, 2000, dtype=np.uint8)
    keyer = Keyer(mark, space, rate, 0.0)
    count = keyer.ends(len(bits))
    assert count == -(-len(bits) * RATE // Fraction(str(rate)))
    begins = np.arange(len(bits) + 1) / rate
    turned = np.concatenate([[0.0], np.cumsum(np.where(bits, mark, space) / rate)])
    phase = 2 * np.pi * np.interp(np.arange(count) / RATE, begins, turned)
    error = keyer.send(bits, count) - amplitude(0.0) * np.sin(phase)
    assert np.abs(error).max() < 0.53


@pytest.mark.parametrize("bit", [0, 1])
def test_a_tone_is_pure(bit):
    """All that is not the tone is what rounding to 16 bits leaves: 1/12 on the mean."""
    keyer = Keyer(1650.0, 1850.0, 300.0, 3.0)
    sound = keyer.send(np.full(3000, bit, dtype=np.uint8), 10 * RATE).astype(float)
    power = np.abs(np.fft.rfft(sound * np.blackman(len(sound)))) ** 2
    power /= power.max()
    peak = int(np.argmax(power))
    assert peak == (1650 if bit else 1850) * 10
    power[peak - 5 : peak + 6] = 0
    assert 10 * np.log10(power.max()) < -95


def test_what_is_too_loud_is_cut_off():
    sound = Keyer(1650.0, 1850.0, 300.0, 9.0).send(np.ones(300, dtype=np.uint8), RATE)
    assert sound.max() == 32767
    assert sound.min() == -32768
    assert np.abs(np.diff(np.sign(sound.astype(int)))).sum() == pytest.approx(4 * 1650, abs=4)


@pytest.mark.parametrize(
    "bits",
    [
        np.array([0, 1, 2], dtype=np.uint8),
        np.array([0.0, 1.0, 0.0]),
        np.array([0, 1, 0], dtype=np.int64),
        np.zeros((3, 1), dtype=np.uint8),
    ],
)
def test_what_is_no_bits_is_refused(bits):
    with pytest.raises(ModemError, match="bits"):
        Keyer(1650.0, 1850.0, 300.0, 0.0).send(bits, 80)
