"""Fax calls whose sound goes wrong at some second: how long they go on, what they say.

From then on one end is heard no more: its sound is cut, or its last packet comes again and again,
or there is noise instead. The other direction goes on. Or it is cut for a moment and comes again.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from bench.fax_ends import OURS, PAIRS, Able, Ends, Faxed, fax, table
from dsp.fax.document import Page
from dsp.types import RATE, Samples, amplitude, whole
from tests.support import fax_pages

KINDS = ("cut", "frozen", "noise")
SIDES = ("who sends", "who receives")
"""Who is heard no more."""
NOISE = -20.0
"""dBm0 of what is there instead."""
HOLES = (0.02, 0.06, 0.2, 0.5, 1.0)
"""Seconds that it is not heard for a moment."""
CAP = 240.0
"""Seconds after which a call is cut off."""
LIMIT = 90.0
"""Seconds after which a call should be over: T1's 40, or three tries of 6 + 3 s and T2's 7 beside
what an end may take to notice that a page goes on, 60."""


class Broken:
    """A line on which one end's sound goes wrong.

    Parameters
    ----------
    kind
        One of :data:`KINDS`.
    side
        0 is who called.
    at, lasts
        Seconds.
    """

    def __init__(self, kind: str, side: int, at: float, lasts: float = np.inf) -> None:
        self._kind, self._side, self._at = kind, side, round(at * RATE)
        self._until = (at + lasts) * RATE
        self._random = np.random.default_rng((side, self._at))
        self._now, self._last = 0, np.zeros(160, dtype=np.int16)

    def process(self, a: Samples, b: Samples) -> tuple[Samples, Samples]:
        """Carry a packet either way."""
        said = [a, b]
        if self._at <= self._now < self._until:
            said[self._side] = self._instead(len(a))
        else:
            self._last = said[self._side]
        self._now += len(a)
        return said[1], said[0]

    def _instead(self, count: int) -> Samples:
        match self._kind:
            case "cut":
                return np.zeros(count, dtype=np.int16)
            case "frozen":
                return self._last
        return whole(amplitude(NOISE) / np.sqrt(2) * self._random.standard_normal(count))


def pages() -> list[Page]:
    """Two pages, each a third of a letter's."""
    return [fax_pages.strip(fax_pages.text(size=0.24, number=n), 800) for n in range(2)]


@dataclass(frozen=True)
class Tried:
    """One call; of one with libspandsp's end our end alone is judged."""

    ends: Ends
    at: float
    made: Faxed

    @property
    def judged(self) -> list[int]:
        """Ends that must be done in time."""
        return [one for one in (0, 1) if self.ends[one] == OURS] or [0, 1]

    @property
    def ended(self) -> bool:
        """Whether they have come to an end."""
        told = self.made.call.a, self.made.call.b
        return all(told[one].outcome for one in self.judged)

    @property
    def after(self) -> float:
        """Seconds that they went on."""
        return max(self.made.call.done[one] for one in self.judged) - self.at

    @property
    def codes(self) -> str:
        """What either end says."""
        ends = self.made.call.a, self.made.call.b
        return "/".join(str(one.outcome.number) if one.outcome else "–" for one in ends)

    @property
    def wrong(self) -> str | None:
        """What is wrong with how it ended."""
        call = self.made.call
        confirmed = len(call.a.confirmed)
        if not self.ended:
            return "does not end"
        if self.after > LIMIT:
            return "late"
        if confirmed > self.made.exact:
            return f"confirmed {confirmed}, kept {self.made.exact}"
        if call.a.ok and confirmed < self.made.pages:
            return "claims success"
        if call.b.ok and self.made.exact < self.made.pages:
            return "claims to have all"
        return None


def tried(
    ends: Ends, kind: str, side: int, at: float, able: Able | None = None, *, lasts: float = np.inf
) -> Tried:
    """A call that goes wrong at a second."""
    line = Broken(kind, side, at, lasts)
    return Tried(ends, at, fax(ends, pages(), able, line=line, seconds=CAP))


def _row(ends: Ends, kind: str, side: int, able: Able, failed: list[str]) -> list[str]:
    whole_call = fax(ends, pages(), able).call.seconds
    calls = [tried(ends, kind, side, float(at), able) for at in range(int(whole_call))]
    wrong = [one for one in calls if one.wrong]
    name = f"{' → '.join(ends)}, {kind}, {SIDES[side]}"
    if OURS in ends:
        failed += [f"- {name}, at {one.at:.0f} s: {one.wrong}, codes {one.codes}" for one in wrong]
    after = [one.after for one in calls if one.ended]
    codes = Counter(one.codes for one in calls).most_common()
    return [
        f"{' → '.join(ends)}",
        kind,
        SIDES[side],
        f"{len(calls) - len(wrong)}/{len(calls)}",
        f"{np.median(after):.0f}, {max(after):.0f} s" if after else "–",
        ", ".join(f"{code} × {count}" for code, count in codes),
    ]


def run(pairs: Sequence[Ends] = PAIRS, *, ecm: bool = True, kinds: Sequence[str] = KINDS) -> str:
    """Return the table, and what has gone wrong."""
    failed: list[str] = []
    able = Able(ecm=ecm, coding="MMR" if ecm else "MR")
    rows = [
        _row(ends, kind, side, able, failed) for ends in pairs for kind in kinds for side in (0, 1)
    ]
    head = ["at every second", "sound", "of", "as it should", "goes on: median, most", "codes"]
    shown = [table(head, rows)]
    return "\n\n".join([*shown, "\n".join(failed)] if failed else shown)


def _hole(ends: Ends, lasts: float, side: int, able: Able) -> list[str]:
    whole_call = fax(ends, pages(), able).call.seconds
    calls = [
        tried(ends, "cut", side, float(at), able, lasts=lasts) for at in range(int(whole_call))
    ]
    good = [one for one in calls if one.made.ok]
    lost = Counter(one.codes for one in calls if not one.made.ok).most_common()
    return [
        f"{' → '.join(ends)}",
        f"{1000 * lasts:.0f}",
        SIDES[side],
        f"{len(good)}/{len(calls)}",
        f"{max(one.made.call.seconds for one in good) - whole_call:.0f} s" if good else "–",
        ", ".join(f"{code} × {count}" for code, count in lost),
    ]


def holes(pairs: Sequence[Ends] = PAIRS, *, ecm: bool = True) -> str:
    """Return the table of calls that are cut for a moment."""
    able = Able(ecm=ecm, coding="MMR" if ecm else "MR")
    rows = [_hole(ends, lasts, side, able) for ends in pairs for lasts in HOLES for side in (0, 1)]
    head = ["at every second", "ms cut", "of", "complete", "longer by, most", "codes of others"]
    return table(head, rows)


if __name__ == "__main__":
    import sys

    named = [tuple(one.split(":")) for one in sys.argv[1:] if ":" in one]
    shown = holes if "holes" in sys.argv else run
    print(shown(named or PAIRS, ecm="plain" not in sys.argv))
