from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dsp.fax.capabilities import Capabilities, Settings
from dsp.fax.fields import (
    FrameError,
    resolutions,
)
from dsp.fax.frames import (
    CapabilityFrame,
    CommandFrame,
    parse,
)
from dsp.fax.negotiation import IncompatibleError, Page, choose, common_rates, unable
from tests.support import spandsp_t30
from tests.support.fax_frames import FIXTURES, attributes, capabilities, coded


def spandsp_dcs(far, *, modems, ecm):
    """What spandsp sends a fine page of A4 with, when it has heard a DIS."""
    names = {
        "V.27ter, V.29, V.17": ("V.27ter", "V.29", "V.17"),
        "V.27ter, V.29": ("V.27ter", "V.29"),
    }
    terminal = spandsp_t30.Terminal(
        FIXTURES / "page.tiff", modems=names[modems], compressions=("MH", "MR", "MMR"), ecm=ecm
    )
    sent = [parse(one) for one in terminal.answer(CapabilityFrame("DIS", far.fif()).octets())]
    (dcs,) = [one for one in sent if isinstance(one, CommandFrame)]
    assert dcs.x and dcs.flaws == ()
    return dcs.settings


@settings(max_examples=60)
@given(
    attributes(
        Capabilities,
        "dis",
        modems=st.sampled_from(["V.27ter", "V.27ter, V.29", "V.27ter, V.29, V.17"]),
        widths=coded("dis", "widths"),
        lengths=coded("dis", "lengths"),
        scan_times=coded("dis", "scan_times"),
    ),
    st.sampled_from(["V.27ter, V.29", "V.27ter, V.29, V.17"]),
    st.booleans(),
)
def test_the_same_is_chosen_as_by_spandsp(drawn, modems, ecm):
    values = {name: getattr(drawn, name) for name in Capabilities.__dataclass_fields__}
    # spandsp cannot send a fine page otherwise, and takes no frames of 64; `also` has polling
    values |= {"fine": True, "receives": True, "small_frames": False, "also": frozenset()}
    values |= dict.fromkeys(("t37", "t38", "has_document", "inch", "metric", "v8"), False)
    far = Capabilities(**values)
    own = Capabilities(
        modems, ecm=ecm, mr=True, mmr=True, fine=True, widths="A4, B4, A3", lengths="unlimited"
    )
    ours = choose(far, own, Page("R8 × 7.7"))
    theirs = spandsp_dcs(far, modems=modems, ecm=ecm)
    assert ours == theirs


@given(capabilities, capabilities, st.sampled_from(list(resolutions())), st.booleans())
def test_what_is_chosen_can_be_done_by_both(far, own, resolution, ecm):
    for width in ("A4", "B4", "A3"):
        try:
            now = choose(far, own, Page(resolution, width), ecm=ecm)
        except IncompatibleError:
            assert not (far.receives and set(far.rates) & set(own.rates))
        else:
            assert unable(now, far) == unable(now, own) == ()
            assert Settings.parse(now.fif()) == now


def test_settings_that_an_end_cannot_do_are_told():
    now = Settings(
        "V.17 14400", True, coding="T.85", resolution="300 × 300", width="A3", length="B4"
    )
    assert unable(now, Capabilities(modems="V.29")) == (
        "rate V.17 14400",
        "error correction",
        "coding T.85",
        "resolution 300 × 300",
        "width A3",
        "length B4",
    )
    own = Capabilities(ecm=True, mmr=True)
    assert unable(Settings("V.17 14400", coding="MMR"), own) == (
        "coding MMR without error correction",
    )
    assert unable(Settings("0011"), own) == ("rate 0011",)


FAR = Capabilities(ecm=True, mr=True, mmr=True, fine=True, scan_times="20, 10", widths="A4, B4")
OWN = Capabilities(
    ecm=True, mr=True, mmr=True, fine=True, superfine=True, dpi_300=True, widths="A4, B4, A3"
)


@pytest.mark.parametrize(
    ("page", "resolution", "width"),
    [
        (Page("R8 × 3.85"), "R8 × 3.85", "A4"),
        (Page("200 × 100"), "200 × 100", "A4"),
        (Page("R8 × 7.7"), "R8 × 7.7", "A4"),
        (Page("R8 × 15.4", "A3"), "R8 × 7.7", "B4"),
        (Page("200 × 400"), "200 × 200", "A4"),
        (Page("300 × 300"), "200 × 200", "A4"),
        (Page("R16 × 15.4", "B4"), "R8 × 7.7", "B4"),
    ],
)
def test_a_page_is_made_less_fine_and_narrower_and_never_more(page, resolution, width):
    now = choose(FAR, OWN, page)
    assert (now.resolution, now.width) == (resolution, width)


def test_scan_lines_take_no_time_by_error_correction_alone():
    assert choose(FAR, OWN, Page("R8 × 7.7")).scan_time == "0"
    assert choose(FAR, OWN, Page("R8 × 7.7"), ecm=False).scan_time == "10"
    assert choose(FAR, OWN, Page("R8 × 3.85"), ecm=False).scan_time == "20"


@pytest.mark.parametrize(
    ("times", "halved", "time"),
    [("20, 10", False, 10), ("20, 10", True, 5), ("10, 5", True, 5), ("40, 40", True, 20)],
)
def test_scan_lines_of_superfine_may_take_half_the_time(times, halved, time):
    far = replace(FAR, superfine=True, scan_times=times, halved=halved)
    assert far.scan_time("R8 × 15.4") == time
    assert choose(far, OWN, Page("R8 × 15.4"), ecm=False).scan_time == str(time)


def test_codings_that_want_error_correction_are_not_taken_without():
    assert choose(FAR, OWN, Page()).coding == "MMR"
    assert choose(FAR, OWN, Page(), ecm=False).coding == "MR"
    # which is also how a DIS without ECM and with MMR is to be read
    assert Capabilities(mmr=True, mr=True).codings == ("MR", "MH")


def test_rates_fall_back_within_what_is_common():
    far = Capabilities(modems="V.27ter, V.29")
    assert choose(far, OWN, Page(), rate="V.27ter 4800").bit_rate == 4800
    with pytest.raises(FrameError, match=r"is none of V\.29 9600"):
        choose(far, OWN, Page(), rate="V.17 9600")
    assert common_rates(Capabilities(), Capabilities())[:4] == (
        "V.17 14400",
        "V.17 12000",
        "V.17 9600",
        "V.29 9600",
    )


def test_frames_of_64_octets_are_used_where_they_are_preferred():
    far = Capabilities(ecm=True, small_frames=True)
    assert choose(far, OWN, Page()).frame_size == 64
    assert choose(far, OWN, Page(), ecm=False).frame_size == 256


def test_ends_that_cannot_do_it():
    with pytest.raises(IncompatibleError, match="cannot receive"):
        choose(Capabilities(receives=False), OWN, Page())
    with pytest.raises(IncompatibleError, match="no rate is common"):
        choose(Capabilities(modems="0101"), OWN, Page())


def test_reserved_codes_allow_what_all_can():
    far = Capabilities(widths="11", lengths="11")
    own = Capabilities(widths="A4, B4, A3", lengths="unlimited")
    now = choose(far, own, Page("R8 × 3.85", "A3"))
    assert (now.width, now.length) == ("A4", "A4")
