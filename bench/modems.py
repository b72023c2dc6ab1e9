"""Fax modems beside libspandsp's, in noise, on lines, at their limits: ``python -m bench modems``.

Parts of it, and less of each: ``python -m bench.modems waterfall ranges --quick``.
"""

from __future__ import annotations

import argparse
import os
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TypeVar

import mediasock  # noqa: F401 - before numpy, which it has use one thread
from bench.modem_ends import (
    MODES,
    OURS,
    PAIRS,
    PEER,
    TRAINED,
    Condition,
    Ends,
    Mode,
    name,
    receiver,
)
from bench.modem_false import kinds, reports
from bench.modem_plot import draw
from bench.modem_speed import BLOCKS, receiving, sending
from bench.modem_trainings import (
    QUIET,
    RANGES,
    Trial,
    check,
    lowest,
    on_line,
    said,
    short_check,
    span,
)
from bench.modem_waterfall import Curve, Effort, curve
from dsp.types import RATE

PICTURE = Path(__file__).parents[1] / "docs" / "modems.png"

HEARD = ((PEER, PEER), (PEER, OURS))
"""Libspandsp's transmitters, and who receives."""

_EXPECTED = dict(zip(TRAINED, (22.0, 19.0, 15.25, 12.25, 18.5, 15.0, 13.5, 6.75), strict=True))
_PEER_WORSE, _EVERYWHERE = 1.25, 31.0
_LINES = ("good", "medium", "bad")
_LINE_SNRS = (20.0, 25.0, 30.0, 35.0)
_AWAY = Condition(QUIET, offset=9.0, ppm=100.0)

_One = TypeVar("_One")
_Found = TypeVar("_Found")
Map = Callable[[Callable[[_One], _Found], Sequence[_One]], Iterable[_Found]]


@dataclass(frozen=True)
class Much:
    """How much of everything is measured."""

    waterfall: Effort
    trainings: int
    said: int
    calls: int
    seconds: float


FULL = Much(Effort(3, 10, 200_000), 100, 1000, 20, 10.0)
QUICK = Much(Effort(3, 2, 50_000), 40, 100, 5, 3.0)

Row = Sequence[str]


def table(head: Row, rows: Iterable[Row]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def arrow(ends: Ends) -> str:
    return " → ".join(ends)


def _shown(snr: float | None) -> str:
    return "never" if snr is None else f"{snr:g}"


def _curve(job: tuple[Mode, Ends], effort: Effort) -> Curve:
    return curve(*job, effort)


def waterfall(much: Much, map_: Map) -> Iterator[str]:
    jobs = [(mode, ends) for mode in reversed(MODES) for ends in PAIRS]
    curves = list(map_(partial(_curve, effort=much.waterfall), jobs))
    found = {(one.mode, one.ends): one for one in curves}
    draw(sorted(curves, key=lambda one: MODES.index(one.mode)), PICTURE)
    yield table(
        ["SNR for a bit error rate of 1e-4, dB", *map(arrow, PAIRS)],
        ([name(mode), *(_crossing(found[mode, ends]) for ends in PAIRS)] for mode in MODES),
    )


def _crossing(one: Curve) -> str:
    snr = one.crossing()
    if snr is None:
        return "never"
    failed = sum(count for at, count in one.failed.items() if at >= snr - 0.5)
    return f"{snr:.1f}" + (f", {failed} calls lost" if failed else "")


def _lowest(job: tuple[Trial, Mode, Ends, Condition], count: int) -> float | None:
    return lowest(*job, count)


def _expected(mode: Mode, ends: Ends) -> float:
    """An SNR that is not far from the lowest."""
    return _EXPECTED[mode] + (_PEER_WORSE if ends[1] == PEER else 0.0)


def trainings(much: Much, map_: Map) -> Iterator[str]:
    jobs = []
    for mode in TRAINED:
        for ends in PAIRS:
            start = _expected(mode, ends)
            jobs.append((check, mode, ends, Condition(start)))
            start = _EVERYWHERE if ends[1] == PEER else start
            jobs.append((check, mode, ends, Condition(start, everywhere=True)))
    found = iter(map_(partial(_lowest, count=much.trainings), jobs))
    yield table(
        ["lowest SNR with 95 % of trainings good: noise in the burst / always", *map(arrow, PAIRS)],
        [
            [name(mode), *(f"{_shown(next(found))} / {_shown(next(found))}" for _ in PAIRS)]
            for mode in TRAINED
        ],
    )


def _spans(job: tuple[Mode, Ends], much: Much) -> list[str]:
    spans = (span(one, *job, much.calls, much.seconds) for one in RANGES)
    return [f"{least:+g} to {most:+g}" for least, most in spans]


def ranges(much: Much, map_: Map) -> Iterator[str]:
    jobs = [(mode, ends) for mode in TRAINED for ends in HEARD]
    found = dict(zip(jobs, map_(partial(_spans, much=much), jobs), strict=True))
    titles = [f"{one.name}, {one.unit}: {ends[1]}" for one in RANGES for ends in HEARD]
    yield table(
        ["all bits right at 35 dB", *titles],
        [
            [name(mode), *(found[mode, ends][at] for at in range(len(RANGES)) for ends in HEARD)]
            for mode in TRAINED
        ],
    )


def _said(job: tuple[Mode, Ends], count: int) -> str:
    found = said(*job, count)
    return f"{found.trained}, {found.garbage}, {found.wrong}"


def garbage(much: Much, map_: Map) -> Iterator[str]:
    pairs = PAIRS[:3]
    jobs = [(mode, ends) for mode in TRAINED for ends in pairs]
    found = iter(map_(partial(_said, count=much.said), jobs))
    yield table(
        [
            f"of {much.said} within ±20 Hz, ±200 ppm, −43 to −3 dBm0: trained, garbage, any wrong",
            *map(arrow, pairs),
        ],
        [[name(mode), *(next(found) for _ in pairs)] for mode in TRAINED],
    )


def _on_line(job: tuple[Mode, Ends, str, float], much: Much) -> str:
    mode, ends, shape, snr = job
    condition = Condition(snr, shape=shape)
    passed, wrong = on_line(mode, ends, condition, much.calls, much.seconds)
    return f"{passed / much.calls:.0%}, " + (
        "—" if wrong is None else f"{wrong:.0e}" if wrong else "0"
    )


def lines(much: Much, map_: Map) -> Iterator[str]:
    rows = [(mode, shape) for mode in TRAINED for shape in _LINES]
    cells = [(ends, snr) for snr in _LINE_SNRS for ends in HEARD]
    jobs = [(mode, ends, shape, snr) for mode, shape in rows for ends, snr in cells]
    found = iter(map_(partial(_on_line, much=much), jobs))
    yield table(
        ["trainings good, bits wrong", *(f"{snr:g} dB: {ends[1]}" for ends, snr in cells)],
        [[f"{name(mode)}, {shape}", *(next(found) for _ in cells)] for mode, shape in rows],
    )


def _passed(job: tuple[Trial, Mode, Ends], count: int) -> int:
    trial, mode, ends = job
    return sum(trial(mode, ends, _AWAY, seed).passed for seed in range(count))


def short(much: Much, map_: Map) -> Iterator[str]:
    rows = [
        (mode, ends)
        for mode in TRAINED
        for ends in PAIRS
        if mode[0] == "v17" or (mode[0] == "v27ter" and PEER not in ends)
    ]
    trials = (check, short_check)
    floors = [(trial, *row, Condition(_expected(*row))) for row in rows for trial in trials]
    least = iter(map_(partial(_lowest, count=much.trainings), floors))
    away = [(trial, *row) for row in rows for trial in trials]
    passed = iter(map_(partial(_passed, count=much.trainings), away))
    yield table(
        [
            "long / short training after it",
            "lowest SNR with 95 % good",
            f"good of {much.trainings} with +9 Hz, +100 ppm, 35 dB",
        ],
        [
            [
                f"{name(mode)}, {arrow(ends)}",
                f"{_shown(next(least))} / {_shown(next(least))}",
                f"{next(passed)} / {next(passed)}",
            ]
            for mode, ends in rows
        ],
    )


def _false(job: tuple[Mode, str]) -> dict[str, tuple[float, Counter[str]]]:
    mode, who = job
    return {
        kind: (
            sum(len(sound) for _, sound in sounds) / RATE,
            Counter(what for what, _ in reports(mode, receiver(who, mode), sounds)),
        )
        for kind, sounds in kinds(mode).items()
    }


def false(much: Much, map_: Map) -> Iterator[str]:
    del much
    sides = (PEER, OURS)
    jobs = [(mode, who) for mode in MODES for who in sides]
    found = dict(zip(jobs, map_(_false, jobs), strict=True))
    rows = []
    for kind in found[jobs[0]]:
        row = [f"{kind}, {sum(found[mode, OURS][kind][0] for mode in MODES):,.0f} s"]
        for who in sides:
            counts = sum((found[mode, who][kind][1] for mode in MODES), Counter())
            row += [str(counts["carrier up"]), str(counts["trained"])]
        rows.append(row)
    titles = [f"{what}: {who}" for who in sides for what in ("carriers", "trainings")]
    yield table([f"all {len(MODES)} receivers", *titles], rows)


def speed(much: Much, map_: Map) -> Iterator[str]:
    del much, map_
    head = [f"{who}, {block}" for block in BLOCKS for who in (PEER, OURS)]
    for title, measured in (("receivers", receiving), ("transmitters", sending)):
        yield table(
            [f"{title} a core, and ms a burst costs besides; in blocks of", *head],
            [[name(mode), *measured(mode)] for mode in MODES],
        )


PARTS = (waterfall, trainings, ranges, garbage, lines, short, false, speed)
"""Speed is measured when nothing else runs."""


def measured(parts: Sequence[Callable], much: Much, workers: int) -> Iterator[str]:
    with ProcessPoolExecutor(workers) as pool:
        for part in parts:
            yield from part(much, pool.map)


def run() -> str:
    return "\n\n".join(measured(PARTS, FULL, os.cpu_count() or 1))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    names = {part.__name__: part for part in PARTS}
    parser.add_argument("parts", nargs="*", metavar="part", help=", ".join(names))
    parser.add_argument("--quick", action="store_true", help="a tenth of everything")
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1)
    options = parser.parse_args()
    unknown = set(options.parts) - set(names)
    if unknown:
        parser.error(f"no part {', '.join(sorted(unknown))}; there are {', '.join(names)}")
    chosen = [names[one] for one in options.parts] or PARTS
    for one in measured(chosen, QUICK if options.quick else FULL, options.workers):
        print(one, end="\n\n", flush=True)


if __name__ == "__main__":
    main()
