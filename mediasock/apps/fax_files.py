"""A fax on its way to the disk: pages that are safe before they are confirmed, and a journal.

While a fax comes in there is a file ``NAME.….partial`` in the spool, a line of JSON that says which
document it is and whose call. The process holds a lock on it, so that one without an owner is the
fax of a process that was killed: the next start of any process finds it, says how many pages of
the document are there, and renames it to ``….interrupted``. The document itself is never half of
a page (:class:`~dsp.fax.document.TiffWriter`).
"""

from __future__ import annotations

import fcntl
import glob
import hashlib
import json
import os
import threading
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Executor
from contextlib import suppress
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any, Self, TypeVar

from dsp.fax.document import DocumentError, Page, TiffWriter, read, write_pdf
from dsp.fax.document_disk import put, sync_directory, whole
from dsp.fax.t4 import Quality
from mediasock.errors import MediasockError

__all__ = [
    "PARTIAL",
    "InUse",
    "Interrupted",
    "Journal",
    "StoringSink",
    "as_pdf",
    "free",
    "interrupted",
    "journal_of",
    "write_record",
]

T = TypeVar("T")

PARTIAL, INTERRUPTED = ".partial", ".interrupted"
_BESIDE = "[0-9a-f]" * 32
"""A document's temporary files have this between its name and ``.part``: ``x.tiff`` is none of
``x``'s."""


class InUse(MediasockError):  # noqa: N818 - named by what happened
    """A document that another call is being received to."""


class StoringSink:
    """Takes pages and appends them to a TIFF in threads, so that who brings them need not wait.

    A :class:`dsp.fax.sink.Sink`. Its pages are written one after the other, in order.

    Parameters
    ----------
    path
        The document; it is there once its first page is.
    pool
        Whose threads write.
    describe
        Gives the description of the document; asked when the first page comes, by whom brings it.

    Examples
    --------
    >>> import tempfile
    >>> from concurrent.futures import ThreadPoolExecutor
    >>> page = next(read(Path("fixtures/fax/page.tiff")))
    >>> with tempfile.TemporaryDirectory() as spool, ThreadPoolExecutor() as pool:
    ...     sink = StoringSink(Path(spool, "a.tiff"), pool)
    ...     sink.put(page, None)
    ...     sink.close()
    ...     sink.stored, sink.trouble, len(list(read(Path(spool, "a.tiff"))))
    (1, None, 1)
    """

    def __init__(self, path: Path, pool: Executor, describe: Callable[[], str] = str) -> None:
        self.path = path
        self._pool = pool
        self._describe = describe
        self._description: str | None = None
        self._writer: TiffWriter | None = None
        self._waiting: deque[tuple[Page, Quality | None]] = deque()
        self._changed = threading.Condition()
        self._busy = False
        self._stored = 0
        self._trouble: str | None = None

    def put(self, page: Page, quality: Quality | None) -> None:
        """Take the next page; returns at once."""
        if self._description is None:
            self._description = self._describe()
        with self._changed:
            self._waiting.append((page, quality))
            begin = not self._busy
            self._busy = True
        if begin:
            self._pool.submit(self._write)

    @property
    def stored(self) -> int:
        """How many pages are on the disk for good."""
        return self._stored

    @property
    def trouble(self) -> str | None:
        """Why no more pages can be stored; None while all is well."""
        return self._trouble

    def close(self) -> None:
        """Wait until all is written, and close the file.

        Raises
        ------
        DocumentError
            When the count of the pages cannot be written into them; they are there all the same.
        """
        with self._changed:
            self._changed.wait_for(lambda: not self._busy)
        if self._writer is not None:
            self._writer.close()

    def _write(self) -> None:
        while True:
            with self._changed:
                if not self._waiting:
                    self._busy = False
                    self._changed.notify_all()
                    return
                page, quality = self._waiting.popleft()
            if self._trouble is None:
                self._append(page, quality)

    def _append(self, page: Page, quality: Quality | None) -> None:
        try:
            if self._writer is None:
                self._writer = TiffWriter(self.path, description=self._description or "")
            self._writer.append(page, quality)
        except DocumentError as error:
            self._trouble = str(error)
        except Exception as error:
            # a page that cannot be stored must never look as if it might be yet
            self._trouble = f"{type(error).__name__}: {error}"
        else:
            self._stored = self._writer.pages


class Journal:
    """Says that a document is being received, for as long as this process lives.

    Parameters
    ----------
    spool
        Where the journals are.
    document
        What is received.
    facts
        What else is known, for whoever finds the journal.

    Raises
    ------
    InUse
        When the document is being received to already.
    OSError
        When the spool cannot be written to.
    """

    def __init__(self, spool: Path, document: Path, facts: Mapping[str, Any]) -> None:
        self.path = journal_of(spool, document)
        self._descriptor = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
        if not _locked(self._descriptor, self.path):
            os.close(self._descriptor)
            raise InUse(f"{document} is being received by another call")
        try:
            self._write({"file": str(document), "before": _identity(document), **facts})
        except BaseException:
            self.close()
            raise

    def _write(self, known: Mapping[str, Any]) -> None:
        line = json.dumps(known) + "\n"
        os.ftruncate(self._descriptor, 0)
        put(self._descriptor, line.encode(), 0)
        os.fsync(self._descriptor)
        sync_directory(self.path)

    def close(self) -> None:
        """Say that the call is over, however it went; a journal that stays is told of later."""
        with suppress(OSError):
            self.path.unlink()
        os.close(self._descriptor)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def journal_of(spool: Path, document: Path) -> Path:
    """Where the journal of a document is while that is received."""
    digest = hashlib.sha256(os.fsencode(document)).hexdigest()[:8]
    return spool / f"{document.name}.{digest}{PARTIAL}"


def _identity(document: Path) -> int | None:
    """Which file has this name now; a document gets its name with its first page."""
    try:
        return document.stat().st_ino
    except OSError:
        return None


def _locked(descriptor: int, path: Path) -> bool:
    """Take the lock of a journal, if it can be had and the file is still the one of that name."""
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return os.path.samestat(os.fstat(descriptor), path.stat())
    except OSError:
        return False


@dataclass(frozen=True, slots=True)
class Interrupted:
    """A fax that was coming in when its process was killed.

    Parameters
    ----------
    document
        The file.
    pages
        How many are in it, each of which was whole and may have been confirmed.
    facts
        What the journal says.
    """

    document: Path
    pages: int
    facts: Mapping[str, Any]


def interrupted(spool: Path) -> Iterator[Interrupted]:
    """Find what was being received by processes that are no more, each once.

    Yields
    ------
    Interrupted
        After its journal has been renamed.
    """
    for path in sorted(spool.glob(f"*{PARTIAL}")):
        with suppress(OSError), path.open("rb+") as file:
            if not _locked(file.fileno(), path):
                continue
            journal = file.read()
            if not journal:  # killed before it said of what
                path.unlink()
                continue
            found = _account(journal)
            path.replace(path.with_suffix(INTERRUPTED))
            yield found


def _account(journal: bytes) -> Interrupted:
    try:
        facts = dict(json.loads(journal))
        document, before = Path(facts.pop("file")), facts.pop("before", None)
    except (ValueError, KeyError, TypeError):
        return Interrupted(Path(), 0, {})  # killed before it was written, so before any page
    for rest in document.parent.glob(f".{glob.escape(document.name)}.{_BESIDE}.part"):
        rest.unlink(missing_ok=True)
    begun = _identity(document) != before
    return Interrupted(document, _pages(document) if begun else 0, facts)


def _pages(document: Path) -> int:
    pages = 0
    with suppress(DocumentError):
        for _ in read(document):
            pages += 1
    return pages


def write_record(path: Path, record: Mapping[str, Any]) -> None:
    """Write a record as JSON, whole or not at all.

    Raises
    ------
    OSError
        When it cannot be written.
    """
    with whole(path) as file:
        file.write(json.dumps(record, indent=1, ensure_ascii=False, default=str).encode() + b"\n")


def free(name: Callable[[str], T], taken: Callable[[T], bool]) -> T:
    """Find the first name that is not taken: nothing is behind it, or ``-2``, ``-3`` and so on.

    Examples
    --------
    >>> free("fax{}".format, {"fax", "fax-2"}.__contains__)
    'fax-3'
    """
    marks = (f"-{n}" if n > 1 else "" for n in count(1))
    return next(one for one in map(name, marks) if not taken(one))


def as_pdf(document: Path) -> Path:
    """Write a document once more as PDF beside it, by a name that nothing has yet.

    Raises
    ------
    DocumentError
        When it cannot be.
    """
    suffix = document.suffix if document.suffix.lower() in (".tif", ".tiff") else ""
    name = document.name.removesuffix(suffix)
    path = free(lambda mark: document.with_name(f"{name}{mark}.pdf"), Path.exists)
    write_pdf(read(document), path)
    return path
