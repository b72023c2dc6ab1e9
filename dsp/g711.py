"""G.711: µ-law and A-law to 16-bit linear samples and back, by tables.

A character holds a sign, a segment and a place in it (G.711 tables 1a to 2b). Its value here is
the recommendation's, on the scale of 16 bits: G.711's µ-law values (±8031 at most) times 4, its
A-law values (±4032 at most) times 8. The way back gives the character whose interval the sample
lies in. The recommendation leaves open where a sample on a decision value belongs: here to the
larger magnitude in µ-law, to the larger value in A-law, as in FreeSWITCH.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from dsp.types import Samples

__all__ = ["alaw_to_linear", "linear_to_alaw", "linear_to_ulaw", "ulaw_to_linear"]

_ULAW_BIAS = 33 * 4
_ALAW_INVERT = 0x55


def _ulaw_values() -> Samples:
    """Values of the 256 µ-law characters (G.711 table 2a; all bits are sent inverted)."""
    code = ~np.arange(256, dtype=np.uint8)
    segment, place = (code >> 4).astype(int) & 7, (code & 15).astype(int)
    magnitude = ((place * 8 + _ULAW_BIAS) << segment) - _ULAW_BIAS
    values: Samples = np.where(code & 0x80, -magnitude, magnitude).astype(np.int16)
    return values


def _alaw_values() -> Samples:
    """Values of the 256 A-law characters (G.711 table 1a; the even bits are sent inverted)."""
    code = np.arange(256, dtype=np.uint8) ^ _ALAW_INVERT
    segment, place = (code >> 4).astype(int) & 7, (code & 15).astype(int)
    fine = place * 16 + 8
    magnitude = np.where(segment == 0, fine, (fine + 256) << np.maximum(segment - 1, 0))
    values: Samples = np.where(code & 0x80, magnitude, -magnitude).astype(np.int16)
    return values


def _characters(lowest: list[int], positive: NDArray[np.uint8], least: int) -> NDArray[np.uint8]:
    """Character of each of the 65,536 samples, in the order of their bits as an unsigned number.

    ``positive`` are the characters of the positive values, by rising magnitude, and ``lowest``
    the decision values that their intervals begin at. ``least`` is the least magnitude that a
    negative character stands for.
    """
    samples = np.arange(65536, dtype=np.uint16).view(np.int16).astype(int)
    magnitudes = np.where(samples < 0, -samples - least, samples)
    at = np.searchsorted(lowest[1:], magnitudes, side="right")
    return np.where(samples < 0, positive[at] ^ 0x80, positive[at]).astype(np.uint8)


_PLACES = [(segment, place) for segment in range(8) for place in range(16)]
_ULAW_DECISIONS = [((16 + place) * 8 << segment) - _ULAW_BIAS for segment, place in _PLACES]
_ALAW_DECISIONS = [
    (16 + place) * 16 << segment - 1 if segment else place * 16 for segment, place in _PLACES
]
_FROM_ULAW = _ulaw_values()
_FROM_ALAW = _alaw_values()
_TO_ULAW = _characters(_ULAW_DECISIONS, np.arange(0xFF, 0x7F, -1).astype(np.uint8), 0)
_TO_ALAW = _characters(_ALAW_DECISIONS, (np.arange(0x80, 0x100) ^ _ALAW_INVERT).astype(np.uint8), 1)


def ulaw_to_linear(characters: NDArray[np.uint8]) -> Samples:
    r"""Decode µ-law.

    Parameters
    ----------
    characters
        uint8, any shape.

    Returns
    -------
    numpy.ndarray
        int16 of the same shape, between −32124 and 32124.

    Examples
    --------
    >>> ulaw_to_linear(np.frombuffer(b"\xff\x80\x00", dtype=np.uint8)).tolist()
    [0, 32124, -32124]
    """
    return _FROM_ULAW[characters]


def alaw_to_linear(characters: NDArray[np.uint8]) -> Samples:
    r"""Decode A-law.

    Parameters
    ----------
    characters
        uint8, any shape.

    Returns
    -------
    numpy.ndarray
        int16 of the same shape, between −32256 and 32256.

    Examples
    --------
    >>> alaw_to_linear(np.frombuffer(b"\xd5\xaa\x2a", dtype=np.uint8)).tolist()
    [8, 32256, -32256]
    """
    return _FROM_ALAW[characters]


def linear_to_ulaw(samples: NDArray[np.integer[Any]]) -> NDArray[np.uint8]:
    """Encode to µ-law.

    Parameters
    ----------
    samples
        int16, any shape.

    Returns
    -------
    numpy.ndarray
        uint8 of the same shape.

    Examples
    --------
    >>> linear_to_ulaw(np.array([0, 32767, -32768], dtype=np.int16)).tobytes().hex()
    'ff8000'
    """
    return _TO_ULAW[np.asarray(samples, dtype=np.int16).view(np.uint16)]


def linear_to_alaw(samples: NDArray[np.integer[Any]]) -> NDArray[np.uint8]:
    """Encode to A-law.

    Parameters
    ----------
    samples
        int16, any shape.

    Returns
    -------
    numpy.ndarray
        uint8 of the same shape.

    Examples
    --------
    >>> linear_to_alaw(np.array([0, 32767, -32768], dtype=np.int16)).tobytes().hex()
    'd5aa2a'
    """
    return _TO_ALAW[np.asarray(samples, dtype=np.int16).view(np.uint16)]
