from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from dsp.fax.document_tone import bilevel, dithered, dotted
from tests.support.pages import letters, libtiff_page, ramp


def test_dots_are_told_from_letters_and_from_nothing():
    dots = dithered(ramp(640, 320))
    assert dotted(dots).mean() > 0.9
    assert not dotted(libtiff_page(1)).all()
    assert not dotted(np.zeros((320, 640), np.bool_)).any()
    strokes = np.zeros((320, 640), np.bool_)
    strokes[:, ::8] = strokes[:, 1::8] = strokes[:, 2::8] = True
    assert not dotted(strokes).any()


def parts(pixels: np.ndarray) -> list[float]:
    return [float(part.mean()) for part in np.array_split(pixels, 8, axis=1)]


def test_dots_are_as_dense_as_the_grey_is_dark():
    grey = ramp(1024, 256)
    dark = 1 - np.array(parts(np.asarray(grey))) / 255
    assert np.allclose(parts(dithered(grey)), dark, atol=0.005)
    # the darkest and the lightest may be black and white
    assert np.allclose(parts(bilevel(grey, "auto"))[1:-1], dark[1:-1], atol=0.02)


def test_hard_edges_do_not_shift_the_grey():
    hard = Image.fromarray(np.tile([[255, 255, 128, 255]], (64, 64)).astype(np.uint8))
    assert abs(dithered(hard).mean() - 127 / 255 / 4) < 0.003


def test_a_threshold_is_one():
    hard = bilevel(ramp(1024, 256), "threshold")
    assert (np.diff(hard.astype(int), axis=1) <= 0).all()
    assert 0.4 < hard.mean() < 0.8


@pytest.mark.parametrize("paper", [255, 240, 200, 180])
@pytest.mark.parametrize("ink", [0, 60])
def test_a_scan_of_text_gets_white_paper_and_whole_letters(paper, ink):
    text = letters(1)[:, :1600]
    noise = np.random.default_rng(1).normal(0, 3, text.shape)
    scan = Image.fromarray((np.where(text, ink, paper) + noise).clip(0, 255).astype(np.uint8))
    for tone in ("auto", "threshold"):
        assert np.array_equal(bilevel(scan, tone), text)


def test_a_page_may_have_both():
    text = letters(1)[:320]
    page = np.where(text, 0, 255).astype(np.uint8)
    picture = np.asarray(ramp(page.shape[1], 320))
    both = bilevel(
        Image.fromarray(np.concatenate([page, np.full_like(page, 255), picture])), "auto"
    )
    assert np.array_equal(both[:320], text)
    shown = np.array_split(both[640:], 8, axis=1)
    assert all(one.mean() > two.mean() for one, two in pairwise(shown))
    assert 0.3 < both[640:].mean() < 0.7


@given(st.integers(1, 40), st.integers(1, 40), st.integers(0, 255))
def test_pages_of_one_tone(width, height, level):
    for tone in ("auto", "dither", "threshold"):
        black = bilevel(Image.new("L", (width, height), level), tone)
        assert black.shape == (height, width)
        if level in (0, 255):
            assert black.all() == (level == 0)
