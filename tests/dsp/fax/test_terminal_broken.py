"""Calls of which one end is heard no more from some second on, as `bench.fax cut` has them all."""

import pytest

from bench.fax_cut import KINDS, SIDES, tried
from bench.fax_ends import OURS, Able

LINES, ECM = Able(ecm=False, coding="MR"), Able()


@pytest.mark.parametrize("second", [1, 6, 11, 17])
@pytest.mark.parametrize("side", [0, 1], ids=SIDES)
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("able", [LINES, ECM], ids=["lines", "ecm"])
def test_it_ends_in_time_and_says_what_has_come(able, kind, side, second):
    call = tried((OURS, OURS), kind, side, second, able)
    assert call.wrong is None, call.codes
    assert not (call.made.call.a.ok and call.made.call.b.ok)
