"""Where findings lie in a picture: at which frequencies, and in which bursts they sounded."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Protocol, TypeAlias

import numpy as np

from dsp.bank import Floats32, Floats64
from dsp.plan import FAX, Cadence, load
from dsp.preamble import MARK, SPACE
from dsp.preamble import Decisions as Preamble
from dsp.tones import DTMF
from dsp.types import DBM0_OF_FULL_SCALE, RATE

from .picture_strips import WINDOW, Spectra

__all__ = ["Mark", "Shown", "marks"]

_HALF_OF_FULL_SCALE = 32768.0**2 * 10 ** (-DBM0_OF_FULL_SCALE / 10) / 2
"""Half the mean square of 0 dBm0: where a tone's mean crosses half its power, it begins or ends."""

_BEAT = 0.025
"""Seconds that a level is the mean of, for two tones that beat."""

_DROP = 0.06
"""Seconds of a silence that a burst goes on over: a hole of a few frames, a phase reversal."""

_COARSE = 0.1
"""Seconds of a column above which bursts are not looked for."""

_TONES = {"mf": 2, "beep": 1, "tone": 2, "text": 2}
"""Tones of what no plan has the frequencies of: they are looked for in the spectrum."""

_WEAKER = 2.0
"""Bels below the greatest peak of a spectrum from which on another is none."""

_APART = 80.0
"""Hz between peaks of a spectrum, at least: less is one main lobe."""


Bursts: TypeAlias = tuple[tuple[float, float], ...]
"""Beginnings and ends in seconds."""


class Shown(Protocol):
    """What of a finding is shown; of :class:`~mediasock.offline.request.Finding`."""

    @property
    def channel(self) -> int:
        """From 1."""

    @property
    def kind(self) -> str:
        """Of ``"dtmf"`` and so on."""

    @property
    def value(self) -> str:
        """What of that kind."""

    @property
    def start(self) -> float:
        """Seconds."""

    @property
    def end(self) -> float:
        """Seconds."""

    @property
    def level(self) -> float:
        """dBm0."""


@dataclass(frozen=True, slots=True)
class Mark:
    """A finding, and where it lies in the picture.

    Parameters
    ----------
    finding
        What was found.
    frequencies
        Of its tones in Hz; none where it has none.
    bursts
        Beginnings and ends in seconds of what sounded.
    steps
        Of tones one after the other, the share of the whole that each takes, in the order of
        `frequencies`; none where all sound at once.
    """

    finding: Shown
    frequencies: tuple[float, ...]
    bursts: Bursts
    steps: tuple[float, ...] = ()

    @property
    def boxes(self) -> list[tuple[float, float, float]]:
        """Where each tone sounded: begin and end in seconds, Hz."""
        if not self.steps:
            return [(begin, end, hz) for hz in self.frequencies for begin, end in self.bursts]
        length = self.finding.end - self.finding.start
        ends = [self.finding.start + length * share for share in accumulate(self.steps)]
        begins = [self.finding.start, *ends[:-1]]
        return list(zip(begins, ends, self.frequencies, strict=True))

    @property
    def cadence(self) -> str:
        """Times of sound and of silence in ms, as ``500/500``; empty for one burst.

        Two kinds of silence, as of a ringback in pairs, are two pairs: ``400/200/400/2000``.
        """
        if len(self.bursts) < 2:
            return ""
        edges = np.array(self.bursts) * 1000
        sounds = edges[:-1, 1] - edges[:-1, 0]
        silences = edges[1:, 0] - edges[:-1, 1]
        halfway = (silences.min() + silences.max()) / 2
        apart = silences.max() > 1.5 * silences.min()
        groups = [silences < halfway, silences >= halfway] if apart else [silences > 0]
        return "/".join(f"{sounds[own].mean():.0f}/{silences[own].mean():.0f}" for own in groups)


def marks(
    findings: Iterable[Shown], spectra: Spectra, row: int, begin: float, plans: Sequence[str]
) -> list[Mark]:
    """Find where findings of one channel lie.

    Parameters
    ----------
    findings
        By start.
    spectra
        Of the recording.
    row
        Of the channel in it.
    begin
        Seconds of the recording before what the spectra are of.
    plans
        That tones were told by.
    """
    cadences = load([*plans, FAX])
    column = spectra.column_seconds
    powers = spectra.mean.columns()[row]
    width = 2 * round(_BEAT / column / 2) + 1
    smooth = np.convolve(powers, np.ones(width) / width, mode="same")[: len(powers)]
    spectrum = spectra.spectrum.columns()[row]
    found = []
    for one in findings:
        half = _HALF_OF_FULL_SCALE * 10 ** (one.level / 10)
        first = max(int((one.start - begin) / column), 0)
        last = max(int(np.ceil((one.end - begin) / column)), first + 1)
        heard = spectrum[first:last][smooth[first:last] >= half]
        own = _of(one, cadences)
        frequencies, steps = _frequencies(one, heard.mean(axis=0) if len(heard) else None, own)
        bursts: Bursts = ((one.start, one.end),)
        if column <= _COARSE and any(not each.continuous for each in own):
            edges = begin + column * _crossings(smooth[first:last], half, first)
            bursts = _bursts(np.clip(edges, one.start, one.end)) or bursts
        found.append(Mark(one, frequencies, bursts, steps))
    return found


def _crossings(powers: Floats32, half: float, first: int) -> Floats64:
    """Where powers rise above `half` and fall below it again, in columns, between two of them."""
    above = np.concatenate([[0], (powers >= half).astype(np.int8), [0]])
    edges = np.flatnonzero(np.diff(above))
    padded = np.concatenate([powers[:1], powers, powers[-1:]]).astype(np.float64)
    before, after = padded[edges], padded[edges + 1]
    slope = np.where(after == before, 1.0, after - before)
    within = np.clip((half - before) / slope, 0.0, 1.0)
    return np.asarray(first + edges - 0.5 + within, dtype=np.float64)


def _bursts(edges: Floats64) -> Bursts:
    """Pairs of edges, those with next to no silence between them as one."""
    joined: list[tuple[float, float]] = []
    for begin, end in edges.reshape(-1, 2).tolist():
        if joined and begin - joined[-1][1] < _DROP:
            joined[-1] = joined[-1][0], end
        else:
            joined.append((begin, end))
    return tuple(joined)


def _of(one: Shown, cadences: Sequence[Cadence]) -> list[Cadence]:
    return [each for each in cadences if (each.kind, each.value) == (one.kind, one.value)]


def _frequencies(
    one: Shown, spectrum: Floats32 | None, cadences: Sequence[Cadence]
) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Frequencies, and shares of those that come one after the other."""
    if one.kind == "dtmf" and one.value in DTMF:
        return DTMF[one.value], ()
    if (one.kind, one.value) in Preamble.meanings:
        return (MARK, SPACE), ()
    if spectrum is None:
        return (), ()
    known = [each for each in cadences if any(part.frequencies for part in each.intervals)]
    if not known:
        return _peaks(spectrum, _TONES.get(one.kind, 0)), ()
    # of several countries' tones of this name the one that looks like what was heard
    best = max(known, key=lambda each: _likeness(spectrum, _tones(each)))
    if not best.once or len(best.intervals) == 1:
        return _tones(best), ()
    lengths = [(part.least + part.most) / 2 for part in best.intervals for _ in part.frequencies]
    every = tuple(hz for part in best.intervals for hz in part.frequencies)
    return every, tuple(length / sum(lengths) for length in lengths)


def _tones(cadence: Cadence) -> tuple[float, ...]:
    return tuple(sorted({hz for part in cadence.intervals for hz in part.frequencies}))


def _likeness(spectrum: Floats32, frequencies: Sequence[float]) -> float:
    """Cosine between a spectrum and that of these tones, of a Hann window."""
    bins = np.arange(len(spectrum))[:, None] - np.array(frequencies) * WINDOW / RATE
    inside = np.abs(bins) < 2
    lobes = np.where(inside, np.sinc(bins) / np.where(np.abs(bins) == 1, 1, 1 - bins**2), 0.0)
    lobes[np.abs(bins) == 1] = 0.5
    model = (lobes**2).sum(axis=1)
    return float(model @ spectrum / np.sqrt((model**2).sum() * (spectrum**2).sum() + 1e-30))


def _peaks(spectrum: Floats32, count: int) -> tuple[float, ...]:
    """Frequencies of the greatest peaks, each between its bins by a parabola."""
    bels = np.log10(spectrum.astype(np.float64) + 1e-9)
    found: list[float] = []
    peak = (bels[1:-1] >= bels[:-2]) & (bels[1:-1] > bels[2:])
    inner = np.flatnonzero(peak & (bels[1:-1] > bels.max() - _WEAKER)) + 1
    for place in inner[np.argsort(-bels[inner])].tolist():
        below, here, above = bels[place - 1 : place + 2]
        curve = below - 2 * here + above
        hz = (place + 0.5 * (below - above) / curve) * RATE / WINDOW if curve else 0.0
        if len(found) < count and all(abs(hz - other) > _APART for other in found):
            found.append(hz)
    return tuple(sorted(found))
