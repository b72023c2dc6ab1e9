"""Would the scenarios notice? Our terminal without one row of t30.toml after the other."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from typing import Any
from unittest.mock import patch

from dsp.fax import t30
from dsp.fax.frames import Frame
from dsp.fax.t30_table import State, states
from tests.support.fax_scenarios import catalogue
from tests.support.fax_trial import with_ours

Users = Mapping[tuple[str, str], list[Any]]


def users() -> Users:
    """Give the scenarios in which each row, by its state and event, does something."""
    found: dict[tuple[str, str], list[Any]] = defaultdict(list)
    event = t30.Machine.event
    for scenario in catalogue():
        used: set[tuple[str, str]] = set()

        def noted(
            self: t30.Machine,
            name: str,
            frame: Frame | None = None,
            used: set[tuple[str, str]] = used,
        ) -> bool:
            if name in self.state.rows:
                used.add((self.state.name, name))
            return event(self, name, frame)

        with patch.object(t30.Machine, "event", noted):
            with_ours(scenario)
        for row in used:
            found[row].append(scenario)
    return found


@contextmanager
def without(state: str, event: str) -> Iterator[None]:
    """Take a row out of the table."""
    every = dict(states())
    rows = {name: row for name, row in every[state].rows.items() if name != event}
    every[state] = replace(every[state], rows=rows)
    with patch.object(t30, "states", lambda: every):
        yield


def noticed(scenario: Any) -> bool:
    """Whether a scenario fails, or the terminal breaks."""
    try:
        return bool(with_ours(scenario).problems)
    except Exception:
        return True


def rows(table: Mapping[str, State]) -> Iterator[tuple[str, str]]:
    """Give all rows by state and event."""
    for name, state in table.items():
        yield from ((name, event) for event in state.rows)


def run() -> str:
    """Return the table."""
    every, by_row = list(rows(states())), users()
    missed = []
    for row in by_row:
        with without(*row):
            if not any(noticed(one) for one in sorted(by_row[row], key=lambda one: len(one.steps))):
                missed.append(f"{row[1]} in “{row[0]}”")
    lines = [
        "| rows of t30.toml, with those of `like` | |",
        "| --- | --- |",
        f"| all | {len(every)} |",
        f"| used by a scenario | {len(by_row)} |",
        f"| taken out, and noticed | {len(by_row) - len(missed)} |",
        f"| taken out, not noticed | {'; '.join(sorted(missed))} |",
    ]
    return "\n".join(lines)


if __name__ == "__main__":
    print(run())
