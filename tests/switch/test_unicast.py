import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dsp import g711
from mediasock.switch.codec import Codec
from mediasock.switch.errors import SwitchAborted
from mediasock.switch.unicast import State
from tests.support.desk import Desk


def streaming(**setup: object) -> Desk:
    desk = Desk(**setup)  # type: ignore[arg-type]
    desk.execute("answer")
    desk.unicast(local_ip="127.64.0.5", local_port="8025", remote_port="40000")
    desk.tick()
    return desk


def test_the_application_names_both_ends() -> None:
    desk = streaming()
    assert desk.binds == [("127.64.0.5", 8025)]
    assert desk.session.unicast.remote == ("127.0.0.1", 40000)


@pytest.mark.parametrize("port", ["", "70000", "0000070000", "1" * 5000, "-1", "abc", "٣"])
def test_a_port_that_is_none_is_the_default(port: str) -> None:
    desk = Desk()
    desk.execute("answer")
    desk.unicast(local_port=port, remote_port=port)
    desk.tick()
    assert desk.binds == [("127.0.0.1", 8025)]
    assert desk.session.unicast.remote == ("127.0.0.1", 8026)


@pytest.mark.parametrize("order", ["alone", "before the answer"])
def test_unicast_before_media_aborts_the_switch(order: str) -> None:
    desk = Desk()
    desk.unicast()
    if order != "alone":
        desk.execute("answer")
    with pytest.raises(SwitchAborted, match="neither answered nor pre-answered"):
        desk.tick()


def test_without_async_there_is_neither_media_nor_abort() -> None:
    desk = Desk("127.0.0.1:8084 full")
    desk.unicast()
    desk.tick(2)
    desk.execute("answer")
    desk.tick(2)
    desk.unicast()
    desk.tick(10)
    assert (desk.binds, desk.sent) == ([], [])


@pytest.mark.parametrize(
    ("codec", "ptime", "linear", "native"),
    [
        ("PCMU", 20, 320, 160),
        ("PCMU", 10, 160, 80),
        ("PCMA", 30, 480, 240),
        ("G722", 20, 640, 160),
        ("L16", 20, 320, 320),
    ],
)
def test_the_size_of_a_frame(codec: str, ptime: int, linear: int, native: int) -> None:
    for flags, size in (("", linear), ("native", native)):
        desk = Desk(codec=codec, ptime_ms=ptime)
        desk.execute("answer")
        desk.unicast(flags=flags)
        desk.tick(5)
        assert [len(data) for data in desk.sent] == [linear] + [
            size if codec != "G722" else {"": 640, "native": 160}[flags]
        ] * 3


def test_frames_are_what_the_phone_says_after_one_of_comfort_noise() -> None:
    desk = streaming(codec="L16")
    desk.tick(4)
    assert desk.sent[0] == b"\xff" * 320
    said = np.frombuffer(b"".join(desk.sent[1:]), np.int16)
    desk.phone._said = 0
    assert np.array_equal(said, desk.phone.speak(len(said)))


def test_what_the_application_sends_is_heard_a_frame_a_tick() -> None:
    desk = streaming(codec="L16")
    desk.tick(2)
    heard = len(desk.phone.heard)
    for value in (100, 200):
        desk.session.datagram(np.full(160, value, np.int16).tobytes())
    desk.tick(3)
    assert [int(frame[0]) for frame in desk.phone.heard[heard:]] == [100, 200, 0]


def test_native_frames_are_heard() -> None:
    desk = Desk()
    desk.execute("answer")
    desk.unicast(flags="native")
    desk.tick(2)
    desk.session.datagram(b"\x10" * 160)
    desk.tick()
    assert set(desk.phone.heard[-1]) == set(g711.ulaw_to_linear(np.full(1, 0x10, np.uint8)))


@pytest.mark.parametrize("codec", ["PCMU", "PCMA", "G722"])
def test_native_frames_of_both_directions_do_not_mix(codec: str) -> None:
    """G.722 has a memory: the frames of one direction must not pass through the other's."""
    desk = Desk(codec=codec)
    n = desk.line.frame_samples
    desk.execute("answer")
    desk.unicast(flags="native")
    desk.tick(2)
    ours, switch, phone = (Codec(codec) for _ in range(3))
    at = np.arange(20 * n) / ours.rate
    said = (8000 * np.sin(2 * np.pi * 1000 * at)).astype(np.int16)
    heard, expected = len(desk.phone.heard), []
    for frame in said.reshape(20, n):
        payload = ours.encode(frame)
        desk.session.datagram(payload)
        desk.tick()
        expected.append(phone.decode(switch.encode(switch.decode(payload))))
    assert np.array_equal(np.concatenate(desk.phone.heard[heard:]), np.concatenate(expected))
    spoken = Codec(codec).decode(b"".join(desk.sent[1:]))
    desk.phone._said = 0
    again = Codec(codec)
    assert np.array_equal(spoken, again.decode(again.encode(desk.phone.speak(len(spoken)))))


def test_an_empty_datagram_ends_the_receiving_side_alone() -> None:
    desk = streaming(codec="L16")
    desk.session.datagram(b"")
    desk.session.datagram(np.full(160, 9, np.int16).tobytes())
    desk.tick(3)
    assert not desk.heard().any()
    assert len(desk.sent) == 3


def test_odd_and_overlong_datagrams_are_survived() -> None:
    desk = streaming(codec="L16")
    desk.session.datagram(b"\x01")
    desk.session.datagram(b"\x01" * 65000)
    desk.tick(3)
    assert desk.session.unicast.received == 2


def test_a_taken_port_brings_no_frames_and_a_second_try_works() -> None:
    desk = streaming(taken=[8025])
    desk.tick(5)
    assert desk.sent == []
    desk.unicast(local_port="0")
    desk.tick(3)
    assert len(desk.sent) == 2


@pytest.mark.parametrize(
    ("application", "survives"),
    [
        ("playback silence_stream://100", False),
        ("play_and_get_digits 1 1 1 60 # silence_stream://40 silence_stream://0", False),
        ("gentones %(100,0,440)", True),
        ("sleep 100", True),
        ("set a=b", True),
        ("send_dtmf 1", True),
    ],
)
def test_what_a_stream_survives(application: str, survives: bool) -> None:
    desk = streaming()
    desk.tick(3)
    desk.execute(*application.split(" ", 1))
    desk.tick(10)
    before = len(desk.sent)
    desk.tick(5)
    assert len(desk.sent) - before == (5 if survives else 0)
    desk.unicast()
    desk.tick(5)
    assert (desk.session.unicast.state is State.UP) == survives


def test_a_playback_before_the_stream_does_it_no_harm() -> None:
    desk = Desk()
    desk.execute("answer")
    desk.execute("playback", "silence_stream://40")
    desk.tick(5)
    desk.unicast()
    desk.tick(3)
    assert len(desk.sent) == 2


def test_who_does_not_pace_is_told() -> None:
    desk = streaming(codec="L16")
    for _ in range(50):
        desk.session.datagram(bytes(320))
    desk.tick()
    assert desk.line.counts.overrun == 40


@settings(deadline=None, max_examples=40)
@given(
    st.sampled_from(["PCMU", "PCMA", "G722", "L16"]),
    st.sampled_from(["", "native"]),
    st.lists(st.binary(max_size=1000), max_size=6),
)
def test_no_datagram_breaks_the_switch(codec: str, flags: str, datagrams: list[bytes]) -> None:
    desk = Desk(codec=codec)
    desk.execute("answer")
    desk.unicast(flags=flags)
    desk.tick(2)
    for data in datagrams:
        desk.session.datagram(data)
        desk.tick()
    assert len(desk.sent) == 1 + len(datagrams)
    assert {len(frame) for frame in desk.phone.heard} == {desk.line.frame_samples}
