"""Many recordings: which they are, and what is found in each in their order."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import TypeAlias

from .request import Batch, Request

__all__ = ["Moved", "here", "in_order", "recordings", "whole"]

SUFFIXES = (
    *(".wav", ".wave", ".aif", ".aiff", ".aifc", ".au", ".snd", ".flac", ".ogg", ".oga", ".opus"),
    *(".mp3", ".w64", ".rf64", ".caf", ".voc", ".sph", ".nist", ".gsm", ".sf", ".ircam", ".paf"),
)
"""Endings of files in a directory that are taken for sound."""

RAW_SUFFIXES = (
    *(".raw", ".pcm", ".s16", ".sw", ".sln", ".sln16", ".ul", ".ulaw", ".mulaw", ".pcmu"),
    *(".al", ".alaw", ".pcma"),
)
"""Those that are taken for samples without a header."""

Moved: TypeAlias = Callable[[float], None]
"""Is told by how much of a file the work has gone on."""


def recordings(paths: Iterable[str], *, raw: bool = False) -> Iterator[tuple[str, str | None]]:
    """Name the recordings that are meant, each once.

    Parameters
    ----------
    paths
        Files, as they are, and directories, whose sound files are taken by their names' endings,
        with those of all directories within, in alphabetical order. What begins with a dot is left
        out.
    raw
        Whether the endings are those of samples without a header.

    Yields
    ------
    tuple
        A file, or a directory and why none is taken from it.

    Examples
    --------
    >>> [Path(file).name for file, _ in recordings(["fixtures/tone_stream"])][0]
    'beep_v.flac'
    """
    suffixes = RAW_SUFFIXES if raw else SUFFIXES
    seen: set[str] = set()
    for path in paths:
        found = False
        failures: list[OSError] = []
        for file in _within(path, suffixes, failures) if Path(path).is_dir() else [path]:
            found = True
            if file not in seen:
                seen.add(file)
                yield file, None
        for error in failures:
            yield str(error.filename), f"{error.filename}: {error.strerror}"
        if not (found or failures):
            yield path, f"{path}: there is no sound file in this directory"


def _within(path: str, suffixes: Sequence[str], failures: list[OSError]) -> Iterator[str]:
    for directory, names, files in os.walk(path, onerror=failures.append):
        names[:] = sorted(name for name in names if not name.startswith("."))
        for name in sorted(files):
            if not name.startswith(".") and Path(name).suffix.lower() in suffixes:
                yield str(Path(directory) / name)


def here(files: Iterable[str], request: Request, moved: Moved) -> Iterator[Batch]:
    """Hear one recording after the other in this process."""
    from .analysis import batches  # noqa: PLC0415 - the detectors are not for those who send it off

    for file in files:
        done = 0.0
        for batch in batches(file, request):
            moved(batch.done - done)
            done = batch.done
            yield batch


def in_order(files: Sequence[str], batches: Iterable[Batch]) -> Iterator[Batch]:
    """Give the batches of several files at a time in the order of the files.

    Examples
    --------
    >>> jumbled = [Batch("b", ended=True), Batch("a"), Batch("a", ended=True)]
    >>> [(one.file, one.ended) for one in in_order(["a", "b"], jumbled)]
    [('a', False), ('a', True), ('b', True)]
    """
    waiting: dict[str, list[Batch]] = {}
    turns = iter(files)
    turn = next(turns, None)
    for batch in batches:
        waiting.setdefault(batch.file, []).append(batch)
        while turn is not None and turn in waiting:
            ready = waiting.pop(turn)
            yield from ready
            if not ready[-1].ended:
                break
            turn = next(turns, None)


def whole(batches: Iterable[Batch]) -> Iterator[Batch]:
    """Put the batches of each file together, as each ends.

    Examples
    --------
    >>> jumbled = [Batch("b"), Batch("a", ended=True), Batch("b", ended=True)]
    >>> [one.file for one in whole(jumbled)]
    ['a', 'b']
    """
    found: dict[str, list[Batch]] = {}
    for batch in batches:
        found.setdefault(batch.file, []).append(batch)
        if batch.ended:
            findings = tuple(one for part in found.pop(batch.file) for one in part.findings)
            yield Batch(batch.file, findings, 1.0, True, batch.error, batch.settled)
