"""Attenuation and group-delay distortion of loops and trunks.

The curves are data, in ``lines``, each with where it is from and what is in doubt:

================================ ================================================================
``eia-1`` to ``eia-7``           North American loops of TIA/EIA-496; 6 and 7 are loaded
``etsi-1``, ``etsi-2``           European loops
``ad-1``, ``ad-5`` to ``ad-9``   attenuation of analogue trunks (V.56bis table A.10)
``edd-1`` to ``edd-3``           envelope delay of analogue trunks (V.56bis table A.11)
``pcm-1`` to ``pcm-3``           the filters of one to three digital trunks (V.56bis)
``proakis``                      the "medium range line" of Proakis's book
``good``, ``medium``, ``bad``    loops and a trunk together
================================ ================================================================
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any

import numpy as np
from scipy.interpolate import PchipInterpolator

from dsp.bank import Floats64
from dsp.line_stage import Fir, Impairment, LineError, Random, Stage, check
from dsp.types import RATE

__all__ = ["Curve", "Shape", "curves", "shapes"]

_TAPS = 512
_DELAY = 160
_FFT = 32768


@dataclass(frozen=True)
class Curve:
    """Loss and delay at some frequencies, with a smooth line through them.

    Parameters
    ----------
    name
        As in the table above.
    loss
        Points ``(Hz, dB)``; beyond the last ones it goes on as between the last two. None is no
        loss.
    delay
        Points ``(Hz, µs)`` beside 1,800 Hz; beyond the last ones it stays. None is no delay.
    """

    name: str
    loss: tuple[tuple[float, float], ...]
    delay: tuple[tuple[float, float], ...]

    def losses(self, hz: Floats64) -> Floats64:
        """Decibels at these frequencies."""
        if not self.loss:
            return np.zeros(len(hz))
        at, db = np.array(self.loss).T
        slopes = np.diff(db) / np.diff(at)
        inside = np.clip(hz, at[0], at[-1])
        beyond = np.where(hz < at[0], slopes[0], slopes[-1]) * (hz - inside)
        losses: Floats64 = PchipInterpolator(at, db)(inside) + beyond
        return losses

    def delays(self, hz: Floats64) -> Floats64:
        """Seconds at these frequencies."""
        if not self.delay:
            return np.zeros(len(hz))
        at, us = np.array(self.delay).T
        delays: Floats64 = PchipInterpolator(at, us)(np.clip(hz, at[0], at[-1])) * 1e-6
        return delays


@cache
def _files() -> dict[str, Any]:
    found: dict[str, Any] = {}
    for file in resources.files("dsp").joinpath("lines").iterdir():
        if file.name.endswith(".toml"):
            found |= tomllib.loads(file.read_text("utf-8"))
    return found


def shapes() -> list[str]:
    """Names of the curves and connections that there are.

    Examples
    --------
    >>> {"eia-7", "ad-6", "edd-2", "pcm-1", "good", "medium", "bad"} <= set(shapes())
    True
    """
    return sorted(_files())


@cache
def curves(names: str) -> tuple[Curve, ...]:
    """Return the curves of a connection, whose losses and delays add up.

    Parameters
    ----------
    names
        One of :func:`shapes`, or several with ``+`` between.

    Raises
    ------
    LineError
        Where there is none of a name.

    Examples
    --------
    >>> [one.name for one in curves("medium")]
    ['eia-3', 'ad-6', 'edd-2', 'eia-3']
    """
    found: list[Curve] = []
    for name in names.split("+"):
        entry = _files().get(name)
        if entry is None:
            raise LineError(f"no line {name!r}: there are {', '.join(shapes())}")
        if isinstance(entry, str):
            found += curves(entry)
            continue
        loss = zip(entry["hz"], entry.get("db", ()), strict="db" in entry)
        delay = zip(entry.get("us_hz", entry["hz"]), entry.get("us", ()), strict="us" in entry)
        found.append(Curve(name, tuple(loss), tuple(delay)))
    return tuple(found)


@cache
def _taps(names: str, scale: float) -> Floats64:
    """Taps of the filter that has the losses and delays of these curves."""
    hz = np.linspace(0, RATE / 2, _FFT // 2 + 1)
    losses = sum((one.losses(hz) for one in curves(names)), start=np.zeros(len(hz)))
    delays = sum((one.delays(hz) for one in curves(names)), start=np.zeros(len(hz)))
    # a group delay is the slope of the phase
    steps = (delays[1:] + delays[:-1]) / 2 * (RATE / _FFT)
    cycles = scale * np.concatenate([[0.0], np.cumsum(steps)]) + hz * _DELAY / RATE
    response = 10 ** (-scale * losses / 20) * np.exp(-2j * np.pi * cycles)
    taps: Floats64 = np.fft.irfft(response, _FFT)[:_TAPS]
    return taps


@dataclass(frozen=True)
class Shape(Impairment):
    """The distortion of loops and trunks: a filter that leaves 1,000 Hz as loud as it was.

    It is right to 0.15 dB where the loss is below 40 dB, and to 0.1 ms from 300 to 3,400 Hz.

    Parameters
    ----------
    names
        One of :func:`shapes`, or several with ``+`` between: ``"eia-3+ad-6+edd-2+eia-3"``.
    scale
        How many times over, 0 to 2: half the decibels and microseconds with 0.5.
    """

    names: str
    scale: float = 1.0

    def __post_init__(self) -> None:
        curves(self.names)
        check("a scale", self.scale, 0.0, 2.0)

    @property
    def delay(self) -> int:
        """Samples by which 1,800 Hz comes out later."""
        return _DELAY

    def start(self, random: Random) -> Stage:
        """Begin it on one line."""
        return Fir(_taps(self.names, self.scale))
