import socket

import numpy as np
import pytest

from mediasock.media.batch import Outbox
from mediasock.media.mmsg import supported
from mediasock.media.onesocket import OneSocket
from tests.support.loopback import delivered

pytestmark = [
    pytest.mark.skipif(not supported(), reason="one socket for all is for 64-bit Linux"),
    pytest.mark.usefixtures("one_processor"),
]


@pytest.fixture
def ours():
    one = OneSocket(4)
    yield one
    one.shut()


def bound(address):
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sock.bind((address.local_ip, address.local_port))
    sock.settimeout(30)
    return sock


def test_the_source_address_is_the_call(ours):
    calls = [ours.reserve() for _ in range(3)]
    for row, (number, _) in enumerate(calls):
        ours.attach(number, row)
    assert len({address.local_ip for _, address in calls}) == 3
    for row in (2, 0, 1, 2):
        address = calls[row][1]
        with bound(address) as far:
            far.sendto(bytes([row]), (address.remote_ip, address.remote_port))
    delivered()
    batch, drained = ours.receive()
    assert drained
    assert batch.rows.tolist() == [2, 0, 1, 2]
    assert [batch.data[slot, 0] for slot in batch.slots] == [2, 0, 1, 2]


def test_frames_go_to_the_address_of_the_call(ours):
    number, address = ours.reserve()
    ours.attach(number, 3)
    box = Outbox(2)
    box.add(np.array([3]), np.full((1, 320), 9, np.uint8))
    with bound(address) as far:
        ours.send(box)
        assert far.recvfrom(1000) == (b"\x09" * 320, (address.remote_ip, address.remote_port))


def test_a_late_datagram_of_a_call_that_is_over_reaches_nobody(ours):
    number, address = ours.reserve()
    ours.attach(number, 0)
    with bound(address) as far:
        ours.detach(number)
        ours.release(number)
        other, other_address = ours.reserve()
        ours.attach(other, 0)
        assert other_address.local_ip != address.local_ip
        far.sendto(b"late", (address.remote_ip, address.remote_port))
        delivered()
        batch, _ = ours.receive()
    assert len(batch) == 0
    assert ours.counts()["strangers"] == 1


def test_a_flood_from_elsewhere_costs_no_buffer(ours):
    number, address = ours.reserve()
    ours.attach(number, 0)
    with bound(address) as far, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as stranger:
        for _ in range(5000):
            stranger.sendto(b"x" * 1400, (address.remote_ip, address.remote_port))
        far.sendto(b"frame", (address.remote_ip, address.remote_port))
        delivered()
        batch, _ = ours.receive()
    assert batch.rows.tolist() == [0]
    counts = ours.counts()
    assert (counts["datagrams"], counts["refused"], counts["overflows"]) == (1, 5000, 0)


def test_two_of_one_machine_do_not_clash():
    one, two = OneSocket(1), OneSocket(1)
    try:
        streams = {(a.local_ip, a.local_port) for _, a in (one.reserve(), two.reserve())}
        assert len(streams) == 2
    finally:
        one.shut()
        two.shut()
