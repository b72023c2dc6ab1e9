from datetime import datetime

import numpy as np
import pytest

from dsp.fax.document import DocumentError, Header, Paper, Resolution
from tests.support.pages import blots

HEADER = Header(datetime(2026, 11, 26, 1, 20), "Office", "+1 555 0100", "+1 555 0199")


@pytest.mark.parametrize(
    ("resolution", "height"),
    [
        (Resolution.STANDARD, 16),
        (Resolution.FINE, 32),
        (Resolution.SUPERFINE, 64),
        (Resolution.DPI_200, 32),
        (Resolution.R16, 64),
    ],
)
def test_the_header_is_as_high_as_it_says(resolution, height):
    page = blots(Paper.A4.width(resolution), 200, resolution)
    pushed = HEADER.on(page, 1, 2)
    assert pushed.height == 200 + height
    assert np.array_equal(pushed.rows[height:], page.rows)
    replaced = Header(name="x", replaces=True).on(page, 1)
    assert replaced.height == 200
    assert np.array_equal(replaced.rows[height:], page.rows[height:])
    top = pushed.black()[:height]
    assert top[:, : page.width // 4].any()
    assert top[:, 3 * page.width // 4 :].any()
    assert 0.01 < top.mean() < 0.3
    assert pushed.resolution is resolution


def test_a_page_that_is_shorter_than_its_header():
    page = Header(name="x", replaces=True).on(blots(1728, 3), 1)
    assert page.height == 32


def test_what_is_in_the_header():
    assert HEADER.text(2, None)[-1] == "Page 2"
    assert Header().text(1, 1) == ("1/1",)
    assert Header(name="two\nlines").text(1, 1) == ("two lines", "1/1")


def test_a_long_header_is_squeezed_and_whole():
    long = Header(name="W" * 300, ident="I" * 20)
    top = long.on(blots(1728, 10), 1, 1).black()[:32]
    assert not top[:, :20].any()
    assert not top[:, -20:].any()
    assert top[:, 1640:1690].any()


def test_a_font_that_cannot_be_read_is_told_before_a_call(tmp_path):
    with pytest.raises(DocumentError, match=r"none\.ttf"):
        Header(font=tmp_path / "none.ttf")


@pytest.mark.parametrize(
    "name", ["\x00\x1b\x85\u2029", "\u05e9\u05dc\u05d5\u05dd", "\ud800", "e\u0301" * 99]
)
def test_any_name_is_drawn(name):
    assert Header(name=name).on(blots(1728, 10), 1, 1).height == 42
