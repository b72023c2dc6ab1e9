import asyncio
from collections import deque

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mediasock.media.errors import MarkMissed, StreamClosed
from mediasock.media.player import Player
from mediasock.media.sources import PlayError
from tests.support.event_socket import asynchronous

RATE = 8000


class Ring:
    """The media thread's side of a player: a ring that is filled and sent from, and flushed."""

    def __init__(self):
        self.player = Player(RATE, wake=lambda: None, uuid="the call")
        self.waiting = deque()
        self.line = []

    async def step(self, read, send):
        """Do what the hub does when it serves a voice: tell, flush, fill; then send."""
        if self.player.take_flush():
            self.waiting.clear()
        self.waiting.extend(self.player.read(read).tolist())
        sent = [self.waiting.popleft() for _ in range(min(send, len(self.waiting)))]
        self.line.extend(sent)
        self.player.sent(len(sent))
        await asyncio.sleep(0)

    async def run_until(self, playback, read=160, send=160):
        """Serve until a playback is over."""
        async with asyncio.timeout(30):
            while not playback.over:
                await self.step(read, send)

    async def ready(self, *playbacks):
        """Wait until the first samples of these have been decoded."""
        async with asyncio.timeout(30):
            while not all(one.feed.reservoir.ready for one in playbacks):
                await asyncio.sleep(0)


def ramp(n, first=1):
    return np.arange(first, first + n, dtype=np.int16)


@given(
    lengths=st.lists(st.integers(0, 900), min_size=1, max_size=4),
    steps=st.lists(st.tuples(st.integers(0, 400), st.integers(0, 400)), min_size=1, max_size=20),
)
@asynchronous
async def test_however_it_is_read_and_sent_all_is_played_in_order(lengths, steps):
    ring = Ring()
    sources = [ramp(n, 1000 * i) for i, n in enumerate(lengths)]
    playing = [ring.player.enqueue(one) for one in sources]
    for read, send in steps:
        await ring.step(read, send)
    await ring.run_until(playing[-1])
    assert ring.line == np.concatenate(sources).tolist()
    assert [await one for one in playing] == ["done"] * len(playing)
    assert [one.sent for one in playing] == lengths


@given(n=st.integers(1, 300), loops=st.integers(1, 4))
@asynchronous
async def test_loops_follow_each_other_without_a_seam(n, loops):
    ring = Ring()
    await ring.run_until(ring.player.enqueue(ramp(n), loops=loops))
    assert ring.line == ramp(n).tolist() * loops


@given(gain=st.floats(-30, 30))
@asynchronous
async def test_gain_is_clipped_at_full_scale(gain):
    ring = Ring()
    samples = np.array([0, 100, -100, 20000, -20000, 32767, -32768], dtype=np.int16)
    await ring.run_until(ring.player.enqueue(samples, gain_db=gain))
    wanted = np.clip(np.rint(samples * 10 ** (gain / 20)), -32768, 32767)
    assert np.max(np.abs(wanted - ring.line)) <= 1


@given(before=st.integers(0, 300), in_ring=st.integers(0, 300))
@asynchronous
async def test_break_stops_at_once_and_what_comes_next_is_whole(before, in_ring):
    ring = Ring()
    first = ring.player.enqueue(ramp(1000))
    queued = ring.player.enqueue(ramp(1000, 5000))
    await ring.ready(first, queued)
    await ring.step(before + in_ring, before)
    sent = list(ring.line)
    ring.player.break_()
    after = ring.player.enqueue(ramp(200, 9000))
    await ring.ready(after)
    await ring.run_until(after)
    assert ring.line == sent + ramp(200, 9000).tolist()
    assert (await first, await queued, await after) == ("broken", "broken", "done")


@given(which=st.integers(0, 2), read=st.integers(0, 600), send=st.integers(0, 90))
@asynchronous
async def test_breaking_one_of_several_loses_nothing_of_the_others(which, read, send):
    ring = Ring()
    sources = [ramp(100, 1000 * i) for i in range(3)]
    playing = [ring.player.enqueue(one) for one in sources]
    await ring.ready(*playing)
    await ring.step(read, send)
    gone = playing[which].sent
    playing[which].break_()
    others = [one for i, one in enumerate(playing) if i != which]
    await ring.run_until(others[-1])
    whole = [s[:gone] if i == which else s for i, s in enumerate(sources)]
    assert ring.line == np.concatenate(whole).tolist()
    assert [await one for one in others] == ["done", "done"]
    assert await playing[which] == "broken"


@given(position=st.integers(0, 700), send=st.integers(1, 200))
@asynchronous
async def test_a_mark_is_reached_when_its_sample_has_been_sent(position, send):
    ring = Ring()
    playing = ring.player.enqueue(ramp(500))
    mark = playing.mark(position)
    async with asyncio.timeout(30):
        while not playing.over:
            assert mark.done() == (playing.sent >= position)
            await ring.step(200, send)
    if position > 500:
        with pytest.raises(MarkMissed, match=f"before {position}"):
            await mark
    else:
        assert await mark == position


@asynchronous
async def test_samples_read_and_not_sent_are_not_played():
    ring = Ring()
    playing = ring.player.enqueue(ramp(100))
    await ring.ready(playing)
    await ring.step(200, 99)
    await ring.step(200, 0)
    assert (playing.sent, playing.over) == (99, False)
    await ring.run_until(playing)


@asynchronous
async def test_what_cannot_be_played_says_so_and_the_next_is_played(tmp_path, caplog):
    ring = Ring()
    gone = ring.player.enqueue(tmp_path / "gone.wav")
    wrong = ring.player.enqueue("tone_stream://%(100,")
    good = ring.player.enqueue(ramp(50))
    await ring.run_until(good)
    with pytest.raises(PlayError, match=r"gone\.wav"):
        await gone
    with pytest.raises(PlayError, match="tone_stream"):
        await wrong
    assert ring.line == ramp(50).tolist()
    assert [(one.levelname, one.call) for one in caplog.records] == [("WARNING", "the call")] * 2
    assert "gone.wav: No such file or directory" in caplog.text


@asynchronous
async def test_closing_ends_every_wait():
    ring = Ring()
    endless = ring.player.enqueue("tone_stream://%(9,9,440);loops=-1")
    waiting = [asyncio.ensure_future(_wait(one)) for one in (endless, ring.player.enqueue(ramp(9)))]
    await asyncio.sleep(0)
    ring.player.close()
    results = await asyncio.gather(*waiting, return_exceptions=True)
    assert [type(one) for one in results] == [StreamClosed, StreamClosed]
    with pytest.raises(StreamClosed):
        ring.player.enqueue(ramp(5))


async def _wait(playback):
    return await playback


@asynchronous
async def test_nothing_queued_or_nothing_decoded_yet_is_idle_and_not_late():
    ring = Ring()
    assert ring.player.idle
    never = asyncio.Event()

    async def silent():
        await never.wait()
        yield ramp(1)

    ring.player.enqueue(silent())
    await ring.step(160, 160)
    assert ring.player.idle
    ring.player.close()


@asynchronous
async def test_closing_says_why_to_those_who_wait():
    ring = Ring()
    waiting = asyncio.ensure_future(_wait(ring.player.enqueue(ramp(9))))
    await asyncio.sleep(0)
    ring.player.close(ValueError("the reason"))
    with pytest.raises(ValueError, match="the reason"):
        await waiting
