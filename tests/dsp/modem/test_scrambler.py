"""The scramblers against polynomials over two elements, and V.27 ter's guard."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from dsp.modem.scrambler import Scrambler
from dsp.modem.types import ModemError

SCRAMBLERS = {
    "V.29, V.17": Scrambler((18, 23)),
    "V.27 ter": Scrambler((6, 7), guarded=True),
}
REGISTERS = st.integers(0, 2**24 - 1)

bits = hnp.arrays(np.uint8, st.integers(0, 600), elements=st.integers(0, 1))


def register(past):
    """Return what a scrambler holds after these bits on the line."""
    return int("".join(map(str, past)), 2)


@pytest.mark.parametrize("name", SCRAMBLERS)
@given(data=bits, start=REGISTERS, repeats=st.integers(0, 33))
def test_what_is_scrambled_comes_back(name, data, start, repeats):
    one = SCRAMBLERS[name]
    line = one.scramble(data, one.state(start, repeats))
    assert one.descramble(line, one.state(start, repeats)).tolist() == data.tolist()


@pytest.mark.parametrize("name", SCRAMBLERS)
@given(data=bits, start=REGISTERS, cuts=st.lists(st.integers(0, 600), max_size=5))
def test_blocks_make_no_difference(name, data, start, cuts):
    one = SCRAMBLERS[name]
    at = one.state(start)
    parts = [one.scramble(part, at) for part in np.split(data, sorted(cuts))]
    assert np.concatenate(parts).tolist() == one.scramble(data, one.state(start)).tolist()


@given(line=bits, taps=st.sampled_from([(18, 23), (6, 7)]))
def test_the_data_are_the_line_times_the_polynomial(line, taps):
    polynomial = np.zeros(24, dtype=int)
    polynomial[[0, *taps]] = 1
    product = np.convolve(line, polynomial)[: len(line)] % 2 if len(line) else line
    one = Scrambler(taps)
    assert one.descramble(line, one.state()).tolist() == product.tolist()


@given(line=bits, start=REGISTERS)
def test_a_descrambler_finds_its_place_by_itself(line, start):
    one = SCRAMBLERS["V.29, V.17"]
    strayed, right = (one.descramble(line, one.state(register)) for register in (start, 0))
    assert strayed[23:].tolist() == right[23:].tolist()


@pytest.mark.parametrize("period", [1, 2, 3, 4, 6, 8, 9, 12])
def test_the_guard_ends_a_pattern(period):
    """Data that would keep the line to the pattern do so for 33 bits, and the next is another."""
    repeated = np.resize([1] + [0] * (period - 1), 500).astype(np.uint8)
    start, line = register(repeated[:24]), repeated[24:]
    unguarded, guarded = Scrambler((6, 7)), SCRAMBLERS["V.27 ter"]
    data = unguarded.descramble(line, unguarded.state(start))
    kept = guarded.scramble(data, guarded.state(start)) == line
    assert kept[:33].all()
    assert not kept[33]


def test_the_guard_counts_from_the_last_bit_that_differed():
    """The bit after 33 that are like the one 8, 9 or 12 before is turned over, not one sooner."""
    one, start = SCRAMBLERS["V.27 ter"], 0x1000
    data = np.random.default_rng(0).integers(0, 2, 5000, dtype=np.uint8)
    line = [*map(int, f"{start:024b}"), *one.scramble(data, one.state(start)).tolist()]
    count = turned = 0
    for at, bit in enumerate(data, start=24):
        assert line[at] == bit ^ line[at - 6] ^ line[at - 7] ^ (count == 33)
        turned += count == 33
        alike = any(line[at] == line[at - back] for back in (8, 9, 12))
        count = count + 1 if alike and count < 33 else 0
    assert turned


@pytest.mark.parametrize("wrong", [np.zeros(9), np.zeros((3, 3), dtype=np.uint8)])
def test_what_is_no_bits_is_refused(wrong):
    one = SCRAMBLERS["V.27 ter"]
    for way in (one.scramble, one.descramble):
        with pytest.raises(ModemError, match="bits"):
            way(wrong, one.state())
