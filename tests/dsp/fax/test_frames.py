import json
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dsp.fax.fields import (
    FrameError,
    bits_of,
    table,
)
from dsp.fax.frame import control_of
from dsp.fax.frames import (
    AddressFrame,
    CapabilityFrame,
    CodedData,
    CommandFrame,
    ContinueToCorrect,
    EndOfRetransmission,
    FacilitiesFrame,
    IdentFrame,
    PageRequest,
    PartialPage,
    Plain,
    ReturnToControl,
    Unknown,
    controls,
    parse,
)
from dsp.fax.hdlc import Deframer, encode
from dsp.fax.nsf import reversed_bits
from dsp.fax.trace import describe, record, trace
from tests.support import spandsp_t30
from tests.support.fax_frames import (
    FIXTURES,
    RECORDED,
    recorded,
)

THEN = ["NULL", "EOM", "MPS", "EOP", "EOS", "PRI-EOM", "PRI-MPS", "PRI-EOP"]


def named(*kinds):
    return st.sampled_from([name for name, one in controls().items() if one.kind in kinds])


def frames_of(cls, *names, **values):
    """Any frames of a class, with an X where it may have one."""
    built = st.builds(cls, *names, **values)
    final = st.booleans()
    return st.tuples(built, st.booleans(), final).map(_marked)


def _marked(drawn):
    frame, x, final = drawn
    return replace(frame, x=x and controls()[frame.name].has_x, final=final)


octet = st.integers(0, 255)
octets = st.binary(max_size=40)
built = st.one_of(
    frames_of(Plain, named("plain")),
    frames_of(Plain, named("octets"), octets),
    frames_of(CapabilityFrame, named("capability"), octets),
    frames_of(CommandFrame, octets),
    frames_of(IdentFrame, named("ident"), st.binary(max_size=25)),
    frames_of(FacilitiesFrame, named("facilities"), octets),
    frames_of(
        AddressFrame, named("address"), st.integers(0, 127), st.booleans(), octet, octet, octets
    ),
    frames_of(
        PartialPage, st.sampled_from(THEN[1:]), octet, octet, st.integers(1, 256), st.booleans()
    ),
    frames_of(PartialPage, st.just("NULL"), octet, octet, st.integers(1, 256)),
    frames_of(EndOfRetransmission, st.sampled_from(THEN[1:]), st.booleans()),
    frames_of(EndOfRetransmission, st.just("NULL")),
    frames_of(PageRequest, st.frozensets(octet)),
    frames_of(ContinueToCorrect, st.binary(min_size=2, max_size=2)),
    frames_of(CodedData, octet, st.binary(max_size=256)),
    frames_of(ReturnToControl),
)


@given(built)
def test_a_frame_is_read_as_it_was_built(frame):
    assert parse(frame.octets()) == frame


@given(
    st.one_of(octets, st.tuples(st.sampled_from([b"\xff\x03", b"\xff\x13"]), octets).map(b"".join))
)
def test_any_octets_are_a_frame_that_has_them(received):
    frame = parse(received)
    assert frame.octets() == received
    assert trace(frame) and describe(frame)
    if isinstance(frame, Unknown):
        assert frame.why and frame.flaws == (frame.why,)


@given(built, octets)
def test_octets_after_a_frame_are_kept_and_told(frame, rest):
    received = frame.octets() + rest
    read = parse(received)
    assert read.octets() == received
    if rest and frame.name in ("MCF", "PPS", "EOR", "PPR", "CTC", "RCP"):
        assert type(read) is type(frame) and read.rest == rest
        assert f"{rest.hex(' ')} after its end" in trace(read)


@given(built)
def test_a_frame_goes_through_hdlc(frame):
    (heard,) = Deframer(longest=300).process(np.asarray(encode([frame.octets()])))
    assert heard.good and parse(heard.octets) == frame


@pytest.mark.parametrize("name", RECORDED)
def test_recorded_frames_are_known_and_without_flaw(name):
    for received in recorded(name):
        frame = parse(received)
        assert frame.octets() == received
        assert not isinstance(frame, Unknown) and frame.flaws == ()


def test_a_recorded_call_is_told():
    assert [trace(parse(one)) for one in recorded("v17_ecm_pcmu")] == [
        'CSI "RIG-FS"',
        "DIS V.17 V.29 V.27ter, ECM, T.85 L0 T.85 MMR MR MH, "
        "R16 × 15.4 R8 × 15.4 R8 × 7.7 R8 × 3.85, A4 B4 A3, unlimited, 0 ms, "
        "inch preferred, metric preferred, letter, legal",
        'TSI "RIG-FS"',
        "DCS 14400 V.17, ECM 256, T.85 L0, R8 × 7.7, A4, unlimited, 0 ms",
        "CFR",
        "PPS-EOP page 0, block 0, 86 frames",
        "PPR 218 frames: 17–22 25–27 32–39 41–50 52–53 59–62 64–69 71–72 75–81 86–255",
        "PPS-EOP page 0, block 0, 48 frames",
        "MCF",
        "DCN",
    ]


def test_frames_that_were_asked_for_are_those_that_come_again():
    told = json.loads((FIXTURES / "v17_ecm_pcmu.json").read_text())["fax"]
    request = next(one for one in map(parse, recorded("v17_ecm_pcmu")) if one.name == "PPR")
    again = told["bursts"][2]["parts"]
    lost = [one for one in request.frames if one < 86]
    assert sorted(again) == sorted(lost)


def test_facsimile_control_fields_are_called_as_spandsp_does():
    found = {one: control_of(one) for one in range(256)}
    ours = {one: control.name if control else "???" for one, control in found.items()}
    theirs = {one: spandsp_t30.frame_name(one) for one in range(256)}
    differ = {one: (ours[one], theirs[one]) for one in range(256) if ours[one] != theirs[one]}
    # NULL is one of the second field alone, and CCD is of T.4's characters
    assert differ == {0x00: ("???", "NULL"), 0x46: ("CCD", "???")}


@pytest.mark.parametrize(
    ("received", "told"),
    [
        # 8.6 of T.31, as an example
        ("ff1380004e78", "DIS V.29 V.27ter, no ECM, MH, R8 × 7.7 R8 × 3.85, A4, unlimited, 0 ms"),
        # a T.38 gateway's, from gofaxip's issue 34
        (
            "ff1380006eb800",
            "DIS V.17 V.29 V.27ter, no ECM, MH, R8 × 7.7 R8 × 3.85, A4, unlimited, 20 and 10 ms",
        ),
        ("ff0340" + "20" * 20, 'CSI ""'),
        # DocuCentre SC2020's manual
        (
            "ff138020eefac4801f",
            "DIS V.17 V.29 V.27ter, ECM, MMR MR MH, R16 × 15.4 300 × 300 R8 × 15.4 R8 × 7.7 "
            "R8 × 3.85, A4 B4 A3, unlimited, 0 ms, V.8, inch preferred, metric preferred",
        ),
        # spandsp's t30.c, as an example of a CSA
        (
            "ff032400022573736c3a2f2f7338563671376174314240" + b"[192.168.0.31]:10000".hex(),
            "CSA URL ssl://s8V6q7at1B@[192.168.0.31]:10000",
        ),
        # Muratec F-315's manual
        ("ff0340" + "30393837363534333231" + "20" * 10, 'CSI "1234567890"'),
        ("ff0320" + "000045" + "00" * 15, "NSF Muratec, Japan"),
        (
            "ff138000eff9c480818000",
            "DIS V.17 V.29 V.27ter, ECM, MMR MR MH, R8 × 15.4 R8 × 7.7 R8 × 3.85, A4 B4, "
            "unlimited, 0 ms, document to be polled",
        ),
        ("ff13131022", "CTC 14400 V.17"),
        ("ff13131036", "CTC rate 1011"),
        ("ff03064500aa", "FCD 69, 2 octets (2 octets of data)"),
        ("ff0386", "RCP"),
        ("ff13cf8f", "EOR-EOM"),
        ("ff134e", "MPS"),
        ("ff138c0013", "MCF (00 13 after its end)"),
        ("ff03fb", "DCN (is not said to be the last)"),
        ("ff1380004e", "DIS V.29 V.27ter, no ECM, MH, R8 × 7.7 R8 × 3.85, A4, 20 ms "),
        ("ff13", "unknown ff 13 (2 octets are no frame)"),
        ("fe138c", "unknown fe 13 8c (the address is FE instead of FF)"),
        ("ff238c", "unknown ff 23 8c (the control field is 23 instead of 03 or 13)"),
        (
            "ff13b8",
            "unknown ff 13 b8 (the facsimile control field 0001 1101 is not known)",
        ),
        ("ff13bf2f00", "unknown ff 13 bf 2f 00 (PPS: 2 octets of information instead of 4)"),
        ("ff13bf8c000000", "unknown ff 13 bf 8c 00 00 00 (PPS: 8C cannot follow)"),
    ],
)
def test_what_is_told(received, told):
    assert trace(parse(bytes.fromhex(received))).startswith(told)


@pytest.mark.parametrize(
    ("build", "why"),
    [
        (lambda: Plain("XYZ"), "'XYZ' is no Plain"),
        (lambda: Plain("DIS"), "'DIS' is no Plain"),
        (lambda: Plain("MCF", b"a"), "MCF has no information field"),
        (lambda: IdentFrame("CIG", bytes(20), x=True), "CIG has no X"),
        (lambda: IdentFrame.of("CSI", "1" * 21), "up to 20 characters"),
        (lambda: IdentFrame.of("CSI", "Bücher"), "characters of ASCII"),
        (lambda: PartialPage("MCF", 0, 0, 1), "'MCF' cannot follow"),
        (lambda: PartialPage("MPS", 0, 0, 257), "257 frames"),
        (lambda: PageRequest(frozenset({256})), "no frames"),
        (lambda: CodedData(256, b""), "no frame 256"),
        (lambda: ContinueToCorrect(b""), "0 octets instead of 2"),
        (lambda: AddressFrame("CSA", 128, False, 0, 0, b""), "no octets of an address"),
    ],
)
def test_what_cannot_be_sent_is_not_built(build, why):
    with pytest.raises(FrameError, match=why):
        build()


def test_an_address_may_have_parts():
    first = AddressFrame("TSA", 0, True, 1, 3, b"a@b")
    assert first.octets() == b"\xff\x03b\x80\x01\x03a@b"
    assert parse(first.octets()).more and not parse(b"\xff\x03b\x01\x01\x03.de").more
    assert parse(b"\xff\x03b\x01\x01\x03.de").number == 1


def test_a_frame_is_told_bit_by_bit():
    frame = parse(bytes.fromhex("ff13 80 02ee b8 44 00"))
    assert describe(frame) == [
        "DIS digital identification signal: 02 ee b8 44 00",
        "  bit 2          1  reserved",
        "  bit 10         1  can receive a fax",
        "  bits 11–14  1101  modems: V.27ter, V.29, V.17",
        "  bit 15         1  R8 × 7.7 lines/mm, 200 × 200 dpi",
        "  bit 16         1  two-dimensional coding (MR)",
        "  bits 17–18    00  recording widths: A4",
        "  bits 19–20    01  recording lengths: unlimited",
        "  bits 21–23   110  ms a scan line at 3.85 and at 7.7 lines/mm: 20, 10",
        "  bit 27         1  error correction (ECM)",
        "  bit 31         1  T.6 coding (MMR)",
        "  bit 32 has it that nothing follows, and there is more",
    ]
    assert describe(Plain("MCF")) == ["MCF message confirmation"]
    assert describe(PageRequest(frozenset({1, 2, 9})))[1:] == ["  3 frames: 1–2 9"]


@given(built)
def test_a_frame_is_told_to_json(frame):
    told = json.loads(json.dumps(record(frame)))
    assert parse(bytes.fromhex(told["octets"])) == frame
    assert told["frame"] == frame.title
    if frame.name in ("DIS", "DTC", "DCS"):
        which = "dcs" if frame.name == "DCS" else "dis"
        bits = bits_of(frame.bits)
        known = [one for one in table(which).values() if one.values or set(one.bits) & bits]
        assert list(told["fields"]) == [one.name for one in known]


@given(st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=20), st.booleans())
def test_an_identification_is_read_as_it_was_written(text, turned):
    sent = IdentFrame.of("TSI", text, x=True)
    assert len(sent.octets()) == 23 and sent.flaws == ()
    received = sent.octets()[:3] + (reversed_bits(sent.fif) if turned else sent.fif)
    heard = parse(received)
    if not turned or "its bits are the wrong way round" in heard.flaws:
        assert heard.text == text.strip()


def test_identifications_that_are_not_as_they_should_be():
    digits = IdentFrame("CSI", reversed_bits(b"      +49 30 1234567"))
    assert digits.text == "+49 30 1234567"
    assert digits.flaws == ("its bits are the wrong way round",)
    short = IdentFrame("CSI", b"\0\0" + b"123")
    assert short.text == "123" and short.flaws == ("5 characters instead of 20",)
    wrong = IdentFrame("CSI", b"\xff1".rjust(20))
    assert wrong.text == "?1" and wrong.flaws == ("not all are characters of ASCII",)
