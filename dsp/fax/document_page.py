"""A page as a fax has it: black and white, of one of the widths and resolutions of T.4 and T.30.

========= ======================= ===============================================================
paper     pixels a line at R8     T.4: on 215, 255 and 303 mm; as many at 200 dpi
========= ======================= ===============================================================
A4        1728                    Letter and Legal have the same
B4        2048
A3        2432
========= ======================= ===============================================================

Pixels of 300, 400 and 600 dpi are 1½, 2 and 3 times as many. Those of a metric resolution and of
the inch-based one beside it (R8 × 7.7 and 200 × 200) differ by 2 % in size and are the same page
to T.30, which tells them apart by a preference alone (T.30 table 2, bits 44 and 45).
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from dsp.fax.fields import Resolution
from dsp.fax.t4 import Packed, pack, unpack
from dsp.types import DspError

__all__ = ["Black", "DocumentError", "Page", "Paper", "Resolution", "centred", "inverted", "naming"]

Black: TypeAlias = NDArray[np.bool_]

_INCH = 25.4


class DocumentError(DspError):
    """A document that cannot be read, written or made to fit.

    Parameters
    ----------
    what
        What is wrong.
    path
        Of which file.
    page
        On which of its pages, the first is 1; ``None`` is the file as a whole.

    Examples
    --------
    >>> print(DocumentError("it is empty", path=Path("a.tiff"), page=2))
    a.tiff: page 2: it is empty
    """

    def __init__(self, what: str, *, path: Path | None = None, page: int | None = None) -> None:
        self.what, self.path, self.page = what, path, page
        place = [] if path is None else [str(path)]
        place += [] if page is None else [f"page {page}"]
        super().__init__(": ".join([*place, what]))


@contextmanager
def naming(path: Path, page: int | None = None) -> Iterator[None]:
    """Turn whatever the readers and writers of formats raise into a :class:`DocumentError`.

    On broken files they raise nearly every exception there is.
    """
    try:
        yield
    except DocumentError as error:
        if error.path is not None:
            raise
        raise DocumentError(error.what, path=path, page=page) from error
    except OSError as error:
        what = error.strerror or f"it is broken: {error}"
        raise DocumentError(what, path=path, page=page) from error
    except Exception as error:
        what = f"it is broken: {str(error) or type(error).__name__}"
        raise DocumentError(what, path=path, page=page) from error


class Paper(Enum):
    """Sheets: pixels a line at R4, and the length in millimetres.

    Examples
    --------
    >>> Paper.A4.width(Resolution.FINE), Paper.A4.height(Resolution.FINE)
    (1728, 2287)
    >>> Paper.of(2592, Resolution.DPI_300)
    <Paper.A4: (864, 297.0)>
    """

    A4 = (864, 297.0)
    LETTER = (864, 279.4)
    LEGAL = (864, 355.6)
    B4 = (1024, 364.0)
    A3 = (1216, 420.0)

    @classmethod
    def of(cls, width: int, resolution: Resolution) -> Paper | None:
        """The sheet whose lines have this many pixels, if there is one."""
        fitting = (one for one in cls if one.width(resolution) == width)
        return next(fitting, None)

    def width(self, resolution: Resolution) -> int:
        """Pixels a line."""
        return self.value[0] * resolution.columns

    def height(self, resolution: Resolution) -> int:
        """Lines of a whole sheet."""
        return round(self.value[1] / _INCH * resolution.y)


@dataclass(frozen=True, eq=False, slots=True)
class Page:
    """Lines of black and white.

    Parameters
    ----------
    rows
        ``(height, (width + 7) // 8)`` uint8: a line each, the first pixel in the most significant
        bit, 1 is black; the bits after the last pixel are 0.
    width
        Pixels a line.
    resolution
        How far they are apart.

    Raises
    ------
    DocumentError
        When the rows are not like that, or there are none.

    Examples
    --------
    >>> page = Page.from_black(np.eye(3, 9, dtype=np.bool_), Resolution.FINE)
    >>> page.rows.tolist(), page.width, page.height
    ([[128, 0], [64, 0], [32, 0]], 9, 3)
    """

    rows: Packed
    width: int
    resolution: Resolution

    def __post_init__(self) -> None:
        octets = (self.width + 7) // 8
        if self.rows.dtype != np.uint8 or self.rows.ndim != 2 or self.rows.shape[1] != octets:
            shape = f"{self.rows.dtype} {self.rows.shape}"
            raise DocumentError(f"lines of {self.width} pixels are no {shape}")
        if not self.rows.size:
            raise DocumentError("the page has no pixels")
        if np.any(self.rows[:, -1] & _beyond(self.width)):
            raise DocumentError(f"there is black beyond the {self.width} pixels of a line")

    @property
    def height(self) -> int:
        """Lines."""
        return len(self.rows)

    @property
    def inches(self) -> tuple[float, float]:
        """Width and height of the sheet."""
        return self.width / self.resolution.x, self.height / self.resolution.y

    @classmethod
    def from_black(cls, black: Black, resolution: Resolution) -> Page:
        """Pack pixels.

        Parameters
        ----------
        black
            ``(height, width)``, true where it is black.
        resolution
            What they are taken for.
        """
        return cls(pack(black), black.shape[1], resolution)

    @classmethod
    def from_image(cls, image: Image.Image, resolution: Resolution) -> Page:
        """Take the pixels of Pillow's image of mode ``"1"``, in which black is 0.

        Raises
        ------
        DocumentError
            When it is of another mode: :func:`dsp.fax.document.read` makes greys black or white.
        """
        if image.mode != "1":
            raise DocumentError(f"an image of mode {image.mode!r} is not black and white")
        octets = (image.width + 7) // 8
        white = np.frombuffer(image.tobytes(), dtype=np.uint8).reshape(image.height, octets)
        return cls(inverted(white, image.width), image.width, resolution)

    def black(self) -> Black:
        """``(height, width)``, true where it is black."""
        return unpack(self.rows, self.width)

    def image(self) -> Image.Image:
        """Pillow's image of mode ``"1"``, with the resolution in ``info["dpi"]``."""
        size = (self.width, self.height)
        image = Image.frombytes("1", size, (~self.rows).tobytes())
        image.info["dpi"] = (self.resolution.x, self.resolution.y)
        return image


def centred(black: Black, width: int, resolution: Resolution) -> Page:
    """Put what is narrower in the middle of a line."""
    left = (width - black.shape[1]) // 2
    right = width - black.shape[1] - left
    if left or right:
        black = np.pad(black, ((0, 0), (left, right)))
    return Page.from_black(black, resolution)


def inverted(rows: Packed, width: int) -> Packed:
    """White for black: rows packed as a page's are."""
    other = ~rows
    other[:, -1:] &= ~_beyond(width)
    return other


def _beyond(width: int) -> np.uint8:
    """The bits of a line's last octet that are no pixels."""
    return np.uint8((1 << (-width % 8)) - 1)
