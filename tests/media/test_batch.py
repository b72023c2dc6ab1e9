import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mediasock.media.batch import Outbox, rounds


@given(st.lists(st.integers(0, 5), max_size=40))
def test_rounds_keep_the_order_of_each_call(rows):
    found = rounds(np.array(rows, dtype=np.int64))
    assert sorted(int(i) for index in found for i in index) == list(range(len(rows)))
    for index in found:
        calls = [rows[i] for i in index]
        assert calls == sorted(set(calls))
    for call in set(rows):
        assert [int(i) for index in found for i in index if rows[i] == call] == [
            i for i, row in enumerate(rows) if row == call
        ]


def test_an_empty_frame_is_refused():
    box = Outbox(4)
    with pytest.raises(ValueError, match="empty datagram"):
        box.add(np.array([1]), np.zeros((1, 0), np.uint8))
    assert box.count == 0


def test_frames_of_several_lengths_lie_side_by_side():
    box = Outbox(4)
    box.add(np.array([3, 1]), np.full((2, 320), 7, np.uint8))
    box.add(np.array([2]), np.full((1, 160), 9, np.uint8))
    assert box.count == 3
    assert box.rows[:3].tolist() == [3, 1, 2]
    assert box.lengths[:3].tolist() == [320, 320, 160]
    assert box.data[2, :160].tolist() == [9] * 160
    box.clear()
    assert box.count == 0


def test_no_datagrams_are_no_rounds():
    assert rounds(np.zeros(0, dtype=np.int64)) == []
