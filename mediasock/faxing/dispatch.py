"""Due jobs become calls: one dispatcher a spool, whichever process has the lock.

A try is one call of FreeSWITCH, under the UUID that the spool gave it before. ``originate`` says
whether it was answered; what becomes of it then the endpoint tells the spool. So a dispatcher
need not have placed a call to look after it, and the calls of one that died are taken up.
"""

from __future__ import annotations

import asyncio
import logging
import re
from collections import Counter
from collections.abc import Iterable, Mapping
from contextlib import suppress
from functools import partial
from typing import Final, Protocol

from mediasock.errors import MediasockError
from mediasock.esl.errors import (
    CommandRefused,
    Disconnected,
    EslError,
    InjectionError,
    WaitTimeout,
)
from mediasock.faxing import documents
from mediasock.faxing.desk import Desk
from mediasock.faxing.destination import DestinationError, dialled, gateway
from mediasock.faxing.jobs import DROPPED, INTERRUPTED, Ending, Job, SpoolError, Try
from mediasock.faxing.presence import Lock
from mediasock.faxing.settings import Settings

__all__ = ["Dispatcher", "Switch", "chosen"]

log = logging.getLogger(__name__)

GONE: Final = 15.0
"""Seconds that an endpoint has to tell how a call went that FreeSWITCH has no more."""

ANSWER: Final = 30.0
"""Seconds for FreeSWITCH to say that nobody answered, beyond those that it rings."""

API: Final = 10.0
"""Seconds for the answer to a short command."""

TIDY: Final = 3600.0
"""Seconds between two times that what is old is removed."""

_REFUSAL = re.compile(r"-ERR ([A-Z0-9_]+)\s*")
"""With a cause and nothing else: ``-ERR Command not found!`` has none."""


class Switch(Protocol):
    """What is needed of :class:`mediasock.esl.inbound.InboundClient`."""

    @property
    def connected(self) -> bool:
        """Whether commands can be sent now."""

    async def originate(
        self,
        endpoint: str,
        target: str,
        *,
        variables: Mapping[str, str] | None = None,
        timeout: float | None = 60.0,
    ) -> str:
        """Place a call."""

    async def api(self, command: str, arguments: str = "", *, timeout: float | None = None) -> str:
        """Run an API command."""


def chosen(waiting: Iterable[Job], calling: Iterable[Job], settings: Settings) -> list[Job]:
    """Choose which jobs are called now, within the limits of calls at once.

    Parameters
    ----------
    waiting
        The most urgent first.
    calling
        Those that are being called.
    settings
        With the limits.
    """
    to: Counter[tuple[str, str]] = Counter()
    over: Counter[str] = Counter()
    for job in calling:
        to[job.order.destination, job.order.dial_string] += 1
        over[_gateway(job, settings)] += 1
    room = settings.calls - over.total()
    found: list[Job] = []
    for job in waiting:
        where, way = (job.order.destination, job.order.dial_string), _gateway(job, settings)
        if len(found) >= room:
            break
        if to[where] < settings.calls_per_destination and over[way] < settings.calls_per_gateway:
            to[where] += 1
            over[way] += 1
            found.append(job)
    return found


def _gateway(job: Job, settings: Settings) -> str:
    return gateway(job.order.dial_string or settings.dial)


class Dispatcher:
    """Calls what is due, and looks after the calls until their tries are closed.

    Parameters
    ----------
    desk
        The spool.
    settings
        Whom to call through, and how many at once.
    switch
        FreeSWITCH.
    every
        Seconds between two looks at the spool, which other processes write too.
    """

    def __init__(
        self, desk: Desk, settings: Settings, switch: Switch, *, every: float = 1.0
    ) -> None:
        self._desk = desk
        self._spool = desk.spool
        self._settings = settings
        self._switch = switch
        self._every = every
        self._clock = asyncio.get_running_loop().time
        self._lock = Lock(desk.spool.dispatching)
        self._calls: dict[str, asyncio.Task[None]] = {}
        self._gone: dict[str, float] = {}
        self._tidied: float | None = None
        self._stopping = False

    async def run(self) -> None:
        """Work until cancelled; what goes wrong is logged and tried again."""
        while True:
            self._desk.changed.clear()
            try:
                if self._stopping or self._lock.take():
                    await self.look()
            except MediasockError as error:
                log.error("fax dispatcher: %s", error)
            except Exception:
                log.exception("fax dispatcher")
            with suppress(TimeoutError):
                async with asyncio.timeout(self._every):
                    await self._desk.changed.wait()

    async def look(self) -> None:
        """Do once all that there is to do."""
        await self._tidy()
        if not self._switch.connected:
            return
        going = await self._desk.do(self._spool.open_tries)
        for job, one in going:
            await self._look_after(job, one)
        self._gone = {token: at for token, at in self._gone.items() if _has(going, token)}
        if not self._stopping:
            await self._place()

    async def stop(self) -> None:
        """Place no more calls, and take back those that nobody has answered."""
        self._stopping = True
        calls = dict(self._calls)
        if calls:
            # all at once: a switch that does not answer keeps the server from stopping but once
            await asyncio.gather(*map(self._take_back, calls))
            await asyncio.wait(calls.values(), timeout=API)
        self._lock.let_go()

    # -- calls --------------------------------------------------------------------------------

    async def _place(self) -> None:
        await self._desk.do(self._spool.expire)
        calling = [job for job, _ in await self._desk.do(self._spool.open_tries)]
        if len(calling) >= self._settings.calls:
            return
        waiting = await self._desk.do(self._spool.waiting, self._settings.calls_per_destination)
        for job in chosen(waiting, calling, self._settings):
            if self._stopping:
                return
            one = await self._desk.do(self._spool.begin, job.number, self._desk.presence.name)
            if one is not None:
                task = asyncio.create_task(self._call(job, one), name=f"fax job {job.number}")
                self._calls[one.token] = task
                task.add_done_callback(partial(self._over, one.token))

    def _over(self, token: str, task: asyncio.Task[None]) -> None:
        del self._calls[token]

    async def _call(self, job: Job, one: Try) -> None:
        """Place the call of a try; close the try if nobody answers."""
        known = {"job": job.number, "try": one.number}
        log.info("fax call", extra=known)
        log.debug("fax call to %s", job.order.destination, extra=known)
        order, timeout = job.order, self._settings.ring + ANSWER
        try:
            if self._stopping:
                raise CommandRefused("originate", "the server is stopping")
            endpoint = dialled(self._settings.dial, order.destination, order.dial_string)
            await self._switch.originate(
                endpoint, self._settings.target, variables=self._variables(one), timeout=timeout
            )
        except CommandRefused as refused:
            ending = self._refused(refused.text)
        except (DestinationError, InjectionError) as error:
            ending = Ending(cause="INVALID_NUMBER_FORMAT", text=str(error))
        except (Disconnected, WaitTimeout) as error:
            # whether it rings, nobody knows: look() finds out
            log.warning("fax call: %s", error, extra=known)
            return
        else:
            log.info("fax call answered", extra=known)
            return
        log.info("fax call failed", extra={**known, "cause": ending.cause or ending.outcome})
        await self._desk.insist(self._spool.close_try, one.token, ending)

    def _refused(self, text: str) -> Ending:
        if self._stopping:
            return Ending(INTERRUPTED, text="the server was stopped")
        found = _REFUSAL.fullmatch(text)
        cause = found[1] if found else ""
        return Ending(cause=cause, text="" if cause else text.strip())

    def _variables(self, one: Try) -> dict[str, str]:
        return {
            **self._settings.variables,
            "origination_uuid": one.token,
            "originate_timeout": str(max(1, round(self._settings.ring))),
            "ignore_early_media": "true",
            "fax_mode": "send",
            "fax_job": one.token,
        }

    async def _look_after(self, job: Job, one: Try) -> None:
        """See to a try that goes on: one of a dead process, of a cancelled job, without a call."""
        if one.token in self._calls:
            if job.cancelling:
                await self._kill(one.token)
        elif not await self._desk.do(self._desk.presence.alive, one.owner):
            await self._kill(one.token)
            ending = Ending(INTERRUPTED, text="its process died")
            if await self._desk.do(self._spool.close_try, one.token, ending, owner=one.owner):
                known = {"job": one.job, "try": one.number}
                log.warning("a fax was interrupted: its process died", extra=known)
        else:
            if job.cancelling:
                await self._kill(one.token)
            await self._close_if_gone(one)

    async def _close_if_gone(self, one: Try) -> None:
        """Close a try of which FreeSWITCH has no call, once its endpoint had time to do so."""
        exists = await self._switch.api("uuid_exists", one.token, timeout=API)
        if exists.strip() == "true":
            self._gone.pop(one.token, None)
            return
        since = self._gone.setdefault(one.token, self._clock())
        if self._clock() - since >= GONE:
            ending = Ending(DROPPED, text="the call ended, and the endpoint did not say how")
            await self._desk.do(self._spool.close_try, one.token, ending)

    async def _kill(self, token: str) -> None:
        """End a call; that there is none is no error."""
        with suppress(CommandRefused):
            await self._switch.api("uuid_kill", token, timeout=API)

    async def _take_back(self, token: str) -> None:
        with suppress(EslError):
            await self._kill(token)

    # -- the directory ------------------------------------------------------------------------

    async def _tidy(self) -> None:
        now = self._clock()
        if self._tidied is not None and now - self._tidied < TIDY:
            return
        self._tidied = now
        for name in await self._desk.do(self._spool.forget, self._settings.keep):
            await self._desk.do(documents.remove, self._spool.documents, name)
        known = await self._desk.do(self._spool.known)
        try:
            await self._desk.do(documents.sweep, self._spool.documents, known)
            await self._desk.do(self._desk.presence.sweep)
        except OSError as error:
            raise SpoolError(f"{error.filename}: {error.strerror or error}") from error


def _has(going: Iterable[tuple[Job, Try]], token: str) -> bool:
    return any(one.token == token for _, one in going)
