"""The resolutions, of which there is one table for frames and for pages."""

import pytest

from dsp.fax.fields import FrameError, Resolution, resolutions


@pytest.mark.parametrize("one", Resolution)
def test_a_label_is_the_numbers(one):
    if one.metric:
        label = f"R{4 * one.columns} × {3.85 * one.lines:.4g}"
    else:
        label = f"{100 * one.columns} × {100 * one.lines}"
    assert one.label == label
    # TIFF-F has 204 for R8, which are 204.1
    assert one.tags == (round(one.x - 0.1), round(one.y))


@pytest.mark.parametrize("one", Resolution)
def test_resolutions_have_names(one):
    assert Resolution.named(one.label) is one
    assert Resolution.named(one.name.lower()) is one
    assert resolutions()[one.label] is one


def test_all_are_in_the_table_and_no_others():
    assert set(resolutions().values()) == set(Resolution)
    with pytest.raises(FrameError, match="'coarse'"):
        Resolution.named("coarse")


def test_the_finest_come_first():
    pixels = [one.columns * one.lines for one in resolutions().values()]
    assert pixels == sorted(pixels, reverse=True)


def test_those_by_the_inch_have_the_bit_that_says_so_and_those_by_the_millimetre_have_not():
    assert all((44 in one.bits[0]) != one.metric for one in Resolution)
    sent = [one.bits[0] for one in Resolution]
    assert len(set(sent)) == len(sent)
