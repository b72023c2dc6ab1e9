"""The transmitter of all schemes: symbols, level, band, and any way to pull its samples."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.signal import welch

from dsp.modem.scheme import opening
from dsp.modem.shaping import SPAN
from dsp.modem.types import ModemError
from dsp.types import RATE, amplitude, dbm0
from tests.support.modem_sounds import BURSTS, MODULES, SCHEMES, random_bits, symbols_of

ALL = pytest.mark.parametrize(("name", "rate"), SCHEMES)
SECONDS = 20


def transmitter(name, rate, **how):
    return MODULES[name].Transmitter(rate, **how)


def source_of(bits):
    queue = [bits]

    def source(count):
        given, queue[0] = queue[0][:count], queue[0][count:]
        return given

    return source


def pulled(one, bits, counts):
    """Pull with these counts over and over."""
    one.start(source_of(bits))
    parts = []
    while not one.done:
        parts.append(one.pull(counts[len(parts) % len(counts)]))
    return np.concatenate(parts)


def data_of(name, rate, level):
    """Return the sound of random data alone, without what rings on."""
    one = transmitter(name, rate, level=level)
    sound = one.modulate(random_bits(SECONDS * rate))
    begin = len(opening(one.scheme, one.scheme.long).symbols) + SPAN
    end = begin + SECONDS * rate // one.scheme.bits - SPAN
    return sound[begin * RATE // one.scheme.symbol_rate : end * RATE // one.scheme.symbol_rate]


@ALL
@settings(max_examples=12)
@given(data=st.data())
def test_samples_are_the_same_however_they_are_pulled(name, rate, data):
    one = transmitter(
        name, rate, short_training=name != "v29", echo_protection=data.draw(st.booleans())
    )
    bits = random_bits(data.draw(st.integers(0, 400)), seed=rate)
    counts = data.draw(st.lists(st.integers(0, 1000), min_size=1, max_size=4).filter(any))
    assert pulled(one, bits, counts).tolist() == one.modulate(bits).tolist()


@ALL
def test_bits_are_asked_for_as_they_are_needed(name, rate):
    one = transmitter(name, rate)
    asked = []

    def source(count):
        asked.append(count)
        return random_bits(count)

    one.start(source)
    pulls = 0
    while len(asked) < 100:
        one.pull(160)
        pulls += 1
    begun = np.floor((160 * pulls - 1) * one.scheme.symbol_rate / RATE) + 1
    data = begun - len(opening(one.scheme, one.scheme.long).symbols)
    assert sum(asked) == data * one.scheme.bits


@ALL
def test_a_burst_is_over_when_its_last_pulse_is(name, rate):
    one = transmitter(name, rate)
    assert one.done
    assert len(one.pull(160)) == 0
    bits = random_bits(10 * one.scheme.bits)
    sound = pulled(one, bits, [160])
    assert one.done
    assert len(one.pull(160)) == 0
    symbols = len(opening(one.scheme, one.scheme.long).symbols) + 10 + one.scheme.turn_off
    ends = (symbols + SPAN) * RATE / one.scheme.symbol_rate
    assert len(sound) >= ends - 1
    assert np.abs(sound[int(ends - 3 * RATE / one.scheme.symbol_rate) :]).max() < 100
    before = (symbols + SPAN // 2 - 4) * RATE // one.scheme.symbol_rate
    assert np.abs(sound[before - 40 : before]).max() > 1000


@pytest.mark.parametrize(("name", "rate", "short"), BURSTS)
@pytest.mark.parametrize("echo_protection", [False, True])
def test_a_matched_filter_has_the_training_and_the_data(name, rate, short, echo_protection):
    one = transmitter(name, rate, short_training=short, echo_protection=echo_protection, level=-6.0)
    scheme = one.scheme
    training = scheme.short if short else scheme.long
    before = opening(scheme, training, echo_protection=echo_protection).symbols
    bits = random_bits(200 * scheme.bits)
    sound = one.modulate(bits)
    got = symbols_of(sound, scheme, -6.0, len(before) + 200 + scheme.turn_off)
    if name == "v17":  # its carrier is ahead by a symbol
        got *= np.exp(-2j * np.pi * scheme.carrier / scheme.symbol_rate)
    error = got[: len(before)] - before
    assert 10 * np.log10(np.mean(np.abs(error) ** 2)) < -46
    words = np.argmin(np.abs(got[len(before) :, None] - scheme.points), axis=1)
    error = got[len(before) :] - scheme.points[words]
    assert 10 * np.log10(np.mean(np.abs(error) ** 2)) < -46
    ones = len(before) - training.ones
    heard = np.argmin(np.abs(got[ones:, None] - scheme.points), axis=1).astype(np.uint8)
    last = training.state // 8 << 1 if name == "v17" else training.state
    line = scheme.code.decode(heard, last)
    scrambler = scheme.scrambler
    data = scrambler.descramble(line, scrambler.state(training.register, training.repeats))
    expected = np.ones(len(data), dtype=np.uint8)
    expected[training.ones * scheme.bits :][: len(bits)] = bits
    assert data.tolist() == expected.tolist()


def test_a_carrier_that_is_two_symbols_ahead_is_the_other_way_round():
    one, other = (transmitter("v17", 14400) for _ in range(2))
    other.turn(2)
    bits = random_bits(600)
    assert np.abs(one.modulate(bits).astype(int) + other.modulate(bits)).max() <= 1


@ALL
@pytest.mark.parametrize("level", [-30.0, -13.0, -6.0])
def test_the_level_is_that_of_the_data(name, rate, level):
    sound = data_of(name, rate, level).astype(float)
    assert abs(dbm0(np.mean(sound**2)) - level) < 0.1


@ALL
def test_the_power_is_around_the_carrier_and_in_the_band(name, rate):
    scheme = MODULES[name].scheme(rate)
    frequencies, power = welch(data_of(name, rate, -13.0).astype(float), RATE, nperseg=2000)
    power /= power.sum()
    assert abs(np.sum(frequencies * power) - scheme.carrier) < 10
    edge = scheme.symbol_rate * (1 + scheme.rolloff) / 2
    assert power[np.abs(frequencies - scheme.carrier) > edge].sum() < 10**-4.3
    half = np.abs(frequencies - scheme.carrier) <= scheme.symbol_rate / 2
    assert power[half].sum() > 0.9
    cumulated = np.cumsum(power)
    low, high = np.interp([0.005, 0.995], cumulated, frequencies)
    assert scheme.symbol_rate * 0.95 < high - low < scheme.symbol_rate * (1 + scheme.rolloff)


@ALL
def test_echo_protection_is_carrier_then_silence(name, rate):
    one = transmitter(name, rate, echo_protection=True)
    scheme, level = one.scheme, -13.0
    carrier = scheme.echo_carrier / scheme.symbol_rate
    silence = (scheme.echo_silence + scheme.long.silence) / scheme.symbol_rate
    assert 0.185 <= carrier <= 0.200
    assert 0.020 <= silence <= 0.025
    sound = one.modulate(random_bits(0)).astype(float)
    tone = sound[round(0.020 * RATE) : round(0.170 * RATE)]
    assert abs(dbm0(np.mean(tone**2)) - level) < 0.05
    turns = np.exp(-2j * np.pi * scheme.carrier / RATE * np.arange(len(tone)))
    assert np.abs(np.mean(tone * turns)) * 2 == pytest.approx(amplitude(level), rel=0.002)
    assert len(sound) - len(transmitter(name, rate).modulate(random_bits(0))) == pytest.approx(
        (carrier + scheme.echo_silence / scheme.symbol_rate) * RATE, abs=1
    )


@ALL
def test_bursts_do_not_know_of_each_other(name, rate):
    one = transmitter(name, rate)
    bits = random_bits(500)
    first = one.modulate(bits)
    one.start(source_of(random_bits(10**6)))
    one.pull(10001)
    assert one.modulate(bits).tolist() == first.tolist()


@ALL
def test_peaks_are_cut_off_and_never_turned_over(name, rate):
    bits = random_bits(10 * rate)
    loud = transmitter(name, rate, level=0.0).modulate(bits).astype(float)
    soft = transmitter(name, rate, level=-12.0).modulate(bits).astype(float)
    wanted = np.clip(soft * 10 ** (12 / 20), -32768, 32767)
    assert np.abs(loud - wanted).max() < 4


@pytest.mark.parametrize("name", MODULES)
def test_what_there_is_not_is_refused(name):
    with pytest.raises(ModemError, match="9601"):
        transmitter(name, 9601)
    with pytest.raises(ModemError, match="dBm0"):
        transmitter(name, MODULES[name].BIT_RATES[0], level=1.0)


def test_v29_has_no_short_training():
    with pytest.raises(ModemError, match="no short training"):
        transmitter("v29", 9600, short_training=True)


def test_a_source_may_not_give_more_than_it_is_asked_for():
    one = transmitter("v29", 9600)
    one.start(lambda count: random_bits(count + 1))
    with pytest.raises(ModemError, match="the source gave"):
        one.pull(8000)


@pytest.mark.parametrize(
    "wrong",
    [
        lambda count: np.full(count, 2, dtype=np.uint8),
        lambda count: np.ones(count, dtype=np.int64),
        lambda count: np.ones((count, 1), dtype=np.uint8),
    ],
)
@ALL
def test_a_source_of_what_is_no_bits_is_refused(name, rate, wrong):
    one = transmitter(name, rate)
    one.start(wrong)
    with pytest.raises(ModemError, match="bits"):
        one.pull(3 * RATE)


@ALL
def test_bits_may_be_read_only_and_apart(name, rate):
    one = transmitter(name, rate)
    bits = random_bits(300)
    apart = np.repeat(bits, 2)[::2]
    apart.flags.writeable = False
    assert one.modulate(apart).tolist() == one.modulate(bits).tolist()


def test_there_are_no_samples_before_none():
    one = transmitter("v29", 9600)
    one.start(random_bits)
    with pytest.raises(ModemError, match="samples"):
        one.pull(-1)
