"""One socket for all calls of a process: the source address of a datagram is the call."""

from __future__ import annotations

import ipaddress
import socket

import numpy as np

from . import bpf
from .address import SLICE_SIZE, Address, AddressPool, slice_base
from .batch import Batch, Outbox
from .mmsg import Receiver, Sender

_SLICE_PREFIX = 16
_NOBODY = -1


class OneSocket:
    """The hub's socket, and the table that says which call an address is.

    Parameters
    ----------
    capacity
        Calls at once.
    remote_ip
        Our address, a loopback one.
    local_port
        The port of FreeSWITCH's ends. None is the number of our own, which the kernel has chosen
        so that several processes of a machine never clash.
    batch_size
        Datagrams that are taken at once.

    Attributes
    ----------
    same_host : bool
        True: FreeSWITCH is here, and loses nothing on the way.
    """

    same_host = True

    def __init__(
        self,
        capacity: int,
        *,
        remote_ip: str = "127.0.0.1",
        local_port: int | None = None,
        batch_size: int = 1024,
    ) -> None:
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind((remote_ip, 0))
        self._remote_ip, self._remote_port = self._socket.getsockname()
        self._local_port = self._remote_port if local_port is None else local_port
        self._receiver = Receiver(self._socket, batch_size)
        self._base = slice_base(self._remote_port)
        bpf.attach(self._socket, self._base, _SLICE_PREFIX, self._local_port)
        self._pool = AddressPool()
        self._row_of = np.full(SLICE_SIZE, _NOBODY, dtype=np.int32)
        self._ip_of = np.zeros(capacity, dtype=np.int64)
        self._sender: Sender | None = None
        self._strangers = 0
        self._datagrams = 0

    def reserve(self) -> tuple[int, Address]:
        """Take an address for a call, and return its number with it. Not for several threads."""
        number = self._pool.take()
        ip = str(ipaddress.ip_address(self._base + number))
        return number, Address(ip, self._local_port, self._remote_ip, self._remote_port)

    def attach(self, number: int, row: int) -> None:
        """Let the datagrams of a reserved address be a call's."""
        self._row_of[number] = row
        self._ip_of[row] = self._base + number

    def detach(self, number: int) -> None:
        """Let the datagrams of an address be nobody's; they are counted as strangers."""
        self._row_of[number] = _NOBODY

    def release(self, number: int) -> None:
        """Give an address back. Not for several threads."""
        self._pool.give_back(number)

    def receive(self) -> tuple[Batch, bool]:
        """Take what has come.

        Returns
        -------
        batch : Batch
            The datagrams of calls.
        drained : bool
            Whether there are no more of them.
        """
        receiver = self._receiver
        count = receiver.receive()
        self._datagrams += count
        number = receiver.ips - self._base
        inside = (number >= 0) & (number < SLICE_SIZE) & (receiver.ports == self._local_port)
        rows = np.where(inside, self._row_of[number % SLICE_SIZE], _NOBODY).astype(np.int64)
        slots = np.flatnonzero(rows >= 0)
        self._strangers += count - len(slots)
        batch = Batch(
            rows[slots],
            receiver.data,
            slots,
            receiver.lengths[slots],
            receiver.arrivals[slots],
            receiver.drops[slots],
        )
        return batch, count < receiver.size

    def send(self, outbox: Outbox) -> None:
        """Send the frames of a step."""
        if self._sender is None or self._sender.data is not outbox.data:
            self._sender = Sender(self._socket, outbox.data)
        n = outbox.count
        if n:
            self._sender.send(n, outbox.lengths[:n], self._ip_of[outbox.rows[:n]], self._local_port)

    def counts(self) -> dict[str, int]:
        """Return what the socket has counted: see :class:`mediasock.media.hub.Metrics`."""
        return {
            "datagrams": self._datagrams,
            "strangers": self._strangers,
            "refused": self._receiver.refused,
            "overflows": self._receiver.overflows,
            "send_failures": self._sender.failed if self._sender else 0,
        }

    def shut(self) -> None:
        """Close the socket."""
        self._socket.close()
