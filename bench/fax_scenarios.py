"""The scripted scenarios of awkward far ends: how many our terminal and libspandsp's pass.

With names or parts of them as arguments the calls of those are printed:
``python -m bench.fax_scenarios 'CTC is not heard'``.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from tests.support.fax_scenarios import catalogue
from tests.support.fax_trial import beyond_spandsp, with_ours, with_spandsp


def theirs(scenario: Any) -> Any:
    """Try a scenario on libspandsp's terminal; ``None`` where it cannot be set up for it."""
    if beyond_spandsp(scenario):
        return None
    with tempfile.TemporaryDirectory() as folder:
        return with_spandsp(scenario, Path(folder))


def chapters() -> Iterator[tuple[str, list[Any]]]:
    """Give the scenarios of each chapter."""
    for chapter in sorted({one.chapter for one in catalogue()}):
        yield chapter, [one for one in catalogue() if one.chapter == chapter]


def passed(trials: Iterable[Any]) -> str:
    """Say how many were passed of those that were tried."""
    tried = [one for one in trials if one is not None]
    return f"{sum(not one.problems for one in tried)} of {len(tried)}"


def run() -> str:
    """Return the table."""
    rows = [
        "| chapter | ours | libspandsp | what libspandsp did instead |",
        "| --- | --- | --- | --- |",
    ]
    every: list[tuple[list[Any], list[Any]]] = []
    for chapter, scenarios in chapters():
        own = [with_ours(one) for one in scenarios]
        other = [theirs(one) for one in scenarios]
        every.append((own, other))
        missed = [one for one in other if one is not None and one.problems]
        told = "; ".join(f"{one.scenario.name}: {one.problems[0]}" for one in missed)
        rows.append(f"| {chapter} | {passed(own)} | {passed(other)} | {told.replace('|', '/')} |")
    own, other = ([one for pair in every for one in pair[side]] for side in (0, 1))
    rows.append(f"| all | **{passed(own)}** | {passed(other)} | |")
    minutes = sum(one.seconds for one in own) / 60
    return "\n".join([*rows, "", f"{minutes:.0f} minutes of calls by ours, in virtual time."])


def main(names: list[str]) -> None:
    """Print the calls of some scenarios, ours and theirs."""
    for one in catalogue():
        if any(name in str(one) for name in names):
            print(with_ours(one), theirs(one), sep="\n\n", end="\n\n")


if __name__ == "__main__":
    main(sys.argv[1:]) if sys.argv[1:] else print(run())
