from itertools import pairwise

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from PIL import ImageFont

from dsp.fax import document_text
from dsp.fax.document import DocumentError, Options, Page, Paper, Resolution, read
from dsp.fax.document_font import Face


def laid(text: str, **options) -> list[Page]:
    return list(document_text.laid(text, Options(**options)))


def bands(page: Page) -> int:
    """How many lines of text there are: runs of rows with black."""
    inked = page.black().any(axis=1)
    return int((np.diff(inked.astype(int), prepend=0) == 1).sum())


@pytest.mark.parametrize("paper", [Paper.LETTER, Paper.B4])
@pytest.mark.parametrize("resolution", [Resolution.STANDARD, Resolution.FINE, Resolution.DPI_300])
def test_text_stands_within_its_margins(paper, resolution):
    text = "\n".join("H" * 500 for _ in range(9))
    page = laid(text, paper=paper, resolution=resolution, margin=25)[0]
    assert page.width == paper.width(resolution)
    assert page.height == paper.height(resolution)
    rows, columns = np.nonzero(page.black())
    side, top = 25 / 25.4 * resolution.x, 25 / 25.4 * resolution.y
    assert side <= columns.min() < side + 10
    assert columns.max() <= page.width - side
    assert page.width - side - columns.max() < 0.05 * page.width
    assert top <= rows.min()
    assert rows.max() <= page.height - top


def test_letters_are_as_high_as_wide_at_every_resolution():
    sizes = []
    for resolution in (Resolution.STANDARD, Resolution.FINE, Resolution.SUPERFINE):
        rows, columns = np.nonzero(laid("H", points=60, resolution=resolution)[0].black())
        sizes.append((np.ptp(columns) / resolution.x, np.ptp(rows) / resolution.y))
    assert np.ptp(sizes, axis=0).max() < 0.015


@settings(max_examples=25, deadline=None)
@given(st.text(st.characters(codec="utf-8"), max_size=200))
@example("one\x85two\u2029three")
@example("\ufeff")
def test_any_text_is_drawn_or_refused(text):
    try:
        pages = laid(document_text.decoded(text.encode()), resolution=Resolution.STANDARD)
    except DocumentError:
        pages = []
    words = text.removeprefix("\ufeff")  # which says that it is UTF-8
    assert pages or not words.strip() or document_text._STRANGE.search(words)


def test_nothing_is_lost_by_wrapping():
    sheet = document_text._Sheet(Options())
    words = ["ab" * (number % 60) + str(number) for number in range(200)]
    pieces = list(document_text._wrapped(" ".join(words), sheet))
    assert all(sheet.fits(piece) for piece in pieces)
    assert "".join(pieces).replace(" ", "") == "".join(words)
    for one, two in pairwise(pieces):
        assert len(two) > 100 or not sheet.fits(f"{one} {two.split()[0]}")


def test_words_stay_whole_where_they_can():
    sheet = document_text._Sheet(Options())
    words = ["word"] * 500
    pieces = list(document_text._wrapped("    " + " ".join(words), sheet))
    assert [word for piece in pieces for word in piece.split()] == words
    assert pieces[0].startswith("    word")
    assert not pieces[1].startswith(" ")


def test_a_line_without_end_is_cut_in_time():
    sheet = document_text._Sheet(Options())
    pieces = list(document_text._wrapped("x" * 50_000, sheet))
    assert sum(map(len, pieces)) == 50_000
    assert len(set(map(len, pieces[:-1]))) == 1


def test_pages_end_where_they_are_full_and_at_form_feeds():
    sheet = document_text._Sheet(Options(resolution=Resolution.STANDARD))
    full = "\n".join(["line"] * sheet.lines)
    pages = laid(full + "\nmore\fnext\n\f\nlast\n\f\n", resolution=Resolution.STANDARD)
    assert [bands(page) for page in pages] == [sheet.lines, 1, 1, 1]


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r", "\x85", "\u2028", "\u2029"])
def test_lines_end_in_every_way(end):
    assert bands(laid(f"one{end}two{end}{end}three{end}")[0]) == 3


@pytest.mark.parametrize(
    ("tabbed", "spaced"),
    [
        ("1\tx", "1       x"),
        ("12345678\tx", "12345678        x"),
        ("\t1\t\tx", "        1               x"),
        ("e\u0301\tx", "\u00e9       x"),
        ("a\u200bb\u00ad\tx", "ab      x"),
    ],
)
def test_tabs_go_to_columns(tabbed, spaced):
    face = Face.of(None, 30)
    if face.length("i") != face.length("W"):
        pytest.skip("there is no font whose letters are of one width")
    one, other = (laid(text)[0].black() for text in (tabbed, spaced))
    assert np.array_equal(one, other)


def test_tabs_go_to_columns_where_letters_are_of_unlike_widths(tmp_path):
    font = tmp_path / "unlike.ttf"
    font.write_bytes(ImageFont.load_default(20).font_bytes)
    sheet = document_text._Sheet(Options(font=font))
    lines = [document_text._untabbed(f"{word}\tx", sheet) for word in ("iiii", "WWWW", "lWlW")]
    ends = [sheet.columns(line) - sheet.columns("x") for line in lines]
    assert all(abs(end - 8 * round(end / 8)) < 0.6 for end in ends)


def test_a_line_of_nothing_but_tabs_is_laid_out_in_time():
    assert len(laid("\t" * 20_000 + "x", resolution=Resolution.STANDARD)) >= 1


@pytest.mark.parametrize("coding", ["utf-8", "utf-8-sig", "utf-16"])
def test_codings_of_text(tmp_path, coding):
    (tmp_path / "a.txt").write_bytes("Grüße, ещё".encode(coding))
    (page,) = read(tmp_path / "a.txt")
    assert np.array_equal(page.rows, laid("Grüße, ещё")[0].rows)


@pytest.mark.parametrize(
    "octets", [b"", b" \n\f\n", b"a\0b", b"\xff\xfe\x00", b"a\x80", b"\x1b[1m"]
)
def test_what_is_no_text(tmp_path, octets):
    for name in ("a.txt", "a"):
        (tmp_path / name).write_bytes(octets)
        with pytest.raises(DocumentError) as caught:
            list(read(tmp_path / name))
        assert caught.value.path == tmp_path / name


def test_pages_and_sizes_have_limits(tmp_path):
    (tmp_path / "a.txt").write_text("\f".join("abcdef"))
    assert len(list(read(tmp_path / "a.txt", first=2, last=4))) == 3
    with pytest.raises(DocumentError, match="more than 5"):
        list(read(tmp_path / "a.txt", Options(pages=5)))
    with pytest.raises(DocumentError, match="no room"):
        list(read(tmp_path / "a.txt", Options(margin=150)))
    with pytest.raises(DocumentError, match="no room"):
        list(read(tmp_path / "a.txt", Options(points=900)))


def test_text_of_another_coding_is_told(tmp_path):
    path = tmp_path / "a.txt"
    path.write_bytes("Grüße".encode("latin-1"))
    with pytest.raises(DocumentError, match=r"as text it is not UTF-8: 0xfc is at octet 3$"):
        list(read(path))
