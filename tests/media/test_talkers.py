"""Talkers: a call answered block by block by an object, whatever its wire is and its frames do."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dsp.resample import Downsampler, Upsampler
from mediasock.media.frames import decode, encode
from mediasock.media.notices import Lost
from mediasock.media.talkers import Over
from mediasock.media.wire import Wire
from tests.support.media import Lines, frame, noise
from tests.support.talkers import Answering, Failing, Negative, Recalling

WIRES = [Wire("L16", 8000, 20), Wire("PCMU", 8000, 10), Wire("PCMA", 8000, 30)]


def talked(lines, talker, row=0, wire=None, **how):
    party = lines.open(row, wire, **how)
    lines.engine.converse(party, talker)
    return party


def samples_of(sent, wire, row=0):
    pieces = [np.frombuffer(data, np.uint8)[None] for at, data in sent if at == row]
    return np.concatenate([decode(piece, wire.code)[0] for piece in pieces])


def test_each_frame_is_answered_by_as_many_samples():
    lines, talkers = Lines(), [Recalling() for _ in WIRES]
    for row, (wire, talker) in enumerate(zip(WIRES, talkers, strict=True)):
        talked(lines, talker, row, wire)
    heard = {row: noise(wire.frame_samples, row) for row, wire in enumerate(WIRES)}
    sent = lines.step(
        *[(row, encode(heard[row][None], wire.code).tobytes()) for row, wire in enumerate(WIRES)]
    )
    for row, (wire, talker) in enumerate(zip(WIRES, talkers, strict=True)):
        said = np.arange(1, wire.frame_samples + 1, dtype=np.int16)
        coded = encode(said[None], wire.code)
        assert samples_of(sent, wire, row).tolist() == decode(coded, wire.code)[0].tolist()
        coded = encode(heard[row][None], wire.code)
        assert talker.all.tolist() == decode(coded, wire.code)[0].tolist()


def test_a_wide_call_is_heard_and_answered_through_the_resamplers():
    lines, talker, wire = Lines(), Negative(), Wire("L16", 16000, 20)
    talked(lines, talker, wire=wire)
    sound = noise(320 * 5)
    sent = [lines.step((0, part.tobytes()), after=20)[0] for part in np.split(sound, 5)]
    narrow = Downsampler(1).process(sound[None])
    assert samples_of(sent, wire).tolist() == Upsampler(1).process(-narrow)[0].tolist()


@pytest.mark.parametrize("samples", [1, 2, 161, 319])
def test_a_wide_frame_of_an_odd_size_is_answered_in_its_size(samples):
    lines, talker = Lines(), Recalling()
    talked(lines, talker, wire=Wire("L16", 16000, 20))
    [(_, answer)] = lines.step((0, noise(samples).tobytes()))
    assert len(answer) == samples * 2
    assert talker.at == samples // 2


@settings(max_examples=60)
@given(
    st.booleans(),
    st.lists(
        st.tuples(st.sampled_from(["frame", "lost", "empty", "pause"]), st.integers(1, 30)),
        max_size=12,
    ),
)
def test_a_talkers_time_is_the_calls(same_host, story):
    """Whatever comes, is lost or stops: as many samples are heard as the timeline has.

    But for a switch on the same host that stands still: then time stands still, too.
    """
    lines, talker = Lines(same_host=same_host), Recalling()
    talked(lines, talker)
    drops, stood_still = 0, 0
    lines.step((0, frame(999)))
    for seed, (what, n) in enumerate(story):
        before, in_gap = lines.total(), lines.engine.timelines.in_gap[0]
        sent = []
        if what == "pause":
            sent = lines.idle(n * 60)
            stood_still += (lines.total() - before) * same_host
        else:
            drops += what == "lost"
            after = 20 * (n + 1) if what == "lost" else 20
            content = frame(seed) if what != "empty" else b""
            lines.step((0, content), after=after, drops=drops)
            if same_host and in_gap:
                stood_still += lines.total() - before - 160
        if lines.notices(kind=Lost):
            break
        assert talker.at == lines.total() - stood_still
        assert not (same_host and sent)


def test_lost_frames_are_silence_to_it_and_only_what_comes_is_answered():
    lines, talker = Lines(), Recalling()
    talked(lines, talker)
    lines.step((0, frame(1)))
    sent = lines.step((0, frame(2)), after=80, drops=3)
    assert [len(one) for one in talker.heard] == [160, 480, 160]
    assert not talker.heard[1].any()
    assert samples_of(sent, Wire()).tolist() == list(range(641, 801))


def test_where_frames_are_lost_on_the_way_a_gap_is_silence_that_is_answered():
    lines, talker = Lines(same_host=False), Recalling()
    talked(lines, talker)
    lines.step((0, frame(1)))
    sent = lines.idle(400)
    assert talker.at == lines.total() == 160 + 20 * 160
    assert samples_of(sent, Wire())[-160:].tolist() == list(range(21 * 160 - 159, 21 * 160 + 1))


def test_while_the_switch_stands_still_its_time_does():
    lines, talker = Lines(), Recalling()
    talked(lines, talker, 0)
    lines.open(1)
    lines.step((0, frame(1)), (1, frame(1)))
    sent = lines.idle(400)
    assert {row for row, _ in sent} == {1}
    sent = lines.step((0, frame(2)), after=20)
    assert samples_of(sent, Wire()).tolist() == list(range(161, 321))
    assert talker.all.tolist() == np.frombuffer(frame(1) + frame(2), np.int16).tolist()


def test_it_is_asked_no_more_once_it_is_done():
    lines, talker = Lines(), Recalling(320)
    talked(lines, talker)
    sent = [lines.step((0, frame(k)), after=20)[0][1] for k in range(4)]
    assert talker.at == 320
    assert [any(one) for one in sent] == [True, True, False, False]
    assert lines.notices(kind=Over) == [Over(0, talker, None, True)]


@pytest.mark.parametrize(
    "talker",
    [
        Failing(),
        Answering(np.zeros(159, np.int16)),
        Answering(np.zeros(160, np.float32)),
        Answering(None),
    ],
)
def test_one_that_fails_is_let_go_and_others_go_on(talker):
    lines, other = Lines(), Recalling()
    talked(lines, talker, 0)
    talked(lines, other, 1)
    for k in range(5):
        sent = lines.step((0, frame(k)), (1, frame(k)), after=20)
    assert dict(sent)[0] == bytes(320)
    assert other.at == 800
    assert samples_of(sent, Wire(), 1)[0] == 641
    [over] = lines.notices(kind=Over)
    assert (over.talker, over.done) == (talker, False)
    assert isinstance(over.failure, Exception)


def test_what_plays_is_heard_instead_and_a_held_call_says_nothing():
    lines, talker = Lines(), Recalling()
    party = talked(lines, talker)

    class Voice:
        idle = True

        def read(self, n):
            return np.full(min(n, 160), 7, np.int16)

        def sent(self, n):
            pass

        def take_flush(self):
            return False

    party.voice = Voice()
    lines.engine.speak(party)
    sent = lines.step((0, frame(1)), after=20)
    assert samples_of(sent, Wire()).tolist() == [7] * 160
    lines.engine.hold(party)
    assert lines.step((0, frame(2)), after=20) == []
    assert talker.at == 320


def test_a_talker_speaks_over_the_loop_back():
    lines = Lines()
    talked(lines, Negative(), loop_back=True)
    heard = noise(160)
    assert samples_of(lines.step((0, heard.tobytes())), Wire()).tolist() == (-heard).tolist()


def test_a_row_that_is_used_again_has_no_talker():
    lines, talker = Lines(), Recalling()
    party = talked(lines, talker)
    lines.step((0, frame(1)))
    lines.engine.close(party)
    lines.open(0)
    assert lines.step((0, frame(2)), after=20) == [(0, bytes(320))]
    assert talker.at == 160


def test_a_recorder_gets_what_it_says():
    lines, talker = Lines(), Recalling()

    class Tape:
        def write(self, heard, sent):
            self.sent = sent.copy()

    party = talked(lines, talker)
    party.tap = Tape()
    lines.engine.watch(party)
    lines.step((0, frame(1)))
    assert party.tap.sent.tolist() == list(range(1, 161))
