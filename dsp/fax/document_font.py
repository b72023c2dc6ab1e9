"""The font that text is drawn in."""

from __future__ import annotations

import unicodedata
from functools import lru_cache
from pathlib import Path

from PIL import ImageDraw, ImageFont

from dsp.fax.document_page import DocumentError, naming

__all__ = ["BLACK_BELOW", "Face"]

BLACK_BELOW = 128
"""A grey that is darker than this is black, where black was drawn on white."""

_USUAL = ("DejaVuSansMono.ttf", "LiberationMono-Regular.ttf", "NotoSansMono-Regular.ttf")
_NO_CHARACTER = "\uffff"
_UNKNOWN = "?"


class Face:
    r"""A font of one size; :meth:`of` finds it.

    What it has no glyph of is drawn without its accents, or as a question mark.

    Parameters
    ----------
    font
        Pillow's.

    Examples
    --------
    >>> face = Face.of(None, 30)
    >>> face.length("fax") > 30, face.height > 30, face.shown("\U0010ffff")
    (True, True, '?')
    """

    def __init__(self, font: ImageFont.FreeTypeFont) -> None:
        self._font = font
        self.height = sum(font.getmetrics())
        self._none = self._glyph(_NO_CHARACTER)
        self._known = {chr(code): chr(code) for code in range(32, 127)}

    @classmethod
    def of(cls, path: Path | None, pixels: float) -> Face:
        """A font whose em is so many pixels.

        Parameters
        ----------
        path
            A TrueType or OpenType file; ``None`` is the first that the system has of DejaVu Sans
            Mono, Liberation Mono and Noto Sans Mono, which keep the columns of plain text, and
            Pillow's own if it has none: that has ASCII alone, and letters of unlike widths.

        Raises
        ------
        DocumentError
            When the file is no font, or Pillow has been built without FreeType.
        """
        return _face(path, pixels)

    def length(self, text: str) -> float:
        """Pixels that it takes in a line."""
        return self._font.getlength(self.shown(text))

    def draw(self, pen: ImageDraw.ImageDraw, place: tuple[float, float], text: str) -> None:
        """Draw it in black, its left upper corner at a place."""
        pen.text(place, self.shown(text), fill=0, font=self._font)

    def shown(self, text: str) -> str:
        """The text in characters that there are glyphs of."""
        whole = unicodedata.normalize("NFC", text)
        return "".join(
            self._known[one] if one in self._known else self._learn(one) for one in whole
        )

    def _learn(self, character: str) -> str:
        if unicodedata.category(character) == "Cf":
            return ""
        plain = unicodedata.normalize("NFKD", character)
        plain = "".join(one for one in plain if not unicodedata.combining(one))
        found = next((one for one in (character, plain) if one and self._has(one)), _UNKNOWN)
        self._known[character] = found
        return found

    def _has(self, text: str) -> bool:
        return all(one in self._known or self._glyph(one) != self._none for one in text)

    def _glyph(self, character: str) -> bytes:
        mask = self._font.getmask(character, mode="L")
        return bytes(mask) + bytes(f"{mask.size}", "ascii")


@lru_cache(maxsize=16)
def _face(path: Path | None, pixels: float) -> Face:
    if path is not None:
        with naming(path):
            return Face(ImageFont.truetype(path, pixels))
    for name in _USUAL:
        try:
            return Face(ImageFont.truetype(name, pixels))
        except OSError:
            continue
    own = ImageFont.load_default(pixels)
    if not isinstance(own, ImageFont.FreeTypeFont):
        raise DocumentError("this Pillow has no FreeType, which draws text")
    return Face(own)
