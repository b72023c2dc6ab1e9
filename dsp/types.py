"""What every detector takes and gives: blocks of rows in, detections out; levels and rates."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

RATE = 8000
"""Samples a second of everything in ``dsp`` unless a name says otherwise."""

DBM0_OF_FULL_SCALE = 6.16
"""dBm0 of a mean square of 32768²: a full-scale sine is +3.15 dBm0 (G.711 clause 4, tables 5-6)."""

Samples: TypeAlias = NDArray[np.int16]
Rows: TypeAlias = NDArray[np.intp]
Floats: TypeAlias = NDArray[np.floating[Any]]


class DspError(Exception):
    """Base of every error that ``dsp`` raises."""


@dataclass(frozen=True, slots=True)
class Detection:
    """Something heard on one row.

    Parameters
    ----------
    row
        Which call of the batch.
    kind
        ``"dtmf"``, ``"tone"``, ``"fax"``, ``"voice"``, …
    value
        What of that kind: ``"5"``, ``"busy"``, ``"cng"``.
    start
        Sample at which it began, at 8 kHz, counted from the row's last reset.
    end
        Sample after its last one; ``None`` while it still sounds. What is reported with ``None``
        is reported once more, with the same ``start``, when it has ended.
    level
        Power of the whole signal (all its tones together) in dBm0.
    """

    row: int
    kind: str
    value: str
    start: int
    end: int | None
    level: float

    @property
    def ended(self) -> bool:
        """Whether the signal is over, so that ``end`` is known."""
        return self.end is not None


class Detector(Protocol):
    """The contract of every detector: rows are calls, and only samples move the clock.

    However a row's signal is cut into blocks, the same detections come out, in the same order.
    """

    def process(self, block: Samples, rows: Rows | None = None) -> Sequence[Detection]:
        """Hear one block.

        Parameters
        ----------
        block
            ``(len(rows), n)`` int16 at 8 kHz, ``n`` ≥ 0.
        rows
            Which rows the block's lines belong to, ascending, without repeats; ``None`` is all
            rows in order. Rows that are not named do not move.
        """

    def finish(self, rows: Rows | None = None) -> Sequence[Detection]:
        """End what still sounds, as at the end of a recording or a call."""

    def reset(self, rows: Rows | None = None) -> None:
        """Forget everything about these rows; their next sample is number 0."""


def whole(sound: Floats) -> Samples:
    """Round samples to 16 bits, and clip those that are too large.

    Examples
    --------
    >>> whole(np.array([0.6, -40000.0])).tolist()
    [1, -32768]
    """
    return np.clip(np.rint(sound), -32768, 32767).astype(np.int16)


def dbm0(mean_square: Floats | float) -> Floats:
    """Level of a signal from its mean square.

    Parameters
    ----------
    mean_square
        Mean of the squared int16 samples.

    Returns
    -------
    numpy.ndarray
        dBm0, not below −100.

    Examples
    --------
    >>> round(float(dbm0(32767.0**2 / 2)), 2)
    3.15
    """
    ratio = np.maximum(np.asarray(mean_square, dtype=np.float64) / 32768.0**2, 1e-12)
    return np.maximum(10.0 * np.log10(ratio) + DBM0_OF_FULL_SCALE, -100.0)


def amplitude(level: float) -> float:
    """Peak of a sine of this level.

    Parameters
    ----------
    level
        dBm0.

    Examples
    --------
    >>> round(float(20 * np.log10(amplitude(0.0) / 32768)), 2)
    -3.15
    """
    return float(32768.0 * 10.0 ** ((level - DBM0_OF_FULL_SCALE) / 20.0) * np.sqrt(2.0))
