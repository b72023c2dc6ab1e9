"""What is done after a try, and when; policy.toml is the table.

Pure: a job, its tries and the time go in, what is next comes out.
"""

from __future__ import annotations

import math
import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from typing import Any, Literal, TypeAlias, get_args

from mediasock.config import ConfigError
from mediasock.faxing.jobs import Ending, Job, Limits, State, Try

__all__ = ["Kind", "Next", "Policy", "Step", "standard"]

Step: TypeAlias = Literal["same", "slower", "without_v17", "without_ecm"]

OTHER = "other"
"""The kind of what no row names."""

_FIELDS = {"text": str, "causes": list, "outcomes": list, "tries": int, "wait": list, "next": list}
_NEEDED = {"text", "tries", "wait", "next"}


@dataclass(frozen=True, slots=True)
class Kind:
    """A row of the table: what failures of one kind are followed by.

    Parameters
    ----------
    name, text
        As in the table, and in words.
    causes, outcomes
        Which those are.
    tries
        How many are enough.
    wait
        Seconds before the next, after the first, the second, …
    steps
        What the next differs in, likewise.
    """

    name: str
    text: str
    tries: int
    wait: tuple[float, ...]
    steps: tuple[Step, ...]
    causes: frozenset[str] = frozenset()
    outcomes: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Next:
    """What becomes of a job.

    Parameters
    ----------
    state
        Where it is now: never :attr:`~State.CALLING`.
    due, limits
        Of the next try, where there is one.
    why
        In words.
    """

    state: State
    due: float = 0.0
    limits: Limits = field(default_factory=Limits)
    why: str = ""


@dataclass(frozen=True, slots=True)
class Policy:
    """The table.

    Parameters
    ----------
    kinds
        By name; :data:`OTHER` is one.
    rates
        Bits a second, the fastest first.

    Examples
    --------
    >>> policy = standard()
    >>> policy.kind(Ending(cause="USER_BUSY")).name, policy.kind(Ending("cannot_train")).name
    ('busy', 'training')
    """

    kinds: Mapping[str, Kind]
    rates: tuple[int, ...]

    def kind(self, ending: Ending) -> Kind:
        """The row that is for how a try ended; what the endpoint said goes before the cause."""
        for one in self.kinds.values():
            if ending.outcome in one.outcomes:
                return one
        if not ending.outcome:
            for one in self.kinds.values():
                if ending.cause in one.causes:
                    return one
        return self.kinds[OTHER]

    def after(self, job: Job, tries: Sequence[Try], now: float) -> Next:
        """Decide what becomes of a job when a try of it has ended.

        Parameters
        ----------
        job
            With the pages that are confirmed by now.
        tries
            All of it, in order, with their kinds; the last has just ended.
        now
            Seconds since 1970.

        Returns
        -------
        Next
            Sent when all pages are confirmed, whatever the last call ended with.
        """
        last = tries[-1]
        if job.all_confirmed:
            return Next(State.SENT, limits=last.limits, why="all pages were confirmed")
        if job.cancelling:
            return Next(State.CANCELLED, limits=last.limits, why="cancelled")
        kind = self.kinds.get(last.kind, self.kinds[OTHER])
        why = _words(kind, last.ending)
        recent = _since_progress([one for one in tries if one.number >= job.counted_from])
        alike = sum(one.kind == last.kind for one in recent)
        limits = self._changed(last, _nth(kind.steps, alike))
        if alike >= kind.tries or len(recent) >= job.order.tries:
            return Next(State.FAILED, limits=limits, why=why)
        due = now + _nth(kind.wait, alike)
        if due > job.order.deadline:
            return Next(State.FAILED, limits=limits, why=f"its time is over; at last: {why}")
        return Next(State.WAITING, due, limits, why)

    def _changed(self, last: Try, step: Step) -> Limits:
        limits = last.limits
        if step == "without_ecm":
            return replace(limits, ecm=False)
        if step == "without_v17":
            return replace(limits, v17=False)
        if step == "slower":
            return replace(limits, fastest=self._below(last))
        return limits

    def _below(self, last: Try) -> int:
        """The rate below that which was used; the slowest stays."""
        most = last.limits.fastest or self.rates[0]
        used = _bits(last.ending.rate) if last.ending is not None else None
        rate = min(most, used or most)
        return next((one for one in self.rates if one < rate), min(self.rates[-1], most))


def _since_progress(tries: Sequence[Try]) -> Sequence[Try]:
    """Those from the last one on in which a page came through."""
    begin = max((i for i, one in enumerate(tries) if one.confirmed), default=0)
    return tries[begin:]


def _nth(values: tuple[Any, ...], count: int) -> Any:
    """The value for the first, second, … time; the last goes on."""
    return values[min(count, len(values)) - 1]


def _bits(rate: str) -> int | None:
    """Bits a second of ``V.17 14400``."""
    found = re.search(r" (\d+)$", rate)
    return int(found[1]) if found else None


def _words(kind: Kind, ending: Ending | None) -> str:
    detail = "" if ending is None else ending.text or ending.cause
    return f"{kind.text}: {detail}" if detail else kind.text


@cache
def standard() -> Policy:
    """The table that comes with mediasock."""
    return read(Path(__file__).with_name("policy.toml"))


def read(path: Path) -> Policy:
    """Read a table.

    Raises
    ------
    ConfigError
        When it cannot be read or is none; the message names the file.
    """
    try:
        return from_mapping(tomllib.loads(path.read_text(encoding="utf-8")))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError, ConfigError) as error:
        raise ConfigError(f"{path}: {error}") from error


def from_mapping(table: Mapping[str, Any]) -> Policy:
    """Make a table from what a TOML file holds.

    Raises
    ------
    ConfigError
        At the first entry that is unknown or wrong.
    """
    if unknown := sorted(set(table) - {"rates", "kinds"}):
        raise ConfigError(f"no table {unknown[0]!r}; there are rates and kinds")
    rates = table.get("rates")
    if not (isinstance(rates, list) and rates and all(_count(one) for one in rates)):
        raise ConfigError(f"rates is {rates!r}: a list of bits a second is needed")
    if rates != sorted(set(rates), reverse=True):
        raise ConfigError(f"rates is {rates!r}: the fastest goes first, each once")
    rows = table.get("kinds")
    if not isinstance(rows, dict) or OTHER not in rows:
        raise ConfigError(f"kinds is needed, with a kind {OTHER!r}")
    kinds = {name: _kind(name, row) for name, row in rows.items()}
    _check_once(kinds)
    return Policy(kinds, tuple(rates))


def _kind(name: str, row: object) -> Kind:
    if not isinstance(row, dict):
        raise ConfigError(f"kinds.{name} is {row!r}: a table is needed")
    for wrong in sorted(set(row) - set(_FIELDS)):
        raise ConfigError(f"kinds.{name} has no {wrong!r}; it knows {', '.join(_FIELDS)}")
    for missing in sorted(_NEEDED - set(row)):
        raise ConfigError(f"kinds.{name} lacks {missing}")
    for key, value in row.items():
        if type(value) is not _FIELDS[key]:
            raise ConfigError(
                f"kinds.{name}.{key} is {value!r}: a {_FIELDS[key].__name__} is needed"
            )
    if row["tries"] < 1:
        raise ConfigError(f"kinds.{name}.tries is {row['tries']}: at least 1 is needed")
    if not _numbers(row["wait"]) or min(row["wait"]) < 0:
        raise ConfigError(f"kinds.{name}.wait is {row['wait']!r}: seconds, not negative")
    if not row["next"] or not set(map(str, row["next"])) <= set(get_args(Step)):
        raise ConfigError(f"kinds.{name}.next is {row['next']!r}: of {', '.join(get_args(Step))}")
    return Kind(
        name,
        row["text"],
        row["tries"],
        tuple(float(one) for one in row["wait"]),
        tuple(row["next"]),
        frozenset(map(str, row.get("causes", ()))),
        frozenset(map(str, row.get("outcomes", ()))),
    )


def _count(value: object) -> bool:
    return type(value) is int and value > 0


def _numbers(values: list[Any]) -> bool:
    """Whether they are all numbers, and one at least."""
    return bool(values) and all(type(one) in {int, float} and math.isfinite(one) for one in values)


def _check_once(kinds: Mapping[str, Kind]) -> None:
    seen: dict[str, str] = {}
    for name, what in _named(kinds):
        if what in seen:
            raise ConfigError(f"{what} is of kinds.{seen[what]} and of kinds.{name}")
        seen[what] = name


def _named(kinds: Mapping[str, Kind]) -> Iterator[tuple[str, str]]:
    for kind in kinds.values():
        for what in sorted(kind.causes | kind.outcomes):
            yield kind.name, what
