"""Recordings heard by the workers of a Dask cluster, which see them by the same paths."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator
from dataclasses import replace
from functools import partial
from importlib import import_module
from itertools import islice
from pathlib import Path
from typing import Any

from dsp.extras import to_install

from ..errors import MediasockError
from .corpus import Moved, whole
from .request import Batch, Request

__all__ = ["ClusterError", "run"]

AHEAD = 4
"""Files that wait at the scheduler for each thread of the cluster."""

LEAST = 32
"""Files that do so however few threads there are yet."""

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
        raise ClusterError(f"a cluster needs Dask: {to_install('dask')}") from error
    for name in ("distributed", "distributed.client"):
        # a lost scheduler is an error of ours, and not a page of theirs
        logging.getLogger(name).setLevel(logging.CRITICAL)
    try:
        client = distributed.Client(scheduler, timeout=PATIENCE, set_as_default=False)
    except (OSError, ValueError) as error:
        raise ClusterError(f"{scheduler}: there is no scheduler: {error}") from error
    as_completed = partial(distributed.as_completed, loop=client.loop)
    plans = tuple(_seen_from_anywhere(plan) for plan in request.plans)
    with client:
        try:
            for batch in _through(client, as_completed, files, replace(request, plans=plans)):
                moved(1.0)
                yield batch
        except OSError as error:
            raise ClusterError(f"{scheduler}: the scheduler is gone: {error}") from error


def _seen_from_anywhere(plan: str) -> str:
    return str(Path(plan).absolute()) if plan.endswith(".toml") else plan


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

    room = _room(client)
    ends = as_completed(give(room))
    for count, future in enumerate(ends, 1):
        file = names.pop(future)
        yield _result(client, future, file)
        if count % LEAST == 0:
            room = _room(client)  # workers come and go
        for another in give(max(room - len(names), 0)):
            ends.add(another)


def _room(client: Any) -> int:
    return max(AHEAD * sum(map(int, client.nthreads().values())), LEAST)


def _result(client: Any, future: Any, file: str) -> Batch:
    """What came of a file: what failed there may do so here alone and not the next time."""
    if future.status == "finished":
        batch = future.result()
        assert isinstance(batch, Batch)
        return batch
    if client.status != "running":
        raise ConnectionError("it does not answer any more")
    reason = future.exception() if future.status == "error" else future.status
    return Batch(file, (), 1.0, True, f"{file}: it could not be analysed: {reason}", False)


def _hear(path: str, file: str, request: Request) -> Batch:
    """Hear one file, in a worker."""
    from .analysis import batches  # noqa: PLC0415

    (batch,) = whole(batches(path, request))
    findings = tuple(replace(one, file=file) for one in batch.findings)
    error = batch.error and batch.error.replace(path, file)
    return replace(batch, file=file, findings=findings, error=error)
