"""V.29 against libspandsp's transmitter and receiver."""

import numpy as np
import pytest

from dsp.modem import v29
from dsp.modem.scheme import opening
from tests.support.modem_sounds import difference, of_peer, random_bits, received
from tests.support.spandsp_modems import Receiver

DATA = {
    "random": lambda count: random_bits(count, seed=2),
    "zeros": lambda count: np.zeros(count, dtype=np.uint8),
    "ones": lambda count: np.ones(count, dtype=np.uint8),
}


@pytest.mark.parametrize("rate", v29.BIT_RATES)
@pytest.mark.parametrize("kind", DATA)
@pytest.mark.parametrize("echo_protection", [False, True])
def test_libspandsp_receives_every_bit(rate, kind, echo_protection):
    bits = DATA[kind](rate)
    sound = v29.Transmitter(rate, echo_protection=echo_protection).modulate(bits)
    got, happened = received(Receiver("v29", rate), sound)
    assert got[: len(bits)].tolist() == bits.tolist()
    first = ["carrier up", "training failed", "carrier lost"] if echo_protection else []
    assert happened == [*first, "carrier up", "trained", "carrier lost"]


@pytest.mark.parametrize("rate", v29.BIT_RATES)
def test_it_sounds_as_libspandsp_does(rate):
    """Symbol by symbol: what is left is that its pulses are shorter than ours."""
    bits = random_bits(rate // v29.scheme(rate).bits * v29.scheme(rate).bits)
    ours, theirs, count = of_peer("v29", rate, bits=bits)
    apart, _ = difference(ours, theirs, count)
    assert apart < -35


@pytest.mark.parametrize("rate", v29.BIT_RATES)
def test_the_training_takes_253_ms(rate):
    """V.29 table 5."""
    scheme = v29.scheme(rate)
    assert len(opening(scheme, scheme.long).symbols) / scheme.symbol_rate == pytest.approx(
        0.2533, abs=1e-4
    )


def test_a_and_c_are_the_same_at_all_rates():
    """V.29 figures 2 to 4: A at 180 and C at 0 degrees are the strength 3 of the weaker points."""
    for rate, amplitude in ((9600, 3 / 13.5**0.5), (7200, 3 / 5.5**0.5), (4800, 1.0)):
        training = v29.scheme(rate).long
        assert training.alternation[0] == pytest.approx(-amplitude)
        assert training.known[0] == pytest.approx(amplitude)
