"""Calls of which one end is not heard for a moment, as `bench.fax_cut holes` has them all."""

import numpy as np
import pytest

from bench.fax_cut import HOLES, Broken, tried
from bench.fax_ends import OURS, PEER, Able, fax
from dsp.fax.document import Page, Resolution
from tests.support.fax_pages import letter, strip

ENDS = (OURS, OURS)
ECM, LINES = Able(), Able(ecm=False, coding="MR")
TRAINING, PAGE = 10.8, 12.0
"""Seconds at which page 1 of two is trained, and has most of it to come, with either."""


@pytest.mark.parametrize("second", [TRAINING, PAGE, 20.5])
@pytest.mark.parametrize("lasts", HOLES)
def test_with_error_correction_all_pages_come(lasts, second):
    made = tried(ENDS, "cut", 0, second, ECM, lasts=lasts).made
    assert made.ok and made.exact == 2


@pytest.mark.parametrize("rows", [200, 430, 437, 444, 451, 600])
@pytest.mark.parametrize("able", [ECM, LINES], ids=["ecm", "lines"])
def test_a_page_whose_training_was_cut_is_asked_for_again(able, rows):
    page = strip(letter(), rows)
    made = fax(ENDS, [page], able, line=Broken("cut", 0, TRAINING, 1.0), seconds=120.0)
    assert made.ok and made.exact == 1
    assert made.call.b.pages[0].again > 0


@pytest.mark.parametrize("lasts", HOLES)
def test_a_page_that_broke_off_is_asked_for_again(lasts):
    made = tried(ENDS, "cut", 0, PAGE, LINES, lasts=lasts).made
    assert made.ok
    if lasts > 0.05:
        assert made.exact == 2 and made.call.b.pages[0].again == 1


@pytest.mark.parametrize("lasts", [0.2, 0.3, 0.5, 1.0])
@pytest.mark.parametrize("rows", [8, 60])
def test_a_page_that_was_lost_in_all_its_length_is_not_confirmed(rows, lasts):
    some = np.random.default_rng(rows)
    sheets = [Page.from_black(some.random((rows, 1728)) < 0.01, Resolution.FINE) for _ in range(3)]
    clean = fax(ENDS, sheets, LINES).call.a
    (first, *_) = (one.at for one in clean.trace if one.frame and one.frame.name == "MCF")
    made = fax(ENDS, sheets, LINES, line=Broken("cut", 0, first, lasts), seconds=240.0)
    assert made.exact >= len(made.call.a.confirmed)
    assert made.ok and made.exact == 3


@pytest.mark.parametrize("able", [ECM, LINES], ids=["ecm", "lines"])
@pytest.mark.parametrize("into", [0.8, 0.92, 1.1])
def test_a_command_that_libspandsp_says_again_at_once_is_no_other_page(able, into):
    sheets = [strip(letter(), rows) for rows in (300, 250)]
    clean = fax((PEER, OURS), sheets, able).call.b
    for answer in [one.at for one in clean.trace if one.frame and one.frame.name == "MCF"]:
        line = Broken("cut", 1, answer + into, 0.02)
        made = fax((PEER, OURS), sheets, able, line=line, seconds=240.0)
        assert made.ok and made.exact == 2


def test_a_page_that_is_cut_as_soon_as_it_is_trained_is_waited_for():
    made = tried((PEER, OURS), "cut", 0, 22.0, ECM, lasts=0.2).made
    assert made.ok and made.exact == 2
