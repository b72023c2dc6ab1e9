"""Fax calls over lines: shapes, noise, lost frames, jitter, tandem codecs; whose pages arrive.

Of whoever is called, the same seeds have the same line.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np

from bench.fax_ends import PAIRS, Ends, Faxed, fax, table
from dsp.bank import Floats64
from dsp.line import (
    Codec,
    Delay,
    Echo,
    FrequencyOffset,
    GainHits,
    Impairment,
    Impulses,
    Jitter,
    Loss,
    Noise,
    PhaseHits,
    Shape,
    TwoWay,
    shapes,
)
from dsp.line_stage import Random, Stage
from tests.support import fax_pages
from tests.support.fax_call import BLOCK

FEW, SOME, MANY = 2, 4, 10
"""Seeds of what is the same with all of them but for a little noise, and of what is by chance."""
CAP = 600.0
"""Seconds after which a call is cut off."""
QUIET = -55.0
"""dBm0 of the noise where something else is tried."""


@dataclass(frozen=True)
class Slips(Impairment):
    """A jitter buffer that grows by a packet, and shrinks by it, now and then.

    Parameters
    ----------
    rate
        How often a minute: the packet before is heard once more, or one is left out.
    """

    rate: float

    def start(self, random: Random) -> Stage:
        """Begin it on one line, which is carried by packets of 20 ms."""
        before, late = np.zeros(BLOCK), False

        def process(block: Floats64) -> Floats64:
            nonlocal before, late
            late ^= bool(random.random() < self.rate / 60 / 50)
            out, before = before if late else block, block
            return out

        return process


@dataclass(frozen=True)
class Condition:
    """A line.

    Parameters
    ----------
    each
        What sound meets on either way.
    echoes
        What either end hears of itself.
    ppm
        By how many millionths the clock of the one who answers is faster.
    seeds
        How many calls are made over it.
    """

    each: tuple[Impairment, ...] = ()
    echoes: tuple[Echo, ...] = ()
    ppm: float = 0.0
    seeds: int = SOME

    def line(self, seed: int) -> TwoWay:
        """One of them."""
        echoes = {"echoes_a": self.echoes, "echoes_b": self.echoes}
        return TwoWay(self.each, seed=(seed, 5), **echoes)


@cache
def conditions() -> Mapping[str, Condition]:
    """All lines by name."""
    quiet = Noise(QUIET)
    found = {
        "nothing": Condition(),
        "noise −50 dBm0": Condition((Noise(-50.0),)),
        "noise −48 dBm0": Condition((Noise(-48.0),)),
        "noise −45 dBm0": Condition((Noise(-45.0),)),
        "300 ms, echoes −14 and −30 dB": Condition(
            (Delay(0.15), quiet), (Echo(0.004, 14.0), Echo(0.3, 30.0))
        ),
        "loss 0.1 %, repeated": Condition((Loss(0.001),), seeds=MANY),
        "loss 0.5 %, repeated": Condition((Loss(0.005),), seeds=MANY),
        "loss 0.5 %, silence": Condition((Loss(0.005, conceal="silence"),), seeds=MANY),
        "loss 0.5 % in bursts of 3": Condition((Loss(0.005, burst=3.0),), seeds=MANY),
        "slips of 20 ms, 2 a minute": Condition((Slips(2.0),), seeds=MANY),
        "phase jitter 10° at 60 Hz": Condition((Jitter(10.0), quiet)),
        "7 Hz, clocks 100 ppm": Condition((FrequencyOffset(7.0), quiet), ppm=100.0),
        "tandem G.711 × 1": Condition((Codec("pcma"),)),
        "tandem G.711 × 3": Condition((Codec("pcmu", tandem=3),)),
        "tandem G.711 × 6": Condition((Codec("pcmu", tandem=6),)),
        "clicks −20 dBm0, 12 a minute": Condition((Impulses(-20.0, rate=0.2), quiet), seeds=MANY),
        "phase hits 20°, 3 a minute": Condition(
            (PhaseHits(20.0, rate=3.0, seconds=0.3), quiet), seeds=MANY
        ),
        "gain hits −6 dB, 3 a minute": Condition(
            (GainHits(-6.0, rate=3.0, seconds=0.3), quiet), seeds=MANY
        ),
    }
    for name in sorted(shapes()):
        found[f"shape {name}"] = Condition((Shape(name), quiet), seeds=FEW)
    for name in ("good", "medium"):
        each = (Shape(name), Noise(-52.0), Jitter(5.0), Loss(0.002), Codec("pcmu", tandem=2))
        found[f"{name}, −52 dBm0, 5°, loss 0.2 %, tandem × 2"] = Condition(each, seeds=MANY)
    return found


def over(ends: Ends, name: str, seed: int) -> Faxed:
    """A letter over one line."""
    how = conditions()[name]
    return fax(ends, [fax_pages.letter()], line=how.line(seed), seconds=CAP, ppm=how.ppm)


def good(made: Faxed) -> bool:
    """Whether the page is there as it was sent, and both know it."""
    return made.ok and made.exact == made.pages


def _cell(calls: Sequence[Faxed]) -> str:
    times = [one.call.seconds for one in calls if good(one)]
    mean = f", {np.mean(times):.1f} s" if times else ""
    return f"{len(times)}/{len(calls)}{mean}"


def _last(done: Mapping[Ends, list[Faxed]]) -> list[list[str]]:
    """All lines together, and mean times of those calls that are good between any ends."""
    everywhere = [all(map(good, same)) for same in zip(*done.values(), strict=True)]
    count = [f"{sum(map(good, calls))}/{len(calls)}" for calls in done.values()]
    times = []
    for calls in done.values():
        compared = [one for one, ok in zip(calls, everywhere, strict=True) if ok]
        times.append(f"{np.mean([one.call.seconds for one in compared]):.2f}")
    ended = [f"{max(one.call.seconds for one in calls):.0f}" for calls in done.values()]
    return [
        ["**all**", *count],
        [f"**mean s of the {sum(everywhere)} calls good in every column**", *times],
        ["**longest call, s**", *ended],
    ]


def run(pairs: Sequence[Ends] = PAIRS, names: Sequence[str] | None = None) -> str:
    """Return the table."""
    rows: list[list[str]] = []
    done: dict[Ends, list[Faxed]] = {ends: [] for ends in pairs}
    for name in names or conditions():
        seeds = range(conditions()[name].seeds)
        cells = []
        for ends in pairs:
            calls = [over(ends, name, seed) for seed in seeds]
            done[ends] += calls
            cells.append(_cell(calls))
        rows.append([name, *cells])
    head = ["line: pages as sent, mean line time", *(" → ".join(ends) for ends in pairs)]
    return table(head, rows + _last(done))


if __name__ == "__main__":
    import sys

    named = [tuple(one.split(":")) for one in sys.argv[1:]]
    print(run(named or PAIRS))
