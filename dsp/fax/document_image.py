"""Pictures as pages: TIFF-F and every other TIFF, PNG, JPEG, BMP, GIF, WebP, PCX and DCX.

A black and white picture as wide as a fax is one, and its pixels stay as they are. One of a fax's
resolution that is narrower is put in the middle of the line, and stays as it is as well. All else
is scaled: to the size that its own resolution says (96 dpi, if none), but never beyond the paper.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps, TiffImagePlugin, UnidentifiedImageError

from dsp.fax.document_options import Options, Span
from dsp.fax.document_page import DocumentError, Page, Paper, centred, naming
from dsp.fax.document_resolution import Density, fax_resolution, near
from dsp.fax.document_strips import decoded
from dsp.fax.document_tone import bilevel

__all__ = ["FORMATS", "is_picture", "laid", "pages"]

FORMATS = ("TIFF", "PNG", "JPEG", "BMP", "DIB", "GIF", "WEBP", "PPM", "PCX", "DCX")
"""What Pillow may take a file for: none that runs a program or reads another file."""

_HEADS = (
    (b"II*\0", "TIFF"),
    (b"MM\0*", "TIFF"),
    (b"\x89PNG", "PNG"),
    (b"\xff\xd8\xff", "JPEG"),
    (b"GIF87a", "GIF"),
    (b"GIF89a", "GIF"),
)
_MANY_PAGES = ("TIFF", "DCX")
"""The frames of the others are a film."""

warnings.filterwarnings("ignore", category=UserWarning, module=r"PIL\.")
# What Pillow thinks of a file goes to nobody: it is read, or refused with a reason. For one reading
# alone it cannot be ignored, warnings are of the whole process.

_UNKNOWN = Density(96.0, 96.0)
_UPRIGHT = 1
_TURNED = (5, 6, 7, 8)
_ORIENTATION = 0x112
_SUBFILE_TYPE = 254
_THUMBNAIL_OR_MASK = 1 | 4
_CENTIMETRE = 3


def pages(path: Path, options: Options, span: Span) -> Iterator[Page]:
    """Read the pages of a picture.

    Raises
    ------
    DocumentError
        When a page is broken, too large or not there.
    """
    with _opened(path) as image:
        frames = _frames(image, span)
        for number in span.of(len(frames)):
            with naming(path, number):
                image.seek(frames[number - 1])
                page = _read(image, path, options)
            yield page


def is_picture(path: Path) -> bool:
    """Whether the file is one, as far as its beginning tells.

    Raises
    ------
    DocumentError
        When it is broken where it says what it is, or says that it has more pixels than Pillow
        would ever take.
    """
    try:
        _opened(path).close()
    except UnidentifiedImageError:
        with path.open("rb") as file:
            head = file.read(8)
        for begins, kind in _HEADS:
            if head.startswith(begins):
                raise DocumentError(f"it is a broken {kind}") from None
        return False
    return True


def _opened(path: Path) -> Image.Image:
    return Image.open(path, formats=FORMATS)


def _frames(image: Image.Image, span: Span) -> list[int]:
    """The frames that are pages, as far as they can matter.

    A directory that is broken counts: whoever wants its page is told.
    """
    found: list[int] = []
    frame = 0
    while len(found) <= span.limit and frame <= 2 * span.limit:
        try:
            image.seek(frame)
        except EOFError:
            break
        except Exception:
            return [*found, frame]
        if not _subfile_type(image) & _THUMBNAIL_OR_MASK:
            found.append(frame)
        if image.format not in _MANY_PAGES:
            break
        frame += 1
    return found


def _subfile_type(image: Image.Image) -> int:
    if not isinstance(image, TiffImagePlugin.TiffImageFile):
        return 0
    kind = image.tag_v2.get(_SUBFILE_TYPE, 0)
    return kind if isinstance(kind, int) else 0


def _read(image: Image.Image, path: Path, options: Options) -> Page:
    """The page that the picture is at."""
    options.admit(*image.size)
    orientation = image.getexif().get(_ORIENTATION, _UPRIGHT)
    turned = orientation in _TURNED
    density = _density(image)
    if isinstance(image, TiffImagePlugin.TiffImageFile):
        rows = decoded(image, path)
        if rows is not None:
            found = fax_resolution(image.width, len(rows), density)
            page = Page(rows, image.width, found or options.resolution)
            if found and orientation == _UPRIGHT:
                return page
            picture = page.image()
            picture.getexif()[_ORIENTATION] = orientation
            upright = ImageOps.exif_transpose(picture)
            return laid(upright, density.turned() if turned else density, options)
        image.load()  # which turns it, too
        return laid(image, density.turned() if turned else density, options)
    if image.format in ("JPEG", "MPO"):
        density = _drafted(image, density, options)
    upright = ImageOps.exif_transpose(image)
    return laid(upright, density.turned() if turned else density, options)


def _drafted(image: Image.Image, density: Density, options: Options) -> Density:
    """Have no more of a photograph decoded than is of use, and tell the density of that."""
    whole, side = image.size, max(options.width, options.height)
    image.draft("L", (side, side))
    known = density if density.known else _UNKNOWN
    x, y = (drawn / size for drawn, size in zip(image.size, whole, strict=True))
    return Density(known.x * x, known.y * y)


def _density(image: Image.Image) -> Density:
    if isinstance(image, TiffImagePlugin.TiffImageFile):
        tags = image.tag_v2
        factor = 2.54 if tags.get(TiffImagePlugin.RESOLUTION_UNIT) == _CENTIMETRE else 1.0
        x, y = tags.get(TiffImagePlugin.X_RESOLUTION), tags.get(TiffImagePlugin.Y_RESOLUTION)
        return Density.of(x, y, factor)
    x, y = (*image.info.get("dpi", ()), 0, 0)[:2]
    return Density.of(x, y)


def laid(image: Image.Image, density: Density, options: Options) -> Page:
    """Make a page of a picture.

    Parameters
    ----------
    image
        Of any mode.
    density
        Its pixels an inch.
    options
        What it is laid out on, if it is no fax.

    Examples
    --------
    >>> page = laid(Image.new("RGB", (200, 100), "black"), Density(100, 100), Options())
    >>> page.width, page.height, int(page.black()[0].sum())
    (1728, 196, 408)
    """
    image = _black_and_white(image)
    if image.mode == "1" and not image.has_transparency_data:
        found = fax_resolution(*image.size, density)
        if found is not None:
            return Page.from_image(image, found)
        found = near(density)
        paper = found and next((p for p in Paper if p.width(found) >= image.width), None)
        if found is not None and paper is not None:
            page = Page.from_image(image, found)
            return centred(page.black(), paper.width(found), found)
    size = _size(image, density if density.known else _UNKNOWN, options)
    options.admit(*size)
    shrinks = size[0] <= image.width and size[1] <= image.height
    area = image.mode == "1" and shrinks
    filtered = Image.Resampling.BOX if area else Image.Resampling.LANCZOS
    grey = _grey(image).resize(size, filtered, reducing_gap=3.0)
    return centred(bilevel(grey, options.tone), options.width, options.resolution)


def _size(image: Image.Image, density: Density, options: Options) -> tuple[int, int]:
    """What the picture has in pixels of the page; its own, if they are of that resolution."""
    if near(density, [options.resolution]) and image.width <= options.width:
        return image.size
    across = image.width / density.x * options.resolution.x
    down = image.height / density.y * options.resolution.y
    scale = min(1.0, options.width / across, options.height / down)
    return max(1, round(across * scale)), max(1, round(down * scale))


def _black_and_white(image: Image.Image) -> Image.Image:
    """In mode ``"1"`` if there is nothing but black and white, on whatever number of bits."""
    if image.mode not in ("L", "P") or "transparency" in image.info:
        return image
    grey = image.convert("RGB").convert("L") if image.mode == "P" else image
    counts = grey.histogram()
    if counts[0] + counts[255] < sum(counts):
        return image
    return grey.convert("1", dither=Image.Dither.NONE)


def _grey(image: Image.Image) -> Image.Image:
    """In mode ``"L"``, on white where it is transparent."""
    if image.mode.startswith("I;16"):
        return Image.fromarray((np.asarray(image) >> 8).astype(np.uint8))
    if image.mode in ("I", "F"):
        levels = np.nan_to_num(np.asarray(image, dtype=np.float64))
        least, most = levels.min(), levels.max()
        if least == most:
            return Image.new("L", image.size, "white")
        return Image.fromarray(((levels - least) * 255 / (most - least)).astype(np.uint8))
    if image.mode == "LAB":
        return image.getchannel(0)
    if image.has_transparency_data:
        coloured = image.convert("RGBA")
        paper = Image.new("RGBA", image.size, "white")
        return Image.alpha_composite(paper, coloured).convert("L")
    return image.convert("L")
