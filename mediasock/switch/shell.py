"""The sockets and the clock around a :class:`~.session.Session`: what makes it a real call.

All rules are in the core. Here bytes are carried: one TCP connection for each time that the call
runs ``socket``, one UDP socket for its stream, and a tick for every frame by absolute deadline.
A tick that is overdue by more than a frame is not made up for: like a real switch that has too
much to do, the call then runs slow.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import socket as sockets
from collections.abc import Awaitable, Callable
from typing import cast

from .event_socket import EventSocket
from .messages import Dial
from .session import Session
from .unicast import MAX_DATAGRAM, Bind, Send, Unbind

log = logging.getLogger(__name__)

CONNECT_SECONDS = 5.0
"""How long one host of a socket line is tried."""
UNWRITTEN = 1 << 20
"""Bytes that may wait in a connection; with more, the core keeps what it has to say."""
DATAGRAMS_A_TURN = 64
"""Datagrams read before other calls have their turn."""

Sleep = Callable[[float], Awaitable[None]]


class _Control(asyncio.Protocol):
    """A control connection: bytes between a transport and an event socket."""

    def __init__(self, shell: Shell, host: str, path: str) -> None:
        self._shell = shell
        self._where = (host, path)
        self.events: EventSocket | None = None
        self.transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.Transport", transport)
        self.events = self._shell.session.connect(*self._where)

    def data_received(self, data: bytes) -> None:
        if self.events is not None:
            self.events.feed(data)
            self._shell.carry()

    def connection_lost(self, exc: Exception | None) -> None:
        if self.events is not None:
            self.events.peer_closed()
            self._shell.carry()

    def flush(self) -> None:
        """Write what the event socket has to say, and close once it has said goodbye."""
        if self.events is None or self.transport is None or self.transport.is_closing():
            return
        if self.transport.get_write_buffer_size() < UNWRITTEN:
            out = self.events.output()
            if out:
                self.transport.write(out)
        if self.events.closed:
            self.transport.close()


class Shell:
    """Run one call for real.

    Parameters
    ----------
    session
        The call; it has just been placed.
    sleep
        Waits for some seconds.
    """

    def __init__(self, session: Session, sleep: Sleep = asyncio.sleep) -> None:
        self.session = session
        self.late = 0
        self._sleep = sleep
        self._controls: list[_Control] = []
        self._udp: sockets.socket | None = None
        self._dialling: asyncio.Task[None] | None = None

    async def run(self, until: float, patience: float = 10.0) -> None:
        """Carry the call until it is over.

        Parameters
        ----------
        until
            Seconds after which the far end hangs up.
        patience
            Seconds that an application has after the call to close a connection that lingers.

        Raises
        ------
        SwitchAborted
            The application did what kills a real switch; its connections are gone at once.
        """
        loop = asyncio.get_running_loop()
        frame = self.session.setup.ptime_ms / 1000
        begun = due = loop.time()
        ended: float | None = None
        try:
            while not self.session.over:
                self.carry()
                due += frame
                now = loop.time()
                if now > due + frame:
                    self.late += 1
                    due = now
                await self._sleep(max(0.0, due - now))
                if loop.time() - begun >= until:
                    self.session.far_end_hangs_up()
                self.session.tick()
                if ended is None and self.session.finished:
                    ended = loop.time()
                if ended is not None and loop.time() - ended >= patience:
                    break
            self.carry()
        finally:
            await self._close()

    def carry(self) -> None:
        """Do what the core asks for, and write what it has to say."""
        for action in self.session.take_actions():
            if isinstance(action, Send):
                self._send(action)
            elif isinstance(action, Dial):
                self._dialling = asyncio.ensure_future(self._dial(action))
            elif isinstance(action, Bind):
                self.session.bound(self._bind(action))
            elif isinstance(action, Unbind):
                self._unbind()
        for control in self._controls:
            control.flush()

    async def _dial(self, dial: Dial) -> None:
        loop = asyncio.get_running_loop()
        for host, port, path in dial.targets:
            try:
                async with asyncio.timeout(CONNECT_SECONDS):
                    _, control = await loop.create_connection(
                        lambda host=host, path=path: _Control(self, host, path),  # type: ignore[misc]
                        host,
                        port,
                    )
            except (OSError, TimeoutError) as error:
                log.warning("cannot reach %s:%d: %s", host, port, error)
                continue
            self._controls.append(control)
            self.carry()
            return
        self.session.unreachable()

    def _bind(self, action: Bind) -> bool:
        family = sockets.AF_INET6 if ":" in action.local[0] else sockets.AF_INET
        udp = sockets.socket(family, sockets.SOCK_DGRAM)
        udp.setblocking(False)
        try:
            udp.bind(action.local)
        except OSError as error:
            log.warning("unicast: cannot bind %s:%d: %s", *action.local, error)
            udp.close()
            return False
        self._udp = udp
        asyncio.get_running_loop().add_reader(udp, self._readable, udp)
        return True

    def _unbind(self) -> None:
        if self._udp is not None:
            asyncio.get_running_loop().remove_reader(self._udp)
            self._udp.close()
            self._udp = None

    def _readable(self, udp: sockets.socket) -> None:
        for _ in range(DATAGRAMS_A_TURN):
            try:
                data = udp.recv(MAX_DATAGRAM)
            except (BlockingIOError, InterruptedError):
                return
            except OSError as error:
                log.debug("unicast: %s", error)
                return
            self.session.datagram(data)

    def _send(self, action: Send) -> None:
        if self._udp is not None:
            try:
                self._udp.sendto(action.data, action.to)
            except OSError as error:
                log.debug("unicast: %s", error)

    async def _close(self) -> None:
        self._unbind()
        if self._dialling is not None and not self._dialling.done():
            self._dialling.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._dialling
        for control in self._controls:
            if control.transport is not None and not control.transport.is_closing():
                control.transport.abort()
