"""Many frames of one kind at once: to samples and back, and told apart by a fingerprint."""

from __future__ import annotations

from functools import cache
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from dsp import g711
from dsp.types import Samples

from .batch import SLOT, Bytes, Ints
from .wire import SILENCE_BYTES

_WEIGHTS = np.random.default_rng(0x6D73).integers(
    1, 2**63, size=SLOT // 8, dtype=np.uint64
) | np.uint64(1)
_COMFORT_BYTE = 0xFF

Prints: TypeAlias = NDArray[np.uint64]


def decode(frames: Bytes, code: int) -> Samples:
    """Turn ``(n, bytes)`` frames of one encoding into ``(n, samples)`` int16.

    Examples
    --------
    >>> decode(np.array([[0xFF, 0x80]], dtype=np.uint8), 1).tolist()
    [[0, 32124]]
    """
    if code == 0:
        return frames.view(np.int16)
    return g711.ulaw_to_linear(frames) if code == 1 else g711.alaw_to_linear(frames)


def encode(samples: Samples, code: int) -> Bytes:
    """Turn ``(n, samples)`` int16 into ``(n, bytes)`` frames of one encoding."""
    if code == 0:
        return np.ascontiguousarray(samples).view(np.uint8)
    return g711.linear_to_ulaw(samples) if code == 1 else g711.linear_to_alaw(samples)


def whole_pairs(samples: Samples) -> Samples:
    """Leave out the last of an odd number of samples, which 16 kHz to 8 kHz cannot halve.

    Examples
    --------
    >>> whole_pairs(np.zeros((2, 321), dtype=np.int16)).shape
    (2, 320)
    """
    return np.ascontiguousarray(samples[:, : samples.shape[1] // 2 * 2])


def silent(count: int, length: int, code: int) -> Bytes:
    """Return ``(count, length)`` bytes of silence in an encoding."""
    return np.full((count, length), SILENCE_BYTES[code], dtype=np.uint8)


def fingerprints(frames: Bytes) -> Prints:
    """Return a number for each frame, the same for the same bytes.

    Different frames have the same number with a probability of 2⁻⁶³ or so: it is a sum with odd
    random weights, modulo 2⁶⁴.

    Examples
    --------
    >>> a, b, c = fingerprints(np.array([[1, 2, 3], [1, 2, 3], [3, 2, 1]], dtype=np.uint8))
    >>> bool(a == b), bool(a == c)
    (True, False)
    """
    n, length = frames.shape
    if length % 8:
        padded = np.zeros((n, length + 8 - length % 8), dtype=np.uint8)
        padded[:, :length] = frames
        frames = padded
    words = frames.view(np.uint64)
    return np.asarray(words @ _WEIGHTS[: words.shape[1]] + np.uint64(length))


@cache
def comfort_noise(length: int) -> np.uint64:
    """Fingerprint of a comfort-noise frame: 0xFF throughout, in every encoding."""
    frame = np.full((1, length), _COMFORT_BYTE, dtype=np.uint8)
    return np.uint64(fingerprints(frame)[0])


def groups(keys: Ints) -> list[tuple[int, Ints]]:
    """Split positions by key.

    Examples
    --------
    >>> [(key, at.tolist()) for key, at in groups(np.array([4, 9, 4]))]
    [(4, [0, 2]), (9, [1])]
    """
    if not len(keys):
        return []
    if (keys == keys[0]).all():
        return [(int(keys[0]), np.arange(len(keys)))]
    return [(int(key), np.flatnonzero(keys == key)) for key in np.unique(keys)]
