import pytest
from hypothesis import given
from hypothesis import strategies as st

from dsp.fax.capabilities import Capabilities, Settings
from dsp.fax.fields import (
    FrameError,
    bits_of,
    codings,
    extension_flaw,
    fif_of,
    rates,
    resolutions,
    table,
)
from dsp.fax.frames import (
    CapabilityFrame,
    CommandFrame,
    parse,
)
from tests.support import spandsp_t30
from tests.support.fax_frames import FIXTURES, RECORDED, capabilities, commands, recorded


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
