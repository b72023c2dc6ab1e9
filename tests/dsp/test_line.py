"""The line: each impairment measured by itself, and that cutting changes nothing."""

import ctypes
import math
import shutil
import subprocess

import numpy as np
import pytest
import soundfile
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.signal import firwin, hilbert, lfilter, welch

from dsp.g711 import alaw_to_linear, linear_to_alaw, linear_to_ulaw, ulaw_to_linear
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
from dsp.types import RATE, amplitude, dbm0
from tests.support.spandsp import library


def silence(seconds: float) -> np.ndarray:
    return np.zeros(round(seconds * RATE), dtype=np.int16)


def sine(hz: float, seconds: float = 2.0, peak: float = 16000.0) -> np.ndarray:
    at = np.arange(round(seconds * RATE))
    return np.rint(peak * np.sin(2 * np.pi * hz * at / RATE)).astype(np.int16)


def click(samples: int = 4000) -> np.ndarray:
    out = np.zeros(samples, dtype=np.int16)
    out[0] = 20000
    return out


def band(seconds: float, seed: int = 0) -> np.ndarray:
    """Noise from 300 to 3,400 Hz of about −15 dBm0."""
    taps = firwin(401, [300, 3400], fs=RATE, pass_zero=False)
    white = np.random.default_rng(seed).normal(0, 3200, round(seconds * RATE))
    return np.rint(lfilter(taps, 1, white)).astype(np.int16)


def level(samples: np.ndarray) -> float:
    return float(dbm0(np.mean(samples.astype(float) ** 2)))


def through(samples: np.ndarray, *impairments, seed=0) -> np.ndarray:
    return Line(impairments, seed=seed).process(samples)


def decibels(ratio) -> np.ndarray:
    return 20 * np.log10(np.abs(ratio))


def phase(samples: np.ndarray, hz: float) -> np.ndarray:
    """Radians by which a tone is ahead of a frequency, sample by sample."""
    at = np.arange(len(samples))
    return np.angle(hilbert(samples.astype(float)) * np.exp(-2j * np.pi * hz * at / RATE))


# -- noise ------------------------------------------------------------------------------------


@pytest.mark.parametrize("wanted", [-10.0, -25.0, -40.0, -60.0, -75.0])
def test_noise_has_its_level(wanted):
    assert level(through(silence(20), Noise(wanted))) == pytest.approx(wanted, abs=0.1)


def test_noise_is_white_and_normal():
    noise = through(silence(60), Noise(-20.0), seed=3).astype(float)
    _, density = welch(noise, RATE, nperseg=512)
    bands = density[1:257].reshape(16, 16).mean(axis=1)
    assert np.ptp(10 * np.log10(bands)) < 0.4
    assert 10 * np.log10(bands.mean() * RATE / 2 / np.mean(noise**2)) == pytest.approx(0, abs=0.1)
    scaled = noise / noise.std()
    assert np.mean(scaled**4) == pytest.approx(3.0, abs=0.05)
    assert np.mean(np.abs(scaled) > 3) == pytest.approx(0.0027, abs=0.0005)


def test_noise_is_as_loud_as_libspandsps():
    lib = library()
    lib.awgn_init_dbm0.restype = ctypes.c_void_p
    lib.awgn.restype = ctypes.c_int16
    state = ctypes.c_void_p(lib.awgn_init_dbm0(None, 1234567, ctypes.c_float(-30.0)))
    theirs = np.array([lib.awgn(state) for _ in range(80_000)])
    lib.awgn_free(state)
    assert level(theirs) == pytest.approx(level(through(silence(10), Noise(-30.0))), abs=0.15)


def test_noise_is_there_between_its_times():
    out = through(silence(3), Noise(-30.0, begin=1.0, end=2.0))
    assert not out[:8000].any() and not out[16000:].any()
    assert level(out[8000:16000]) == pytest.approx(-30, abs=0.2)


def test_a_burst_has_noise_of_its_own_levels_before_during_and_after():
    sent = sine(1700.0, 4.0, peak=0.0)
    out = burst(sent, before=(2.0, -30.0), during=-50.0, after=(3.0, -40.0), seed=1)
    assert len(out) == 9 * RATE
    parts = out[:16000], out[16000:48000], out[48000:]
    assert [round(level(part)) for part in parts] == [-30, -50, -40]
    clean = burst(sine(1700.0), before=(0.1, None), after=(0.05, None))
    assert np.array_equal(clean, np.concatenate([silence(0.1), sine(1700.0), silence(0.05)]))


# -- level ------------------------------------------------------------------------------------


def test_gain_and_clipping():
    sound = sine(1000.0)
    assert level(through(sound, Gain(-6.5))) == pytest.approx(level(sound) - 6.5, abs=0.01)
    clipped = through(sound, Clip(-10.0))
    peak = round(amplitude(-10.0))
    assert (clipped.max(), clipped.min()) == (peak, -peak)
    inside = np.abs(sound) < peak
    assert np.array_equal(clipped[inside], sound[inside])


def test_what_is_too_loud_is_clipped_not_wrapped():
    out = through(sine(1000.0), Gain(20.0))
    assert (out.max(), out.min()) == (32767, -32768)
    assert np.all(out[sine(1000.0) > 4000] == 32767)


def test_delay_is_whole_samples():
    sound = band(0.5)
    line = Line([Delay(0.0125)])
    assert line.delay == 100
    assert np.array_equal(line.process(sound), np.concatenate([silence(0.0125), sound[:-100]]))


def test_echoes_come_when_and_as_loud_as_they_should():
    response = through(click(), Echo(0.01, 12.0), Delay(0.001))
    assert np.flatnonzero(response).tolist() == [8, 88]
    assert decibels(response[88] / response[8]) == pytest.approx(-12, abs=0.01)
    moved = through(sine(1000.0), Echo(0.0, 6.0, (FrequencyOffset(25.0),)))
    power = np.abs(np.fft.rfft(moved * np.hanning(len(moved))))
    assert decibels(power[2050] / power[2000]) == pytest.approx(-6, abs=0.05)


# -- carrier systems ---------------------------------------------------------------------------


@pytest.mark.parametrize("tone", [300.0, 1700.0, 3400.0])
@pytest.mark.parametrize("hz", [-20.0, 0.5, 7.0])
def test_a_frequency_offset_moves_all_frequencies_alike(tone, hz):
    out = through(sine(tone, 6.0), FrequencyOffset(hz))[4000:44000].astype(float)
    power = np.abs(np.fft.rfft(out * np.blackman(len(out))))
    at = np.fft.rfftfreq(len(out), 1 / RATE)
    assert at[power.argmax()] == pytest.approx(tone + hz, abs=0.11)
    slope = np.polyfit(np.arange(len(out)), np.unwrap(phase(out, tone)), 1)[0]
    assert slope * RATE / (2 * np.pi) == pytest.approx(hz, abs=0.001)
    others = np.abs(at - tone - hz) > 2
    assert decibels(power[others].max() / power.max()) < -70
    assert level(out) == pytest.approx(level(sine(tone)), abs=0.02)


@pytest.mark.parametrize(("degrees", "hz"), [(10.0, 60.0), (30.0, 20.0), (3.0, 120.0)])
def test_jitter_has_its_frequency_and_its_degrees(degrees, hz):
    out = through(sine(1700.0, 5.0), Jitter(degrees, hz), seed=2)[4000:36000]
    turned = np.unwrap(phase(out, 1700.0))[1000:-1000]
    assert math.degrees(np.ptp(turned)) == pytest.approx(degrees, rel=0.02)
    spectrum = np.abs(np.fft.rfft((turned - turned.mean()) * np.hanning(len(turned))))
    at = np.fft.rfftfreq(len(turned), 1 / RATE)
    assert at[spectrum.argmax()] == pytest.approx(hz, abs=0.3)
    assert spectrum[np.abs(at - hz) > 3].max() < 0.01 * spectrum.max()


def test_phase_hits_come_when_they_should_and_stay_or_go():
    line = Line([PhaseHits(40.0, at=(1.0, 2.0), seconds=0.25)], seed=1)
    turned = np.degrees(phase(line.process(sine(1700.0, 3.0))[line.delay :], 1700.0))
    turned -= np.median(turned)
    # the hit itself is to the sample, but the tone has come by a filter before it
    middle = turned[round(1.05 * RATE) : round(1.2 * RATE)]
    assert np.abs(np.abs(middle) - 40).max() < 0.5
    assert np.abs(turned[round(1.3 * RATE) : round(1.9 * RATE)]).max() < 0.5
    stays = Line([PhaseHits(20.0, at=(0.5, 1.0, 1.5))], seed=4)
    turned = np.degrees(np.unwrap(phase(stays.process(sine(1700.0))[127:], 1700.0)))
    steps = [np.median(turned[round(at * RATE) :][:3000]) for at in (0.1, 0.6, 1.1, 1.6)]
    assert np.abs(np.abs(np.diff(steps)) - 20).max() < 0.5


def test_hits_by_chance_are_as_many_as_they_should_be():
    out = through(
        np.full(RATE * 600, 10000, dtype=np.int16), GainHits(-3.0, rate=60.0, seconds=0.001)
    )
    hits = np.count_nonzero(np.diff((out < 9000).astype(int)) == 1)
    assert hits == pytest.approx(600, abs=4 * math.sqrt(600))


def test_gain_hits_are_to_the_sample():
    line = [GainHits(-6.0, at=(0.5,), seconds=0.1), GainHits(-60.0, at=(1.0,), seconds=0.02)]
    out = through(np.full(2 * RATE, 10000, dtype=np.int16), *line)
    expected = np.full(2 * RATE, 10000)
    expected[4000:4800] = round(10000 * 10**-0.3)
    expected[8000:8160] = 10
    assert np.array_equal(out, expected)


def test_impulses_have_their_peak_and_their_rate():
    out = through(silence(1), Impulses(-10.0, rate=0.0, at=(0.25, 0.5)))
    begins = np.flatnonzero(np.diff((np.abs(out) > 0).astype(int)) == 1)
    assert begins[0] + 1 == 2000 and 4000 in begins + 1
    for begin in (2000, 4000):
        assert np.abs(out[begin : begin + 100]).max() == pytest.approx(amplitude(-10.0), abs=1)
        assert np.abs(out[begin + 40 : begin + 80]).max() < 0.01 * amplitude(-10.0)
    # they fall on one another seldom: 3 a second, each of a few ms
    many = through(silence(300), Impulses(-10.0, rate=3.0, seconds=0.0005), seed=2)
    loud = np.flatnonzero(np.abs(many) > amplitude(-10.0) / 2)
    assert 1 + np.count_nonzero(np.diff(loud) > 40) == pytest.approx(900, abs=130)


def test_the_peaks_of_impulses_are_spread():
    at = tuple(0.05 * one for one in range(1, 400))
    out = through(silence(20.5), Impulses(-20.0, rate=0.0, at=at, spread=3.0))
    peaks = decibels([np.abs(out[round(one * RATE) :][:100]).max() for one in at])
    assert np.std(peaks) == pytest.approx(3.0, abs=0.4)


# -- clocks ------------------------------------------------------------------------------------


@pytest.mark.parametrize("ppm", [-300.0, -50.0, 20.0, 300.0])
def test_a_clock_is_as_fast_as_it_says_and_does_no_harm(ppm):
    tones = np.array([310.0, 1100.0, 1700.0, 2400.0, 3000.0, 3400.0])
    phases = np.arange(6) ** 2

    def sound(at):
        return 4000 * np.sin(2 * np.pi * np.outer(at, tones) / RATE + phases).sum(axis=1)

    line = Line([Clock(ppm)])
    out = line.process(np.rint(sound(np.arange(10 * RATE))).astype(np.int16))
    assert len(out) == math.ceil(10 * RATE / (1 + ppm * 1e-6))
    ideal = sound(np.arange(len(out)) * (1 + ppm * 1e-6) - line.delay)
    error = (out - ideal)[200:]
    assert 10 * np.log10(np.mean(error**2) / np.mean(ideal**2)) < -70


@pytest.mark.parametrize("ppm", [-300.0, 100.0])
def test_a_clock_by_the_slope_of_the_phase(ppm):
    out = through(sine(1700.0, 20.0), Clock(ppm))[2000:150000]
    slope = np.polyfit(np.arange(len(out)), np.unwrap(phase(out, 1700.0)), 1)[0]
    assert slope * RATE / (2 * np.pi) / 1700.0 * 1e6 == pytest.approx(ppm, abs=0.1)


def test_a_clock_leaves_what_does_not_change():
    assert not through(silence(1), Clock(100.0)).any()
    assert set(through(np.full(RATE, 20000, dtype=np.int16), Clock(-100.0))[200:]) == {20000}


def test_a_clock_counts_right_where_a_float_does_not():
    assert math.ceil(131131 / 1.001) == 131001
    out = through(sine(1000.0, 131131 / RATE), Clock(1000.0))
    assert len(out) == 131000
    assert out[-1] == pytest.approx(
        16000 * math.sin(2 * math.pi * (130999 * 1.001 - 48) / 8), abs=2
    )


def test_a_clock_is_sox_speed(tmp_path):
    if shutil.which("sox") is None:
        pytest.skip("sox is not installed")
    sound = band(3.0)
    soundfile.write(tmp_path / "in.wav", sound, RATE)
    names = [str(tmp_path / "in.wav"), str(tmp_path / "out.wav")]
    subprocess.run(["sox", "-D", *names, "speed", "1.0003", "rate", "-v", "8000"], check=True)
    theirs, _ = soundfile.read(tmp_path / "out.wav", dtype="int16")
    ours = through(sound, Clock(300.0))[48:].astype(float)
    # a sample of ours is at 1.0003 (n + 48) − 48, and so a little after sox's
    count = len(ours)
    turn = np.exp(-2j * np.pi * np.fft.rfftfreq(count) * 48 * 0.0003 / 1.0003)
    ours = np.fft.irfft(np.fft.rfft(ours) * turn, count)[1000:22000]
    error = ours - theirs[1000:22000]
    assert 10 * np.log10(np.mean(error**2) / np.mean(ours**2)) < -60


# -- digital -----------------------------------------------------------------------------------


def test_a_codec_is_g711():
    sound = band(1.0)
    assert np.array_equal(through(sound, Codec("pcma")), alaw_to_linear(linear_to_alaw(sound)))
    assert np.array_equal(through(sound, Codec("pcmu")), ulaw_to_linear(linear_to_ulaw(sound)))
    both = ulaw_to_linear(linear_to_ulaw(alaw_to_linear(linear_to_alaw(sound))))
    assert np.array_equal(through(sound, Codec("pcma"), Codec("pcmu")), both)


def distortion(out: np.ndarray, hz: float) -> float:
    """dB by which a tone is above all else."""
    at = 2 * np.pi * hz * np.arange(len(out)) / RATE
    basis = np.stack([np.sin(at), np.cos(at)], axis=1)
    fit = basis @ np.linalg.lstsq(basis, out.astype(float), rcond=None)[0]
    return float(10 * np.log10(np.mean(fit**2) / np.mean((out - fit) ** 2)))


@pytest.mark.parametrize("law", ["pcma", "pcmu"])
def test_codecs_in_tandem_add_up_their_noise(law):
    sound = sine(1021.3, 5.0, amplitude(-15.0))
    once = distortion(through(sound, Codec(law))[4000:], 1021.3)
    assert 35 < once < 41
    four = np.mean(
        [distortion(through(sound, Codec(law, 4), seed=seed)[4000:], 1021.3) for seed in range(4)]
    )
    assert once - four == pytest.approx(6.0, abs=1.0)


@pytest.mark.parametrize(("rate", "burst_length"), [(0.01, None), (0.2, None), (0.05, 4.0)])
def test_frames_are_lost_as_often_as_they_should_be(rate, burst_length):
    sound = np.full(RATE * 1000, 1000, dtype=np.int16)
    out = through(sound, Loss(rate, burst_length, conceal="silence"), seed=1).reshape(-1, 160)
    lost = ~out.any(axis=1)
    assert np.array_equal(lost, ~out.all(axis=1))
    mean = burst_length or 1 / (1 - rate)
    spread = math.sqrt(rate * (1 - rate) / len(lost) * 2 * mean)
    assert lost.mean() == pytest.approx(rate, abs=4 * spread)
    bursts = np.count_nonzero(np.diff(lost.astype(int)) == 1)
    assert lost.sum() / bursts == pytest.approx(mean, rel=0.15)


def test_lost_frames_are_silent_or_the_last_one_once_more():
    sound = np.arange(1, 160 * 100 + 1).astype(np.int16)
    silent = through(sound, Loss(0.4, conceal="silence"), seed=3).reshape(-1, 160)
    repeated = through(sound, Loss(0.4), seed=3).reshape(-1, 160)
    frames = sound.reshape(-1, 160)
    last = np.zeros(160)
    for sent, gap, heard in zip(frames, silent, repeated, strict=True):
        lost = not gap.any()
        assert np.array_equal(gap, np.zeros(160) if lost else sent)
        assert np.array_equal(heard, last if lost else sent)
        last = heard


# -- two ways ----------------------------------------------------------------------------------


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


# -- seeds, cuts, refusals ---------------------------------------------------------------------


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
