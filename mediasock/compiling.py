"""Saying that loops are compiled: a first start is silent for a minute or two otherwise."""

from __future__ import annotations

import sys
from collections.abc import Callable

from numba.core import event

__all__ = ["announce"]

TOLD = "compiling the signal processing: the first time this takes a minute or two"


def _to_terminal(text: str) -> None:
    if sys.stderr.isatty():
        sys.stderr.write(f"mediasock: {text}\n")


class _Once(event.Listener):
    """Tells at the first loop that is not on the disk already."""

    def __init__(self, tell: Callable[[str], object]) -> None:
        self._tell: Callable[[str], object] | None = tell

    def on_start(self, _: event.Event) -> None:
        if self._tell is not None:
            tell, self._tell = self._tell, None
            tell(TOLD)

    def on_end(self, _: event.Event) -> None:
        pass


def announce(tell: Callable[[str], object] = _to_terminal) -> None:
    """Have it told, once, when this process begins to compile loops.

    Parameters
    ----------
    tell
        Is told so; without one it is shown where standard error is a terminal.

    Examples
    --------
    >>> from numba import njit
    >>> announce(print)
    >>> njit(lambda x: x + 1)(1), njit(lambda x: x + 2)(1)
    compiling the signal processing: the first time this takes a minute or two
    (2, 3)
    """
    event.register("numba:compile", _Once(tell))  # type: ignore[no-untyped-call]
