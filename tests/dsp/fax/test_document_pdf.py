import importlib.util
import re
import sys
import zlib
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from pathlib import Path
from threading import RLock
from typing import Any

import numpy as np
import pytest
from PIL import Image

from dsp.fax import document_disk
from dsp.fax.document import (
    DocumentError,
    Options,
    Page,
    Paper,
    Resolution,
    read,
    write_pdf,
)
from tests.support.pages import FAX, blots, program, same

reads_pdf = pytest.mark.skipif(
    importlib.util.find_spec("pypdfium2") is None, reason="there is no pypdfium2"
)
DATE = datetime(2026, 11, 26, 1, 20, 3)


def objects(path: Path) -> dict[int, bytes]:
    """What the table at the end of a PDF points to."""
    octets = path.read_bytes()
    table = int(re.search(rb"startxref\n(\d+)\n%%EOF\n$", octets)[1])
    assert octets[table:].startswith(b"xref\n0 ")
    count = int(octets[table:].split()[2])
    lines = octets[table:].split(b"\n", count + 2)[2 : count + 2]
    assert all(len(line) == 19 for line in lines)
    found = {}
    for number, line in enumerate(lines[1:], start=1):
        held = octets[int(line[:10]) :]
        assert held.startswith(b"%d 0 obj\n" % number)
        found[number] = held[: held.index(b"\nendobj\n")]
    return found


def pictures(path: Path) -> list[np.ndarray]:
    """What fax2tiff makes of the codes in a PDF, as they are described in it."""
    found = []
    for held in objects(path).values():
        if b"/CCITTFaxDecode" in held:
            head, code = held.split(b"\nstream\n", 1)
            width, height, length = (
                int(re.search(rb"/%s (\d+)" % key, head)[1])
                for key in (b"Columns", b"Rows", b"Length")
            )
            assert code[length:] == b"\nendstream"
            raw, tiff = path.with_suffix(".g4"), path.with_suffix(".tiff")
            raw.write_bytes(code[:length])
            program("fax2tiff", "-8", "-M", "-X", width, "-4", "-o", tiff, raw)
            with Image.open(tiff) as image:
                # it takes the EOFB for one more line
                assert image.height == height + 1
                found.append(~np.asarray(image, dtype=np.bool_)[:height])
    return found


def test_the_pictures_are_the_pages(tmp_path):
    pages = [*read(FAX / "two.tiff"), blots(2432, 9, Resolution.STANDARD), blots(1729, 1)]
    write_pdf(pages, tmp_path / "a.pdf")
    for page, picture in zip(pages, pictures(tmp_path / "a.pdf"), strict=True):
        assert np.array_equal(picture, page.black())


def test_sheets_are_as_large_as_paper(tmp_path):
    pages = [
        Page(np.zeros((paper.height(one), paper.width(one) // 8), np.uint8), paper.width(one), one)
        for paper in (Paper.A4, Paper.B4)
        for one in Resolution
        if one.columns < 6
    ]
    write_pdf(pages, tmp_path / "a.pdf")
    boxes = [
        [
            float(side) / 72 * 25.4
            for side in re.search(rb"MediaBox \[0 0 (\S+) (\S+)\]", held).groups()
        ]
        for held in objects(tmp_path / "a.pdf").values()
        if b"/MediaBox" in held
    ]
    assert len(boxes) == len(pages)
    for page, (across, down) in zip(pages, boxes, strict=True):
        paper = Paper.of(page.width, page.resolution)
        assert abs(down - paper.value[1]) < 0.3
        assert abs(across - page.width / page.resolution.x * 25.4) < 0.01


def test_what_it_says_of_itself(tmp_path):
    write_pdf([blots(1728, 2)], tmp_path / "a.pdf", title="Für (alle) \\", date=DATE)
    held = objects(tmp_path / "a.pdf")[3].decode()
    title = re.search(r"/Title <(\w+)>", held)[1]
    assert bytes.fromhex(title).decode("utf-16") == "Für (alle) \\"
    assert bytes.fromhex(re.search(r"/CreationDate <(\w+)>", held)[1]).decode("utf-16") == (
        "D:20261126012003"
    )


def test_without_pages_or_with_an_error_nothing_is_written(tmp_path):
    path = tmp_path / "a.pdf"
    path.write_text("old")
    with pytest.raises(DocumentError, match=r"a\.pdf: there are no pages"):
        write_pdf([], path)

    def pages():
        yield blots(1728, 2)
        raise DocumentError("the second is broken")

    with pytest.raises(DocumentError, match="second"):
        write_pdf(pages(), path)
    assert [one.name for one in tmp_path.iterdir()] == ["a.pdf"]
    assert path.read_text() == "old"


def test_it_has_its_name_when_it_is_on_disk(tmp_path, monkeypatch):
    path, synced = tmp_path / "a.pdf", []
    fsync = document_disk.os.fsync

    def watched(descriptor):
        synced.append(path.exists())
        fsync(descriptor)

    monkeypatch.setattr(document_disk.os, "fsync", watched)
    write_pdf([blots(1728, 2)], path)
    assert synced == [False, True]


@pytest.mark.parametrize("number", [1, 2])
def test_poppler_draws_the_very_pixels(tmp_path, number):
    page = list(read(FAX / "two.tiff"))[number - 1]
    write_pdf(read(FAX / "two.tiff"), tmp_path / "a.pdf")
    program("pdftoppm", "-f", number, "-l", number, "-mono", "-scale-to-x", page.width,
            "-scale-to-y", page.height, tmp_path / "a.pdf", tmp_path / "a")  # fmt: skip
    (drawn,) = tmp_path.glob("a-*.pbm")
    with Image.open(drawn) as image:
        assert np.array_equal(~np.asarray(image, dtype=np.bool_), page.black())


def test_poppler_finds_the_codes(tmp_path):
    write_pdf(read(FAX / "two.tiff"), tmp_path / "a.pdf")
    told = program("pdfimages", "-list", tmp_path / "a.pdf")
    assert [line.split()[2:9] for line in told.splitlines()[2:]] == [
        ["image", "1728", "2200", "gray", "1", "1", "ccitt"],
        ["image", "1728", "700", "gray", "1", "1", "ccitt"],
    ]


@reads_pdf
def test_a_fax_comes_back_to_the_bit(tmp_path):
    pages = [*read(FAX / "two.tiff"), *(blots(1728, 2287, seed=seed) for seed in range(3))]
    write_pdf(pages, tmp_path / "a.pdf")
    assert all(same(*pair) for pair in zip(pages, read(tmp_path / "a.pdf"), strict=True))
    assert [one.height for one in read(tmp_path / "a.pdf", first=2, last=2)] == [700]


@reads_pdf
@pytest.mark.parametrize("resolution", [Resolution.STANDARD, Resolution.SUPERFINE, Resolution.R16])
def test_a_fax_comes_back_at_its_resolution(tmp_path, resolution):
    page = blots(Paper.B4.width(resolution), 400, resolution)
    write_pdf([page], tmp_path / "a.pdf")
    (found,) = read(tmp_path / "a.pdf", Options(paper=Paper.B4, resolution=resolution))
    assert same(found, page)


@reads_pdf
def test_what_libtiff_makes_of_a_fax_is_one(tmp_path):
    program("tiff2pdf", "-o", tmp_path / "a.pdf", FAX / "two.tiff")
    pages = zip(read(FAX / "two.tiff"), read(tmp_path / "a.pdf"), strict=True)
    assert all(same(*pair) for pair in pages)


def drawn_pdf(path: Path, box: str, drawing: str, resources: str = "") -> None:
    """A PDF of one page, by hand."""
    stream = zlib.compress(drawing.encode())
    held = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        f"<< /Type /Page /Parent 2 0 R /MediaBox [{box}] /Contents 4 0 R"
        f" /Resources << {resources} >> >>".encode(),
        b"<< /Length %d /Filter /FlateDecode >>\nstream\n" % len(stream) + stream + b"\nendstream",
    ]
    octets, starts = b"%PDF-1.4\n", []
    for number, one in enumerate(held, start=1):
        starts.append(len(octets))
        octets += b"%d 0 obj\n%b\nendobj\n" % (number, one)
    table = b"".join(b"%010d 00000 n \n" % start for start in starts)
    octets += b"xref\n0 5\n0000000000 65535 f \n" + table.replace(b"xref", b"")
    octets += b"trailer\n<< /Size 5 /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % octets.index(
        b"xref\n"
    )
    path.write_bytes(octets)


@reads_pdf
@pytest.mark.parametrize("resolution", [Resolution.STANDARD, Resolution.FINE, Resolution.DPI_300])
def test_a_square_is_a_square(tmp_path, resolution):
    drawn_pdf(tmp_path / "a.pdf", "0 0 595 842", "144 360 288 288 re f")
    (page,) = read(tmp_path / "a.pdf", Options(resolution=resolution))
    assert page.width == Paper.A4.width(resolution)
    assert abs(page.height - Paper.A4.height(resolution)) <= 2
    rows, columns = np.nonzero(page.black())
    assert abs((np.ptp(columns) + 1) / resolution.x - 4) < 0.02
    assert abs((np.ptp(rows) + 1) / resolution.y - 4) < 0.02
    assert page.black()[rows.min() : rows.max() + 1, columns.min() : columns.max() + 1].all()


@reads_pdf
def test_a_sheet_that_is_larger_is_reduced(tmp_path):
    drawn_pdf(tmp_path / "a.pdf", "0 0 2000 1000", "0 0 2000 1000 re f")
    (page,) = read(tmp_path / "a.pdf")
    assert page.black().all()
    assert abs(page.height / page.resolution.y * 2 - page.width / page.resolution.x) < 0.02


@reads_pdf
@pytest.mark.parametrize("box", ["0 0 0 0", "0 0 595 1e9", "0 0 nan 842"])
def test_sheets_that_are_none(tmp_path, box):
    drawn_pdf(tmp_path / "a.pdf", box, "0 0 9 9 re f")
    try:
        (page,) = read(tmp_path / "a.pdf")
    except DocumentError as error:
        assert error.path == tmp_path / "a.pdf"
    else:
        assert page.width == 1728
        assert page.height <= Paper.A4.height(Resolution.FINE)


@reads_pdf
def test_broken_pdf(tmp_path):
    write_pdf([blots(1728, 3)], tmp_path / "whole.pdf")
    octets = (tmp_path / "whole.pdf").read_bytes()
    path = tmp_path / "a.pdf"
    refused = 0
    for length in range(5, len(octets), 97):
        path.write_bytes(octets[:length])
        try:
            list(read(path))
        except DocumentError as error:
            assert error.path == path
            refused += 1
    assert refused


@reads_pdf
def test_threads_are_never_in_pdfium_at_once(tmp_path, monkeypatch):
    raw = importlib.import_module("pypdfium2.raw")
    inside, clashes = RLock(), []

    def watched(name: str, function: Callable[..., Any]) -> Callable[..., Any]:
        def call(*args):
            if not inside.acquire(blocking=False):
                clashes.append(name)
                inside.acquire()
            try:
                return function(*args)
            finally:
                inside.release()

        return call

    for name, function in list(vars(raw).items()):
        if name.startswith(("FPDF", "FORM")) and getattr(function, "argtypes", None) is not None:
            monkeypatch.setattr(raw, name, watched(name, function))
    write_pdf([blots(1728, 2287, seed=seed) for seed in range(3)], tmp_path / "a.pdf")
    (tmp_path / "broken.pdf").write_bytes((tmp_path / "a.pdf").read_bytes()[:99])

    def pages(_: int) -> list[bytes]:
        with pytest.raises(DocumentError):
            next(read(tmp_path / "broken.pdf"))
        next(read(tmp_path / "a.pdf"))
        return [page.rows.tobytes() for page in read(tmp_path / "a.pdf")]

    with ThreadPoolExecutor(4) as pool:
        one, *others = pool.map(pages, range(8))
    assert not clashes
    assert all(other == one for other in others)


def test_without_pypdfium2_it_says_what_to_install(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "pypdfium2", None)
    write_pdf([blots(1728, 3)], tmp_path / "a.pdf")
    with pytest.raises(
        DocumentError, match=r"a\.pdf: to read PDF, in .*pip install -e '\.\[pdf\]'"
    ):
        list(read(tmp_path / "a.pdf"))
