import asyncio
import contextlib
import socket
import threading
import time

import pytest

from mediasock.media.hub import MediaHub
from tests.support.media import Memory

SILENCES = (bytes(320), b"\xff" * 160)


class FarEnd:
    """FreeSWITCH's end of one stream: a socket that is bound as ``unicast`` says."""

    def __init__(self, address):
        self.address = address
        self.sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.sock.bind((address.local_ip.replace("0.0.0.0", "127.0.0.1"), address.local_port))
        self.sock.settimeout(30)

    def send(self, content):
        self.sock.sendto(content, (self.address.remote_ip, self.address.remote_port))

    def receive(self):
        return self.sock.recv(4096)

    def ask(self, content):
        """Send a frame and return the answer."""
        self.send(content)
        return self.receive()

    def hear(self, content):
        """Wait for a frame; nothing but silence may come before it.

        Where this process is put aside for a quarter of a second, the stream has stopped for the
        hub, and a timer sends silence.
        """
        while (got := self.receive()) != content:
            assert got in SILENCES, "what came is neither the frame nor silence"

    def echo(self, content):
        """Send a frame and wait for it to come back."""
        self.send(content)
        self.hear(content)


@pytest.fixture
def far_end():
    """Make far ends of streams, closed at the end of the test."""
    with contextlib.ExitStack() as stack:

        def make(stream):
            end = FarEnd(stream.address)
            stack.callback(end.sock.close)
            return end

        yield make


@pytest.fixture
def until():
    """Wait for something another thread does, in the loop, with a deadline."""

    async def wait(condition, seconds=30.0):
        deadline = time.monotonic() + seconds
        while not condition():
            assert time.monotonic() < deadline, "it did not happen in time"
            await asyncio.sleep(0.002)

    return wait


@pytest.fixture
def hub_thread():
    """Make hubs that run, stopped at the end of the test."""
    with contextlib.ExitStack() as stack:

        def make(**options):
            options.setdefault("capacity", 8)
            options.setdefault("ears", Memory)
            hub = MediaHub(**options)
            hub.start()
            stack.callback(hub.stop)
            return hub

        yield make
    assert not [t for t in threading.enumerate() if t.name == "mediasock-media"]
