"""The front of the receivers: from the sound of a call to complex samples, two a symbol.

One filter shifts the carrier to 0 Hz, lets the symbols' band pass and nothing that two samples a
symbol would fold into it, and gives its output at any instant: its taps are there for 96 instants
between two samples of the sound, which is 0.005 of a symbol at 2400 Bd.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from dsp.modem.shaping import root_raised_cosine
from dsp.types import RATE

__all__ = ["FRONT", "LEAD", "PHASES", "TAPS", "TURN", "front"]

TAPS = 32
LEAD = TAPS // 2 - 1
"""So many samples before the one at or before an instant go into the filter, and one more after."""

PHASES = 96
TURN = 80
"""Samples after which the carriers of all fax modems, multiples of 100 Hz, are where they were."""

_WINDOW = 2.0

FRONT = np.dtype(
    [
        ("real", np.float32, (PHASES, TAPS)),
        ("imaginary", np.float32, (PHASES, TAPS)),
        ("cosine", np.float32, (TURN,)),
        ("sine", np.float32, (TURN,)),
    ]
)
"""The filter at each instant, and the carrier that its output is to be multiplied with."""


@lru_cache(maxsize=16)
def front(symbol_rate: int, carrier: float, rolloff: float) -> NDArray[np.void]:
    """Return a modem's filter.

    Parameters
    ----------
    symbol_rate
        Symbols a second.
    carrier
        Hz, a multiple of 100.
    rolloff
        Of the transmitter's pulse.

    Returns
    -------
    numpy.ndarray
        ``(1,)`` of :data:`FRONT`. Its gain at the carrier is 1 for a complex exponential.
    """
    at = LEAD + np.arange(PHASES)[:, None] / PHASES - np.arange(TAPS)
    pulse = root_raised_cosine(at * symbol_rate / RATE, rolloff)
    window = np.i0(_WINDOW * np.sqrt(np.maximum(1.0 - (at / (TAPS / 2)) ** 2, 0.0)))
    pulse = pulse * window
    pulse /= pulse[0].sum()
    turns = np.exp(-2j * np.pi * carrier / RATE * np.arange(TURN))
    taps = pulse * turns[:TAPS]
    made = np.zeros(1, dtype=FRONT)
    made["real"], made["imaginary"] = taps.real, taps.imag
    made["cosine"], made["sine"] = turns.real, turns.imag
    return made
