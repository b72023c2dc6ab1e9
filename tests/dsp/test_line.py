"""The whole line: bursts in noise, both ways, that cutting changes nothing, what is refused."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dsp.line import (
    Clip,
    Clock,
    Codec,
    Delay,
    Echo,
    FrequencyOffset,
    Gain,
    GainHits,
    Impulses,
    Jitter,
    Line,
    LineError,
    Loss,
    Noise,
    OwnClock,
    PhaseHits,
    Shape,
    TwoWay,
    burst,
)
from dsp.types import RATE
from tests.support.line_sounds import band, click, decibels, level, phase, silence, sine, through


def test_a_burst_has_noise_of_its_own_levels_before_during_and_after():
    sent = sine(1700.0, 4.0, peak=0.0)
    out = burst(sent, before=(2.0, -30.0), during=-50.0, after=(3.0, -40.0), seed=1)
    assert len(out) == 9 * RATE
    parts = out[:16000], out[16000:48000], out[48000:]
    assert [round(level(part)) for part in parts] == [-30, -50, -40]
    clean = burst(sine(1700.0), before=(0.1, None), after=(0.05, None))
    assert np.array_equal(clean, np.concatenate([silence(0.1), sine(1700.0), silence(0.05)]))


def test_each_end_hears_the_other_and_its_own_echoes():
    line = TwoWay(
        [Gain(-3.0), Delay(0.01)],
        [Gain(-6.0)],
        echoes_a=[Echo(0.002, 14.0), Echo(0.2, 26.0)],
        echoes_b=[Echo(0.003, 20.0)],
    )
    to_a, to_b = line.process(click(), np.zeros(4000, dtype=np.int16))
    assert np.flatnonzero(to_b).tolist() == [80]
    assert to_b[80] == round(20000 * 10 ** (-3 / 20))
    assert np.flatnonzero(to_a).tolist() == [16, 1600]
    assert decibels(to_a[[16, 1600]] / 20000) == pytest.approx([-14, -26], abs=0.02)
    to_a, to_b = line.process(np.zeros(4000, dtype=np.int16), click())
    assert np.flatnonzero(to_a).tolist() == [0]
    assert np.flatnonzero(to_b).tolist() == [24]


def test_either_direction_has_noise_of_its_own():
    a, b = TwoWay([Noise(-30.0)]).process(silence(5), silence(5))
    assert abs(np.corrcoef(a, b)[0, 1]) < 0.03
    assert level(a) == pytest.approx(level(b), abs=0.2)


@pytest.mark.parametrize("ppm", [-300.0, 75.0])
def test_an_end_with_its_own_clock(ppm):
    asked, heard = [], []
    said = 0

    def end(block):
        nonlocal said
        asked.append(len(block))
        heard.append(block)
        at = np.arange(said, said + len(block))
        said += len(block)
        return np.rint(10000 * np.sin(2 * np.pi * 1700 * at / RATE)).astype(np.int16)

    there = OwnClock(end, ppm)
    sent = sine(1100.0, 20.0)
    out = [there.process(sent[at : at + 160]) for at in range(0, len(sent), 160)]
    assert {len(one) for one in out} == {160}
    assert set(asked) <= {159, 160, 161} and len(set(asked)) == 2
    assert sum(asked) == math.ceil(len(sent) * (1 + ppm * 1e-6))
    for samples, hz, wanted in (
        (np.concatenate(out), 1700.0, ppm),
        (np.concatenate(heard), 1100.0, -ppm),
    ):
        inside = samples[2000:-2000]
        slope = np.polyfit(np.arange(len(inside)), np.unwrap(phase(inside, hz)), 1)[0]
        assert slope * RATE / (2 * np.pi) / hz * 1e6 == pytest.approx(wanted, abs=0.2)


EVERYTHING = [
    Gain(-1.0),
    Clip(-3.0),
    Delay(0.0031),
    Echo(0.011, 15.0, (FrequencyOffset(-2.0), Noise(-50.0))),
    Noise(-35.0),
    Noise(-25.0, begin=0.05, end=0.15),
    Impulses(-12.0, rate=30.0, spread=3.0),
    Shape("bad"),
    FrequencyOffset(7.3),
    Jitter(8.0, 60.0),
    PhaseHits(25.0, rate=900.0),
    PhaseHits(25.0, rate=900.0, at=(0.1,), seconds=0.02),
    GainHits(-9.0, rate=900.0, seconds=0.013),
    Clock(213.0),
    Clock(-1000.0),
    Codec("pcma"),
    Codec("pcmu", tandem=3),
    Loss(0.3),
    Loss(0.2, 3.0, conceal="silence", frame=80),
]


CUTS = st.lists(st.integers(0, 2400), max_size=30).map(sorted)
"""Where 0.3 s are cut; twice at one place is a block of nothing."""


@settings(max_examples=60, deadline=None)
@given(st.lists(st.sampled_from(EVERYTHING), max_size=6), st.integers(0, 2**32), CUTS)
def test_however_it_is_cut_the_line_gives_the_same(chain, seed, cuts):
    sound = band(0.3, seed=7)
    line = Line(chain, seed=seed)
    pieces = [line.process(part) for part in np.split(sound, cuts)]
    assert np.array_equal(np.concatenate(pieces), through(sound, *chain, seed=seed))


@pytest.mark.parametrize("one", EVERYTHING, ids=lambda one: type(one).__name__)
def test_however_it_is_cut_an_impairment_gives_the_same_to_the_last_bit_of_a_float(one):
    sound = band(1.0, seed=8).astype(float)
    whole, single = (one.start(np.random.default_rng(9)) for _ in range(2))
    rng = np.random.default_rng(10)
    cuts = np.sort(rng.integers(0, len(sound), 200))
    assert np.array_equal(
        whole(sound), np.concatenate([single(part) for part in np.split(sound, cuts)])
    )


@settings(max_examples=20, deadline=None)
@given(CUTS)
def test_however_it_is_cut_both_ways_and_clocks_give_the_same(cuts):
    def carried(cuts):
        line = TwoWay(
            [Noise(-30.0), Codec()],
            echoes_a=[Echo(0.002, 14.0), Echo(0.02, 30.0, (FrequencyOffset(1.0),))],
            echoes_b=[Echo(0.0, 20.0)],
            seed=5,
        )
        there = OwnClock(lambda block: block, 300.0)
        found = []
        for a, b in zip(np.split(band(0.3, 1), cuts), np.split(band(0.3, 2), cuts), strict=True):
            to_a, to_b = line.process(a, b)
            found.append(np.stack([to_a, to_b, there.process(to_b)]))
        return np.concatenate(found, axis=1)

    assert np.array_equal(carried(cuts), carried([]))


def test_a_seed_is_all_that_chance_depends_on():
    sound = band(1.0)
    chance = [Noise(-40.0), Loss(0.1), Jitter(5.0), Codec("pcma", 2)]
    first = through(sound, *chance, seed=(3, 1))
    assert np.array_equal(first, through(sound, *chance, seed=(3, 1)))
    assert not np.array_equal(first, through(sound, *chance, seed=(3, 2)))
    for one in chance:
        assert not np.array_equal(through(sound, one, seed=1), through(sound, one, seed=2))


@pytest.mark.parametrize(
    ("made", "says"),
    [
        (lambda: Noise(math.nan), "a noise level is nan"),
        (lambda: Noise(-40.0, begin=2.0, end=1.0), "from 2 s to 1 s"),
        (lambda: Gain(math.inf), "a gain is inf"),
        (lambda: Clip(30.0), "a clipping level"),
        (lambda: Delay(-0.1), "a delay is -0.1"),
        (lambda: Echo(0.1, -3.0), "an echo's loss"),
        (lambda: Impulses(-10.0, rate=-1.0), "a rate of impulses"),
        (lambda: FrequencyOffset(200.0), "a frequency offset"),
        (lambda: Jitter(-1.0), "a phase jitter"),
        (lambda: PhaseHits(200.0), "a phase hit"),
        (lambda: GainHits(-3.0, rate=-1.0), "a rate of hits"),
        (lambda: Clock(2000.0), "a clock offset is 2000: from -1000 to 1000"),
        (lambda: OwnClock(lambda block: block, 2000.0), "a clock offset"),
        (lambda: Codec("g729"), "no law 'g729'"),
        (lambda: Codec("pcma", 0), "a number of codecs"),
        (lambda: Loss(1.5), "a rate of loss is 1.5"),
        (lambda: Loss(0.9, 2.0), "a rate of loss in bursts of 2"),
        (lambda: Loss(0.1, conceal="guess"), "no concealment 'guess'"),
        (lambda: TwoWay([Clock(50.0)]), "put OwnClock about one end"),
        (lambda: TwoWay([]).process(silence(0.1), silence(0.2)), "of B"),
        (lambda: Line([]).process(silence(0.1)[None]), "a line is one call's"),
    ],
)
def test_what_makes_no_sense_is_refused(made, says):
    with pytest.raises(LineError, match=says.replace("(", r"\(")):
        made()
