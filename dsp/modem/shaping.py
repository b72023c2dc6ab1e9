"""Pulses of data symbols: roots of raised cosines, and banks of them for whole samples."""

from __future__ import annotations

from math import gcd

import numpy as np
from numpy.typing import NDArray

from dsp.types import RATE

__all__ = ["SPAN", "grid", "pulses", "root_raised_cosine"]

_Real = NDArray[np.float64]

SPAN = 16
"""Symbols that a transmitted pulse is long."""

_WINDOW = 1.0
"""Of Kaiser's windows the one that a transmitted pulse is cut off with.

Through an ideal receiver what other symbols leave is 55 dB below a symbol with a roll-off of 0.25,
65 with 0.5; of the power 49 and 55 dB less than all of it is outside the band.
"""


def root_raised_cosine(times: _Real, rolloff: float) -> _Real:
    """Return the pulse whose spectrum is the root of a raised cosine.

    Parameters
    ----------
    times
        In symbols, from the pulse's middle.
    rolloff
        The part of the half-band over which the spectrum falls, above 0 and to 1.

    Returns
    -------
    numpy.ndarray
        The pulse, the integral of whose square is 1, so that symbols of mean power 1 make a
        signal of mean power 1.

    Examples
    --------
    >>> root_raised_cosine(np.array([0.0, 0.5, 1.0]), 0.5).round(4).tolist()
    [1.1366, 0.5786, -0.1061]
    """
    times = np.asarray(times, dtype=np.float64)
    poles = 1.0 - (4.0 * rolloff * times) ** 2
    near = (np.abs(times) < 1e-8) | (np.abs(poles) < 1e-8)
    t = np.where(near, 0.1, times)
    slow, fast = np.pi * t * (1.0 - rolloff), np.pi * t * (1.0 + rolloff)
    pulse = (np.sin(slow) + 4.0 * rolloff * t * np.cos(fast)) / (
        np.pi * t * (1.0 - (4.0 * rolloff * t) ** 2)
    )
    middle = 1.0 - rolloff + 4.0 * rolloff / np.pi
    edge = np.pi / (4.0 * rolloff)
    pole = rolloff * np.sqrt(0.5)
    pole *= (1.0 + 2.0 / np.pi) * np.sin(edge) + (1.0 - 2.0 / np.pi) * np.cos(edge)
    return np.where(near, np.where(np.abs(times) < 1e-8, middle, pole), pulse)


def grid(symbol_rate: int) -> tuple[int, int]:
    """Return in how many samples there are how many symbols, both whole and as few as can be.

    Examples
    --------
    >>> grid(2400)
    (10, 3)
    """
    common = gcd(RATE, symbol_rate)
    return RATE // common, symbol_rate // common


def pulses(symbol_rate: int, carrier: float, rolloff: float) -> NDArray[np.complex64]:
    """Return what a symbol adds to the samples that follow, as a pulse of the carrier.

    Parameters
    ----------
    symbol_rate
        Symbols a second.
    carrier
        Hz.
    rolloff
        Of the spectrum.

    Returns
    -------
    numpy.ndarray
        ``(symbols, n)`` complex64, for :func:`grid`'s ``symbols``. Row ``r`` is for a symbol that
        begins ``r / symbols`` of a sample before a sample; the real part of the symbol times the
        row is added to that one and to those after. The ``k``-th symbol has to be turned by
        ``carrier / symbol_rate * k`` before. Symbols of mean power 1 make sound of mean square 1/2.

    Examples
    --------
    >>> pulses(2400, 1800.0, 0.25).shape
    (3, 54)
    """
    samples, symbols = grid(symbol_rate)
    at = np.arange(symbols)[:, None] + symbols * np.arange(-(-SPAN * samples // symbols))
    late = at / samples - SPAN / 2
    window = np.i0(_WINDOW * np.sqrt(np.maximum(1.0 - (2.0 * late / SPAN) ** 2, 0.0)))
    pulse = root_raised_cosine(late, rolloff) * np.where(late < SPAN / 2, window, 0.0)
    pulse /= np.sqrt(np.sum(pulse**2) / samples)
    return np.asarray(pulse * np.exp(2j * np.pi * carrier / symbol_rate * late), dtype=np.complex64)
