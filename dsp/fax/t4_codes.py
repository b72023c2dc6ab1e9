"""The code words of T.4 and T.6, from ``t4_codes.json``, as tables that are looked up in."""

from __future__ import annotations

import json
from functools import cache
from importlib import resources
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = [
    "HORIZONTAL",
    "LONGEST_RUN",
    "MODE_BITS",
    "PASS",
    "RUN_BITS",
    "modes_by_bits",
    "runs_by_bits",
    "words_of_modes",
    "words_of_runs",
]

LONGEST_RUN = 2560 + 63
"""Of one make-up code and a terminating one; longer ones have several make-up codes of 2560."""

RUN_BITS, MODE_BITS = 13, 7
"""Bits of the longest code word of a run, and of a mode of the two-dimensional coding."""

PASS, HORIZONTAL = 7, 8
"""Modes; those below are vertical, to the right by that less 3."""


@cache
def _codes() -> dict[str, Any]:
    text = resources.files("dsp.fax").joinpath("t4_codes.json").read_text()
    codes: dict[str, Any] = json.loads(text)
    return codes


def _of_colour(colour: int) -> dict[int, str]:
    codes = _codes()
    return {
        int(run): word
        for run, word in {**codes["both"], **codes[("white", "black")[colour]]}.items()
    }


def _of_modes() -> dict[int, str]:
    names = {"P": PASS, "H": HORIZONTAL} | {str(by): by + 3 for by in range(-3, 4)}
    return {names[name]: word for name, word in _codes()["two_dimensional"].items()}


def _packed(word: str) -> int:
    return int(word, 2) << 5 | len(word)


@cache
def words_of_runs() -> NDArray[np.uint32]:
    """Give what is sent for a run: make-up code and terminating code in one.

    Returns
    -------
    numpy.ndarray
        ``(2, 2624)``, by colour (1 is black) and run; the number of bits is in the lowest five,
        they are above them.

    Examples
    --------
    >>> word = int(words_of_runs()[1, 64])  # 0000001111, 0000110111
    >>> word & 31, bin(word >> 5)
    (20, '0b11110000110111')
    """
    table = np.zeros((2, LONGEST_RUN + 1), dtype=np.uint32)
    for colour in range(2):
        codes = _of_colour(colour)
        for run in range(LONGEST_RUN + 1):
            made_up = codes[run // 64 * 64] if run >= 64 else ""
            table[colour, run] = _packed(made_up + codes[run % 64])
    return table


@cache
def words_of_modes() -> NDArray[np.uint32]:
    """Give what is sent for a mode: ``(9,)``, packed as runs are."""
    modes = _of_modes()
    return np.array([_packed(modes[mode]) for mode in range(len(modes))], dtype=np.uint32)


@cache
def runs_by_bits() -> NDArray[np.uint16]:
    """Give the code word that some bits begin with.

    Returns
    -------
    numpy.ndarray
        ``(2, 8192)``, by colour and the next 13 bits: the run, and in the lowest four bits how
        many bits are its code word's. 0 where there is none. A run of 64 and more is a make-up
        code's.

    Examples
    --------
    >>> entry = int(runs_by_bits()[1, 0b1011111111111])
    >>> entry >> 4, entry & 15
    (3, 2)
    """
    return np.stack([_by_bits(_of_colour(colour), RUN_BITS) for colour in range(2)])


@cache
def modes_by_bits() -> NDArray[np.uint16]:
    """Give the mode that some bits begin with: ``(128,)`` by the next 7, packed as runs are."""
    return _by_bits(_of_modes(), MODE_BITS)


def _by_bits(codes: dict[int, str], bits: int) -> NDArray[np.uint16]:
    table = np.zeros(1 << bits, dtype=np.uint16)
    for value, word in codes.items():
        rest = bits - len(word)
        first = int(word, 2) << rest
        table[first : first + (1 << rest)] = value << 4 | len(word)
    return table
