"""The engine in virtual time: every rule of a call's sound."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dsp.resample import Downsampler
from dsp.types import Detection
from mediasock.media.frames import decode, encode
from mediasock.media.notices import Ended, Heard, Lost, Resumed, Slow, Started, Stopped
from mediasock.media.wire import Wire
from tests.support.media import Lines, frame, noise

SILENCE = bytes(320)

WIRES = [
    Wire("L16", 8000, 20),
    Wire("PCMU", 8000, 10),
    Wire("PCMA", 8000, 30),
    Wire("L16", 16000, 20),
]


def test_each_frame_is_answered_by_one_of_its_kind():
    lines = Lines()
    for row, wire in enumerate(WIRES):
        lines.open(row, wire)
    sent = lines.step(*[(row, noise(wire.frame_bytes // 2, row).tobytes())
                        for row, wire in enumerate(WIRES)])  # fmt: skip
    assert sorted(sent) == [(row, wire.silence) for row, wire in enumerate(WIRES)]


def test_the_first_frame_is_told_once():
    lines = Lines()
    lines.open()
    assert lines.step() == []
    lines.step((0, frame(1)), after=5)
    lines.step((0, frame(2)), after=20)
    assert lines.notices(kind=Started) == [Started()]


def test_nothing_is_sent_before_the_first_frame():
    lines = Lines()
    lines.open()
    assert lines.idle(3000) == []
    assert lines.notices() == []


def test_loop_back_sends_what_was_heard():
    lines = Lines()
    lines.open(0, loop_back=True)
    lines.open(1)
    sent = lines.step((0, frame(1)), (1, frame(2)))
    assert sent == [(0, frame(1)), (1, SILENCE)]


def test_silence_stands_for_comfort_noise_in_every_encoding():
    lines = Lines()
    for row, wire in enumerate(WIRES):
        lines.open(row, wire, loop_back=True, listening=True)
    sent = lines.step(*[(row, b"\xff" * wire.frame_bytes) for row, wire in enumerate(WIRES)])
    assert sorted(sent) == [(row, wire.silence) for row, wire in enumerate(WIRES)]
    for row, wire in enumerate(WIRES):
        assert lines.stats(row).comfort_noise == 1
        (heard,) = lines.notices(row, Heard)
        assert abs(heard.samples).max() <= 8
        assert len(heard.samples) == wire.frame_samples


@pytest.mark.parametrize("row", [1, 2])
def test_comfort_noise_as_long_as_l16_is_one_frame_of_a_native_stream(row):
    lines = Lines()
    wire = WIRES[row]
    lines.open(row, wire)
    other = lines.open(3 - row, WIRES[3 - row], loop_back=True)
    content = b"\x31" * other.wire.frame_bytes
    sent = lines.step((row, b"\xff" * 2 * wire.frame_bytes), (3 - row, content))
    assert sorted(sent) == sorted([(row, wire.silence), (3 - row, content)])
    assert lines.total(row) == wire.frame_samples
    assert (lines.stats(row).comfort_noise, lines.stats(row).irregular) == (1, 0)


@st.composite
def _traffic(draw):
    """Frames of each call, and an order in which they come, cut into batches."""
    counts = [draw(st.integers(0, 8)) for _ in WIRES]
    order = draw(st.permutations([row for row, n in enumerate(counts) for _ in range(n)]))
    cuts = draw(st.lists(st.booleans(), min_size=len(order), max_size=len(order)))
    return order, cuts


@settings(max_examples=60, deadline=None)
@given(_traffic(), st.integers(0, 2**32 - 1))
def test_any_interleaving_gives_each_call_exactly_its_samples(traffic, seed):
    order, cuts = traffic
    lines = Lines()
    rng = np.random.default_rng(seed)
    given_bytes = [b""] * len(WIRES)
    answers = [b""] * len(WIRES)
    for row, wire in enumerate(WIRES):
        lines.open(row, wire, loop_back=True)
    waiting = []

    def bring(after):
        for row, content in lines.step(*waiting, after=after):
            answers[row] += content
        waiting.clear()

    for row, cut in zip(order, cuts, strict=True):
        content = rng.integers(0, 255, WIRES[row].frame_bytes, dtype=np.uint8).tobytes()
        given_bytes[row] += content
        waiting.append((row, content))
        if cut:
            bring(after=5)
    bring(after=5)
    assert answers == given_bytes
    for _ in range(5):
        lines.step(after=20)
    for row, wire in enumerate(WIRES):
        expected = decode(np.frombuffer(given_bytes[row], np.uint8)[None, :], wire.code)
        if wire.rate == 16000 and expected.size:
            expected = Downsampler(1).process(expected)
        heard = lines.ears.of(row)
        assert len(heard) == expected.shape[1] // 160 * 160
        assert heard.tolist() == expected[0, : len(heard)].tolist()


def test_detections_are_positions_of_the_calls_own_sound():
    lines = Lines()
    lines.open(2)
    mark = np.zeros(160, np.int16)
    mark[7] = 12345
    for k in range(5):
        lines.step((2, mark.tobytes() if k == 3 else frame(k)), after=20)
    assert lines.notices(2, Detection) == [Detection(2, "mark", "x", 3 * 160 + 7, None, 0.0)]


def test_a_backlog_is_heard_a_few_blocks_a_tick():
    lines = Lines()
    lines.open()
    lines.step(*[(0, frame(k)) for k in range(10)], after=20)
    assert len(lines.ears.of(0)) == 4 * 160
    lines.step(after=20)
    lines.step(after=20)
    assert len(lines.ears.of(0)) == 10 * 160


def test_sound_without_room_becomes_silence_and_the_timeline_stays_true():
    lines = Lines()
    lines.open()
    frames = [frame(k) for k in range(40)]
    lines.step(*[(0, one) for one in frames], after=0)  # 0.8 s at once, into a ring of 0.6 s
    for _ in range(12):
        lines.step(after=20)
    heard = lines.ears.of(0)
    assert len(heard) == lines.total() == 40 * 160
    assert lines.stats().overrun > 0
    assert heard[:4800].tobytes() == b"".join(frames[:30])
    assert not heard[4800:].any()


def test_a_detector_that_raises_is_taken_out_and_the_others_go_on(caplog):
    class Broken:
        def reset(self, rows=None):
            pass

        def process(self, block, rows=None):
            raise ZeroDivisionError("oh")

    lines = Lines()
    lines.engine._detectors.insert(0, Broken())
    lines.open()
    for k in range(3):
        lines.step((0, frame(k)), after=20)
    assert len(lines.ears.of(0)) == 3 * 160
    assert [record.message for record in caplog.records] == ["Broken failed and is taken out"]


# -- frames that are not as they should be ----------------------------------------------------


def test_a_doubled_datagram_is_dropped():
    lines = Lines()
    lines.open(loop_back=True)
    lines.step((0, frame(1)))
    assert lines.step((0, frame(2)), (0, frame(2)), after=20) == [(0, frame(2))]
    assert lines.stats().doubled == 1
    assert lines.total() == 320


def test_comfort_noise_at_the_begin_of_a_stream_is_not_doubled():
    lines = Lines()
    lines.open()
    comfort = b"\xff" * 320
    lines.step((0, comfort), (0, comfort))
    for _ in range(20):
        lines.step((0, comfort), after=20)
    assert lines.stats().doubled == 0
    lines.step((0, comfort), (0, comfort), after=20)
    assert lines.stats().doubled == 1


def test_silence_in_its_time_is_not_doubled():
    lines = Lines()
    lines.open()
    for _ in range(100):
        lines.step((0, SILENCE), after=20)
    assert lines.stats().doubled == 0
    assert lines.total() == 16000


@pytest.mark.parametrize("pause", [100, 200, 240])
def test_silence_that_catches_up_is_not_doubled(pause):
    lines = Lines()
    lines.open()
    for _ in range(50):
        lines.step((0, SILENCE), after=20)
    burst = pause // 20
    lines.step(*[(0, SILENCE)] * burst, after=pause)
    for _ in range(50):
        lines.step((0, SILENCE), after=20)
    assert lines.stats().doubled == 0
    assert lines.total() == (100 + burst) * 160


@given(st.lists(st.floats(-3, 3), min_size=30, max_size=30))
@settings(deadline=None, max_examples=30)
def test_jitter_neither_doubles_nor_loses(jitter):
    lines = Lines()
    lines.open()
    start = lines.now
    for k, off in enumerate(jitter):
        lines.now = start + int((k * 20 + 5 + off) * 1e6)
        lines.step((0, SILENCE))
    stats = lines.stats()
    assert (stats.received, stats.doubled, stats.late, stats.lost) == (30, 0, 0, 0)


@pytest.mark.parametrize(
    ("content", "count"),
    [
        (b"", "malformed"),
        (b"x" * 321, "malformed"),
        (b"x" * 1922, "oversized"),
        (b"x" * 3000, "oversized"),
    ],
)
def test_what_is_no_frame_is_counted_and_takes_a_frame_of_silence(content, count):
    lines = Lines()
    lines.open(loop_back=True)
    lines.step((0, frame(1)), after=20)
    assert lines.step((0, content), after=20) == [(0, SILENCE)]
    lines.step((0, frame(2)), after=20)
    assert getattr(lines.stats(), count) == 1
    assert lines.stats().received == 2
    assert lines.ears.of(0).tobytes() == frame(1) + SILENCE + frame(2)


def test_a_changed_ptime_is_taken_as_it_comes():
    lines = Lines()
    lines.open(loop_back=True)
    sizes = [160, 80, 240, 1, 37, 42, 480, 160]
    contents = [frame(k, n) for k, n in enumerate(sizes)]
    sent = []
    for content in contents:
        sent += lines.step((0, content), after=20)
    assert sent == [(0, content) for content in contents]
    assert lines.stats().irregular == 6
    lines.step(after=20)
    heard = lines.ears.of(0).tobytes()
    assert heard == b"".join(contents)[: len(heard)]
    assert lines.total() == sum(sizes)


# -- frames that do not come ------------------------------------------------------------------


def _run(lines, frames, every=20.0):
    for k in range(frames):
        lines.step((0, frame(k)), after=every)


def test_a_slow_switch_loses_nothing():
    lines = Lines()
    lines.open()
    _run(lines, 200, every=60)  # a switch with 16 frames a second
    stats = lines.stats()
    assert (stats.received, stats.lost, stats.gaps) == (200, 0, 0)
    assert stats.late == 199
    assert lines.total() == 200 * 160
    assert stats.slow == 2  # windows of 5 s in these 12 s
    assert lines.notices(kind=Slow) == [Slow(), Slow()]


def test_a_switch_that_keeps_its_pace_is_not_slow():
    lines = Lines()
    lines.open()
    _run(lines, 800)
    assert lines.stats().slow == 0


def test_a_pause_is_a_loss_when_the_kernel_has_dropped_datagrams():
    lines = Lines()
    lines.open(listening=True)
    lines.step((0, frame(1)))
    lines.step((0, frame(2)), after=20)
    lines.step((0, frame(3)), after=80, drops=7)
    assert lines.stats().lost == 3
    assert lines.stats().late == 0
    assert lines.total() == 6 * 160
    heard = lines.notices(kind=Heard)
    assert [(one.position, len(one.samples), one.gap) for one in heard] == [
        (0, 160, False),
        (160, 160, False),
        (320, 480, True),
        (800, 160, False),
    ]
    lines.step((0, frame(4)), after=80, drops=7)  # no more drops: this pause is a slow switch
    assert (lines.stats().lost, lines.stats().late) == (3, 1)


def test_a_pause_is_a_loss_from_another_host_where_the_cadence_is_regular():
    lines = Lines(same_host=False)
    lines.open()
    _run(lines, 20)
    lines.step((0, frame(99)), after=40)
    assert (lines.stats().lost, lines.stats().late) == (1, 0)
    lines.step((0, frame(98)), after=50)  # off the beat: late
    assert (lines.stats().lost, lines.stats().late) == (1, 1)


def test_a_stop_is_filled_with_silence_in_time_and_answered():
    lines = Lines()
    lines.open(listening=True)
    _run(lines, 10)
    sent = lines.idle(500)
    assert lines.notices(kind=Stopped) == [Stopped()]
    # after 250 ms the timer sends a frame each 20 ms, and does not make up for those 250
    assert set(sent) == {(0, SILENCE)}
    assert 12 <= len(sent) <= 14
    assert lines.total() == (10 + 25) * 160
    lines.step((0, frame(77)), after=10)
    assert lines.notices(kind=Resumed) == [Resumed()]
    assert lines.total() == (10 + 25 + 1) * 160
    assert lines.stats().gaps == 1
    assert lines.stats().gap_frames == 25
    flagged = [one for one in lines.notices(kind=Heard) if one.gap]
    assert sum(len(one.samples) for one in flagged) == 25 * 160
    assert not lines.notices(kind=Heard)[-1].gap


def test_overdue_timer_sends_are_skipped_and_the_timeline_is_true():
    lines = Lines()
    lines.open()
    _run(lines, 10)
    lines.idle(300)
    sent = lines.step(after=200)
    assert sent == [(0, SILENCE)]
    assert lines.total() == (10 + 25) * 160


def test_a_stream_without_frames_for_two_seconds_is_lost_and_stands_still():
    lines = Lines()
    lines.open()
    _run(lines, 10)
    lines.idle(1995)
    assert lines.notices(kind=Lost) == []
    lines.idle(5)
    assert lines.notices(kind=Lost) == [Lost()]
    assert lines.total() == 110 * 160
    assert lines.idle(1000) == []
    assert lines.total() == 110 * 160
    assert lines.step((0, frame(5)), after=5) == [(0, SILENCE)]
    assert lines.notices(kind=Resumed) == [Resumed()]
    assert lines.total() == 111 * 160


def test_a_held_stream_neither_stops_nor_sends():
    lines = Lines()
    party = lines.open()
    _run(lines, 10)
    lines.engine.hold(party)
    assert lines.idle(5000) == []
    assert lines.step((0, frame(3)), after=20) == []
    assert lines.total() == 11 * 160
    assert lines.stats().gaps == 0
    lines.engine.resume(party, lines.now)
    assert lines.step((0, frame(4)), after=20) == [(0, SILENCE)]
    assert lines.stats().lost == 0
    lines.idle(300)
    assert lines.stats().gaps == 1


def test_a_pause_is_none_while_more_datagrams_wait():
    lines = Lines()
    lines.open()
    _run(lines, 10)
    lines.step(after=1000, drained=False)
    assert lines.stats().gaps == 0


@settings(deadline=None, max_examples=60)
@given(st.lists(st.binary(max_size=2048), max_size=20), st.sampled_from(WIRES))
def test_whatever_comes_is_survived_and_nothing_empty_is_sent(contents, wire):
    lines = Lines()
    lines.open(1, wire, loop_back=True)
    for content in contents:
        for _, sent in lines.step((1, content), (1, content), after=15):
            assert sent
    lines.idle(300)


# -- calls that come and go -------------------------------------------------------------------


def test_a_row_begins_anew():
    lines = Lines()
    first = lines.open(loop_back=True)
    _run(lines, 5)
    lines.engine.close(first)
    (ended,) = lines.notices(kind=Ended)
    assert (ended.stats.received, ended.position) == (5, 800)
    assert lines.ears.finished == [0]
    assert Detection(0, "mark", "end", 0, 1, 0.0) in lines.notices(kind=Detection)
    assert lines.idle(3000) == []
    lines.open()
    assert lines.stats().received == lines.total() == 0
    assert lines.step((0, frame(9)), after=20) == [(0, SILENCE)]
    assert lines.engine.counters.totals().received == 6


def test_what_is_asked_of_a_closed_stream_does_not_touch_the_next_one():
    lines = Lines()
    first = lines.open()
    lines.engine.close(first)
    lines.open()
    lines.engine.loop_back(first, True)
    lines.engine.hold(first)
    lines.engine.close(first)
    assert lines.step((0, frame(1))) == [(0, SILENCE)]


# -- who listens, who speaks ------------------------------------------------------------------


class _Voice:
    def __init__(self, samples):
        self.samples = samples
        self.gone = 0
        self.flush = False
        self.idle = False

    def read(self, n):
        part, self.samples = self.samples[:n], self.samples[n:]
        self.idle = not len(self.samples)
        return part

    def sent(self, n):
        self.gone += n

    def take_flush(self):
        flush, self.flush = self.flush, False
        return flush


@pytest.mark.parametrize("row", [0, 1, 2, 3])
def test_what_a_voice_says_goes_out_whole_and_is_told(row):
    lines = Lines()
    party = lines.open(row, WIRES[row])
    wire = WIRES[row]
    said = noise(wire.rate // 2 + 11)
    party.voice = _Voice(said)
    lines.engine.speak(party)
    out = b""
    for k in range(60):
        content = noise(wire.frame_bytes, k).tobytes()[: wire.frame_bytes]
        for _, answer in lines.step((row, content), after=wire.ptime_ms):
            out += answer
    expected = encode(said[None, :], wire.code).tobytes()
    rest = out[len(expected) :]
    assert out.startswith(expected)
    assert rest == wire.silence[:1] * len(rest)
    assert party.voice.gone == len(said)
    assert lines.stats(row).underruns == 0


def test_what_plays_waits_while_the_stream_is_held():
    lines = Lines()
    party = lines.open(listening=True, loop_back=True)
    party.voice = _Voice(noise(480))
    lines.engine.speak(party)
    out = [lines.step((0, frame(k)), after=20) for k in (1, 2)]
    lines.engine.hold(party)
    assert [lines.step((0, frame(k)), after=20) for k in (3, 4)] == [[], []]
    lines.engine.resume(party, lines.now)
    out += [lines.step((0, frame(k)), after=20) for k in (5, 6)]
    sent = b"".join(content for step in out for _, content in step)
    assert sent == noise(480).tobytes() + frame(6)
    assert lines.total() == 6 * 160


def test_a_flush_silences_what_waits_at_once():
    lines = Lines()
    party = lines.open()
    party.voice = _Voice(noise(8000))
    lines.engine.speak(party)
    assert lines.step((0, frame(1)), after=20) != [(0, SILENCE)]
    party.voice.samples, party.voice.flush = noise(0), True
    lines.engine.speak(party)
    assert lines.step((0, frame(2)), after=20) == [(0, SILENCE)]
    assert party.voice.gone == 160


def test_a_voice_that_is_not_ready_is_an_underrun_and_silence():
    lines = Lines()
    party = lines.open()
    voice = party.voice = _Voice(noise(80))
    voice.read = lambda n, read=voice.read: (read(n), setattr(voice, "idle", False))[0]
    lines.engine.speak(party)
    ((_, content),) = lines.step((0, frame(1)), after=20)
    assert content == noise(80).tobytes() + bytes(160)
    assert lines.stats().underruns == 1


def test_a_tap_gets_both_sides_in_step():
    class Tap:
        def __init__(self):
            self.heard, self.sent = b"", b""

        def write(self, heard, sent):
            self.heard += heard.tobytes()
            self.sent += sent.tobytes()

    lines = Lines()
    party = lines.open(1, Wire("PCMU", 8000, 20), loop_back=True)
    party.tap = Tap()
    lines.engine.watch(party)
    lines.step((1, b"\x10" * 160), after=20)
    lines.step((1, b"\x20" * 160), after=60, drops=3)
    one, two = (decode(np.full((1, 160), b, np.uint8), 1).tobytes() for b in (0x10, 0x20))
    assert party.tap.heard == one + bytes(640) + two
    assert party.tap.sent == one + bytes(640) + two
