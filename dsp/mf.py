"""MF register signals, two out of six tones, of all calls at once: System R1 (Bell MF) and R2.

====================================== ==================== ===================
what                                   ``r1``               ``r2-…``
====================================== ==================== ===================
level of a tone                        −30 to 0 dBm0        −38.5 to −5 dBm0
one tone against the other             9 dB                 12 dB
frequency                              1.5 % and 16 Hz      15 Hz
signal accepted, from                  30 ms, KP 50 ms      30 ms
signal refused, up to                  20 ms, KP 40 ms      15 ms
interruption that is none, up to       10 ms                7 ms
pause between two signals, from        25 ms                22 ms
====================================== ==================== ===================

These are outside the limits within which Q.323 and Q.455 want signals heard, and inside those
without which they want none. The tones and times are data, in ``mf_systems``.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources

import numpy as np
from numpy.typing import NDArray

from dsp.bank import turns, windowed
from dsp.framing import UNIT
from dsp.hearing import Heard, Hearing, RecordEar
from dsp.mf_kernel import PIECE, RULES, STATE, decide
from dsp.types import RATE, DspError, Rows, amplitude

__all__ = ["SYSTEMS", "Decisions", "Detector", "MfError", "System", "load"]

SYSTEMS = ("r1", "r2-forward", "r2-backward")
"""Bell MF, which is R1, and MFC-R2 either way."""

_PURITY, _COHERENCE = 0.8, 0.8


class MfError(DspError):
    """A system of MF signals that there is not, or a signal that a system has not."""


@dataclass(frozen=True, slots=True)
class System:
    """The signals of a system, and what sender and receiver make of them.

    Parameters
    ----------
    name
        One of :data:`SYSTEMS`.
    frequencies
        The six, ascending, in Hz.
    signals
        The two of each signal: of R1 ``1`` to ``0``, ``KP``, ``ST``, and ``STP``, ``ST2``,
        ``ST3`` for ST′, ST″, ST‴; of R2 ``1`` to ``15``.
    heard
        What is heard: ``level`` in dBm0 a tone, ``twist`` in dB, ``hz`` and ``percent`` by which
        a tone may be off, ``ms`` that a signal lasts, ``gap_ms`` that end it.
    sent
        What is sent: ``level``, ``ms``, ``pause_ms``.
    longer
        Signals that last longer, in ms: as they are heard, as they are sent.
    """

    name: str
    frequencies: tuple[float, ...]
    signals: Mapping[str, tuple[float, float]]
    heard: Mapping[str, float]
    sent: Mapping[str, float]
    longer: tuple[Mapping[str, float], Mapping[str, float]]


@cache
def load(name: str) -> System:
    """Return a system by its name.

    Raises
    ------
    MfError
        When there is none.

    Examples
    --------
    >>> load("r1").signals["KP"]
    (1100, 1700)
    """
    if name not in SYSTEMS:
        raise MfError(f"no MF system {name!r}: there are {', '.join(SYSTEMS)}")
    text = resources.files("dsp").joinpath("mf_systems", f"{name}.toml").read_text("utf-8")
    table = tomllib.loads(text)
    heard, sent = table["heard"], table["sent"]
    longer = heard.pop("longer_ms", {}), sent.pop("longer_ms", {})
    signals = {signal: tuple(pair) for signal, pair in table["signals"].items()}
    return System(name, tuple(table["frequencies"]), signals, heard, sent, longer)


def _leak(frequencies: Sequence[float]) -> NDArray[np.float64]:
    """What a window of each frequency sees of each other."""
    at = np.arange(2 * PIECE) - PIECE + 0.5
    hann = 0.5 + 0.5 * np.cos(np.pi * at / PIECE)
    apart = np.subtract.outer(np.array(frequencies), np.array(frequencies))
    turn = 2 * np.pi * apart[:, :, None] * at / RATE
    leak: NDArray[np.float64] = (hann * np.cos(turn)).sum(axis=2) / hann.sum()
    return leak


def _rules(system: System) -> NDArray[np.void]:
    rules = np.zeros((), dtype=RULES)
    hz, heard = np.array(system.frequencies, dtype=np.float64), system.heard
    rules["hz"], rules["leak"] = hz, _leak(system.frequencies)
    rules["off"] = heard["hz"] + heard["percent"] / 100 * hz
    for samples, parts in zip((PIECE // 2, PIECE), rules["turns"], strict=True):
        turned = turns(system.frequencies, samples)
        parts[:] = np.concatenate([turned.real, turned.imag])
    rules["meaning"] = -1
    for what, (signal, pair) in enumerate(system.signals.items()):
        place = tuple(system.frequencies.index(one) for one in pair)
        rules["meaning"][place] = what
        rules["least"][place] = system.longer[0].get(signal, heard["ms"]) / 1000 * RATE
    rules["gap"] = heard["gap_ms"] / 1000 * RATE
    rules["tone"] = amplitude(heard["level"]) ** 2 / 2
    rules["twist"] = 10 ** (heard["twist"] / 10)
    rules["purity"], rules["coherence"] = _PURITY, _COHERENCE
    return rules


class Decisions(RecordEar):
    """The ear for the signals of one system.

    Parameters
    ----------
    calls
        How many rows there are.
    system
        One of :data:`SYSTEMS`.

    Raises
    ------
    MfError
        When there is no such system.
    """

    def __init__(self, calls: int, system: str) -> None:
        super().__init__(calls, STATE, events=2)
        known = load(system)
        self.columns = windowed(known.frequencies, PIECE)
        self.meanings = [("mf", signal) for signal in known.signals]
        # a window and the gap
        self.gap = int(np.ceil((known.heard["gap_ms"] / 1000 * RATE + 2 * PIECE) / UNIT))
        self._rules = _rules(known)[()]

    def _decide(self, heard: Heard, rows: Rows) -> int:
        sums = (*heard.transformed(), heard.powers)
        return decide(sums, rows, self._state, self._rules, self._events)


class Detector(Hearing):
    """Hear the signals of one system on every row: kind ``mf``, value as in its table.

    Parameters
    ----------
    calls
        How many rows there are.
    system
        ``r1``, ``r2-forward`` or ``r2-backward``.

    Raises
    ------
    MfError
        When there is no such system.

    Examples
    --------
    >>> from dsp.tone_stream import render
    >>> hear = Detector(1, "r1")
    >>> sound = render("%(100,68,1100,1700);%(68,68,700,900);%(68,68,1500,1700)")
    >>> heard = hear.process(sound[None])
    >>> [one.value for one in heard if one.ended]
    ['KP', '1', 'ST']
    """

    def __init__(self, calls: int, system: str) -> None:
        super().__init__(calls, [Decisions(calls, system)])
