"""HDLC both ways, with libspandsp's at the other end, cut anywhere, and damaged."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dsp.fax.hdlc import Deframer, Frame, Framer, HdlcError, Report, encode, preamble
from dsp.modem import v21
from tests.support import spandsp_hdlc

FLAG = [0, 1, 1, 1, 1, 1, 1, 0]

# what matters are octets with many ones
octets = st.one_of(st.sampled_from([0x00, 0x1F, 0x7E, 0xF8, 0xFC, 0xFF]), st.integers(0, 255))
frames = st.lists(st.lists(octets, min_size=2, max_size=40).map(bytes), max_size=5)
flags = st.integers(1, 4)


def as_bits(*parts) -> np.ndarray:
    return np.concatenate([np.asarray(part, dtype=np.uint8) for part in parts])


def cut(bits, cuts):
    return np.split(bits, sorted(one % (len(bits) + 1) for one in cuts))


def heard(bits, **options):
    return Deframer(**options).process(np.asarray(bits, dtype=np.uint8))


def good(found: list[Frame]) -> list[bytes]:
    return [one.octets for one in found if one.good]


@given(frames, flags, flags, flags)
def test_frames_come_out_as_they_went_in(sent, opening, between, closing):
    bits = encode(sent, opening=opening, between=between, closing=closing)
    found = heard(bits)
    assert [one.octets for one in found] == sent
    assert all(one.good for one in found)
    for one in found:
        alone = encode([one.octets])[8:-8]
        assert np.array_equal(bits[one.start : one.end], alone)


@given(frames, st.lists(st.integers(0, 5000)), st.lists(st.integers(0, 5000)), st.data())
def test_cutting_the_bits_changes_nothing(sent, cuts, wrong, data):
    bits = encode(sent, opening=6, closing=2)
    bits[[one % len(bits) for one in wrong]] ^= 1
    ones = data.draw(st.integers(0, 20))
    bits = as_bits(bits, np.ones(ones), bits)
    whole, parts = Deframer(longest=20), Deframer(longest=20)
    expected = whole.process(bits) + whole.finish()
    found = [one for part in cut(bits, cuts) for one in parts.process(part)] + parts.finish()
    assert found == expected
    assert parts.reports() == whole.reports()
    assert parts.flags == whole.flags


@given(frames, flags, st.lists(st.integers(1, 200), min_size=1))
def test_a_source_gives_the_same_bits_by_any_numbers(sent, between, counts):
    framer = Framer(opening=3, between=between, closing=2)
    for one in sent:
        framer.put(one)
    framer.end()
    given_bits = []
    while not framer.done:
        for count in counts:
            given_bits.append(framer(count))
            assert len(given_bits[-1]) == count or framer.done
    assert len(framer(10)) == 0
    expected = encode(sent, opening=3, between=between, closing=2)
    assert np.array_equal(np.concatenate(given_bits), expected)


@given(frames.filter(bool), flags, flags)
def test_spandsp_hears_our_frames(sent, opening, between):
    bits = encode(sent, opening=opening, between=between)
    assert spandsp_hdlc.received(bits) == [(one, True) for one in sent]


@given(frames.filter(bool), flags, flags)
def test_we_hear_spandsps_frames(sent, opening, between):
    bits = spandsp_hdlc.sent(sent, opening=opening, between=between)
    found = heard(bits)
    assert [(one.octets, one.flaw) for one in found] == [(one, None) for one in sent]
    assert bits[: 8 * opening].tolist() == FLAG * opening


@given(frames, st.lists(st.integers(0, 5000), max_size=8))
def test_of_broken_frames_those_are_good_that_are_to_spandsp(sent, wrong):
    bits = encode(sent, opening=3)
    bits[[one % len(bits) for one in wrong]] ^= 1
    theirs = [octets for octets, ok in spandsp_hdlc.received(bits) if ok and len(octets) >= 2]
    assert good(heard(bits)) == theirs


def test_the_fcs_is_that_of_the_catalogue():
    # CRC-16/IBM-SDLC of the usual check string
    (one,) = heard(encode([b"123456789"]))
    assert one.received == b"123456789\x6e\x90"


def test_octets_are_sent_least_significant_bit_first():
    # T.30 5.3.5, 5.3.6.1: 1100 X000 with X = 1 for a final frame, DIS 0000 0001
    bits = "".join(map(str, encode([bytes([0xFF, 0x13, 0x80])])))
    fields = "01111110 11111(0)111 11(0)001000 00000001"
    assert bits.startswith("".join(one for one in fields if one in "01"))


@given(st.lists(octets, min_size=2, max_size=40).map(bytes), st.integers(0, 100000))
def test_a_wrong_bit_is_never_a_good_frame(sent, at):
    bits = encode([sent], opening=2, closing=2)
    begin, end = 16, len(bits) - 16
    bits[begin + at % (end - begin)] ^= 1
    found = heard(bits)
    if b"\1" * 6 in bits[begin:end].tobytes():
        # of a frame that a flag has parted what is left may be good by chance
        assert sent not in good(found)
    else:
        assert [one.good for one in found] == [False]


def test_a_wrong_bit_leaves_the_octets_before_and_after_it():
    sent = bytes(octet & 0x5A for octet in range(64))
    bits = encode([sent])
    bits[8 + 8 * 32] ^= 1
    (one,) = heard(bits)
    assert one.flaw == "fcs" and not one.good
    assert one.octets == sent[:32] + bytes([sent[32] ^ 1]) + sent[33:]


def test_random_frames_are_good_one_in_65536_times():
    rng = np.random.default_rng(5)
    count = 1 << 18
    bits = rng.integers(0, 2, (count, 56), dtype=np.uint8)
    # no five ones in a row, so that there is nothing to be taken out: 38 bits are free, of which
    # the FCS takes 16 linearly independent sums
    bits[:, 4::5] = 0
    bits[:, 48:] = FLAG
    bits[:, 47] = 0
    found = heard(bits.reshape(-1))
    assert len(found) == count - 1
    assert all(len(one.received) == 6 and one.flaw in (None, "fcs") for one in found)
    # 4 are expected
    assert 1 <= len(good(found)) <= 16


@settings(max_examples=30)
@given(st.integers(0, 2**32), st.sampled_from([0.2, 0.5, 0.8, 0.95]))
def test_noise_is_borne(seed, share):
    bits = (np.random.default_rng(seed).random(20_000) < share).astype(np.uint8)
    deframer = Deframer(longest=30)
    found = deframer.process(bits) + deframer.finish()
    ends = [one.end for one in found]
    assert ends == sorted(ends)
    for one in found:
        assert 0 < 8 * len(one.received) <= one.end - one.start + 6
        assert len(one.received) <= 34


def test_flags_are_reported_once_a_run():
    deframer = Deframer(preamble=5)
    assert deframer.process(as_bits(FLAG * 9)) == []
    assert deframer.reports() == [Report("flags", 40)]
    assert deframer.flags == 9
    (one,) = deframer.process(encode([b"\xff\x13\x80"], opening=1, closing=4))
    assert one.start == 80
    assert deframer.reports() == []
    assert deframer.flags == 4
    deframer.process(as_bits(FLAG))
    assert [one.what for one in deframer.reports()] == ["flags"]


def test_flags_may_share_their_zero():
    shared = [0, *[1, 1, 1, 1, 1, 1, 0] * 6]
    deframer = Deframer(preamble=6)
    bits = as_bits(shared, encode([b"\xff\x03\x40"])[8:])
    (one,) = deframer.process(bits)
    assert one.good and one.octets == b"\xff\x03\x40"
    assert deframer.reports() == [Report("flags", 43)]


def test_an_abort_ends_a_frame():
    framer = Framer(opening=5)
    framer.put(bytes(range(20)))
    framer.put(b"\xff\x13\x84")
    begun = framer(100)
    assert framer.pending == 2
    framer.abort()
    assert framer.pending == 1
    framer.end()
    bits = as_bits(begun, framer(1000))
    deframer = Deframer()
    broken, whole = deframer.process(bits)
    assert broken.flaw == "aborted"
    assert broken.received == bytes(range(7))
    assert whole.good and whole.octets == b"\xff\x13\x84"
    assert [one.what for one in deframer.reports()] == ["flags", "abort"]
    theirs = spandsp_hdlc.Receiver()
    for bit in bits:
        theirs.put(bit)
    assert theirs.heard == ["flags", "abort", (b"\xff\x13\x84", True)]


def test_nothing_is_aborted_between_frames():
    framer = Framer(opening=4)
    begun = framer(20)
    framer.abort()
    framer.put(b"\xff\x13\x84")
    framer.end()
    assert np.array_equal(as_bits(begun, framer(100)), encode([b"\xff\x13\x84"], opening=4))


def test_ones_are_idle():
    deframer = Deframer()
    assert deframer.process(as_bits(FLAG * 2, np.ones(6))) == []
    assert deframer.reports() == []
    deframer.process(as_bits([1]))
    assert deframer.reports() == [Report("abort", 23)]
    assert deframer.flags == 0
    deframer.process(as_bits(np.ones(7)))
    assert deframer.reports() == []
    deframer.process(as_bits(np.ones(100)))
    assert deframer.reports() == [Report("idle", 31)]
    assert deframer.process(encode([b"\xff\x13\x80"]))[0].good


def test_what_is_not_of_whole_octets_is_ragged():
    bits = encode([b"\xff\x13\x80"])
    for count in range(1, 8):
        (one,) = heard(as_bits(bits[:-8], [0] * count, FLAG))
        assert (one.flaw, one.received[:3]) == ("ragged", b"\xff\x13\x80")


def test_fewer_than_four_octets_are_no_frame():
    # two octets that are the FCS of nothing, and three of which two are that of the first
    for received in (bytes(2), bytes.fromhex("0078f0")):
        bits = [octet >> place & 1 for octet in received for place in range(8)]
        (one,) = heard(as_bits(FLAG, bits, FLAG))
        assert (one.flaw, one.received) == ("short", received)


@given(st.integers(2, 200), st.integers(2, 60), st.booleans())
def test_of_a_frame_too_long_nothing_is_lost(more, longest, aborted):
    # ones at the end of the FCS are taken for an abort's, and the octet that they are of is lost
    sent = bytes(octet & 0x5A for octet in range(longest + more))
    bits = encode([sent])
    if aborted:
        bits[-8:] = 1
    found = heard(bits, longest=longest)
    assert all(one.flaw == "long" for one in found)
    assert b"".join(one.received for one in found)[: len(sent)] == sent
    assert all(one.end == after.start for one, after in pairwise(found))
    assert good(heard(encode([sent]), longest=longest + more)) == [sent]


def test_a_frame_of_the_greatest_length_is_taken():
    deframer = Deframer()
    sent = bytes(260)
    assert good(deframer.process(encode([sent, b"\xff" * 260]))) == [sent, b"\xff" * 260]
    (one,) = deframer.process(encode([bytes(261)]))
    assert one.flaw == "long"


def test_a_lost_carrier_cuts_a_frame():
    deframer = Deframer()
    bits = encode([b"\xff\x13\x80"], opening=3)
    assert deframer.process(bits[:-8]) == []
    (one,) = deframer.finish()
    assert (one.flaw, one.octets, one.start, one.end) == ("cut", b"\xff\x13\x80", 24, len(bits) - 8)
    assert deframer.finish() == []
    assert deframer.flags == 0
    # the next burst's bits are counted on; its frames want a flag
    (one,) = deframer.process(as_bits(np.zeros(9), bits))
    assert one.good and one.start == len(bits) - 8 + 9 + 24


def test_there_are_flags_while_there_is_no_frame():
    framer = Framer(opening=2, between=2)
    assert framer(20).tolist() == (FLAG * 3)[:20]
    framer.put(b"\xff\x13\x80")
    framer.put(b"\xff\x13\x84")
    assert framer.pending == 2
    alone = encode([b"\xff\x13\x80"])[8:-8]
    rest = framer(4 + len(alone))
    assert rest.tolist() == [1, 1, 1, 0, *alone]
    assert framer.pending == 1
    assert framer(8 * 2).tolist() == FLAG * 2
    assert np.array_equal(framer(1000)[:30], encode([b"\xff\x13\x84"])[8:38])
    assert framer.pending == 0
    assert not framer.done
    assert len(framer(801)) == 801
    framer.end()
    assert len(framer(8)) < 8
    assert framer.done


def test_an_end_without_frames_is_flags_alone():
    assert encode([], opening=3).tolist() == FLAG * 3


def test_frames_go_by_v21():
    framer = Framer(opening=preamble(300))
    sent = [b"\xff\x03\x40RIG SF", b"\xff\x13\x80\x00\xee\xfa"]
    for one in sent:
        framer.put(one)
    framer.end()
    transmitter, receiver, deframer = v21.Transmitter(), v21.Receiver(), Deframer()
    transmitter.start(framer)
    found = []
    while not transmitter.done:
        found += deframer.process(receiver.process(transmitter.pull(160)))
    found += deframer.process(receiver.process(np.zeros(400, dtype=np.int16)))
    assert good(found) == sent
    assert deframer.finish() == []


@pytest.mark.parametrize("bit_rate", [300, 2400, 4800, 7200, 9600, 12000, 14400])
def test_the_preamble_is_as_long_as_it_has_to_be(bit_rate):
    seconds = 8 * preamble(bit_rate) / bit_rate
    if bit_rate == 300:
        assert 0.85 <= seconds <= 1.15
    else:
        assert 0.1 <= seconds <= 0.3


def test_what_makes_no_sense_is_refused():
    framer = Framer()
    with pytest.raises(HdlcError, match="address"):
        framer.put(b"\xff")
    framer.end()
    with pytest.raises(HdlcError, match="end"):
        framer.put(b"\xff\x13\x80")
    with pytest.raises(HdlcError, match="flag"):
        encode([b"\xff\x13\x80"], closing=0)
    with pytest.raises(HdlcError, match="flags"):
        Deframer(preamble=1)
