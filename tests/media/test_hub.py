"""The hub with its thread, its socket and an event loop, on the loopback."""

import asyncio
import logging
import socket
import threading

import pytest

from dsp.types import Detection
from mediasock.media import open_hub
from mediasock.media.errors import HubFull, HubStopped, UnsupportedPlatform
from mediasock.media.hub import MediaHub
from mediasock.media.mmsg import supported
from mediasock.media.portable import SocketEach
from mediasock.media.wire import Wire
from tests.support.media import frame, noise

pytestmark = pytest.mark.skipif(not supported(), reason="one socket for all is for 64-bit Linux")

SILENCE = bytes(320)


def test_sound_goes_both_ways(hub_thread, far_end):
    hub = hub_thread()

    async def run():
        stream = hub.open("c-1", Wire())
        far = far_end(stream)
        assert far.ask(frame(1)) == SILENCE
        await stream.first_frame()
        frames = stream.frames()
        stream.loop_back()
        await asyncio.to_thread(far.echo, frame(2))
        got = await anext(frames)
        assert (got.samples.tobytes(), got.gap) == (frame(2), False)
        assert hub.metrics().calls == 1
        stream.close()

    asyncio.run(run())


def test_each_call_hears_itself_alone(hub_thread, far_end):
    hub = hub_thread()

    async def run():
        streams = [hub.open(f"c-{k}", Wire()) for k in range(8)]
        ends = [far_end(stream) for stream in streams]
        for stream in streams:
            stream.loop_back()
        for turn in range(3):
            for k, end in enumerate(ends):
                end.send(frame(100 * turn + k))
            for k, end in enumerate(ends):
                assert end.receive() == frame(100 * turn + k)

    asyncio.run(run())


def test_detections_arrive_in_the_loop(hub_thread, far_end):
    hub = hub_thread()

    async def run():
        stream = hub.open("c-1", Wire())
        detections = stream.detections("mark")
        mark = noise(160)
        mark[77] = 12345
        far_end(stream).ask(mark.tobytes())
        found = await anext(detections)
        assert found == Detection(stream.row, "mark", "x", 77, None, 0.0)

    asyncio.run(run())


def test_a_full_hub_says_so_and_has_room_again_after_a_close(hub_thread, far_end):
    hub = hub_thread(capacity=2)

    async def run():
        first, _ = hub.open("c-1", Wire()), hub.open("c-2", Wire())
        with pytest.raises(HubFull, match="c-3"):
            hub.open("c-3", Wire())
        old = far_end(first)
        first.close()
        again = hub.open("c-4", Wire())
        assert again.row == first.row
        assert again.address.local_ip != first.address.local_ip
        new = far_end(again)
        old.send(frame(1))  # a late one, of the call that is over
        assert new.ask(frame(2)) == SILENCE
        assert again.stats.received == 1
        assert hub.metrics().strangers == 1

    asyncio.run(run())


def test_what_is_opened_outside_of_a_loop_takes_no_place(hub_thread):
    hub = hub_thread(capacity=1)
    with pytest.raises(RuntimeError, match="event loop"):
        hub.open("c-1", Wire())

    async def run():
        assert hub.open("c-2", Wire()).row == 0

    asyncio.run(run())


def test_streams_are_closed_from_any_thread(hub_thread):
    hub = hub_thread()

    async def run():
        stream = hub.open("c-1", Wire())
        waiter = asyncio.ensure_future(anext(stream.frames()))
        thread = threading.Thread(target=stream.close)
        thread.start()
        with pytest.raises(StopAsyncIteration):
            await waiter
        thread.join()

    asyncio.run(run())


def test_stop_closes_what_is_open():
    hub = MediaHub(capacity=2)
    hub.start()

    async def run():
        stream = hub.open("c-1", Wire())
        frames = stream.frames()
        hub.stop()
        assert [one async for one in frames] == []
        with pytest.raises(HubStopped, match="c-2"):
            hub.open("c-2", Wire())

    asyncio.run(run())
    with pytest.raises(HubStopped):
        hub.start()


def test_a_handler_that_never_yields_does_not_stop_the_media(hub_thread, far_end, caplog):
    """Other calls are answered all the while, and the log says where the handler is."""
    hub = hub_thread()
    caplog.set_level(logging.INFO)
    told = threading.Event()
    answers = []

    def reports():
        """What is said of the handler; what a busy box does to the loop before may be said, too."""
        messages = [record.getMessage() for record in caplog.records]
        told = [message for message in messages if "does not yield" in message]
        return [message for message in told if "in selfish" in message]

    def calls(end):
        try:
            while not reports() or len(answers) < 50:
                answers.append(end.ask(frame(len(answers) + 1)))
        finally:
            told.set()

    async def selfish():
        while not told.is_set():
            pass

    async def run():
        stream = hub.open("c-1", Wire())
        end = far_end(stream)
        await asyncio.to_thread(end.ask, frame(0))  # the loop runs until it is kept from that
        thread = threading.Thread(target=calls, args=(end,))
        thread.start()
        await selfish()
        thread.join()

    asyncio.run(run())
    assert len(answers) >= 50
    assert len(reports()) == 1


def test_a_flood_from_a_stranger_does_not_reach_a_call(hub_thread, far_end):
    hub = hub_thread()

    async def run():
        stream = hub.open("c-1", Wire())
        end = far_end(stream)
        stream.loop_back()
        end.ask(frame(0))
        address = stream.address
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as stranger:
            for k in range(30_000):
                stranger.sendto(b"x" * 1400, (address.remote_ip, address.remote_port))
                if k % 1000 == 0:
                    end.echo(frame(k + 1))
        metrics = hub.metrics()
        assert metrics.overflows == 0
        assert stream.stats.lost == 0
        assert metrics.refused > 25_000

    asyncio.run(run())


def test_a_step_that_fails_is_logged_and_the_calls_go_on(hub_thread, far_end, until, caplog):
    hub = hub_thread()

    async def run():
        stream = hub.open("c-1", Wire())
        end = far_end(stream)
        end.ask(frame(0))

        def fail():
            raise ZeroDivisionError("one step only")

        hub.post(fail)
        await until(lambda: hub.metrics().faults == 1)
        assert end.ask(frame(1)) == SILENCE

    asyncio.run(run())
    assert "one step only" in caplog.text


def test_the_kind_of_hub_follows_from_where_freeswitch_is():
    for kind, remote_ip, portable in [
        ("auto", "127.0.0.1", False),
        ("hub", "127.0.0.1", False),
        ("portable", "127.0.0.1", True),
        ("auto", "192.0.2.1", True),
        ("auto", "::1", True),
    ]:
        hub = open_hub(kind, capacity=1, remote_ip=remote_ip)
        assert isinstance(hub._transport, SocketEach) == portable
        hub.stop()
    with pytest.raises(UnsupportedPlatform, match="192"):
        open_hub("hub", remote_ip="192.0.2.1")
    with pytest.raises(ValueError, match="both"):
        open_hub("both")
