"""V.17's trellis code: against libspandsp, against what theory says of it, and back and forth."""

from functools import cache
from math import erfc

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dsp.modem import v17
from dsp.modem.coding import encode
from dsp.modem.shaping import root_raised_cosine
from dsp.modem.trellis import RATES, Decoder, Trellis, constellation, subsets, training_points
from dsp.modem.trellis_kernel import DEPTH, EACH, LIMIT, NEXT, STATES
from dsp.modem.types import ModemError
from dsp.types import RATE
from tests.support import spandsp_modems

QUARTERS = (1, 1j, -1, -1j)


def coded(rate, count, seed=17, row=0):
    """Return the bits and symbols of ``count`` symbols of random data."""
    code = Trellis(RATES[rate])
    bits = np.random.default_rng(seed).integers(0, 2, count * code.bits, dtype=np.uint8)
    words, _ = encode(code.coder, bits, row)
    return bits, words, constellation(rate)[words]


def noisy(sent, ratio, seed=4):
    """Add noise, ``ratio`` dB below data."""
    rng = np.random.default_rng(seed)
    noise = rng.standard_normal((2, len(sent))) * np.sqrt(0.5 * 10 ** (-ratio / 10))
    return (sent + noise[0] + 1j * noise[1]).astype(np.complex64)


def squares(a, b):
    """Squared distances of all points ``a`` from all points ``b``."""
    return np.abs(a[:, None] - b[None, :]) ** 2


@cache
def least(rate):
    """Squared distance of the nearest two points."""
    points = constellation(rate).astype(complex)
    return float(np.min(squares(points, points) + 99 * np.eye(len(points))))


@cache
def spectrum(rate, far=14):
    """How many wrong ways begin at a symbol, on average, by squared distance over :func:`least`.

    Ways are pairs of states, and what is summed are polynomials in the distance.
    """
    points = constellation(rate).astype(complex)
    weights = np.zeros((8, 8, far + 1))
    for a in range(8):
        for b in range(8):
            steps = np.rint(squares(points[a::8], points[b::8]) / least(rate)).astype(int)
            counts = np.bincount(steps.ravel(), minlength=far + 1)[: far + 1]
            weights[a, b] = counts / len(points[a::8])
    sums, apart = np.zeros(far + 1), np.zeros((STATES, STATES, far + 1))
    sums[1:] = np.mean([weights[a, a, 1:] for a in range(8)], axis=0)
    apart[np.arange(STATES), np.arange(STATES), 0] = 1 / STATES
    for length in range(50):
        longer = np.zeros_like(apart)
        for one, other in np.argwhere(apart.any(axis=2)):
            for first in range(4):
                for second in range(4):
                    if length == 0 and first == second:
                        continue
                    step = weights[2 * first + (one & 1), 2 * second + (other & 1)] / 4
                    ways = np.convolve(apart[one, other], step)[: far + 1]
                    longer[NEXT[one, first], NEXT[other, second]] += ways
        same = np.arange(STATES), np.arange(STATES)
        sums += longer[same].sum(axis=0)
        longer[same] = 0
        apart = longer
    assert apart.max() < 1e-3
    return sums


@pytest.mark.parametrize("rate", RATES)
def test_the_least_distance_of_two_ways_is_that_of_five_steps_to_a_neighbour(rate):
    # so that half the points without a code would want 4 dB more (G. Ungerboeck, L.-F. Wei)
    assert np.flatnonzero(spectrum(rate) > 1e-9)[0] == 5


@pytest.mark.parametrize(
    ("rate", "ratio"), [(7200, 12.4), (9600, 15.6), (12000, 18.9), (14400, 21.9)]
)
def test_as_many_go_wrong_as_theory_says(rate, ratio):
    bits, _, sent = coded(rate, 600_000)
    decoded = Decoder(rate).process(noisy(sent, ratio))
    count = len(decoded) // RATES[rate]
    wrong = np.flatnonzero((decoded != bits[: len(decoded)]).reshape(count, -1).any(axis=1))
    measured = (1 + np.count_nonzero(np.diff(wrong) > 8)) / count
    ways = spectrum(rate)
    squared = np.arange(len(ways)) * least(rate) * 10 ** (ratio / 10)
    bound = sum(many * 0.5 * erfc(far**0.5 / 2) for many, far in zip(ways, squared, strict=True))
    assert 0.6 * bound < measured < 1.0 * bound


@pytest.mark.parametrize(
    ("rate", "fewer", "ratio"), [(14400, 12000, 22.2), (12000, 9600, 19.2), (9600, 7200, 15.9)]
)
def test_far_fewer_symbols_are_wrong_than_without_a_code(rate, fewer, ratio):
    # the constellation of the rate below has as many points as this one needs without a code
    points = constellation(fewer)
    rng = np.random.default_rng(8)
    plain = rng.integers(0, len(points), 20_000)
    found = np.argmin(squares(noisy(points[plain], ratio), points), axis=1)
    bits, _, sent = coded(rate, 100_000)
    decoded = Decoder(rate).process(noisy(sent, ratio))
    wrong = (decoded != bits[: len(decoded)]).reshape(-1, RATES[rate]).any(axis=1)
    assert wrong.mean() < 0.1 * (found != plain).mean()


@given(
    rate=st.sampled_from(sorted(RATES)),
    seed=st.integers(0, 999),
    count=st.integers(0, 300),
    row=st.integers(0, 4 * STATES - 1),
    turn=st.sampled_from(QUARTERS),
)
def test_what_is_coded_is_decoded_however_it_is_turned(rate, seed, count, row, turn):
    bits, _, sent = coded(rate, count, seed, row)
    decoder = Decoder(rate)
    decoded = decoder.process((turn * sent).astype(np.complex64))
    assert len(decoded) == RATES[rate] * max(0, (count - DEPTH + EACH) // EACH * EACH)
    np.testing.assert_array_equal(decoded[2:], bits[2 : len(decoded)])
    assert np.all(decoder.errors < 1e-4)


@pytest.mark.parametrize("rate", RATES)
@pytest.mark.parametrize("turn", QUARTERS[1:])
def test_a_carrier_that_slips_by_quarters_costs_only_the_symbols_around_the_slip(rate, turn):
    bits, _, sent = coded(rate, 400)
    heard = sent.copy()
    heard[200:] *= turn
    decoded = Decoder(rate).process(heard)
    wrong = np.flatnonzero(decoded != bits[: len(decoded)]) // RATES[rate]
    assert wrong.size > 0
    assert wrong.min() > 190
    assert wrong.max() < 210


@pytest.mark.parametrize("rate", RATES)
def test_words_are_known_at_once_but_for_few(rate):
    _, words, sent = coded(rate, 20_000)
    decoder = Decoder(rate)
    heard = noisy(sent, {7200: 12.6, 9600: 15.6, 12000: 19.0, 14400: 22.0}[rate])
    decoder.process(heard)
    alone = np.argmin(squares(heard, constellation(rate)), axis=1)
    assert np.mean(decoder.early != words) < 0.25 * np.mean(alone != words)


@pytest.mark.parametrize("rate", RATES)
@pytest.mark.parametrize("over", [0.0, 6.0])
def test_the_errors_are_the_noise(rate, over):
    _, _, sent = coded(rate, 20_000)
    ratio = {7200: 13.0, 9600: 16.0, 12000: 19.5, 14400: 22.5}[rate] + over
    decoder = Decoder(rate)
    decoder.process(noisy(sent, ratio))
    assert -10 * np.log10(np.mean(decoder.errors)) == pytest.approx(ratio, abs=0.15)


@given(
    rate=st.sampled_from(sorted(RATES)),
    cuts=st.lists(st.integers(0, 400), max_size=8),
    ratio=st.floats(5.0, 25.0),
)
def test_any_cutting_gives_the_same_bits(rate, cuts, ratio):
    _, _, sent = coded(rate, 400)
    heard = noisy(sent, ratio)
    whole, cut = Decoder(rate), Decoder(rate)
    expected, early = whole.process(heard), whole.early
    bits, words = [], []
    for part in np.split(heard, sorted(cuts)):
        bits.append(cut.process(part))
        words.append(cut.early)
    np.testing.assert_array_equal(np.concatenate(bits), expected)
    np.testing.assert_array_equal(np.concatenate(words), early)


@pytest.mark.parametrize("rate", RATES)
@pytest.mark.parametrize("wild", [1e3, 1e30, -np.inf, np.nan])
def test_it_recovers_from_whatever_it_is_given(rate, wild):
    bits, _, sent = coded(rate, 200)
    heard = sent.copy()
    heard[50:60] = complex(wild, -wild)
    decoded = Decoder(rate).process(heard)
    wrong = np.flatnonzero(decoded != bits[: len(decoded)]) // RATES[rate]
    assert wrong.min() > 30
    assert wrong.max() < 90


@pytest.mark.parametrize("rate", RATES)
def test_the_nearest_point_of_a_symbol_is_the_nearest_of_all_that_a_state_can_send(rate):
    # a decoder that knows nothing yet takes the nearest of all points
    rng = np.random.default_rng(3)
    points = constellation(rate)
    for z in rng.uniform(-LIMIT, LIMIT, (200, 2)) @ (1, 1j):
        decoder = Decoder(rate)
        decoder.process(np.array([z], np.complex64))
        nearest = squares(np.array([z]), points).min()
        assert abs(z - points[decoder.early[0]]) ** 2 == pytest.approx(nearest, abs=3e-5)
        assert decoder.errors[0] == pytest.approx(nearest, abs=3e-5)


def carried(sound, offset):
    """Return what a receiver's filter gives at each symbol, the first one at ``offset`` samples."""
    at = np.arange(len(sound))
    base = sound * np.exp(-2j * np.pi * 1800 / RATE * at)
    middles = offset + np.arange(int((len(sound) - offset - 40) * 3 / 10)) * 10 / 3
    near = np.rint(middles).astype(int)[:, None] + np.arange(-40, 41)
    pulse = root_raised_cosine((near - middles[:, None]) * 0.3, 0.25)
    return (np.where(near >= 0, base[np.maximum(near, 0)], 0) * pulse).sum(axis=1)


def received(sound, known):
    """Return symbols on the scale of ``known``, of which the first ones are those."""
    some, best = known[:500], (0.0, 0.0, 0)
    for offset in np.arange(0.0, 10 / 3, 1 / 6):
        match = np.correlate(carried(sound[:2000], offset), some)
        shift = int(np.argmax(np.abs(match)))
        best = max(best, (abs(match[shift]), offset, shift))
    _, offset, shift = best
    symbols = carried(sound, offset)[shift:]
    gain = np.vdot(some, symbols[: len(some)]) / np.sum(np.abs(some) ** 2)
    return (symbols / gain).astype(np.complex64)


@pytest.mark.parametrize("short", [False, True])
@pytest.mark.parametrize("rate", RATES)
def test_libspandsp_codes_as_we_do(rate, short):
    bits = np.random.default_rng(rate).integers(0, 2, rate // 4, dtype=np.uint8)
    sound = spandsp_modems.Transmitter("v17", rate, short_training=short).modulate(bits)
    scheme = v17.scheme(rate)
    training = scheme.short if short else scheme.long
    known = np.concatenate([training.alternation, training.known])
    symbols = received(sound.astype(float), known)[len(known) :]
    count = training.ones + len(bits) // scheme.bits
    data = np.concatenate([np.ones(training.ones * scheme.bits, np.uint8), bits])
    line = scheme.scrambler.scramble(data, scheme.scrambler.state(training.register))
    words, _ = encode(scheme.coder, line, training.state)
    np.testing.assert_array_equal(np.argmin(squares(symbols[:count], scheme.points), axis=1), words)
    decoded = Decoder(rate).process(symbols)[: len(data)]
    heard = scheme.scrambler.descramble(decoded, scheme.scrambler.state(training.register))
    assert len(heard) == len(data)
    np.testing.assert_array_equal(heard[4 * 24 :], data[4 * 24 :])


@pytest.mark.parametrize("function", [constellation, training_points, subsets, Decoder])
@pytest.mark.parametrize("rate", [0, 4800, 16800])
def test_there_are_no_other_rates(function, rate):
    with pytest.raises(ModemError, match="has no bit rate"):
        function(rate)


def test_training_points_are_as_strong_as_data_to_a_quarter_decibel():
    for rate in RATES:
        power = np.mean(np.abs(training_points(rate)) ** 2)
        assert abs(10 * np.log10(power)) < 0.25
