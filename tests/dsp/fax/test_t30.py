"""The procedure by itself, where a far end is at fault and sound adds nothing."""

from dataclasses import replace

import pytest

from dsp.fax import pagecode
from dsp.fax.capabilities import Settings
from dsp.fax.config import EVERYTHING, Config
from dsp.fax.frames import (
    CapabilityFrame,
    CommandFrame,
    EndOfRetransmission,
    PageRequest,
    PartialPage,
    Plain,
)
from tests.support.fax_anything import ONLY_LINES, PAGES, FarEnd, Store
from tests.support.fax_pages import dithered, letter, strip

DIS = CapabilityFrame("DIS", EVERYTHING.fif())
DCS = CommandFrame(Settings("V.29 9600").fif(), x=True)


def sending(*frames, able=EVERYTHING):
    """A terminal that has called and sends, and has heard these frames."""
    far = FarEnd(Config(able=able, seconds=900.0), calling=True, pages=PAGES)
    far.machine.flags()
    far.hear(*frames)
    return far


def receiving(command=DCS, *, seconds=2.0, **config):
    """A terminal that was called and awaits a page, or is to say so."""
    far = FarEnd(Config(seconds=900.0, **config), calling=False, sink=Store())
    far.go_on(6.0)
    far.hear(command)
    far.happen("fast lost", zeros=20_000)
    far.go_on(seconds)
    return far


@pytest.mark.parametrize("command", ["CRP", "RR"])
def test_a_page_is_not_confirmed_by_the_answer_to_the_one_before(command):
    far = receiving()
    far.page_comes(1.0)
    far.hear(Plain("MPS"))
    far.happen("stored")
    far.hear(Plain(command))
    assert far.said[-3:] == ["CFR", "MCF", "MCF"]
    far.go_on(2.0)
    far.page_comes(1.0)
    far.hear(Plain(command))
    assert far.said.count("MCF") == 2 and far.machine.confirmed == 1


def test_dcn_instead_of_an_answer_to_the_training_has_the_number_that_spandsp_has():
    far = sending(DIS, Plain("DCN"))
    assert far.machine.result().outcome.number == 14


def test_a_dcs_that_is_said_twice_at_once_has_its_check_waited_for():
    far = FarEnd(Config(), calling=False, sink=Store())
    far.go_on(6.0)
    far.machine.frame(DCS.octets(), True)
    far.machine.frame(DCS.octets(), True)
    far.go_on(4.0)
    assert far.said[-1] == "FTT"


def test_a_carrier_that_stood_for_long_is_not_why_a_call_has_ended_that_went_well():
    far = sending(DIS)
    far.go_on(3.0)
    far.machine.flags()
    far.go_on(20.0)
    assert far.machine.state.name == "trained" and far.said.count("DCS") > 1
    far.hear(Plain("CFR"), Plain("MCF"), Plain("MCF"))
    far.leave()
    assert far.machine.result().ok


def test_a_carrier_that_stands_to_the_end_is_why_it_came():
    far = sending(DIS)
    while not far.machine.over:
        far.machine.flags()
        far.go_on(1.0)
    assert far.machine.result().outcome.name == "carrier_stuck"


@pytest.mark.parametrize("wanted", [{0}, {}, {250}])
@pytest.mark.parametrize("able", [EVERYTHING, ONLY_LINES])
def test_who_asks_for_frames_for_ever_is_left(able, wanted):
    far = sending(DIS, Plain("CFR"), able=able)
    for _ in range(60):
        far.hear(PageRequest(frozenset(wanted)))
    assert far.machine.over and not far.machine.confirmed
    assert far.machine.result().outcome.name == "no_page_answer"


def test_who_says_a_new_dis_for_ever_is_left():
    far = sending()
    for number in range(20):
        far.hear(CapabilityFrame("DIS", EVERYTHING.fif() + bytes([number])))
    assert far.said.count("DCS") == 3
    assert far.machine.result().outcome.name == "no_training_answer"


@pytest.mark.parametrize("answer", ["RTP", "PIP"])
def test_a_part_of_a_page_is_not_confirmed_for_all_of_it(answer):
    far = FarEnd(Config(seconds=900.0), calling=True, pages=[dithered()])
    far.machine.flags()
    far.hear(DIS, Plain("CFR"), Plain(answer))
    assert far.said[-1] == "PPS" and not far.machine.confirmed
    far.leave()
    assert far.machine.result().outcome.name == "no_page_answer"


@pytest.mark.parametrize("answer", ["RTP", "RTN", "MCF"])
def test_the_time_in_which_a_far_end_may_be_not_ready_ends_with_its_answer(answer):
    far = sending(DIS, Plain("CFR"), Plain("RNR"))
    assert "T5" in far.machine.call.timers
    far.hear(Plain(answer))
    far.go_on(2.0)
    assert "T5" not in far.machine.call.timers


def test_three_trainings_follow_a_page_that_was_refused():
    far = sending(DIS, Plain("CFR"), Plain("RTN"))
    far.leave()
    assert far.said.count("DCS") == 1 + 3
    assert far.machine.result().outcome.name == "no_training_answer"


def test_an_interrupt_that_was_not_answered_to_the_far_end_is_answered_again():
    far = receiving(interrupts=True)
    far.page_comes(1.0)
    far.hear(Plain("PRI-EOM"))
    far.happen("stored")
    far.hear(Plain("PRI-EOM"), Plain("CRP"))
    assert far.said[-3:] == ["PIP"] * 3 and far.machine.confirmed == 1
    far.go_on(2.0)
    assert far.machine.state.name == "interrupted"


@pytest.mark.parametrize("more", ["DCS", "EOP"])
def test_what_goes_on_behind_the_last_page_is_not_well_by_that(more):
    far = receiving()
    far.page_comes(1.0)
    far.hear(Plain("EOP"))
    far.happen("stored")
    far.go_on(2.0)
    assert far.machine.state.name == "last"
    far.hear(DCS if more == "DCS" else Plain("EOP"))
    if more == "DCS":
        far.leave()
        assert not far.machine.result().ok
    else:
        far.machine.hung_up()
        assert far.machine.result().ok


def test_a_page_that_is_given_up_before_its_frames_were_counted_is_not_confirmed():
    far = receiving(CommandFrame(Settings("V.29 9600", ecm=True).fif(), x=True))
    far.page_comes(1.0)
    far.hear(EndOfRetransmission("EOP", x=True))
    far.happen("stored")
    far.leave()
    assert "ERR" in far.said and len(far.sink) == 1 and not far.machine.confirmed
    assert far.machine.result().outcome.name == "gave_up"


# -- pages that are lost or break off ----------------------------------------------------------

ECM = Settings("V.29 9600", ecm=True, resolution="R8 × 7.7")
OCTETS = pagecode.encode(strip(letter(), 300), ECM)
FRAMES = len(OCTETS) // 256 + 1


def frames_come(far, numbers, seconds=0.01):
    """Frames of a page, each so long."""
    far.machine.trained()
    for number in numbers:
        far.go_on(seconds)
        data = OCTETS[number * 256 : (number + 1) * 256].ljust(256, b"\0")
        far.machine.picture(bytes([0xFF, 3, 6, number]) + data, True)
    far.machine.fast_lost()


def receiving_frames(settings=ECM):
    return receiving(CommandFrame(settings.fif(), x=True))


@pytest.mark.parametrize("seconds", [10.0, 50.0])
def test_the_end_of_a_page_that_broke_off_is_waited_for(seconds):
    far = receiving()
    far.page_comes(0.5)
    far.line.busy = True
    far.go_on(seconds)
    far.line.busy = False
    far.go_on(1.0)
    far.machine.flags()
    far.go_on(1.0)
    far.hear(Plain("EOP"))
    assert far.said[-1] == "RTN"


def test_the_end_of_a_slow_partial_page_that_broke_off_is_waited_for():
    far = receiving_frames(replace(ECM, rate="V.27ter 2400"))
    frames_come(far, range(3))
    far.line.busy = True
    far.go_on(200.0)
    far.line.busy = False
    far.hear(PartialPage("EOP", 0, 0, FRAMES, x=True))
    assert far.said[-1] == "PPR"


@pytest.mark.parametrize("begun", [False, True])
def test_what_is_as_loud_as_a_page_for_ever_is_left(begun):
    far = receiving()
    if begun:
        far.page_comes(0.5)
    far.line.busy = True
    far.leave()
    wanted = "no_page_end" if begun else "no_page_in_time"
    assert far.machine.result().outcome.name == wanted


@pytest.mark.parametrize("seconds", [2.0, 7.0, 7.05, 30.0])
def test_t2_is_counted_from_the_end_of_a_page_that_is_not_heard(seconds):
    far = receiving()
    far.line.busy = True
    far.go_on(seconds)
    far.line.busy = False
    far.go_on(5.0)
    assert far.machine.state.name == "page"
    far.go_on(2.0)
    assert "DCN" in far.said


def answered(far):
    """The end of an answer."""
    while far.line.waiting or far.deaf:
        far.go_on(0.02)


@pytest.mark.parametrize("begins", [0.2, 0.6])
@pytest.mark.parametrize(
    ("later", "answer"), [(-0.2, "MCF"), (0.2, "MCF"), (0.4, "RTN"), (0.55, "RTN")]
)
def test_a_command_comes_again_no_later_than_a_page_would_begin(begins, later, answer):
    far = receiving(seconds=0.0)
    answered(far)
    far.go_on(begins)
    far.page_comes(1.0)
    far.hear(Plain("MPS"))
    far.happen("stored")
    answered(far)
    far.go_on(begins + later)
    far.machine.flags()
    far.go_on(1.0)
    far.hear(Plain("MPS"))
    assert far.said[-1] == answer


@pytest.mark.parametrize("seconds", [1.3, 1.7, 4.0])
def test_or_when_t4_is_over(seconds):
    far = receiving()
    far.page_comes(1.0)
    far.hear(Plain("MPS"))
    far.happen("stored")
    answered(far)
    far.go_on(seconds)
    far.machine.flags()
    far.go_on(1.0)
    far.hear(Plain("MPS"))
    assert far.said[-1] == "MCF"


def test_a_sender_that_sends_all_frames_again_gets_on():
    far = receiving_frames()
    frames_come(far, range(FRAMES - 1))
    far.hear(PartialPage("EOP", 0, 0, FRAMES, x=True))
    far.go_on(4.0)
    frames_come(far, range(FRAMES), seconds=2.0)
    far.hear(PartialPage("EOP", 0, 0, FRAMES, x=True))
    assert far.machine.state.name == "store"


def test_a_sender_of_one_frame_for_ever_does_not_get_on():
    far = receiving_frames()
    frames_come(far, [0] * 100, seconds=2.0)
    assert far.machine.over and far.machine.result().outcome.name == "carrier_lost"


@pytest.mark.parametrize("lost", [0, 1, 2])
def test_frames_count_as_sent_again_once_though_they_are_asked_for_again(lost):
    far = receiving_frames()
    frames_come(far, range(2, FRAMES))
    far.hear(*[PartialPage("EOP", 0, 0, FRAMES, x=True)] * (1 + lost))
    for number in range(2):
        far.go_on(4.0)
        frames_come(far, [number])
        far.hear(PartialPage("EOP", 0, 0, FRAMES, x=True))
    far.happen("stored")
    assert far.said.count("PPR") == 2 + lost
    assert [one.again for one in far.machine.result().pages] == [2 + 1]


def test_frames_that_were_given_up_were_not_sent_again():
    far = sending(DIS, Plain("CFR"), able=replace(EVERYTHING, modems="V.27ter"))
    ask, wanted = PageRequest(frozenset({0})), 0
    while "EOR" not in far.said:
        far.hear(ask)
        wanted += 1
        if far.said[-1] == "CTC":
            far.hear(Plain("CTR"))
    far.hear(Plain("ERR"))
    assert far.machine.result().pages[0].again == wanted - 1


@pytest.mark.parametrize("then", ["MPS", "EOP"])
def test_a_page_of_a_sender_that_does_not_count_them_is_not_confirmed_unseen(then):
    far = receiving_frames()
    far.page_comes(1.0)
    far.hear(PartialPage("MPS", 0, 0, 1, x=True))
    far.happen("stored")
    far.go_on(4.0)
    far.line.unheard = 3.0 if then == "MPS" else 0.0
    far.hear(PartialPage(then, 0, 0, 1, x=True))
    assert far.said[-1] == "PPR" and far.machine.confirmed == 1
