import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from mediasock.media.rings import BLOCK, RING, HeardRing, SendRing

_SIZES = st.sampled_from([80, 160, 240, 320, 37, 1])


@settings(max_examples=100, deadline=None)
@given(st.data())
def test_a_ring_gives_back_what_was_put_in(data):
    ring = SendRing(3)
    model = {row: [] for row in range(3)}
    counter = 0
    for _ in range(data.draw(st.integers(1, 40))):
        rows = np.array(sorted(data.draw(st.sets(st.integers(0, 2), min_size=1))))
        n = data.draw(_SIZES)
        if data.draw(st.booleans()) and (ring.room(rows) >= n).all():
            block = (counter + np.arange(len(rows) * n)).astype(np.int16).reshape(len(rows), n)
            counter += block.size
            ring.write(rows, block)
            for row, line in zip(rows, block, strict=True):
                model[row] += line.tolist()
        else:
            taken = ring.take(rows, n)
            for row, line in zip(rows, taken, strict=True):
                expected, model[row] = model[row][:n], model[row][n:]
                assert line.tolist() == expected + [0] * (n - len(expected))
        assert ring.count.tolist() == [len(model[row]) for row in range(3)]


@settings(max_examples=100, deadline=None)
@given(st.data())
def test_the_heard_timeline_counts_every_sample(data):
    ring = HeardRing(2)
    fed, heard = [0, 0], [0, 0]
    for _ in range(data.draw(st.integers(1, 60))):
        row = data.draw(st.integers(0, 1))
        rows = np.array([row])
        match data.draw(st.sampled_from(["sound", "silence", "read"])):
            case "sound":
                n = data.draw(_SIZES)
                ring.append(rows, np.ones((1, n), np.int16))
                fed[row] += n
            case "silence":
                n = data.draw(st.integers(1, 3000))
                ring.silence(rows, np.array([n]))
                fed[row] += n
            case "read":
                ring.settle()
                ready = ring.ready()
                ring.read(ready, BLOCK)
                for one in ready:
                    heard[one] += BLOCK
        assert ring.total.tolist() == fed
        assert (ring.count <= RING).all()
        assert (ring.count + ring.owed).tolist() == [fed[0] - heard[0], fed[1] - heard[1]]


def test_silence_keeps_its_place_before_sound_that_comes_after_it():
    ring = HeardRing(1)
    rows = np.array([0])
    ring.append(rows, np.full((1, 160), 1, np.int16))
    ring.silence(rows, np.array([RING]))
    assert ring.append(rows, np.full((1, 160), 2, np.int16)).tolist() == [0]
    out = []
    while len(ring.ready()):
        out += ring.read(rows, BLOCK)[0].tolist()
        ring.settle()
    assert out == [1] * 160 + [0] * (RING + 160)


def test_clear_forgets():
    ring = SendRing(2)
    ring.put(1, np.ones(500, np.int16))
    ring.take(np.array([1]), 160)
    assert ring.sent.tolist() == [0, 160]
    ring.flush(1)
    assert (ring.count[1], ring.sent[1]) == (0, 160)
    ring.clear(np.array([1]))
    assert ring.sent[1] == 0
