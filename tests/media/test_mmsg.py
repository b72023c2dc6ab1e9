"""Datagrams through the kernel, on the loopback."""

import socket
import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mediasock.media.batch import SLOT
from mediasock.media.mmsg import Receiver, Sender, clocks_apart, supported
from tests.support.loopback import delivered

pytestmark = [
    pytest.mark.skipif(not supported(), reason="recvmmsg is for 64-bit Linux"),
    pytest.mark.usefixtures("one_processor"),
]

LOOPBACK = 0x7F000001


@pytest.fixture
def pair():
    with (
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as ours,
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as theirs,
    ):
        ours.bind(("127.0.0.1", 0))
        theirs.bind(("127.77.1.2", 0))
        yield ours, theirs


def send(sock, contents, to):
    data = np.zeros((max(len(contents), 1), SLOT), np.uint8)
    for line, content in zip(data, contents, strict=False):
        line[: len(content)] = np.frombuffer(content, np.uint8)
    lengths = np.array([len(content) for content in contents])
    sender = Sender(sock, data)
    sender.send(len(contents), lengths, np.full(len(contents), LOOPBACK), to.getsockname()[1])
    delivered()
    return sender


@settings(max_examples=30, deadline=None)
@given(st.lists(st.binary(min_size=1, max_size=SLOT), max_size=20))
def test_datagrams_come_as_they_were_sent(contents):
    with (
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as ours,
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as theirs,
    ):
        ours.bind(("127.0.0.1", 0))
        theirs.bind(("127.77.1.2", 0))
        receiver = Receiver(ours, 64)
        assert send(theirs, contents, ours).failed == 0
        assert receiver.receive() == len(contents)
        got = [receiver.data[i, :n].tobytes() for i, n in enumerate(receiver.lengths)]
        assert got == contents
        assert set(receiver.ips.tolist()) <= {0x7F4D0102}
        assert set(receiver.ports.tolist()) <= {theirs.getsockname()[1]}
        assert receiver.receive() == 0


def test_the_time_is_that_of_the_arrival(pair):
    """The kernel begins to stamp what arrives some time after the first socket has asked for it.

    What it has not stamped has the time at which it is received. Time of day may be set while
    the test runs, too.
    """
    ours, theirs = pair
    receiver = Receiver(ours)
    near = 1_000_000
    while True:
        before = time.monotonic_ns()
        send(theirs, [b"one"], ours)
        between = time.monotonic_ns()
        send(theirs, [b"two"], ours)
        while time.monotonic_ns() < between + 20 * near:
            pass
        assert receiver.receive() == 2
        one, two = receiver.arrivals
        if before - near <= one <= between + near and one <= two <= between + 10 * near:
            break


def test_clocks_are_read_again_by_a_thread_that_was_put_aside():
    now = 1000
    pauses = iter([0, 7_000_000, 0, 0, 0, 900_000, 0, 200, 300])

    def read(ahead):
        nonlocal now
        now += next(pauses)
        return now + ahead

    apart = clocks_apart(lambda: read(0), lambda: read(-5_000_000_000))
    assert apart == pytest.approx(5_000_000_000, abs=500)
    assert next(pauses, None) is None


def test_more_than_fits_is_left_for_the_next_call(pair):
    ours, theirs = pair
    receiver = Receiver(ours, 8)
    send(theirs, [bytes([k]) for k in range(20)], ours)
    assert [receiver.receive() for _ in range(4)] == [8, 8, 4, 0]


def test_what_is_too_long_says_how_long_it_was(pair):
    ours, theirs = pair
    receiver = Receiver(ours, 8)
    theirs.sendto(b"x" * 5000, ours.getsockname())
    theirs.sendto(b"", ours.getsockname())
    delivered()
    assert receiver.receive() == 2
    assert receiver.lengths.tolist() == [5000, 0]


def test_an_overflow_is_seen_by_the_first_datagram_after_it(pair):
    ours, theirs = pair
    receiver = Receiver(ours, 1024)
    ours.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 400_000)
    for _ in range(40):
        send(theirs, [b"x" * 320] * 64, ours)
    got = 0
    while count := receiver.receive():
        assert receiver.drops.tolist() == [0] * count
        got += count
    lost = 40 * 64 - got
    assert lost > 0
    send(theirs, [b"y"], ours)
    assert receiver.receive() == 1
    assert receiver.drops.tolist() == [lost]
    assert (receiver.overflows, receiver.refused) == (lost, 0)


def test_what_a_filter_refuses_is_no_overflow(pair):
    from mediasock.media import bpf

    ours, theirs = pair
    receiver = Receiver(ours, 64)
    bpf.attach(ours, 0x7F4D0000, 16, theirs.getsockname()[1])
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as stranger:
        for _ in range(100):
            stranger.sendto(b"flood", ours.getsockname())
    send(theirs, [b"x"], ours)
    assert receiver.receive() == 1
    assert receiver.drops.tolist() == [0]
    assert (receiver.overflows, receiver.refused) == (0, 100)


def test_a_datagram_that_cannot_go_is_passed_over(pair):
    ours, theirs = pair
    receiver = Receiver(ours)
    data = np.zeros((3, SLOT), np.uint8)
    sender = Sender(theirs, data)
    port = ours.getsockname()[1]
    # a socket of 127.77.1.2 may not send to a network that is not this host's
    sender.send(3, np.full(3, 4), np.array([LOOPBACK, 0xFFFFFFFF, LOOPBACK]), port)
    delivered()
    assert receiver.receive() == 2
    assert sender.failed == 1
