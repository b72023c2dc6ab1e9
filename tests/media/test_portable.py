import asyncio
import gc
import socket
import warnings
from ipaddress import ip_network

import pytest

from mediasock.media.portable import SocketEach
from mediasock.media.wire import Wire
from tests.support.loopback import delivered
from tests.support.media import frame


@pytest.fixture
def portable(hub_thread):
    return hub_thread(transport=SocketEach("127.0.0.1"))


def test_the_source_is_learnt_from_the_first_frame_and_nobody_else_is_heard(portable, far_end):
    async def run():
        stream = portable.open("c-1", Wire())
        assert stream.address.local_port == 0
        stream.loop_back()
        end = far_end(stream)
        end.echo(frame(1))
        stranger = far_end(stream)
        stranger.send(frame(2))
        end.echo(frame(3))
        assert stream.stats.received == 2

    asyncio.run(run())


@pytest.mark.usefixtures("one_processor")
def test_of_two_that_speak_before_we_look_the_first_is_heard():
    transport = SocketEach("127.0.0.1")
    number, address = transport.reserve()
    transport.attach(number, 7)
    with (
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as first,
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as second,
    ):
        for sock, content in ((first, b"one"), (second, b"two"), (first, b"three")):
            sock.sendto(content, ("127.0.0.1", address.remote_port))
        delivered()
        batch, drained = transport.receive()
    transport.shut()
    assert drained
    assert batch.rows.tolist() == [7, 7]
    assert [
        batch.data[s, :n].tobytes() for s, n in zip(batch.slots, batch.lengths, strict=True)
    ] == [
        b"one",
        b"three",
    ]
    assert transport.counts()["strangers"] == 1


def test_a_stranger_who_speaks_first_takes_no_calls_place(hub_thread, far_end, until):
    networks = [ip_network("127.0.0.1/32"), ip_network("2001:db8::/32")]
    hub = hub_thread(transport=SocketEach("127.0.0.1", sources=networks))

    async def run():
        stream = hub.open("c-1", Wire())
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as stranger:
            stranger.bind(("127.0.0.2", 0))
            for k in range(50):
                stranger.sendto(frame(k), ("127.0.0.1", stream.address.remote_port))
        await until(lambda: hub.metrics().strangers == 50)
        stream.loop_back()
        far_end(stream).echo(frame(1))
        assert stream.stats.received == 1

    asyncio.run(run())


@pytest.mark.usefixtures("one_processor")
def test_a_call_with_much_to_say_leaves_the_others_their_turn():
    transport = SocketEach("127.0.0.1", batch_size=100)
    addresses = []
    for row in range(2):
        number, address = transport.reserve()
        transport.attach(number, row)
        addresses.append(("127.0.0.1", address.remote_port))
    with (
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as first,
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as second,
    ):
        each = 90  # what a socket's buffer has room for
        for _ in range(each):
            first.sendto(b"x", addresses[0])
            second.sendto(b"y", addresses[1])
        delivered()
        got, drained = [], False
        while not drained:
            batch, drained = transport.receive()
            assert len(batch) <= 100
            assert {row for row in range(2) if got.count(row) < each} == {*batch.rows.tolist()}
            got += batch.rows.tolist()
    transport.shut()
    assert sorted(got) == [0] * each + [1] * each


def test_an_address_that_is_not_ours_is_an_error_and_leaves_no_socket():
    gc.collect()  # what earlier tests have left is told now
    transport = SocketEach("192.0.2.1")
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        with pytest.raises(OSError):
            transport.reserve()
        gc.collect()
    transport.shut()
    assert told == []


def test_calls_are_told_apart(portable, far_end):
    async def run():
        streams = [portable.open(f"c-{k}", Wire("PCMU")) for k in range(5)]
        assert len({stream.address.remote_port for stream in streams}) == 5
        for stream in streams:
            stream.loop_back()
        ends = [far_end(stream) for stream in streams]
        for k, end in enumerate(ends):
            end.send(bytes([k]) * 160)
        for k, end in enumerate(ends):
            assert end.receive() == bytes([k]) * 160

    asyncio.run(run())


def test_a_far_end_that_is_gone_does_not_disturb_the_others(portable, far_end):
    async def run():
        gone, stays = (portable.open(name, Wire()) for name in ("gone", "stays"))
        first, second = far_end(gone), far_end(stays)
        first.ask(frame(1))
        first.sock.close()
        for k in range(20):
            second.ask(frame(k))
        gone.close()
        assert len(second.ask(frame(99))) == 320

    asyncio.run(run())


def test_an_oversized_datagram_is_counted(portable, far_end, until):
    async def run():
        stream = portable.open("c-1", Wire())
        end = far_end(stream)
        end.ask(frame(1))
        assert end.ask(b"x" * 5000) == bytes(320)
        await until(lambda: stream.stats.oversized == 1)

    asyncio.run(run())


def test_a_closed_call_gives_its_port_back(hub_thread, until):
    hub = hub_thread(transport=SocketEach("127.31.41.59"))  # where nobody else takes a port

    async def run():
        stream = hub.open("c-1", Wire())
        port = stream.address.remote_port
        stream.close()

        def is_free():
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
                try:
                    sock.bind(("127.31.41.59", port))
                except OSError:
                    return False
                return True

        await until(is_free)

    asyncio.run(run())


@pytest.mark.skipif(not socket.has_ipv6, reason="no IPv6 here")
def test_ipv6(hub_thread):
    try:
        hub = hub_thread(transport=SocketEach("::1"))
        sock = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
        sock.bind(("::1", 0))
    except OSError:
        pytest.skip("no IPv6 loopback")

    async def run():
        stream = hub.open("c-1", Wire())
        assert stream.address.local_ip == "::"
        with sock:
            sock.settimeout(30)
            sock.sendto(frame(1), ("::1", stream.address.remote_port))
            assert sock.recv(1000) == bytes(320)

    asyncio.run(run())
