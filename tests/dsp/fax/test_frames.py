import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dsp.fax import document_page
from dsp.fax.capabilities import Capabilities, Settings
from dsp.fax.fields import (
    FrameError,
    bits_of,
    codings,
    extension_flaw,
    fif_of,
    load,
    rates,
    resolutions,
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
from dsp.fax.negotiation import IncompatibleError, Page, choose, common_rates, unable
from dsp.fax.nsf import facilities, reversed_bits
from dsp.fax.trace import describe, record, trace
from tests.support import spandsp_t30

FIXTURES = Path(__file__).parents[3] / "fixtures" / "fax"
RECORDED = sorted(one.stem for one in FIXTURES.glob("v*.json") if '"control"' in one.read_text())
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


def coded(which, name):
    return st.sampled_from(list(table(which)[name].values.values()))


def free_bits(which, cls):
    """Bits that are no attribute of the class, and are not what codings and resolutions say."""
    names = set(cls.__dataclass_fields__)
    taken = {bit for name, one in table(which).items() if name in names for bit in one.bits}
    if which == "dcs":
        for one in (*codings().values(), *resolutions().values()):
            taken.update(*one.bits)
    return [bit for bit in range(1, 136) if bit not in taken and not (bit % 8 == 0 and bit >= 24)]


def attributes(cls, which, **others):
    flags = {
        name: st.booleans()
        for name, one in cls.__dataclass_fields__.items()
        if one.type == "bool" and name in table(which)
    }
    also = st.frozensets(st.sampled_from(free_bits(which, cls)), max_size=5)
    return st.builds(cls, **flags, **others, also=also)


capabilities = attributes(
    Capabilities,
    "dis",
    **{one: coded("dis", one) for one in ("modems", "widths", "lengths", "scan_times")},
)
commands = attributes(
    Settings,
    "dcs",
    **{one: coded("dcs", one) for one in ("rate", "width", "length", "scan_time")},
    coding=st.sampled_from(list(codings())),
    resolution=st.sampled_from(list(resolutions())),
)


def recorded(name):
    told = json.loads((FIXTURES / f"{name}.json").read_text())["fax"]["control"]
    return [bytes.fromhex(one["octets"]) for one in told]


# frames


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


# identifications


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


# the bits of DIS and DCS


@pytest.mark.parametrize("which", ["dis", "dcs"])
def test_the_table_has_each_bit_once_and_no_extension(which):
    bits = [bit for one in table(which).values() for bit in one.bits]
    assert len(bits) == len(set(bits))
    assert not [bit for bit in bits if bit % 8 == 0 and bit >= 24]
    for one in table(which).values():
        assert len(set(one.values.values())) == len(one.values)
        assert bool(one.values) == (len(one.bits) > 1)
        assert all(len(code) == len(one.bits) for code in one.values)


def test_what_the_tables_refer_to_is_there():
    for one in (*codings().values(), *resolutions().values()):
        assert one.needs is None or one.needs in table("dis")
    for modems in table("dis")["modems"].values.values():
        assert set(rates(modems)) <= set(table("dcs")["rate"].values.values())
        assert rates(modems)


def test_resolutions_are_those_of_documents():
    of_documents = {one.label for one in document_page.Resolution}
    # 100 × 100 is of colour alone
    assert of_documents - {"100 × 100"} == set(resolutions())


@given(capabilities)
def test_capabilities_are_read_as_they_were_made(able):
    fif = able.fif()
    assert extension_flaw(fif) is None
    assert len(fif) == 3 or fif[-1] & 0x7F
    assert Capabilities.parse(fif) == able
    assert Capabilities.parse(fif + bytes(3)) == able


@given(commands)
def test_settings_are_read_as_they_were_made(now):
    fif = now.fif()
    assert extension_flaw(fif) is None
    assert len(fif) == 3 or fif[-1] & 0x7F
    assert Settings.parse(fif) == now


@given(st.binary(max_size=20))
def test_no_bit_of_any_field_is_lost(fif):
    bits = bits_of(fif)
    assert bits_of(Capabilities.parse(fif).fif()) == bits
    # a resolution that is by the inch alone says so
    assert bits_of(Settings.parse(fif).fif()) - bits <= {44}
    assert bits_of(Settings.parse(fif).fif()) >= bits
    assert bits_of(fif_of(bits)) == bits


@pytest.mark.parametrize("name", RECORDED)
def test_recorded_dis_and_dcs_are_made_again(name):
    for one in map(parse, recorded(name)):
        if isinstance(one, CapabilityFrame):
            assert one.capabilities.fif() == one.bits
        elif isinstance(one, CommandFrame):
            assert one.settings.fif() == one.bits


def test_an_octet_that_is_not_announced_is_read_and_told():
    frame = CapabilityFrame("DIS", bytes.fromhex("00ee7804"))
    assert frame.capabilities.ecm
    assert frame.flaws == ("bit 24 has it that nothing follows, and there is more",)


@pytest.mark.parametrize(
    ("values", "why"),
    [
        ({"modems": "V.90"}, "modems 'V.90' is none of 'V.27ter 2400', 'V.27ter'"),
        ({"also": frozenset({27})}, "bit 27 has a field of its own"),
        ({"also": frozenset({24})}, "bit 24 is not one that can be set"),
        ({"also": frozenset({0})}, "bit 0 is not one that can be set"),
    ],
)
def test_capabilities_that_cannot_be(values, why):
    with pytest.raises(FrameError, match=why):
        Capabilities(**values)


@pytest.mark.parametrize(
    "values", [{"coding": "GIF"}, {"resolution": "72 × 72"}, {"scan_time": "1"}, {"width": "A5"}]
)
def test_settings_that_cannot_be(values):
    with pytest.raises(FrameError, match="is none of"):
        Settings("V.29 9600", **values)


# spandsp's names of bits, where there is one bit and one line
SPANDSP = {
    "t37": "Store and forward Internet fax (T.37)",
    "t38": "Real-time Internet fax (T.38)",
    "mobile": "3G mobile network",
    "v8": "V.8 capabilities",
    "small_frames": ("Preferred octets", "Frame size"),
    "has_document": "Ready to transmit a fax document (polling)",
    "receives": ("Can receive fax", "Receive fax"),
    "fine": "R8x7.7lines/mm and/or 200x200pels/25.4mm",
    "mr": "2-D coding",
    "uncompressed": "Compressed/uncompressed mode",
    "ecm": "Error correction mode (ECM)",
    "mmr": "T.6 coding",
    "fnv": '"Field not valid" supported',
    "multiple_polling": "Multiple selective polling",
    "polled_subaddress": "Polled sub-address",
    "t43": "T.43 coding",
    "plane_interleave": "Plane interleave",
    "superfine": "R8x15.4lines/mm",
    "dpi_300": "300x300pels/25.4mm",
    "dpi_400": "R16x15.4lines/mm and/or 400x400pels/25.4mm",
    "inch": ("Inch-based resolution preferred", "Resolution type selection"),
    "metric": "Metric-based resolution preferred",
    "halved": "Minimum scan line time for higher resolutions",
    "selective_polling": "Selective polling",
    "subaddress": "Sub-addressing",
    "password": "Password",
    "sender_identification": "Sender identification transmission",
    "has_file": "Ready to transmit a data file (polling)",
    "bft": "Binary file transfer (BFT)",
    "dtm": "Document transfer mode (DTM)",
    "edi": "Electronic data interchange (EDI)",
    "btm": "Basic transfer mode (BTM)",
    "character_mode": "Character mode",
    "mixed_mode": "Mixed mode (Annex E/T.4)",
    "processable_mode": "Processable mode 26 (Rec. T.505)",
    "digital_network": "Digital network capability",
    "duplex": "Duplex capability",
    "colour": "Full colour mode",
    "huffman_tables": "Preferred Huffman tables",
    "twelve_bits": "12bits/pel component",
    "no_subsampling": "No subsampling (1:1:1)",
    "illuminant": "Custom illuminant",
    "gamut": "Custom gamut range",
    "letter": "North American Letter (215.9mm x 279.4mm)",
    "legal": "North American Legal (215.9mm x 355.6mm)",
    "t85": "Single-progression sequential coding (Rec. T.85) basic",
    "t85_l0": "Single-progression sequential coding (Rec. T.85) optional L0",
    "hkm": "HKM key management",
    "rsa": "RSA key management",
    "override": "Override",
    "hfx40": "HFX40 cipher",
    "hfx40_i": "HFX40-I hashing",
    "bft_simple": "Simple phase C BFT negotiations",
    "internet_routing": "Internet Routing Address (IRA)",
    "dpi_600": "600pels/25.4mm x 600lines/25.4mm",
    "dpi_1200": "1200pels/25.4mm x 1200lines/25.4mm",
    "dpi_300_600": "300pels/25.4mm x 600lines/25.4mm",
    "dpi_400_800": "400pels/25.4mm x 800lines/25.4mm",
    "dpi_600_1200": "600pels/25.4mm x 1200lines/25.4mm",
    "t45": "T.45 (run length colour encoded)",
    "t38_flow": "Flow control capability for T.38 communication",
    "k_above_4": "K>4",
}


@pytest.fixture(scope="module")
def spandsp():
    return spandsp_t30.Terminal(FIXTURES / "page.tiff")


def spandsp_lines(spandsp, which, bits):
    """The lines by which spandsp tells some bits, in a field that is as long as can be."""
    code = {"dis": "80", "dcs": "82"}[which]
    # bit 127 makes it long, and is not asked for
    fif = fif_of({*bits, 127})
    lines = spandsp.describe(bytes.fromhex("ff13" + code) + fif)
    return [one for one in lines if "sYCC" not in one and "Extension" not in one]


@pytest.mark.parametrize("which", ["dis", "dcs"])
def test_bits_are_what_they_are_to_spandsp(spandsp, which):
    nothing = spandsp_lines(spandsp, which, set())
    for name, texts in SPANDSP.items():
        if name in table(which):
            text = texts if isinstance(texts, str) else texts[which == "dcs"]
            lines = spandsp_lines(spandsp, which, table(which)[name].bits)
            (changed,) = set(lines) - set(nothing)
            assert changed.split("= ")[1].rsplit(": ", 1)[0] == text


def value_to_spandsp(spandsp, which, field, code, text):
    bits = {bit for bit, one in zip(field.bits, code, strict=True) if one == "1"}
    (line,) = [one for one in spandsp_lines(spandsp, which, bits) if f"= {text}: " in one]
    return line.split(f"= {text}: ")[1]


def test_rates_are_what_they_are_to_spandsp(spandsp):
    field = table("dcs")["rate"]
    for code, rate in field.values.items():
        told = value_to_spandsp(spandsp, "dcs", field, code, "Selected data signalling rate")
        if "V.33" not in rate:
            assert told.replace(",", "").replace("bps", "") == rate


def test_modems_are_what_they_are_to_spandsp(spandsp):
    field = table("dis")["modems"]
    for code, modems in field.values.items():
        told = value_to_spandsp(spandsp, "dis", field, code, "Supported data signalling rates")
        told = told.replace("V.27 ter fall-back mode", "V.27ter 2400").replace(
            "V.27 ter", "V.27ter"
        )
        if "V.33" not in modems:
            assert told.replace(", and", ",").replace(" and", ",").replace(",,", ",") == modems


def test_scan_times_are_what_they_are_to_spandsp(spandsp):
    field = table("dis")["scan_times"]
    for code, times in field.values.items():
        told = value_to_spandsp(spandsp, "dis", field, code, "Receiver's minimum scan line time")
        standard, fine = map(int, times.split(", "))
        assert told.startswith(f"{standard}ms ")
        assert ("1/2" in told) == (fine != standard)
    field = table("dcs")["scan_time"]
    for code, time in field.values.items():
        told = value_to_spandsp(spandsp, "dcs", field, code, "Minimum scan line time")
        assert told == f"{time}ms"


def test_sizes_are_what_they_are_to_spandsp(spandsp):
    millimetres = {"A4": "215mm", "B4": "255mm", "A3": "303mm"}
    for which, name in (("dis", "widths"), ("dcs", "width")):
        for code, sizes in table(which)[name].values.items():
            told = value_to_spandsp(spandsp, which, table(which)[name], code, "Recording width")
            assert [one in told for one in millimetres.values()] == [
                one in sizes.split(", ") for one in millimetres
            ]
    for which, name in (("dis", "lengths"), ("dcs", "length")):
        for code, sizes in table(which)[name].values.items():
            told = value_to_spandsp(spandsp, which, table(which)[name], code, "Recording length")
            assert ("Unlimited" in told) == (sizes == "unlimited")
            assert ("B4" in told) == ("B4" in sizes)


# what both agree on


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


# makers


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


@given(octets)
def test_any_facilities_are_read(fif):
    assert trace(FacilitiesFrame("NSF", fif)).startswith("NSF ")
