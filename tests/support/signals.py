"""Signals for tests of ears, and ways to cut them."""

from collections.abc import Iterator, Sequence

import numpy as np

from dsp.line import Noise
from dsp.types import RATE, Detection, Rows, Samples, amplitude


def silence(seconds: float) -> np.ndarray:
    """Float samples that are zero."""
    return np.zeros(round(seconds * RATE))


def tone(seconds: float, *parts: tuple[float, float], phase: float = 0.0) -> np.ndarray:
    """Sines, each a frequency in Hz and a level in dBm0, as float samples."""
    n = np.arange(round(seconds * RATE))
    return np.asarray(
        sum(
            (amplitude(level) * np.sin(2 * np.pi * hz * n / RATE + phase + at))
            for at, (hz, level) in enumerate(parts)
        ),
        dtype=float,
    ) + np.zeros(len(n))


def noise(seconds: float, level: float, seed: int = 0) -> np.ndarray:
    """White noise up to 4 kHz of a level in dBm0."""
    return Noise(level).start(np.random.default_rng(seed))(silence(seconds))


def line(*parts: np.ndarray) -> Samples:
    """Float pieces, one after another, as one row of samples."""
    joined = np.concatenate(parts) if parts else np.zeros(0)
    return np.clip(np.round(joined), -32768, 32767).astype(np.int16)[None]


def rows_of(*lines: Samples) -> Samples:
    """Lines of any length as rows of one block, the shorter ones followed by silence."""
    block = np.zeros((len(lines), max(one.shape[-1] for one in lines)), dtype=np.int16)
    for row, one in zip(block, lines, strict=True):
        row[: one.shape[-1]] = one.reshape(-1)
    return block


def pieces(
    signal: Samples, seed: int, longest: int, step: int = 1
) -> Iterator[tuple[Rows, Samples]]:
    """Cut each row at places of its own: blocks of at most ``longest`` for some of the rows."""
    rng = np.random.default_rng(seed)
    calls, samples = signal.shape
    at = np.zeros(calls, dtype=int)
    while (left := np.flatnonzero(at < samples)).size:
        rows = left[rng.random(left.size) < 0.6] if rng.random() < 0.7 else left
        if rows.size:
            most = min(longest, int((samples - at[rows]).min())) // step
            size = int(rng.integers(0 if most > 1 else most, most + 1)) * step
            yield rows, np.stack([signal[row, at[row] : at[row] + size] for row in rows])
            at[rows] += size


def by_row(detections: Sequence[Detection], calls: int) -> list[list[Detection]]:
    """Detections of each row, in their order."""
    return [[one for one in detections if one.row == row] for row in range(calls)]
