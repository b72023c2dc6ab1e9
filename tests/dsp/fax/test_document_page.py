import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays
from PIL import Image

from dsp.fax.document import DocumentError, Page, Paper, Resolution
from dsp.fax.document_page import centred
from dsp.fax.document_resolution import Density, fax_resolution, near

pixels = arrays(np.bool_, array_shapes(min_dims=2, max_dims=2, max_side=40))
resolutions = st.sampled_from(Resolution)


@given(pixels, resolutions)
def test_pixels_come_out_of_a_page_as_they_went_in(black, resolution):
    page = Page.from_black(black, resolution)
    assert np.array_equal(page.black(), black)
    again = Page.from_image(page.image(), resolution)
    assert np.array_equal(again.rows, page.rows)
    assert (again.width, again.height) == black.shape[::-1]


def test_the_first_pixel_is_the_most_significant_bit_and_black_is_one():
    image = Image.new("1", (10, 1), 1)
    image.putpixel((0, 0), 0)
    image.putpixel((9, 0), 0)
    assert Page.from_image(image, Resolution.FINE).rows.tolist() == [[0x80, 0x40]]


@pytest.mark.parametrize(
    ("rows", "width"),
    [
        (np.zeros((2, 2), np.uint8), 17),
        (np.zeros((2, 2), np.int16), 16),
        (np.zeros((0, 2), np.uint8), 16),
        (np.zeros((2, 0), np.uint8), 0),
        (np.zeros(2, np.uint8), 16),
        (np.full((2, 2), 1, np.uint8), 15),
    ],
)
def test_what_is_no_page_is_refused(rows, width):
    with pytest.raises(DocumentError):
        Page(rows, width, Resolution.FINE)


def test_an_image_with_greys_is_no_page():
    with pytest.raises(DocumentError, match="'L'"):
        Page.from_image(Image.new("L", (8, 8)), Resolution.FINE)


def test_the_numbers_of_t4_and_rfc_2301():
    fine = Resolution.FINE
    assert [one.width(fine) for one in (Paper.A4, Paper.B4, Paper.A3)] == [1728, 2048, 2432]
    assert [one.width(Resolution.DPI_300) for one in (Paper.A4, Paper.B4, Paper.A3)] == [
        2592,
        3072,
        3648,
    ]
    assert [one.width(Resolution.R16) for one in (Paper.A4, Paper.B4, Paper.A3)] == [
        3456,
        4096,
        4864,
    ]
    assert [one.tags for one in (Resolution.STANDARD, fine, Resolution.SUPERFINE)] == [
        (204, 98),
        (204, 196),
        (204, 391),
    ]
    assert Resolution.R16.tags == (408, 391)
    assert Resolution.R16.label == "R16 × 15.4"


@given(resolutions, st.sampled_from(Paper))
def test_a_sheet_is_known_by_its_pixels(resolution, paper):
    found = Paper.of(paper.width(resolution), resolution)
    assert found is not None
    assert found.width(resolution) == paper.width(resolution)
    x, y = Page(
        np.zeros((paper.height(resolution), paper.width(resolution) // 8), np.uint8),
        paper.width(resolution),
        resolution,
    ).inches
    assert abs(y * 25.4 - paper.value[1]) < 0.5
    assert abs(x * 25.4 / {864: 215, 1024: 255, 1216: 303}[paper.value[0]] - 1) < 0.03


@given(resolutions, st.floats(0.98, 1.02), st.sampled_from([1, 1 / 2.54]))
def test_tags_a_little_off_or_in_the_other_unit_are_understood(resolution, off, unit):
    density = Density(resolution.tags[0] * off * unit, resolution.tags[1] * off * unit)
    found = fax_resolution(Paper.A4.width(resolution), 1000, density)
    assert found is not None
    assert (found.columns, found.lines) == (resolution.columns, resolution.lines)
    if off == 1:
        assert found is resolution


@pytest.mark.parametrize(
    ("width", "height", "x", "y", "expected"),
    [
        (1728, 1100, 0, 0, "STANDARD"),
        (1728, 2287, 0, 0, "FINE"),
        (1728, 4573, 0, 0, "SUPERFINE"),
        (2432, 1600, 0, 0, "FINE"),
        (1728, 2200, 72, 72, "FINE"),
        (1728, 1100, 72, 72, "STANDARD"),
        (1728, 2200, 96, 46, "STANDARD"),
        (1728, 2200, 1, 2, "DPI_200X400"),
        (1728, 2200, float("nan"), float("inf"), "FINE"),
        (2592, 3300, 0, 0, "DPI_300"),
        (3456, 4400, 0, 0, "R16"),
        (1728, 100_000, 0, 0, "SUPERFINE"),
    ],
)
def test_where_tags_tell_nothing_the_shape_does(width, height, x, y, expected):
    assert fax_resolution(width, height, Density.of(x, y)) is Resolution[expected]


@pytest.mark.parametrize("width", [1, 100, 1700, 1727, 1729, 2550])
def test_what_is_no_width_of_a_fax_is_none(width):
    assert fax_resolution(width, 2200, Density(204, 196)) is None


@pytest.mark.parametrize("value", ["x", None, (1, 2), -3, 0, float("nan")])
def test_a_density_that_is_none_is_unknown(value):
    assert not Density.of(value, 200).known
    assert near(Density.of(value, 200)) is None


def test_what_is_narrower_is_put_in_the_middle():
    page = centred(np.ones((1, 3), np.bool_), 8, Resolution.FINE)
    assert page.rows.tolist() == [[0b00111000]]
