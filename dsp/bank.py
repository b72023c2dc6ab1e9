"""Tones of all calls at once: what a block holds of each frequency is one matrix product.

The samples of all calls, cut into pieces of 5 or 10 ms, are a tall matrix; a bank's frequencies
are columns, a cosine and a sine each. Their product is the discrete Fourier transform of every
piece at those frequencies alone, for all calls, at the speed of the machine's ``sgemm``. Longer
windows are sums of neighbouring pieces, each turned by what the frequency turns in between; so one
product serves every window length, and decisions are left to who reads the bank.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from dsp.framing import UNIT
from dsp.types import RATE, Samples

__all__ = ["Bank", "Floats32", "plain_columns", "turns", "windowed_columns"]

Floats32 = NDArray[np.float32]

_TILE = 96
"""Rows of a product come in multiples of this: BLAS adds up the last few of any other number of
rows in another order, and the same sound must give the same sums whichever calls it comes with."""


def plain_columns(frequencies: Sequence[float], piece: int) -> Floats32:
    """Columns that transform a piece of ``piece`` samples by itself.

    Returns
    -------
    numpy.ndarray
        ``(piece, 2 len(frequencies))`` float32: all cosines, then all negative sines. A sine of
        peak `a` at one of the frequencies gives a sum of magnitude ``a * piece / 2``.
    """
    turn = 2 * np.pi * np.outer(np.arange(piece), frequencies) / RATE
    return np.concatenate([np.cos(turn), -np.sin(turn)], axis=1).astype(np.float32)


def windowed_columns(frequencies: Sequence[float], piece: int) -> Floats32:
    """Columns of a Hann window over two pieces, in two halves.

    Returns
    -------
    numpy.ndarray
        ``(piece, 4 len(frequencies))`` float32. The first half of the columns is for the newer
        piece of a window and the second half for the older one: the sum of the second half's
        product with a piece and the first half's with the next one is the window's transform,
        referred to the window's first sample. A sine of peak `a` gives ``a * piece / 2``.
    """
    both = plain_columns(frequencies, 2 * piece)
    hann = np.sin(np.pi * (np.arange(2 * piece) + 0.5) / (2 * piece)) ** 2
    weighed = (both * hann[:, None]).astype(np.float32)
    return np.concatenate([weighed[piece:], weighed[:piece]], axis=1)


def turns(frequencies: Sequence[float], samples: int) -> NDArray[np.complex64]:
    """How far each frequency turns in so many samples: unit complex numbers."""
    angle = 2 * np.pi * np.asarray(frequencies, dtype=np.float64) * samples / RATE
    turned: NDArray[np.complex64] = np.exp(1j * angle).astype(np.complex64)
    return turned


class Bank:
    """Products of units of sound with one or more sets of columns.

    Parameters
    ----------
    calls
        How many rows a unit has at most.
    columns
        Matrices ``(piece, n)`` float32; each ``piece`` divides :data:`~dsp.framing.UNIT`.

    Examples
    --------
    >>> bank = Bank(2, [plain_columns([1000.0], 80)])
    >>> sine = np.round(1000 * np.cos(2 * np.pi * np.arange(160) / 8)).astype(np.int16)
    >>> bank.hear(np.stack([sine, 0 * sine]))
    >>> np.abs(bank.product(0)[:, :, 0].round(-2)).tolist()
    [[40000.0, 40000.0], [0.0, 0.0]]
    """

    def __init__(self, calls: int, columns: Sequence[Floats32]) -> None:
        self._columns = list(columns)
        pieces = [UNIT // len(matrix) for matrix in columns]
        rows = -(-calls // _TILE) * _TILE
        self._samples = np.zeros((rows, UNIT), dtype=np.float32)
        self._products = [
            np.zeros((rows * count, matrix.shape[1]), dtype=np.float32)
            for count, matrix in zip(pieces, columns, strict=True)
        ]
        self._heard = 0

    def hear(self, unit: Samples) -> None:
        """Transform a unit ``(n, UNIT)`` int16; what :meth:`product` gives is then its own."""
        self._heard = len(unit)
        np.copyto(self._samples[: len(unit)], unit)
        for matrix, product in zip(self._columns, self._products, strict=True):
            piece = len(matrix)
            used = -(-len(unit) * (UNIT // piece) // _TILE) * _TILE
            pieces = self._samples.reshape(-1, piece)
            np.dot(pieces[:used], matrix, out=product[:used])

    def product(self, which: int) -> Floats32:
        """Transform of the last unit by a set of columns: ``(n, pieces, columns)`` float32."""
        product = self._products[which]
        shape = (-1, UNIT // len(self._columns[which]), product.shape[1])
        return product.reshape(shape)[: self._heard]
