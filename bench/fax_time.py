"""Line time of a page on a clean line, and what it is spent on: libspandsp's engine and ours."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from bench.fax_ends import PAIRS, PEER, Ends, fax, table
from dsp.types import RATE, Samples
from tests.support import fax_pages

PARTS = ("CED", "DIS", "DCS", "TCF", "CFR", "page", "PPS", "MCF", "DCN")
"""The bursts of a call with one page, in order."""

_UNIT = 80
_LOUD = 60.0
_GAP = 3


@dataclass(frozen=True)
class Burst:
    """A stretch in which an end sounds.

    Parameters
    ----------
    side
        0 is who called.
    begin, end
        Seconds.
    """

    side: int
    begin: float
    end: float


def bursts(side: int, said: Samples) -> list[Burst]:
    """Stretches without a pause of 40 ms, to 10 ms."""
    units = said[: len(said) // _UNIT * _UNIT].reshape(-1, _UNIT).astype(float)
    loud = np.flatnonzero(np.sqrt(np.mean(units**2, axis=1)) > _LOUD)
    parts = np.split(loud, np.flatnonzero(np.diff(loud) > _GAP) + 1)
    return [
        Burst(side, int(part[0]) * _UNIT / RATE, (int(part[-1]) + 1) * _UNIT / RATE)
        for part in parts
        if len(part)
    ]


def parts(said: Sequence[Samples]) -> list[Burst]:
    """The bursts of a call by :data:`PARTS`: CNG is not among them."""
    answered = bursts(1, said[1])
    called = [one for one in bursts(0, said[0]) if one.begin > answered[1].end]
    return sorted([*answered, *called], key=lambda one: one.begin)


def column(ends: Ends) -> tuple[list[str], float]:
    """Silence and sound of each part, and the line time."""
    made = fax(ends, [fax_pages.letter()], sound=True)
    assert made.ok
    assert made.exact == made.pages
    assert made.call.said is not None
    found = parts(made.call.said)
    assert [one.side for one in found] == [1, 1, 0, 0, 1, 0, 0, 1, 0]
    before = [0.0, *(one.end for one in found[:-1])]
    told = [
        f"{one.begin - last:.2f} + {one.end - one.begin:.2f}"
        for last, one in zip(before, found, strict=True)
    ]
    return [*told, f"{made.call.seconds - found[-1].end:.2f}"], made.call.seconds


def run(pairs: Sequence[Ends] = PAIRS) -> str:
    """Return the table."""
    columns = [column(ends) for ends in pairs]
    peers = columns[pairs.index((PEER, PEER))][1]
    rows = [
        [part, *(told[at] for told, _ in columns)]
        for at, part in enumerate([*PARTS, "until both are done"])
    ]
    totals = [f"**{total:.2f}** ({total / peers:.3f})" for _, total in columns]
    head = [
        f"seconds of silence + sound; {fax_pages.size(fax_pages.letter())} octets, V.17 14400",
        *(" → ".join(ends) for ends in pairs),
    ]
    return table(head, [*rows, ["**line time**", *totals]])


if __name__ == "__main__":
    print(run())
