import numpy as np
import pytest
from PIL import Image

from dsp.fax.document import (
    DocumentError,
    Header,
    Paper,
    Resolution,
    TiffWriter,
    fit,
    read,
    suitable,
    write_pdf,
    write_png,
)
from dsp.types import DspError
from tests.support.pages import FAX, blots, libtiff_page, same


@pytest.mark.parametrize("name", ["a.tiff", "a", "a.png", "a.pdf.bak"])
def test_what_a_file_is_is_told_by_its_content(tmp_path, name):
    (tmp_path / name).write_bytes((FAX / "two.tiff").read_bytes())
    assert len(list(read(tmp_path / name))) == 2


def test_text_that_looks_like_a_picture_is_text_by_its_name(tmp_path):
    (tmp_path / "a.txt").write_text("P1 is the first of the parts\n%PDF-")
    (page,) = read(tmp_path / "a.txt")
    assert page.height == Paper.A4.height(Resolution.FINE)


@pytest.mark.parametrize("octets", [b"", b"II*\0", b"\x89PNG\r\n\x1a\n", b"\0" * 999, b"MM\0*\0\0"])
def test_what_is_nothing_is_refused(tmp_path, octets):
    (tmp_path / "a").write_bytes(octets)
    with pytest.raises(DocumentError) as caught:
        list(read(tmp_path / "a"))
    assert caught.value.path == tmp_path / "a"
    assert isinstance(caught.value, DspError)


def test_a_folder_and_nothing_are_no_documents(tmp_path):
    for path in (tmp_path, tmp_path / "none"):
        with pytest.raises(DocumentError, match=str(path)):
            list(read(path))


@pytest.mark.parametrize(
    "source",
    [
        "%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n",
        "{\\rtf1\\ansi fax}",
        "\n<!DOCTYPE html><p>fax",
        "<HTML><p>fax",
        "<?xml version='1.0'?><svg/>",
    ],
)
def test_nothing_that_could_run_or_fetch_is_drawn_and_no_source_sent(tmp_path, source):
    """PostScript is a program, and Pillow would hand it to Ghostscript."""
    for name in ("a.eps", "a"):
        (tmp_path / name).write_text(source)
        with pytest.raises(DocumentError, match="no picture, PDF or text: it begins with"):
            list(read(tmp_path / name))
    (tmp_path / "a.txt").write_text(source)
    (page,) = read(tmp_path / "a.txt")
    assert page.black().any()


def test_png_keeps_pixels_and_resolution(tmp_path):
    page = next(read(FAX / "page.tiff"))
    write_png(page, tmp_path / "a.png")
    with Image.open(tmp_path / "a.png") as image:
        assert image.mode == "1"
        assert np.array_equal(
            ~np.asarray(image, dtype=np.bool_), libtiff_page(0, FAX / "page.tiff")
        )
        assert np.allclose(image.info["dpi"], (page.resolution.x, page.resolution.y), atol=0.02)
    assert same(next(read(tmp_path / "a.png")), page)


def test_png_of_square_pixels(tmp_path):
    page = blots(1728, 100, Resolution.STANDARD)
    write_png(page, tmp_path / "a.png", square=True)
    with Image.open(tmp_path / "a.png") as image:
        assert image.size == (1728, 209)
        assert np.ptp(image.info["dpi"]) == 0


def test_what_cannot_be_written_is_a_document_error(tmp_path):
    page = blots(1728, 2)
    for write in (write_png, lambda page, path: write_pdf([page], path)):
        with pytest.raises(DocumentError, match="none"):
            write(page, tmp_path / "none" / "a")


def test_a_document_on_its_way(tmp_path):
    """A B4 page, superfine, to an end that takes A4 and fine; as it would be sent and kept."""
    page = blots(2048, 5600, Resolution.SUPERFINE)
    resolution = suitable(page.resolution, [Resolution.STANDARD, Resolution.FINE])
    sent = Header(name="Office").on(fit(page, Paper.A4.width(resolution), resolution), 1, 1)
    assert (sent.width, sent.resolution) == (1728, Resolution.FINE)
    assert sent.height == round(5600 / 2 * 1728 / 2048) + 32
    with TiffWriter(tmp_path / "a.tiff") as writer:
        writer.append(sent)
    (kept,) = read(tmp_path / "a.tiff")
    assert same(kept, sent)


@pytest.mark.parametrize(("name", "count"), [("a.tiff", 2), ("a.txt", 3)])
def test_how_many_pages_there_are_is_told_before_the_first_is_read(tmp_path, name, count):
    (tmp_path / "a.tiff").write_bytes((FAX / "two.tiff").read_bytes())
    (tmp_path / "a.txt").write_text("one\ftwo\fthree")
    told = []
    next(read(tmp_path / name, first=2, counted=told.append))
    assert told == [count]


def test_what_is_counted_may_be_too_much(tmp_path):
    def refuse(count):
        raise DocumentError(f"{count} are too many")

    with pytest.raises(DocumentError, match=r"two\.tiff: 2 are too many"):
        next(read(FAX / "two.tiff", counted=refuse))
