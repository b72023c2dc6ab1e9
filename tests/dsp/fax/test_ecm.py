"""Error correction: whatever is lost, repeated or out of order, the page is the page."""

import random
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dsp.fax import hdlc
from dsp.fax.ecm import FRAMES, EcmError, Incoming, Outgoing
from dsp.fax.frames import CodedData, ReturnToControl, parse

SIZES = st.sampled_from([64, 256])
RCP = ReturnToControl().octets()


def octets(count: int, seed: int = 1) -> bytes:
    return random.Random(seed).randbytes(count)


def burst(page: Outgoing, rate: int = 14400) -> list[bytes]:
    """The frames of a burst, as they are heard."""
    bits = page.source(rate)(1 << 30)
    frames = hdlc.Deframer().process(bits)
    assert all(one.good for one in frames)
    return [one.octets for one in frames]


def fcd(number: int, data: bytes) -> bytes:
    return CodedData(number, data).octets()


def whole(data: bytes, size: int) -> bytes:
    return data + bytes(-len(data) % size)


# ------------------------------------------------------------------------ sending


@pytest.mark.parametrize("size", [64, 256])
def test_a_burst_is_flags_the_frames_three_rcp_and_flags(size):
    data = octets(5 * size - 7)
    frames = [parse(one) for one in burst(Outgoing(data, size))]
    assert [type(one) for one in frames] == [CodedData] * 5 + [ReturnToControl] * 3
    assert [one.number for one in frames[:5]] == [0, 1, 2, 3, 4]
    assert not any(one.flaws for one in frames)
    assert b"".join(one.data for one in frames[:5]) == whole(data, size)


@pytest.mark.parametrize("rate", [2400, 4800, 7200, 9600, 12000, 14400])
def test_flags_before_frames_last_for_200_ms_give_or_take_100(rate):
    bits = Outgoing(bytes(64), 64).source(rate)(1 << 20)
    flags = 0
    while bits[8 * flags : 8 * flags + 8].tolist() == [0, 1, 1, 1, 1, 1, 1, 0]:
        flags += 1
    assert 0.1 <= 8 * flags / rate <= 0.3


@given(SIZES, st.integers(1, 70_000), st.lists(st.integers(1, 3000), min_size=1))
@settings(max_examples=30, deadline=None)
def test_a_source_gives_the_same_bits_by_any_numbers(size, length, counts):
    page = Outgoing(octets(length), size)
    expected = page.source(9600)(1 << 30)
    source, parts = page.source(9600), []
    while not parts or len(parts[-1]) == counts[(len(parts) - 1) % len(counts)]:
        parts.append(source(counts[len(parts) % len(counts)]))
    assert np.array_equal(np.concatenate(parts), expected)
    assert len(source(10)) == 0


def test_a_map_of_any_bits_asks_for_what_there_is():
    page = Outgoing(octets(10 * 256), 256)
    page.request({1, 5, 9, 10, 77, 255})
    assert page.wanted == (1, 5, 9)
    page.request(range(256))
    assert page.wanted == tuple(range(10))
    page.request(())
    assert burst(page) == [RCP] * 3


@pytest.mark.parametrize(("length", "blocks"), [(1, 1), (16384, 1), (16385, 2), (16384 * 3, 3)])
def test_more_than_256_frames_are_several_partial_pages(length, blocks):
    page, data = Outgoing(octets(length), 64), b""
    assert page.blocks == blocks
    for block in range(blocks):
        assert page.block == block
        assert page.last == (block == blocks - 1)
        frames = [parse(one) for one in burst(page)][:-3]
        assert page.frames == len(frames) == len(page.wanted)
        data += b"".join(one.data for one in frames)
        if not page.last:
            page.next_block()
    assert data == whole(octets(length), 64)
    with pytest.raises(EcmError, match="is the last"):
        page.next_block()


def test_no_page_and_no_size_are_refused():
    with pytest.raises(EcmError, match="no octets"):
        Outgoing(b"", 64)
    with pytest.raises(EcmError, match="not of 100"):
        Outgoing(b"1", 100)
    with pytest.raises(EcmError, match="not of 100"):
        Incoming(100)


# ---------------------------------------------------------------------- receiving


def transfer(sender: Outgoing, receiver: Incoming, dice: random.Random, loss: float) -> int:
    """Send all partial pages over a line that loses, damages, repeats; return how many bursts."""
    bursts, page = 0, 0
    while True:
        heard = burst(sender)
        bursts += 1
        if dice.random() < 0.3:
            heard = heard[:-3]  # RCP is lost
        for one in heard:
            fate = dice.random()
            if fate < loss / 2:
                continue
            if fate < loss:
                receiver.take(one[:-1] + bytes([one[-1] ^ 1]), good=False)
                continue
            receiver.take(one, good=True)
            if dice.random() < 0.1:
                receiver.take(one, good=True)
        # PPS of what was sent just now, as some senders have it, or of all
        count = len(sender.wanted) if bursts > 1 and dice.random() < 0.5 else sender.frames
        assert not receiver.repeated(page, sender.block)
        asked = receiver.missing(count if receiver.count else sender.frames)
        while dice.random() < 0.3:  # the answer is lost, PPS comes again
            assert receiver.missing(count) == asked
        if asked:
            assert asked <= set(sender.wanted)
            beyond = range(sender.frames, 256) if dice.random() < 0.5 else ()
            sender.request(asked.union(beyond))
            continue
        receiver.close(page=page, block=sender.block)
        while dice.random() < 0.3:  # MCF is lost, PPS comes again
            assert receiver.repeated(page, sender.block)
        if sender.last:
            return bursts
        sender.next_block()


@given(SIZES, st.integers(1, 300 * 64), st.floats(0, 0.6), st.integers(0, 1 << 30))
@settings(max_examples=60, deadline=None)
def test_a_page_is_whole_whatever_is_lost(size, length, loss, seed):
    data = octets(length, seed)
    receiver = Incoming(size)
    transfer(Outgoing(data, size), receiver, random.Random(seed), loss)
    assert receiver.data == whole(data, size)
    assert (receiver.holes, receiver.gaps) == (0, ())


@given(SIZES, st.integers(1, 20_000), st.floats(0, 4e-4), st.integers(0, 1 << 30))
@settings(max_examples=20, deadline=None)
def test_a_page_is_whole_whatever_bits_are_wrong(size, length, errors, seed):
    dice, data = np.random.default_rng(seed), octets(length, seed)
    sender, receiver = Outgoing(data, size), Incoming(size)
    deframer = hdlc.Deframer()
    while True:
        bits, sent = sender.source(2400)(1 << 30).copy(), burst(sender)
        bits[dice.random(len(bits)) < errors] ^= 1
        for frame in deframer.process(bits) + deframer.finish():
            # an FCS is right by chance of one wrong frame in 65536
            receiver.take(frame.octets, frame.good and frame.octets in sent)
        asked = receiver.missing(sender.frames)
        if asked:
            sender.request(asked)
            continue
        receiver.close()
        if sender.last:
            break
        sender.next_block()
    assert receiver.data == whole(data, size)


def test_several_pages_by_one_receiver():
    receiver = Incoming(256)
    for seed in range(3):
        data = octets(70_000, seed)
        receiver.begin_page()
        transfer(Outgoing(data, 256), receiver, random.Random(seed), 0.2)
        assert receiver.data == whole(data, 256)
        assert receiver.block == 2


def test_a_clean_line_needs_a_burst_a_partial_page():
    receiver = Incoming(64)
    assert transfer(Outgoing(octets(40_000), 64), receiver, random.Random(5), 0.0) == 3


@given(st.permutations(range(20)))
@settings(max_examples=20)
def test_frames_may_come_in_any_order(order):
    receiver, data = Incoming(64), octets(20 * 64)
    for number in order:
        receiver.take(fcd(number, data[64 * number : 64 * number + 64]), good=True)
    assert receiver.missing(20) == frozenset()
    receiver.close()
    assert receiver.data == data


def test_frames_beyond_those_that_pps_tells_are_no_part_of_the_page():
    receiver = Incoming(64)
    for number in range(5):
        receiver.take(fcd(number, bytes([number]) * 64), good=True)
    assert receiver.missing(3) == frozenset()
    receiver.close(3)
    assert receiver.data == b"".join(bytes([number]) * 64 for number in range(3))


def test_the_first_pps_is_believed():
    receiver = Incoming(64)
    receiver.take(fcd(0, bytes(64)), good=True)
    assert receiver.missing(4) == {1, 2, 3}
    receiver.take(fcd(2, bytes(64)), good=True)
    assert receiver.missing(3) == {1, 3}
    assert receiver.missing(256) == {1, 3}
    assert receiver.count == 4


def test_the_last_frame_may_be_short_and_no_other():
    receiver = Incoming(256)
    for number, length in enumerate([256, 200, 256, 31]):
        receiver.take(fcd(number, bytes(length)), good=True)
    assert receiver.missing(4) == {1}
    receiver.take(fcd(1, bytes(256)), good=True)
    assert receiver.missing(4) == frozenset()
    receiver.close()
    assert len(receiver.data) == 3 * 256 + 31


@pytest.mark.parametrize("length", [0, 1, 63, 64, 100, 256])
@pytest.mark.parametrize("size", [64, 256])
def test_a_single_frame_may_be_of_any_length(size, length):
    receiver = Incoming(size)
    receiver.take(fcd(0, b"\1" * length), good=True)
    assert receiver.missing(1) == frozenset()
    receiver.close()
    assert receiver.data == b"\1" * length


@pytest.mark.parametrize(("told", "sent"), [(64, 256), (256, 64)])
def test_frames_of_the_size_that_was_not_told_are_taken(told, sent):
    receiver = Incoming(told)
    for number in (0, 2, 3):
        receiver.take(fcd(number, b"\1" * sent), good=True)
    assert receiver.missing(4) == {1}
    receiver.close()
    assert receiver.gaps == ((sent, 2 * sent),)
    assert len(receiver.data) == 4 * sent


@given(st.binary(max_size=300), st.booleans())
def test_anything_may_be_heard(heard, good):
    receiver = Incoming(64)
    receiver.take(heard, good)
    assert receiver.missing(1) <= {0}


def test_what_is_no_picture_is_passed_over():
    receiver = Incoming(64)
    receiver.take(RCP, good=True)
    receiver.take(fcd(0, bytes(64)), good=False)
    receiver.take(fcd(0, bytes(257)), good=True)
    receiver.take(fcd(0, bytes(64))[:3], good=True)
    assert receiver.missing(1) == {0}


@given(SIZES, st.sets(st.integers(0, 39)))
def test_holes_are_zeros_and_counted(size, lost):
    receiver, data = Incoming(size), octets(40 * size)
    for number in set(range(40)) - lost:
        receiver.take(fcd(number, data[size * number : size * (number + 1)]), good=True)
    assert receiver.missing(40) == lost
    receiver.close()
    expected = bytearray(data)
    for number in lost:
        expected[size * number : size * (number + 1)] = bytes(size)
    assert receiver.data == bytes(expected)
    assert receiver.holes == len(lost)
    inside = {at for begin, end in receiver.gaps for at in range(begin // size, end // size)}
    assert inside == lost
    assert all(end < begin for (_, end), (begin, _) in pairwise(receiver.gaps))


def test_pps_is_repeated_until_frames_come():
    receiver = Incoming(64)
    assert not receiver.repeated(0, 0)
    receiver.take(fcd(0, bytes(64)), good=True)
    assert receiver.missing(1) == frozenset()
    assert not receiver.repeated(0, 0)
    receiver.close(page=0, block=0)
    assert receiver.repeated(0, 0)
    assert not receiver.repeated(0, 1)
    receiver.begin_page()
    assert receiver.repeated(0, 0)
    # a sender that counts no pages
    receiver.take(fcd(0, bytes(64)), good=True)
    assert not receiver.repeated(0, 0)
    receiver.close(1, page=0, block=0)
    assert receiver.repeated(0, 0)
    assert receiver.data == bytes(64)


def test_eor_closes_what_pps_has_told():
    receiver = Incoming(64)
    receiver.take(fcd(1, b"\1" * 64), good=True)
    assert receiver.missing(2) == {0}
    assert receiver.count == 2
    receiver.close()
    assert receiver.count is None
    assert (receiver.block, receiver.holes) == (1, 1)
    receiver.take(fcd(0, b"\2" * 64), good=True)
    receiver.close()
    assert receiver.data == bytes(64) + b"\1" * 64 + b"\2" * 64
    receiver.begin_page(256)
    assert (receiver.data, receiver.block, receiver.holes, receiver.gaps) == (b"", 0, 0, ())


def test_a_burst_has_as_many_frames_as_have_come_by_it():
    receiver = Incoming(64)
    for number in (0, 1, 1):
        receiver.take(fcd(number, bytes(64)), good=True)
    assert receiver.received == 2
    receiver.begin_burst()
    assert receiver.received == 0 and receiver.missing(2) == frozenset()
    receiver.take(fcd(1, bytes(64)), good=True)
    assert receiver.received == 1


def test_256_frames_are_all():
    assert Outgoing(bytes(256 * FRAMES), 256).frames == 256
