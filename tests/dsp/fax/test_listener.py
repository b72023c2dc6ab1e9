"""Who listens to fax calls: those of a real FreeSWITCH, of libspandsp, of awkward ends, of none."""

import hashlib
from functools import cache

import numpy as np
import pytest
import soundfile
from hypothesis import given, settings
from hypothesis import strategies as st

from dsp.fax.listener import FaxListener
from dsp.fax.listener_events import (
    Burst,
    Check,
    FramesHeard,
    PageHeard,
    PhaseBegun,
    Spoken,
    record,
)
from dsp.fax.modems import receiver
from dsp.line import Clock, FrequencyOffset, Gain, Line, Noise
from dsp.types import whole
from tests.support.faxed import CALLS, HEADER, pixels, truth
from tests.support.fixture import FIXTURES

APART = 2000
"""Samples by which the sides of these recordings are moved to be as one place has heard them.

In the files an answer begins up to 0.2 s before the question is over.
"""


def heard(sound, block=4000):
    listener = FaxListener(len(sound))
    events = []
    for begin in range(0, sound.shape[1], block):
        events += listener.process(sound[:, begin : begin + block])
    return events + listener.finish()


def of(kind, events):
    return [one for one in events if isinstance(one, kind)]


def mixed(*sides):
    """One channel of several, each of which may begin later."""
    length = max(map(len, sides))
    total = sum(np.pad(one.astype(np.int32), (0, length - len(one))) for one in sides)
    return whole(total)[None]


@cache
def sides(name):
    sound = soundfile.read(FIXTURES / "fax" / f"{name}.flac", dtype="int16")[0].T
    return np.ascontiguousarray(sound)


@cache
def stereo(name):
    return heard(sides(name))


@cache
def mono(name):
    receiver, sender = sides(name)
    return heard(mixed(receiver, np.pad(sender, (APART, 0))))


def frames(events):
    return [one.frame.octets().hex() for one in of(Spoken, events) if one.good]


def is_page(page, about):
    """Whether it is what was sent, below the header of txfax."""
    if about["coding"] == "T.85":
        assert page.page is None
        return hashlib.sha256(page.data).hexdigest() == about["sha256"]
    sent = pixels(FIXTURES / "fax" / about["file"], about["page"])
    return np.array_equal(page.page.black()[HEADER:], sent)


# -- recorded calls of a real FreeSWITCH ------------------------------------------------------


def test_there_are_six():
    assert len(CALLS) == 6


@pytest.mark.parametrize("name", CALLS)
def test_every_frame_of_both_sides_is_told(name):
    found = [one for one in of(Spoken, stereo(name)) if one.good]
    expected = truth(name)["control"]
    assert sorted((one.channel + 1, one.frame.octets().hex()) for one in found) == sorted(
        (one["channel"], one["octets"]) for one in expected
    )
    by_time = sorted(found, key=lambda one: one.end)
    assert [one.end / 8000 for one in by_time] == pytest.approx(
        [one["at"] for one in expected], abs=0.1
    )
    assert all(one.role == ("sender" if one.channel else "receiver") for one in found)
    assert not any(one.echo for one in found)


@pytest.mark.parametrize("name", CALLS)
def test_every_burst_is_told(name):
    found = [one for one in of(Burst, stereo(name)) if one.modem != "V.21"]
    for one, other in zip(found, truth(name)["bursts"], strict=True):
        modem = f"{other['modem'].replace('v', 'V.')} {other['bit_rate']}"
        assert (one.channel + 1, one.modem) == (other["channel"], modem)
        assert one.training == ("short" if other["short_training"] else "long")
        assert (one.trained / 8000, one.end / 8000) == pytest.approx(
            (other["from"], other["to"]), abs=0.1
        )
        match one.content:
            case Check():
                assert (one.content.zeros, one.content.wrong) == (other["zeros"], 0)
            case FramesHeard():
                assert one.content == FramesHeard(
                    len(other["parts"]), 0, tuple(other["parts"]), other["ends"]
                )
            case None:
                assert one.what == "picture"
                assert "bits" in other


@pytest.mark.parametrize("name", CALLS)
def test_nothing_is_told_that_is_not_there(name):
    events = stereo(name)
    assert all(one.good for one in of(Spoken, events))
    bursts = of(Burst, events)
    assert all(one.trained is not None for one in bursts if one.modem != "V.21")
    # V.21 is sent as often as there is a frame that says that it is the last one (T.30 5.3.5)
    for channel in (0, 1):
        said = [one for one in of(Spoken, events) if one.channel == channel and one.frame.final]
        holes = [one for one in truth(name)["holes"] if one["channel"] == channel + 1]
        carriers = [one for one in bursts if (one.modem, one.channel) == ("V.21", channel)]
        assert len(said) <= len(carriers) <= len(said) + len(holes)


@pytest.mark.parametrize("name", CALLS)
def test_a_fast_modem_does_not_hear_the_side_that_sends_none(name):
    for modem in {one.modem for one in of(Burst, stereo(name))} - {"V.21"}:
        fast = receiver(modem)
        assert len(fast.process(sides(name)[0])) == 0
        assert fast.reports() == []


@pytest.mark.parametrize("name", CALLS)
def test_the_line_is_measured(name):
    for one in of(Burst, stereo(name)):
        assert one.measures.level == pytest.approx(-14.0 if one.modem == "V.21" else -11.0, abs=0.3)
        if one.modem != "V.21":
            assert one.measures.snr > 35
            assert one.measures.frequency_offset == pytest.approx(0, abs=0.2)
            assert one.measures.clock_offset == pytest.approx(0, abs=2)
            assert 1000 < len(one.symbols) <= 2048


@pytest.mark.parametrize("hear", [stereo, mono])
@pytest.mark.parametrize("name", CALLS)
def test_pages_are_what_was_sent(name, hear):
    pages = of(PageHeard, hear(name))
    for page, about in zip(pages, truth(name)["pages"], strict=True):
        assert is_page(page, about)
        assert (page.record.confirmed, page.record.answer) == (True, "MCF")
        assert page.record.height == about["rows"]
        assert page.record.bad_rows == 0
    assert [one.record.number for one in pages] == list(range(1, len(pages) + 1))


@pytest.mark.parametrize("name", CALLS)
def test_both_sides_may_be_in_one_channel(name):
    expected = truth(name)["control"]
    found = [one for one in of(Spoken, mono(name)) if one.good]
    assert [one.frame.octets().hex() for one in found] == [one["octets"] for one in expected]
    assert [one.role for one in found] == [
        "sender" if one["channel"] == 2 else "receiver" for one in expected
    ]


def test_one_side_may_begin_before_the_other_has_ended():
    # the training begins 0.1 s before the end of CFR
    (page,) = of(PageHeard, heard(mixed(*sides("v29_ecm"))))
    assert is_page(page, truth("v29_ecm")["pages"][0])


@pytest.mark.parametrize("name", CALLS)
def test_the_sender_alone_is_enough_for_the_pages(name):
    pages = of(PageHeard, heard(sides(name)[1:]))
    for page, about in zip(pages, truth(name)["pages"], strict=True):
        assert is_page(page, about)
        assert (page.record.confirmed, page.record.answer) == (False, "")
    assert [one.record.number for one in pages] == list(range(1, len(pages) + 1))


def test_of_the_receiver_alone_there_are_its_frames():
    events = heard(sides("v29_nonecm")[:1])
    said = [one["octets"] for one in truth("v29_nonecm")["control"] if one["channel"] == 1]
    assert frames(events) == said
    assert of(PageHeard, events) == []
    assert {one.phase for one in of(PhaseBegun, events)} == {"A", "B"}


@pytest.mark.parametrize("snr", [35.0, 24.0])
def test_what_the_line_did_is_measured(snr):
    line = Line([FrequencyOffset(5.0), Clock(80), Gain(-10), Noise(-21.0 - snr)], seed=1)
    sound = line.process(sides("v29_nonecm")[1, 40_000:200_000])
    for one in of(Burst, heard(sound[None])):
        told = one.measures
        assert told.level == pytest.approx(-24.0 if one.modem == "V.21" else -21.0, abs=0.3)
        assert told.frequency_offset == pytest.approx(5.0, abs=0.4)
        if one.modem != "V.21":
            assert (told.snr, told.clock_offset) == pytest.approx((snr, 80), abs=8)
            assert told.snr == pytest.approx(snr, abs=1)


def test_several_calls_may_be_in_a_recording():
    sound = sides("v29_nonecm_begin"), sides("v17_ecm_two_pages"), sides("v29_ecm")
    events = heard(np.concatenate(sound, axis=1))
    pages = of(PageHeard, events)
    abouts = [*truth("v17_ecm_two_pages")["pages"], *truth("v29_ecm")["pages"]]
    assert len(pages) == 3
    assert all(map(is_page, pages, abouts))
    assert "".join(one.phase for one in of(PhaseBegun, events)) == "ABCDCDEBCDE"


def test_phases_follow_each_other():
    begun = of(PhaseBegun, stereo("v17_ecm_two_pages"))
    assert "".join(one.phase for one in begun) == "ABCDCDE"
    assert [round(one.begin / 8000, 1) for one in begun] == sorted(
        round(one.begin / 8000, 1) for one in begun
    )


def test_what_was_sent_again_is_counted():
    (page,) = of(PageHeard, stereo("v17_ecm_pcmu"))
    assert page.record.again == 48
    assert page.why == "T.85 L0 is not decoded here"


@pytest.mark.parametrize("late", [0, 1600])
def test_echoes_of_the_other_side_are_told_apart(late):
    receiver, sender = sides("v29_nonecm")
    receiver, sender = np.pad(receiver, (0, APART)), np.pad(sender, (APART, 0))
    weak = [np.pad(one, (late, 0))[: len(one)] // 8 for one in (sender, receiver)]
    events = heard(np.stack([receiver + weak[0], sender + weak[1]]).astype(np.int16))
    (page,) = of(PageHeard, events)
    assert page.record.confirmed
    own = [one for one in of(Spoken, events) if one.good and not one.echo]
    expected = truth("v29_nonecm")["control"]
    assert sorted((one.channel + 1, one.frame.octets().hex()) for one in own) == sorted(
        (one["channel"], one["octets"]) for one in expected
    )
    assert any(one.echo for one in of(Spoken, events))


def test_two_channels_with_the_same_are_one_call():
    (both,) = mixed(sides("v29_nonecm")[0], np.pad(sides("v29_nonecm")[1], (APART, 0)))
    events = heard(np.stack([both, both]))
    own = [one for one in of(Spoken, events) if one.good and not one.echo]
    assert [one.frame.octets().hex() for one in own] == frames(mono("v29_nonecm"))
    (page,) = of(PageHeard, events)
    assert is_page(page, truth("v29_nonecm")["pages"][0])


@given(st.lists(st.integers(1, 30_000), min_size=1, max_size=8), st.booleans())
@settings(max_examples=6, deadline=None)
def test_however_a_call_is_cut_the_same_is_told(sizes, two):
    sound = sides("v29_nonecm")[:, 25_000 : 100_000 + sum(sizes) % 1000]
    sound = sound if two else mixed(*sound)
    listener, at, events = FaxListener(len(sound)), 0, []
    while at < sound.shape[1]:
        for size in sizes:
            events += listener.process(sound[:, at : at + size])
            at += size
    events += listener.finish()
    assert list(map(record, events)) == list(map(record, heard(sound)))
