import ctypes
import ctypes.util

import numpy as np
import pytest
import soundfile
from hypothesis import given
from hypothesis import strategies as st
from scipy.signal import resample_poly

from dsp.g722 import Decoder, Encoder
from dsp.tone_stream import render
from tests.support.speech import WELCOME


@pytest.fixture(scope="module")
def spandsp():
    name = ctypes.util.find_library("spandsp")
    if name is None:
        pytest.skip("libspandsp is not installed")
    library = ctypes.CDLL(name)
    for function in (library.g722_encode_init, library.g722_decode_init):
        function.restype = ctypes.c_void_p
        function.argtypes = [ctypes.c_void_p, ctypes.c_int, ctypes.c_int]
    for function in (library.g722_encode, library.g722_decode):
        function.argtypes = [ctypes.c_void_p, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_int]
    return library


def signals():
    rng = np.random.default_rng(722)
    prompt, _ = soundfile.read(WELCOME)
    speech = np.rint(resample_poly(prompt, 2, 1) * 32767).astype(np.int16)
    return {
        "speech": speech[: len(speech) // 2 * 2],
        "tone": render("v=-3;%(500,0,1000,3400)", 16000),
        "noise": rng.integers(-8000, 8000, 16000).astype(np.int16),
        "loud": rng.choice(np.array([-16000, 16000], np.int16), 8000),
        "silence": np.zeros(3200, np.int16),
    }


@pytest.mark.parametrize("name", list(signals()))
def test_both_directions_are_bit_exact_with_an_independent_codec(spandsp, name):
    samples = np.ascontiguousarray(signals()[name])
    state = spandsp.g722_encode_init(None, 64000, 0)
    octets = np.zeros(len(samples), np.uint8)
    count = spandsp.g722_encode(state, octets.ctypes.data, samples.ctypes.data, len(samples))
    ours = Encoder().encode(samples)
    assert ours == octets[:count].tobytes()
    state = spandsp.g722_decode_init(None, 64000, 0)
    decoded = np.zeros(len(samples) + 16, np.int16)
    count = spandsp.g722_decode(state, decoded.ctypes.data, octets.ctypes.data, len(ours))
    np.testing.assert_array_equal(Decoder().decode(ours), decoded[:count])


@given(
    cuts=st.lists(st.integers(0, 300).map(lambda half: 2 * half), max_size=6),
    seed=st.integers(0, 99),
)
def test_any_cutting_gives_the_same_octets_and_samples(cuts, seed):
    samples = np.random.default_rng(seed).integers(-20000, 20000, 600).astype(np.int16)
    whole = Encoder().encode(samples)
    encoder, decoder = Encoder(), Decoder()
    assert b"".join(encoder.encode(part) for part in np.split(samples, sorted(cuts))) == whole
    places = sorted(min(cut, len(whole)) for cut in cuts)
    parts = [
        decoder.decode(whole[start:stop])
        for start, stop in zip([0, *places], [*places, len(whole)], strict=True)
    ]
    np.testing.assert_array_equal(np.concatenate(parts), Decoder().decode(whole))


def test_after_a_reset_a_codec_is_as_new():
    samples = signals()["noise"]
    encoder = Encoder()
    first = encoder.encode(samples)
    encoder.reset()
    assert encoder.encode(samples) == first
