import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mediasock.switch.errors import DialplanError
from mediasock.switch.legs import dial_string, originate

FRAME = np.arange(160, dtype=np.int16)


def test_variables_in_every_kind_of_brace() -> None:
    variables, targets = dial_string("{a=1, b=2}[c=3] loopback/a/b,loopback/c|loopback/d")
    assert variables == {"a": "1", "b": "2", "c": "3"}
    assert targets == ["loopback/a/b", "loopback/c", "loopback/d"]


@given(st.text("{}[]<>=,|loopback/ echo", max_size=40))
def test_any_dial_string_is_read(text: str) -> None:
    variables, targets = dial_string(text)
    assert all(set(name).isdisjoint(",=") for name in variables)
    assert all(target and set(target).isdisjoint(",|") for target in targets)


def test_an_echo_gives_back_what_it_hears() -> None:
    leg = originate("loopback/echo/rig", "u", 8000)
    assert leg.channel_name == "loopback/echo-a"
    assert leg.context == "rig"
    assert np.array_equal(leg.exchange(FRAME), FRAME)
    assert leg.heard == 160


def test_a_parked_leg_is_silent_and_a_tone_is_not() -> None:
    assert not originate("loopback/park", "u", 8000).exchange(FRAME).any()
    tone = originate("loopback/tone", "u", 16000)
    assert tone.exchange(FRAME).any()
    assert not tone.cause


def test_a_played_file_ends_the_leg() -> None:
    leg = originate("loopback/app=playback:tone_stream://%(10,0,440)", "u", 8000)
    assert len(leg.exchange(FRAME)) == 160
    assert leg.cause == "NORMAL_CLEARING"


@pytest.mark.parametrize(
    "target", ["user/1000", "loopback", "loopback/", "loopback/1000", "loopback/app=playback:none"]
)
def test_no_such_leg(target: str) -> None:
    with pytest.raises(DialplanError):
        originate(target, "u", 8000)
