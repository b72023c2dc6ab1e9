import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dsp.bank import Bank, plain, turns, windowed

FREQUENCIES = [350.0, 697.0, 1477.0, 2100.0]
RNG = np.random.default_rng(8)
LOUD = RNG.integers(-32768, 32768, (300, 160)).astype(np.int16)


def reference(unit, piece, window):
    """The discrete Fourier transform of each piece about its middle, in the plain way."""
    pieces = unit.reshape(len(unit), -1, piece).astype(float)
    at = np.arange(piece) - (piece - 1) / 2
    waves = np.exp(-2j * np.pi * np.outer(at, FREQUENCIES) / 8000)
    return (pieces * window) @ waves


@pytest.mark.parametrize("piece", [40, 80, 160])
def test_a_plain_transform_is_the_fourier_transform_about_the_middle(piece):
    bank = Bank(300, [plain(FREQUENCIES, piece)])
    bank.hear(LOUD)
    even, odd = bank.transform(0)
    expected = reference(LOUD, piece, 1.0)
    np.testing.assert_allclose(even + 1j * odd, expected, atol=1.0)


def test_a_windows_halves_are_the_sums_and_differences_of_the_pairs():
    bank = Bank(300, [windowed(FREQUENCIES, 40)])
    bank.hear(LOUD)
    even, odd = bank.transform(0)
    n = len(FREQUENCIES)
    rise = np.sin(np.pi * (np.arange(40) + 0.5) / 80) ** 2
    rising = (even[..., :n] + odd[..., n:]) + 1j * (odd[..., :n] + even[..., n:])
    falling = (even[..., :n] - odd[..., n:]) + 1j * (odd[..., :n] - even[..., n:])
    np.testing.assert_allclose(rising, reference(LOUD, 40, rise), atol=1.0)
    np.testing.assert_allclose(falling, reference(LOUD, 40, rise[::-1]), atol=1.0)


@given(st.lists(st.integers(0, 299), min_size=1, unique=True))
def test_a_row_has_the_same_sums_to_the_bit_whichever_rows_it_comes_with(chosen):
    columns = [windowed(FREQUENCIES, 40), plain(FREQUENCIES, 160)]
    all_rows, some = Bank(300, columns), Bank(300, columns)
    all_rows.hear(LOUD)
    some.hear(LOUD[chosen])
    for which in range(2):
        for whole, part in zip(all_rows.transform(which), some.transform(which), strict=True):
            np.testing.assert_array_equal(part, whole[chosen])


def test_sums_of_the_loudest_samples_are_exact():
    columns = plain(FREQUENCIES, 160)
    bank = Bank(300, [columns])
    bank.hear(LOUD)
    even, odd = bank.transform(0)
    for part, out, sign in ((columns.even, even, 1), (columns.odd, odd, -1)):
        whole = np.rint(part * 2**24).astype(np.int64)
        folded = LOUD[:, :80].astype(np.int64) + sign * LOUD[:, :79:-1].astype(np.int64)
        np.testing.assert_array_equal(out[:, 0] * 2**24, folded @ whole)


def test_turns_are_what_a_frequency_turns_in_so_many_samples():
    np.testing.assert_allclose(turns([1000.0, 500.0], 2), [1j, np.exp(0.25j * np.pi)], atol=1e-6)
