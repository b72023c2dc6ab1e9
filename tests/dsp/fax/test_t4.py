"""T.4 and T.6, held to libtiff and libspandsp, and to what damage is to do."""

import tracemalloc
from functools import cache
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import soundfile
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageDraw

from dsp.fax import t4
from dsp.fax.hdlc import Deframer
from dsp.fax.t4_codes import LONGEST_RUN
from dsp.modem import v21, v29
from tests.support import libtiff, spandsp_t4
from tests.support.fax_listener import Listener
from tests.support.faxed import told
from tests.support.fixture import FIXTURES

CODINGS = ("MH", "MR", "MMR")
LINE_CODINGS = ("MH", "MR")
WIDTHS = (1728, 2048, 2432, 2592, 3072, 3648, 3456, 4096, 4864)
EOL = "000000000001"
CLEAN = {"bad_rows": 0, "longest_bad_run": 0, "flaws": {}, "full": False}


def _file(name: str, page: int) -> t4.Packed:
    with Image.open(Path(FIXTURES, "fax", name)) as image:
        image.seek(page)
        return t4.pack(~np.asarray(image.convert("1")))


def _text(width: int, rows: int) -> t4.Packed:
    image = Image.new("1", (width, rows), 1)
    line = "The quick brown fox jumps over the lazy dog. 0123456789 " * 9
    draw = ImageDraw.Draw(image)
    for at in range(8, rows - 24, 32):
        draw.text((width // 20, at), line[at % 57 :][: width // 12], font_size=26)
    return t4.pack(~np.asarray(image))


def _photo(width: int, rows: int) -> t4.Packed:
    """A picture in greys, dithered by Floyd and Steinberg."""
    y, x = np.mgrid[:rows, :width].astype(np.float64)
    grey = 128 + 90 * np.sin(x / 97) * np.cos(y / 61) + 30 * np.sin((x * y) / 9000)
    return t4.pack(~np.asarray(Image.fromarray(grey.astype(np.uint8)).convert("1")))


def _noise(width: int, rows: int, black: float = 0.5) -> t4.Packed:
    return t4.pack(np.random.default_rng(width).random((rows, width)) < black)


@cache
def pages() -> dict[str, tuple[t4.Packed, int]]:
    """Pages by name, with their width."""
    y, x = np.mgrid[:64, :1728]
    made = {
        "page": (_file("page.tiff", 0), 1728),
        "second page": (_file("two.tiff", 1), 1728),
        "text": (_text(1728, 1100), 1728),
        "photo": (_photo(1728, 400), 1728),
        "noise": (_noise(1728, 200), 1728),
        "specks": (_noise(1728, 400, 0.01), 1728),
        "white": (t4.pack(np.zeros((100, 1728), np.bool_)), 1728),
        "black": (t4.pack(np.ones((100, 1728), np.bool_)), 1728),
        "alternate": (t4.pack((x + y) % 2 == 0), 1728),
        "columns": (t4.pack(x % 2 == 1), 1728),
        "odd width": (_noise(1003, 100, 0.1), 1003),
    }
    return made | {f"text of {width}": (_text(width, 200), width) for width in WIDTHS}


PAGES = ("page", "second page", "text", "photo", "noise", "specks", "white", "black", "alternate")
PAGES += ("columns", "odd width", *(f"text of {width}" for width in WIDTHS))


def is_clean(quality: t4.Quality) -> bool:
    return all(getattr(quality, name) == value for name, value in CLEAN.items())


def bits_of(octets: bytes) -> str:
    return "".join(f"{octet:08b}" for octet in octets)


def octets_of(bits: str) -> bytes:
    padded = bits + "0" * (-len(bits) % 8)
    return bytes(int(padded[at : at + 8], 2) for at in range(0, len(padded), 8))


def lines_of(rows: t4.Packed, width: int, coding: t4.Coding, **options: int) -> list[str]:
    """Bits of each line of MH or MR, from its EOL to the next."""
    encoder = t4.Encoder(coding, width, **options)
    bits = bits_of(encoder.encode(rows) + encoder.finish())
    starts, at = [], bits.find(EOL)
    while at >= 0:
        starts.append(at)
        at = bits.find(EOL, at + 12)
    return [bits[begin:end] for begin, end in pairwise(starts[: len(rows) + 1])]


# ------------------------------------------------------------------------- peers


@pytest.mark.parametrize("name", PAGES)
@pytest.mark.parametrize("coding", CODINGS)
def test_octets_are_libtiffs_and_come_back(name, coding):
    rows, width = pages()[name]
    ours, theirs = t4.encode(rows, width, coding), libtiff.encoded(rows, width, coding)
    if coding == "MMR":
        assert ours == theirs
    else:
        # it leaves RTC off, and fills its last octet
        end = bits_of(ours).rindex("1", 0, len(ours) * 8 - 40)
        assert bits_of(theirs)[:end] == bits_of(ours)[: min(end, len(theirs) * 8)]
        assert len(ours) - len(theirs) in (9, 10)
    back, quality = t4.decode(ours, width, coding)
    assert np.array_equal(back, rows)
    assert is_clean(quality) and quality.ended and quality.rows == len(rows)
    assert np.array_equal(t4.decode(theirs, width, coding)[0], rows)
    assert np.array_equal(libtiff.decoded(ours, width, len(rows), coding), rows)


@pytest.mark.parametrize("resolution", [libtiff.STANDARD, libtiff.FINE])
def test_k_is_that_of_the_resolution(resolution):
    rows, width = pages()["text"]
    k = 2 if resolution == libtiff.STANDARD else 4
    theirs = libtiff.encoded(rows, width, "MR", resolution=resolution)
    assert t4.encode(rows, width, "MR", k=k)[: len(theirs) - 1] == theirs[:-1]
    tags = [line[12] for line in lines_of(rows, width, "MR", k=k)]
    assert tags == (["1"] + ["0"] * (k - 1)) * (len(rows) // k)


@pytest.mark.parametrize("coding", CODINGS)
@pytest.mark.parametrize(
    "name", ["page", "text", "photo", "specks", "text of 2048", "text of 2432"]
)
def test_octets_are_libspandsps_and_come_back(name, coding):
    rows, width = pages()[name]
    ours = t4.encode(rows, width, coding)
    theirs, _ = spandsp_t4.encoded(rows, width, coding)
    # it fills the last octet otherwise
    assert ours[:-1] == theirs[: len(ours) - 1]
    back = spandsp_t4.decoded(ours, width, coding)
    assert np.array_equal(back, rows)
    back, quality = t4.decode(theirs, width, coding)
    assert np.array_equal(back, rows)
    assert is_clean(quality) and quality.ended


@pytest.mark.parametrize("coding", LINE_CODINGS)
@pytest.mark.parametrize("minimum", [24, 48, 96, 288, 576])
def test_fill_is_libspandsps(coding, minimum):
    rows, width = pages()["text"]
    ours = t4.encode(rows, width, coding, minimum_bits=minimum)
    theirs, _ = spandsp_t4.encoded(rows, width, coding, minimum_bits=minimum)
    assert min(map(len, lines_of(rows, width, coding, minimum_bits=minimum))) >= minimum
    assert ours[:-1] == theirs[: len(ours) - 1]
    back, quality = t4.decode(ours, width, coding)
    assert np.array_equal(back, rows) and is_clean(quality)


# ------------------------------------------------------------------------- round trips


@st.composite
def pictures(draw) -> tuple[t4.Packed, int]:
    """Rows of any width, of runs, some of them near to those of the row before."""
    width = draw(st.sampled_from([1, 2, 7, 8, 9, 63, 64, 65, 127, 200, 1728, 2700, 5300]))
    seed = draw(st.integers(0, 2**32 - 1))
    rng = np.random.default_rng(seed)
    mean = draw(st.sampled_from([1.5, 4.0, 30.0, 700.0, 3000.0]))
    pixels = np.zeros((draw(st.integers(0, 12)), width), np.bool_)
    for n, row in enumerate(pixels):
        if n and rng.random() < 0.6:
            row[:] = np.roll(pixels[n - 1], rng.integers(-4, 5))
            pixels[n] ^= rng.random(width) < 0.02
        else:
            turns = np.cumsum(rng.geometric(1 / mean, width)) - rng.integers(0, 2)
            row[:] = np.searchsorted(turns, np.arange(width), "right") % 2
    return t4.pack(pixels), width


@settings(max_examples=150, deadline=None)
@given(pictures(), st.sampled_from(CODINGS), st.integers(1, 9), st.integers(0, 400))
def test_any_picture_comes_back(picture, coding, k, minimum):
    rows, width = picture
    minimum = 0 if coding == "MMR" else minimum
    octets = t4.encode(rows, width, coding, k=k, minimum_bits=minimum)
    back, quality = t4.decode(octets, width, coding)
    assert np.array_equal(back, rows)
    assert is_clean(quality) and quality.ended and quality.rows == len(rows)


@settings(max_examples=60, deadline=None)
@given(pictures(), st.sampled_from(CODINGS), st.lists(st.integers(0, 12), max_size=6))
def test_rows_may_be_given_in_any_portions(picture, coding, cuts):
    rows, width = picture
    encoder = t4.Encoder(coding, width, k=3)
    parts = [encoder.encode(some) for some in np.split(rows, sorted(cuts))]
    assert b"".join(parts) + encoder.finish() == t4.encode(rows, width, coding, k=3)


def test_every_run_of_either_colour_comes_back_and_is_libtiffs():
    width = 2 * LONGEST_RUN + 700
    runs = np.arange(0, width, 1 + width // 2900)
    for pixels in (np.arange(width) < runs[:, None], np.arange(width) >= runs[:, None]):
        rows = t4.pack(pixels)
        ours = t4.encode(rows, width, "MH")
        theirs = libtiff.encoded(rows, width, "MH")
        assert ours[: len(theirs) - 1] == theirs[:-1]
        assert np.array_equal(t4.decode(ours, width, "MH")[0], rows)


def test_bits_after_the_last_pixel_are_not_looked_at():
    rows = np.full((3, 2), 0xFF, np.uint8)
    for coding in CODINGS:
        back, _ = t4.decode(t4.encode(rows, 11, coding), 11, coding)
        assert back.tolist() == [[0xFF, 0xE0]] * 3


def test_read_only_rows_are_taken():
    rows, width = pages()["specks"]
    frozen = np.frombuffer(rows.tobytes(), np.uint8).reshape(rows.shape)
    assert t4.encode(frozen, width, "MMR") == t4.encode(rows, width, "MMR")


def test_flip_is_its_own_opposite():
    octets = bytes(range(256))
    assert t4.flip(bytes([0b0001_0011])) == bytes([0b1100_1000])
    assert t4.flip(t4.flip(octets)) == octets


# ------------------------------------------------------------------------- any cut, any octets


@cache
def _damaged(coding: t4.Coding, seed: int) -> tuple[bytes, int]:
    """A page of which bits are wrong, missing or more than there were."""
    rng = np.random.default_rng(seed)
    width = (64, 500)[seed % 2]
    rows = _noise(width, 60, 0.1)
    octets = t4.encode(rows, width, coding, minimum_bits=0 if coding == "MMR" else 40)
    bits = np.unpackbits(np.frombuffer(octets, np.uint8))
    bits ^= rng.random(len(bits)) < 0.001 * (seed % 3)
    gone = rng.integers(0, len(bits))
    bits = np.delete(bits, slice(gone, gone + seed % 5))
    return np.packbits(bits).tobytes(), width


@settings(max_examples=120, deadline=None)
@given(
    st.sampled_from(CODINGS),
    st.integers(0, 30),
    st.lists(st.integers(1, 120), max_size=60),
    st.booleans(),
)
def test_octets_and_bits_may_be_cut_anywhere(coding, seed, lengths, by_bits):
    octets, width = _damaged(coding, seed)
    whole, quality = t4.decode(octets, width, coding)
    decoder = t4.Decoder(coding, width)
    cuts = np.cumsum(lengths)
    if by_bits:
        parts = np.split(np.unpackbits(np.frombuffer(octets, np.uint8)), cuts)
        rows = [decoder.process_bits(part) for part in parts]
    else:
        rows = [
            decoder.process(part.tobytes())
            for part in np.split(np.frombuffer(octets, np.uint8), cuts)
        ]
    rows.append(decoder.finish())
    assert np.array_equal(np.concatenate(rows), whole)
    assert decoder.quality == quality


@pytest.mark.parametrize("late", range(8))
@pytest.mark.parametrize(
    ("coding", "bits"),
    [
        # no code word, one that is too far, an EOL too early, in both kinds of lines
        ("MR", f"{EOL}1" + "0111" + f"{EOL}1" + "000000001" + "1" * 30 + f"{EOL}1" * 6),
        ("MR", f"{EOL}1" + "000111" + "010" * 3 + f"{EOL}0" + "000000001" + "1" * 30 + EOL),
        ("MR", f"{EOL}1" + "10011" + f"{EOL}0" + "000111" + f"{EOL}0" + "0000011" + f"{EOL}1" * 6),
        ("MMR", "001" + "000111" + "010" + "0001" + EOL * 2),
        ("MMR", "1" + EOL * 2),
        ("MMR", "1" + "000000001" + "1" * 30),
    ],
)
def test_what_is_cut_is_not_taken_for_an_end(coding, bits, late):
    # white rows, or what is before the first EOL
    octets = octets_of(("1" if coding == "MMR" else "0") * late + bits)
    whole, quality = t4.decode(octets, 8, coding)
    for cut in range(1, len(octets)):
        decoder = t4.Decoder(coding, 8)
        parts = [decoder.process(octets[:cut]), decoder.process(octets[cut:]), decoder.finish()]
        assert np.array_equal(np.concatenate(parts), whole)
        assert decoder.quality == quality


@pytest.mark.parametrize("late", range(8))
@pytest.mark.parametrize("coding", CODINGS)
def test_the_longest_code_words_may_be_cut(coding, late):
    width = 2600
    # runs of 13 bits twice, of black, and of 12 of either colour
    turns = np.array([[0, 1343], [1, 2597], [30, 2590], [600, 1100]])
    pixels = np.arange(width)
    rows = t4.pack((pixels >= turns[:, :1]) & (pixels < turns[:, 1:]))
    bits = bits_of(t4.encode(rows, width, coding, k=1))
    octets = octets_of(("1" if coding == "MMR" else "0") * late + bits)
    for cut in range(1, len(octets)):
        decoder = t4.Decoder(coding, width)
        parts = [decoder.process(octets[:cut]), decoder.process(octets[cut:]), decoder.finish()]
        assert np.array_equal(np.concatenate(parts)[-len(rows) :], rows)
        assert is_clean(decoder.quality)


def test_octets_may_follow_bits():
    rows, width = pages()["specks"]
    octets = t4.encode(rows, width, "MR")
    bits = np.unpackbits(np.frombuffer(octets[:2], np.uint8))
    decoder = t4.Decoder("MR", width)
    # the same octets, five bits later
    late = np.concatenate([np.zeros(5, np.uint8), bits])
    parts = [decoder.process_bits(late), decoder.process(octets[2:]), decoder.finish()]
    assert np.array_equal(np.concatenate(parts), rows)


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=400), st.sampled_from(CODINGS), st.sampled_from([1, 5, 64, 1728]))
def test_whatever_comes_rows_are_whole_and_counted(octets, coding, width):
    for given_octets in (octets, b"\x00\x18" + octets):
        rows, quality = t4.decode(given_octets, width, coding, limit=50)
        assert rows.shape == (quality.rows, (width + 7) // 8)
        assert quality.rows <= 50
        assert quality.bad_rows <= quality.rows
        assert quality.longest_bad_run <= quality.bad_rows
        if width % 8:
            assert not (rows[:, -1] & (0xFF >> width % 8)).any()


@pytest.mark.parametrize("coding", CODINGS)
@pytest.mark.parametrize("ones", [0.02, 0.1, 0.5, 0.98])
def test_noise_is_decoded_without_end(coding, ones):
    rng = np.random.default_rng(1)
    decoder = t4.Decoder(coding, 1728)
    rows = 0
    for _ in range(20):
        rows += len(decoder.process_bits((rng.random(20_000) < ones).astype(np.uint8)))
    rows += len(decoder.finish())
    assert rows == decoder.quality.rows


def test_a_page_without_end_takes_no_more_room_than_its_limit():
    t4.decode(b"\xff", 4864, "MMR")  # a loop that is compiled takes room of its own
    decoder = t4.Decoder("MMR", 4864, limit=1000)
    tracemalloc.start()
    # eight white rows an octet
    rows = [decoder.process(b"\xff" * 2000) for _ in range(200)]
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert sum(map(len, rows)) == 1000
    assert decoder.done and decoder.quality.full
    assert peak < 8_000_000


# ------------------------------------------------------------------------- damage


def _page(count: int = 40, width: int = 300) -> tuple[t4.Packed, int]:
    rows = _noise(width, count, 0.1)
    return rows, width


@pytest.mark.parametrize("wrong", ["code", "over", "short", "long"])
def test_a_damaged_line_of_mh_is_the_one_before_and_counted(wrong):
    rows, width = _page()
    lines = lines_of(rows, width, "MH")
    data = {
        "code": "000000001" + "01" * 30,
        # white of 1728 pixels
        "over": "01001101100110101",
        # white of 2
        "short": "0111",
        "long": lines[10][12:] + "0111",
    }[wrong]
    damaged = [*lines[:10], EOL + data, *lines[11:]]
    back, quality = t4.decode(octets_of("".join(damaged) + EOL * 6), width, "MH")
    expected = rows.copy()
    expected[10] = rows[9]
    assert np.array_equal(back, expected)
    assert (quality.bad_rows, quality.longest_bad_run) == (1, 1)
    assert quality.flaws == {wrong: 1}
    assert quality.ended and quality.rows == len(rows)


def test_damage_of_the_first_line_is_white():
    rows, width = _page()
    lines = lines_of(rows, width, "MH")
    back, quality = t4.decode(octets_of(EOL + "0111" + "".join(lines[1:]) + EOL * 6), width, "MH")
    assert not back[0].any()
    assert np.array_equal(back[1:], rows[1:])
    assert quality.flaws == {"short": 1}


def test_mr_goes_on_at_the_next_line_that_is_coded_by_itself():
    rows, width = _page()
    lines = lines_of(rows, width, "MR", k=4)
    damaged = lines.copy()
    damaged[9] = EOL + "0" + "0000000001"
    end = (EOL + "1") * 6
    back, quality = t4.decode(octets_of("".join(damaged) + end), width, "MR")
    expected = rows.copy()
    expected[9:12] = rows[8]
    assert np.array_equal(back, expected)
    assert quality.flaws == {"code": 1, "reference": 2}
    assert (quality.bad_rows, quality.longest_bad_run) == (3, 3)
    assert quality.ended and quality.rows == len(rows)


def test_the_longest_run_of_bad_rows_is_told():
    rows, width = _page()
    lines = lines_of(rows, width, "MH")
    for bad in (3, 4, 10, 11, 12, 30):
        lines[bad] = EOL + "0111"
    _, quality = t4.decode(octets_of("".join(lines) + EOL * 6), width, "MH")
    assert (quality.bad_rows, quality.longest_bad_run, quality.rows) == (6, 3, len(rows))


@pytest.mark.parametrize("coding", LINE_CODINGS)
@pytest.mark.parametrize("seed", range(4))
def test_what_comes_before_the_first_eol_is_skipped(coding, seed):
    rows, width = _page()
    garbage = np.random.default_rng(seed).integers(0, 2, 3000, dtype=np.uint8)
    garbage[10::11] = 1
    decoder = t4.Decoder(coding, width)
    assert len(decoder.process_bits(garbage)) == 0
    back = [decoder.process(bytes(40) + t4.encode(rows, width, coding)), decoder.finish()]
    assert np.array_equal(np.concatenate(back), rows)
    assert is_clean(decoder.quality)


@pytest.mark.parametrize("coding", LINE_CODINGS)
@pytest.mark.parametrize("bad", range(6))
def test_one_eol_of_rtc_may_be_damaged(coding, bad):
    rows, width = _page()
    eol = EOL if coding == "MH" else EOL + "1"
    end = [eol] * 6
    end[bad] = eol[:5] + "1" + eol[6:]
    octets = octets_of("".join(lines_of(rows, width, coding)) + "".join(end))
    back, quality = t4.decode(octets, width, coding)
    assert quality.ended
    # without the first one the last line is too long; the second one may be a line
    assert len(back) == len(rows) + (bad == 1)
    good = len(rows) - (bad == 0)
    assert np.array_equal(back[:good], rows[:good])
    assert quality.bad_rows == (bad < 2)


@pytest.mark.parametrize("coding", LINE_CODINGS)
def test_what_comes_after_rtc_is_not_looked_at(coding):
    rows, width = _page()
    octets = t4.encode(rows, width, coding)
    decoder = t4.Decoder(coding, width)
    back = decoder.process(octets)
    assert np.array_equal(back, rows)
    assert decoder.done and decoder.quality.ended
    assert len(decoder.process(octets)) == 0
    assert len(decoder.finish()) == 0
    assert decoder.quality.rows == len(rows)


@pytest.mark.parametrize("coding", CODINGS)
def test_a_page_that_is_cut_off_has_what_came_before(coding):
    rows, width = _page()
    octets = t4.encode(rows, width, coding)
    for length in range(0, len(octets), 7):
        back, quality = t4.decode(octets[:length], width, coding)
        good = len(back) - quality.bad_rows
        assert np.array_equal(back[:good], rows[:good])
        assert quality.bad_rows <= 1 and set(quality.flaws) <= {"short"}
        above = rows[good - 1] if good else np.zeros_like(rows[0])
        assert (back[good:] == above).all()


def test_nothing_is_kept_of_what_comes_after_the_end():
    decoder = t4.Decoder("MMR", 1728)
    decoder.process(t4.encode(np.zeros((1, 216), np.uint8), 1728, "MMR"))
    assert decoder.done
    tracemalloc.start()
    for _ in range(100):
        assert len(decoder.process(bytes(50_000))) == 0
    kept = tracemalloc.get_traced_memory()[0]
    tracemalloc.stop()
    assert kept < 100_000


def test_rows_beyond_the_limit_are_dropped_good_or_not():
    rows, width = _page()
    lines = lines_of(rows, width, "MH")
    lines[20] = EOL + "0111"
    octets = octets_of("".join(lines) + EOL * 6)
    for limit, bad in ((20, 0), (21, 1), (39, 1)):
        back, quality = t4.decode(octets, width, "MH", limit=limit)
        assert (len(back), quality.rows, quality.bad_rows, quality.full) == (
            limit,
            limit,
            bad,
            True,
        )
    _, quality = t4.decode(octets, width, "MH", limit=40)
    assert quality.ended and not quality.full


def test_a_last_line_without_eol_is_good_when_it_is_whole():
    rows, width = _page()
    back, quality = t4.decode(octets_of("".join(lines_of(rows, width, "MH"))), width, "MH")
    assert np.array_equal(back, rows)
    assert is_clean(quality) and not quality.ended


@pytest.mark.parametrize(
    ("damage", "flaw"),
    [("000000001", "code"), ("001" + "01001101100110101", "over"), ("0001" + EOL * 2, "short")],
)
def test_damage_ends_mmr_and_is_told(damage, flaw):
    pixels = np.zeros((6, 100), np.bool_)
    pixels[:, 20:30] = True
    rows = t4.pack(pixels)
    good = bits_of(t4.encode(rows, 100, "MMR"))
    whole = good[: good.rindex(EOL * 2)]
    back, quality = t4.decode(octets_of(whole + damage + "1" * 200), 100, "MMR")
    assert np.array_equal(back, rows)
    assert quality.flaws == {flaw: 1} and quality.bad_rows == 0


def test_mmr_without_eofb_has_its_rows():
    rows, width = _page()
    octets = t4.encode(rows, width, "MMR")
    bits = bits_of(octets)
    back, quality = t4.decode(octets_of(bits[: bits.rindex(EOL * 2)]), width, "MMR")
    assert np.array_equal(back, rows)
    assert is_clean(quality) and not quality.ended


@pytest.mark.parametrize("coding", LINE_CODINGS)
def test_single_wrong_bits_hurt_no_more_than_they_must(coding):
    rows, width = _page(60)
    bits = np.unpackbits(np.frombuffer(t4.encode(rows, width, coding, k=4), np.uint8))
    rng = np.random.default_rng(5)
    for at in rng.integers(0, len(bits) - 100, 80):
        wrong = bits.copy()
        wrong[at] ^= 1
        back, quality = t4.decode(np.packbits(wrong).tobytes(), width, coding)
        # an EOL that is lost joins two lines, one that is made parts them
        assert abs(len(back) - 60) <= 1 and quality.ended
        same_from_above = np.cumprod((back[:59] == rows[:59]).all(axis=1)).sum()
        same_from_below = np.cumprod((back[::-1][:59] == rows[::-1][:59]).all(axis=1)).sum()
        worst = 2 if coding == "MH" else 6
        assert same_from_above + same_from_below >= 59 - worst


# ------------------------------------------------------------------------- refused


@pytest.mark.parametrize(
    "options", [{"coding": "JBIG"}, {"width": 0}, {"width": 70_000}, {"k": 0}, {"minimum_bits": -1}]
)
def test_what_there_is_not_is_refused(options):
    asked = {"coding": "MR", "width": 1728} | options
    with pytest.raises(t4.T4Error):
        t4.Encoder(**asked)


def test_fill_of_mmr_and_rows_of_another_width_are_refused():
    with pytest.raises(t4.T4Error, match="MMR"):
        t4.Encoder("MMR", 1728, minimum_bits=1)
    encoder = t4.Encoder("MMR", 1728)
    for rows in (np.zeros((1, 217), np.uint8), np.zeros(216, np.uint8), np.zeros((1, 216), bool)):
        with pytest.raises(t4.T4Error, match="216"):
            encoder.encode(rows)
    for width, limit in ((0, 1), (1728, 0)):
        with pytest.raises(t4.T4Error):
            t4.Decoder("MH", width, limit=limit)


# ------------------------------------------------------------------------- a real call


@cache
def _recorded() -> tuple[np.ndarray, dict]:
    """Bits of the page of a call between two ends of FreeSWITCH, and the page as libtiff's."""
    sound = soundfile.read(FIXTURES / "fax" / "v29_nonecm.flac", dtype="int16")[0]
    listener = Listener(v21.Receiver, lambda _, rate: v29.Receiver(rate), Deframer)
    for begin in range(0, len(sound), 160):
        listener.process(sound[begin : begin + 160])
    (page,) = told(listener, Deframer)["pages"]
    (burst,) = (one for one in listener.bursts if not one.check)
    return burst.bits, page


def test_the_page_of_a_real_call_is_what_libtiff_sees():
    bits, page = _recorded()
    decoder = t4.Decoder("MR", 1728)
    # what a modem gives in 20 ms, with what is before the page and after it
    rows = [decoder.process_bits(bits[at : at + 192]) for at in range(0, len(bits), 192)]
    rows.append(decoder.finish())
    octets = page["octets"]
    expected = libtiff.decoded(octets, 1728, decoder.quality.rows, "MR")
    assert np.array_equal(np.concatenate(rows), expected)
    assert decoder.quality.rows == 2232
    assert is_clean(decoder.quality) and decoder.quality.ended
    # and its sender makes the same octets of it
    assert t4.encode(expected, 1728, "MR")[:-1] == octets[:-1]
