"""The server that FreeSWITCH dials for its calls."""

from __future__ import annotations

import asyncio
import errno
import ipaddress
import logging
import signal
import socket
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from typing import Final, TypeAlias

from mediasock.esl.channel import BridgeOutcome, OutboundConnection
from mediasock.esl.commands import EventFormat, Resume
from mediasock.esl.errors import Disconnected, EslError, HungUp

__all__ = ["BridgeOutcome", "Handler", "OutboundConnection", "OutboundServer"]

logger = logging.getLogger(__name__)

Handler: TypeAlias = Callable[[OutboundConnection], Awaitable[object]]
Network: TypeAlias = ipaddress.IPv4Network | ipaddress.IPv6Network

CONNECT_TIMEOUT: Final = 5.0
"""Seconds for the connect reply; FreeSWITCH itself waits for ``connect`` and answers at once."""

BACKLOG: Final = 1024
LOOPBACK: Final = ("127.0.0.0/8", "::1/128")


class OutboundServer:
    """Takes calls, each in a task of its own, and gives them to handlers.

    The event socket has no password on this side: who can reach the port can pose as FreeSWITCH.
    So it listens on the loopback and takes connections from there, unless told otherwise.

    Parameters
    ----------
    handler
        Takes each call; or a mapping of ``socket_path`` to handlers, the first of which is for
        every other path.
    host
        Names or addresses to listen on.
    port
        0 takes a free one, the same for every address.
    allow
        Networks from which connections are taken.
    max_calls
        Connections beyond which calls are refused: they are let go on in the dialplan.
    max_per_peer
        As ``max_calls``, for each address; None is no limit of its own.
    events
        Format in which each call's own events are asked for; None leaves it to the handler, or
        to the first wait that needs them.
    connect_timeout
        Seconds after which a connection that says nothing is cut.
    reuse_port
        Whether other processes may listen on the same port, and share its connections.
    """

    def __init__(
        self,
        handler: Handler | Mapping[str, Handler],
        *,
        host: str | Sequence[str] = "localhost",
        port: int = 8084,
        allow: Iterable[str | Network] = LOOPBACK,
        max_calls: int = 2000,
        max_per_peer: int | None = None,
        events: EventFormat | None = None,
        connect_timeout: float = CONNECT_TIMEOUT,
        reuse_port: bool = False,
    ) -> None:
        routes = handler if isinstance(handler, Mapping) else {"": handler}
        self._routes = {path.strip("/"): one for path, one in routes.items()}
        if not self._routes:
            raise EslError("an outbound server needs a handler")
        self._hosts = (host,) if isinstance(host, str) else tuple(host)
        self._port = port
        self._allow: tuple[Network, ...] = tuple(
            ipaddress.ip_network(str(network)) for network in allow
        )
        self._max_calls = max_calls
        self._max_per_peer = max_calls if max_per_peer is None else max_per_peer
        self._events = events
        self._connect_timeout = connect_timeout
        self._reuse_port = reuse_port
        self._servers: list[asyncio.Server] = []
        self._tasks: dict[asyncio.Task[None], _Incoming] = {}
        self._kept: set[_Incoming] = set()
        self._per_peer: Counter[str] = Counter()
        self._taken = 0
        self._draining = False

    @property
    def addresses(self) -> list[tuple[str, int]]:
        """What it listens on."""
        names = (one.getsockname() for server in self._servers for one in server.sockets)
        return [(name[0], name[1]) for name in names]

    @property
    def port(self) -> int:
        """The port it listens on."""
        addresses = self.addresses
        return addresses[0][1] if addresses else self._port

    @property
    def calls(self) -> int:
        """Connections that are being served."""
        return self._taken

    async def start(self) -> None:
        """Listen.

        Raises
        ------
        OSError
            No address could be bound.
        """
        loop = asyncio.get_running_loop()
        for listener in await _listeners(self._hosts, self._port, reuse_port=self._reuse_port):
            server = await loop.create_server(self._protocol, sock=listener, backlog=BACKLOG)
            self._servers.append(server)
        logger.info("listening on %s", self.addresses)

    async def drain(self, grace: float = 30.0) -> None:
        """Take no more calls, let those that are go on for so long, then end them.

        Parameters
        ----------
        grace
            Seconds.
        """
        self._draining = True
        for server in self._servers:
            server.close()
        if self._tasks:
            logger.info("draining: %d calls go on", len(self._tasks))
            await asyncio.wait(set(self._tasks), timeout=grace)
        await self.close()

    async def close(self) -> None:
        """End every call and stop."""
        self._draining = True
        for server in self._servers:
            server.close()
        for task in list(self._tasks):
            task.cancel()
        if self._tasks:
            await asyncio.wait(set(self._tasks))
        # Only now: the end of a socket that its call has left ends the call's present one.
        for connection in list(self._kept):
            await connection.exit()
        self._servers.clear()

    async def serve(self, grace: float = 30.0) -> None:
        """Listen until SIGTERM or SIGINT, then drain.

        Parameters
        ----------
        grace
            Seconds that calls have to end after the signal; a second signal ends them at once.
        """
        loop = asyncio.get_running_loop()
        told = asyncio.Event()
        again = asyncio.Event()

        def stop() -> None:
            (again if told.is_set() else told).set()

        signals = (signal.SIGTERM, signal.SIGINT)
        for number in signals:
            loop.add_signal_handler(number, stop)
        try:
            await self.start()
            await told.wait()
            draining = asyncio.ensure_future(self.drain(grace))
            impatient = asyncio.ensure_future(again.wait())
            await asyncio.wait((draining, impatient), return_when=asyncio.FIRST_COMPLETED)
            impatient.cancel()
            await self.close()
            await draining
        finally:
            for number in signals:
                loop.remove_signal_handler(number)

    def _protocol(self) -> asyncio.Protocol:
        return _Incoming(self).protocol()

    def _accepted(self, connection: _Incoming) -> None:
        """Begin a connection's task, or refuse it."""
        peer = connection.peer
        if not self._allowed(peer):
            logger.warning("connection from %s: not in an allowed network", peer)
            connection.abort("not in an allowed network")
            return
        loop = asyncio.get_running_loop()
        if self._draining or self._is_full(peer):
            if len(self._tasks) - self._taken >= self._max_calls:
                # Even those that are being let go are at the limit.
                logger.error("connection from %s: cut, too many to refuse politely", peer)
                connection.abort("too many connections")
                return
            task = loop.create_task(self._let_go(connection))
        else:
            self._taken += 1
            self._per_peer[peer] += 1
            task = loop.create_task(self._call(connection))
            task.add_done_callback(lambda _: self._left(peer))
        self._tasks[task] = connection
        task.add_done_callback(self._tasks.pop)

    def _is_full(self, peer: str) -> bool:
        return self._taken >= self._max_calls or self._per_peer[peer] >= self._max_per_peer

    def _left(self, peer: str) -> None:
        self._taken -= 1
        self._per_peer[peer] -= 1
        if not self._per_peer[peer]:
            del self._per_peer[peer]

    def _allowed(self, peer: str) -> bool:
        try:
            address = ipaddress.ip_address(peer.partition("%")[0])
        except ValueError:
            return False
        if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped is not None:
            address = address.ipv4_mapped
        return any(address in network for network in self._allow)

    async def _let_go(self, connection: _Incoming) -> None:
        """Refuse a call politely: it goes on in the dialplan."""
        try:
            await connection.connect(None, timeout=self._connect_timeout)
            if connection.mode == "async":  # without it, a call that resumes is reset
                await connection.send(Resume(), timeout=self._connect_timeout)
            logger.warning(
                "over the limit: the call goes on in the dialplan", extra=_of(connection)
            )
            await connection.exit(timeout=self._connect_timeout)
        except (EslError, asyncio.CancelledError) as error:
            logger.debug("a refused call ended first: %s", error)
        finally:
            connection.abort("refused")

    async def _call(self, connection: _Incoming) -> None:
        try:
            await connection.connect(self._events, timeout=self._connect_timeout)
        except EslError as error:
            logger.warning("connection from %s: no call: %s", connection.peer, error)
            connection.abort("no call")
            return
        except asyncio.CancelledError:
            connection.abort("the server is closed")
            return
        try:
            await self._handler_of(connection)(connection)
        except (HungUp, Disconnected) as error:
            logger.info("the call ended under its handler: %s", error, extra=_of(connection))
        except asyncio.CancelledError:
            logger.info("the call is ended from here", extra=_of(connection))
        except Exception:
            logger.exception("the handler failed", extra=_of(connection))
        if connection.call_has_left and not connection.closed:
            # FreeSWITCH closes it when the call is over.
            self._kept.add(connection)
            return
        try:
            await connection.exit()
        except asyncio.CancelledError:
            connection.abort("the server is closed")

    def _handler_of(self, connection: OutboundConnection) -> Handler:
        path = connection.path.strip("/")
        if path in self._routes:
            return self._routes[path]
        first, handler = next(iter(self._routes.items()))
        if path and first:
            logger.warning("nobody is /%s here: /%s has it", path, first, extra=_of(connection))
        return handler


class _Incoming(OutboundConnection):
    """A connection that reports itself to its server when it is there."""

    def __init__(self, server: OutboundServer) -> None:
        super().__init__()
        self._server = server

    def _made(self, transport: asyncio.Transport) -> None:
        super()._made(transport)
        self._server._accepted(self)

    def _lost(self, error: Exception | None) -> None:
        super()._lost(error)
        self._server._kept.discard(self)


def _of(connection: OutboundConnection) -> dict[str, object]:
    return {"call": connection.uuid}


async def _listeners(hosts: Sequence[str], port: int, *, reuse_port: bool) -> list[socket.socket]:
    """Return bound sockets, one an address, all on one port."""
    loop = asyncio.get_running_loop()
    bound: list[socket.socket] = []
    for host in hosts:
        failure: OSError | None = None
        here = len(bound)
        names = ("127.0.0.1", "::1") if host == "localhost" else (host or None,)
        found = [
            (entry[0], entry[4])
            for name in names
            for entry in await loop.getaddrinfo(
                name, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
            )
        ]
        for family, address in dict.fromkeys(found):
            try:
                one = _bind(family, (address[0], port, *address[2:]), reuse_port=reuse_port)
            except OSError as error:
                # localhost has an IPv6 address here even on a box without IPv6.
                failure = error
                if error.errno in (errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT):
                    continue
                break
            port = one.getsockname()[1]
            bound.append(one)
        else:
            if len(bound) > here:
                continue
        for one in bound:
            one.close()
        raise failure or OSError(errno.EADDRNOTAVAIL, f"{host} has no address")
    return bound


def _bind(family: int, address: tuple[object, ...], *, reuse_port: bool) -> socket.socket:
    one = socket.socket(family, socket.SOCK_STREAM)
    try:
        one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if reuse_port:
            one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        if family == socket.AF_INET6:
            one.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        one.bind(address)
        one.setblocking(False)
    except OSError:
        one.close()
        raise
    return one
