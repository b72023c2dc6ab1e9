"""Fax calls in white noise that never stops, in both directions: who still gets a page through."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from bench.fax_ends import PAIRS, Ends, Faxed, fax, table
from dsp.line import Noise, TwoWay
from tests.support import fax_pages

LEVELS = (-50.0, -45.0, -42.0, -40.0, -38.0, -36.0, -35.0, -34.0, -33.0, -32.0, -30.0, -28.0, -25.0)
SEEDS = 3
CAP = 1200.0
"""Seconds after which a call is cut off."""


def noisy(ends: Ends, level: float, seed: int) -> Faxed:
    """A letter through noise of so many dBm0."""
    line = TwoWay([Noise(level)], seed=(seed, round(-10 * level)))
    return fax(ends, [fax_pages.letter()], line=line, seconds=CAP)


def _code(made: Faxed) -> str:
    """How the two ends say that it went, where it did not go well."""
    codes = [one.outcome.number if one.outcome else "–" for one in (made.call.a, made.call.b)]
    return f"{codes[0]}/{codes[1]}"


def cell(calls: Sequence[Faxed]) -> str:
    """Tell how many pages came through and at what rate and in what time, or how it ended."""
    good = [one for one in calls if one.ok and one.exact == one.pages]
    told = [f"{len(good)}/{len(calls)}"]
    if good:
        rates = sorted({one.call.b.rate for one in good})
        told += [", ".join(rates), f"{np.mean([one.call.seconds for one in good]):.0f} s"]
    bad = [one for one in calls if one not in good]
    if bad:
        codes = sorted({_code(one) for one in bad})
        longest = max(one.call.seconds for one in bad)
        told += [f"codes {', '.join(codes)} by {longest:.0f} s"]
    return "; ".join(told)


def run(pairs: Sequence[Ends] = PAIRS, levels: Sequence[float] = LEVELS, seeds: int = SEEDS) -> str:
    """Return the table."""
    rows = [
        [f"{level:.0f}"]
        + [cell([noisy(ends, level, seed) for seed in range(seeds)]) for ends in pairs]
        for level in levels
    ]
    head = ["noise, dBm0", *(" → ".join(ends) for ends in pairs)]
    return table(head, rows)


if __name__ == "__main__":
    import sys

    named = [tuple(one.split(":")) for one in sys.argv[1:]]
    print(run(named or PAIRS))
