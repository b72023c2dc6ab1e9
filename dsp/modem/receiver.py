"""The receiver of any of the modems with a training: V.27 ter, V.29 and V.17."""

from __future__ import annotations

from functools import lru_cache
from math import ceil

import numpy as np
from numpy.typing import NDArray

from dsp.modem.acquire import MOVES, Fit, Heard, fit, plain, refit
from dsp.modem.differential import Differential
from dsp.modem.equaliser_kernel import MIDDLE, SPAN
from dsp.modem.front import LEAD, TAPS, front
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
    TABLES,
    TRAINED,
    receive,
)
from dsp.modem.regain import regained
from dsp.modem.scheme import Scheme, Training
from dsp.modem.search_kernel import PATTERN
from dsp.modem.tracking_kernel import LOUDEST, SOFTEST
from dsp.modem.trellis import Trellis, subsets
from dsp.modem.trellis_kernel import DEPTH, EACH, STATES, VITERBI
from dsp.modem.types import Bits, Complex, ModemError, Report, What
from dsp.types import RATE, Samples, amplitude

__all__ = ["QamReceiver"]

_FITTED = 400
"""Symbols of a training that are fitted at once; the rest is learned as it comes."""

_FLOOR = -48.0
_LIKENESS = {1: 0.42, 2: 0.3, 3: 0.42, 4: 0.42}
"""By the groups of a pattern: what may be a training. Noise and speech are it some times an hour.

On the worst of lines V.17 is like its pattern to 0.36.
"""
_CLOCK_RANGE = 400e-6
_PHASE_STEP, _TURN_STEP, _GAIN_STEP = 0.02, 2e-4, 0.004
_CLOCK_STEP, _RATE_STEP = 0.01, 1e-5
_ADAPT_FIRST, _ADAPT_STEP = 2.5e-3, 4e-4
_WORST, _CHANCE = 0.3, 0.6
"""Noise with which a training has failed, and with which it was none: of speech it is 0.61."""
_GONE = 0.1, 0.35
_BY_CHANCE = {Differential: 0.07, Trellis: 0.19}
"""Noise in parts of the least squared distance of points: more is in symbols decided by chance.

Those are 0.09 to 0.25 and 0.25 to 0.36 away; where 1e-4 of the bits are wrong it is 0.03 to 0.05
and 0.11.
"""
_REGAINED, _MOST_REGAINED = 80, 2048
"""Symbols after which phase and level are found anew, each time twice as many up to the latter."""
_PATIENCE = 0.055
"""Seconds for which a signal may be away: two frames of 20 ms that were lost, and no more than
T.30 lets pass between a page and what V.21 says next: 75 ms, give or take 20."""

_FADING = 37
"""Symbols in which the mean power falls to where a signal counts as gone, if there is no noise."""

_WHAT: dict[int, What] = {
    CARRIER_UP: "carrier up",
    TRAINED: "trained",
    FAILED: "training failed",
    CARRIER_LOST: "carrier lost",
}


def _parts(values: NDArray[np.complexfloating]) -> NDArray[np.float32]:
    return np.stack([values.real, values.imag]).astype(np.float32)


def _group(scheme: Scheme, training: Training) -> tuple[int, int]:
    """Symbols in a group of the search's pattern, about 13 ms, and how many groups it has."""
    group = 32 if scheme.symbol_rate == 2400 else 16
    return group, min(PATTERN, len(training.known)) // group


def _pattern(known: Complex, group: int, groups: int) -> tuple[int, NDArray[np.float32]]:
    """Return the symbols that are searched for, without what the search takes off, and their lead.

    They are the first in which there is enough besides alternations, or where there is most.
    """

    def without(lead: int) -> NDArray[np.complex128]:
        parts = known[lead : lead + groups * group].astype(np.complex128)
        pairs = parts.reshape(groups, group // 2, 2)
        pairs = pairs - pairs.mean(axis=1, keepdims=True)
        return np.asarray(pairs.reshape(groups, group))

    leads = range(min(len(known) - groups * group, 2 * PATTERN) + 1)
    least = [float(np.min(np.mean(np.abs(without(lead)) ** 2, axis=1))) for lead in leads]
    enough = 0.6 * float(np.mean(np.abs(known) ** 2))
    lead = next((lead for lead in leads if least[lead] >= enough), int(np.argmax(least)))
    pattern = without(lead)
    pattern /= np.sqrt(np.mean(np.abs(pattern) ** 2, axis=1, keepdims=True))
    return lead, _parts(pattern.reshape(-1))


def _fitted(training: Training) -> int:
    return min(_FITTED, len(training.known) - 4)


def _points(scheme: Scheme) -> Complex:
    """Return the points that data are sent as."""
    if isinstance(scheme.code, Differential):
        return np.asarray(scheme.points[scheme.code.words])
    return scheme.points


def _apart(scheme: Scheme) -> float:
    """Return the square of the least distance between two points."""
    points = _points(scheme)
    apart = np.abs(points[:, None] - points)
    return float(np.min(apart[apart > 1e-3])) ** 2


@lru_cache(maxsize=32)
def _tables(scheme: Scheme, training: Training) -> NDArray[np.void]:
    """Return what the loop knows of a modem."""
    tables = np.zeros(1, dtype=TABLES)
    half = RATE / scheme.symbol_rate / 2
    tables["front"] = front(scheme.symbol_rate, scheme.carrier, scheme.rolloff)
    group, groups = _group(scheme, training)
    tables["lead"], tables["pattern"][0, :, : groups * group] = _pattern(
        training.known, group, groups
    )
    tables["known"][0, :, : len(training.known)] = _parts(training.known)
    tables["symbols"] = len(training.known)
    tables["points"][0, :, : len(scheme.points)] = _parts(scheme.points)
    if isinstance(scheme.code, Differential):
        words = scheme.code.words
        tables["words"][0, : len(words)] = words
        tables["count"] = len(words)
        tables["numbers"] = scheme.code.numbers
    else:
        tables["trellis"] = True
        tables["subsets"] = subsets(scheme.bit_rate)
    tables["bits"] = scheme.bits
    tables["ones"] = training.ones * scheme.bits
    spare = 16 + ceil(MOVES * half)
    tables["behind"] = LEAD + ceil((MIDDLE + 2) * half) + spare
    tables["needed"] = ceil((2 * _fitted(training) + SPAN - MIDDLE) * half) + TAPS + spare
    tables["patience"] = round(_PATIENCE * scheme.symbol_rate) - _FADING
    tables["delay"] = 0 if isinstance(scheme.code, Differential) else DEPTH - EACH
    tables["chance"] = _BY_CHANCE[type(scheme.code)] * _apart(scheme)
    tables["adapt_step"] = _ADAPT_STEP
    return tables


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
        timing["step"] = round(self._half * SECOND)
        timing["least"] = round(self._half * (1 - _CLOCK_RANGE) * SECOND)
        timing["most"] = round(self._half * (1 + _CLOCK_RANGE) * SECOND)
        timing["clock_step"] = _CLOCK_STEP * self._half
        timing["rate_step"] = _RATE_STEP * self._half
        carrier["phase_step"], carrier["turn_step"] = _PHASE_STEP, _TURN_STEP
        carrier["gain_step"] = _GAIN_STEP

    def restart(self, *, short_training: bool = False) -> None:
        """Make ready for the next burst."""
        scheme = self._scheme
        training = scheme.short if short_training else scheme.long
        if training is None:
            raise ModemError(f"{scheme.name} has no short training")
        self._training = training
        self._tables = _tables(scheme, training)
        self._search()

    def _search(self) -> None:
        one = self._one
        one["mode"] = SEARCHING
        one["trained"] = False
        one["timing"]["step"] = round(self._half * SECOND)
        search = one["search"]
        search["group"], search["groups"] = group, groups = _group(self._scheme, self._training)
        search["floor"] = amplitude(_FLOOR) ** 2 / 4
        search["threshold"] = _LIKENESS[groups]
        search["fill"] = 0
        search["best"] = 0.0
        search["since"] = 0
        search["fresh"] = 2 * groups * group

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
        if samples.dtype != np.int16 or samples.ndim != 1:
            raise ModemError(f"samples of {samples.dtype} {samples.shape}: not int16 in a row")
        if not samples.flags.c_contiguous:
            samples = samples.copy()
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
        one, scheme = self._one, self._scheme
        known = self._training.known[: _fitted(self._training)].astype(np.complex128)
        sound = one["sound"][: one["fill"]].copy()
        found = float(one["begin"]) / SECOND
        heard = Heard(
            self._tables["front"], sound, int(one["first"]), found, known, scheme.symbol_rate
        )
        if self._training is scheme.short:
            fitted = refit(heard, self._learned() or plain(heard))
        else:
            fitted = fit(heard)
        if fitted.noise > _CHANCE:
            self._search()
            one["timing"]["clock"] = one["begin"] + 2 * one["timing"]["step"]
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
        factor = regained(latest, _points(self._scheme))
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
        self._kept, self._late = self._learned(), fitted.late
        one, training = self._one, self._training
        timing, carrier = one["timing"], one["carrier"]
        timing["clock"] = round((fitted.begin - MIDDLE * fitted.step) * SECOND)
        timing["step"] = round(fitted.step * SECOND)
        for name in ("real", "imaginary", "decided_real", "decided_imaginary"):
            timing[name] = 0.0
        carrier["cosine"], carrier["sine"] = np.cos(fitted.phase), np.sin(fitted.phase)
        carrier["turn"], carrier["gain"] = fitted.turn, 1.0
        one["at"], one["halves"] = 0, SPAN
        one["taps"] = _parts(fitted.taps)
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
        one["learned"] = False
        one["mode"] = RECEIVING

    def _learned(self) -> Fit | None:
        """Return what the line was like in the last burst that was received."""
        one = self._one
        if not one["learned"]:
            return self._kept
        carrier = one["carrier"]
        taps = one["taps"].astype(np.float64)
        return Fit(
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
