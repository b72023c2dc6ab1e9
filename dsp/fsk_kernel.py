"""Frequency-shift keying told as runs: how long each of two frequencies sounds before the other.

Two correlators slide over the sound, one a frequency, as long as a bit or a part of one. Which of
the two is stronger changes where the frequency does, half a correlator later. There is no clock of
bits to be recovered: whoever knows the code reads it from the lengths of the runs.
"""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np
from numba import njit

from dsp.bank import Floats32
from dsp.types import Samples

Record: TypeAlias = Any

kernel = njit(nogil=True, cache=True, error_model="numpy")

PIECES = 4
GRAIN = 1024.0
"""What a wave's peak is in whole numbers: of so many, 64 products with samples fit 32 bits."""

_STEADY = 2.5
_TURN = 0.1


def keying(longest: int) -> np.dtype[np.void]:
    """State of two correlators of up to so many samples.

    ``ring`` has the products that lie in them and ``sums`` their totals; ``mark`` is which of the
    two sounds and ``edge`` since when; ``before`` is by how much it was stronger, and ``best`` sums
    how strong it is.
    """
    return np.dtype(
        [
            ("ring", np.int32, (4, longest)),
            ("sums", np.int32, (4,)),
            ("at", np.int32),
            ("mark", np.bool_),
            ("edge", np.float64),
            ("before", np.float64),
            ("best", np.float64),
        ]
    )


@kernel
def is_steady(powers: Floats32, begin: int, floor: float) -> bool:
    """Whether a unit is loud, and as loud all along: keyed tones are, speech is seldom."""
    least = most = powers[begin]
    for piece in range(begin + 1, begin + PIECES):
        least, most = min(least, powers[piece]), max(most, powers[piece])
    return bool(least >= floor and most <= _STEADY * least)


@kernel
def mean(powers: Floats32, begin: int) -> float:
    """Mean square of a unit."""
    total = np.float64(0.0)
    for piece in range(begin, begin + PIECES):
        total += powers[piece]
    return total / PIECES


@kernel
def crossings(sound: Samples, begin: int, end: int) -> int:
    """How often some samples change their sign: twice for every turn of a tone."""
    # indices that cannot be negative let the loop be vectorised
    first, one = np.uint64(begin), np.uint64(1)
    count = 0
    for n in range(np.uint64(end - begin - 1)):
        count += (sound[first + n] ^ sound[first + n + one]) < 0
    return count


@kernel
def share(sound: Samples, begin: int, end: int, waves: Any, at: int) -> float:
    """Mean square of what some samples hold of the two frequencies."""
    total = 0.0
    first, phase = np.uint64(begin), np.uint64(at)
    for part in range(4):
        product = np.int64(0)
        for n in range(np.uint64(end - begin)):
            product += np.int32(sound[first + n]) * waves[part, phase + n]
        total += float(product) ** 2
    scale = GRAIN * (end - begin)
    return 2.0 * total / (scale * scale)


@kernel
def restart(k: Record, length: int, now: float) -> None:
    """Let the correlators be empty."""
    for part in range(4):
        k.sums[part] = 0
        for at in range(length):
            k.ring[part, at] = 0
    k.at = 0
    k.mark = True
    k.edge = now
    k.before = k.best = 0.0


@kernel
def slide(k: Record, sample: int, waves: Any, at: int, length: int) -> float:
    """Take in a sample; how much later than half a correlator ago the run changed, or −1.

    ``waves`` has :data:`GRAIN` times the cosines and the sines of the two frequencies, those of the
    mark first.
    """
    for part in range(4):
        product = np.int32(sample) * waves[part, at]
        k.sums[part] += product - k.ring[part, k.at]
        k.ring[part, k.at] = product
    k.at += 1
    if k.at == length:
        k.at = 0
    mark = float(k.sums[0]) ** 2 + float(k.sums[1]) ** 2
    space = float(k.sums[2]) ** 2 + float(k.sums[3]) ** 2
    k.best += max(mark, space)
    more = mark - space
    before = k.before
    k.before = more
    limit = _TURN * (mark + space)
    if (more < -limit) if k.mark else (more > limit):
        k.mark = not k.mark
        return more / (more - before) if more * before < 0.0 else 0.0
    return -1.0
