"""Findings of many recordings on disk, by a run that can be killed and go on where it was.

What is committed is whole files: all findings of a file and the note that it is done become
lasting together. JSON lines have a journal beside them, ``NAME.journal``: a line a file, written
and synced when that file's findings have been, with the length that the lines had then. On the
next run a torn last line of the journal is cut off, and lines that it does not cover too. A
directory of Parquet has the names of the files in its parts themselves, and a part appears by one
rename. Both commit every few seconds; what has come since the last time is heard again by a run
that follows a kill.
"""

from __future__ import annotations

import fcntl
import json
import math
import os
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from importlib import import_module
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO, Self

from dsp.extras import to_install

from ..errors import MediasockError
from .request import Batch, Request
from .writing import as_row

__all__ = ["JsonLines", "Parquet", "Store", "StoreError", "open_store"]

LINES_EVERY = 0.25
"""Seconds between commits of JSON lines."""

PART_EVERY = 20.0
"""Seconds between parts of Parquet."""

PART_ROWS = 100_000
"""Findings at which a part is written before its time."""

LINES = (".jsonl", ".ndjson", ".json")
"""Endings of a file of JSON lines; what has none of them is a directory of Parquet."""

Error = str | None


class StoreError(MediasockError):
    """A place where results cannot be kept."""


class Store(ABC):
    """Where results are kept.

    Parameters
    ----------
    path
        Of the results.
    request
        What they are results of; a store that is there has to be of the same.
    every
        Seconds between commits.
    clock
        Tells seconds.

    Attributes
    ----------
    done : dict
        Files that are there, and why any of them could not be read to its end.
    """

    def __init__(
        self, path: Path, request: Request, every: float, clock: Callable[[], float]
    ) -> None:
        self.path = path
        self.done: dict[str, Error] = {}
        self._request = request.as_dict()
        self._every, self._clock = every, clock
        self._last = -math.inf
        self._waiting: list[Batch] = []

    def add(self, whole: Batch) -> None:
        """Keep what was found in a file; it is lasting after the next :meth:`commit`.

        A file that could not be read by chance, and not by what it holds, is not kept: it is left
        to the next run.
        """
        if not whole.settled or whole.file in self.done:
            return
        self.done[whole.file] = whole.error
        self._waiting.append(whole)
        if self._clock() - self._last >= self._every or self._full():
            self.commit()

    def commit(self) -> None:
        """Make lasting what has been kept.

        Raises
        ------
        StoreError
            When it cannot be written; the next run cuts off what is half there.
        """
        waiting, self._waiting = self._waiting, []
        try:
            if waiting:
                self._write(waiting)
        except OSError as error:
            raise StoreError(f"{self.path}: {error.strerror or error}") from error
        self._last = self._clock()

    def _full(self) -> bool:
        """Whether it is not to wait any longer."""
        return False

    @abstractmethod
    def _write(self, wholes: list[Batch]) -> None:
        """Write some files' results, and only then that they are done."""

    @abstractmethod
    def close(self) -> None:
        """Let go of the files."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        try:
            self.commit()
        finally:
            self.close()

    def _check(self, head: Mapping[str, Any]) -> None:
        if head.get("request") != self._request:
            raise StoreError(
                f"{self.path}: it holds results of another request: {head.get('request')}"
            )


def open_store(path: str | Path, request: Request) -> Store:
    """Open a store by its name, and read what is done.

    Parameters
    ----------
    path
        A file ending in one of :data:`LINES`, for JSON lines, or a directory, for Parquet.
    request
        What the results are of.

    Raises
    ------
    StoreError
        When another run has it open, when it holds something else, or when Parquet is wanted and
        pyarrow is not installed.
    """
    path = Path(path)
    try:
        if path.suffix.lower() in LINES:
            return JsonLines(path, request)
        return Parquet(path, request)
    except OSError as error:
        raise StoreError(f"{error.filename or path}: {error.strerror or error}") from error


# -- JSON lines ---------------------------------------------------------------------------------


class JsonLines(Store):
    """Findings as JSON objects, a line each.

    Examples
    --------
    >>> import tempfile
    >>> from mediasock.offline import Finding
    >>> with tempfile.TemporaryDirectory() as directory:
    ...     with open_store(f"{directory}/found.jsonl", Request()) as store:
    ...         store.add(Batch("a.wav", (Finding("a.wav", 1, "dtmf", "5", 0.5, 0.6, -10.0),)))
    ...     with open_store(f"{directory}/found.jsonl", Request()) as store:
    ...         list(store.done)
    ['a.wav']
    """

    def __init__(
        self,
        path: Path,
        request: Request,
        every: float = LINES_EVERY,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        super().__init__(path, request, every, clock)
        journal = path.with_name(path.name + ".journal")
        if path.exists() and path.stat().st_size and not journal.exists():
            raise StoreError(f"{path}: it is there, and it is not a run's that could go on")
        with ExitStack() as stack:
            self._journal = stack.enter_context(journal.open("ab+", buffering=0))
            _lock(self._journal, path)
            self._lines = stack.enter_context(path.open("ab", buffering=0))
            self._size = self._read_journal()
            _cut(self._lines, self._size, path)
            _sync_directory(path.parent)
            self._stack = stack.pop_all()

    def _read_journal(self) -> int:
        """Read what is done, cut off a torn line, and give the length of the lines by then."""
        self._journal.seek(0)
        content = self._journal.read()
        kept = content[: content.rfind(b"\n") + 1]
        head, *notes = [json.loads(line) for line in kept.splitlines()] or [None]
        if head is None:
            self._journal.truncate(0)
            _put(self._journal, json.dumps({"request": self._request}).encode() + b"\n")
            return 0
        self._check(head)
        self._journal.truncate(len(kept))
        self.done = {note["file"]: note["error"] for note in notes}
        return int(notes[-1]["size"]) if notes else 0

    def _write(self, wholes: list[Batch]) -> None:
        lines, notes = [], []
        for whole in wholes:
            text = "".join(json.dumps(as_row(one)) + "\n" for one in whole.findings).encode()
            self._size += len(text)
            lines.append(text)
            note = {"file": whole.file, "size": self._size, "error": whole.error}
            notes.append(json.dumps(note).encode() + b"\n")
        _put(self._lines, b"".join(lines))
        _put(self._journal, b"".join(notes))

    def close(self) -> None:
        """Let go of the files."""
        self._stack.close()


def _put(file: BinaryIO | Any, content: bytes) -> None:
    """Write all of it and have it on the disk."""
    while content:
        content = content[file.write(content) :]
    os.fsync(file.fileno())


def _cut(lines: Any, size: int, path: Path) -> None:
    there = os.fstat(lines.fileno()).st_size
    if there < size:
        raise StoreError(f"{path}: its journal knows of {size} octets, and {there} are there")
    lines.truncate(size)


def _lock(file: Any, path: Path) -> None:
    try:
        fcntl.flock(file.fileno(), fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        raise StoreError(f"{path}: another run writes to it") from error


def _sync_directory(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


# -- Parquet ------------------------------------------------------------------------------------

_NOTE = b"mediasock"


class Parquet(Store):
    """Findings as a directory of Parquet parts, each with the names of the files it is of."""

    def __init__(
        self,
        path: Path,
        request: Request,
        every: float = PART_EVERY,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        super().__init__(path, request, every, clock)
        try:
            self._arrow: Any = import_module("pyarrow")
            self._parquet: Any = import_module("pyarrow.parquet")
        except ImportError as error:
            raise StoreError(
                f"{path}: Parquet needs pyarrow: {to_install('dask')}; "
                f"a name ending in {LINES[0]} is of JSON lines and needs none"
            ) from error
        path.mkdir(parents=True, exist_ok=True)
        with ExitStack() as stack:
            lock = stack.enter_context((path / ".lock").open("ab"))
            _lock(lock, path)
            self._part = self._read_parts()
            self._stack = stack.pop_all()

    def _read_parts(self) -> int:
        """Read what is done, and give the number of the next part."""
        part = 0
        for file in sorted(self.path.glob("part-*.parquet")):
            try:
                note = json.loads(self._parquet.read_schema(file).metadata[_NOTE])
            except (self._arrow.ArrowInvalid, KeyError, TypeError) as error:
                raise StoreError(f"{file}: it is no part of ours") from error
            self._check(note)
            self.done |= dict(note["files"])
            part = int(file.stem.removeprefix("part-")) + 1
        return part

    def _full(self) -> bool:
        return sum(len(one.findings) for one in self._waiting) >= PART_ROWS

    def _write(self, wholes: list[Batch]) -> None:
        arrow = self._arrow
        rows = [as_row(one) for whole in wholes for one in whole.findings]
        note = {
            "request": self._request,
            "files": [(whole.file, whole.error) for whole in wholes],
        }
        text = arrow.string()
        schema = arrow.schema(
            [
                ("file", text),
                ("channel", arrow.int32()),
                ("kind", text),
                ("value", text),
                *((name, arrow.float64()) for name in ("start", "end", "level")),
            ],
            metadata={_NOTE: json.dumps(note).encode()},
        )
        for row in rows:
            row["file"] = row["file"].encode(errors="backslashreplace").decode()
        place = self.path / f"part-{self._part:06}.parquet"
        unfinished = self.path / ".unfinished"
        with unfinished.open("wb") as file:
            self._parquet.write_table(arrow.Table.from_pylist(rows, schema=schema), file)
            file.flush()
            os.fsync(file.fileno())
        unfinished.rename(place)
        _sync_directory(self.path)
        self._part += 1

    def close(self) -> None:
        """Let go of the lock."""
        self._stack.close()
