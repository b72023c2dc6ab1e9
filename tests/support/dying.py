"""An sqlite3 connection that dies at a chosen statement, as the process that has it might."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from mediasock.faxing import spool


class Died(BaseException):
    """The process is dead; what it had not committed never was."""


class Dying(sqlite3.Connection):
    """Dies before or after its *n*-th statement from when it was told to.

    Attributes
    ----------
    left
        Statements until then; None never.
    after
        Whether that statement is still done.
    """

    left: int | None = None
    after = False
    dead = False

    def execute(self, *args: Any) -> sqlite3.Cursor:
        if self.dead:
            raise Died
        if self.left is not None:
            self.left -= 1
            if self.left < 0:
                self.dead = True
                if self.after:
                    super().execute(*args)
                raise Died
        return super().execute(*args)


@contextmanager
def dying_connections() -> Iterator[None]:
    """Spools opened within have connections that can die."""
    connect = spool.sqlite3.connect

    def dying(*args: Any, **kwargs: Any) -> sqlite3.Connection:
        return connect(*args, factory=Dying, **kwargs)

    spool.sqlite3.connect = dying  # type: ignore[assignment]
    try:
        yield
    finally:
        spool.sqlite3.connect = connect
