"""Both laws against the recommendation's tables and an independent encoder."""

import ctypes
import ctypes.util

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from dsp.g711 import alaw_to_linear, linear_to_alaw, linear_to_ulaw, ulaw_to_linear

ALL = np.arange(65536, dtype=np.uint16).view(np.int16)
LAWS = {"ulaw": (linear_to_ulaw, ulaw_to_linear), "alaw": (linear_to_alaw, alaw_to_linear)}


def test_ulaw_segments_end_where_table_2a_says():
    """The decoder output values at the ends of table 2a's segments, on the scale of 14 bits."""
    characters = np.array([0x80, 0x8F, 0x9F, 0xAF, 0xBF, 0xCF, 0xDF, 0xEF, 0xFE, 0xFF], np.uint8)
    values = [8031, 4191, 2079, 1023, 495, 231, 99, 33, 2, 0]
    assert (ulaw_to_linear(characters) // 4).tolist() == values


def test_alaw_segments_end_where_table_1a_says():
    """The decoder output values at the ends of table 1a's segments, on the scale of 13 bits."""
    characters = np.array([0xFF, 0xF0, 0xE0, 0xD0, 0xC0, 0xB0, 0xA0, 0x80], np.uint8) ^ 0x55
    values = [4032, 2112, 1056, 528, 264, 132, 66, 1]
    assert (alaw_to_linear(characters) // 8).tolist() == values


@pytest.mark.parametrize("law", LAWS)
def test_a_character_comes_back_from_its_value(law):
    encode, decode = LAWS[law]
    characters = np.arange(256, dtype=np.uint8)
    changed = characters[encode(decode(characters)) != characters]
    assert changed.tolist() == ([0x7F] if law == "ulaw" else [])


@pytest.mark.parametrize("law", LAWS)
def test_a_sample_comes_back_within_half_a_step(law):
    encode, decode = LAWS[law]
    samples = np.sort(ALL)
    back = decode(encode(samples)).astype(int)
    assert (np.diff(back) >= 0).all()
    inside = np.abs(samples.astype(int)) < 32124
    error = np.abs(back - samples)[inside]
    assert (error <= (np.abs(samples[inside].astype(int)) + 132) / 32 + 4).all()


@given(hnp.arrays(np.int16, hnp.array_shapes(max_dims=3, max_side=9)), st.sampled_from(list(LAWS)))
def test_any_shape_is_the_same_sample_by_sample(samples, law):
    encode, decode = LAWS[law]
    coded = encode(samples)
    assert coded.shape == samples.shape
    assert coded.dtype == np.uint8
    assert decode(coded).dtype == np.int16
    assert coded.ravel().tolist() == [int(encode(np.int16(one))) for one in samples.ravel()]


@pytest.mark.parametrize(("law", "mode"), [("ulaw", 1), ("alaw", 0)])
def test_all_samples_and_characters_are_as_in_spandsp(law, mode):
    name = ctypes.util.find_library("spandsp")
    if name is None:
        pytest.skip("libspandsp is not installed")
    peer = ctypes.CDLL(name)
    peer.g711_init.restype = ctypes.c_void_p
    state = ctypes.c_void_p(peer.g711_init(None, mode))
    encode, decode = LAWS[law]
    characters = np.empty(65536, dtype=np.uint8)
    peer.g711_encode(
        state,
        characters.ctypes.data_as(ctypes.c_void_p),
        ALL.ctypes.data_as(ctypes.c_void_p),
        65536,
    )
    assert (characters == encode(ALL)).all()
    values = np.empty(256, dtype=np.int16)
    every = np.arange(256, dtype=np.uint8)
    peer.g711_decode(
        state, values.ctypes.data_as(ctypes.c_void_p), every.ctypes.data_as(ctypes.c_void_p), 256
    )
    assert (values == decode(every)).all()
