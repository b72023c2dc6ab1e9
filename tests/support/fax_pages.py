"""Pages of a fax, always the same: letters, dense letters, a dithered picture; and TIFF of them."""

from collections.abc import Sequence
from contextlib import suppress
from functools import cache
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageSequence

from dsp.fax import t4
from dsp.fax.document import Page, Resolution
from dsp.fax.document_page import Paper

_WORDS = "the quick brown fox jumps over the lazy dog while 1234567890 frames of sound pass by"
_TEXT = f"{_WORDS} {_WORDS.title()} " * 12
_MARGIN = 0.06


@cache
def text(
    paper: Paper = Paper.A4,
    resolution: Resolution = Resolution.FINE,
    *,
    size: float = 0.19,
    leading: float = 1.7,
    lines: int = 1000,
    number: int = 1,
) -> Page:
    """Lines of letters from the top on.

    Parameters
    ----------
    size
        Of a letter, in inches.
    leading
        From one line to the next, in such sizes.
    lines
        How many, at most.
    number
        Which words begin a line: pages of different numbers differ.
    """
    width, height = paper.width(resolution), paper.height(resolution)
    pixels = size * resolution.x
    square = round(height * resolution.x / resolution.y)
    image = Image.new("1", (width, square), 1)
    draw = ImageDraw.Draw(image)
    left, step = width * _MARGIN, pixels * leading
    for n in range(min(lines, int((square - 2 * left) / step))):
        begin = (n * 7 + number * 31) % 170
        line = _TEXT[begin : begin + 2 + int(2.4 * (width - 2 * left) / pixels)]
        while draw.textlength(line, font_size=pixels) > width - 2 * left:
            line = line[: -1 - len(line) // 40]
        draw.text((left, left + n * step), line, font_size=pixels)
    return Page.from_image(image.resize((width, height), Image.Resampling.NEAREST), resolution)


def dense(paper: Paper = Paper.A4, resolution: Resolution = Resolution.FINE) -> Page:
    """Letters as small and as close as can be read."""
    return text(paper, resolution, size=0.1, leading=1.3)


@cache
def dithered(paper: Paper = Paper.A4, resolution: Resolution = Resolution.FINE) -> Page:
    """A picture in dots, which no coding makes smaller."""
    height, width = paper.height(resolution), paper.width(resolution)
    y, x = np.mgrid[:height, :width].astype(np.float64)
    grey = 128 + 90 * np.sin(x / 97) * np.cos(y / 61) + 30 * np.sin(x * y / 9000)
    return Page.from_image(Image.fromarray(grey.astype(np.uint8)).convert("1"), resolution)


def strip(page: Page, height: int) -> Page:
    """The first lines of a page."""
    return Page(page.rows[:height].copy(), page.width, page.resolution)


def size(page: Page, coding: t4.Coding = "MMR") -> int:
    """Octets of its coding."""
    return len(t4.encode(page.rows, page.width, coding))


def letter() -> Page:
    """A fine page of A4 that is 18 kB in MMR."""
    return text(size=0.24, leading=2.2, lines=13)


def write(pages: Sequence[Page], path: Path) -> Path:
    """Write a file that libtiff, and so spandsp, reads: by Pillow."""
    first, *others = (page.image() for page in pages)
    first.save(
        path,
        "TIFF",
        compression="group4",
        dpi=pages[0].resolution.tags,
        save_all=True,
        append_images=others,
    )
    return path


def rows_in(path: Path) -> list[t4.Packed]:
    """The rows of all pages of a file that can be read: by Pillow; none where there is no file."""
    found: list[t4.Packed] = []
    with suppress(OSError), Image.open(path) as image:
        for one in ImageSequence.Iterator(image):
            found += [t4.pack(~np.asarray(one.convert("1")))]
    return found
