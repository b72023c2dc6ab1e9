import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mediasock.switch.codec import Codec
from mediasock.switch.line import BACKLOG, Impairment, Line


class Counter:
    """A phone that says which frame it is, and keeps what it hears."""

    rate = 8000
    hangup_due = False

    def __init__(self) -> None:
        self.said = 0
        self.heard: list[int] = []

    def speak(self, n: int) -> np.ndarray:
        self.said += 1
        return np.full(n, self.said, np.int16)

    def hear(self, samples: np.ndarray) -> None:
        self.heard.append(int(samples[0]))

    def out_of_band(self, n_samples_elapsed: int) -> list[str]:
        return []


def line(impairment: Impairment | None = None) -> tuple[Counter, Line]:
    phone = Counter()
    return phone, Line(phone, lambda: Codec("L16"), 160, impairment=impairment)


def test_a_good_line_carries_every_frame_both_ways() -> None:
    phone, wire = line()
    assert [int(wire.read().samples[0]) for _ in range(5)] == [1, 2, 3, 4, 5]
    for value in (7, 8):
        wire.write(np.full(160, value, np.int16))
        wire.deliver(wire.next_out())
    assert phone.heard == [7, 8]
    assert (wire.counts.received, wire.counts.sent, wire.counts.lost) == (5, 2, 0)


def test_a_lost_packet_is_comfort_noise() -> None:
    _, wire = line(Impairment(loss=1.0))
    frame = wire.read()
    assert frame.comfort
    assert frame.payload == b"\xff" * 320
    assert set(frame.samples) == {-1}


def test_loss_comes_in_its_share_and_the_same_for_a_seed() -> None:
    runs = []
    for _ in range(2):
        _, wire = line(Impairment(loss=0.2, seed=3))
        runs.append([wire.read().comfort for _ in range(1000)])
    assert runs[0] == runs[1]
    assert 0.15 < np.mean(runs[0]) < 0.25


def test_a_lost_packet_on_the_way_out_is_silence() -> None:
    phone, wire = line(Impairment(loss=1.0))
    wire.deliver(np.full(160, 5, np.int16))
    wire.deliver(None)
    assert phone.heard == [0, 0]
    assert wire.counts.sent == 1


@given(st.floats(0, 200), st.integers(0, 10))
def test_jitter_delays_and_flushes_but_doubles_nothing(jitter: float, seed: int) -> None:
    _, wire = line(Impairment(jitter_ms=jitter, seed=seed))
    read = [wire.read() for _ in range(200)]
    numbers = [int(frame.samples[0]) for frame in read if not frame.comfort]
    assert len(numbers) == len(set(numbers))
    assert len(numbers) + wire.counts.missed == 200
    waiting = 200 - len(numbers) - wire.counts.flushed
    assert 0 <= waiting <= BACKLOG + jitter / 20 + 1
    if jitter == 0:
        assert numbers == list(range(1, 201))


@given(st.lists(st.integers(0, 700), max_size=6))
def test_what_is_written_leaves_in_whole_frames(sizes: list[int]) -> None:
    _, wire = line()
    for size in sizes:
        wire.write(np.ones(size, np.int16))
    frames = []
    while (frame := wire.next_out()) is not None:
        frames.append(frame)
    assert all(len(frame) == 160 for frame in frames)
    assert sum(int(frame.sum()) for frame in frames) == sum(sizes) or len(frames) == 2 * BACKLOG


def test_keys_that_are_none_are_not_sent() -> None:
    _, wire = line()
    wire.send_keys("1x#aW")
    assert wire.keys_sent == "1#A"


@pytest.mark.parametrize(("codec", "octets"), [("PCMU", 160), ("PCMA", 160), ("G722", 160)])
def test_a_frame_has_the_size_of_its_codec(codec: str, octets: int) -> None:
    n = 320 if codec == "G722" else 160
    wire = Line(Counter(), lambda: Codec(codec), n)
    frame = wire.read()
    assert (len(frame.payload), len(frame.samples)) == (octets, n)
