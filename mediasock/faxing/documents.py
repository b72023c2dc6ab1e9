"""The pages of jobs, in files of the spool: what is handed in may be deleted at once."""

from __future__ import annotations

import time
import uuid
from collections.abc import Collection, Iterator, Sequence
from contextlib import suppress
from pathlib import Path

from dsp.fax.document import DocumentError, Options, Page, TiffWriter, read

__all__ = ["remove", "store", "sweep"]

ORPHANED = 86_400.0
"""Seconds after which a file that no job has is no longer one that is about to be handed in."""


def store(
    files: Sequence[Path], directory: Path, options: Options | None = None, *, most: int = 1000
) -> tuple[str, int]:
    """Make one document of files, durable when this returns.

    Parameters
    ----------
    files
        In the order in which they are sent; see :func:`dsp.fax.document.read`.
    directory
        Of the spool's documents.
    options
        How what is no fax yet is made one.
    most
        Pages that it may have.

    Returns
    -------
    tuple
        The document's name, and how many pages it has.

    Raises
    ------
    DocumentError
        When a file cannot be read, the spool not be written, or there are too many pages;
        nothing is left behind.
    """
    name = f"{uuid.uuid4().hex}.tiff"
    path = directory / name
    try:
        with TiffWriter(path) as writer:
            for page in _pages(files, options):
                if writer.pages >= most:
                    raise DocumentError(f"there are more than {most} pages")
                writer.append(page)
            pages = writer.pages
            if not pages:
                raise DocumentError("there are no pages to be sent")
            # whoever hands it in may be another than who sends it; its directory is the latter's
            path.chmod(0o644)
    except BaseException:
        remove(directory, name)
        raise
    return name, pages


def _pages(files: Sequence[Path], options: Options | None) -> Iterator[Page]:
    for file in files:
        yield from read(file, options)


def remove(directory: Path, name: str) -> None:
    """Remove a document; one that is gone is no error."""
    with suppress(OSError):
        (directory / name).unlink()


def sweep(directory: Path, known: Collection[str], now: float | None = None) -> int:
    """Remove what was left behind by a process that died before its job was handed in.

    Parameters
    ----------
    directory
        Of the spool's documents.
    known
        Names of the documents that jobs have.
    now
        Seconds since 1970.

    Returns
    -------
    int
        How many files there were.
    """
    before = (time.time() if now is None else now) - ORPHANED
    swept = 0
    for path in directory.iterdir():
        with suppress(FileNotFoundError):
            if path.name not in known and path.stat().st_mtime < before:
                path.unlink()
                swept += 1
    return swept
