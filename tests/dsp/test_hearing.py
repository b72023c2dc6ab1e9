import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from dsp.bank import plain
from dsp.event import EVENT, NONE
from dsp.hearing import Hearing
from dsp.types import dbm0
from tests.support.signals import by_row, pieces

HZ = 1000.0


class Loud:
    """An ear that tells every unit whose power, or whose share of 1 kHz, is above a threshold."""

    gap = 1

    def __init__(self, kind, threshold, banked):
        self.columns = plain([HZ], 160) if banked else None
        self.meanings = [(kind, "loud")]
        self.threshold = threshold
        self.units = {}

    def hear(self, heard, rows):
        assert (heard.transform is None) == (self.columns is None)
        told = []
        for i, row in enumerate(rows.tolist()):
            for unit in range(heard.units):
                power = float(heard.powers[i, 4 * unit : 4 * unit + 4].mean())
                if self.columns is not None:
                    even, odd = (float(part[i, unit, 0]) for part in heard.transformed())
                    power = (even * even + odd * odd) / 160**2
                at = self.units.get(row, 0)
                self.units[row] = at + 1
                if power > self.threshold:
                    told.append((row, unit, 0, at * 160 - 3, -1, power))
        return np.array(told, dtype=EVENT) if told else NONE

    def give_up(self, rows):
        return np.array([(row, 0, 0, 0, 10**6, 0.0) for row in rows], dtype=EVENT)

    def forget(self, rows):
        for row in rows.tolist():
            self.units.pop(row, None)


def made():
    return Hearing(3, [Loud("a", 4e5, False), Loud("b", 3e3, True), Loud("c", 1e5, False)])


@settings(max_examples=30)
@given(seed=st.integers(0, 999), longest=st.integers(40, 4000))
def test_the_order_on_a_row_is_the_same_however_many_units_come_at_once(seed, longest):
    rng = np.random.default_rng(seed)
    loud = np.repeat(rng.integers(0, 1200, (3, 30)), 160, axis=1)
    sound = (loud * rng.normal(0, 1, loud.shape)).clip(-9999, 9999).astype(np.int16)
    by_units, cut = made(), made()
    expected = [
        one
        for begin in range(0, sound.shape[1], 160)
        for one in by_units.process(sound[:, begin : begin + 160])
    ]
    found = [
        one for rows, block in pieces(sound, seed, longest) for one in cut.process(block, rows)
    ]
    assert by_row(found, 3) == by_row(expected, 3)
    np.testing.assert_array_equal(cut.dbm0, by_units.dbm0)


def test_kinds_come_in_the_order_of_units_and_starts_are_not_before_the_row():
    sound = np.full((1, 320), 800, np.int16)
    found = Hearing(1, [Loud("a", 4e5, False), Loud("c", 1e5, False)]).process(sound)
    assert [(one.kind, one.start) for one in found] == [("a", 0), ("c", 0), ("a", 157), ("c", 157)]


def test_what_is_given_up_ends_at_the_rows_length():
    hearing = made()
    hearing.process(np.zeros((3, 500), np.int16))
    assert [(one.row, one.end) for one in hearing.finish()] == [(row, 500) for row in (0, 1, 2)] * 3


def test_without_an_ear_it_meters():
    meter = Hearing(2, [])
    sound = np.zeros((2, 8000), np.int16)
    sound[1] = 3000
    assert meter.process(sound) == []
    np.testing.assert_allclose(meter.dbm0, [-100, dbm0(3000.0**2)], atol=0.05)
    meter.reset(np.array([1]))
    assert meter.dbm0[1] == -100
