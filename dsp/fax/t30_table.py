"""T.30's states and events, read from t30.toml."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, TypeAlias

from dsp.fax.fields import load
from dsp.fax.result import outcomes
from dsp.types import DspError

__all__ = ["Row", "State", "TableError", "read", "states"]

_OF_STATE = frozenset({"phase", "is", "enter", "like"})

Rows: TypeAlias = dict[str, dict[str, str]]


class TableError(DspError):
    """A table of states that leads nowhere; the message says where it is wrong."""


@dataclass(frozen=True, slots=True)
class Row:
    """What an event does in a state.

    Parameters
    ----------
    do
        The action, ``sender.train``; ``None`` where there is none.
    go
        The state that follows, unless the action says a word; ``None`` stays.
    fail
        The outcome of the call, if it ends by this.
    words
        What the action may say, and the state that follows then.
    """

    do: str | None
    go: str | None
    fail: str | None
    words: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class State:
    """A state of the procedure.

    Parameters
    ----------
    name
        ``"after page"``.
    phase
        ``A`` to ``E``.
    meaning
        In words.
    enter
        The action on entering it.
    rows
        What each event does.
    """

    name: str
    phase: str
    meaning: str
    enter: str | None
    rows: Mapping[str, Row]


@cache
def states() -> Mapping[str, State]:
    """Give all states by name.

    Examples
    --------
    >>> states()["trained"].rows["CFR"]
    Row(do='sender.trained', go='send', fail=None, words={})
    """
    return read(load("t30.toml"))


def read(table: Mapping[str, Any]) -> Mapping[str, State]:
    """Read a table.

    Raises
    ------
    TableError
        When a row goes to a state, or fails with an outcome, that there is none of.
    """
    return {name: _state(name, table) for name in table}


def _state(name: str, table: Mapping[str, Any]) -> State:
    its = table[name]
    rows = _rows(table.get(its["like"], {})) if "like" in its else {}
    rows |= _rows(its)
    read_rows = {event: _row(f"{name}: {event}", row, table) for event, row in rows.items()}
    return State(name, its["phase"], its["is"], its.get("enter"), read_rows)


def _rows(its: Mapping[str, Any]) -> Rows:
    return {event: row for event, row in its.items() if event not in _OF_STATE}


def _row(where: str, row: dict[str, str], table: Mapping[str, Any]) -> Row:
    words = {word: state for word, state in row.items() if word not in ("do", "go", "fail")}
    go, fail = row.get("go"), row.get("fail")
    for state in (*words.values(), *(() if go is None else (go,))):
        if state not in table:
            raise TableError(f"{where} goes to {state!r}, which is no state")
    if fail is not None and fail not in outcomes():
        raise TableError(f"{where} fails with {fail!r}, which is no outcome")
    return Row(row.get("do"), go, fail, words)
