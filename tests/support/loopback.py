"""Datagrams on the loopback: a busy kernel puts off to take them where they go."""

import socket


def delivered():
    """Wait until all that was sent before, from this processor, is where it went."""
    with (
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as last,
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender,
    ):
        last.bind(("127.0.0.1", 0))
        last.settimeout(30)
        sender.sendto(b"last", last.getsockname())
        last.recv(4)
