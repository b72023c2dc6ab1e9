"""V.17 against libspandsp's transmitter and receiver."""

import numpy as np
import pytest

from dsp.modem import v17
from dsp.modem.scheme import opening
from dsp.modem.trellis import training_points
from tests.support.modem_sounds import difference, of_peer, random_bits, received
from tests.support.spandsp_modems import Receiver

DATA = {
    "random": lambda count: random_bits(count, seed=1),
    "zeros": lambda count: np.zeros(count, dtype=np.uint8),
    "ones": lambda count: np.ones(count, dtype=np.uint8),
}


@pytest.mark.parametrize("rate", v17.BIT_RATES)
@pytest.mark.parametrize("kind", DATA)
@pytest.mark.parametrize("echo_protection", [False, True])
def test_libspandsp_receives_every_bit(rate, kind, echo_protection):
    bits = DATA[kind](rate)
    sound = v17.Transmitter(rate, echo_protection=echo_protection).modulate(bits)
    got, happened = received(Receiver("v17", rate), sound)
    assert got[: len(bits)].tolist() == bits.tolist()
    first = ["carrier up", "training failed", "carrier lost"] if echo_protection else []
    assert happened == [*first, "carrier up", "trained", "carrier lost"]


@pytest.mark.parametrize("rate", v17.BIT_RATES)
def test_libspandsp_receives_short_trainings_after_a_long_one(rate):
    bits = DATA["random"](rate)
    receiver = Receiver("v17", rate)
    received(receiver, v17.Transmitter(rate).modulate(bits))
    for echo_protection in (False, True):
        receiver.restart(short_training=True)
        one = v17.Transmitter(rate, short_training=True, echo_protection=echo_protection)
        got, happened = received(receiver, one.modulate(bits))
        assert got[: len(bits)].tolist() == bits.tolist()
        assert happened[-2:] == ["trained", "carrier lost"]


@pytest.mark.parametrize("rate", v17.BIT_RATES)
@pytest.mark.parametrize("short", [False, True])
def test_it_sounds_as_libspandsp_does(rate, short):
    """Symbol by symbol: what is left is that its pulses are shorter than ours."""
    bits = random_bits(rate // v17.scheme(rate).bits * v17.scheme(rate).bits)
    ours, theirs, count = of_peer("v17", rate, bits=bits, short=short)
    apart, _ = difference(ours, theirs, count)
    assert apart < -35


@pytest.mark.parametrize("rate", v17.BIT_RATES)
def test_the_trainings_take_1393_and_142_ms(rate):
    scheme = v17.scheme(rate)
    for training, expected in ((scheme.long, 1.3933), (scheme.short, 0.1425)):
        took = len(opening(scheme, training).symbols) / scheme.symbol_rate
        assert took == pytest.approx(expected, abs=1e-4)


@pytest.mark.parametrize("rate", v17.BIT_RATES)
def test_the_conditioning_begins_as_table_4_prints_it(rate):
    scheme = v17.scheme(rate)
    points = dict(zip("ABCD", training_points(rate), strict=True))
    for training in (scheme.long, scheme.short):
        assert training.alternation[:4].tolist() == [points[one] for one in "ABAB"]
        assert training.known[:16].tolist() == [points[one] for one in "CDCDCDCDCDCDBDBD"]
    assert scheme.long.known[:38].tolist() == scheme.short.known.tolist()
