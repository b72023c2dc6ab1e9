"""Recordings heard by several processes of this machine.

A process that dies, as when memory runs out, takes the file that it had with it and no other: each
has a pipe of its own, whose end tells. The processes are forked from a server that is started anew
and has the detectors ready, not from this one, whose threads would not come along.
"""

from __future__ import annotations

import multiprocessing
import signal
from collections import deque
from collections.abc import Iterable, Iterator
from contextlib import suppress
from multiprocessing.connection import Connection, wait
from multiprocessing.context import BaseContext
from typing import Any

from ..processes import start_apart
from .corpus import Moved
from .request import Batch, Request

__all__ = ["run"]


def run(files: Iterable[str], request: Request, jobs: int, moved: Moved) -> Iterator[Batch]:
    """Hear recordings, several at a time.

    Parameters
    ----------
    files
        Which.
    request
        What to listen for, and where.
    jobs
        How many processes.
    moved
        Is told how the work goes on.

    Yields
    ------
    Batch
        As they come: those of a file are in order, and those of others may be between them.
    """
    context = _context()
    queue = deque(files)
    workers = [_Worker(context, request) for _ in range(min(jobs, len(queue)))]
    busy: dict[Any, _Worker] = {}
    try:
        for worker in workers:
            worker.give(queue.popleft())
            busy[worker.pipe] = worker
        while busy:
            for pipe in wait(list(busy)):
                worker = busy[pipe]
                batch = worker.take()
                moved(worker.moved(batch))
                if batch.ended:
                    del busy[pipe]
                    if worker.died or not queue:
                        worker.end()
                        workers.remove(worker)
                    if worker.died and queue:
                        worker = _Worker(context, request)
                        workers.append(worker)
                    if queue:
                        worker.give(queue.popleft())
                        busy[worker.pipe] = worker
                yield batch
    finally:
        for worker in workers:
            worker.end()


def _context() -> BaseContext:
    if "forkserver" not in multiprocessing.get_all_start_methods():
        return multiprocessing.get_context("spawn")
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([f"{__package__}.ready"])
    return context


class _Worker:
    """A process that hears one file after the other."""

    def __init__(self, context: BaseContext, request: Request) -> None:
        self.died = False
        self._file = ""
        self._done = 0.0
        self.pipe, theirs = context.Pipe()
        self._process: Any = context.Process(  # type: ignore[attr-defined]
            target=_work, args=(theirs, request), name="mediasock-analyze", daemon=True
        )
        start_apart(self._process)  # Ctrl-C is for the one who started us
        theirs.close()

    def give(self, file: str) -> None:
        """Have it hear a file; that it is dead shows when its news is taken."""
        self._file, self._done = file, 0.0
        with suppress(OSError):
            self.pipe.send(file)

    def take(self) -> Batch:
        """Take its news."""
        try:
            batch = self.pipe.recv()
        except (EOFError, OSError):
            self.died = True
            self._process.join()
            return Batch(self._file, (), 1.0, True, f"{self._file}: {self._how()}", False)
        assert isinstance(batch, Batch)
        return batch

    def moved(self, batch: Batch) -> float:
        """By how much of its file it has gone on."""
        before, self._done = self._done, batch.done
        return batch.done - before

    def _how(self) -> str:
        status = self._process.exitcode
        if status is not None and status < 0:
            return f"the process that had it was killed by {signal.Signals(-status).name}"
        return f"the process that had it died with status {status}"

    def end(self) -> None:
        """End it, whatever it does."""
        self.pipe.close()
        self._process.terminate()
        self._process.join()


def _work(pipe: Connection[Batch, str], request: Request) -> None:
    """Hear the files that come through the pipe, until it ends."""
    from .analysis import batches  # noqa: PLC0415 - there already where it is forked

    with suppress(EOFError, OSError):
        while True:
            for batch in batches(pipe.recv(), request):
                pipe.send(batch)
