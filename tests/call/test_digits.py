import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mediasock import digits
from mediasock.digits import DigitQueue, Source
from mediasock.esl.errors import HungUp
from tests.support.virtual_time import run

KEYS = "0123456789*#ABCD"


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


@given(
    st.lists(
        st.tuples(st.sampled_from(KEYS), st.sampled_from(["in", "out", "both"]), st.booleans()),
        max_size=30,
    )
)
def test_each_press_counts_once_whichever_way_it_came(presses):
    clock = Clock()
    queue = DigitQueue(clock=clock)
    for key, way, in_band_first in presses:
        sources = {
            "in": [Source.IN_BAND],
            "out": [Source.OUT_OF_BAND],
            "both": [Source.IN_BAND, Source.OUT_OF_BAND],
        }[way]
        for source in sources if in_band_first else reversed(sources):
            queue.put(key, source)
            clock.now += 0.03
        clock.now += digits.SAME_PRESS
    assert queue.pending == "".join(key for key, _, _ in presses)


def test_a_digit_keyed_twice_quickly_is_two_digits_both_ways():
    clock = Clock()
    queue = DigitQueue(clock=clock)
    for at, source in [(0.0, "in"), (0.05, "out"), (0.2, "in"), (0.25, "out")]:
        clock.now = at
        queue.put("5", Source.IN_BAND if source == "in" else Source.OUT_OF_BAND)
    assert queue.pending == "55"


def collect(keys, **wanted):
    """Key digits at their times in virtual time, and return what collect() gives and when."""

    async def story():
        loop = asyncio.get_running_loop()
        queue = DigitQueue(clock=loop.time)
        for at, key in keys:
            loop.call_later(at, queue.put, key, Source.IN_BAND)
        return await queue.collect(**wanted), round(loop.time(), 3)

    return run(story())


def test_max_ends_at_the_last_digit():
    assert collect([(1, "1"), (2, "5"), (3, "9"), (4, "7")], max=3) == ("159", 3)


def test_the_end_key_ends_and_is_not_part_of_the_number():
    assert collect([(1, "1"), (2, "#"), (3, "9")], max=9, end="#") == ("1", 2)


def test_timeout_is_to_the_first_digit_and_interdigit_to_each_next_one():
    assert collect([(4, "1"), (5, "2"), (9, "3")], max=9, timeout=5, interdigit=2) == ("12", 7)


def test_nothing_keyed_is_an_empty_number():
    assert collect([], max=4, timeout=5) == ("", 5)


def test_hangup_ends_a_wait_and_loses_no_digit():
    async def story():
        loop = asyncio.get_running_loop()
        queue = DigitQueue(clock=loop.time)
        loop.call_later(1, queue.put, "1", Source.IN_BAND)
        loop.call_later(2, queue.close, HungUp("NORMAL_CLEARING"))
        first = await queue.collect(max=4, timeout=None)
        with pytest.raises(HungUp):
            await queue.collect(max=4, timeout=None)
        return first

    assert run(story()) == "1"


def test_a_watcher_hears_a_key_as_soon_as_it_is_down_and_not_after_it_has_left():
    queue = DigitQueue(clock=Clock())
    heard = []
    with queue.watching(heard.append):
        queue.key_down("5")
        queue.put("5", Source.IN_BAND)
    queue.put("6", Source.IN_BAND)
    assert heard == ["5", "5"]


def test_digits_nobody_collects_are_bounded_and_their_loss_is_counted():
    clock = Clock()
    queue = DigitQueue(clock=clock, limit=3)
    for key in "12345":
        clock.now += 1
        queue.put(key, Source.OUT_OF_BAND)
    assert (queue.pending, queue.dropped) == ("345", 2)


def test_at_least_one_digit_must_be_asked_for():
    with pytest.raises(ValueError, match="max is 0"):
        collect([], max=0)
