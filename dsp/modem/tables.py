"""What the receiver's loop knows of a modem and a training, as the arrays that it takes."""

from __future__ import annotations

from functools import lru_cache
from math import ceil

import numpy as np
from numpy.typing import NDArray

from dsp.modem.acquire import MOVES
from dsp.modem.differential import Differential
from dsp.modem.equaliser_kernel import MIDDLE, SPAN
from dsp.modem.front import LEAD, TAPS, front
from dsp.modem.receive_kernel import TABLES
from dsp.modem.scheme import Scheme, Training
from dsp.modem.search_kernel import PATTERN
from dsp.modem.trellis import Trellis, subsets
from dsp.modem.trellis_kernel import DEPTH, EACH
from dsp.modem.types import Complex
from dsp.types import RATE

__all__ = ["data_points", "fitted_symbols", "grouping", "parts", "tables"]

_FITTED = 400
"""Symbols of a training that are fitted at once; the rest is learned as it comes."""

_ADAPT_STEP = 4e-4
_BY_CHANCE = {Differential: 0.07, Trellis: 0.19}
"""Noise in parts of the least squared distance of points: more is in symbols decided by chance.

Those are 0.09 to 0.25 and 0.25 to 0.36 away; where 1e-4 of the bits are wrong it is 0.03 to 0.05
and 0.11.
"""
_PATIENCE = 0.055
"""Seconds for which a signal may be away: two frames of 20 ms that were lost, and no more than
T.30 lets pass between a page and what V.21 says next: 75 ms, give or take 20."""

_FADING = 37
"""Symbols in which the mean power falls to where a signal counts as gone, if there is no noise."""


def parts(values: NDArray[np.complexfloating]) -> NDArray[np.float32]:
    """Return real and imaginary parts, ``(2, n)``."""
    return np.stack([values.real, values.imag]).astype(np.float32)


def grouping(scheme: Scheme, training: Training) -> tuple[int, int]:
    """Symbols in a group of the search's pattern, about 13 ms, and how many groups it has."""
    group = 32 if scheme.symbol_rate == 2400 else 16
    return group, min(PATTERN, len(training.known)) // group


def _pattern(known: Complex, group: int, groups: int) -> tuple[int, NDArray[np.float32]]:
    """Return the symbols that are searched for, without what the search takes off, and their lead.

    They are the first in which there is enough besides alternations, or where there is most.
    """

    def without(lead: int) -> NDArray[np.complex128]:
        parts = known[lead : lead + groups * group].astype(np.complex128)
        pairs = parts.reshape(groups, group // 2, 2)
        pairs = pairs - pairs.mean(axis=1, keepdims=True)
        return np.asarray(pairs.reshape(groups, group))

    leads = range(min(len(known) - groups * group, 2 * PATTERN) + 1)
    least = [float(np.min(np.mean(np.abs(without(lead)) ** 2, axis=1))) for lead in leads]
    enough = 0.6 * float(np.mean(np.abs(known) ** 2))
    lead = next((lead for lead in leads if least[lead] >= enough), int(np.argmax(least)))
    pattern = without(lead)
    pattern /= np.sqrt(np.mean(np.abs(pattern) ** 2, axis=1, keepdims=True))
    return lead, parts(pattern.reshape(-1))


def fitted_symbols(training: Training) -> int:
    """Return how many of its known symbols are fitted at once."""
    return min(_FITTED, len(training.known) - 4)


def data_points(scheme: Scheme) -> Complex:
    """Return the points that data are sent as."""
    if isinstance(scheme.code, Differential):
        return np.asarray(scheme.points[scheme.code.words])
    return scheme.points


def _apart(scheme: Scheme) -> float:
    """Return the square of the least distance between two points."""
    points = data_points(scheme)
    apart = np.abs(points[:, None] - points)
    return float(np.min(apart[apart > 1e-3])) ** 2


@lru_cache(maxsize=32)
def tables(scheme: Scheme, training: Training) -> NDArray[np.void]:
    """Return what the loop knows of a modem."""
    made = np.zeros(1, dtype=TABLES)
    half = RATE / scheme.symbol_rate / 2
    made["front"] = front(scheme.symbol_rate, scheme.carrier, scheme.rolloff)
    group, groups = grouping(scheme, training)
    made["lead"], made["pattern"][0, :, : groups * group] = _pattern(training.known, group, groups)
    made["known"][0, :, : len(training.known)] = parts(training.known)
    made["symbols"] = len(training.known)
    made["points"][0, :, : len(scheme.points)] = parts(scheme.points)
    if isinstance(scheme.code, Differential):
        words = scheme.code.words
        made["words"][0, : len(words)] = words
        made["count"] = len(words)
        made["numbers"] = scheme.code.numbers
    else:
        made["trellis"] = True
        made["subsets"] = subsets(scheme.bit_rate)
    made["bits"] = scheme.bits
    made["ones"] = training.ones * scheme.bits
    spare = 16 + ceil(MOVES * half)
    made["behind"] = LEAD + ceil((MIDDLE + 2) * half) + spare
    made["needed"] = ceil((2 * fitted_symbols(training) + SPAN - MIDDLE) * half) + TAPS + spare
    made["patience"] = round(_PATIENCE * scheme.symbol_rate) - _FADING
    made["delay"] = 0 if isinstance(scheme.code, Differential) else DEPTH - EACH
    made["chance"] = _BY_CHANCE[type(scheme.code)] * _apart(scheme)
    made["adapt_step"] = _ADAPT_STEP
    return made
