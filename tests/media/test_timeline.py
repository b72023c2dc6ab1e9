import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from mediasock.media.timeline import MS, Timelines

ROW = np.array([0])
FRAME = 20 * MS


def arrive(lines, at_ms, drops=0):
    return lines.arrive(ROW, np.array([int(at_ms * MS)]), FRAME, np.array([drops]))


def ahead(lines, at_ms):
    return lines.ahead(ROW, np.array([int(at_ms * MS)]))[0] / MS


def opened(**options):
    lines = Timelines(1, **options)
    lines.open(0, 20)
    return lines


def test_the_next_frame_is_due_a_frame_later():
    lines = opened()
    assert arrive(lines, 1000).first.all()
    assert ahead(lines, 1000) == 20
    assert ahead(lines, 1020) == 0
    assert ahead(lines, 1030) == -10


def test_the_clock_follows_the_earliest_frames():
    lines = opened()
    arrive(lines, 1000)
    arrive(lines, 1010)
    assert ahead(lines, 1030) == 0


def test_lag_is_forgiven_by_and_by():
    lines = opened()
    arrive(lines, 1000)
    for k in range(1, 40):
        arrive(lines, 1000 + 20 * k + 15)
    assert ahead(lines, 1000 + 20 * 39 + 15) == 20


@given(st.lists(st.integers(15, 200), min_size=1, max_size=80))
def test_a_pause_alone_is_never_a_loss_on_the_same_host(pauses):
    lines = opened()
    at = 1000
    arrive(lines, at)
    for pause in pauses:
        at += pause
        found = arrive(lines, at)
        assert found.missing.tolist() == [0]
        assert found.late.tolist() == [pause >= 35]


@given(st.lists(st.integers(1, 10), min_size=1, max_size=40))
def test_lost_frames_are_counted_exactly_where_datagrams_were_dropped(steps):
    lines = opened()
    at, drops = 1000, 0
    arrive(lines, at)
    for step in steps:
        at += 20 * step
        drops += step - 1
        assert arrive(lines, at, drops).missing.tolist() == [step - 1]


@given(st.integers(250, 1999), st.integers(1, 40))
def test_a_gap_covers_the_time_until_frames_come_again(length, tick):
    lines = opened()
    arrive(lines, 1000)
    filled = 0
    for now in range(1000 + tick, 1000 + length, tick):
        gaps = lines.stopped(now * MS)
        filled += int(gaps.frames.sum())
        assert not len(gaps.lost)
    found = arrive(lines, 1000 + length)
    filled += int(found.missing[0])
    if found.resumed[0]:
        assert abs((filled + 1) * 20 - length) <= 20
    else:
        assert filled == 0


def test_a_stream_is_lost_after_two_seconds():
    lines = opened()
    arrive(lines, 1000)
    assert not len(lines.stopped(2999 * MS).lost)
    gaps = lines.stopped(3010 * MS)
    assert gaps.lost.tolist() == [0]
    assert lines.lost[0]
    assert not len(lines.stopped(9000 * MS).rows)
    found = arrive(lines, 10_000)
    assert found.resumed.all()
    assert not found.missing.any()


def test_a_held_row_is_left_alone_until_it_is_resumed():
    lines = opened()
    arrive(lines, 1000)
    lines.hold(0)
    assert not len(lines.stopped(5000 * MS).rows)
    lines.resume(0, 6000 * MS)
    assert not len(lines.stopped(6249 * MS).rows)
    assert lines.stopped(6250 * MS).rows.tolist() == [0]


def test_resume_before_the_first_frame_expects_nothing():
    lines = opened()
    lines.hold(0)
    lines.resume(0, 1000 * MS)
    assert not len(lines.stopped(9000 * MS).rows)


def test_an_irregular_cadence_from_another_host_is_late_and_not_lost():
    lines = opened(same_host=False)
    at = 1000
    arrive(lines, at)
    for k in range(60):
        at += (10, 30, 12, 28)[k % 4]
        arrive(lines, at)
    found = arrive(lines, at + 40)
    assert found.late.all()
    assert not found.missing.any()


def test_slow_needs_a_whole_window():
    lines = opened()
    arrive(lines, 0)
    assert not len(lines.slow())
    for k in range(1, 26):
        arrive(lines, k * 200)
    assert lines.slow().tolist() == [0]
    for k in range(250):
        arrive(lines, 5000 + k * 20)
    assert not len(lines.slow())
