"""The procedure by itself, where a far end is at fault and sound adds nothing."""

from dsp.fax.capabilities import Settings
from dsp.fax.config import EVERYTHING, Config
from dsp.fax.frames import CapabilityFrame, CommandFrame, Plain
from tests.support.fax_anything import PAGES, FarEnd, Store

DIS = CapabilityFrame("DIS", EVERYTHING.fif())
DCS = CommandFrame(Settings("V.29 9600").fif(), x=True)


def sending(*frames, able=EVERYTHING):
    """A terminal that has called and sends, and has heard these frames."""
    far = FarEnd(Config(able=able, seconds=900.0), calling=True, pages=PAGES)
    far.machine.flags()
    far.hear(*frames)
    return far


def receiving(*frames):
    far = FarEnd(Config(seconds=900.0), calling=False, sink=Store())
    far.hear(*frames)
    return far


def test_a_dcs_that_is_said_twice_at_once_has_its_check_waited_for():
    far = receiving()
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
