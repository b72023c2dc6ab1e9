import struct

import numpy as np
import pytest
from PIL import Image

from dsp.fax.document import DocumentError, TiffWriter, read
from dsp.fax.document_strips import decoded
from dsp.fax.t4 import encode, unpack
from tests.support.pages import FAX, blots, libtiff_page, program, same


def strips_of(path, number=0):
    with Image.open(path) as image:
        image.seek(number)
        return decoded(image, path)


@pytest.mark.parametrize("compression", ["g3:1d", "g3:2d", "g3:1d:fill", "g3:2d:fill", "g4"])
@pytest.mark.parametrize("order", ["lsb2msb", "msb2lsb"])
@pytest.mark.parametrize("rows", [7, 5000])
def test_strips_of_libtiff_are_decoded_here(tmp_path, compression, order, rows):
    program("tiffcp", "-c", compression, "-f", order, "-r", rows, FAX / "two.tiff", tmp_path / "a")
    for number in (0, 1):
        page = strips_of(tmp_path / "a", number)
        assert page is not None
        assert np.array_equal(unpack(page, 1728), libtiff_page(number))


@pytest.mark.parametrize("compression", ["none", "lzw", "packbits", "zip"])
def test_other_compressions_are_for_libtiff(tmp_path, compression):
    program("tiffcp", "-c", compression, FAX / "two.tiff", tmp_path / "a")
    assert strips_of(tmp_path / "a") is None


def test_tiles_are_for_libtiff(tmp_path):
    program("tiffcp", "-c", "g4", "-t", "-w", 64, "-l", 64, FAX / "page.tiff", tmp_path / "a")
    assert strips_of(tmp_path / "a") is None


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("compression", ["g3:2d", "g4"])
def test_pages_are_turned_as_libtiff_turns_them(tmp_path, compression, orientation):
    pages = []
    for name, packed in (("a", compression), ("b", "lzw")):
        program("tiffcp", "-c", packed, FAX / "page.tiff", tmp_path / name)
        program("tiffset", "-s", 274, orientation, tmp_path / name)
        pages += read(tmp_path / name)
    assert strips_of(tmp_path / "b") is None
    assert same(*pages)


def damaged(path, coding: str, share: float) -> None:
    """The fixture's page, in the middle of whose code an octet is wrong."""
    with TiffWriter(path, coding=coding) as writer:
        writer.append(next(read(FAX / "page.tiff")))
    with Image.open(path) as image:
        (start,), (count,) = image.tag_v2[273], image.tag_v2[279]
    octets = bytearray(path.read_bytes())
    octets[start + int(count * share)] ^= 0x55
    path.write_bytes(octets)


@pytest.mark.parametrize("share", [0.2, 0.5, 0.9])
def test_a_page_whose_code_is_damaged_is_not_sent_as_noise(tmp_path, share):
    damaged(tmp_path / "a.tiff", "MMR", share)
    with pytest.raises(DocumentError, match=r"page 1: its code is damaged at line \d+ of 2200"):
        list(read(tmp_path / "a.tiff"))


@pytest.mark.parametrize(("coding", "most"), [("MH", 2), ("MR", 5)])
@pytest.mark.parametrize("share", [0.2, 0.5, 0.9])
def test_damaged_lines_are_replaced_as_in_a_fax(tmp_path, coding, most, share):
    damaged(tmp_path / "a.tiff", coding, share)
    (page,) = read(tmp_path / "a.tiff")
    intact = libtiff_page(0, FAX / "page.tiff")
    assert page.height == 2200
    assert (page.black() != intact).any(axis=1).sum() <= most


def with_code(path, coding: str, height: int, code: bytes) -> None:
    """A page that says that it is so high, with another code: zeros follow it."""
    with TiffWriter(path, coding=coding, fill_order=1) as writer:
        writer.append(blots(1728, height))
    with Image.open(path) as image:
        (start,), (count,) = image.tag_v2[273], image.tag_v2[279]
    octets = bytearray(path.read_bytes())
    octets[start : start + count] = code.ljust(count, b"\0")[:count]
    path.write_bytes(octets)


def with_options(path, options: int) -> None:
    """Another T4Options in each directory of a file of tiffcp."""
    octets = bytearray(path.read_bytes())
    field = struct.pack("<HHI", 292, 4, 1)
    place = octets.find(field)
    assert place > 0
    while place > 0:
        octets[place + 8 : place + 12] = struct.pack("<I", options)
        place = octets.find(field, place + 1)
    path.write_bytes(octets)


@pytest.mark.parametrize(("compression", "options"), [("g3:2d", 0), ("g3:1d", 1)])
@pytest.mark.parametrize("rows", [7, 5000])
def test_which_of_the_codes_it_is_is_heard_where_it_is_told_wrongly(
    tmp_path, compression, options, rows
):
    program("tiffcp", "-c", compression, "-r", rows, FAX / "two.tiff", tmp_path / "a")
    with_options(tmp_path / "a", options)
    pages = [page.black() for page in read(tmp_path / "a")]
    assert [np.array_equal(page, libtiff_page(n)) for n, page in enumerate(pages)] == [True, True]


@pytest.mark.parametrize("coding", ["MH", "MR"])
def test_lines_too_many_of_which_are_damaged_are_no_page(tmp_path, coding):
    code = bytearray(encode(blots(1728, 200).rows, 1728, coding))
    for place in range(0, len(code), 40):
        code[place] ^= 0x55
    with_code(tmp_path / "a.tiff", coding, 200, code)
    with pytest.raises(DocumentError, match="page 1: its code is damaged"):
        list(read(tmp_path / "a.tiff"))


@pytest.mark.parametrize("coding", ["MH", "MR", "MMR"])
def test_a_page_ends_with_its_code_whatever_its_length_is_said_to_be(tmp_path, coding):
    rows = blots(1728, 200).rows[:40]
    with_code(tmp_path / "a.tiff", coding, 200, encode(rows, 1728, coding))
    (page,) = read(tmp_path / "a.tiff")
    assert np.array_equal(page.rows, rows)


@pytest.mark.parametrize("coding", ["MH", "MR", "MMR"])
def test_half_a_page_is_no_page(tmp_path, coding):
    code = encode(blots(1728, 200).rows, 1728, coding)
    with_code(tmp_path / "a.tiff", coding, 200, code[: len(code) // 2])
    with pytest.raises(DocumentError, match="page 1: its code is damaged"):
        list(read(tmp_path / "a.tiff"))


def test_lines_without_eol_are_for_libtiff(tmp_path):
    with_code(tmp_path / "a.tiff", "MH", 40, bytes.fromhex("4d9a") * 80)
    assert strips_of(tmp_path / "a.tiff") is None
    (page,) = read(tmp_path / "a.tiff")
    assert page.height == 40
