import asyncio

import numpy as np
import pytest

from dsp.types import Detection
from mediasock.media.errors import StreamLost
from mediasock.media.listeners import DetectionListener, FrameListener
from mediasock.media.notices import Heard


def heard(k, n=160, gap=False):
    return Heard(np.full(n, k, np.int16), k * n, gap)


async def _all(listener):
    return [item async for item in listener]


def test_frames_come_in_order_and_the_end_after_them():
    async def run():
        listener = FrameListener(8000, 8000, 10)
        for k in range(3):
            listener.put(heard(k, gap=k == 1), 0)
        listener.end(None)
        return await _all(listener)

    frames = asyncio.run(run())
    assert [(f.samples[0], f.position, f.gap, f.dropped) for f in frames] == [
        (0, 0, False, 0),
        (1, 160, True, 0),
        (2, 320, False, 0),
    ]


def test_a_slow_reader_loses_the_oldest_and_is_told(caplog):
    async def run():
        listener = FrameListener(8000, 8000, 3, "c-1")
        for k in range(10):
            listener.put(heard(k), 2 if k == 9 else 0)
        listener.end(None)
        return listener, await _all(listener)

    listener, frames = asyncio.run(run())
    assert [(int(f.samples[0]), f.dropped) for f in frames] == [(7, 7), (8, 0), (9, 2)]
    assert listener.dropped == 7
    (record,) = caplog.records
    assert (record.getMessage(), record.call) == ("a reader of frames is too slow", "c-1")


@pytest.mark.parametrize(("wire", "rate"), [(8000, 16000), (16000, 8000)])
def test_frames_come_at_the_rate_that_is_asked_for(wire, rate):
    async def run():
        listener = FrameListener(wire, rate, 10)
        n = wire // 50
        for k in range(3):
            listener.put(Heard(np.zeros(n, np.int16), k * 160, False), 0)
        listener.end(None)
        return await _all(listener)

    frames = asyncio.run(run())
    assert [(len(f.samples), f.position) for f in frames] == [
        (rate // 50, k * rate // 50) for k in range(3)
    ]


def test_a_frame_of_an_odd_length_is_taken():
    async def run():
        listener = FrameListener(16000, 8000, 10)
        listener.put(Heard(np.zeros(321, np.int16), 0, False), 0)
        return await anext(listener)

    assert len(asyncio.run(run()).samples) == 160


def test_another_rate_is_refused():
    with pytest.raises(ValueError, match="44100"):
        FrameListener(8000, 44100, 10)


def test_detections_are_chosen_by_kind_or_value():
    found = [Detection(0, kind, value, 0, None, 0.0)
             for kind, value in [("dtmf", "5"), ("tone", "busy"), ("fax", "cng")]]  # fmt: skip

    async def run(*wanted):
        listener = DetectionListener(wanted, 10)
        for detection in found:
            listener.put(detection)
        listener.end(None)
        return [detection.value for detection in await _all(listener)]

    assert asyncio.run(run()) == ["5", "busy", "cng"]
    assert asyncio.run(run("busy", "fax")) == ["busy", "cng"]


def test_a_slow_reader_of_detections_is_logged(caplog):
    async def run():
        listener = DetectionListener((), 2, "c-1")
        for value in "12345":
            listener.put(Detection(0, "dtmf", value, 0, None, 0.0))
        listener.end(None)
        return listener.dropped, [detection.value for detection in await _all(listener)]

    assert asyncio.run(run()) == (3, ["4", "5"])
    assert [record.getMessage() for record in caplog.records] == [
        "a reader of detections is too slow"
    ]


def test_an_error_comes_after_what_waits_and_again_when_asked_again():
    async def run():
        listener = DetectionListener((), 10)
        listener.put(Detection(0, "dtmf", "5", 0, None, 0.0))
        listener.end(StreamLost("gone"))
        assert (await anext(listener)).value == "5"
        for _ in range(2):
            with pytest.raises(StreamLost, match="gone"):
                await anext(listener)

    asyncio.run(run())


def test_a_waiter_is_woken():
    async def run():
        listener = FrameListener(8000, 8000, 10)
        waiter = asyncio.ensure_future(anext(listener))
        await asyncio.sleep(0)
        listener.put(heard(1), 0)
        assert (await waiter).position == 160

    asyncio.run(run())
