"""A socket a call: for a FreeSWITCH on another host, and for systems that are not Linux.

FreeSWITCH is asked to take any port (``local-port: 0``). Where its frames come from is learnt
from the first one, and from then on nobody else is heard. Only a datagram from FreeSWITCH's own
network is a first one, so that a stranger who tries port after port takes no call's place.
"""

from __future__ import annotations

import ipaddress
import logging
import selectors
import socket
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np

from .address import Address
from .batch import SLOT, Batch, Outbox
from .mmsg import RECEIVE_BUFFER

log = logging.getLogger(__name__)

Network: TypeAlias = ipaddress.IPv4Network | ipaddress.IPv6Network

_BUFFER = RECEIVE_BUFFER >> 7
"""Bytes of socket buffer a call: half a second and more of any frames."""


_AT_ONCE = 64
"""Datagrams of one call that are taken at once at most, so that none keeps the others waiting."""


@dataclass(slots=True)
class _End:
    """Our end of one call, and FreeSWITCH's as far as it is known."""

    socket: socket.socket
    row: int = -1
    peer: tuple[str, int] | None = None


class SocketEach:
    """Sockets for the hub, one a call.

    Parameters
    ----------
    remote_ip
        Our own address as FreeSWITCH sees it, IPv4 or IPv6.
    bind_ip
        The address that is bound, where that is another one.
    sources
        Networks in which FreeSWITCH is; none is any.
    batch_size
        Datagrams that are taken at once.

    Attributes
    ----------
    same_host : bool
        False: frames can be lost on the way, and a pause means that.
    """

    same_host = False

    def __init__(
        self,
        remote_ip: str,
        *,
        bind_ip: str | None = None,
        sources: Sequence[Network] = (),
        batch_size: int = 1024,
    ) -> None:
        self._remote_ip = remote_ip
        self._bind_ip = bind_ip or remote_ip
        self._sources = tuple(sources)
        self._family = socket.AF_INET6 if ":" in remote_ip else socket.AF_INET
        self._ends: dict[int, _End] = {}
        self._of_row: dict[int, _End] = {}
        self._next = 0
        self._selector = selectors.DefaultSelector()
        self._data = np.zeros((batch_size, SLOT), dtype=np.uint8)
        self._lines = [line.data for line in self._data]
        self._datagrams = self._strangers = self._send_failures = 0

    def reserve(self) -> tuple[int, Address]:
        """Bind a socket for a call."""
        end = _End(socket.socket(self._family, socket.SOCK_DGRAM))
        try:
            end.socket.bind((self._bind_ip, 0))
        except OSError:
            end.socket.close()
            raise
        end.socket.setblocking(False)
        end.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _BUFFER)
        self._next += 1
        self._ends[self._next] = end
        anywhere = "::" if self._family == socket.AF_INET6 else "0.0.0.0"
        port = end.socket.getsockname()[1]
        return self._next, Address(anywhere, 0, self._remote_ip, port)

    def attach(self, number: int, row: int) -> None:
        """Begin to receive for a call."""
        end = self._ends[number]
        end.row = row
        self._of_row[row] = end
        self._selector.register(end.socket, selectors.EVENT_READ, end)

    def detach(self, number: int) -> None:
        """Receive no more for a call, and close its socket."""
        end = self._ends.pop(number)
        self._selector.unregister(end.socket)
        if self._of_row.get(end.row) is end:
            del self._of_row[end.row]
        end.socket.close()

    def release(self, number: int) -> None:
        """Nothing: the kernel has the port back when the socket is closed."""

    def receive(self) -> tuple[Batch, bool]:
        """Take what has come, and say whether that is all."""
        rows: list[int] = []
        lengths: list[int] = []
        drained = True
        for key, _ in self._selector.select(0):
            drained &= self._drain(key.data, rows, lengths)
        n = len(rows)
        now = np.full(n, time.monotonic_ns(), dtype=np.int64)
        batch = Batch(
            np.array(rows, dtype=np.int64),
            self._data,
            np.arange(n),
            np.array(lengths, dtype=np.int64),
            now,
            np.zeros(n, dtype=np.int64),
        )
        return batch, drained

    def _drain(self, end: _End, rows: list[int], lengths: list[int]) -> bool:
        """Take what has come for one call, and say whether that is all."""
        for _ in range(min(_AT_ONCE, len(self._lines) - len(rows))):
            try:
                length, source = end.socket.recvfrom_into(self._lines[len(rows)])
            except BlockingIOError:
                return True
            except OSError as error:  # as when our last frame found nobody at the other end
                log.debug("receiving failed: %s", error)
                return True
            self._datagrams += 1
            if end.peer is None and self._is_freeswitch(source[0]):
                end.peer = source
                end.socket.connect(source)  # the kernel turns everybody else away from now on
            if source == end.peer:
                rows.append(end.row)
                lengths.append(length)
            else:
                self._strangers += 1
        return False

    def _is_freeswitch(self, ip: str) -> bool:
        address = ipaddress.ip_address(ip.partition("%")[0])
        return not self._sources or any(address in network for network in self._sources)

    def send(self, outbox: Outbox) -> None:
        """Send the frames of a step."""
        for i in range(outbox.count):
            end = self._of_row.get(int(outbox.rows[i]))
            if end is None or end.peer is None:
                continue
            try:
                end.socket.send(outbox.data[i, : outbox.lengths[i]].data)
            except OSError:
                self._send_failures += 1

    def counts(self) -> dict[str, int]:
        """Return what the sockets have counted: see :class:`mediasock.media.hub.Metrics`."""
        return {
            "datagrams": self._datagrams,
            "strangers": self._strangers,
            "refused": 0,
            "overflows": 0,
            "send_failures": self._send_failures,
        }

    def shut(self) -> None:
        """Close every socket."""
        for number in tuple(self._ends):
            self.detach(number)
        self._selector.close()
