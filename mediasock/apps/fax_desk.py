"""What all fax calls of a process share."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import Executor
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from dsp.fax.result import Result
from dsp.fax.terminal import FaxTerminal

from .fax_hooks import Hooks
from .fax_places import Places

if TYPE_CHECKING:
    from ..faxing.office import Office

__all__ = ["Counts", "Desk"]

T = TypeVar("T")


@dataclass(slots=True)
class Counts:
    """What has happened since the start.

    Parameters
    ----------
    calls, received, sent, failed
        Faxes: begun, come whole, gone whole, and all others.
    pages_received, pages_sent
        Confirmed, of failed faxes too.
    disk_failures
        Faxes that could not go on because a page could not be stored.
    refused
        Calls that asked for a document that they may not have, or that is not there.
    interrupted
        Faxes that a kill had interrupted, found at the start.
    voices
        Calls in which somebody spoke and no fax was heard.
    """

    calls: int = 0
    received: int = 0
    sent: int = 0
    failed: int = 0
    pages_received: int = 0
    pages_sent: int = 0
    disk_failures: int = 0
    refused: int = 0
    interrupted: int = 0
    voices: int = 0

    def add(self, result: Result) -> None:
        """Count a fax that is over."""
        done = len(result.confirmed)
        if result.sending:
            self.pages_sent += done
        else:
            self.pages_received += done
        if not result.ok:
            self.failed += 1
        elif result.sending:
            self.sent += 1
        else:
            self.received += 1


@dataclass(slots=True, kw_only=True)
class Desk:
    """What all fax calls of a process share.

    Parameters
    ----------
    places, hooks, counts
        Directories, programs of the operator's, what has happened.
    documents
        Threads that read what is sent, make pages ready and write PDF: what takes long.
    disk
        Threads that write pages as they come, and what is told of calls: they are there at once.
    make
        Makes terminals, as :class:`dsp.fax.terminal.FaxTerminal` is made.
    pages
        The most that are sent of a document.
    pdf
        Whether what is received is written as PDF, too.
    record
        Where the sound of calls is recorded to, if it is.
    office
        The outgoing spool, if there is one.
    """

    places: Places
    documents: Executor
    disk: Executor
    hooks: Hooks
    make: Callable[..., FaxTerminal] = FaxTerminal
    counts: Counts = field(default_factory=Counts)
    pages: int = 200
    pdf: bool = False
    record: Path | None = None
    office: Office | None = None

    async def in_thread(self, work: Callable[[], T]) -> T:
        """Do what takes long, as reading a document, elsewhere."""
        return await asyncio.get_running_loop().run_in_executor(self.documents, work)

    async def on_disk(self, work: Callable[[], T]) -> T:
        """Do what waits for the disk and for nothing else, elsewhere."""
        return await asyncio.get_running_loop().run_in_executor(self.disk, work)
