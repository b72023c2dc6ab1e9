"""Pages made to fit what the far end can take.

Lines and pixels are counted by the grid that T.30's resolutions have: R8 × 7.7 has twice the
lines of R8 × 3.85, and 200 × 200 has as many as R8 × 7.7, so a page of the one goes as the other
as it is.
"""

from __future__ import annotations

import math
from collections.abc import Iterable

import numpy as np
from PIL import Image

from dsp.fax.document_page import Black, DocumentError, Page, Resolution, centred
from dsp.fax.document_tone import DOTTED, dithered, dotted, spread

__all__ = ["fit", "suitable"]


def suitable(resolution: Resolution, among: Iterable[Resolution]) -> Resolution:
    """The resolution to send a page at.

    Parameters
    ----------
    resolution
        The page's own.
    among
        Those that the far end takes; the standard one is taken by all.

    Returns
    -------
    Resolution
        The finest of them that is not finer than the page; the page's own kind, metric or by
        inches, if there are both.

    Examples
    --------
    >>> suitable(Resolution.SUPERFINE, [Resolution.DPI_300, Resolution.FINE])
    <Resolution.FINE: 'R8 × 7.7'>
    """
    fitting = (
        one
        for one in (*among, Resolution.STANDARD)
        if one.columns <= resolution.columns and one.lines <= resolution.lines
    )

    def worth(one: Resolution) -> tuple[int, int, bool]:
        return one.columns * one.lines, one.lines, one.metric == resolution.metric

    return max(fitting, key=worth, default=Resolution.STANDARD)


def fit(page: Page, width: int, resolution: Resolution, *, lines: int | None = None) -> Page:
    """Make a page of another width and resolution.

    Paper that is wider, or longer, is reduced in both directions, paper that is narrower is put in
    the middle. What is too long loses white lines at its end first. A line of one pixel is never
    lost, however much the page is reduced; a part of dots, as a dithered photograph is, gets new
    dots as dense.

    Parameters
    ----------
    page
        Any.
    width, resolution
        What it is to have.
    lines
        How many it may have; ``None`` is any number.

    Returns
    -------
    Page
        The page itself where nothing is to be done.

    Examples
    --------
    >>> page = Page.from_black(np.ones((400, 2048), dtype=np.bool_), Resolution.SUPERFINE)
    >>> less = fit(page, 1728, Resolution.STANDARD)
    >>> less.width, less.height, bool(less.black().all())
    (1728, 84, True)
    """
    if width < 1 or (lines is not None and lines < 1):
        raise DocumentError(f"{lines} lines of {width} pixels are no page")
    across = resolution.columns / page.resolution.columns
    down = resolution.lines / page.resolution.lines
    scale = min(1.0, width / (page.width * across))
    if lines is not None and round(page.height * down * scale) > lines:
        page = _ending(page, int(lines / (down * scale)))
        scale = min(scale, lines / (page.height * down))
    if page.width == width and page.resolution is resolution and scale == 1.0:
        return page
    size = max(1, round(page.width * across * scale)), max(1, round(page.height * down * scale))
    if size == (page.width, page.height) and size[0] == width:
        return Page(page.rows, width, resolution)
    return centred(_scaled(page, size), width, resolution)


def _ending(page: Page, least: int) -> Page:
    """The page without the white lines at its end that come after so many."""
    inked = np.flatnonzero(page.rows.any(axis=1))
    height = max(1, least, int(inked[-1]) + 1 if len(inked) else 0)
    return Page(page.rows[:height], page.width, page.resolution)


def _scaled(page: Page, size: tuple[int, int]) -> Black:
    black = page.black()
    if size == (page.width, page.height):
        return black
    grey = page.image().convert("L").resize(size, Image.Resampling.BOX)
    # a pixel of the new page is the mean of up to `most` of the old one in each direction
    most = max(1, math.ceil(page.width / size[0]), math.ceil(page.height / size[1]))
    scaled: Black = np.asarray(grey) <= 255 * (1 - 1 / most) + 0.75
    if most > 1:
        dots = dotted(black)
        if dots.any():
            renewed = spread(dots, DOTTED, black.shape, scaled.shape)
            scaled = np.where(renewed, dithered(grey), scaled)
    return scaled
