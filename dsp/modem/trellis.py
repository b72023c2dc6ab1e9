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
from functools import cached_property, lru_cache
from importlib import resources

import numpy as np
from numpy.typing import NDArray

from dsp.modem.coding import Coder
from dsp.modem.trellis_kernel import EACH, EMPTY, NEXT, STATES, SUBSETS, UNIT, VITERBI, decide
from dsp.modem.types import Bits, Complex, ModemError

__all__ = ["RATES", "Decoder", "Trellis", "constellation", "subsets", "training_points"]

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
    """The code of a rate of V.17: code words have Y0 Y1 Y2 Q3 Q4 … from the lowest bit up.

    Parameters
    ----------
    bits
        Of a symbol, without the redundant one: 3 to 6.

    Examples
    --------
    >>> from dsp.modem.coding import encode
    >>> code = Trellis(6)
    >>> bits = np.array([1, 0, 1, 1, 0, 0, 0, 1, 1, 0, 1, 0], dtype=np.uint8)
    >>> words, row = encode(code.coder, bits, code.row())
    >>> words.tolist()
    [26, 46]
    >>> bool((code.decode(words) == bits).all())
    True
    """

    bits: int

    @staticmethod
    def row(dibit: int = 0, state: int = 0) -> int:
        """Return the state of :attr:`coder` after a symbol.

        Parameters
        ----------
        dibit
            Y1 + 2·Y2 of that symbol.
        state
            The delays of the convolutional encoder, as in
            :data:`~dsp.modem.trellis_kernel.NEXT`.
        """
        return dibit * STATES + state

    @cached_property
    def numbers(self) -> NDArray[np.uint8]:
        """``(2**bits,)``: bits as a number, the first one highest, by that with it lowest."""
        values = np.arange(1 << self.bits, dtype=np.uint8)
        highest = np.packbits(self._unpack(values), axis=1)[:, 0]
        return (highest >> (8 - self.bits)).astype(np.uint8)

    @cached_property
    def coder(self) -> Coder:
        """The code as a table; its state is a :meth:`row`."""
        values = self.numbers[None, :]
        last, state = np.divmod(np.arange(4 * STATES)[:, None], STATES)
        dibit = (last + values) % 4
        words = values >> 2 << 3 | dibit << 1 | state & 1
        following = dibit * STATES + NEXT[state, dibit]
        return Coder(words.astype(np.uint8), following.astype(np.uint8))

    def decode(self, words: NDArray[np.uint8], last: int = 0) -> Bits:
        """Turn code words back; their redundant bits are not looked at.

        Parameters
        ----------
        words
            ``(n,)``, as received.
        last
            The code word of the symbol before them.

        Returns
        -------
        Bits
            ``(n * bits,)``, still scrambled.
        """
        dibits = np.concatenate(([last], words)).astype(np.intp) >> 1 & 3
        values = words >> 3 << 2 | np.diff(dibits) & 3
        return self._unpack(values.astype(np.uint8)).reshape(-1)

    def _unpack(self, values: NDArray[np.uint8]) -> Bits:
        return np.unpackbits(values[:, None], axis=1, count=self.bits, bitorder="little")


def subsets(bit_rate: int) -> NDArray[np.void]:
    """Return what the decoder's loops know of a rate.

    Returns
    -------
    numpy.ndarray
        ``(1,)`` of :data:`~dsp.modem.trellis_kernel.SUBSETS`.

    Raises
    ------
    ModemError
        For a rate that V.17 has not.
    """
    points = constellation(bit_rate)
    tables = np.zeros(1, dtype=SUBSETS)
    one = tables[0]
    one["power"] = EMPTY
    one["real"][: len(points)] = 2 * UNIT * points.real
    one["imaginary"][: len(points)] = 2 * UNIT * points.imag
    one["power"][: len(points)] = UNIT**2 * np.abs(points) ** 2
    one["tag"] = np.arange(len(one["tag"])) // STATES << 2
    numbers = Trellis(RATES[bit_rate]).numbers
    one["numbers"][: len(numbers)] = numbers
    return tables


class Decoder:
    """Symbols of V.17 to bits, as its receiver has it; this is for symbols that one has already.

    Parameters
    ----------
    bit_rate
        7200, 9600, 12000 or 14400.

    Raises
    ------
    ModemError
        For any other rate.

    Examples
    --------
    >>> from dsp.modem.coding import encode
    >>> code, points = Trellis(RATES[9600]), constellation(9600)
    >>> bits = np.random.default_rng(17).integers(0, 2, 4 * 64).astype(np.uint8)
    >>> words, _ = encode(code.coder, bits, code.row())
    >>> decoded = Decoder(9600).process(points[words])
    >>> len(decoded), bool((decoded == bits[: len(decoded)]).all())
    (192, True)
    """

    def __init__(self, bit_rate: int) -> None:
        self._bits = RATES.get(bit_rate, 0)
        self._subsets = subsets(bit_rate)
        self._state = np.zeros(1, dtype=VITERBI)
        self.early = np.zeros(0, dtype=np.uint8)
        """Code words of the latest symbols given, as they were known at once."""
        self.errors = np.zeros(0, dtype=np.float32)
        """How much each of those added to the likeliest way: on average the power of the noise."""

    def process(self, symbols: Complex) -> Bits:
        """Decode some symbols.

        Parameters
        ----------
        symbols
            ``(n,)``, on the scale of :func:`constellation`.

        Returns
        -------
        Bits
            The bits of the symbols that are decided by these, still scrambled: 16 symbols at
            a time, each after 16 to 31 more.
        """
        symbols = np.require(symbols, dtype=np.complex64, requirements=["C", "W"])
        self.early = np.empty(len(symbols), dtype=np.uint8)
        self.errors = np.empty(len(symbols), dtype=np.float32)
        numbers = np.empty(len(symbols) + EACH, dtype=np.uint8)
        out = self.early, numbers, self.errors
        count = decide(self._state, self._subsets, symbols, out)
        return np.unpackbits(numbers[:count, None], axis=1)[:, 8 - self._bits :].reshape(-1)
