"""V.27 ter against libspandsp's transmitter and receiver."""

import numpy as np
import pytest

from dsp.modem import v27ter
from dsp.modem.scheme import opening
from dsp.modem.scrambler import Scrambler
from tests.support.modem_sounds import difference, of_peer, random_bits, received
from tests.support.spandsp_modems import Receiver

DATA = {
    "random": lambda count: random_bits(count, seed=3),
    "zeros": lambda count: np.zeros(count, dtype=np.uint8),
    "ones": lambda count: np.ones(count, dtype=np.uint8),
}


@pytest.mark.parametrize("rate", v27ter.BIT_RATES)
@pytest.mark.parametrize("kind", DATA)
@pytest.mark.parametrize("echo_protection", [False, True])
def test_libspandsp_receives_every_bit(rate, kind, echo_protection):
    bits = DATA[kind](rate)
    sound = v27ter.Transmitter(rate, echo_protection=echo_protection).modulate(bits)
    got, happened = received(Receiver("v27ter", rate), sound)
    assert got[: len(bits)].tolist() == bits.tolist()
    first = ["carrier up", "training failed", "carrier lost"] if echo_protection else []
    assert happened == [*first, "carrier up", "trained", "carrier lost"]


@pytest.mark.parametrize("rate", v27ter.BIT_RATES)
def test_it_sounds_as_libspandsp_does(rate):
    """Symbol by symbol: what is left is that its pulses are shorter than ours."""
    bits = random_bits(rate // v27ter.scheme(rate).bits * v27ter.scheme(rate).bits)
    ours, theirs, count = of_peer("v27ter", rate, bits=bits)
    apart, _ = difference(ours, theirs, count)
    assert apart < -35


@pytest.mark.parametrize(("rate", "milliseconds"), [(4800, (707.5, 50.0)), (2400, (943.3, 66.7))])
def test_the_trainings_take_as_long_as_table_3_says(rate, milliseconds):
    scheme = v27ter.scheme(rate)
    for training, expected in zip((scheme.long, scheme.short), milliseconds, strict=True):
        took = 1000 * len(opening(scheme, training).symbols) / scheme.symbol_rate
        assert took == pytest.approx(expected, abs=0.05)


@pytest.mark.parametrize("rate", v27ter.BIT_RATES)
def test_both_trainings_begin_and_end_alike(rate):
    """V.27 ter table 4 has one beginning and one end of the conditioning for both lengths."""
    long, short = v27ter.scheme(rate).long, v27ter.scheme(rate).short
    assert long.alternation[-14:].tolist() == short.alternation.tolist()
    assert long.known[:58].tolist() == short.known.tolist()
    assert (long.register & 0x7F, long.state) == (short.register & 0x7F, short.state)
    ends = [one.known[-40:] * one.known[-41:-1] for one in (long, short)]
    assert ends[0].tolist() == ends[1].tolist()


def test_the_guard_has_turned_bits_over_in_what_libspandsp_received():
    scheme, bits = v27ter.scheme(4800), DATA["random"](4800)
    before = opening(scheme, scheme.long).scrambler
    line = scheme.scrambler.scramble(bits, before.copy())
    unguarded = Scrambler(scheme.scrambler.taps)
    heard = unguarded.descramble(line, unguarded.state(int(before["register"][0])))
    assert (heard != bits).any()
