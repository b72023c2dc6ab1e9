"""The outgoing faxes of a server: the spool, its dispatcher, and what calls of it are given."""

from __future__ import annotations

import asyncio
import logging
from typing import Final, Self

from mediasock.config import split_listen
from mediasock.esl.errors import EslError
from mediasock.esl.inbound import InboundClient
from mediasock.faxing.desk import Desk
from mediasock.faxing.dispatch import Dispatcher
from mediasock.faxing.sending import Sending
from mediasock.faxing.settings import Settings
from mediasock.faxing.spool import Spool

__all__ = ["Office"]

log = logging.getLogger(__name__)

DIAL_AGAIN: Final = 5.0
"""Seconds between two attempts to reach a FreeSWITCH that was never reached."""


class Office:
    """What an application needs to have the spool's faxes sent through it.

    Parameters
    ----------
    desk
        The spool.
    settings
        The operator's.
    """

    def __init__(self, desk: Desk, settings: Settings) -> None:
        host, port = split_listen(settings.esl)
        self._desk = desk
        self._client = InboundClient(
            host, port, password=settings.password, user=settings.user or None
        )
        self._dispatcher = Dispatcher(desk, settings, self._client)
        self._work: tuple[asyncio.Task[None], ...] = ()

    @classmethod
    async def open(cls, settings: Settings) -> Self:
        """Open the spool and begin to dispatch, if no other process does.

        Raises
        ------
        ConfigError
            When the settings are not enough to place calls.
        SpoolError
            When the spool cannot be opened.
        """
        settings.check_dispatch()
        spool = await asyncio.to_thread(Spool, settings.directory, settings.table)
        office = cls(Desk(spool), settings)
        office._start()
        return office

    def sending(self, token: str) -> Sending:
        """The try that a call is for, as a context; see :class:`~.sending.Sending`.

        Parameters
        ----------
        token
            The call's channel variable ``fax_job``.
        """
        return Sending(self._desk, token)

    async def quiet(self) -> None:
        """Place no more calls, for the calls that are left to end."""
        await self._dispatcher.stop()

    async def close(self) -> None:
        """Stop, and close the spool; after the last call."""
        await self.quiet()
        for task in self._work:
            task.cancel()
        await asyncio.gather(*self._work, return_exceptions=True)
        await self._client.close()
        await self._desk.close()

    def _start(self) -> None:
        work = (self._reach_switch(), self._dispatcher.run())
        self._work = tuple(asyncio.create_task(one) for one in work)

    async def _reach_switch(self) -> None:
        """Dial FreeSWITCH until it is there; from then on the client keeps the connection."""
        said = ""
        while True:
            try:
                await self._client.start()
            except (OSError, EslError) as error:
                if str(error) != said:
                    said = str(error)
                    log.warning("no fax is sent yet, FreeSWITCH is not to be had: %s", said)
                await asyncio.sleep(DIAL_AGAIN)
            else:
                break
        if said:
            log.warning("FreeSWITCH is there, and faxes are sent")
