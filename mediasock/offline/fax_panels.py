"""How the picture of a fax call looks: its panels."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from dsp.fax.listener_events import Burst, Phase, Role
from dsp.fax.modems import transmitter
from dsp.types import RATE

from .fax import FaxCall
from .picture_labels import Label, place
from .picture_panels import (
    DOTS,
    HEAD,
    LEFT,
    RIGHT,
    WIDTH,
    Line,
    Span,
    clock,
    draw_level,
    draw_spectrogram,
    draw_times,
    head,
)

__all__ = ["figure"]

_PHASES, _LANE, _SPECTROGRAM, _LEVEL = 0.3, 0.5, 1.6, 0.8
_GAP, _AXIS = 0.09, 0.62
_CONSTELLATION, _WORDS = 1.65, 0.5
_ROW = 8
"""Constellations in a row."""
_MOST = 16
"""Of more than these the first and the last are shown."""

_PHASE_COLOURS: dict[Phase, str] = {
    "A": "#e8e8e8",
    "B": "#cfe2f3",
    "C": "#d9ead3",
    "D": "#fff2cc",
    "E": "#f4cccc",
}
_COLOURS = {
    "tone": "#c2417c",
    "control": "#6b7d94",
    "check": "#d55e00",
    "picture": "#0072b2",
    "failed": "#cc0000",
}
_NAMES: dict[Role | None, str] = {"sender": "sender", "receiver": "receiver", None: "unknown"}


class _Bar(NamedTuple):
    """Something in a lane: seconds of the recording, and how it is called."""

    begin: float
    end: float
    what: str
    words: tuple[str, ...]


def figure(call: FaxCall) -> Figure:
    """Make the picture.

    Parameters
    ----------
    call
        What was heard.
    """
    lanes = {
        role: bars
        for role in _NAMES
        if (bars := sorted(_bars(call, role), key=lambda one: one[:2]))
    }
    shown = _shown([one for one in call.bursts if len(one.symbols)])
    channels = 0 if call.spectra is None else len(call.channels)
    panels = [_PHASES] + [_LANE] * len(lanes) + [_SPECTROGRAM, _LEVEL] * channels
    above = HEAD + sum(panels) + _GAP * (len(panels) - 1) + _AXIS
    height = above + -(-len(shown) // _ROW) * (_CONSTELLATION + _WORDS) + 0.1
    drawn = Figure(figsize=(WIDTH, height), dpi=DOTS, facecolor="white")
    head(drawn, call.file, _about(call))
    end = call.begin + max(call.seconds, 1 / RATE)
    last = end
    if call.spectra is not None:
        columns = call.spectra.mean.columns().shape[1]
        last = call.begin + max(columns, 1) * call.spectra.column_seconds
    span = Span(call.begin, end, last)
    axes = _axes(drawn, panels, span)
    _draw_phases(axes[0], call)
    for panel, (role, bars) in zip(axes[1:], lanes.items(), strict=False):
        _draw_lane(panel, _NAMES[role], bars, span)
    _draw_sound(axes[1 + len(lanes) :], call, span)
    for index, burst in enumerate(shown):
        _draw_constellation(drawn, call, burst, index, above)
    return drawn


def _about(call: FaxCall) -> str:
    length = f"{call.seconds:.2f} s" if call.seconds < 120 else clock(call.seconds)
    confirmed = sum(one.record.confirmed for one in call.pages)
    pages = f"{confirmed} of {len(call.pages)} pages confirmed" if call.pages else "no page"
    return f"{length}   {call.rate:,} Hz   {pages}"


def _bars(call: FaxCall, role: Role | None) -> Iterator[_Bar]:
    """What a side said: tones, frames of each carrier of V.21 together, checks, pictures."""
    for tone in call.tones:
        if tone.role == role:
            yield _Bar(tone.begin, tone.end, "tone", (tone.name.upper(), ""))
    spoken = [one for one in call.spoken if one.role == role]
    for burst in call.bursts:
        inside = [
            one.frame.title if one.good else "?"
            for one in spoken
            if one.channel == burst.channel and burst.begin <= one.begin < burst.end
        ]
        if burst.modem == "V.21":
            # two sides may be in one carrier
            if burst.role == role or inside:
                words = " ".join(name for name, _ in groupby(inside))
                last = inside[-1] if inside else ""
                yield _Bar(call.at(burst.begin), call.at(burst.end), "control", (words, last, ""))
        elif burst.role == role:
            name = "TCF" if burst.what == "check" else "page"
            what = burst.what if burst.trained is not None else "failed"
            words_of = (
                f"{name} {burst.modem}, {burst.training}",
                f"{name} {burst.modem}",
                name,
                "",
            )
            yield _Bar(call.at(burst.begin), call.at(burst.end), what, words_of)


def _shown(bursts: Sequence[Burst]) -> list[Burst]:
    if len(bursts) <= _MOST:
        return list(bursts)
    return [*bursts[: _MOST // 2], *bursts[-_MOST // 2 :]]


def _axes(drawn: Figure, panels: Sequence[float], span: Span) -> list[Axes]:
    """Make the panels over the axis of time, from the top down."""
    height = drawn.get_figheight()
    top = height - HEAD
    axes: list[Axes] = []
    for inches in panels:
        top -= inches
        area = (LEFT / WIDTH, top / height, (WIDTH - LEFT - RIGHT) / WIDTH, inches / height)
        panel = drawn.add_axes(area)
        panel.set_xlim(span.begin, span.end)
        draw_times(panel, span)
        panel.tick_params(labelsize=8, labelbottom=len(axes) == len(panels) - 1)
        for edge in panel.spines.values():
            edge.set(color="#888888", linewidth=0.6)
        axes.append(panel)
        top -= _GAP
    axes[-1].set_xlabel("time in the recording", size=8, labelpad=2)
    return axes


def _draw_phases(panel: Axes, call: FaxCall) -> None:
    panel.set_ylim(0, 1)
    panel.set_yticks([0.5], ["phase"], size=9, weight="bold")
    panel.tick_params(left=False, bottom=False)
    for one in call.phases:
        width = one.end - one.begin
        panel.broken_barh([(one.begin, width)], (0, 1), facecolors=_PHASE_COLOURS[one.phase])
        if width > call.seconds / 150:
            middle = one.begin + width / 2
            panel.text(middle, 0.47, one.phase, size=9, weight="bold", ha="center", va="center")


def _draw_lane(panel: Axes, name: str, bars: Sequence[_Bar], span: Span) -> None:
    panel.set_ylim(1, 0)
    panel.set_yticks([0.5], [name], size=9, weight="bold")
    panel.tick_params(left=False, bottom=False)
    panel.grid(axis="x", color="#e4e4e4", linewidth=0.6)
    panel.set_axisbelow(True)
    least = (span.end - span.begin) / 1400
    for bar in bars:
        whole = [(bar.begin, max(bar.end - bar.begin, least))]
        panel.broken_barh(whole, (0.58, 0.34), facecolors=_COLOURS[bar.what], linewidth=0)
    labels = [Label(span.letter(bar.begin), bar.words, " ") for bar in bars]
    for text in place(labels, span.letters - 1):
        at = span.seconds(text.at + 0.3)
        panel.text(at, 0.32, text.text, size=8, family="DejaVu Sans Mono", va="center")


def _draw_sound(axes: Sequence[Axes], call: FaxCall, span: Span) -> None:
    """Draw the spectrogram and the level of each channel."""
    if call.spectra is None:
        return
    for row, number in enumerate(call.channels):
        line = Line(number, row, [])
        spectrogram, level = axes[2 * row : 2 * row + 2]
        draw_spectrogram(spectrogram, call.spectra.spectrum.columns()[row], line, span)
        draw_level(level, call.spectra, line, span)
        area = spectrogram.get_position()
        middle = (area.y1 + level.get_position().y0) / 2
        name = f"channel {number}"
        spectrogram.figure.text(
            0.22 / WIDTH, middle, name, size=10, weight="bold", rotation=90, va="center"
        )


def _draw_constellation(
    drawn: Figure, call: FaxCall, burst: Burst, index: int, above: float
) -> None:
    """Draw the symbols of a burst, and the points that they should be at."""
    height = drawn.get_figheight()
    row, column = divmod(index, _ROW)
    step = (WIDTH - LEFT) / _ROW
    left = LEFT / 2 + column * step
    bottom = height - above - row * (_CONSTELLATION + _WORDS) - _CONSTELLATION - 0.1
    area = (left / WIDTH, bottom / height, _CONSTELLATION / WIDTH, _CONSTELLATION / height)
    panel = drawn.add_axes(area)
    points = transmitter(burst.modem).scheme.points
    panel.plot(points.real, points.imag, "+", color="#999999", markersize=5, markeredgewidth=0.4)
    symbols, colour = burst.symbols, _COLOURS[burst.what]
    panel.plot(symbols.real, symbols.imag, ".", color=colour, markersize=1.2, markeredgewidth=0)
    reach = 1.35 * float(np.abs(points).max())
    panel.set(xlim=(-reach, reach), ylim=(-reach, reach), xticks=[], yticks=[])
    name = "TCF" if burst.what == "check" else "page"
    snr = "" if burst.measures.snr is None else f"SNR {burst.measures.snr:.0f} dB"
    panel.set_xlabel(f"{call.at(burst.begin):.1f} s {name} {burst.modem}\n{snr}", size=7.5)
    for edge in panel.spines.values():
        edge.set(color="#888888", linewidth=0.6)
