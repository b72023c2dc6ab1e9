"""Where a call may have its files: paths out of channel variables, confined to some directories."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from dsp.fax.document_disk import make_directory
from mediasock.errors import MediasockError

from .fax_files import PARTIAL

_UNTOLD = re.compile(r"[\x00-\x1f\x7f\\]|\$\{")
"""What no channel variable can be set to have, so that a name with it could not be told."""

__all__ = ["PathRefused", "Places"]


class PathRefused(MediasockError):  # noqa: N818 - named by what happened
    """A path that a call may not have; the message says why."""


class Places:
    """The directories that calls may have files in.

    Paths are followed to where they really lead, through symbolic links and ``..``, before it is
    looked whether that is inside.

    Parameters
    ----------
    spool
        Where what is received goes when no name is given.
    documents
        Others, for documents that are sent and for names that are given.

    Attributes
    ----------
    roots : list of Path
        All of them.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as spool:
    ...     places = Places(Path(spool))
    ...     places.to_write("in/a.tiff").relative_to(Path(spool).resolve())
    ...     places.to_read("/etc/passwd")
    Traceback (most recent call last):
        ...
    mediasock.apps.fax_places.PathRefused: /etc/passwd is in none of the directories for faxes
    """

    def __init__(self, spool: Path, documents: Sequence[Path] = ()) -> None:
        self.spool = spool
        self.roots = [spool, *documents]

    def to_read(self, name: str) -> Path:
        """Find a document; a relative name is looked for in each directory.

        Raises
        ------
        PathRefused
            When it is elsewhere, is not there, or is no file.
        """
        found = list(self._inside(name, self.roots))
        for path in found:
            if path.is_file():
                return path
        what = "is no file" if any(path.exists() for path in found) else "is not there"
        raise PathRefused(f"{name} {what}")

    def to_write(self, name: str) -> Path:
        """Find a place for a document, and make the directory that it is in.

        Parameters
        ----------
        name
            A relative one is in the spool.

        Raises
        ------
        PathRefused
            When it is elsewhere, there is something that is no file, it cannot be made, or is
            named as journals are.
        """
        path = next(self._inside(name, [self.spool]))
        if path.name.endswith(PARTIAL):
            raise PathRefused(f"{name}: names that end in {PARTIAL} are not for documents")
        if path.exists() and not path.is_file():
            raise PathRefused(f"{name} is no file")
        self._make(path.parent, name)
        return path

    def directory(self, name: str) -> Path:
        """Find a directory, and make it where it is not there.

        Raises
        ------
        PathRefused
            When it is elsewhere or cannot be made.
        """
        path = next(self._inside(name, [self.spool]))
        self._make(path, name)
        return path

    def _inside(self, name: str, bases: Sequence[Path]) -> Iterator[Path]:
        """The places that a name means, seen from some; there is one at least that may be had."""
        if _UNTOLD.search(name):
            raise PathRefused(f"{name!r} has what no channel variable can have")
        roots = [root.resolve() for root in self.roots]
        some = False
        try:
            for base in bases:
                path = (base / name).resolve()
                if any(path.is_relative_to(one) for one in roots):
                    some = True
                    yield path
        except (OSError, RuntimeError, ValueError) as error:
            raise PathRefused(f"{name!r}: {error}") from error
        if not some:
            raise PathRefused(f"{name} is in none of the directories for faxes")

    @staticmethod
    def _make(directory: Path, name: str) -> None:
        try:
            make_directory(directory)
        except OSError as error:
            raise PathRefused(f"{name}: {error.strerror}") from error
