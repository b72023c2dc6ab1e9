"""The receiver of any of the modems with a training: V.27 ter, V.29 and V.17."""

from __future__ import annotations

import numpy as np

from dsp.modem.acquire import Fit, Heard, fit, plain, refit
from dsp.modem.equaliser_kernel import MIDDLE, SPAN
from dsp.modem.front_kernel import SECOND
from dsp.modem.receive_kernel import (
    ASTRAY,
    CARRIER_LOST,
    CARRIER_UP,
    FAILED,
    GATHERED,
    RECEIVING,
    SEARCHING,
    SEEN,
    STATE,
    TRAINED,
    receive,
    search,
)
from dsp.modem.regain import regained
from dsp.modem.scheme import Scheme
from dsp.modem.tables import data_points, fitted_symbols, grouping, parts, tables
from dsp.modem.tracking_kernel import LOUDEST, SOFTEST
from dsp.modem.trellis_kernel import STATES, VITERBI
from dsp.modem.types import Bits, Complex, Report, What, sampled
from dsp.types import RATE, Samples, amplitude

__all__ = ["QamReceiver"]

_FLOOR = -48.0
_LIKENESS = {1: 0.42, 2: 0.3, 3: 0.42, 4: 0.42}
"""By the groups of a pattern: what may be a training. Noise and speech are it some times an hour.

On the worst of lines V.17 is like its pattern to 0.36.
"""
_CLOCK_RANGE = 400e-6
_PHASE_STEP = {1200: 0.01, 1600: 0.01, 2400: 0.02}
"""Of what a symbol is off in phase, by the symbol rate: V.27 ter bears more jitter than noise."""
_GAIN_STEP = 0.004
_CLOCK_STEP, _RATE_STEP = 0.01, 1e-5
_ADAPT_FIRST = 2.5e-3
_WORST, _CHANCE = 0.3, 0.6
"""Noise with which a training has failed, and with which it was none: of speech it is 0.61."""
_GONE = 0.1, 0.35
_REGAINED, _MOST_REGAINED = 80, 2048
"""Symbols after which phase and level are found anew, each time twice as many up to the latter."""
_BEFORE = 512
"""Samples of silence before the first: what the filter and the fit of a training reach back."""

_WHAT: dict[int, What] = {
    CARRIER_UP: "carrier up",
    TRAINED: "trained",
    FAILED: "training failed",
    CARRIER_LOST: "carrier lost",
}


class QamReceiver:
    """Receive one modem at one bit rate.

    Parameters
    ----------
    scheme
        Which.
    short_training
        Whether the next burst has the short training.
    """

    def __init__(self, scheme: Scheme, *, short_training: bool = False) -> None:
        self._scheme = scheme
        self._state = np.zeros(1, dtype=STATE)
        self._one = self._state[0]
        self._one["first"], self._one["fill"] = -_BEFORE, _BEFORE
        self._out = np.empty(0, dtype=np.uint8)
        self._reports: list[Report] = []
        self._latest = 0
        self._shown = 0
        self._kept: Fit | None = None
        self._late = 0.0
        self._half = RATE / scheme.symbol_rate / 2
        self._set_loops()
        self.restart(short_training=short_training)

    def _set_loops(self) -> None:
        timing, carrier = self._one["timing"], self._one["carrier"]
        timing["least"] = round(self._half * (1 - _CLOCK_RANGE) * SECOND)
        timing["most"] = round(self._half * (1 + _CLOCK_RANGE) * SECOND)
        timing["clock_step"] = _CLOCK_STEP * self._half
        timing["rate_step"] = _RATE_STEP * self._half
        carrier["phase_step"] = step = _PHASE_STEP[self._scheme.symbol_rate]
        carrier["turn_step"] = step**2 / 2
        carrier["gain_step"] = _GAIN_STEP

    def restart(self, *, short_training: bool = False) -> None:
        """Make ready for the next burst."""
        self._training = self._scheme.training(short=short_training)
        self._keep()
        self._tables = tables(self._scheme, self._training)
        one = self._one["search"]
        one["group"], one["groups"] = grouping(self._scheme, self._training)
        one["floor"] = amplitude(_FLOOR) ** 2 / 4
        one["threshold"] = _LIKENESS[int(one["groups"])]
        self._search()

    def _search(self) -> None:
        self._one["timing"]["step"] = round(self._half * SECOND)
        search(self._state)

    def process(self, samples: Samples) -> Bits:
        """Hear some samples; return the data bits that are known by them.

        Parameters
        ----------
        samples
            ``(n,)`` int16 at 8 kHz.

        Raises
        ------
        ModemError
            If they are of another shape or type.
        """
        samples = sampled(samples)
        room = 2 * len(samples) + 4096
        if len(self._out) < room:
            self._out = np.empty(room, dtype=np.uint8)
        given = receive(self._state, self._tables, samples, self._out)
        if given >= 0:
            return self._out[:given].copy()
        parts = []
        while given < 0:
            parts.append(self._out[: self._one["given"]].copy())
            samples = samples[self._one["taken"] :]
            self._attend()
            given = receive(self._state, self._tables, samples, self._out)
        parts.append(self._out[:given])
        return np.concatenate(parts)

    def _attend(self) -> None:
        """Do what the loop leaves to be done."""
        one = self._one
        for what, position, bits in one["report"][: one["reports"]].tolist():
            self._note(_WHAT[what], position, bits)
        one["reports"] = 0
        if one["mode"] == GATHERED:
            self._fit()
        elif one["mode"] == ASTRAY:
            self._regain()

    def _fit(self) -> None:
        self._keep()
        one, scheme = self._one, self._scheme
        known = self._training.known[: fitted_symbols(self._training)].astype(np.complex128)
        sound = one["sound"][: one["fill"]].copy()
        found = float(one["begin"]) / SECOND
        heard = Heard(
            self._tables["front"], sound, int(one["first"]), found, known, scheme.symbol_rate
        )
        if self._training is scheme.short:
            fitted = refit(heard, self._kept or plain(heard))
        else:
            fitted = fit(heard)
        if fitted.noise > _CHANCE:
            self._search()
            # a symbol after where it began what was searched for
            symbols = int(self._tables["lead"][0]) + 1
            one["timing"]["clock"] = one["begin"] + 2 * symbols * one["timing"]["step"]
            return
        self._begin(fitted)
        self._note("carrier up", int(found), int(one["bits"]))
        if fitted.noise > _WORST:
            # until it is over; no ones are waited for
            self._note("training failed", int(found), int(one["bits"]))
            one["pending"] = 0

    def _regain(self) -> None:
        """Find phase and level after a hit, unless there is nothing to be found."""
        one = self._one
        looked = int(one["looked"])
        latest = one["seen"][np.arange(looked - _REGAINED, looked) % SEEN]
        factor = regained(latest, data_points(self._scheme))
        if factor is None:
            one["until_regain"] = min(2 * int(one["until_regain"]), _MOST_REGAINED)
        else:
            carrier = one["carrier"]
            turned = complex(carrier["cosine"], carrier["sine"]) * factor.conjugate() / abs(factor)
            carrier["cosine"], carrier["sine"] = turned.real, turned.imag
            carrier["gain"] = np.clip(carrier["gain"] * abs(factor), SOFTEST, LOUDEST)
            one["lately"], one["until_regain"] = 0.0, _REGAINED
        one["astray"] = 0
        one["mode"] = RECEIVING

    def _note(self, what: What, position: int, bits: int) -> None:
        # a signal that ends in its training has faded before that was said to have failed
        self._latest = max(position, self._latest)
        self._reports.append(Report(what, self._latest, bits))

    def _begin(self, fitted: Fit) -> None:
        """Hear the training once more, from its first known symbol on."""
        self._late = fitted.late
        one, training = self._one, self._training
        timing, carrier = one["timing"], one["carrier"]
        timing["clock"] = round((fitted.begin - MIDDLE * fitted.step) * SECOND)
        timing["step"] = round(fitted.step * SECOND)
        for name in ("real", "imaginary", "decided_real", "decided_imaginary"):
            timing[name] = 0.0
        carrier["cosine"], carrier["sine"] = np.cos(fitted.phase), np.sin(fitted.phase)
        carrier["turn"], carrier["gain"] = fitted.turn, 1.0
        one["at"], one["halves"] = 0, SPAN
        one["taps"] = parts(fitted.taps)
        one["scale"] = fitted.scale
        one["symbol"] = 0
        one["adapt_step"] = _ADAPT_FIRST
        one["last"] = training.state & 7
        one["viterbi"] = np.zeros((), dtype=VITERBI)
        one["viterbi"]["dibit"] = training.state // STATES
        one["scrambler"] = self._scheme.scrambler.state(training.register, training.repeats)[0]
        one["pending"], one["wrong"] = training.ones * self._scheme.bits, 0
        one["power"], one["lately"] = 1.0, 0.0
        one["astray"], one["until_regain"] = 0, _REGAINED
        one["error"] = one["errors"] = fitted.noise
        one["faded"] = one["held"] = 0
        one["gone"] = min(max(np.sqrt(fitted.noise), _GONE[0]), _GONE[1])
        one["mode"] = RECEIVING

    def _keep(self) -> None:
        """Note what the line was like in the last burst, if that was received."""
        one = self._one
        if not one["learned"]:
            return
        one["learned"] = False
        carrier = one["carrier"]
        taps = one["taps"].astype(np.float64)
        self._kept = Fit(
            taps[0] + 1j * taps[1],
            0.0,
            float(one["timing"]["step"]) / SECOND,
            0.0,
            float(carrier["turn"]),
            float(one["scale"] * carrier["gain"]),
            float(one["error"]),
            self._late,
        )

    def reports(self) -> list[Report]:
        """Return what has happened since this was last asked."""
        if self._one["reports"]:
            self._attend()
        reports, self._reports = self._reports, []
        return reports

    @property
    def carrier(self) -> bool:
        """Whether the modem's signal is there."""
        return int(self._one["mode"]) != SEARCHING

    @property
    def trained(self) -> bool:
        """Whether data are being received."""
        return bool(self._one["trained"])

    @property
    def quality(self) -> float:
        """Signal to noise over 0 to 4 kHz in dB, estimated by how far symbols are from points."""
        noise = max(float(self._one["error"]), 1e-9) * RATE / 2 / self._scheme.symbol_rate
        return float(-10.0 * np.log10(noise))

    @property
    def frequency_offset(self) -> float:
        """Hz that the carrier is off."""
        return float(self._one["carrier"]["turn"]) * self._scheme.symbol_rate / (2 * np.pi)

    @property
    def timing_offset(self) -> float:
        """Parts in a million that the transmitter's clock is fast."""
        return float(self._half * SECOND / float(self._one["timing"]["step"]) - 1.0) * 1e6

    def symbols(self) -> Complex:
        """Return the equalised symbols since this was last asked, at most the latest 2048."""
        looked = int(self._one["looked"])
        index = np.arange(max(self._shown, looked - SEEN), looked) % SEEN
        self._shown = looked
        return np.asarray(self._one["seen"][index])
