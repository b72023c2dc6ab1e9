"""Tones of all calls at once: what a block holds of each frequency is a matrix product.

The samples of all calls, cut into pieces of 5 or 20 ms, are a tall matrix; a bank's frequencies
are columns, a cosine and a sine each. Their product is the discrete Fourier transform of every
piece at those frequencies alone, for all calls, at the speed of the machine's ``dgemm``. Longer
windows are sums of neighbouring pieces, each turned by what the frequency turns in between; so one
product serves every window length, and decisions are left to who reads the bank.

About the middle of a piece a cosine is even and a sine is odd: so a piece is folded there, its
halves added for the one and subtracted for the other, which halves the work.

A BLAS adds up a row in an order that depends on where in the matrix it stands, and the same sound
must give the same sums whichever calls it comes with. So nothing is rounded: the columns are
multiples of 2⁻²⁴, samples are whole, and sums of their products fit a double's 53 bits. What is
exact is the same in any order, on any machine.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from dsp.bank_kernel import fold
from dsp.framing import TOGETHER, UNIT
from dsp.types import RATE, Samples

__all__ = ["Bank", "Columns", "Floats32", "Floats64", "Transform", "plain", "turns", "windowed"]

Floats32 = NDArray[np.float32]
Floats64 = NDArray[np.float64]

_GRAIN = 2.0**24

_TILE = 256
"""Units that are transformed at a time, so that they stay in the processor's cache."""


class Columns(NamedTuple):
    """What a bank multiplies half a piece with, the outermost sample first.

    Parameters
    ----------
    even, odd
        ``(piece / 2, n)`` each: for the sum of the piece's two halves, and for their difference.
    """

    even: Floats64
    odd: Floats64

    @property
    def piece(self) -> int:
        """Samples of a piece."""
        return 2 * len(self.even)


class Transform(NamedTuple):
    """Products of pieces with columns: ``(n, pieces, columns)`` each."""

    even: Floats64
    odd: Floats64


def _exact(columns: Floats64) -> Floats64:
    """Columns, each to the nearest multiple of 2⁻²⁴."""
    return np.rint(columns * _GRAIN) / _GRAIN


def _waves(frequencies: Sequence[float], piece: int) -> tuple[Floats64, Floats64]:
    """Cosines and negative sines over the first half of a piece, about its middle."""
    turn = 2 * np.pi * np.outer(np.arange(piece // 2) - (piece - 1) / 2, frequencies) / RATE
    return np.cos(turn), -np.sin(turn)


def plain(frequencies: Sequence[float], piece: int) -> Columns:
    """Columns that transform a piece of ``piece`` samples by itself, referred to its middle.

    Returns
    -------
    Columns
        ``even`` has the cosines, ``odd`` the negative sines. A sine of peak `a` at one of the
        frequencies gives a complex number of magnitude ``a * piece / 2``.
    """
    cosines, sines = _waves(frequencies, piece)
    return Columns(_exact(cosines), _exact(sines))


def windowed(frequencies: Sequence[float], piece: int) -> Columns:
    """Columns of a Hann window over two pieces.

    Returns
    -------
    Columns
        A piece is the rising half of one window and the falling half of the one before, and the
        two add up to 1: each is one half, and more or less an odd function `h`. So for each
        frequency ``even`` has half the cosine, and then `h` times the negative sine; ``odd`` has
        half the negative sine, and then `h` times the cosine. The sums of the pairs, as of
        ``even``'s first and ``odd``'s second, are the transform in the rising half, their
        differences that in the falling one. A sine of peak `a` gives ``a * piece / 2`` over a
        window.
    """
    cosines, sines = _waves(frequencies, piece)
    rise = np.sin(np.pi * (np.arange(piece // 2) + 0.5) / (2 * piece)) ** 2
    part = (rise - 0.5)[:, None]
    return Columns(
        _exact(np.concatenate([0.5 * cosines, part * sines], axis=1)),
        _exact(np.concatenate([0.5 * sines, part * cosines], axis=1)),
    )


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
        How many rows there are.
    columns
        From :func:`plain` or :func:`windowed`; each piece divides :data:`~dsp.framing.UNIT`.

    Examples
    --------
    >>> bank = Bank(2, [plain([1000.0], 80)])
    >>> sine = np.round(1000 * np.cos(2 * np.pi * np.arange(160) / 8)).astype(np.int16)
    >>> bank.hear(np.stack([sine, 0 * sine]))
    >>> even, odd = bank.transform(0)
    >>> np.hypot(even, odd)[:, :, 0].round(-2).tolist()
    [[40000.0, 40000.0], [0.0, 0.0]]
    """

    def __init__(self, calls: int, columns: Sequence[Columns]) -> None:
        most = max(calls, TOGETHER)
        self._columns = list(columns)
        self._folded = [np.zeros((2, _TILE, UNIT // one.piece, one.piece // 2)) for one in columns]
        self._transforms = [
            Transform(*(np.zeros((most, UNIT // one.piece, part.shape[1])) for part in one))
            for one in columns
        ]
        self._heard = 0, 0

    def hear(self, sound: Samples) -> None:
        """Transform units of rows; what :meth:`transform` gives is then their own.

        Parameters
        ----------
        sound
            ``(n, k * UNIT)`` int16, with ``n * k`` up to :data:`~dsp.framing.TOGETHER`, or `n` up
            to ``calls`` and `k` 1.
        """
        self._heard = len(sound), sound.shape[1] // UNIT
        units = sound.reshape(-1, UNIT)
        for begin in range(0, len(units), _TILE):
            tile = slice(begin, begin + _TILE)
            for columns, folded, transform in zip(
                self._columns, self._folded, self._transforms, strict=True
            ):
                some = units[tile]
                fold(some, folded[0], folded[1])
                for half, part, out in zip(folded, columns, transform, strict=True):
                    np.dot(
                        half[: len(some)].reshape(-1, len(part)),
                        part,
                        out=out[: len(units)][tile].reshape(-1, part.shape[1]),
                    )

    def transform(self, which: int) -> Transform:
        """Transform of what was heard last by a set of columns: ``(n, k * pieces, columns)``."""
        rows, units = self._heard
        even, odd = (
            part[: rows * units].reshape(rows, -1, part.shape[2])
            for part in self._transforms[which]
        )
        return Transform(even, odd)
