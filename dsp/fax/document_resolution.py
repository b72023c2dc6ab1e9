"""What resolution a page of a file has, whatever its tags say.

Fax programs have written TIFF with tags that are missing, are zero, are in the other unit, or are
an editor's 72 dpi. What does not lie is how many pixels a line has: none of T.4's widths is that
of another sheet at another resolution. The tags only have to tell how high the lines are, and
where they tell nothing, the number of lines does: a page is about as long as its paper.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

from dsp.fax.document_page import Paper, Resolution

__all__ = ["Density", "fax_resolution", "near"]

_INCH = 2.54
_TOLERANCE = 0.05
_RATIO_TOLERANCE = 0.1
_PAGE = 1.25
"""A page may be so much longer than A4 before it is taken for one of more lines an inch."""


@dataclass(frozen=True, slots=True)
class Density:
    """Pixels an inch as a file has them; 0 is unknown.

    Parameters
    ----------
    x, y
        Along a line, and lines.
    """

    x: float = 0.0
    y: float = 0.0

    @classmethod
    def of(cls, x: object, y: object, factor: float = 1.0) -> Density:
        """From what a file says, which may be anything."""
        return cls(_positive(x) * factor, _positive(y) * factor)

    @property
    def known(self) -> bool:
        """Whether both are."""
        return self.x > 0 and self.y > 0

    def turned(self) -> Density:
        """Of the page turned by 90°."""
        return Density(self.y, self.x)


def _positive(value: object) -> float:
    try:
        number = float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError, ZeroDivisionError):
        return 0.0
    return number if math.isfinite(number) and number > 0 else 0.0


def near(density: Density, among: Iterable[Resolution] = Resolution) -> Resolution | None:
    """The resolution that is meant, if one is near enough.

    Examples
    --------
    >>> near(Density(203, 98)).label, near(Density(200, 100)).label, near(Density(72, 72))
    ('R8 × 3.85', '200 × 100', None)
    """
    if not density.known:
        return None

    def off(one: Resolution) -> float:
        return max(abs(math.log(density.x / one.x)), abs(math.log(density.y / one.y)))

    best = min(among, key=off, default=None)
    return best if best is not None and off(best) < _TOLERANCE else None


def fax_resolution(width: int, height: int, density: Density) -> Resolution | None:
    """The resolution of a black and white page, if it is as wide as a fax is.

    Parameters
    ----------
    width, height
        Its pixels.
    density
        What its file says.

    Examples
    --------
    >>> fax_resolution(1728, 1100, Density()), fax_resolution(1728, 2200, Density(72, 72))
    (<Resolution.STANDARD: 'R8 × 3.85'>, <Resolution.FINE: 'R8 × 7.7'>)
    >>> fax_resolution(2592, 3300, Density(118.1, 118.1)).label
    '300 × 300'
    """
    among = [one for one in Resolution if Paper.of(width, one)]
    if not among:
        return None
    per_centimetre = Density(density.x * _INCH, density.y * _INCH)
    found = near(density, among) or near(per_centimetre, among)
    return found or _by_ratio(density, among) or _by_length(height, among)


def _by_ratio(density: Density, among: list[Resolution]) -> Resolution | None:
    """Where the unit is lost, or is that of an editor: the shape of the pixels.

    Square ones are what editors write by themselves and tell nothing, if lines can be of several
    heights.
    """
    if not density.known or density.x == density.y:
        return None

    def off(one: Resolution) -> float:
        return abs(math.log(density.y / density.x * one.x / one.y))

    best = min(among, key=off)
    return best if off(best) < _RATIO_TOLERANCE else None


def _by_length(height: int, among: list[Resolution]) -> Resolution:
    usual = [one for one in among if one.metric] or among
    fitting = (one for one in usual if height <= _PAGE * Paper.A4.height(one))
    return next(fitting, usual[-1])
