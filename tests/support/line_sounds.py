"""What goes into a line in tests, and how what comes out is looked at."""

import numpy as np
from scipy.signal import firwin, hilbert, lfilter

from dsp.line import Line
from dsp.types import RATE, dbm0


def silence(seconds: float) -> np.ndarray:
    return np.zeros(round(seconds * RATE), dtype=np.int16)


def sine(hz: float, seconds: float = 2.0, peak: float = 16000.0) -> np.ndarray:
    at = np.arange(round(seconds * RATE))
    return np.rint(peak * np.sin(2 * np.pi * hz * at / RATE)).astype(np.int16)


def click(samples: int = 4000) -> np.ndarray:
    out = np.zeros(samples, dtype=np.int16)
    out[0] = 20000
    return out


def band(seconds: float, seed: int = 0) -> np.ndarray:
    """Noise from 300 to 3,400 Hz of about −15 dBm0."""
    taps = firwin(401, [300, 3400], fs=RATE, pass_zero=False)
    white = np.random.default_rng(seed).normal(0, 3200, round(seconds * RATE))
    return np.rint(lfilter(taps, 1, white)).astype(np.int16)


def level(samples: np.ndarray) -> float:
    return float(dbm0(np.mean(samples.astype(float) ** 2)))


def through(samples: np.ndarray, *impairments, seed=0) -> np.ndarray:
    return Line(impairments, seed=seed).process(samples)


def decibels(ratio) -> np.ndarray:
    return 20 * np.log10(np.abs(ratio))


def phase(samples: np.ndarray, hz: float) -> np.ndarray:
    """Radians by which a tone is ahead of a frequency, sample by sample."""
    at = np.arange(len(samples))
    return np.angle(hilbert(samples.astype(float)) * np.exp(-2j * np.pi * hz * at / RATE))
