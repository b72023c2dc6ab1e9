"""The phase steps of V.27 ter and V.29, in degrees as their tables have them."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dsp.modem.coding import encode
from dsp.modem.differential import EIGHT, FOUR, Differential

EIGHT_DEGREES = {
    "001": 0, "000": 45, "010": 90, "011": 135, "111": 180, "110": 225, "100": 270, "101": 315,
}  # fmt: skip
FOUR_DEGREES = {"00": 0, "01": 90, "11": 180, "10": 270}

CODES = {
    "V.29 9600": Differential(EIGHT, amplitude=True),
    "eight phases": Differential(EIGHT),
    "four phases": Differential(FOUR),
}


def number(text):
    return np.array(list(text), dtype=np.uint8)


@pytest.mark.parametrize(("steps", "degrees"), [(EIGHT, EIGHT_DEGREES), (FOUR, FOUR_DEGREES)])
@pytest.mark.parametrize("last", range(8))
def test_steps_are_those_of_the_tables(steps, degrees, last):
    for text, turn in degrees.items():
        words, state = encode(Differential(steps).coder, number(text), last)
        assert words.tolist() == [(last + turn // 45) % 8]
        assert state == words[0]


def test_the_first_bit_is_the_amplitude():
    words, _ = encode(CODES["V.29 9600"].coder, number("1001" + "0111"), 2)
    assert words.tolist() == [8 + 2, 6]


@pytest.mark.parametrize("degrees", [EIGHT_DEGREES, FOUR_DEGREES])
def test_neighbours_differ_in_one_bit(degrees):
    turns = [text for _, text in sorted((turn, text) for text, turn in degrees.items())]
    for text, following in zip(turns, turns[1:] + turns[:1], strict=True):
        assert sum(a != b for a, b in zip(text, following, strict=True)) == 1


@pytest.mark.parametrize("name", CODES)
@given(data=st.data(), last=st.integers(0, 7), turned=st.integers(0, 7))
def test_bits_come_back_whichever_way_the_constellation_is_turned(name, data, last, turned):
    code = CODES[name]
    text = data.draw(st.lists(st.integers(0, 1), max_size=200))
    bits = np.array(text[: len(text) // code.bits * code.bits], dtype=np.uint8)
    if code is CODES["four phases"]:
        turned -= turned % 2
    words, _ = encode(code.coder, bits, last)
    assert np.isin(words % 8, (code.words + last) % 8).all()
    words = words // 8 * 8 + (words + turned) % 8
    assert code.decode(words, (last + turned) % 8).tolist() == bits.tolist()
