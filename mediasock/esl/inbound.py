"""The client that dials FreeSWITCH, and dials again when it is cut off."""

from __future__ import annotations

import asyncio
import logging
import random
import time
from collections import deque
from collections.abc import Awaitable, Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from mediasock.esl.commands import Auth, Command, UserAuth
from mediasock.esl.connection import REPLY_TIMEOUT, Connection, deadline
from mediasock.esl.conversation import Reply
from mediasock.esl.dispatch import QUEUE_LIMIT, Callback, Dispatcher, EventStream
from mediasock.esl.errors import Disconnected, EslError
from mediasock.esl.events import Event
from mediasock.esl.gate import Side
from mediasock.esl.notices import Gap
from mediasock.esl.originate import originate_arguments

logger = logging.getLogger(__name__)

OPEN_TIMEOUT: Final = 10.0
"""Seconds for a connection to be there and to take the password."""


@dataclass(frozen=True, slots=True)
class Backoff:
    """How long to wait before each new attempt.

    Parameters
    ----------
    first, most
        Seconds before the first attempt, and the most there is between two.
    chance
        Gives numbers from 0 to 1: each wait is cut by up to half, so that the clients of a
        switch that comes back do not come all at once.

    Examples
    --------
    >>> waits = Backoff(1.0, 5.0, chance=lambda: 1.0).delays()
    >>> [next(waits) for _ in range(4)]
    [1.0, 2.0, 4.0, 5.0]
    """

    first: float = 0.5
    most: float = 30.0
    chance: Callable[[], float] = random.random

    def delays(self) -> Iterator[float]:
        """Yield seconds, without end."""
        delay = self.first
        while True:
            yield min(delay, self.most) * (0.5 + 0.5 * self.chance())
            delay = min(2 * delay, self.most)


class InboundClient:
    """FreeSWITCH's own event socket, dialled from here and held.

    Handlers and iterators outlive a lost connection: a new one is dialled, its events and filters
    are asked for again, and then a ``Gap`` goes to every iterator and to handlers of ``"gap"``.
    What was waited for when the connection was lost ends with ``Disconnected``.

    Parameters
    ----------
    host, port
        FreeSWITCH's event socket.
    password
        Its password, or that of ``user``.
    user
        A directory user, ``"1000@example.com"``, for ``userauth``.
    backoff
        How long to wait before dialling again.
    sleep, clock
        Of asyncio and the machine, unless a test has its own.
    """

    def __init__(
        self,
        host: str = "127.0.0.1",
        port: int = 8021,
        *,
        password: str,
        user: str | None = None,
        backoff: Backoff | None = None,
        sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._address = (host, port)
        self._login: Command = Auth(password) if user is None else UserAuth(user, password)
        self._backoff = backoff or Backoff()
        self._sleep = sleep
        self._clock = clock
        self._dispatcher = Dispatcher({"switch": f"{host}:{port}"})
        self._connection: _Dialled | None = None
        self._wanted: list[Command] = []
        self._keeper: asyncio.Task[None] | None = None
        self._up = asyncio.Event()

    # Its life.

    async def start(self) -> None:
        """Dial for the first time.

        Raises
        ------
        OSError
            Nobody listens there.
        CommandRefused
            The password is wrong.
        WaitTimeout, Disconnected
            It is no event socket, or it does not want us.
        """
        self._connection = await self._open()
        self._connection.hand_on()
        self._up.set()
        self._keeper = asyncio.get_running_loop().create_task(self._keep())

    async def close(self) -> None:
        """Hang up on FreeSWITCH and dial no more; every iterator ends."""
        if self._keeper is not None:
            self._keeper.cancel()
            await asyncio.wait((self._keeper,))
        if self._connection is not None:
            await self._connection.exit()
        self._dispatcher.finish()

    async def __aenter__(self) -> InboundClient:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    @property
    def connected(self) -> bool:
        """Whether commands can be sent now."""
        return self._up.is_set()

    async def wait_connected(self) -> None:
        """Return when commands can be sent."""
        await self._up.wait()

    # Commands, as a Connection has them.

    async def send(self, command: Command, *, timeout: float | None = REPLY_TIMEOUT) -> Reply:
        """Send a command and await its answer; see ``Connection.send``."""
        return await self._current().send(command, timeout=timeout)

    async def api(self, command: str, arguments: str = "", *, timeout: float | None = None) -> str:
        """Run an API command; see ``Connection.api``."""
        return await self._current().api(command, arguments, timeout=timeout)

    async def bgapi(
        self, command: str, arguments: str = "", *, timeout: float | None = None
    ) -> str:
        """Run an API command in the background; see ``Connection.bgapi``."""
        return await self._current().bgapi(command, arguments, timeout=timeout)

    async def execute(
        self,
        call: str,
        app: str,
        arg: str = "",
        *,
        event_lock: bool = False,
        loops: int = 1,
        timeout: float | None = None,
    ) -> Event:
        """Run an application on a call; see ``Connection.execute``."""
        return await self._current().execute(
            app, arg, event_lock=event_lock, loops=loops, call=call, timeout=timeout
        )

    async def hangup(self, call: str, cause: str = "NORMAL_CLEARING") -> None:
        """End a call; that it is over already is no error."""
        await self._current().hangup(cause, call=call)

    async def subscribe(self, *names: str) -> None:
        """See to it that events of these names come, on this connection and on every later one."""
        await self._current().subscribe(*names)

    async def originate(
        self,
        endpoint: str,
        target: str = "&park()",
        *,
        variables: Mapping[str, str] | None = None,
        timeout: float | None = 60.0,
    ) -> str:
        """Place a call.

        Parameters
        ----------
        endpoint, target, variables
            As ``originate_arguments`` has them.
        timeout
            Seconds until it must have been answered.

        Returns
        -------
        str
            The new call's UUID.

        Raises
        ------
        CommandRefused
            Nobody answered; its text names the cause, ``-ERR USER_BUSY``.
        """
        arguments = originate_arguments(endpoint, target, variables)
        result = await self.bgapi("originate", arguments, timeout=timeout)
        return result.removeprefix("+OK").strip()

    def on(
        self,
        name: str,
        callback: Callback,
        *,
        subclass: str | None = None,
        limit: int = QUEUE_LIMIT,
    ) -> Callable[[], None]:
        """Call this for every event of a name; see ``Dispatcher.on``."""
        return self._dispatcher.on(name, callback, subclass=subclass, limit=limit)

    def events(
        self, *names: str, subclass: str | None = None, limit: int = QUEUE_LIMIT
    ) -> EventStream:
        """Return an async iterator over events; see ``Dispatcher.events``."""
        return self._dispatcher.events(*names, subclass=subclass, limit=limit)

    # Dialling.

    def _current(self) -> Connection:
        if self._connection is None or not self._up.is_set():
            raise Disconnected("there is no connection now")
        return self._connection

    async def _open(self) -> _Dialled:
        """Dial, log in, and ask for the events there were."""
        connection = _Dialled(self._dispatcher)
        async with deadline("opening the event socket", OPEN_TIMEOUT):
            await asyncio.get_running_loop().create_connection(connection.protocol, *self._address)
            try:
                await connection.log_in(self._login)
                for command in self._wanted:
                    await connection.send(command)
            except BaseException:
                connection.abort("it could not be opened")
                raise
        return connection

    async def _keep(self) -> None:
        """Dial again whenever the connection is lost."""
        while self._connection is not None:
            await self._connection.wait_closed()
            self._up.clear()
            lost_at = self._clock()
            self._wanted = self._connection.wanted()
            logger.warning(
                "lost the switch: %s", self._connection.ended, extra=self._dispatcher.extra
            )
            attempts = 0
            for delay in self._backoff.delays():
                await self._sleep(delay)
                attempts += 1
                try:
                    self._connection = await self._open()
                except (OSError, EslError) as error:
                    logger.warning("attempt %d: %s", attempts, error, extra=self._dispatcher.extra)
                else:
                    break
            self._up.set()
            gap = Gap(self._clock() - lost_at, attempts)
            logger.warning("events of %.1f s are lost", gap.seconds, extra=self._dispatcher.extra)
            self._dispatcher.dispatch(gap)
            self._connection.hand_on()


class _Dialled(Connection):
    """One connection of an inbound client.

    Its events begin as soon as one of those wanted has been asked for, and wait for the gap that
    is told before them. Of many, the first fall into the gap.
    """

    def __init__(self, dispatcher: Dispatcher) -> None:
        super().__init__(Side.INBOUND, dispatcher)
        self._early: deque[Event] | None = deque(maxlen=QUEUE_LIMIT)

    def hand_on(self) -> None:
        """Hand on the events that have come, and from now on each as it comes."""
        early, self._early = self._early, None
        for event in early or ():
            self._dispatcher.dispatch(event)

    def _dispatch(self, event: Event) -> None:
        if self._early is None:
            self._dispatcher.dispatch(event)
        else:
            self._early.append(event)

    async def log_in(self, login: Command) -> None:
        await self._settled(self._talk.auth_request)
        await self.send(login)
