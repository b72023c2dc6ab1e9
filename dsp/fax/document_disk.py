"""Files that are on disk whole or not at all.

A file is written under a name of its own beside the one it is to have, and renamed when it is
there. A process that is killed leaves at most a file ``.NAME.….part``, never half a ``NAME``.
"""

from __future__ import annotations

import os
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

__all__ = ["create_beside", "make_directory", "put", "sync_directory", "whole"]


def create_beside(path: Path) -> tuple[int, Path]:
    """A new file in the same directory, to read and write, and its name."""
    beside = path.with_name(f".{path.name}.{uuid.uuid4().hex}.part")
    return os.open(beside, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o666), beside


def sync_directory(path: Path) -> None:
    """Make the names of the directory that a file is in durable."""
    descriptor = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def make_directory(path: Path, mode: int = 0o777) -> None:
    """Make a directory, and those above it, where there is none; their names are durable.

    Parameters
    ----------
    path
        The directory.
    mode
        Of this one where it is made; those above it have the usual.
    """
    if not path.is_dir():
        make_directory(path.parent)
        path.mkdir(mode, exist_ok=True)
        sync_directory(path)


def put(descriptor: int, octets: bytes, offset: int) -> None:
    """Write all of it there."""
    rest = memoryview(octets)
    while rest:
        written = os.pwrite(descriptor, rest, offset)
        rest, offset = rest[written:], offset + written


@contextmanager
def whole(path: Path) -> Iterator[BinaryIO]:
    """Write a file; it has its name and is durable when the block is left, if without error."""
    descriptor, beside = create_beside(path)
    try:
        with os.fdopen(descriptor, "wb") as file:
            yield file
            file.flush()
            os.fsync(descriptor)
        beside.replace(path)
    except BaseException:
        with suppress(OSError):
            beside.unlink()
        raise
    sync_directory(path)
