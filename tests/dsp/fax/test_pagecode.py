"""Pages on the line: libtiff at the other end, every paper, resolution and coding, damage."""

from functools import cache

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dsp.fax import pagecode, t4
from dsp.fax.capabilities import Settings
from dsp.fax.document import Page, Paper, Resolution
from dsp.fax.ecm import Incoming, Outgoing
from dsp.fax.frames import CodedData
from dsp.fax.pagecode import LineDecoder, page_of
from tests.support import libtiff
from tests.support.pages import blots, same

WIDTHS = ("A4", "B4", "A3")
RESOLUTIONS = ("R8 × 3.85", "R8 × 7.7", "R8 × 15.4", "R16 × 15.4", "300 × 300", "400 × 400")
PIXELS = {
    (8, "A4"): 1728, (8, "B4"): 2048, (8, "A3"): 2432,
    (12, "A4"): 2592, (12, "B4"): 3072, (12, "A3"): 3648,
    (16, "A4"): 3456, (16, "B4"): 4096, (16, "A3"): 4864,
}  # fmt: skip
ALL = 1 << 30


def ecm(coding: str = "MMR", resolution: str = "R8 × 7.7", width: str = "A4") -> Settings:
    return Settings("V.17 14400", ecm=True, coding=coding, resolution=resolution, width=width)


def plain(coding: str, scan_time: str = "0", rate: str = "V.17 14400", **more: str) -> Settings:
    return Settings(rate, coding=coding, scan_time=scan_time, **{"resolution": "R8 × 7.7", **more})


@cache
def page(resolution: str = "R8 × 7.7", width: str = "A4", rows: int = 120) -> Page:
    one = Resolution(resolution)
    return blots(Paper[width].width(one), rows, one)


def received(octets: bytes, now: Settings) -> tuple[Page | None, t4.Quality]:
    decoder = LineDecoder(now)
    decoder.process_bits(pagecode.lines(octets)(ALL))
    return decoder.finish()


# ------------------------------------------------------------------- every setting


@pytest.mark.parametrize("resolution", RESOLUTIONS)
@pytest.mark.parametrize("width", WIDTHS)
def test_lines_have_the_pixels_of_t4(resolution, width):
    across = 4 * Resolution(resolution).columns
    assert pagecode.width_of(ecm("MH", resolution, width)) == PIXELS[across, width]


@pytest.mark.parametrize("resolution", RESOLUTIONS)
@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("coding", ["MH", "MR", "MMR"])
def test_pages_come_back_by_error_correction(coding, width, resolution):
    now, sent = ecm(coding, resolution, width), page(resolution, width)
    octets = pagecode.encode(sent, now)
    back, quality = pagecode.decode(octets + bytes(-len(octets) % 256), now)
    assert same(back, sent)
    assert (quality.bad_rows, quality.flaws, quality.ended) == (0, {}, True)
    theirs = libtiff.decoded(t4.flip(octets), sent.width, sent.height, coding)
    assert np.array_equal(theirs, sent.rows)


@pytest.mark.parametrize("resolution", RESOLUTIONS)
@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("coding", ["MH", "MR"])
def test_pages_come_back_by_lines(coding, width, resolution):
    now = plain(coding, "20", resolution=resolution, width=width)
    sent = page(resolution, width)
    octets = pagecode.encode(sent, now)
    back, quality = received(octets, now)
    assert same(back, sent)
    assert (quality.bad_rows, quality.flaws, quality.ended) == (0, {}, True)
    theirs = libtiff.decoded(t4.flip(octets), sent.width, sent.height, coding)
    assert np.array_equal(theirs, sent.rows)


@pytest.mark.parametrize("coding", ["MH", "MR", "MMR"])
@pytest.mark.parametrize("resolution", ["R8 × 3.85", "R8 × 7.7"])
def test_octets_are_libtiffs(coding, resolution):
    sent = page(resolution)
    dpi = Resolution(resolution).tags[1]
    theirs = libtiff.encoded(sent.rows, sent.width, coding, resolution=dpi)
    ours = t4.flip(pagecode.encode(sent, ecm(coding, resolution)))
    assert ours[: len(theirs) - 1] == theirs[:-1]


def test_every_resolution_has_a_row_in_so_many_by_itself():
    # T.4 4.2.1.1: 2 at 100 lines an inch, and as many times more as there are lines
    for one in Resolution:
        sent = Page.from_black(np.zeros((50, Paper.A4.width(one)), np.bool_), one)
        octets = pagecode.encode(sent, ecm("MR", one.label))
        bits = "".join(map(str, pagecode.lines(octets)(ALL)))
        tags = [part[0] for part in bits.split("00000000001")[1:51]]
        k = 2 * one.lines
        assert tags == ["1" if n % k == 0 else "0" for n in range(50)]


# ----------------------------------------------------------------- scan-line times


@pytest.mark.parametrize("scan_time", ["0", "5", "10", "20", "40"])
@pytest.mark.parametrize("rate", ["V.27ter 2400", "V.29 7200", "V.29 9600", "V.17 14400"])
@pytest.mark.parametrize("coding", ["MH", "MR"])
def test_no_line_is_shorter_than_the_receiver_asks_for(coding, rate, scan_time):
    now = plain(coding, scan_time, rate)
    white = Page.from_black(np.zeros((30, 1728), np.bool_), Resolution.FINE)
    bits = "".join(map(str, pagecode.lines(pagecode.encode(white, now))(ALL)))
    bits = bits.rstrip("0")
    starts = [at - 11 for at in range(len(bits)) if bits[at - 11 : at + 1] == "000000000001"]
    # those of fill begin it earlier
    ends = [at + 12 for at in starts]
    lengths = np.diff(ends[:31])
    least = int(scan_time) * int(rate.split()[1]) // 1000
    assert pagecode.minimum_bits(now) == least
    assert (lengths >= least).all()
    shortest = 12 + 17 if coding == "MH" else 13 + 1
    assert lengths.min() == max(least, shortest)
    back, quality = received(pagecode.encode(white, now), now)
    assert same(back, white)
    assert quality.bad_rows == 0


def test_error_correction_has_no_fill():
    assert pagecode.minimum_bits(Settings("V.17 14400", ecm=True, scan_time="40")) == 0
    # and a scan-line time that is reserved is none
    assert pagecode.minimum_bits(Settings("V.17 14400", scan_time="100")) == 0


# --------------------------------------------------------------------- as bits come


@given(st.lists(st.integers(500, 30_000), min_size=1, max_size=8), st.sampled_from(["MH", "MR"]))
@settings(max_examples=25, deadline=None)
def test_cutting_the_bits_changes_nothing(counts, coding):
    now = plain(coding, "5")
    source = pagecode.lines(pagecode.encode(page(), now))
    decoder, heard, rows = LineDecoder(now), -1, 0
    while heard:
        for count in counts:
            bits = source(count)
            heard = len(bits)
            decoder.process_bits(bits)
        assert decoder.quality.rows >= rows
        rows = decoder.quality.rows
    back, quality = decoder.finish()
    assert same(back, page())
    assert quality.rows == page().height


@given(st.lists(st.integers(0, 1), max_size=4000), st.sampled_from(["MH", "MR"]))
@settings(max_examples=50, deadline=None)
def test_any_bits_are_a_page_or_none(bits, coding):
    decoder = LineDecoder(plain(coding))
    decoder.process_bits(np.array(bits, dtype=np.uint8))
    back, quality = decoder.finish()
    assert (back is None) == (quality.rows == 0)
    assert back is None or back.height == quality.rows


@pytest.mark.parametrize("coding", ["MH", "MR"])
def test_damaged_lines_are_counted(coding):
    now = plain(coding)
    bits = pagecode.lines(pagecode.encode(page(), now))(ALL).copy()
    dice = np.random.default_rng(3)
    bits[dice.integers(0, len(bits), 12)] ^= 1
    decoder = LineDecoder(now)
    decoder.process_bits(bits)
    back, quality = decoder.finish()
    assert quality.bad_rows > 0
    assert abs(back.height - page().height) <= 12


def test_a_line_of_noise_after_the_page_adds_nothing():
    now = plain("MH")
    decoder = LineDecoder(now)
    decoder.process_bits(pagecode.lines(pagecode.encode(page(), now))(ALL))
    decoder.process_bits(np.random.default_rng(1).integers(0, 2, 400).astype(np.uint8))
    back, quality = decoder.finish()
    assert same(back, page())
    assert quality.bad_rows == 0


# ------------------------------------------------------------------------- holes


def with_holes(octets: bytes, lost: set[int]) -> Incoming:
    """A page in frames of 64, of which some are lost."""
    sender, receiver = Outgoing(octets, 64), Incoming(64)
    assert sender.last
    for number in set(sender.wanted) - lost:
        data = octets[number * 64 : (number + 1) * 64].ljust(64, b"\0")
        receiver.take(CodedData(number, data).octets(), good=True)
    assert receiver.missing(sender.frames) == lost
    receiver.close()
    return receiver


@given(st.sets(st.integers(0, 200), min_size=1, max_size=6), st.sampled_from(["MH", "MR"]))
@settings(max_examples=60, deadline=None)
def test_holes_cost_the_lines_in_them(lost, coding):
    sent, now = page(rows=40), ecm(coding)
    octets = pagecode.encode(sent, now)
    frames = -(-len(octets) // 64)
    lost = {one % frames for one in lost}
    heard = with_holes(octets, lost)
    back, quality = pagecode.decode(heard.data, now, gaps=heard.gaps)
    before, _ = t4.decode(t4.flip(octets[: min(lost) * 64]), 1728, coding)
    whole = max(len(before) - 1, 0)  # the last was cut
    assert back.height <= sent.height + len(lost)
    assert np.array_equal(back.rows[:whole], sent.rows[:whole])
    assert quality.bad_rows > 0 or min(lost) == frames - 1
    assert quality.ended or max(lost) >= frames - 2
    # after the last hole rows are there from an EOL on, of MR from one that is coded by itself on
    _, rest = t4.decode(t4.flip(octets[(max(lost) + 1) * 64 :]), 1728, coding)
    after = rest.rows - rest.bad_rows
    assert np.array_equal(back.rows[back.height - after :], sent.rows[sent.height - after :])


@given(st.sets(st.integers(0, 200), min_size=1, max_size=3))
@settings(max_examples=25, deadline=None)
def test_a_hole_in_t6_ends_the_page_and_is_counted(lost):
    octets = pagecode.encode(page(), ecm())
    frames = -(-len(octets) // 64)
    lost = {one % frames for one in lost}
    heard = with_holes(octets, lost)
    back, quality = pagecode.decode(heard.data, ecm(), gaps=heard.gaps)
    before, _ = t4.decode(t4.flip(octets[: min(lost) * 64]), 1728, "MMR")
    if len(before) == 0:
        assert back is None
        return
    assert np.array_equal(back.rows[:-1], before)
    assert np.array_equal(back.rows[-1], before[-1])
    assert (quality.rows, quality.bad_rows, quality.longest_bad_run) == (back.height, 1, 1)
    assert not quality.ended


@given(st.binary(max_size=400), st.sampled_from(["MH", "MR", "MMR"]))
@settings(max_examples=50, deadline=None)
def test_any_octets_are_a_page_or_none(octets, coding):
    back, quality = pagecode.decode(octets, ecm(coding))
    assert (back is None) == (quality.rows == 0)
    assert back is None or back.height == quality.rows
    assert quality.bad_rows <= quality.rows


@pytest.mark.parametrize("rows", range(1, 40))
def test_a_page_without_eofb_is_whole(rows):
    sent = page(rows=rows)
    encoder = t4.Encoder("MMR", sent.width)
    bits = np.unpackbits(np.frombuffer(encoder.encode(sent.rows) + encoder.finish(), np.uint8))
    text = "".join(map(str, bits)).rstrip("0").removesuffix("000000000001" * 2)
    octets = bytes(int(text[at : at + 8].ljust(8, "0"), 2) for at in range(0, len(text), 8))
    padded = t4.flip(octets).ljust(-(-len(octets) // 256) * 256, b"\0")
    for data in (t4.flip(octets), padded, padded + bytes(256)):
        back, quality = pagecode.decode(data, ecm())
        assert same(back, sent)
        assert (quality.bad_rows, quality.flaws, quality.ended) == (0, {}, False)


@pytest.mark.parametrize("eols", [0, 1, 2, 6])
@pytest.mark.parametrize("coding", ["MH", "MR"])
@pytest.mark.parametrize("rows", range(1, 9))
def test_lines_without_rtc_are_whole(rows, coding, eols):
    sent = page(rows=rows)
    encoder = t4.Encoder(coding, sent.width, k=4)
    bits = np.unpackbits(np.frombuffer(encoder.encode(sent.rows) + encoder.finish(), np.uint8))
    text = "".join(map(str, bits)).rstrip("0")
    eol = "000000000001" + ("1" if coding == "MR" else "")
    text = text.removesuffix(eol * 6) + eol * eols
    octets = bytes(int(text[at : at + 8].ljust(8, "0"), 2) for at in range(0, len(text), 8))
    for data in (octets, octets.ljust(-(-len(octets) // 256) * 256, b"\0")):
        back, quality = pagecode.decode(t4.flip(data), ecm(coding))
        assert same(back, sent)
        assert (quality.bad_rows, quality.flaws, quality.ended) == (0, {}, eols == 6)


@pytest.mark.parametrize("coding", ["MH", "MR", "MMR"])
def test_holes_behind_the_end_of_a_page_are_none(coding):
    octets = pagecode.encode(page(), ecm(coding))
    gap = (len(octets), len(octets) + 256)
    back, quality = pagecode.decode(octets + bytes(256), ecm(coding), gaps=[gap])
    assert same(back, page())
    assert (quality.bad_rows, quality.flaws, quality.ended) == (0, {}, True)


@pytest.mark.parametrize("coding", ["MH", "MR", "MMR"])
def test_a_page_of_which_the_rest_is_lost_has_a_bad_row(coding):
    octets = pagecode.encode(page(), ecm(coding))
    for end in range(300, 400, 7):
        data = octets[:end] + bytes(256)
        back, quality = pagecode.decode(data, ecm(coding), gaps=[(end, end + 256)])
        assert 0 < back.height < page().height
        assert (quality.rows, quality.bad_rows) == (back.height, 1)
        assert np.array_equal(back.rows[-1], back.rows[-2])
        assert np.array_equal(back.rows[:-1], page().rows[: back.height - 1])


def test_damage_in_t6_is_a_bad_row():
    octets = bytearray(pagecode.encode(page(), ecm()))
    octets[len(octets) // 2] ^= 0xFF
    back, quality = pagecode.decode(bytes(octets), ecm())
    assert 0 < back.height < page().height
    assert (quality.rows, quality.bad_rows) == (back.height, 1)


# ------------------------------------------------------------------------ fitting


@pytest.mark.parametrize("resolution", Resolution)
@pytest.mark.parametrize("paper", Paper)
def test_what_is_negotiated_for_a_sheet_is_the_sheet(resolution, paper):
    width, height = paper.width(resolution), paper.height(resolution)
    sheet = Page(np.zeros((height, (width + 7) // 8), np.uint8), width, resolution)
    wanted = page_of(sheet)
    assert wanted.resolution == resolution.label
    assert Paper[wanted.width].width(resolution) == width
    length = {"A4": "A4", "LETTER": "A4", "B4": "B4", "LEGAL": "B4", "A3": "unlimited"}
    assert wanted.length == length[paper.name]


WANTED = st.builds(
    Settings,
    st.just("V.29 9600"),
    resolution=st.sampled_from(RESOLUTIONS),
    width=st.sampled_from(WIDTHS),
    length=st.sampled_from(["A4", "B4", "unlimited"]),
)


@given(st.integers(1, 6000), st.integers(1, 6000), st.sampled_from(Resolution), WANTED)
@settings(max_examples=40, deadline=None)
def test_any_page_fits(width, height, resolution, now):
    black = np.ones((height, width), np.bool_)
    fitted = pagecode.fitting(Page.from_black(black, resolution), now)
    assert fitted.width == pagecode.width_of(now)
    assert fitted.resolution.label == now.resolution
    if now.length != "unlimited":
        assert fitted.inches[1] * 25.4 < 1.011 * {"A4": 297, "B4": 364}[now.length]
    # all of it is there, and as wide as it is long
    columns, rows = fitted.black().any(axis=0).sum(), fitted.black().any(axis=1).sum()
    assert rows == fitted.height
    across, down = columns / fitted.resolution.x, rows / fitted.resolution.y
    wide, long = width / resolution.x, height / resolution.y
    # a pixel is left of whatever is less
    if min(columns, rows) > 1:
        assert abs(across / wide - down / long) < 0.05 + 1.5 / min(columns, rows)
    back, _ = received(pagecode.encode(fitted, now), now)
    assert same(back, fitted)


def test_a_page_that_fits_stays():
    assert pagecode.fitting(page(), ecm()) is page()


def test_a_page_that_is_far_too_long_is_reduced_without_ado():
    strip = Page(np.full((60_000, 1), 0x80, np.uint8), 1, Resolution.FINE)
    fitted = pagecode.fitting(strip, plain("MH", length="A4"))
    assert (fitted.width, fitted.height) == (1728, 2309)
    assert fitted.black().any(axis=1).all()


@pytest.mark.parametrize("length", ["A4", "B4"])
def test_a_page_that_is_a_little_longer_than_its_paper_stays(length):
    longest = int(1.01 * Paper[length].height(Resolution.FINE))
    now = plain("MH", length=length)
    assert pagecode.fitting(page(rows=longest), now) is page(rows=longest)
    assert pagecode.fitting(page(rows=longest + 30), now).height == longest


def test_a3_is_reduced_to_a4_by_its_width():
    sheet = page(width="A3", rows=Paper.A3.height(Resolution.FINE))
    fitted = pagecode.fitting(sheet, plain("MH"))
    assert fitted.black().any(axis=0)[[0, -1]].tolist() == [True, True]
    assert fitted.height == round(sheet.height * 1728 / 2432)


def test_widths_that_are_reserved_are_those_of_a3():
    assert pagecode.width_of(ecm(width="11")) == 2432


def test_reserved_codings_are_refused():
    with pytest.raises(t4.T4Error, match="only MH, MR, MMR"):
        pagecode.encode(page(), ecm("T.85"))
    with pytest.raises(t4.T4Error, match="only MH, MR, MMR"):
        LineDecoder(ecm("T.85"))
    with pytest.raises(t4.T4Error, match="rows are of"):
        pagecode.encode(page(), ecm(width="B4"))
