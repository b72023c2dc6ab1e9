"""The trellis code of V.17: two of a symbol's bits are protected by a third that follows from them.

The first two bits are differentially coded, as turns by quarters are, and go through a
convolutional encoder of eight states, which adds a bit of its own. The three name one of eight
subsets of the constellation, whose points are far from each other; the other bits name the point
(V.17 clause 5.2, as V.32 and V.32 bis have it). The code is the same when the constellation is
turned by a quarter.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources

import numpy as np
from numpy.typing import NDArray

from dsp.modem import trellis_kernel
from dsp.modem.trellis_kernel import CODER
from dsp.modem.types import Bits, Complex, ModemError

__all__ = ["RATES", "Trellis", "constellation", "training_points"]

RATES = {7200: 3, 9600: 4, 12000: 5, 14400: 6}
"""Data bits a symbol of each bit rate."""


@lru_cache(maxsize=1)
def _tables() -> dict[str, list[tuple[int, int]]]:
    text = resources.files("dsp.modem").joinpath("v17_constellations.json").read_text()
    tables: dict[str, list[tuple[int, int]]] = json.loads(text)
    return tables


def _points(name: str) -> NDArray[np.complex128]:
    pairs = np.array(_tables()[name], dtype=np.float64)
    return np.asarray(pairs @ np.array([1.0, 1.0j]))


def _unit(bit_rate: int) -> float:
    """How much of the root of the mean power of data a unit of the recommendation's figures is."""
    if bit_rate not in RATES:
        raise ModemError(f"V.17 has no bit rate of {bit_rate}, only {', '.join(map(str, RATES))}")
    return float(1.0 / np.sqrt(np.mean(np.abs(_points(str(bit_rate))) ** 2)))


def constellation(bit_rate: int) -> Complex:
    """Points of a rate by code word, of mean power 1 (V.17 figures 2 to 5).

    Parameters
    ----------
    bit_rate
        7200, 9600, 12000 or 14400.

    Returns
    -------
    numpy.ndarray
        ``(16,)``, ``(32,)``, ``(64,)`` or ``(128,)`` complex64.

    Raises
    ------
    ModemError
        For any other rate.

    Examples
    --------
    >>> points = constellation(14400)
    >>> len(points), round(float(np.mean(np.abs(points) ** 2)), 3)
    (128, 1.0)
    """
    unit = _unit(bit_rate)
    return (_points(str(bit_rate)) * unit).astype(np.complex64)


def training_points(bit_rate: int) -> Complex:
    """Points A, B, C and D of the training, on the scale of :func:`constellation`.

    Parameters
    ----------
    bit_rate
        Of the data that follow: 7200, 9600, 12000 or 14400.

    Raises
    ------
    ModemError
        For any other rate.

    Examples
    --------
    >>> a, b, c, d = training_points(7200)
    >>> bool(np.isclose(a, -c) and np.isclose(b, -d) and np.isclose(b, 1j * a))
    True
    """
    unit = _unit(bit_rate)
    return (_points("training") * unit).astype(np.complex64)


@dataclass(frozen=True)
class Trellis:
    """The code of a rate of V.17, from bits to code words and back.

    Parameters
    ----------
    bits
        Data bits a symbol, 3 to 6.

    Examples
    --------
    >>> code = Trellis(6)
    >>> bits = np.array([1, 0, 1, 1, 0, 0, 0, 1, 1, 0, 1, 0], dtype=np.uint8)
    >>> words = code.encode(bits, code.start())
    >>> words.tolist()
    [26, 46]
    >>> bool((code.decode(words, code.start()) == bits).all())
    True
    """

    bits: int

    def start(self, dibit: int = 0, state: int = 0) -> NDArray[np.void]:
        """Return a coder to start with: ``(1,)`` of :data:`~dsp.modem.trellis_kernel.CODER`.

        Parameters
        ----------
        dibit
            Y1 + 2·Y2 of the symbol before.
        state
            The encoder's three delays, the one that gives Y0 lowest. Nothing to decoders.
        """
        coder = np.zeros(1, dtype=CODER)
        coder["dibit"], coder["state"] = dibit, state
        return coder

    def encode(self, bits: Bits, coder: NDArray[np.void]) -> NDArray[np.uint8]:
        """Encode some symbols.

        Parameters
        ----------
        bits
            ``(n * self.bits,)``, the first one on the line first.
        coder
            From :meth:`start`; it is moved on.

        Returns
        -------
        numpy.ndarray
            ``(n,)`` code words: which points of :func:`constellation` are sent.

        Raises
        ------
        ModemError
            If the bits do not make whole symbols.
        """
        count, over = divmod(len(bits), self.bits)
        if over:
            raise ModemError(f"{len(bits)} bits are not symbols of {self.bits}")
        words = np.empty(count, dtype=np.uint8)
        trellis_kernel.encode(bits, self.bits, coder, words)
        return words

    def decode(self, words: NDArray[np.uint8], coder: NDArray[np.void]) -> Bits:
        """Take code words back to bits, as :meth:`encode` had them.

        The redundant bit is not looked at: errors are the business of who chose the words.

        Parameters
        ----------
        words
            ``(n,)`` code words.
        coder
            From :meth:`start`; it is moved on.

        Returns
        -------
        numpy.ndarray
            ``(n * self.bits,)`` bits.
        """
        bits = np.empty(len(words) * self.bits, dtype=np.uint8)
        trellis_kernel.decode(words, self.bits, coder, bits)
        return bits
