"""Pages to send: of letters, of dots, of nothing in particular."""

import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from dsp.fax.document import Page, Resolution
from dsp.fax.document_tone import DOTTED, dotted, spread

FAX = Path(__file__).parents[2] / "fixtures" / "fax"


def blots(width: int, height: int, resolution: Resolution = Resolution.FINE, seed: int = 1) -> Page:
    """Runs of all lengths, lines that resemble those above them."""
    dice = np.random.default_rng(seed)
    line = np.cumsum(dice.random(width) < 0.03) % 2
    lines = [line]
    for _ in range(height - 1):
        line = line ^ (dice.random(width) < 0.002)
        lines.append(line)
    return Page.from_black(np.array(lines, dtype=np.bool_), resolution)


def same(one: Page, other: Page) -> bool:
    return (
        one.width == other.width
        and one.resolution is other.resolution
        and np.array_equal(one.rows, other.rows)
    )


def program(name: str, *arguments: object) -> str:
    """What a program says; the test is skipped where there is none."""
    if shutil.which(name) is None:
        pytest.skip(f"there is no {name}")
    done = subprocess.run(
        [name, *map(str, arguments)], capture_output=True, text=True, check=True, timeout=60
    )
    return done.stdout


def libtiff_page(number: int, path: Path = FAX / "two.tiff") -> np.ndarray:
    """True where it is black: by Pillow alone."""
    with Image.open(path) as image:
        image.seek(number)
        return ~np.asarray(image, dtype=np.bool_)


def letters(number: int, path: Path = FAX / "two.tiff") -> np.ndarray:
    """A page without the parts of it that are dots."""
    black = libtiff_page(number, path)
    dots = dotted(black)
    black[spread(dots, DOTTED, black.shape, black.shape)] = False
    return black


def ramp(width: int, height: int) -> Image.Image:
    levels = np.linspace(20, 235, width).astype(np.uint8)
    return Image.fromarray(np.broadcast_to(levels, (height, width)).copy())
