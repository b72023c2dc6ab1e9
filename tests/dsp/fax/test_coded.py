import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace

import numpy as np
import pytest

from dsp.fax import pagecode
from dsp.fax.capabilities import Settings
from dsp.fax.coded import Coder
from dsp.fax.config import EVERYTHING, Config
from dsp.fax.document import Header, Page, Resolution
from dsp.fax.sink import Pages
from dsp.fax.t4 import T4Error
from dsp.fax.terminal import FaxTerminal
from tests.support.fax_call import call
from tests.support.fax_pages import letter, strip

FINE = [strip(letter(), 300), strip(letter(), 200)]
STANDARD = Settings("V.17 14400", ecm=True, coding="MMR")
BY_LINES = Settings("V.29 9600", coding="MH", scan_time="20")


@pytest.fixture
def made_in(monkeypatch):
    """Names of the threads in which pages have been fitted."""
    names, fitting = [], pagecode.fitting

    def noted(page, settings, **how):
        names.append(threading.current_thread().name.split("_")[0])
        return fitting(page, settings, **how)

    monkeypatch.setattr(pagecode, "fitting", noted)
    return names


@pytest.fixture
def threads():
    with ThreadPoolExecutor(1, "beside") as pool:
        yield pool


class Prompt(ThreadPoolExecutor):
    """A thread that has begun with what it is given before who gives it goes on."""

    def submit(self, function, /, *values, **named):
        begun = threading.Event()

        def done():
            begun.set()
            return function(*values, **named)

        future = super().submit(done)
        begun.wait()
        return future


@pytest.fixture
def prompt():
    with Prompt(1, "beside") as pool:
        yield pool


@contextmanager
def busy(threads):
    """While this lasts the only thread does something else."""
    go_on = threading.Event()
    threads.submit(go_on.wait)
    try:
        yield
    finally:
        go_on.set()


@pytest.mark.parametrize("begun", [(1, STANDARD), (0, STANDARD), (1, BY_LINES)])
def test_a_page_is_what_it_is_wherever_it_is_made_ready(prompt, begun):
    here, beside = Coder(FINE, Config()), Coder(FINE, Config(), prompt)
    beside.begin(*begun)
    wanted, got = here.take(1, STANDARD), beside.take(1, STANDARD)
    assert got.octets == wanted.octets
    assert np.array_equal(got.page.rows, wanted.page.rows)
    assert got.page.height == FINE[1].height // 2


def test_a_page_does_not_wait_for_threads_that_are_busy(threads, made_in):
    with busy(threads):
        coder = Coder(FINE, Config(), threads)
        coder.begin(0, STANDARD)
        coder.take(0, STANDARD)
    assert made_in == [threading.current_thread().name]


def test_what_is_begun_and_not_wanted_any_more_is_not_made(threads, made_in):
    with busy(threads):
        coder = Coder(FINE, Config(), threads)
        coder.begin(0, BY_LINES)
        coder.begin(0, STANDARD)
    threads.submit(int).result()
    assert made_in == ["beside"]


def test_what_cannot_be_coded_is_told_by_who_takes_it(prompt):
    coder = Coder(FINE, Config(), prompt)
    coder.begin(0, replace(STANDARD, coding="T.85"))
    with pytest.raises(T4Error, match=r"T\.85"):
        coder.take(0, replace(STANDARD, coding="T.85"))


@pytest.mark.parametrize("resolution", ["R8 × 3.85", "R8 × 7.7"])
@pytest.mark.parametrize("length", ["A4", "B4"])
@pytest.mark.parametrize("replaces", [False, True])
def test_a_page_is_no_longer_with_its_header_than_it_may_be(resolution, length, replaces):
    black = Page.from_black(np.ones((3200, 1728), np.bool_), Resolution.FINE)
    now = replace(STANDARD, resolution=resolution, length=length)
    header = Header(name="Office", replaces=replaces)
    bare, headed = (Coder([black], Config(header=one)).take(0, now).page for one in (None, header))
    assert headed.height == bare.height
    assert headed.rows[-1].any()


def test_a_sheet_whose_end_is_white_is_not_reduced_for_its_header():
    now = replace(STANDARD, resolution="R8 × 7.7", length="A4")
    sheet = Coder([letter()], Config(header=Header(name="Office"))).take(0, now).page
    assert sheet.height < letter().height + 32
    rest = sheet.rows[32:]
    assert np.array_equal(rest, letter().rows[: len(rest)])


def test_a_terminal_has_its_pages_made_ready_beside_the_call(prompt, made_in):
    able = replace(EVERYTHING, fine=False, superfine=False, dpi_300=False, dpi_400=False)
    received = Pages()
    here = FaxTerminal(True, send=FINE, executor=prompt)
    there = FaxTerminal(False, receive=received, config=Config(able=able))
    made = call(here, there)
    assert made.ok
    assert made_in == ["beside", "beside"]
    wanted = [Coder(FINE, Config()).take(index, STANDARD).page.rows for index in (0, 1)]
    assert all(np.array_equal(page.rows, rows) for page, rows in zip(received, wanted, strict=True))
