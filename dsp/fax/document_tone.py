"""Grey made black or white: text by a threshold, photographs by error diffusion.

A page may have both. It is looked at in squares of 8 × 8 pixels: where several of them next to
each other are neither white nor black, and even, there is a tone that only dots can show. What
is uneven are edges, those of letters among them, and dots would make them ragged. The colour of
the paper of a scan is taken for white first, or all of it would be dots.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scipy import ndimage

from dsp.fax.document_options import Tone
from dsp.fax.document_page import Black
from dsp.fax.document_tone_kernel import diffuse

__all__ = ["DOTTED", "bilevel", "dithered", "dotted", "spread"]

DOTTED = 32
"""Pixels a side of the squares that are looked at for dots."""

_SQUARE = 8
_AROUND = 7
_EVEN = 64
_DARKEST, _LIGHTEST = 40, 225
_SHARE = 0.15

_PAPER = 160
_PAPER_SHARE = 0.4
_PAPER_WIDTH = 12

_LIGHTER = 1 / 3
_LEAST_THRESHOLD, _MOST_THRESHOLD = 80, 200

_DOTS_AROUND = 3
_DOTS_SHARE = 0.3
_DOTS_EDGES = 2.5
_DOTS_LEAST = 0.03

_1, _2, _4, _24 = map(np.uint32, (1, 2, 4, 24))
_PAIRS, _FOURS, _EIGHTS, _ALL = map(np.uint32, (0x55555555, 0x33333333, 0x0F0F0F0F, 0x01010101))

_Greys = NDArray[np.uint8]


def bilevel(grey: Image.Image, tone: Tone) -> Black:
    """Make grey black or white.

    Parameters
    ----------
    grey
        Of mode ``"L"``.
    tone
        See :class:`~dsp.fax.document_options.Options`.

    Examples
    --------
    >>> ramp = Image.linear_gradient("L")
    >>> for tone in ("threshold", "dither"):
    ...     black = bilevel(ramp, tone)
    ...     round(float(black.mean()), 2), round(float(black[100:150].mean()), 2)
    (0.67, 1.0)
    (0.5, 0.51)
    """
    if tone == "dither":
        return dithered(grey)
    greys = _on_white(np.asarray(grey))
    if tone == "threshold":
        return greys < _threshold(greys)
    toned = spread(_even(greys), _SQUARE, greys.shape, greys.shape)
    if not toned.any():
        return greys < _threshold(greys)
    sharp = greys[~toned]
    black = greys < (_threshold(sharp) if sharp.size else _MOST_THRESHOLD)
    return np.where(toned, dithered(Image.fromarray(greys)), black)


def dithered(grey: Image.Image) -> Black:
    """Dots as dense as the grey, of mode ``"L"``, is dark."""
    greys = np.asarray(grey)
    black = np.empty(greys.shape, dtype=np.bool_)
    diffuse(greys, black, np.zeros((2, grey.width + 2), dtype=np.int32))
    return black


def spread(squares: Black, side: int, shape: tuple[int, ...], onto: tuple[int, ...]) -> Black:
    """Which pixels of a page belong to squares of another, which is as large in its own pixels.

    Parameters
    ----------
    squares, side
        Squares that are chosen, and how many pixels a side of one has.
    shape
        Of the page that has been cut into squares.
    onto
        Of the page that is asked for.
    """
    down, across = (
        np.arange(new) * old // new // side for old, new in zip(shape, onto, strict=True)
    )
    return squares.take(down, axis=0).take(across, axis=1)


def dotted(black: Black) -> Black:
    """Which squares of :data:`DOTTED` pixels are filled with dots, as dithering leaves them.

    A dot has four edges to its one pixel, a stroke of text one or less.
    """
    beyond = -black.shape[1] % DOTTED
    if beyond:
        # the last column is repeated
        black = np.pad(black, ((0, 0), (0, beyond)), mode="edge")
    octets = np.packbits(black, axis=1)
    before = np.right_shift(octets, 1)
    before[:, 1:] |= np.left_shift(octets[:, :-1], 7)
    before[:, 0] |= np.bitwise_and(octets[:, 0], 0x80)
    down = np.zeros_like(octets)
    down[1:] = octets[1:] ^ octets[:-1]
    area = DOTTED * DOTTED
    share = _ones(octets) / area
    per_pixel = (_ones(octets ^ before) + _ones(down)) / area
    fewer = np.minimum(share, 1 - share)
    dots = (fewer > _DOTS_LEAST) & (per_pixel > _DOTS_EDGES * fewer)
    return _mostly(dots, _DOTS_AROUND, _DOTS_SHARE)


def _ones(octets: NDArray[np.uint8]) -> NDArray[np.int64]:
    """How many there are in each square of :data:`DOTTED` bits; the last line is repeated."""
    below = -len(octets) % DOTTED
    if below:
        octets = np.pad(octets, ((0, below), (0, 0)), mode="edge")
    words: NDArray[np.uint32] = octets.view(np.uint32)
    # pairs of bits, then fours, then octets, are added beside each other
    words = words - ((words >> _1) & _PAIRS)
    words = (words & _FOURS) + ((words >> _2) & _FOURS)
    words = (((words + (words >> _4)) & _EIGHTS) * _ALL) >> _24
    squares = words.reshape(-1, DOTTED, words.shape[1])
    counts: NDArray[np.int64] = squares.sum(axis=1, dtype=np.int64)
    return counts


def _squares(pixels: NDArray[np.generic], side: int) -> NDArray[np.uint8]:
    """``(squares down, side, squares across, side)``; the last line and column are repeated."""
    down, across = (-length % side for length in pixels.shape)
    padded = np.pad(pixels, ((0, down), (0, across)), mode="edge").astype(np.uint8, copy=False)
    return padded.reshape(padded.shape[0] // side, side, padded.shape[1] // side, side)


def _even(greys: _Greys) -> Black:
    """Which squares are of a part of the page that is a picture."""
    squares = _squares(greys, _SQUARE)
    least, most = squares.min(axis=(1, 3)), squares.max(axis=(1, 3))
    even = (most - least < _EVEN) & (most > _DARKEST) & (least < _LIGHTEST)
    return _mostly(even, _AROUND, _SHARE)


def _mostly(squares: Black, side: int, share: float) -> Black:
    """Where more than this share of the squares around are chosen."""
    around = ndimage.uniform_filter(squares.astype(np.float32), side, mode="nearest")
    chosen: Black = around > share
    return chosen


def _on_white(greys: _Greys) -> _Greys:
    """Make the paper white, where most of the page is of one light tone."""
    counts = np.bincount(greys.ravel(), minlength=256)
    near = np.convolve(counts, np.ones(2 * _PAPER_WIDTH + 1), mode="same")
    paper = _PAPER + int(np.argmax(near[_PAPER:]))
    if near[paper] < _PAPER_SHARE * greys.size:
        return greys
    levels = np.arange(256) * 255.0 / (paper - _PAPER_WIDTH)
    lighter: _Greys = np.minimum(np.rint(levels), 255).astype(np.uint8)[greys]
    return lighter


def _threshold(greys: _Greys) -> int:
    """The least grey that is white: what parts the greys into two heaps best (Otsu, 1979).

    It is moved a third of the way to white, for thin and for pale letters.
    """
    counts = np.bincount(greys.ravel(), minlength=256).astype(np.float64)
    levels = np.arange(256)
    below, weighted = np.cumsum(counts), np.cumsum(counts * levels)
    above = below[-1] - below
    with np.errstate(divide="ignore", invalid="ignore"):
        apart = weighted / below - (weighted[-1] - weighted) / above
    between = np.nan_to_num(below * above * apart**2)
    # several in a row part them alike where there are no greys between: the middle one
    best = np.flatnonzero(between >= between.max() * (1 - 1e-12))
    middle = 127 if between.max() == 0 else (best[0] + best[-1]) / 2
    lighter = round(middle + (255 - middle) * _LIGHTER) + 1
    return min(max(lighter, _LEAST_THRESHOLD), _MOST_THRESHOLD)
