import pytest
from hypothesis import given
from hypothesis import strategies as st

from mediasock.media.clock import Histogram, Pacer, Ticker


class Time:
    """A clock that sleeping moves, and that is late as told."""

    def __init__(self):
        self.now = 1_000_000
        self.oversleep = 0

    def clock(self):
        return self.now

    def sleep(self, seconds):
        self.now += round(seconds * 1e9) + self.oversleep


def test_ticks_are_on_a_grid_though_each_is_late():
    time = Time()
    pacer = Pacer(5_000_000, time.clock, time.sleep)
    time.oversleep = 700_000
    ticks = [pacer.wait() for _ in range(100)]
    assert ticks == [1_000_000 + 5_000_000 * (k + 1) + 700_000 for k in range(100)]
    assert pacer.skipped == 0
    assert 0.6 < pacer.lateness.quantile(0.5) < 0.9


def test_overdue_ticks_are_skipped_and_not_run_in_a_burst():
    time = Time()
    pacer = Pacer(5_000_000, time.clock, time.sleep)
    pacer.wait()
    time.now += 33_000_000
    assert pacer.wait() == time.now
    assert pacer.skipped == 5
    assert pacer.wait() == 1_000_000 + 5_000_000 * 8
    assert pacer.lateness.quantile(1.0) == pytest.approx(28.1)


def test_a_restart_forgets_the_time_in_which_nobody_asked():
    time = Time()
    pacer = Pacer(5_000_000, time.clock, time.sleep)
    time.now += 10**12
    pacer.restart()
    pacer.wait()
    assert pacer.skipped == 0
    assert pacer.lateness.quantile(1.0) <= 0.1


@given(st.lists(st.integers(0, 50), min_size=1, max_size=50))
def test_a_ticker_is_due_once_a_period_at_most(steps):
    ticker = Ticker(10, 0)
    now, due = 0, 0
    for step in steps:
        now += step
        due += ticker.due(now)
        assert ticker.deadline > now
        assert ticker.deadline % 10 == 0
    assert due + ticker.skipped == now // 10 + 1


@given(st.lists(st.integers(0, 2_000_000_000), min_size=1, max_size=100))
def test_quantiles_are_those_of_the_durations(durations):
    histogram = Histogram()
    for duration in durations:
        histogram.add(duration)
    durations.sort()
    middle = min(durations[(len(durations) - 1) // 2], 10**9) / 1e6
    assert histogram.quantile(0.5) == pytest.approx(middle, abs=0.11)
    histogram.clear()
    assert histogram.quantile(0.5) == 0.0
