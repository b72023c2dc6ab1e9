import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dsp.framing import TOGETHER, UNIT, BlockError, Framed
from dsp.types import Detection
from tests.support.signals import pieces

CALLS = 4


class Notes(Framed):
    """Notes every unit of every row, and makes a detection of each that is loud."""

    def __init__(self, calls, gap=0):
        super().__init__(calls, gap)
        self.units = [[] for _ in range(calls)]
        self.ended, self.forgotten = [], []

    def _hear(self, sound, rows):
        assert sound.shape[1] % UNIT == 0
        assert len(rows) <= self.calls
        count = sound.shape[1] // UNIT
        assert count == 1 or count * len(rows) <= TOGETHER
        found = []
        for line, row in zip(sound, rows, strict=True):
            for at, unit in enumerate(line.reshape(-1, UNIT)):
                begun = int(self._units[row] + at) * UNIT
                self.units[row].append(unit.copy())
                if unit.any():
                    found.append(Detection(int(row), "x", "y", begun, begun + UNIT, 0.0))
        return found

    def _end(self, rows):
        self.ended.append(rows.tolist())
        return [Detection(int(row), "x", "over", 0, 10**9, 0.0) for row in rows]

    def _forget(self, rows):
        self.forgotten.append(rows.tolist())


def signal(samples, seed=0):
    return np.random.default_rng(seed).integers(1, 9999, (CALLS, samples)).astype(np.int16)


@given(samples=st.integers(0, 3000), longest=st.integers(1, 1500), seed=st.integers(0, 999))
def test_every_row_is_heard_whole_and_in_order_however_it_is_cut(samples, longest, seed):
    sound = signal(samples, seed)
    notes = Notes(CALLS)
    for rows, block in pieces(sound, seed, longest):
        notes.process(block, rows)
    for row in range(CALLS):
        heard = np.concatenate([np.zeros(0, np.int16), *notes.units[row]])
        np.testing.assert_array_equal(heard, sound[row, : samples // UNIT * UNIT])
    notes.finish()
    for row in range(CALLS):
        whole = np.concatenate([np.zeros(0, np.int16), *notes.units[row]])
        np.testing.assert_array_equal(whole[:samples], sound[row])
        assert not whole[samples:].any()
        assert len(whole) == -(-samples // UNIT) * UNIT


@given(seed=st.integers(0, 999), longest=st.integers(1, 1500))
def test_a_long_recording_is_heard_many_units_at_a_time_and_tells_the_same(seed, longest):
    sound = signal(UNIT * TOGETHER // 16, seed)[:1]
    whole, cut = Notes(1), Notes(1)
    expected = whole.process(sound)
    found = [
        one for rows, block in pieces(sound, seed, longest) for one in cut.process(block, rows)
    ]
    assert found == expected
    assert [one.start for one in expected] == list(range(0, sound.shape[1], UNIT))


def test_what_ends_ends_at_the_rows_length_after_a_gap_of_silence():
    notes = Notes(CALLS, gap=3)
    notes.process(signal(UNIT + 40), None)
    notes.process(signal(120)[:1], np.array([0]))
    found = notes.finish(np.array([0, 2]))
    assert [(one.row, one.end) for one in found if one.value == "over"] == [
        (0, 2 * UNIT),
        (2, UNIT + 40),
    ]
    # row 0 was whole; the last unit of row 2 is filled up, then comes the gap
    assert [len(units) for units in notes.units] == [5, 1, 5, 1]
    assert not any(unit.any() for unit in notes.units[2][2:])
    assert notes.ended == [[0, 2]]
    assert notes.forgotten == [[0, 2]]


def test_after_a_reset_a_row_begins_at_sample_0():
    notes = Notes(CALLS)
    notes.process(signal(UNIT + 40))
    notes.reset(np.array([1]))
    found = notes.process(signal(UNIT))
    assert [(one.row, one.start) for one in found] == [(0, UNIT), (1, 0), (2, UNIT), (3, UNIT)]


@pytest.mark.parametrize(
    ("block", "rows"),
    [
        (np.zeros((CALLS, 160), np.int32), None),
        (np.zeros((3, 160), np.int16), None),
        (np.zeros(160, np.int16), None),
        (np.zeros((2, 160), np.int16), [1, 1]),
        (np.zeros((2, 160), np.int16), [2, 1]),
        (np.zeros((1, 160), np.int16), [-1]),
        (np.zeros((1, 160), np.int16), [CALLS]),
    ],
)
def test_a_block_that_does_not_go_with_its_rows_is_refused_and_nothing_moves(block, rows):
    notes = Notes(CALLS)
    with pytest.raises(BlockError, match=r"rows|block"):
        notes.process(block, rows)
    assert not any(notes.units)
