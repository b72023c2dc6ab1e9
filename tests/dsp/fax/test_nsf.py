import pytest
from hypothesis import given
from hypothesis import strategies as st

from dsp.fax.fields import (
    load,
)
from dsp.fax.frames import (
    FacilitiesFrame,
)
from dsp.fax.nsf import facilities, reversed_bits
from dsp.fax.trace import trace
from tests.support import spandsp_t30


def test_what_a_log_of_hylafax_has():
    # its log has the octets with their bits turned round
    told = "AD 00 55 48 79 6C 61 46 41 58 20 28 74 6D 29 20 56 65 72 73 69 6F 6E 20 36 2E 30 2E 33"
    frame = FacilitiesFrame("NSF", reversed_bits(bytes.fromhex(told)))
    assert trace(frame) == 'NSF HylaFAX, United States, "HylaFAX (tm) Version 6.0.3"'


@pytest.mark.parametrize("turned", [False, True])
def test_makers_are_known_by_their_codes_in_either_order(turned):
    for code, name in load("vendors.toml")["vendors"].items():
        fif = bytes.fromhex(code)
        found = facilities(reversed_bits(fif) if turned else fif)
        # 08 00 and 10 00 are each other's way round, the order of T.30 is the former's
        if code not in ("00 08 00", "00 10 00"):
            assert found.vendor == name
    assert facilities(reversed_bits(bytes.fromhex("001000"))).vendor == "Funai Electric"


def test_makers_are_those_that_spandsp_finds():
    # a maker that has changed its name, a misspelling, and two that are each other's way round
    others = {"B5 00 68", "00 00 46", "00 10 00", "00 08 00"}
    known = 0
    for code, name in load("vendors.toml")["vendors"].items():
        for fif in (bytes.fromhex(code), reversed_bits(bytes.fromhex(code))):
            country, theirs = spandsp_t30.vendor(fif)
            assert (country is None) == (facilities(fif).country is None)
            if theirs is not None and "Unknown" not in theirs and code not in others:
                known += 1
                words = set(theirs.casefold().replace("/", " ").split())
                assert words & set(name.casefold().replace(",", "").split()), (code, theirs, name)
    assert known > 100


def test_models_and_texts():
    hp = FacilitiesFrame("NSF", reversed_bits(bytes.fromhex("ad0036 c000000000 8b")))
    assert (hp.facilities.vendor, hp.facilities.model) == ("HP", "Fax-920")
    ricoh = reversed_bits(bytes.fromhex("000025") + b"\0\0" + b"555-1234"[::-1])
    assert facilities(ricoh).text == "555-1234"
    assert facilities(b"").country is None
    nobody = facilities(bytes.fromhex("e7e7"))
    assert (nobody.country, nobody.vendor, nobody.text) == (None, None, None)


@given(st.binary(max_size=40))
def test_any_facilities_are_read(fif):
    assert trace(FacilitiesFrame("NSF", fif)).startswith("NSF ")
