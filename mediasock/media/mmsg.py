"""Hundreds of datagrams in one system call: recvmmsg(2) and sendmmsg(2) on numpy arrays.

The kernel's structures (mmsghdr, iovec, sockaddr_in, control messages) are numpy structured
arrays with their layout on 64-bit Linux, built once and pointed at each other; a call then sets
and reads whole columns.

The library is loaded as :class:`ctypes.PyDLL`, which keeps the GIL. The calls never block, and
to let the GIL go and win it back, against a thread that computes, costs more than they last.
"""

from __future__ import annotations

import ctypes
import errno
import os
import socket
import struct
import sys
import time
from collections.abc import Callable

import numpy as np

from .batch import SLOT, Bytes, Ints
from .errors import UnsupportedPlatform

SO_RCVBUFFORCE = 33
SO_TIMESTAMPNS = 35
SO_RXQ_OVFL = 40
SO_MEMINFO = 55
_MEMINFO_RMEM, _MEMINFO_RCVBUF, _MEMINFO_DROPS, _MEMINFO_VARS = 0, 1, 8, 9
_MSG_DONTWAIT = 0x40

_READINGS = 5
_AT_ONCE = 50_000
"""Nanoseconds within which two clocks are read as one; two readings take some 200."""

_MARGIN = 256 << 10
"""A buffer with less room than this is taken for full."""

RECEIVE_BUFFER = 8 << 20
"""Bytes of socket buffer asked for: with the kernel's doubling and its overhead a datagram, 13,000
frames, which is a quarter of a second of 1,000 calls."""

_MMSGHDR = np.dtype(
    [
        ("name", "u8"),
        ("namelen", "u4"),
        ("", "u4"),
        ("iov", "u8"),
        ("iovlen", "u8"),
        ("control", "u8"),
        ("controllen", "u8"),
        ("flags", "u4"),
        ("", "u4"),
        ("len", "u4"),
        ("", "u4"),
    ]
)
_IOVEC = np.dtype([("base", "u8"), ("len", "u8")])
_SOCKADDR_IN = np.dtype([("family", "u2"), ("port", ">u2"), ("ip", ">u4"), ("", "u8")])
_CONTROL = np.dtype(
    [
        ("stamp_len", "u8"),
        ("stamp_level", "u4"),
        ("stamp_type", "u4"),
        ("seconds", "i8"),
        ("nanoseconds", "i8"),
        ("drops_len", "u8"),
        ("drops_level", "u4"),
        ("drops_type", "u4"),
        ("drops", "u4"),
        ("", "u4"),
    ]
)
"""The kernel writes the time first, then the drop counter, and that one only when it is not 0
(``sock_recv_cmsgs`` in net/socket.c)."""


def supported() -> bool:
    """Whether this system has what the module needs: Linux, 64 bits."""
    return sys.platform == "linux" and sys.maxsize > 2**32


def clocks_apart(
    clock: Callable[[], int] = time.monotonic_ns, wall: Callable[[], int] = time.time_ns
) -> int:
    """Return how far CLOCK_MONOTONIC is ahead of CLOCK_REALTIME, which SO_TIMESTAMPNS is in.

    It is read each time, so that a step of the real-time clock moves nothing. A thread that is
    put aside between the two readings has read nothing: it reads again.

    Parameters
    ----------
    clock, wall
        Both clocks, nanoseconds.
    """
    for _ in range(_READINGS):
        before = clock()
        real = wall()
        after = clock()
        if after - before < _AT_ONCE:
            break
    return before + (after - before) // 2 - real


def _pointer(array: np.ndarray) -> int:
    return int(array.ctypes.data)


class _Messages:
    """The kernel's view of a matrix of datagrams."""

    def __init__(self, sock: socket.socket, data: Bytes) -> None:
        if not supported():
            raise UnsupportedPlatform(f"recvmmsg on {sys.platform} with {sys.maxsize:#x}")
        self._libc = ctypes.PyDLL(None, use_errno=True)
        self._fd = sock.fileno()
        self.size = len(data)
        self.data = data
        self._iovecs = np.zeros(self.size, dtype=_IOVEC)
        self._names = np.zeros(self.size, dtype=_SOCKADDR_IN)
        self._headers = np.zeros(self.size, dtype=_MMSGHDR)
        line = np.arange(self.size, dtype=np.uint64)
        self._iovecs["base"] = _pointer(data) + line * data.strides[0]
        self._headers["name"] = _pointer(self._names) + line * _SOCKADDR_IN.itemsize
        self._headers["namelen"] = _SOCKADDR_IN.itemsize
        self._headers["iov"] = _pointer(self._iovecs) + line * _IOVEC.itemsize
        self._headers["iovlen"] = 1
        self._headers_at = ctypes.c_void_p(_pointer(self._headers))
        self._iov_len = self._iovecs["len"]
        self._ip = self._names["ip"]
        self._port = self._names["port"]


class Receiver(_Messages):
    """Takes what lies in a socket's buffer, many datagrams a call.

    Parameters
    ----------
    sock
        A bound UDP socket (IPv4). Its buffer, time stamps and drop counter are set up here.
    size
        Datagrams a call at most.

    Attributes
    ----------
    data : numpy.ndarray
        ``(size, SLOT)`` uint8.
    lengths, ips, ports, arrivals, drops : numpy.ndarray
        What :meth:`receive` found: bytes as sent, source address and port, time of arrival
        (monotonic nanoseconds) and the kernel's count of datagrams thrown away before each.
    refused : int
        Datagrams that the socket's filter turned away.
    overflows : int
        Datagrams that the kernel threw away because the buffer was full.
    """

    def __init__(self, sock: socket.socket, size: int = 1024) -> None:
        super().__init__(sock, np.zeros((size, SLOT), dtype=np.uint8))
        self._sock = sock
        sock.setblocking(False)
        try:
            sock.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, RECEIVE_BUFFER)
        except PermissionError:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVE_BUFFER)
        sock.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)
        sock.setsockopt(socket.SOL_SOCKET, SO_RXQ_OVFL, 1)
        self._iov_len[:] = SLOT
        self._control = np.zeros(size, dtype=_CONTROL)
        line = np.arange(size, dtype=np.uint64)
        self._headers["control"] = _pointer(self._control) + line * _CONTROL.itemsize
        self._control_len = self._headers["controllen"]
        self._length = self._headers["len"]
        self._flags = self._headers["flags"]
        self._known_drops = 0
        self.refused = 0
        self.overflows = 0
        nothing: Ints = np.zeros(0, dtype=np.int64)
        self.lengths = self.ips = self.ports = self.arrivals = self.drops = nothing

    def receive(self) -> int:
        """Take datagrams out of the socket without waiting.

        Returns
        -------
        int
            How many; fewer than ``size`` when the buffer is empty now.
        """
        full = self._memory()[0]
        self._control_len[:] = _CONTROL.itemsize
        count = int(
            self._libc.recvmmsg(
                self._fd, self._headers_at, self.size, socket.MSG_TRUNC | _MSG_DONTWAIT, None
            )
        )
        if count < 0:
            number = ctypes.get_errno()
            if number not in (errno.EAGAIN, errno.EINTR):
                raise OSError(number, os.strerror(number))
            count = 0
        self._read_columns(count, full=full)
        return count

    def _read_columns(self, count: int, *, full: bool) -> None:
        self.lengths = self._length[:count].astype(np.int64)
        self.ips = self._ip[:count].astype(np.int64)
        self.ports = self._port[:count].astype(np.int64)
        control = self._control[:count]
        self.arrivals = control["seconds"] * 1_000_000_000 + control["nanoseconds"] + clocks_apart()
        counters = np.where(
            self._control_len[:count] == _CONTROL.itemsize, control["drops"], 0
        ).astype(np.int64)
        self._count_drops(counters, full=full)

    def _memory(self) -> tuple[bool, int]:
        """Whether the buffer is full, near enough, and the kernel's count of drops (32 bits)."""
        option = self._sock.getsockopt(socket.SOL_SOCKET, SO_MEMINFO, _MEMINFO_VARS * 4)
        memory = struct.unpack(f"={_MEMINFO_VARS}I", option)
        full = memory[_MEMINFO_RMEM] + _MARGIN > memory[_MEMINFO_RCVBUF]
        return full, memory[_MEMINFO_DROPS]

    def _count_drops(self, counters: Ints, *, full: bool) -> None:
        """Tell overflow from refusal: the kernel counts both in one counter.

        Only a buffer that was found full can have overflowed; else the counter rose because the
        socket filter turned strangers away.
        """
        full_now, total = self._memory()
        rise = (total - self._known_drops) & 0xFFFFFFFF
        self._known_drops += rise
        if full or full_now:
            self.overflows += rise
        else:
            self.refused += rise
        behind = (total - counters) & 0xFFFFFFFF
        self.drops = self._known_drops - behind - self.refused


class Sender(_Messages):
    """Sends lines of a matrix as datagrams, many a call.

    Parameters
    ----------
    sock
        A UDP socket (IPv4).
    data
        ``(size, SLOT)`` uint8, which the caller fills.

    Attributes
    ----------
    failed : int
        Datagrams that the kernel did not take.
    """

    def __init__(self, sock: socket.socket, data: Bytes) -> None:
        super().__init__(sock, data)
        self._names["family"] = socket.AF_INET
        self.failed = 0

    def send(self, count: int, lengths: Ints, ips: Ints, ports: Ints | int) -> None:
        """Send the first ``count`` lines.

        Parameters
        ----------
        count
            How many.
        lengths
            ``(count,)`` bytes of each, at least 1.
        ips, ports
            ``(count,)`` where each goes; one port may serve all.
        """
        self._iov_len[:count] = lengths
        self._ip[:count] = ips
        self._port[:count] = ports
        done = 0
        while done < count:
            at = ctypes.c_void_p(_pointer(self._headers) + done * _MMSGHDR.itemsize)
            sent = int(self._libc.sendmmsg(self._fd, at, count - done, _MSG_DONTWAIT))
            if sent <= 0:  # the first of them was not taken: it is passed over
                self.failed += 1
                sent = 1
            done += sent
