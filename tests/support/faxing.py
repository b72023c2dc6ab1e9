"""What tests of the outgoing spool need: a switch that calls nobody, far ends that take pages."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Callable, Mapping
from concurrent.futures import Executor, Future
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from dsp.fax.document import Page, Resolution, TiffWriter
from dsp.fax.result import PageRecord, Result, TraceLine, outcomes
from mediasock.esl.errors import CommandRefused
from mediasock.faxing.desk import Desk
from mediasock.faxing.jobs import NoSuchTry
from mediasock.faxing.sending import Sending

EPOCH = 1_700_000_000.0

MEMORY = "/dev/shm" if Path("/dev/shm").is_dir() else None
"""A directory where a sync takes no time."""


class Inline(Executor):
    """Runs at once, so that nothing happens outside of virtual time; when dead, never."""

    dead = False

    def submit(self, function: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        done: Future[Any] = Future()
        if self.dead:
            return done
        try:
            done.set_result(function(*args, **kwargs))
        except BaseException as error:
            done.set_exception(error)
        return done


class Clock:
    """Seconds since 1970 that only a test moves."""

    def __init__(self) -> None:
        self.now = EPOCH

    def __call__(self) -> float:
        return self.now


def document(directory: Path, pages: int) -> str:
    """Write a document whose page *n* has *n* black lines, and name it."""
    name = f"{uuid.uuid4().hex}.tiff"
    with TiffWriter(directory / name) as writer:
        for number in range(1, pages + 1):
            black = np.zeros((300, 1728), np.bool_)
            black[:number] = True
            writer.append(Page.from_black(black, Resolution.STANDARD))
    return name


def which(page: Page) -> int:
    """Which page of a document this is."""
    return int(page.black().any(axis=1).sum())


def result(
    outcome: str | None,
    taken: int,
    *,
    rate: str = "V.17 14400",
    ecm: bool = True,
    heard: bool = True,
) -> Result:
    """What a terminal says of a call in which so many pages were taken."""
    record = PageRecord(1, 1728, 300, "R8 × 3.85", "MMR", rate, ecm, 100, confirmed=True)
    return Result(
        outcome=None if outcome is None else outcomes()[outcome],
        calling=True,
        sending=True,
        pages=(record,) * taken,
        total=taken,
        rate=rate,
        ecm=ecm,
        phases={},
        trace=(TraceLine(1.0, "heard", "DIS"),) if heard else (),
    )


@dataclass(frozen=True)
class Refused:
    """A call that nobody answers."""

    cause: str
    ring: float = 5.0


@dataclass(frozen=True)
class Answered:
    """A call that a fax terminal answers: it takes pages, and ends the call so."""

    takes: int = 1000
    outcome: str = "ok"
    ring: float = 5.0
    page_seconds: float = 30.0
    tells: bool = True


@dataclass
class Placed:
    """A call that was placed."""

    at: float
    endpoint: str
    target: str
    variables: dict[str, str]


@dataclass
class Exchange:
    """A FreeSWITCH, its far ends, and our own endpoint, which the calls come to.

    Each number has a script, a step a call; the last goes on.
    """

    script: Mapping[str, list[Refused | Answered]]
    desk: Desk | None = None
    connected: bool = True
    placed: list[Placed] = field(default_factory=list)
    pages: dict[str, list[int]] = field(default_factory=dict)
    limits: list[tuple[str, int, Any]] = field(default_factory=list)
    up: dict[str, asyncio.Event] = field(default_factory=dict)
    answered: set[str] = field(default_factory=set)
    most: int = 0
    tasks: set[asyncio.Task[Any]] = field(default_factory=set)
    refused: int = 0

    async def originate(
        self,
        endpoint: str,
        target: str,
        *,
        variables: Mapping[str, str] | None = None,
        timeout: float | None = 60.0,
    ) -> str:
        assert variables is not None
        call = Placed(asyncio.get_running_loop().time(), endpoint, target, dict(variables))
        self.placed.append(call)
        self.up[variables["origination_uuid"]] = asyncio.Event()
        self.most = max(self.most, len(self.up))
        ringing = asyncio.create_task(self._ring(call))
        self.tasks.add(ringing)
        ringing.add_done_callback(self.tasks.discard)
        # it rings on when whoever asked for it is gone
        return await asyncio.shield(ringing)

    async def _ring(self, call: Placed) -> str:
        number = call.endpoint.rpartition("/")[2]
        before = sum(one.endpoint == call.endpoint for one in self.placed) - 1
        steps = self.script[number]
        step = steps[min(before, len(steps) - 1)]
        token = call.variables["origination_uuid"]
        killed = self.up[token]
        try:
            async with asyncio.timeout(step.ring):
                await killed.wait()
        except TimeoutError:
            pass
        if killed.is_set() or isinstance(step, Refused):
            del self.up[token]
            cause = step.cause if isinstance(step, Refused) else "ORIGINATOR_CANCEL"
            raise CommandRefused("originate", f"-ERR {cause}\n")
        endpoint = asyncio.create_task(
            self._endpoint(number, step, call.variables["fax_job"], killed), name="endpoint"
        )
        self.tasks.add(endpoint)
        endpoint.add_done_callback(self.tasks.discard)
        return token

    async def api(self, command: str, arguments: str = "", *, timeout: float | None = None) -> str:
        if command == "uuid_exists":
            return "true" if arguments in self.up else "false"
        assert command == "uuid_kill"
        if arguments not in self.up:
            raise CommandRefused("uuid_kill", "-ERR No such channel!\n")
        self.up[arguments].set()
        return "+OK\n"

    async def _endpoint(
        self, number: str, step: Answered, token: str, killed: asyncio.Event
    ) -> None:
        """What mediasock's application does with such a call, in short."""
        self.answered.add(token)
        try:
            if step.tells and self.desk is not None:
                async with Sending(self.desk, token) as sending:
                    await self._talk(number, step, sending, killed)
        except NoSuchTry:
            self.refused += 1
        finally:
            self.answered.discard(token)
            self.up.pop(token, None)

    def lose_endpoint(self) -> None:
        """The process that calls come to has died: its calls end."""
        self.desk = None
        for token in self.answered:
            del self.up[token]
        self.answered.clear()
        for task in self.tasks:
            if task.get_name() == "endpoint":
                task.cancel()

    async def _talk(
        self, number: str, step: Answered, sending: Sending, killed: asyncio.Event
    ) -> None:
        taken = 0
        self.limits.append((number, sending.first, sending._try.limits))
        pages = sending.read()
        for page in pages[: step.takes]:
            try:
                async with asyncio.timeout(step.page_seconds):
                    await killed.wait()
                break
            except TimeoutError:
                pass
            self.pages.setdefault(number, []).append(which(page))
            taken += 1
            await sending.confirmed(taken)
        complete = taken == len(pages)
        outcome = "ok" if complete else "call_dropped" if killed.is_set() else step.outcome
        await sending.finished(result(outcome, taken))
