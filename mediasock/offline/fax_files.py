"""Pages of recorded fax calls as files.

Those that were confirmed are a document, as their receiver has it. Those that were not are in a
file of their own, ``….unconfirmed.tiff``: pages that were refused, or after which the call broke
off, or to which no answer is in the recording.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Literal, TypeAlias

from dsp.fax.document import DocumentError, Page, TiffWriter, write_pdf, write_png
from dsp.fax.frames import IdentFrame
from dsp.fax.listener_events import PageHeard

from ..errors import MediasockError
from .fax import FaxCall
from .fax_writing import Written
from .request import place_of

__all__ = ["Form", "PagesError", "write"]

Form: TypeAlias = Literal["tiff", "pdf", "png"]
"""What pages can be written as."""

_UNCONFIRMED = ".unconfirmed"


class PagesError(MediasockError):
    """Pages that cannot be written; the message names the file and says why."""


def write(call: FaxCall, out: Path, forms: Sequence[Form] = ("tiff",)) -> Written:
    """Write the pages of a call.

    Parameters
    ----------
    call
        What was heard.
    out
        The directory.
    forms
        Pages that are not decoded here, those of T.85, are written as they came, ``….jbg``, each
        by itself, whatever the forms are.

    Returns
    -------
    mapping
        Files by the page that is in them, the first that was heard is 0.

    Raises
    ------
    PagesError
        When a file cannot be written.
    """
    place = place_of(out, call.file)
    written: dict[int, list[Path]] = {}
    try:
        if call.pages:
            place.parent.mkdir(parents=True, exist_ok=True)
        for confirmed in (True, False):
            some = {
                index: page
                for index, page in enumerate(call.pages)
                if page.record.confirmed == confirmed
            }
            stem = f"{place}{'' if confirmed else _UNCONFIRMED}"
            for index, path in _written(stem, some, forms, _sender(call)):
                written.setdefault(index, []).append(path)
    except DocumentError as error:
        raise PagesError(str(error)) from error
    except OSError as error:
        raise PagesError(f"{error.filename or place}: {error.strerror or error}") from error
    return written


def _written(
    stem: str, some: dict[int, PageHeard], forms: Sequence[Form], sender: str
) -> Iterator[tuple[int, Path]]:
    decoded = {index: one.page for index, one in some.items() if one.page is not None}
    for form, to in (("tiff", _tiff), ("pdf", _pdf)):
        if form in forms and decoded:
            path = Path(f"{stem}.{form}")
            to(path, [some[index] for index in decoded], sender)
            yield from ((index, path) for index in decoded)
    for index, one in some.items():
        if one.page is not None and "png" in forms:
            path = Path(f"{stem}.{index + 1}.png")
            write_png(one.page, path, square=True)
            yield index, path
        if one.data:
            path = Path(f"{stem}.{index + 1}.jbg")
            path.write_bytes(one.data)
            yield index, path


def _tiff(path: Path, pages: Iterable[PageHeard], sender: str) -> None:
    with TiffWriter(path, description=sender) as writer:
        for one in pages:
            if one.page is not None:
                writer.append(one.page, one.quality)


def _pdf(path: Path, pages: Iterable[PageHeard], sender: str) -> None:
    write_pdf(_pictures(pages), path, title=sender)


def _pictures(pages: Iterable[PageHeard]) -> Iterator[Page]:
    for one in pages:
        if one.page is not None:
            yield one.page


def _sender(call: FaxCall) -> str:
    """What the sender of the document says that it is called."""
    idents = (one.frame for one in call.spoken if one.good and one.frame.name == "TSI")
    return next((one.text.strip() for one in idents if isinstance(one, IdentFrame)), "")
