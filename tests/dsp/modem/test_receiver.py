"""The receiver with a training, of all nine rates: libspandsp's bursts over every kind of line."""

from functools import cache
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dsp.line import Clock, Codec, Echo, FrequencyOffset, GainHits, Line, Noise, PhaseHits
from dsp.modem.scheme import opening
from dsp.modem.types import ModemError
from dsp.types import RATE, amplitude
from tests.support.modem_sounds import BURSTS, LEVEL, MODULES, NEEDED, SCHEMES, random_bits
from tests.support.spandsp_modems import Transmitter

ALL = pytest.mark.parametrize(("name", "rate"), SCHEMES)
SHORTS = pytest.mark.parametrize(("name", "rate"), [one[:2] for one in BURSTS if one[2]])

DIFFERENT = [one for one in BURSTS if one[0] != "v17" or one[1] == 14400]
"""All but those whose training has the same shape as another's."""

MODEST = 6.0
"""dB more than needed: no error is to be expected for hours."""

BURST = ["carrier up", "trained", "carrier lost"]
NEAR, SOON = 0.05, 0.13
"""Seconds: how near to its end a signal is said to be over, and how soon; 70 ms may be lost frames.
"""


def silence(seconds):
    return np.zeros(round(seconds * RATE), dtype=np.int16)


def receiver_of(name, rate, *, short=False):
    return MODULES[name].Receiver(rate, short_training=short)


@cache
def data(rate, seconds=0.5, seed=0):
    return random_bits(round(seconds * rate) // 12 * 12, seed=rate + seed)


@cache
def theirs(name, rate, level=LEVEL, seconds=0.5, seed=0):
    """A burst of libspandsp's, of :func:`data`."""
    return Transmitter(name, rate, level=level).modulate(data(rate, seconds, seed))


def ours(name, rate, *, short=False, level=LEVEL, seconds=0.5, seed=0):
    one = MODULES[name].Transmitter(rate, short_training=short, level=level)
    return one.modulate(data(rate, seconds, seed))


def noise(name, rate, more=MODEST, level=LEVEL):
    return Noise(level - NEEDED[name, rate] - more)


def over(*impairments, sound, seed=1):
    """Sound as it comes over a line, with a little silence about it."""
    line = Line(impairments, seed=seed)
    return line.process(np.concatenate([silence(0.2), sound, silence(0.4)])), 1600 + line.delay


def hear(receiver, sound):
    """Give a receiver sound in frames; what it told, and each trained burst's bits."""
    before = int(receiver._one["bits"])
    parts = [receiver.process(sound[at : at + 160]) for at in range(0, len(sound), 160)]
    bits, reports = np.concatenate(parts), receiver.reports()
    begins = [one.bits - before for one in reports if one.what == "trained"]
    bursts = np.split(bits, begins)[1:] if begins else []
    return SimpleNamespace(
        bits=bits, bursts=bursts, reports=reports, what=[one.what for one in reports]
    )


def wrong(got, sent):
    """How many of the bits sent are not what was got; all, if they did not all come."""
    if len(got) < len(sent):
        return len(sent)
    return int(np.sum(got[: len(sent)] != sent))


@ALL
@pytest.mark.parametrize("noisy", [False, True])
def test_what_libspandsp_sends_is_received_and_told_of_when_it_is(name, rate, noisy):
    scheme = MODULES[name].scheme(rate)
    sound, begin = over(*[noise(name, rate)] * noisy, sound=theirs(name, rate))
    heard = hear(receiver_of(name, rate), sound)
    assert heard.what == BURST
    assert wrong(heard.bits, data(rate)) == 0
    up, trained, lost = heard.reports
    training = len(opening(scheme, scheme.long).symbols) / scheme.symbol_rate * RATE
    assert begin <= up.position < trained.position
    assert begin + training == pytest.approx(trained.position, abs=0.045 * RATE)
    assert lost.position == pytest.approx(begin + len(theirs(name, rate)), abs=NEAR * RATE)
    assert (up.bits, trained.bits, lost.bits) == (0, 0, len(heard.bits))
    after = (scheme.turn_off + 0.05 * scheme.symbol_rate) * scheme.bits
    assert len(heard.bits) - len(data(rate)) <= min(after, 450)


@ALL
def test_it_is_told_soon_that_a_signal_is_over(name, rate):
    sound, begin = over(noise(name, rate, 0.0), sound=theirs(name, rate))
    receiver = receiver_of(name, rate)
    end = begin + len(theirs(name, rate))
    receiver.process(sound[: end - RATE // 10])
    assert receiver.carrier
    assert receiver.trained
    receiver.process(sound[end - RATE // 10 : end + round(SOON * RATE)])
    assert [one.what for one in receiver.reports()] == BURST
    assert not receiver.carrier
    assert not receiver.trained


@ALL
@settings(max_examples=2)
@given(
    counts=st.lists(st.integers(0, 400), min_size=1, max_size=6).filter(any),
)
def test_the_same_comes_out_however_sound_is_cut(name, rate, counts):
    whole = cut(name, rate, (160,))
    assert [one.what for one in whole[1]] == 2 * BURST
    assert cut(name, rate, (1,)) == whole
    assert cut(name, rate, tuple(counts)) == whole


@cache
def cut(name, rate, counts):
    """Bits, reports and symbols of two bursts with noise after the first, cut into blocks."""
    first, second = theirs(name, rate), ours(name, rate, seed=1)
    rng = np.random.default_rng(0)
    loud = np.rint(rng.normal(0, 600, RATE // 4)).astype(np.int16)
    sound, _ = over(
        noise(name, rate), sound=np.concatenate([first, silence(0.1), loud, silence(0.1), second])
    )
    receiver = receiver_of(name, rate)
    bits, symbols, at, turn = [], [], 0, 0
    while at < len(sound):
        count = counts[turn % len(counts)]
        bits.append(receiver.process(sound[at : at + count]))
        symbols.append(receiver.symbols())
        at, turn = at + count, turn + 1
    told = tuple(receiver.reports())
    return np.concatenate(bits).tobytes(), told, np.concatenate(symbols).tobytes()


LINES = {
    "20 Hz higher": [FrequencyOffset(20.0)],
    "20 Hz lower": [FrequencyOffset(-20.0)],
    "a fast clock": [Clock(200.0)],
    "a slow clock": [Clock(-200.0)],
    "both": [FrequencyOffset(-20.0), Clock(200.0)],
    "A-law": [Codec("pcma")],
    "µ-law": [Codec("pcmu")],
    "an echo": [Echo(0.0012, 14.0)],
}


@ALL
@pytest.mark.parametrize("line", LINES)
def test_lines_cost_no_bits(name, rate, line):
    sound, _ = over(*LINES[line], noise(name, rate), sound=theirs(name, rate))
    heard = hear(receiver_of(name, rate), sound)
    assert heard.what == BURST
    assert wrong(heard.bits, data(rate)) == 0


@ALL
@pytest.mark.parametrize("seed", range(3))
def test_who_is_trained_has_the_data(name, rate, seed):
    hz, ppm = np.random.default_rng([rate, seed]).uniform((-20, -200), (20, 200))
    line = [FrequencyOffset(hz), Clock(ppm), Noise(LEVEL - 35)]
    sound, _ = over(*line, sound=theirs(name, rate), seed=seed)
    heard = hear(receiver_of(name, rate), sound)
    assert heard.what == BURST
    assert wrong(heard.bits, data(rate)) == 0


@ALL
@pytest.mark.parametrize("level", [-43.0, -1.0])
def test_levels_cost_no_bits(name, rate, level):
    sound, _ = over(noise(name, rate, level=level), sound=theirs(name, rate, level))
    heard = hear(receiver_of(name, rate), sound)
    assert heard.what == BURST
    assert wrong(heard.bits, data(rate)) == 0


@ALL
@pytest.mark.parametrize("offset", [-8000, 3000])
def test_a_direct_voltage_costs_no_bits(name, rate, offset):
    sound, _ = over(noise(name, rate), sound=theirs(name, rate))
    heard = hear(receiver_of(name, rate), (sound + offset).astype(np.int16))
    assert heard.what == BURST
    assert wrong(heard.bits, data(rate)) == 0


@ALL
@pytest.mark.parametrize(("hz", "ppm"), [(-20.0, 150.0), (0.0, 0.0), (7.0, -200.0)])
def test_what_the_line_is_like_is_known(name, rate, hz, ppm):
    """A symbol has the noise within its band, the less of the 4 kHz the slower symbols are."""
    sound, begin = over(
        FrequencyOffset(hz),
        Clock(ppm),
        noise(name, rate, 3.0),
        sound=theirs(name, rate, LEVEL, 2.0),
    )
    receiver = receiver_of(name, rate)
    end = begin + len(theirs(name, rate, LEVEL, 2.0)) - RATE // 10
    receiver.process(sound[:end])
    assert receiver.frequency_offset == pytest.approx(hz, abs=1.0)
    assert receiver.timing_offset == pytest.approx(ppm, abs=25.0)
    band = 10 * np.log10(RATE / 2 / MODULES[name].scheme(rate).symbol_rate)
    assert receiver.quality == pytest.approx(NEEDED[name, rate] + 3.0, abs=1.5)
    heard = receiver.symbols()
    points = MODULES[name].scheme(rate).points
    off = np.min(np.abs(heard[-400:, None] - points) ** 2, axis=1)
    assert 10 * np.log10(np.mean(off)) < -(NEEDED[name, rate] + 1.0 + band)


@ALL
def test_few_bits_are_wrong_a_little_above_the_waterfall(name, rate):
    sent = data(rate, 40000 / rate)
    sound, _ = over(noise(name, rate, 0.7), sound=theirs(name, rate, LEVEL, 40000 / rate), seed=3)
    heard = hear(receiver_of(name, rate), sound)
    assert heard.what == BURST
    assert wrong(heard.bits, sent) <= 12


@SHORTS
def test_short_trainings_follow_a_long_one(name, rate):
    receiver = receiver_of(name, rate)
    line = [FrequencyOffset(5.0), noise(name, rate, level=-21.0)]
    sound, _ = over(*line, sound=theirs(name, rate))
    assert wrong(hear(receiver, sound).bits, data(rate)) == 0
    for turn, level in enumerate((-15.0, -21.0, -9.0, -15.0)):
        receiver.restart(short_training=True)
        sound, _ = over(
            *line, sound=ours(name, rate, short=True, level=level, seed=turn), seed=turn
        )
        heard = hear(receiver, sound)
        assert heard.what == BURST
        assert wrong(heard.bits, data(rate, seed=turn)) == 0
    receiver.restart()
    heard = hear(receiver, over(*line, sound=theirs(name, rate))[0])
    assert heard.what == BURST
    assert wrong(heard.bits, data(rate)) == 0


@pytest.mark.parametrize("rate", MODULES["v17"].BIT_RATES)
def test_libspandsp_s_short_trainings_are_received(rate):
    receiver = receiver_of("v17", rate)
    hear(receiver, over(noise("v17", rate), sound=theirs("v17", rate))[0])
    for turn in range(2):
        receiver.restart(short_training=True)
        one = Transmitter("v17", rate, short_training=True, level=LEVEL)
        sound, _ = over(noise("v17", rate), sound=one.modulate(data(rate)), seed=turn)
        heard = hear(receiver, sound)
        assert heard.what == BURST
        assert wrong(heard.bits, data(rate)) == 0


@SHORTS
def test_a_short_training_without_a_long_one_is_received_over_a_plain_line(name, rate):
    sound, _ = over(Noise(LEVEL - 35), sound=ours(name, rate, short=True))
    heard = hear(receiver_of(name, rate, short=True), sound)
    assert heard.what == BURST
    assert wrong(heard.bits, data(rate)) == 0


@ALL
@pytest.mark.parametrize("send", [theirs, ours])
def test_bursts_may_follow_each_other(name, rate, send):
    bursts = [part for turn in range(3) for part in (send(name, rate, seed=turn), silence(0.1))]
    sound, _ = over(noise(name, rate), sound=np.concatenate(bursts))
    heard = hear(receiver_of(name, rate), sound)
    assert heard.what == 3 * BURST
    for turn in range(3):
        assert wrong(heard.bursts[turn], data(rate, seed=turn)) == 0


@ALL
def test_carrier_for_echo_suppressors_may_go_before(name, rate):
    one = Transmitter(name, rate, level=LEVEL, echo_protection=True)
    heard = hear(
        receiver_of(name, rate), over(noise(name, rate), sound=one.modulate(data(rate)))[0]
    )
    assert heard.what == BURST
    assert wrong(heard.bits, data(rate)) == 0


@pytest.mark.parametrize(("name", "rate", "short"), DIFFERENT)
def test_nobody_is_trained_by_what_another_sends(name, rate, short):
    for other, its, shorter in BURSTS:
        if (other, its, shorter) == (name, rate, short):
            continue
        sound, _ = over(Noise(LEVEL - 35), sound=ours(other, its, short=shorter, seconds=0.1))
        heard = hear(receiver_of(name, rate, short=short), sound)
        assert "trained" not in heard.what
        assert not len(heard.bits)
        if other != name:
            assert not heard.what
        elif heard.what:
            assert heard.what == ["carrier up", "training failed", "carrier lost"]


@ALL
@pytest.mark.parametrize("part", [0.3, 0.9, 1.5])
def test_a_burst_that_is_heard_from_its_middle_on(name, rate, part):
    """Whoever hears some of the alternation is trained; the next burst is received in any case."""
    scheme = MODULES[name].scheme(rate)
    alternation = (scheme.long.silence + len(scheme.long.alternation)) / scheme.symbol_rate
    burst = theirs(name, rate)
    cut_off = burst[round(part * alternation * RATE) :]
    sound, _ = over(noise(name, rate), sound=np.concatenate([cut_off, silence(0.1), burst]))
    heard = hear(receiver_of(name, rate), sound)
    assert heard.what[-3:] == BURST
    if part < 1:
        assert heard.what == 2 * BURST
    for bits in heard.bursts:
        assert wrong(bits, data(rate)) == 0


@ALL
@pytest.mark.parametrize("symbols", [20, 60, 100, 200])
def test_a_training_that_breaks_off_does_not_hide_the_next(name, rate, symbols):
    scheme = MODULES[name].scheme(rate)
    before = scheme.long.silence + len(scheme.long.alternation)
    burst = theirs(name, rate)
    broken = burst[: (before + symbols) * RATE // scheme.symbol_rate]
    sound, _ = over(noise(name, rate), sound=np.concatenate([broken, silence(0.3), burst]))
    heard = hear(receiver_of(name, rate), sound)
    assert heard.what[-3:] == BURST
    assert wrong(heard.bursts[-1], data(rate)) == 0


@ALL
@pytest.mark.parametrize("lost", [0.005, 0.010, 0.020])
def test_a_lost_frame_costs_few_bits(name, rate, lost):
    """In the data; what comes after them is received."""
    scheme = MODULES[name].scheme(rate)
    at = len(opening(scheme, scheme.long).symbols) / scheme.symbol_rate + 0.5
    sound, _ = over(
        GainHits(-100.0, at=(at,), seconds=lost),
        noise(name, rate),
        sound=theirs(name, rate, LEVEL, 1.0),
    )
    heard = hear(receiver_of(name, rate), sound)
    assert heard.what == BURST
    assert wrong(heard.bits, data(rate, 1.0)) <= (lost + 0.02) * rate
    last = rate // 4
    assert (
        heard.bits[len(data(rate, 1.0)) - last :][:last].tolist()
        == data(rate, 1.0)[-last:].tolist()
    )


@ALL
def test_a_pause_in_the_data_ends_a_burst(name, rate):
    scheme = MODULES[name].scheme(rate)
    at = len(opening(scheme, scheme.long).symbols) / scheme.symbol_rate + 0.5
    sound, begin = over(
        GainHits(-100.0, at=(at,), seconds=0.2),
        noise(name, rate),
        sound=theirs(name, rate, LEVEL, 1.0),
    )
    heard = hear(receiver_of(name, rate), np.concatenate([sound, theirs(name, rate), silence(0.2)]))
    assert heard.what == 2 * BURST
    assert heard.reports[2].position == pytest.approx(at * RATE, abs=NEAR * RATE)
    assert wrong(heard.bursts[1], data(rate)) == 0
    assert begin == 1600


@ALL
@pytest.mark.parametrize("degrees", [10.0, 90.0])
def test_a_hit_of_the_phase_does_not_end_a_burst(name, rate, degrees):
    sound, _ = over(PhaseHits(degrees, at=(2.2,)), sound=theirs(name, rate, LEVEL, 2.0))
    assert hear(receiver_of(name, rate), sound).what == BURST


WILD = {
    "noise": lambda rng, n: rng.normal(0, 16000, n),
    "whole range": lambda rng, n: rng.integers(-32768, 32768, n),
    "square": lambda rng, n: 32767 * np.sign(np.sin(rng.uniform(0.1, 3.0) * np.arange(n) + 0.1)),
    "sine": lambda rng, n: 32767 * np.sin(rng.uniform(0.1, 3.0) * np.arange(n)),
    "direct": lambda rng, n: np.full(n, rng.choice([-32768, 32767])),
    "turning": lambda rng, n: 32767.0 * (-1.0) ** np.arange(n),
    "clicks": lambda rng, n: np.where(rng.random(n) < 0.02, 32767, 0),
    "silence": lambda rng, n: np.zeros(n),
    "nearly silence": lambda rng, n: rng.integers(-1, 2, n),
}


def wild(kind, seed, seconds=1.0):
    made = WILD[kind](np.random.default_rng(seed), round(seconds * RATE))
    return np.clip(np.rint(made), -32768, 32767).astype(np.int16)


@pytest.mark.parametrize(("name", "rate", "short"), DIFFERENT)
@pytest.mark.parametrize("kind", WILD)
def test_nothing_is_trained_by_what_is_no_modem(name, rate, short, kind):
    receiver = receiver_of(name, rate, short=short)
    assert not hear(receiver, wild(kind, 1)).what
    receiver.restart()
    heard = hear(receiver, over(noise(name, rate), sound=theirs(name, rate))[0])
    assert heard.what == BURST
    assert wrong(heard.bits, data(rate)) == 0


@ALL
@pytest.mark.parametrize("seed", range(3))
def test_whatever_comes_instead_of_data_the_next_burst_is_received(name, rate, seed):
    """A weak burst breaks off, and something a hundred times as strong follows."""
    rng = np.random.default_rng([rate, seed])
    kinds, heard = rng.choice(sorted(WILD), rng.integers(1, 4)), rng.uniform(0.1, 1.0)
    burst = theirs(name, rate, -43.0)
    parts = [burst[: round(heard * len(burst))], *(wild(kind, seed, 0.3) for kind in kinds)]
    receiver = receiver_of(name, rate)
    hear(receiver, np.concatenate([silence(0.1), *parts, silence(0.2)]))
    assert np.isfinite([receiver.quality, receiver.frequency_offset]).all()
    assert np.isfinite(receiver.symbols()).all()
    again = hear(receiver, over(noise(name, rate), sound=theirs(name, rate))[0])
    assert again.what == BURST
    assert wrong(again.bits, data(rate)) == 0


@ALL
@settings(max_examples=3)
@given(part=st.floats(0, 1.2), short=st.booleans())
def test_it_may_be_made_ready_anew_at_any_moment(name, rate, part, short):
    receiver = receiver_of(name, rate)
    sound, _ = over(noise(name, rate), sound=theirs(name, rate))
    receiver.process(sound[: round(part * len(sound))])
    receiver.reports()
    receiver.restart()
    if short and MODULES[name].scheme(rate).short is not None:
        receiver.restart(short_training=True)
        receiver.process(silence(0.1))
        receiver.restart()
    assert (receiver.carrier, receiver.trained) == (False, False)
    heard = hear(receiver, np.concatenate([silence(0.1), sound]))
    assert heard.what[-3:] == BURST
    assert heard.what.count("trained") == 1
    assert wrong(heard.bursts[0], data(rate)) == 0


@pytest.mark.parametrize("level", [-46.0, -20.0, 0.0])
def test_noise_is_nothing(level):
    rng = np.random.default_rng(8)
    sound = rng.normal(0, amplitude(level) / np.sqrt(2), 20 * RATE)
    sound = np.clip(np.rint(sound), -32768, 32767).astype(np.int16)
    for name, rate, short in DIFFERENT:
        receiver = receiver_of(name, rate, short=short)
        receiver.process(sound)
        assert not receiver.reports()


@pytest.mark.parametrize("name", MODULES)
def test_only_some_have_a_short_training(name):
    receiver = receiver_of(name, MODULES[name].BIT_RATES[0])
    if name == "v29":
        with pytest.raises(ModemError, match="no short training"):
            receiver.restart(short_training=True)
    else:
        receiver.restart(short_training=True)


@ALL
def test_nothing_gives_nothing(name, rate):
    receiver = receiver_of(name, rate)
    assert not len(receiver.process(silence(0)))
    assert not receiver.reports()
    assert not len(receiver.symbols())
