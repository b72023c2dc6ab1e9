import io
import struct
import subprocess
import sys
import zlib
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image, ImageDraw

from dsp.fax.document import DocumentError, Options, Paper, Resolution, TiffWriter, read
from tests.support.pages import FAX, blots, libtiff_page, program, same

pytestmark = pytest.mark.filterwarnings("ignore::UserWarning:PIL", "ignore::RuntimeWarning:PIL")


def one(path: Path, **options):
    (page,) = read(path, Options(**options))
    return page


def test_the_fixtures_are_read_to_the_bit():
    (page,) = read(FAX / "page.tiff")
    assert np.array_equal(page.black(), libtiff_page(0, FAX / "page.tiff"))
    first, second = read(FAX / "two.tiff")
    assert np.array_equal(first.black(), libtiff_page(0))
    assert np.array_equal(second.black(), libtiff_page(1))
    assert first.resolution is second.resolution is Resolution.FINE
    assert 0.01 < page.black().mean() < 0.3


@pytest.mark.parametrize("compression", ["none", "lzw", "zip", "packbits", "g3:1d", "g4"])
@pytest.mark.parametrize("order", ["lsb2msb", "msb2lsb"])
@pytest.mark.parametrize("strips", [("-r", "100"), ("-t", "-w", "64", "-l", "64")])
def test_a_fax_stays_as_it_is_however_libtiff_has_packed_it(tmp_path, compression, order, strips):
    program("tiffcp", "-c", compression, "-f", order, *strips, FAX / "two.tiff", tmp_path / "a.tif")
    for number, page in zip((0, 1), read(tmp_path / "a.tif"), strict=True):
        assert np.array_equal(page.black(), libtiff_page(number))
        assert page.resolution is Resolution.FINE


@pytest.mark.parametrize("endian", ["-L", "-B"])
@pytest.mark.parametrize("compression", ["none", "g4", "packbits"])
@pytest.mark.parametrize("zero_is", ["white", "black"])
def test_either_photometric_and_either_end(tmp_path, endian, compression, zero_is):
    page = blots(1728, 30)
    with TiffWriter(tmp_path / "a.tif") as writer:
        writer.append(page)
    program("tiffcp", endian, "-c", compression, tmp_path / "a.tif", tmp_path / "b.tif")
    program("tiffset", "-s", 262, int(zero_is == "black"), tmp_path / "b.tif")
    found = one(tmp_path / "b.tif").black()
    assert np.array_equal(found, page.black() if zero_is == "white" else ~page.black())


def test_fax2tiff_is_understood(tmp_path):
    page = blots(1728, 60)
    with TiffWriter(tmp_path / "a.tif", coding="MH", fill_order=1) as writer:
        writer.append(page)
    with Image.open(tmp_path / "a.tif") as image:
        (start,), (count,) = image.tag_v2[273], image.tag_v2[279]
    raw = (tmp_path / "a.tif").read_bytes()[start : start + count]
    (tmp_path / "a.g3").write_bytes(raw)
    program("fax2tiff", "-M", "-o", tmp_path / "b.tif", tmp_path / "a.g3")
    assert np.array_equal(one(tmp_path / "b.tif").black(), page.black())


@pytest.mark.parametrize(
    ("tags", "expected"),
    [
        ({}, Resolution.FINE),
        ({282: 204.0, 283: 98.0, 296: 2}, Resolution.STANDARD),
        ({282: 200.0, 283: 100.0, 296: 2}, Resolution.DPI_200X100),
        ({282: 80.4, 283: 154.0, 296: 3}, Resolution.SUPERFINE),
        ({282: 80.4, 283: 77.0, 296: 2}, Resolution.FINE),
        ({282: 204.0, 283: 98.0, 296: 1}, Resolution.STANDARD),
        ({282: 72.0, 283: 72.0, 296: 2}, Resolution.FINE),
        ({282: 0.0, 283: 0.0, 296: 2}, Resolution.FINE),
        ({282: 204.0, 296: 2}, Resolution.FINE),
    ],
)
def test_resolutions_that_are_missing_or_wrong(tmp_path, tags, expected):
    page = blots(1728, 2200)
    page.image().save(tmp_path / "a.tif", tiffinfo=tags, compression="group4")
    found = one(tmp_path / "a.tif")
    assert np.array_equal(found.rows, page.rows)
    assert found.resolution is expected


def test_thumbnails_are_no_pages(tmp_path):
    images = [blots(1728, 20, seed=seed).image() for seed in range(3)]
    frames = []
    for number, image in enumerate(images):
        held = io.BytesIO()
        image.save(held, "TIFF", tiffinfo={254: 1 if number == 1 else 2}, compression="group4")
        frames.append(Image.open(held))
    frames[0].save(tmp_path / "a.tif", save_all=True, append_images=frames[1:])
    program("tiffset", "-d", 1, "-s", 254, 1, tmp_path / "a.tif")
    found = list(read(tmp_path / "a.tif"))
    assert [int(page.black().sum()) for page in found] == [
        int(blots(1728, 20, seed=seed).black().sum()) for seed in (0, 2)
    ]


@pytest.mark.parametrize("orientation", range(1, 9))
def test_pages_are_turned_the_right_way_up(tmp_path, orientation):
    black = np.zeros((100, 200), np.bool_)
    black[:50, :100] = True
    image = Image.fromarray(~black)
    image.save(
        tmp_path / "a.tif", dpi=(100, 100), compression="group4", tiffinfo={274: orientation}
    )
    image.convert("L").save(
        tmp_path / "a.jpg", quality=95, dpi=(100, 100), exif=_turned(orientation)
    )
    upright = one(tmp_path / "a.tif").black()
    photograph = one(tmp_path / "a.jpg").black()
    corner = {1: "lt", 2: "rt", 3: "rb", 4: "lb", 5: "lt", 6: "rt", 7: "rb", 8: "lb"}[orientation]
    for found in (upright, photograph):
        height, width = found.shape
        used = round((100 if orientation > 4 else 200) * 2.0414)
        assert abs(height - (200 if orientation > 4 else 100) * 1.9558) <= 1
        left = (width - used) // 2
        middle = left + used // 2
        sides = {"l": slice(left + 9, middle - 9), "r": slice(middle + 9, left + used - 9)}
        rows = {"t": slice(9, height // 2 - 9), "b": slice(height // 2 + 9, -9)}
        for side, columns in sides.items():
            for end, lines in rows.items():
                assert found[lines, columns].mean() == (side + end == corner)


def _turned(orientation: int) -> Image.Exif:
    exif = Image.Exif()
    exif[0x112] = orientation
    return exif


def test_a_fax_at_its_own_resolution_is_centred_and_not_scaled(tmp_path):
    black = blots(1700, 50).black()
    Image.fromarray(~black).save(tmp_path / "a.png", dpi=(200, 200))
    page = one(tmp_path / "a.png")
    assert page.resolution is Resolution.DPI_200
    assert page.width == 1728
    assert np.array_equal(page.black()[:, 14:1714], black)
    assert not page.black()[:, :14].any()
    assert not page.black()[:, 1714:].any()


@pytest.mark.parametrize("name", ["a.png", "a.bmp", "a.gif", "a.pcx", "a.webp", "a.tif"])
def test_black_and_white_is_a_fax_in_every_format(tmp_path, name):
    page = blots(1728, 40)
    image = page.image()
    if name.endswith("webp"):
        image.convert("L").save(tmp_path / name, lossless=True)
    elif name.endswith("gif"):
        image.convert("P").save(tmp_path / name)
    else:
        image.save(tmp_path / name)
    if name.endswith("webp"):  # it is in colour
        assert np.array_equal(one(tmp_path / name, resolution=Resolution.FINE).width, 1728)
    else:
        assert np.array_equal(one(tmp_path / name).rows, page.rows)


def test_black_that_cannot_be_seen_is_white(tmp_path):
    image = blots(1728, 20).image()
    image.save(tmp_path / "a.png", dpi=(204, 196), transparency=0)
    assert not one(tmp_path / "a.png").rows.any()
    image.save(tmp_path / "b.png", dpi=(204, 196), transparency=1)
    assert np.array_equal(one(tmp_path / "b.png").rows, blots(1728, 20).rows)


@pytest.mark.parametrize("kind", [np.int32, np.float32])
@pytest.mark.parametrize("level", [0, 1, 65_535])
def test_a_picture_of_one_level_of_no_known_range_is_white(tmp_path, kind, level):
    Image.fromarray(np.full((20, 30), level, kind)).save(tmp_path / "a.tif")
    assert not one(tmp_path / "a.tif").rows.any()


@pytest.mark.parametrize("mode", ["L", "RGB", "RGBA", "LA", "CMYK", "P", "I;16", "I", "F", "YCbCr"])
def test_every_kind_of_pixel_becomes_black_and_white(tmp_path, mode):
    grey = Image.new("L", (600, 400), 255)
    ImageDraw.Draw(grey).rectangle((150, 100, 449, 299), fill=0)
    if mode == "I;16":
        image = Image.fromarray(np.asarray(grey).astype(np.uint16) * 257)
    elif mode == "P":
        image = grey.convert("RGB").quantize(7)
    else:
        image = grey.convert(mode)
    if mode in ("RGBA", "LA"):  # what is transparent is paper, whatever its colour
        image.putalpha(grey.point(lambda level: 255 - level))
    # some versions of Pillow cannot read their own YCbCr but as JPEG
    packed = {"compression": "jpeg", "quality": 95} if mode == "YCbCr" else {}
    image.save(tmp_path / "a.tif", dpi=(200, 200), **packed)
    black = one(tmp_path / "a.tif").black()
    assert abs(black.mean() * black.size - 300 * 200 * 2.0414 / 2 * 1.9558 / 2) < 1500
    rows, columns = np.nonzero(black)
    assert abs(columns.mean() - 864) < 2
    assert abs(rows.mean() - len(black) / 2) < 2


@pytest.mark.parametrize("resolution", [Resolution.STANDARD, Resolution.FINE, Resolution.DPI_300])
@pytest.mark.parametrize("paper", [Paper.A4, Paper.B4, Paper.A3])
def test_a_circle_is_a_circle_on_paper(tmp_path, resolution, paper):
    image = Image.new("L", (1000, 1000), 255)
    ImageDraw.Draw(image).ellipse((100, 100, 899, 899), fill=0)
    image.save(tmp_path / "a.png", dpi=(150, 150))
    page = one(tmp_path / "a.png", resolution=resolution, paper=paper, tone="threshold")
    assert page.width == paper.width(resolution)
    rows, columns = np.nonzero(page.black())
    across, down = np.ptp(columns) / resolution.x, np.ptp(rows) / resolution.y
    assert abs(across - 800 / 150) < 0.03
    assert abs(down - 800 / 150) < 0.03


def test_grey_at_the_resolution_that_is_asked_for_is_not_scaled(tmp_path):
    black = blots(1720, 700).black()
    grey = np.where(black, 40, 230).astype(np.uint8)
    Image.fromarray(grey).save(tmp_path / "a.png", dpi=(204, 196))
    assert np.array_equal(one(tmp_path / "a.png", tone="threshold").black()[:, 4:1724], black)


@pytest.mark.parametrize("size", [(4000, 3000), (3000, 9000), (1, 5000), (5000, 1), (1, 1)])
def test_a_picture_is_never_larger_than_its_paper(tmp_path, size):
    Image.new("L", size).save(tmp_path / "a.png")
    page = one(tmp_path / "a.png")
    assert page.width == 1728
    assert 1 <= page.height <= Paper.A4.height(Resolution.FINE)


def test_only_the_first_of_moving_pictures(tmp_path):
    frames = [Image.new("L", (50, 50), level) for level in (0, 255, 0)]
    frames[0].save(tmp_path / "a.gif", save_all=True, append_images=frames[1:])
    assert one(tmp_path / "a.gif").black().any()


@pytest.mark.parametrize(
    ("first", "last", "heights"),
    [(1, None, [1, 2, 3, 4]), (2, 3, [2, 3]), (4, None, [4]), (1, 1, [1])],
)
def test_ranges_of_pages(tmp_path, first, last, heights):
    with TiffWriter(tmp_path / "a.tif") as writer:
        for height in range(1, 5):
            writer.append(blots(1728, height))
    found = read(tmp_path / "a.tif", first=first, last=last)
    assert [page.height for page in found] == heights


@pytest.mark.parametrize(("first", "last"), [(0, None), (3, 2), (5, None), (1, 5), (-1, 1)])
def test_ranges_that_are_none(tmp_path, first, last):
    with TiffWriter(tmp_path / "a.tif") as writer:
        for height in range(1, 5):
            writer.append(blots(1728, height))
    with pytest.raises(DocumentError, match=r"a\.tif: "):
        list(read(tmp_path / "a.tif", first=first, last=last))


def png_of(width: int, height: int) -> bytes:
    """A PNG that says so, and has nothing in it."""
    chunks = (b"IHDR", struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0)), (b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(held)) + kind + held + struct.pack(">I", zlib.crc32(kind + held))
        for kind, held in chunks
    )


@pytest.mark.parametrize("side", [9_000, 10_000, 20_000, 2**31 - 1])
def test_pages_of_too_many_pixels_are_refused(tmp_path, side):
    (tmp_path / "a.png").write_bytes(png_of(side, side))
    with pytest.raises(DocumentError, match=r"a\.png"):
        one(tmp_path / "a.png")


def test_the_limits_are_the_callers(tmp_path):
    Image.new("L", (1000, 1001)).save(tmp_path / "c.tif")
    with pytest.raises(DocumentError, match=r"page 1: .*more than 1000000"):
        one(tmp_path / "c.tif", pixels=1_000_000)
    with TiffWriter(tmp_path / "d.tif") as writer:
        for _ in range(4):
            writer.append(blots(1728, 1))
    with pytest.raises(DocumentError, match="more than 3"):
        list(read(tmp_path / "d.tif", Options(pages=3)))
    with pytest.raises(DocumentError, match="octets"):
        list(read(tmp_path / "d.tif", Options(octets=99)))


def test_a_tiff_that_goes_in_circles_ends(tmp_path):
    path = tmp_path / "a.tif"
    with TiffWriter(path) as writer:
        writer.append(blots(1728, 1))
        writer.append(blots(1728, 2))
    octets = bytearray(path.read_bytes())
    octets[-4:] = octets[4:8]
    path.write_bytes(octets)
    assert [page.height for page in read(path)] == [1, 2]


@pytest.mark.parametrize(("kind", "head"), [("TIFF", 4), ("PNG", 4), ("JPEG", 3), ("GIF", 6)])
def test_a_picture_that_is_cut_is_broken_and_no_text(tmp_path, kind, head):
    path = tmp_path / "a"
    Image.new("L", (99, 99), "white").save(path, kind)
    octets = path.read_bytes()
    for length in range(head, 60):
        path.write_bytes(octets[:length])
        with pytest.raises(
            DocumentError, match=rf"a: (page 1: )?it is (broken: |a broken {kind}$)"
        ):
            list(read(path))


def test_what_pillow_thinks_of_a_file_is_not_on_the_terminal(tmp_path):
    path = tmp_path / "a.tiff"
    path.write_bytes((FAX / "two.tiff").read_bytes()[:30000])
    story = "import sys, pathlib, dsp.fax.document as d; list(d.read(pathlib.Path(sys.argv[1])))"
    done = subprocess.run(
        [sys.executable, "-c", story, path], capture_output=True, text=True, check=False
    )
    assert done.stderr.endswith("a.tiff: it is a broken TIFF\n") and "Warning" not in done.stderr


def test_what_comes_before_a_broken_page_is_given(tmp_path):
    path = tmp_path / "a.tif"
    with TiffWriter(path) as writer:
        writer.append(blots(1728, 1))
        writer.append(blots(1728, 200))
    path.write_bytes(path.read_bytes()[:-600])
    pages = read(path)
    assert next(pages).height == 1
    with pytest.raises(DocumentError, match=r"a\.tif: page 2: "):
        next(pages)
    assert [page.height for page in read(path, last=1)] == [1]


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    """Files of all codings, small enough to break them everywhere."""
    folder = tmp_path_factory.mktemp("small")
    made = {}
    for coding in ("MH", "MR", "MMR"):
        with TiffWriter(folder / coding, coding=coding) as writer:
            for height in (5, 9):
                writer.append(blots(1728, height))
        made[coding] = (folder / coding).read_bytes()
    for compression in ("raw", "tiff_lzw", "packbits", "tiff_adobe_deflate", "jpeg"):
        held = io.BytesIO()
        mode = "L" if compression == "jpeg" else "1"
        blots(80, 9).image().convert(mode).save(held, "TIFF", compression=compression)
        made[compression] = held.getvalue()
    for name in ("PNG", "GIF", "BMP", "JPEG", "PCX"):
        held = io.BytesIO()
        blots(80, 9).image().convert("L").save(held, name)
        made[name] = held.getvalue()
    return made


@settings(
    max_examples=150,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(st.data())
def test_whatever_is_broken_is_a_page_or_a_document_error(small, tmp_path, data):
    octets = bytearray(small[data.draw(st.sampled_from(sorted(small)))])
    for place, bit in data.draw(st.lists(st.tuples(st.integers(0, 9999), st.integers(0, 7)))):
        octets[place % len(octets)] ^= 1 << bit
    length = data.draw(st.one_of(st.none(), st.integers(0, len(octets))))
    (tmp_path / "a").write_bytes(octets[:length])
    try:
        for page in read(tmp_path / "a", Options(pixels=5_000_000, pages=10)):
            assert page.rows.any() in (True, False)
    except DocumentError as error:
        assert error.path == tmp_path / "a"


def test_damaged_codes_are_told_or_read(tmp_path):
    """Every octet of a page's MMR in turn."""
    path = tmp_path / "a.tif"
    with TiffWriter(path) as writer:
        writer.append(blots(1728, 6))
    octets = path.read_bytes()
    intact = one(path)
    told = 0
    for place in range(8, len(octets), 3):
        broken = bytearray(octets)
        broken[place] ^= 0x5A
        path.write_bytes(broken)
        try:
            told += not all(same(page, intact) for page in read(path))
        except DocumentError:
            told += 1
    assert told > len(octets) / 3 / 4
