"""A stream on a real engine in virtual time; the hub between them is a few lines here."""

import asyncio
import gc
import time
from collections import deque

import pytest

from dsp.types import Detection
from mediasock.media.address import Address
from mediasock.media.delivery import Mailbox
from mediasock.media.errors import StreamClosed, StreamLost
from mediasock.media.stream import Stream
from mediasock.media.wire import Wire
from tests.support import virtual_time
from tests.support.media import Lines, frame, noise


class Hub:
    """Does at once, in one thread, what the hub does in its own."""

    def __init__(self):
        self.lines = Lines()
        self.engine = self.lines.engine
        self.closed = []
        self.actions = deque()

    def post(self, action):
        self.actions.append(action)

    def act(self):
        while self.actions:
            self.actions.popleft()()

    def now(self):
        return self.lines.now

    def close(self, stream):
        self.closed.append(stream)
        self.engine.close(stream)
        self.deliver()

    def open(self, wire=None):
        stream = Stream(
            self,
            "c-1",
            wire or Wire(),
            address=Address("127.64.0.1", 5000, "127.0.0.1", 5000),
            row=1,
            mailbox=Mailbox.here(),
        )
        self.engine.open(stream)
        return stream

    def bring(self, *contents, after=20):
        self.act()
        sent = self.lines.step(*[(1, content) for content in contents], after=after)
        self.deliver()
        return sent

    def idle(self, ms):
        self.act()
        sent = self.lines.idle(ms)
        self.deliver()
        return sent

    def deliver(self):
        notices, self.engine.notices = self.engine.notices, []
        for stream, notice in notices:
            stream.deliver(notice)


async def ready(playing):
    """Wait until the decoding thread has done what it does ahead of time."""
    deadline = time.monotonic() + 30
    while playing.feed.reservoir.wants_more:
        assert time.monotonic() < deadline
        await asyncio.sleep(0)


def in_loop(test):
    def run():
        virtual_time.run(test(Hub()))

    run.__name__, run.__doc__ = test.__name__, test.__doc__
    return run


@in_loop
async def test_the_first_frame_ends_the_wait(hub):
    stream = hub.open()
    waiter = asyncio.ensure_future(stream.first_frame(2))
    await asyncio.sleep(0)
    hub.bring(frame(1))
    await waiter
    await stream.first_frame(0.001)


@in_loop
async def test_no_first_frame_is_a_timeout_and_can_be_waited_for_again(hub):
    stream = hub.open()
    for _ in range(2):
        with pytest.raises(TimeoutError):
            await stream.first_frame(2)
    hub.bring(frame(1))
    await stream.first_frame(2)


@in_loop
async def test_frames_are_the_calls_sound(hub):
    stream = hub.open()
    frames = stream.frames()
    for k in range(3):
        hub.bring(frame(k))
    for k in range(3):
        got = await anext(frames)
        assert (got.samples.tobytes(), got.position, got.gap) == (frame(k), k * 160, False)
    assert stream.position == 480


@in_loop
async def test_frames_at_both_rates_of_a_wide_call(hub):
    stream = hub.open(Wire("L16", 16000, 20))
    narrow, wide = stream.frames(8000), stream.frames(16000)
    content = noise(320)
    hub.bring(content.tobytes())
    assert len((await anext(narrow)).samples) == 160
    assert (await anext(wide)).samples.tolist() == content.tolist()


@in_loop
async def test_nothing_is_handed_over_when_nobody_listens_any_more(hub):
    stream = hub.open()
    frames = stream.frames()
    hub.bring(frame(1))
    assert stream.listening
    del frames
    gc.collect()
    hub.bring(frame(2))
    assert not stream.listening
    hub.act()
    hub.lines.step((1, frame(3)), after=20)
    assert hub.engine.notices == []


@in_loop
async def test_a_gap_is_flagged_and_a_lost_stream_ends_the_iteration(hub):
    stream = hub.open()
    frames = stream.frames()
    hub.bring(frame(1))
    assert not (await anext(frames)).gap
    hub.idle(1000)
    assert (await anext(frames)).gap
    assert stream.lost is None
    hub.idle(1005)
    with pytest.raises(StreamLost, match=r"c-1.*127\.64\.0\.1:5000"):
        while True:
            assert (await anext(frames)).gap
    assert isinstance(stream.lost, StreamLost)
    with pytest.raises(StreamLost):
        await anext(stream.detections())
    hub.bring(frame(2))
    assert stream.lost is None
    again = stream.frames()
    hub.bring(frame(3))
    assert (await anext(again)).samples.tobytes() == frame(3)


@in_loop
async def test_detections_reach_listeners_and_callbacks(hub, caplog=None):
    stream = hub.open()
    told = []

    def fail(detection):
        raise ZeroDivisionError

    stream.on_detection(fail)
    stream.on_detection(told.append)
    wanted, unwanted = stream.detections("mark"), stream.detections("busy")
    samples = noise(160)
    samples[30] = 12345
    hub.bring(samples.tobytes())
    hub.bring(frame(1))
    expected = Detection(1, "mark", "x", 30, None, 0.0)
    assert told == [expected]
    assert await anext(wanted) == expected
    stream.close()
    assert [one async for one in unwanted] == []


@in_loop
async def test_close_ends_every_wait_and_keeps_the_counts(hub):
    stream = hub.open()
    frames = stream.frames()
    hub.bring(frame(1))
    first, detections = await anext(frames), stream.detections("tone")
    waiting = [asyncio.ensure_future(anext(frames)), asyncio.ensure_future(anext(detections))]
    await asyncio.sleep(0)
    stream.close()
    stream.close()
    for waiter in waiting:
        with pytest.raises(StopAsyncIteration):
            await waiter
    assert len(hub.closed) == 1
    assert first.position == 0
    assert stream.closed
    assert (stream.stats.received, stream.position) == (1, 160)
    hub.open()  # the row's next call has counts of its own
    assert (stream.stats.received, stream.position) == (1, 160)
    assert [one async for one in stream.frames()] == []


@in_loop
async def test_close_before_the_first_frame_ends_the_wait_for_it(hub):
    stream = hub.open()
    waiter = asyncio.ensure_future(stream.first_frame(None))
    await asyncio.sleep(0)
    stream.close()
    with pytest.raises(StreamClosed):
        await waiter


@in_loop
async def test_hold_and_resume(hub):
    stream = hub.open()
    hub.bring(frame(1))
    stream.hold()
    assert hub.idle(3000) == []
    assert stream.lost is None
    stream.resume()
    assert hub.bring(frame(2)) == [(1, bytes(320))]


@in_loop
async def test_loop_back_can_be_turned_on_and_off(hub):
    stream = hub.open()
    stream.loop_back()
    assert hub.bring(frame(1)) == [(1, frame(1))]
    stream.loop_back(False)
    assert hub.bring(frame(2)) == [(1, bytes(320))]


@in_loop
async def test_what_is_played_goes_out_and_its_end_is_told(hub):
    stream = hub.open()
    content = noise(400)
    playing = stream.player.enqueue(content)
    await ready(playing)
    sent = b"".join(hub.bring(frame(k))[0][1] for k in range(6))
    assert sent == content.tobytes() + bytes(6 * 320 - 800)
    assert await playing == "done"


@in_loop
async def test_break_takes_back_what_waits(hub):
    stream = hub.open()
    playing = stream.player.enqueue(noise(8000))
    await ready(playing)
    assert hub.bring(frame(1)) == [(1, noise(8000)[:160].tobytes())]
    stream.player.break_()
    assert await playing == "broken"
    assert hub.bring(frame(2)) == [(1, bytes(320))]


@in_loop
async def test_a_playback_ends_with_its_stream(hub):
    stream = hub.open()
    hub.bring(frame(1))
    playing = stream.player.enqueue(noise(8000))
    stream.close()
    with pytest.raises(StreamClosed):
        await playing
    with pytest.raises(StreamClosed):
        stream.player.enqueue(noise(80))


@in_loop
async def test_nothing_plays_on_a_lost_stream_until_its_frames_come_again(hub):
    stream = hub.open()
    hub.bring(frame(1))
    playing = stream.player.enqueue(noise(80000))
    hub.idle(2005)
    with pytest.raises(StreamLost, match="c-1"):
        await playing
    with pytest.raises(StreamLost):
        stream.player.enqueue(noise(80))
    hub.bring(frame(2))
    content = noise(160)
    again = stream.player.enqueue(content)
    await ready(again)
    assert hub.bring(frame(3)) == [(1, content.tobytes())]
    hub.bring(frame(4))
    assert await again == "done"


@in_loop
async def test_a_recorder_is_given_both_sides_until_it_is_taken_away(hub):
    class Recorder:
        written = 0

        def write(self, heard, sent):
            assert len(heard) == len(sent) == 160
            self.written += 1

    stream = hub.open()
    recorder = Recorder()
    stream.record(recorder)
    hub.bring(frame(1))
    hub.bring(frame(2))
    stream.record(None)
    hub.bring(frame(3))
    assert recorder.written == 2


@in_loop
async def test_a_loss_is_told_to_those_who_asked(hub):
    stream = hub.open()
    told = []
    stream.on_lost(told.append)
    hub.bring(frame(1))
    hub.idle(1000)
    assert told == []
    hub.idle(1005)
    assert told == [stream.lost]
