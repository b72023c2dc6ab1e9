import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mediasock.media.frames import comfort_noise, decode, encode, fingerprints, groups, silent
from mediasock.media.wire import ENCODINGS


@pytest.mark.parametrize("code", range(len(ENCODINGS)))
def test_samples_survive_a_frame(code):
    samples = np.arange(-32000, 32000, 400, dtype=np.int16).reshape(2, 80)
    frames = encode(samples, code)
    assert frames.dtype == np.uint8
    assert frames.shape == (2, 160 if code == 0 else 80)
    error = np.abs(decode(frames, code).astype(int) - samples)
    assert (error <= (0 if code == 0 else 8 + np.abs(samples.astype(int)) // 16)).all()


@pytest.mark.parametrize("code", range(len(ENCODINGS)))
def test_silence_is_silent(code):
    assert np.abs(decode(silent(3, 160, code), code)).max() <= 8


@given(st.lists(st.binary(min_size=1, max_size=24), min_size=2, max_size=2))
def test_fingerprints_are_equal_for_equal_frames_only(contents):
    one, two = (fingerprints(np.frombuffer(c, np.uint8)[None, :].copy())[0] for c in contents)
    assert (one == two) == (contents[0] == contents[1])


@pytest.mark.parametrize("length", [1, 80, 160, 161, 320, 1920])
def test_comfort_noise_is_nothing_but_ff(length):
    frames = np.full((2, length), 0xFF, np.uint8)
    frames[1, length // 2] = 0xFE
    assert (fingerprints(frames) == comfort_noise(length)).tolist() == [True, False]


@given(st.lists(st.integers(-1, 3), max_size=20))
def test_groups_cover_every_position_once(keys):
    found = groups(np.array(keys, dtype=np.int64))
    assert sorted(int(i) for _, at in found for i in at) == list(range(len(keys)))
    assert all(keys[i] == key for key, at in found for i in at)
    assert len(found) == len(set(keys))
