"""What a line costs a modem at the least: the noise that the best linear equaliser leaves."""

import numpy as np

from dsp.line_shape import curves
from dsp.modem.scheme import Scheme

_STEP = 2.0


def _sent(scheme: Scheme, hz: np.ndarray) -> np.ndarray:
    """Power of a pulse's spectrum, that of a raised cosine."""
    apart = np.abs(hz - scheme.carrier) / scheme.symbol_rate
    inside = np.clip((apart - (1 - scheme.rolloff) / 2) / scheme.rolloff, 0.0, 1.0)
    return 0.5 * (1 + np.cos(np.pi * inside))


def lost(shape: str, scheme: Scheme, snr: float) -> float:
    """Return by how many dB a line makes the SNR of symbols less than it is without the line.

    Noise is white, and the equaliser that makes the mean squared error least is of any length: what
    it leaves is the mean of 1 / (1 + SNR) over the spectrum that a symbol's two samples fold
    (J. G. Proakis, Digital Communications, 10.2.2).

    Parameters
    ----------
    shape
        One of :func:`dsp.line.shapes`.
    scheme
        Of the modem.
    snr
        dB of the signal that arrives to noise, both of 0 to 4 kHz.
    """
    hz = np.arange(0.0, 4000.0, _STEP)
    power = _sent(scheme, hz) * 10 ** (-sum(one.losses(hz) for one in curves(shape)) / 10)
    ratio = power / (power.sum() * _STEP) * 4000 * 10 ** (snr / 10)
    folded = np.round((hz % scheme.symbol_rate) / _STEP).astype(int)
    left = np.mean(1 / (1 + np.bincount(folded, ratio)))
    return float(snr + 10 * np.log10(4000 / scheme.symbol_rate / (1 / left - 1)))
