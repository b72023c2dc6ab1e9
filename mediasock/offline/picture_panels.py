"""How a picture looks: its panels, by matplotlib's objects alone, so that threads do not meet."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection, PolyCollection
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties, findfont, get_font
from matplotlib.image import AxesImage
from matplotlib.patheffects import withStroke
from matplotlib.ticker import FixedLocator, FuncFormatter, MaxNLocator, MultipleLocator

from dsp.bank import Floats32
from dsp.tones import DTMF
from dsp.types import RATE, dbm0

from .picture_labels import Label, place
from .picture_marks import Mark
from .picture_strips import KEY_FREQUENCIES, WINDOW, Spectra

__all__ = [
    "DOTS",
    "HEAD",
    "LEFT",
    "RIGHT",
    "WIDTH",
    "Line",
    "Span",
    "clock",
    "draw_level",
    "draw_spectrogram",
    "draw_times",
    "figure",
    "head",
]

DOTS = 100
"""Dots an inch of a PNG: 1,600 in its width."""

WIDTH, LEFT, RIGHT = 16.0, 1.0, 1.05
_LANE, _SPECTROGRAM, _KEYS, _LEVEL = 0.36, 2.9, 1.15, 1.0
_GAP, HEAD, _AXIS = 0.09, 0.8, 0.62

COLOURS = {
    "voice": "#5a9e4b",
    "silence": "#999999",
    "dtmf": "#0072b2",
    "mf": "#7a5cc7",
    "tone": "#d55e00",
    "fax": "#c2417c",
    "beep": "#b8860b",
    "music": "#2a9d8f",
    "amd": "#6b4f3a",
    "text": "#4059ad",
}
"""By kind, in the order of the lanes; told apart by eyes that do not see all colours."""

_OTHER = "#555555"
_BRIGHT = {
    "voice": "#9be88a",
    "dtmf": "#7fd4ff",
    "mf": "#c9b6ff",
    "tone": "#ffc061",
    "fax": "#ff9bcb",
    "beep": "#ffe873",
}
"""The same on a dark ground."""

_LETTER = 7 / DOTS
"""Inches of a letter of DejaVu Sans Mono of 8 points, in whole dots as a PNG has it."""

_DEPTH = 70.0
"""dB from the brightest to the darkest of a spectrogram."""

_SILENT = float(dbm0(0.0))

_HALF_BOX = 55.0
"""Hz from a tone to the edge of its box."""

_TITLE = 120
"""Letters of a title: of a longer path the end is shown."""

_CROWD = 400
"""Boxes from which on they are drawn with finer lines."""

_FEW = 200
"""Columns up to which an image is smoothed."""

_TICKS = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400, 28800, 86400)


class Line(NamedTuple):
    """A channel of a picture: its number from 1, its row of the spectra, what was heard in it."""

    number: int
    row: int
    marks: list[Mark]

    @property
    def kinds(self) -> list[str]:
        """What was heard, in the order of the lanes."""
        found = {mark.finding.kind for mark in self.marks}
        return [kind for kind in COLOURS if kind in found] + sorted(found - set(COLOURS))

    @property
    def inches(self) -> list[float]:
        """Heights of its panels."""
        return [_LANE * max(len(self.kinds), 1), _SPECTROGRAM, _KEYS, _LEVEL]


class Span(NamedTuple):
    """The axis of time: begin and end in seconds, and the end of the last column."""

    begin: float
    end: float
    last: float

    @property
    def letters(self) -> float:
        """How many letters of a label fit in it."""
        return (WIDTH - LEFT - RIGHT) / _LETTER

    def letter(self, seconds: float) -> float:
        """Place in letters."""
        return (seconds - self.begin) / (self.end - self.begin) * self.letters

    def seconds(self, letter: float) -> float:
        """Time of a place in letters."""
        return self.begin + letter / self.letters * (self.end - self.begin)


def figure(spectra: Spectra, lines: Sequence[Line], title: str, about: str, begin: float) -> Figure:
    """Make the picture.

    Parameters
    ----------
    spectra
        Of the recording, finished.
    lines
        Its channels, from the top.
    title, about
        Name of the recording, and what is told of it behind its name.
    begin
        Seconds before its first sample.
    """
    each = [sum(line.inches) + _GAP * (len(line.inches) - 1) + _AXIS for line in lines]
    height = HEAD + sum(each)
    drawn = Figure(figsize=(WIDTH, height), dpi=DOTS, facecolor="white")
    head(drawn, title, about)
    columns = spectra.mean.columns().shape[1]
    each_column = spectra.column_seconds
    span = Span(
        begin, begin + max(spectra.seconds, each_column), begin + max(columns, 1) * each_column
    )
    top = height - HEAD
    for line, inches in zip(lines, each, strict=True):
        _channel(drawn, spectra, line, span, top)
        top -= inches
    return drawn


def head(drawn: Figure, title: str, about: str) -> None:
    """Write the name of a recording over its picture, and what is told of it."""
    height = drawn.get_figheight()
    if len(title) > _TITLE:
        title = f"…{title[1 - _TITLE :]}"
    name = drawn.text(
        0.25 / WIDTH, 1 - 0.33 / height, _written(title), size=14, weight="bold", va="center"
    )
    name.set_parse_math(False)
    drawn.text(0.25 / WIDTH, 1 - 0.58 / height, about, size=9, color="#555555", va="center")


def _written(name: str) -> str:
    """Give a name with a box for each letter that the font lacks, as matplotlib would warn of."""
    known = get_font(findfont(FontProperties(weight="bold"))).get_charmap()
    return "".join(letter if ord(letter) in known else "□" for letter in name)


def _channel(drawn: Figure, spectra: Spectra, line: Line, span: Span, top: float) -> None:
    """Draw the panels of a channel from `top` down, in inches from the bottom."""
    height = drawn.get_figheight()
    panels: list[Axes] = []
    for inches in line.inches:
        top -= inches
        area = (LEFT / WIDTH, top / height, (WIDTH - LEFT - RIGHT) / WIDTH, inches / height)
        panels.append(drawn.add_axes(area))
        top -= _GAP
    lanes, spectrogram, keys, level = panels
    for panel in panels:
        panel.set_xlim(span.begin, span.end)
        draw_times(panel, span)
        panel.tick_params(labelsize=8, labelbottom=panel is level)
        for edge in panel.spines.values():
            edge.set(color="#888888", linewidth=0.6)
    middle = (lanes.get_position().y1 + level.get_position().y0) / 2
    name = f"channel {line.number}"
    drawn.text(0.22 / WIDTH, middle, name, size=10, weight="bold", rotation=90, va="center")
    level.set_xlabel("time in the recording", size=8, labelpad=2)
    _draw_lanes(lanes, line, span)
    draw_spectrogram(spectrogram, spectra.spectrum.columns()[line.row], line, span)
    _draw_keys(keys, spectra.keys.columns()[line.row], line, span)
    draw_level(level, spectra, line, span)


def draw_times(panel: Axes, span: Span) -> None:
    """Write seconds, or minutes, along a panel."""
    seconds = span.end - span.begin
    if span.end <= 120:
        panel.xaxis.set_major_locator(MaxNLocator(16, steps=[1, 2, 5, 10]))
        panel.xaxis.set_major_formatter(FuncFormatter(lambda at, _: f"{at:.6g} s"))
        return
    step = next((tick for tick in _TICKS if seconds / tick <= 16), _TICKS[-1])
    panel.xaxis.set_major_locator(MultipleLocator(step))
    panel.xaxis.set_major_formatter(FuncFormatter(lambda at, _: clock(at)))


def clock(seconds: float) -> str:
    """Give minutes and seconds, and hours if there are any."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def _draw_lanes(panel: Axes, line: Line, span: Span) -> None:
    """A lane for each kind: bars where it sounded, on a pale one from its start to its end."""
    kinds = line.kinds
    panel.set_ylim(max(len(kinds), 1), 0)
    panel.yaxis.set_major_locator(FixedLocator([place + 0.5 for place in range(len(kinds))]))
    panel.set_yticklabels(kinds, size=9, weight="bold")
    panel.tick_params(left=False, bottom=False)
    panel.grid(axis="x", color="#e4e4e4", linewidth=0.6)
    panel.set_axisbelow(True)
    if not kinds:
        panel.text(0.5, 0.5, "nothing heard", ha="center", va="center", transform=panel.transAxes)
    least = (span.end - span.begin) / 1400
    for row, (kind, label) in enumerate(zip(kinds, panel.get_yticklabels(), strict=True)):
        own = [mark for mark in line.marks if mark.finding.kind == kind]
        colour = COLOURS.get(kind, _OTHER)
        label.set_color(colour)
        if row:
            panel.axhline(row, color="#cccccc", linewidth=0.6)
        whole = [(m.finding.start, max(m.finding.end - m.finding.start, least)) for m in own]
        panel.broken_barh(whole, (row + 0.58, 0.32), facecolors=colour, alpha=0.25, linewidth=0)
        bursts = [(begin, max(end - begin, least)) for m in own for begin, end in m.bursts]
        panel.broken_barh(bursts, (row + 0.58, 0.32), facecolors=colour, linewidth=0)
        for text in place([_label(mark, span) for mark in own], span.letters - 1):
            if not text.text:
                continue
            at = span.seconds(text.at + 0.3)
            panel.text(at, row + 0.32, text.text, size=8, family="DejaVu Sans Mono", va="center")


def _label(mark: Mark, span: Span) -> Label:
    """What a lane says of a finding, from all there is to the name alone."""
    one = mark.finding
    level = f"{one.level:.1f} dBm0".replace("-", "−")
    hertz = "+".join(f"{hz:.0f}" for hz in mark.frequencies)
    at, between = span.letter(one.start), _between(mark)
    if one.kind in ("dtmf", "mf"):
        return Label(at, (one.value,), between)
    if one.kind == "silence":
        return Label(at, ("",), between)
    if one.kind in ("voice", "music"):  # the lane says so
        return Label(at, (level, ""), between)
    if one.kind == "beep":
        return Label(at, (f"{hertz} Hz  {level}", hertz), between)
    brief = one.value if one.level <= _SILENT else f"{one.value}  {level}"
    long = f"{brief}  {hertz} Hz" if hertz else brief
    timed = f"{long}  {mark.cadence} ms" if mark.cadence else long
    return Label(at, (timed, long, brief, one.value), between)


def _between(mark: Mark) -> str:
    """What comes between two names in one label: digits are written as a number."""
    return "" if mark.finding.kind in ("dtmf", "mf") else ", "


def draw_spectrogram(panel: Axes, spectrum: Floats32, line: Line, span: Span) -> None:
    """Draw the spectrogram of a channel, a box about each of its tones."""
    levels = dbm0(spectrum)
    brightest = max(float(np.ceil(levels.max(initial=_SILENT) / 5) * 5), -30.0)
    half = RATE / WINDOW / 2
    image = _image(panel, levels, (span.begin, span.last, -half, RATE / 2 + half), brightest)
    panel.set_ylim(0, RATE / 2)
    panel.yaxis.set_major_locator(MultipleLocator(500))
    panel.yaxis.set_major_formatter(FuncFormatter(lambda hz, _: f"{hz / 1000:g}"))
    panel.set_ylabel("kHz", size=8, labelpad=3)
    _bar(panel, image, "dBm0")
    voices = [mark.finding for mark in line.marks if mark.finding.kind == "voice"]
    spoken = [(one.start, one.end - one.start) for one in voices]
    panel.broken_barh(spoken, (0, 60), facecolors=_BRIGHT["voice"], linewidth=0)
    for kind in line.kinds:
        own = [mark for mark in line.marks if mark.finding.kind == kind and mark.frequencies]
        boxes = [
            (begin, end, hz - _HALF_BOX, hz + _HALF_BOX)
            for mark in own
            for begin, end, hz in mark.boxes
        ]
        colour = _BRIGHT.get(kind, "white")
        _boxes(panel, boxes, colour)
    _name_boxes(panel, line.marks, span)


def _boxes(panel: Axes, boxes: Sequence[tuple[float, float, float, float]], colour: str) -> None:
    """Outline boxes of left, right, bottom and top."""
    corners = np.array(boxes, dtype=np.float64).reshape(-1, 4)[:, [[0, 2], [1, 2], [1, 3], [0, 3]]]
    fine = 1.0 if len(boxes) < _CROWD else 0.3
    panel.add_collection(
        PolyCollection(list(corners), facecolor="none", edgecolor=colour, linewidth=fine)
    )


def _name_boxes(panel: Axes, shown: Sequence[Mark], span: Span) -> None:
    """Write names over the boxes, those of one kind and height in a row, none over another."""
    rows: dict[float, list[Mark]] = {}
    for mark in shown:
        if mark.frequencies:
            rows.setdefault(_height(mark), []).append(mark)
    for hz, own in rows.items():
        names = ["beep" if mark.finding.kind == "beep" else mark.finding.value for mark in own]
        labels = [
            Label(span.letter(mark.finding.start), (name,), _between(mark))
            for mark, name in zip(own, names, strict=True)
        ]
        colour = _BRIGHT.get(own[0].finding.kind, "white")
        for text in place(labels, span.letters - 1):
            if "…" in text.text:
                continue  # the lane has it
            panel.text(
                span.seconds(text.at),
                hz,
                text.text,
                size=8,
                weight="bold",
                family="DejaVu Sans Mono",
                color=colour,
                va="bottom",
                path_effects=[withStroke(linewidth=2, foreground="black")],
                clip_on=True,
            )


def _height(mark: Mark) -> float:
    """Where a name is written: keys in one row above all of theirs, others over their tones."""
    if mark.finding.kind == "dtmf":
        return KEY_FREQUENCIES[-1] + _HALF_BOX + 20
    steps = 250.0
    over = float(np.ceil((max(mark.frequencies) + _HALF_BOX) / steps) * steps)
    return min(over, RATE / 2 - steps)


def _draw_keys(panel: Axes, keys: Floats32, line: Line, span: Span) -> None:
    """The eight frequencies over time, and a box where a digit was told."""
    count = len(KEY_FREQUENCIES)
    levels = dbm0(keys)
    brightest = max(float(np.ceil(levels.max(initial=_SILENT) / 5) * 5), -30.0)
    image = _image(panel, levels, (span.begin, span.last, -0.5, count - 0.5), brightest, 40.0)
    panel.set_ylim(-0.5, count - 0.5)
    panel.yaxis.set_major_locator(FixedLocator(range(count)))
    panel.set_yticklabels([f"{hz:.0f}" for hz in KEY_FREQUENCIES], size=6.5)
    panel.axhline(3.5, color="white", linewidth=0.8)
    panel.set_ylabel("Hz", size=8, labelpad=3)
    _bar(panel, image, "dBm0")
    boxes = [
        (one.start, one.end, row - 0.5, row + 0.5)
        for one in (mark.finding for mark in line.marks)
        if one.kind == "dtmf" and one.value in DTMF
        for row in map(KEY_FREQUENCIES.index, DTMF[one.value])
    ]
    _boxes(panel, boxes, _BRIGHT["dtmf"])


def draw_level(panel: Axes, spectra: Spectra, line: Line, span: Span) -> None:
    """Draw the level of a channel over time."""
    least, mean, most = (
        dbm0(strip.columns()[line.row]) for strip in (spectra.least, spectra.mean, spectra.most)
    )
    edges = np.linspace(span.begin, span.last, len(mean) + 1)
    twice = np.repeat(edges, 2)[1:-1]
    if spectra.mean.each > 1:
        panel.fill_between(
            twice, np.repeat(least, 2), np.repeat(most, 2), color="#c9d3de", linewidth=0
        )
    panel.plot(twice, np.repeat(mean, 2), color="#2f4b66", linewidth=0.9)
    found = [
        (mark.finding, burst)
        for mark in line.marks
        if mark.finding.kind not in ("silence", "amd")
        for burst in mark.bursts
    ]
    panel.add_collection(
        LineCollection(
            [[(begin, one.level), (end, one.level)] for one, (begin, end) in found],
            colors=[COLOURS.get(one.kind, _OTHER) for one, _ in found],
            linewidths=2.2,
        )
    )
    panel.set_ylim(-75, 8)
    panel.yaxis.set_major_locator(MultipleLocator(20))
    panel.grid(color="#e4e4e4", linewidth=0.6)
    panel.set_axisbelow(True)
    panel.set_ylabel("dBm0", size=8, labelpad=3)


def _image(
    panel: Axes,
    levels: Floats32,
    extent: tuple[float, float, float, float],
    brightest: float,
    depth: float = _DEPTH,
) -> AxesImage:
    return panel.imshow(
        np.asarray(levels).T,
        origin="lower",
        aspect="auto",
        extent=extent,
        cmap="magma",
        vmin=brightest - depth,
        vmax=brightest,
        interpolation="bilinear" if len(levels) < _FEW else "nearest",
    )


def _bar(panel: Axes, image: AxesImage, what: str) -> None:
    """A colour bar at the panel's right, of the same height."""
    drawn = panel.figure
    area = panel.get_position()
    side = (area.x1 + 0.12 / WIDTH, area.y0, 0.13 / WIDTH, area.height)
    axes = drawn.add_axes(side)
    bar = drawn.colorbar(image, cax=axes)
    bar.set_label(what, size=8)
    bar.outline.set_linewidth(0.4)
    axes.yaxis.set_major_locator(MaxNLocator(5, integer=True))
    axes.tick_params(labelsize=7)
