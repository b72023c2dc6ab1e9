import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from dsp.fax.document import DocumentError, Page, Paper, Resolution, fit, suitable
from dsp.fax.document_tone import dithered
from tests.support.pages import FAX, blots, letters, ramp, same

RESOLUTIONS = st.sampled_from(Resolution)
STANDARD, FINE, SUPERFINE = Resolution.STANDARD, Resolution.FINE, Resolution.SUPERFINE


@settings(max_examples=20, deadline=None)
@given(RESOLUTIONS, RESOLUTIONS, st.sampled_from(Paper), st.sampled_from(Paper), st.integers(1, 90))
def test_a_page_has_what_was_asked_for(old, new, paper, onto, height):
    page = blots(paper.width(old), height, old)
    fitted = fit(page, onto.width(new), new)
    assert fitted.width == onto.width(new)
    assert fitted.resolution is new
    reduced = min(1, onto.value[0] / paper.value[0])
    expected = height * new.lines / old.lines * reduced
    assert abs(fitted.height - expected) <= 1
    assert not fitted.rows.any() or page.rows.any()


@given(RESOLUTIONS, st.sampled_from(Paper))
@settings(max_examples=20, deadline=None)
def test_what_fits_is_not_touched(resolution, paper):
    page = blots(paper.width(resolution), 5, resolution)
    assert fit(page, page.width, resolution) is page


def test_the_metric_and_the_inch_page_are_the_same():
    page = blots(1728, 50, FINE)
    other = fit(page, 1728, Resolution.DPI_200)
    assert np.array_equal(other.rows, page.rows)
    assert other.resolution is Resolution.DPI_200
    assert same(fit(other, 1728, FINE), page)


def test_narrow_paper_is_put_in_the_middle_of_wide():
    page = blots(1728, 50, FINE)
    wide = fit(page, 2048, FINE)
    assert np.array_equal(wide.black()[:, 160:1888], page.black())
    assert int(wide.black().sum()) == int(page.black().sum())


def test_going_finer_and_back_is_the_same():
    page = blots(1728, 50, STANDARD)
    assert same(fit(fit(page, 1728, SUPERFINE), 1728, STANDARD), page)
    assert same(fit(fit(page, 3456, Resolution.R16), 1728, STANDARD), page)


@pytest.mark.parametrize("resolution", [STANDARD, FINE])
@pytest.mark.parametrize("paper", [Paper.A4, Paper.B4, Paper.A3])
@pytest.mark.parametrize("across", [False, True])
def test_a_line_of_one_pixel_is_never_lost(resolution, paper, across):
    width = paper.width(SUPERFINE)
    for place in range(100, 120):
        black = np.zeros((200, width), np.bool_)
        if across:
            black[place] = True
        else:
            black[:, place] = True
        fitted = fit(Page.from_black(black, SUPERFINE), 1728, resolution).black()
        line = fitted.any(axis=1 if across else 0)
        assert 1 <= line.sum() <= 2
        along = fitted[line.argmax()] if across else fitted[:, line.argmax()]
        assert along.mean() > 0.98


def test_letters_stay_legible_as_libtiff_has_them():
    """A page of text at fine, as standard: each pixel is black where one of its two was."""
    text = letters(0, FAX / "page.tiff")
    text = text[: len(text) // 2 * 2]
    fitted = fit(Page.from_black(text, FINE), 1728, STANDARD).black()
    assert np.array_equal(fitted, text[::2] | text[1::2])


@pytest.mark.parametrize(("width", "resolution"), [(1728, STANDARD), (1728, FINE), (2048, FINE)])
def test_a_photograph_keeps_its_greys(width, resolution):
    page = Page.from_black(dithered(ramp(2048, 1600)), SUPERFINE)
    fitted = fit(page, width, resolution).black()
    for old, new in zip(
        np.array_split(page.black(), 8, axis=1), np.array_split(fitted, 8, axis=1), strict=True
    ):
        assert abs(old.mean() - new.mean()) < 0.003


@pytest.mark.parametrize(
    ("own", "among", "expected"),
    [
        (SUPERFINE, [STANDARD, FINE, SUPERFINE], SUPERFINE),
        (SUPERFINE, [STANDARD, FINE], FINE),
        (SUPERFINE, [], STANDARD),
        (FINE, [SUPERFINE, Resolution.DPI_300], STANDARD),
        (Resolution.DPI_200, [FINE, Resolution.DPI_200], Resolution.DPI_200),
        (FINE, [Resolution.DPI_200, FINE], FINE),
        (Resolution.DPI_200, [FINE], FINE),
        (Resolution.R16, [Resolution.DPI_400, SUPERFINE], Resolution.DPI_400),
        (Resolution.R16, [Resolution.DPI_300, SUPERFINE], Resolution.DPI_300),
        (Resolution.DPI_1200, [Resolution.DPI_600, FINE], Resolution.DPI_600),
        (STANDARD, list(Resolution), STANDARD),
    ],
)
def test_the_finest_that_the_far_end_can_take(own, among, expected):
    assert suitable(own, among) is expected
    assert suitable(own, reversed(among)) is expected


def test_no_line_is_no_page():
    with pytest.raises(DocumentError):
        fit(blots(1728, 2), 0, FINE)


@given(
    st.integers(1, 3000), st.integers(1, 3000), st.sampled_from(Resolution), st.integers(1, 3000)
)
@example(2305, 1, STANDARD, 1)
@settings(max_examples=30, deadline=None)
def test_what_is_too_long_is_reduced_both_ways(width, height, resolution, most):
    page = Page.from_black(np.ones((height, width), np.bool_), resolution)
    fitted = fit(page, 1728, FINE, lines=most)
    assert (fitted.width, fitted.resolution) == (1728, FINE)
    assert fitted.height <= most
    free, bound = fit(page, 1728, FINE), fitted.height / fit(page, 1728, FINE).height
    if free.height <= most:
        assert same(free, fitted)
    else:
        columns = [one.black().any(axis=0).sum() for one in (fitted, free)]
        # heights are rounded to whole lines, both of them
        assert abs(columns[0] - columns[1] * bound) < 1.5 + columns[1] / min(most, free.height)


@given(st.integers(1, 60), st.integers(0, 60), st.integers(1, 80))
@example(10, 50, 20)
@settings(max_examples=50, deadline=None)
def test_what_is_too_long_loses_white_lines_at_its_end_before_it_is_reduced(inked, white, most):
    black = np.zeros((inked + white, 1728), np.bool_)
    black[:inked] = True
    page, shorter = (Page.from_black(one, FINE) for one in (black, black[:inked]))
    fitted, least = (fit(one, 1728, FINE, lines=most) for one in (page, shorter))
    assert least.height <= fitted.height == min(page.height, most)
    assert np.array_equal(fitted.rows[: least.height], least.rows)
    assert not fitted.rows[least.height :].any()


def test_no_lines_are_no_page():
    with pytest.raises(DocumentError, match="0 lines"):
        fit(blots(1728, 2), 1728, FINE, lines=0)
