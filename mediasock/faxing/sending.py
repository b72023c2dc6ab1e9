"""What an endpoint asks and tells when a call of the spool comes to it."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from types import TracebackType
from typing import Self

from dsp.fax.config import Config
from dsp.fax.document import DocumentError, Options, Page, read
from dsp.fax.result import Result
from mediasock.faxing.desk import Desk
from mediasock.faxing.jobs import (
    DROPPED,
    FILE_ERROR,
    INTERRUPTED,
    UNHEARD,
    Ending,
    Job,
    Limits,
    Try,
)

__all__ = ["Sending", "ending_of", "limited"]

_WITHOUT_V17 = "V.27ter, V.29"


class Sending:
    """A try whose call has come, as a context.

    Entering it makes the try this call's. Leaving it without :meth:`finished`, by an exception or
    because the call is gone, closes the try as one that was cut off; by a :class:`DocumentError`,
    as one of which the document cannot be sent; by being cancelled, as one that this side
    interrupted.

    Parameters
    ----------
    desk
        The spool.
    token
        The call's ``fax_job``.

    Raises
    ------
    NoSuchTry
        On entering: the try is over or another call's. Nothing may be sent.
    SpoolError
        On entering: the spool cannot be read or written.
    """

    def __init__(self, desk: Desk, token: str) -> None:
        self._desk = desk
        self._token = token
        self._confirmed = 0
        self._finished = False
        self._job: Job
        self._try: Try

    async def __aenter__(self) -> Self:
        spool, name = self._desk.spool, self._desk.presence.name
        self._job, self._try = await self._desk.do(spool.answer, self._token, name)
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._finished:
            return
        if isinstance(error, asyncio.CancelledError):
            await self._close(Ending(INTERRUPTED, text="the server was stopped"))
        elif isinstance(error, DocumentError):
            await self._close(Ending(FILE_ERROR, text=str(error)))
        else:
            text = "" if error is None else f"{type(error).__name__}: {error}"
            await self._close(Ending(DROPPED, text=text))

    @property
    def job(self) -> Job:
        """As it was when the call came."""
        return self._job

    @property
    def first(self) -> int:
        """Number of the first page that is to be sent, from 1; those before are confirmed."""
        return self._try.first

    @property
    def total(self) -> int:
        """How many pages the whole document has."""
        return self._job.pages

    def read(self) -> tuple[Page, ...]:
        """Read the pages that are to be sent; it blocks.

        Raises
        ------
        DocumentError
            When the file is gone or broken.
        """
        path = self._desk.spool.documents / self._job.document
        options = Options(pages=self.total)
        return tuple(read(path, options, first=self.first, last=self.total))

    def config(self, base: Config) -> Config:
        """What a terminal is told, with the limits that this try has, and which pages it sends."""
        return replace(limited(base, self._try.limits), first=self.first, total=self.total)

    async def confirmed(self, count: int) -> None:
        """Tell how many pages of this call the far end has taken.

        It is durable when this returns, or, when the disk is full, as soon as it no longer is.

        Parameters
        ----------
        count
            Since the call began: told again it changes nothing.
        """
        if count > self._confirmed:
            self._confirmed = count
            await self._desk.insist(self._desk.spool.confirm, self._token, count)

    async def finished(self, result: Result) -> None:
        """Tell how the call ended; the job is sent, tried again or given up by that."""
        self._confirmed = max(self._confirmed, len(result.confirmed))
        await self._close(ending_of(result))

    async def _close(self, ending: Ending) -> None:
        self._finished = True
        close_try = self._desk.spool.close_try
        await self._desk.insist(close_try, self._token, ending, confirmed=self._confirmed)


def ending_of(result: Result) -> Ending:
    """How a call ended, as the spool keeps it."""
    outcome = result.outcome
    name = DROPPED if outcome is None else outcome.name
    if name == DROPPED and not any(line.side == "heard" for line in result.trace):
        name = UNHEARD
    return Ending(
        outcome=name,
        number=None if outcome is None else outcome.number,
        text="" if outcome is None else outcome.text,
        rate=result.rate,
        ecm=result.ecm,
        far_ident=result.far_ident,
        seconds=result.seconds,
    )


def limited(base: Config, limits: Limits) -> Config:
    """A terminal's configuration within the limits of a try.

    Examples
    --------
    >>> slow = limited(Config(), Limits(fastest=9600, v17=False, ecm=False))
    >>> slow.fastest, slow.able.rates, slow.able.ecm
    (9600, ('V.29 9600', 'V.29 7200', 'V.27ter 4800', 'V.27ter 2400'), False)
    """
    able = base.able
    if not limits.ecm:
        able = replace(able, ecm=False)
    if not limits.v17 and "V.17" in able.modems:
        able = replace(able, modems=_WITHOUT_V17)
    fastest = base.fastest if limits.fastest is None else min(base.fastest, limits.fastest)
    return replace(base, able=able, fastest=fastest)
