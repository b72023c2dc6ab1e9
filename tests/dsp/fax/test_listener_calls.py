"""Who listens to calls that are made for it: between libspandsp's terminals, and awkward ones."""

from dataclasses import replace
from itertools import islice

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dsp.fax import ecm, pagecode
from dsp.fax.capabilities import Capabilities, Settings
from dsp.fax.config import EVERYTHING, Config
from dsp.fax.frames import (
    CapabilityFrame,
    CommandFrame,
    ContinueToCorrect,
    EndOfRetransmission,
    PageRequest,
    PartialPage,
    Plain,
)
from dsp.fax.listener import FaxListener, ListenerError
from dsp.fax.listener_events import Burst, Check, PageHeard, PhaseBegun, Spoken, record
from dsp.fax.mouth import Check as SayCheck
from dsp.fax.mouth import Control, Image, Silence
from dsp.fax.sink import Pages
from dsp.fax.terminal import FaxTerminal
from dsp.types import whole
from tests.support import fax_call, fax_pages
from tests.support.fax_sounds import said
from tests.support.signals import noise
from tests.support.spandsp_fax import SpandspFax
from tests.support.speech import PROMPTS, recorded

SHORT = [fax_pages.strip(fax_pages.text(number=one), 300) for one in (1, 2, 3)]
ECM = Settings("V.17 14400", ecm=True, coding="MMR", resolution="R8 × 7.7")
PAUSE = Silence(0.1)


def heard(*channels):
    length = max(map(len, channels))
    sound = np.stack([np.pad(one, (0, length - len(one))) for one in channels])
    listener = FaxListener(len(sound))
    return listener.process(sound) + listener.finish()


def pages_in(events):
    return [one for one in events if isinstance(one, PageHeard)]


def of(kind, events):
    return [one for one in events if isinstance(one, kind)]


# -- libspandsp ---------------------------------------------------------------------------------


class Clicks:
    """A line on which some of what A says is drowned by clicks of 10 ms."""

    def __init__(self, *times):
        self._times, self._at = times, 0

    def process(self, a, b):
        clicks = (self._at <= time * 8000 < self._at + len(a) for time in self._times)
        self._at += len(a)
        if any(clicks):
            click = np.random.default_rng(self._at).normal(0, 1000, 80)
            a = a.copy()
            a[40:120] = np.clip(a[40:120] + click, -32768, 32767)
        return b, a


def called(tmp_path, pages, *, line=None, **options):
    """A call between two of libspandsp's terminals, and what the called one has of it."""
    file, got = fax_pages.write(pages, tmp_path / "sent.tiff"), tmp_path / "got.tiff"
    a = SpandspFax(True, file, ident="+1 555 0100", **options)
    b = SpandspFax(False, receive=got, ident="+1 555 0199", **options)
    call = fax_call.call(a, b, line=line, sound=True)
    assert call.ok
    return call, fax_pages.rows_in(got)


@pytest.mark.parametrize("where", ["two channels", "one channel"])
def test_pages_of_error_correction_are_those_that_came(tmp_path, where):
    call, got = called(tmp_path, SHORT[:2])
    # as they are at B's end of the line
    sound = (call.said[1], call.heard[1])
    one = (np.sum(sound, axis=0, dtype=np.int32).astype(np.int16),)
    pages = pages_in(heard(*(sound if where == "two channels" else one)))
    assert [(one.record.coding, one.record.ecm, one.record.confirmed) for one in pages] == [
        ("MMR", True, True)
    ] * 2
    for page, sent, rows in zip(pages, SHORT[:2], got, strict=True):
        assert np.array_equal(page.page.rows, rows)
        assert np.array_equal(page.page.rows, sent.rows)
        assert page.quality.ended


@pytest.mark.parametrize("modem", ["V.17", "V.29", "V.27ter"])
def test_pages_of_lines_are_those_that_came(tmp_path, modem):
    modems = ("V.27ter",) if modem == "V.27ter" else (modem, "V.27ter")
    page = fax_pages.strip(SHORT[0], 100)
    call, (rows,) = called(tmp_path, [page], ecm=False, modems=modems)
    (found,) = pages_in(heard(*call.said))
    assert (found.record.coding, found.record.confirmed) == ("MR", True)
    assert found.record.rate.startswith(modem)
    assert np.array_equal(found.page.rows, rows)


def test_frames_that_were_lost_come_again(tmp_path):
    line = Clicks(11.0, 13.0)
    call, (rows,) = called(tmp_path, [fax_pages.strip(fax_pages.dithered(), 100)], line=line)
    assert any(one.frame.name == "PPR" for one in call.b.trace if one.frame)
    events = heard(call.said[1], call.heard[1])
    bad = [one.content.bad for one in of(Burst, events) if hasattr(one.content, "ends")]
    assert len(bad) > 1
    (page,) = pages_in(events)
    assert page.record.again > 0
    assert page.record.confirmed
    assert page.why == ""
    assert np.array_equal(page.page.rows, rows)


# -- our own terminals --------------------------------------------------------------------------


@pytest.mark.parametrize("ecm", [True, False])
@pytest.mark.parametrize("channels", [1, 2])
def test_it_tells_what_the_terminals_tell(ecm, channels):
    config = Config(able=replace(EVERYTHING, ecm=ecm))
    got = Pages()
    a = FaxTerminal(True, send=SHORT[:2], config=config)
    call = fax_call.call(a, FaxTerminal(False, receive=got, config=config), sound=True)
    assert call.ok
    sound = (call.said[1], call.heard[1])
    events = heard(*sound) if channels == 2 else heard(whole(np.sum(sound, axis=0, dtype=int)))
    trace = [(one.frame.title, one.side == "heard") for one in call.b.trace if one.frame]
    told = [(one.frame.title, one.role == "sender") for one in of(Spoken, events)]
    assert told == trace
    for page, record_of, rows in zip(pages_in(events), call.b.pages, got, strict=True):
        assert np.array_equal(page.page.rows, rows.rows)
        assert (page.record.number, page.record.answer) == (record_of.number, record_of.answer)
        assert page.record.rate == record_of.rate


# -- awkward ends -------------------------------------------------------------------------------


def control(*frames):
    return Control(tuple(one.octets() for one in frames)), PAUSE


def setup(now=ECM):
    """DCS and its check, and CFR."""
    return (
        *control(CommandFrame(now.fif())),
        SayCheck(now.rate),
        PAUSE,
        *control(Plain("CFR")),
    )


def lines(page, now, *, short=True):
    return Image(now.rate, short, pagecode.lines(pagecode.encode(page, now))), PAUSE


def burst(page, now, *, short=True):
    return Image(now.rate, short, page.source(now.bit_rate)), PAUSE


def outgoing(page, now=ECM):
    return ecm.Outgoing(pagecode.encode(page, now), now.frame_size)


def pps(then, page, block, frames):
    return control(PartialPage(then, page, block, frames))


def same(found, page):
    return np.array_equal(found.page.rows, page.rows)


def test_a_page_that_is_refused_is_told_and_so_is_the_next_try():
    now = Settings("V.29 9600", coding="MR", resolution="R8 × 7.7")
    slower = Settings("V.27ter 4800", coding="MH", resolution="R8 × 7.7")
    page = fax_pages.strip(SHORT[0], 60)
    events = heard(
        said(
            *setup(now),
            *lines(page, now),
            *control(Plain("EOP")),
            *control(Plain("RTN")),
            *setup(slower),
            *lines(page, slower),
            *control(Plain("EOP")),
            *control(Plain("MCF")),
            *control(Plain("DCN")),
        )
    )
    first, second = pages_in(events)
    assert (first.record.number, first.record.answer, first.record.confirmed) == (1, "RTN", False)
    assert (second.record.number, second.record.rate, second.record.again) == (1, slower.rate, 1)
    assert second.record.confirmed
    assert same(first, page)
    assert same(second, page)
    phases = "".join(one.phase for one in of(PhaseBegun, events))
    assert phases == "ABCDBCDE"


def test_a_page_goes_on_at_another_rate():
    page = fax_pages.strip(SHORT[1], 300)
    sent = outgoing(page)
    count = sent.frames
    first = burst(sent, ECM)
    asked = frozenset({0, count - 1})
    sent.request(asked)
    slower = Settings("V.27ter 4800", ecm=True, coding="MMR", resolution="R8 × 7.7")
    events = heard(
        said(
            *setup(),
            *first,
            *pps("EOP", 0, 0, count),
            *control(PageRequest(asked)),
            *control(ContinueToCorrect.of(slower.rate)),
            *control(Plain("CTR")),
            *burst(sent, slower, short=False),
            *pps("EOP", 0, 0, 2),
            *control(Plain("MCF")),
        )
    )
    (found,) = pages_in(events)
    assert same(found, page)
    assert (found.record.rate, found.record.again) == ("V.27ter 4800", 2)
    assert [one.modem for one in of(Burst, events) if one.what == "picture"] == [
        "V.17 14400",
        "V.27ter 4800",
    ]


def test_partial_pages_are_one_page():
    now = Settings("V.17 14400", ecm=True, small_frames=True, coding="MH", resolution="R8 × 7.7")
    page = fax_pages.strip(fax_pages.dithered(), 60)
    sent = outgoing(page, now)
    assert sent.blocks == 2
    first, frames = burst(sent, now), sent.frames
    sent.next_block()
    events = heard(
        said(
            *setup(now),
            *first,
            *pps("NULL", 0, 0, frames),
            *control(Plain("MCF")),
            *pps("NULL", 0, 0, frames),
            *control(Plain("MCF")),
            *burst(sent, now),
            *pps("MPS", 0, 1, sent.frames),
            *pps("MPS", 0, 1, sent.frames),  # as if the answer had been lost
            *control(Plain("MCF")),
            *pps("MPS", 0, 1, sent.frames),
            *control(Plain("MCF")),
            *control(Plain("DCN")),
        )
    )
    (found,) = pages_in(events)
    assert same(found, page)
    assert found.record.confirmed


def test_what_is_given_up_has_holes():
    now = Settings("V.17 14400", ecm=True, small_frames=True, coding="MH", resolution="R8 × 7.7")
    page = SHORT[2]
    sent = outgoing(page, now)
    count = sent.frames
    sent.request(set(range(count)) - {5, 6})
    events = heard(
        said(
            *setup(now),
            *burst(sent, now),
            *pps("EOP", 0, 0, count),
            *control(PageRequest(frozenset({5, 6}))),
            *control(EndOfRetransmission("EOP")),
            *control(Plain("ERR")),
            *control(Plain("DCN")),
        )
    )
    (found,) = pages_in(events)
    assert found.why == "2 frames are missing"
    assert (found.record.answer, found.record.confirmed) == ("ERR", False)
    assert found.record.bad_rows > 0
    assert np.array_equal(found.page.rows[:5], page.rows[:5])


def test_a_call_that_breaks_off_leaves_what_came():
    now = Settings("V.29 9600", coding="MH", resolution="R8 × 7.7")
    sound = said(*setup(now), *lines(SHORT[0], now))
    (found,) = pages_in(heard(sound[: len(sound) - 8000]))
    rows = len(found.page.rows) - 1
    assert 50 < rows < 300
    assert np.array_equal(found.page.rows[:rows], SHORT[0].rows[:rows])
    assert (found.record.answer, found.record.confirmed, found.quality.ended) == ("", False, False)


def test_frames_without_their_end_are_a_page():
    sent = outgoing(SHORT[0])
    (found,) = pages_in(heard(said(*setup(), *burst(sent, ECM))))
    assert same(found, SHORT[0])
    assert not found.record.confirmed


def test_a_polled_document_goes_the_other_way():
    page = fax_pages.strip(SHORT[0], 60)
    now = Settings("V.27ter 2400", coding="MH", resolution="R8 × 7.7")
    able = CapabilityFrame("DIS", Capabilities(has_document=True).fif())
    asks = CapabilityFrame("DTC", Capabilities().fif(), x=False)
    caller = said(*control(able), Silence(1.3), *control(asks))
    answers = said(
        Silence(len(caller) / 8000), *setup(now), *lines(page, now), *control(Plain("EOP"))
    )
    events = heard(np.pad(caller, (0, len(answers) - len(caller))), answers)
    (found,) = pages_in(events)
    assert same(found, page)
    assert found.channel == 1
    roles = {one.frame.name: one.role for one in of(Spoken, events)}
    assert (roles["DTC"], roles["DCS"]) == ("receiver", "sender")


def test_in_one_channel_nobody_is_taken_for_who_spoke_before():
    # both say the same X, so that nothing tells whose DCN is
    both = [Plain("EOP", x=True), Plain("MCF", x=True), Plain("DCN", x=True)]
    events = heard(said(*(signal for one in both for signal in control(one))))
    assert [one.role for one in of(Spoken, events)] == ["sender", "receiver", None]
    assert [one.role for one in of(Burst, events)] == ["sender", "receiver", None]


@pytest.mark.parametrize("fif", [Settings("V.33 14400").fif(), bytes.fromhex("003000")])
def test_a_modem_that_nobody_knows_is_told_of(fif):
    frame = CommandFrame(fif)
    events = heard(said(*control(frame), SayCheck("V.17 14400"), PAUSE, *control(Plain("EOP"))))
    assert [one.frame.name for one in of(Spoken, events)] == ["DCS", "EOP"]
    assert {one.modem for one in of(Burst, events)} == {"V.21"}


@pytest.mark.parametrize(
    ("now", "why"),
    [
        (Settings("V.29 9600", width="11"), "width 11 is reserved"),
        (Settings("V.29 9600", bft=True), "it is a binary file"),
    ],
)
def test_what_is_no_page_is_told_of(now, why):
    image = lines(fax_pages.strip(SHORT[0], 30), Settings("V.29 9600", resolution="R8 × 7.7"))
    events = heard(said(*setup(now), *image, *control(Plain("EOP")), *control(Plain("MCF"))))
    (found,) = pages_in(events)
    assert (found.page, found.why) == (None, why)
    assert found.record.octets > 100


def test_the_wrong_bits_of_a_check_are_counted():
    sound = said(*setup(Settings("V.27ter 2400")))
    loud = np.random.default_rng(1).normal(0, 700, len(sound))
    (good,) = [one.content for one in of(Burst, heard(sound)) if isinstance(one.content, Check)]
    noisy = np.clip(sound + 4 * loud, -32768, 32767).astype(np.int16)
    (bad,) = [one.content for one in of(Burst, heard(noisy)) if isinstance(one.content, Check)]
    assert good.wrong == 0
    assert good.seconds == pytest.approx(1.36, abs=0.02)
    assert bad.wrong > 0
    assert bad.zeros < good.zeros


def test_frames_that_are_broken_are_told_and_not_believed():
    frame = bytearray(CommandFrame(ECM.fif()).octets())
    sound = said(Control((bytes(frame),)), PAUSE)
    damaged = sound.copy()
    damaged[8000:8200] = 0
    spoken = of(Spoken, heard(damaged))
    assert spoken
    assert not any(one.good for one in spoken)


# -- what is no fax -----------------------------------------------------------------------------


@pytest.mark.parametrize("level", [-40.0, -10.0, 3.0])
def test_noise_is_no_fax(level):
    events = heard(np.clip(noise(20.0, level), -32768, 32767).astype(np.int16))
    assert of(Spoken, events) == pages_in(events) == of(Burst, events) == []


def test_speech_is_no_fax():
    if not PROMPTS.is_dir():
        pytest.skip("asterisk-core-sounds-en-wav is not installed")
    voice = np.concatenate([sound for _, sound in islice(recorded(PROMPTS), 30)])
    events = heard(np.clip(np.rint(voice), -32768, 32767).astype(np.int16))
    assert [one for one in of(Spoken, events) if one.good] == pages_in(events) == []


def test_nothing_is_nothing():
    assert heard(np.zeros(0, dtype=np.int16)) == [PhaseBegun(0, "A")]
    with pytest.raises(ListenerError):
        FaxListener(3)
    with pytest.raises(ListenerError):
        FaxListener(2).process(np.zeros((1, 160), dtype=np.int16))
    with pytest.raises(ListenerError):
        FaxListener(1).process(np.zeros((1, 160), dtype=np.float32))


@given(st.data())
@settings(max_examples=15, deadline=None)
def test_whatever_frames_there_are_they_are_told_within_the_call(data):
    known = [
        Plain("EOP"), Plain("MCF"), Plain("CFR"), Plain("DCN"), Plain("RTN"), Plain("MPS"),
        CommandFrame(ECM.fif()), PartialPage("NULL", 0, 0, 3), PartialPage("EOP", 0, 1, 256),
        EndOfRetransmission("EOP"), ContinueToCorrect.of("V.29 7200"), PageRequest(frozenset({1})),
    ]  # fmt: skip
    frames = st.sampled_from([one.octets() for one in known]) | st.binary(min_size=3, max_size=12)
    sent = outgoing(fax_pages.strip(SHORT[0], 60))
    signals = st.one_of(
        st.builds(lambda one: Control((b"\xff\x13" + one[2:],)), frames),
        st.just(SayCheck("V.17 14400", 0.2)),
        st.builds(lambda: Image("V.17 14400", True, sent.source(14400))),
        st.just(Silence(0.3)),
    )
    sound = said(*data.draw(st.lists(signals, min_size=1, max_size=8)))
    events = heard(sound)
    assert events[0] == PhaseBegun(0, "A")
    assert all(0 <= one.begin <= len(sound) for one in events)
    for event in events:
        record(event)
