"""The spool for the event loop: its disk is waited for in a thread."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from typing import Final, ParamSpec, TypeVar

from mediasock.faxing.jobs import SpoolError
from mediasock.faxing.presence import Presence
from mediasock.faxing.spool import Spool

__all__ = ["Desk"]

log = logging.getLogger(__name__)

P = ParamSpec("P")
T = TypeVar("T")

AGAIN: Final = 1.0
"""Seconds between two attempts to write what the disk did not take."""


class Desk:
    """A spool and this process's place at it.

    Parameters
    ----------
    spool
        Opened; used by one thread at a time.
    executor
        Where the spool's methods run; a thread of its own if none is given.

    Attributes
    ----------
    changed : asyncio.Event
        Set when this process has changed something that the dispatcher may wait for.
    presence : Presence
        This process, as others see it.
    """

    def __init__(self, spool: Spool, executor: Executor | None = None) -> None:
        self.spool = spool
        self.presence = Presence(spool.processes)
        self.changed = asyncio.Event()
        self._executor = executor or ThreadPoolExecutor(1, "fax-spool")
        self._owed: dict[asyncio.Task[None], Callable[[], object]] = {}

    async def do(self, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run what blocks, in the thread; a caller that is cancelled does not stop it."""
        loop = asyncio.get_running_loop()
        work = loop.run_in_executor(self._executor, partial(function, *args, **kwargs))
        return await asyncio.shield(work)

    async def insist(
        self, function: Callable[P, object], *args: P.args, **kwargs: P.kwargs
    ) -> bool:
        """Run what must be written, now or as soon as the disk takes it.

        Returns
        -------
        bool
            Whether it was now.
        """
        write = partial(function, *args, **kwargs)
        try:
            await self.do(write)
        except SpoolError as error:
            log.error("the fax spool cannot be written: %s", error)
            task = asyncio.create_task(self._later(write))
            self._owed[task] = write
            task.add_done_callback(self._owed.pop)
            return False
        self.changed.set()
        return True

    async def _later(self, write: Callable[[], object]) -> None:
        while True:
            await asyncio.sleep(AGAIN)
            with suppress(SpoolError):
                await self.do(write)
                self.changed.set()
                return

    async def close(self) -> None:
        """Try once more what the disk did not take, and leave."""
        for task, write in list(self._owed.items()):
            task.cancel()
            try:
                await self.do(write)
            except SpoolError as error:
                log.error("the fax spool lacks what could not be written: %s", error)
        await self.do(self.spool.close)
        self.presence.leave()
        if isinstance(self._executor, ThreadPoolExecutor):
            self._executor.shutdown()
