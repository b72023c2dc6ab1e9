"""Recordings heard by the workers of a Dask cluster, which see them by the same paths."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from functools import partial
from importlib import import_module
from itertools import islice
from pathlib import Path
from typing import Any

from ..errors import MediasockError
from .corpus import Moved, whole
from .request import Batch, Request

__all__ = ["ClusterError", "run"]

AHEAD = 4
"""Files that wait at the scheduler for each thread of the cluster."""

PATIENCE = "10s"
"""For a scheduler to answer."""


class ClusterError(MediasockError):
    """A cluster that cannot be used."""


def run(files: Iterable[str], request: Request, scheduler: str, moved: Moved) -> Iterator[Batch]:
    """Hear recordings on a cluster.

    Parameters
    ----------
    files
        Which, as the workers see them from their root or we from here.
    request
        What to listen for, and where.
    scheduler
        Its address, as ``tcp://10.0.0.5:8786``.
    moved
        Is told how the work goes on.

    Yields
    ------
    Batch
        Of one whole file each, as they end. A file whose worker dies goes to another one; after
        it has been there when several died, it is given up.

    Raises
    ------
    ClusterError
        When there is no scheduler, or Dask is not installed.
    """
    try:
        distributed: Any = import_module("distributed")
    except ImportError as error:
        raise ClusterError("a cluster needs Dask: pip install 'mediasock[dask]'") from error
    try:
        client = distributed.Client(scheduler, timeout=PATIENCE, set_as_default=False)
    except (OSError, ValueError) as error:
        raise ClusterError(f"{scheduler}: there is no scheduler: {error}") from error
    with client:
        for batch in _through(
            client, partial(distributed.as_completed, loop=client.loop), files, request
        ):
            moved(1.0)
            yield batch


def _through(
    client: Any, as_completed: Any, files: Iterable[str], request: Request
) -> Iterator[Batch]:
    """Keep the cluster busy, and no more than that at the scheduler."""
    queue = iter(files)
    names: dict[Any, str] = {}

    def give(count: int) -> list[Any]:
        futures = []
        for file in islice(queue, count):
            future = client.submit(_hear, str(Path(file).absolute()), file, request, pure=False)
            names[future] = file
            futures.append(future)
        return futures

    ends = as_completed(give(AHEAD * max(_threads(client), 1)))
    for future in ends:
        file = names.pop(future)
        yield _result(client, future, file)
        for another in give(1):
            ends.add(another)


def _threads(client: Any) -> int:
    return sum(client.nthreads().values())


def _result(client: Any, future: Any, file: str) -> Batch:
    """What came of a file: what failed there may do so here alone and not the next time."""
    if future.status == "finished":
        batch = future.result()
        assert isinstance(batch, Batch)
        return batch
    if client.status != "running":
        raise ClusterError("the scheduler is gone")
    reason = future.exception() if future.status == "error" else future.status
    return Batch(file, (), 1.0, True, f"{file}: it could not be analysed: {reason}", False)


def _hear(path: str, file: str, request: Request) -> Batch:
    """Hear one file, in a worker."""
    from .analysis import batches  # noqa: PLC0415

    (batch,) = whole(batches(path, request))
    findings = tuple(replace(one, file=file) for one in batch.findings)
    error = batch.error and batch.error.replace(path, file)
    return replace(batch, file=file, findings=findings, error=error)
