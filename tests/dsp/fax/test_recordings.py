"""Calls between two ends of a real FreeSWITCH, heard whole by our receivers."""

import json
import shutil
from functools import cache

import pytest
import soundfile

from dsp.fax.hdlc import Deframer
from dsp.modem import v17, v21, v27ter, v29
from tests.support.fax_listener import Listener
from tests.support.faxed import pixels, shows, summed, told
from tests.support.fixture import FIXTURES

CALLS = sorted(
    path.stem for path in (FIXTURES / "fax").glob("*.json") if "fax" in json.loads(path.read_text())
)
MODEMS = {"v17": v17, "v27ter": v27ter, "v29": v29}


def fast(modem: str, bit_rate: int):
    return MODEMS[modem].Receiver(bit_rate)


@cache
def truth(name):
    return json.loads((FIXTURES / "fax" / f"{name}.json").read_text())["fax"]


@cache
def sound(name):
    return soundfile.read(FIXTURES / "fax" / f"{name}.flac", dtype="int16")[0]


@cache
def heard(name):
    listener = Listener(v21.Receiver, fast, Deframer)
    for begin in range(0, len(sound(name)), 160):
        listener.process(sound(name)[begin : begin + 160])
    return listener, told(listener, Deframer)


def test_there_are_six():
    assert len(CALLS) == 6


@pytest.mark.parametrize("name", CALLS)
def test_every_frame_of_both_sides_is_heard(name):
    found, expected = heard(name)[1]["control"], truth(name)["control"]
    assert [(one["channel"], one["octets"]) for one in found] == [
        (one["channel"], one["octets"]) for one in expected
    ]
    for one, other in zip(found, expected, strict=True):
        assert one["at"] == pytest.approx(other["at"], abs=0.1)


@pytest.mark.parametrize("name", CALLS)
def test_every_bit_of_the_fast_modems_is_heard(name):
    found, expected = heard(name)[1]["bursts"], truth(name)["bursts"]
    times = ("from", "to")
    assert [{key: one[key] for key in one if key not in times} for one in found] == [
        {key: one[key] for key in one if key not in times} for one in expected
    ]
    for one, other in zip(found, expected, strict=True):
        assert [one[key] for key in times] == pytest.approx([other[key] for key in times], abs=0.1)


@pytest.mark.parametrize("name", CALLS)
def test_nothing_is_heard_that_is_not_there(name):
    listener, _ = heard(name)
    assert listener.failed == []
    assert listener.flawed == []
    # V.21 is sent as often as there is a frame that says that it is the last one (T.30 5.3.5)
    for side, carriers in enumerate(listener.carriers):
        last = [one for one in listener.control if one.side == side and one.octets[1] == 0x13]
        holes = [one for one in truth(name)["holes"] if one["channel"] == side + 1]
        assert len(last) <= carriers <= len(last) + len(holes)


@pytest.mark.parametrize("name", CALLS)
def test_a_fast_modem_does_not_hear_the_side_that_sends_none(name):
    settings = heard(name)[0].bursts[0].settings
    receiver = fast(settings.modem, settings.bit_rate)
    assert len(receiver.process(sound(name)[:, 0])) == 0
    assert receiver.reports() == []


@pytest.mark.parametrize("name", CALLS)
def test_every_page_is_heard(name):
    found = [summed(page) for page in heard(name)[1]["pages"]]
    expected = truth(name)["pages"]
    assert found == [
        {key: page[key] for key in ("coding", "octets", "sha256")} for page in expected
    ]


@pytest.mark.parametrize("name", CALLS)
def test_libtiff_sees_the_pages_that_were_sent(name):
    if shutil.which("tiffcp") is None:
        pytest.skip("libtiff's tiffcp is not installed")
    for page, about in zip(heard(name)[1]["pages"], truth(name)["pages"], strict=True):
        assert shows(page, pixels(FIXTURES / "fax" / about["file"], about["page"]))
