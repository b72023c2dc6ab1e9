import asyncio
import contextlib
import os
import socket
import threading
import time

import pytest

from mediasock.media import timeline
from mediasock.media.hub import MediaHub
from tests.support.media import Memory


class FarEnd:
    """FreeSWITCH's end of one stream: a socket that is bound as ``unicast`` says."""

    def __init__(self, stream):
        self.address = address = stream.address
        self._post = stream._hub.post
        self.sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.sock.bind((address.local_ip.replace("0.0.0.0", "127.0.0.1"), address.local_port))
        self.sock.settimeout(30)

    def send(self, content):
        """Send a frame, once the media thread has done what it was asked for before."""
        done = threading.Event()
        self._post(done.set)
        assert done.wait(30)
        self.sock.sendto(content, (self.address.remote_ip, self.address.remote_port))

    def receive(self):
        return self.sock.recv(4096)

    def ask(self, content):
        """Send a frame and return the answer."""
        self.send(content)
        return self.receive()

    def echo(self, content):
        """Send a frame, which must come back."""
        assert self.ask(content) == content


@pytest.fixture
def far_end():
    """Make far ends of streams, closed at the end of the test."""
    with contextlib.ExitStack() as stack:

        def make(stream):
            end = FarEnd(stream)
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


@pytest.fixture(scope="module")
def one_processor():
    """Send from one processor: what it puts on the loopback comes in its order."""
    if not hasattr(os, "sched_setaffinity"):
        yield
        return
    everywhere = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {min(everywhere)})
    yield
    os.sched_setaffinity(0, everywhere)


@pytest.fixture
def hub_thread(monkeypatch):
    """Make hubs that run, stopped at the end of the test.

    Where this process is put aside, a stream has no frame for a while: here it does not stop for
    that.
    """
    monkeypatch.setattr(timeline, "GAP_AFTER", 1_000_000 * timeline.MS)
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
