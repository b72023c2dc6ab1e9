import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dsp.tone_stream import render
from mediasock.switch.inband import Inband

KEYS = "1234567890*#ABCD"


@pytest.mark.parametrize("rate", [8000, 16000])
def test_every_key_is_told_of_once(rate: int) -> None:
    assert Inband(rate).hear(render(f"d=80;w=80;{KEYS}", rate)) == list(KEYS)


@settings(deadline=None, max_examples=20)
@given(st.lists(st.integers(0, 8000), max_size=10))
def test_any_cut_tells_the_same_keys(cuts: list[int]) -> None:
    sound = render("d=80;w=80;4711")
    inband = Inband(8000)
    pieces = np.split(sound, sorted(cuts))
    assert [key for piece in pieces for key in inband.hear(piece)] == list("4711")


def test_silence_has_no_keys() -> None:
    assert Inband(8000).hear(np.zeros(8000, np.int16)) == []
