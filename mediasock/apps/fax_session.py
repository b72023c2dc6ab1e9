"""One fax call from its first variable to its last record."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from contextlib import ExitStack, suppress
from dataclasses import replace
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from dsp.fax.config import Config, FaxError
from dsp.fax.document import DocumentError, Header, Options, Page, read
from dsp.fax.result import Result, outcomes
from dsp.fax.sink import Sink
from dsp.fax.terminal import FaxTerminal
from dsp.types import RATE, Detection, Samples

from ..call import Call
from ..errors import MediasockError
from ..esl.errors import Disconnected, HungUp
from ..faxing.jobs import SpoolError
from ..media.recorder import RecordError
from ..session import MediaSession
from . import fax_report as report
from . import fax_variables as variables
from .fax_desk import Desk
from .fax_files import InUse, Journal, StoringSink, as_pdf, free, journal_of, write_record
from .fax_places import PathRefused
from .fax_variables import Wishes

if TYPE_CHECKING:
    from ..faxing.office import Office

log = logging.getLogger(__name__)

T = TypeVar("T")

AFTER = 0.3
"""Seconds of the call's sound in which the last signal reaches the far end, before the hang-up."""

AFTER_ALL = 3.0
"""Seconds that this may take where the switch is slow."""

SPEECH = 0.5
"""Seconds of speech at least that are a voice on the line."""


class FaxCall:
    """A call that a fax is sent or received on.

    Parameters
    ----------
    desk
        What it shares with others.
    call, wishes
        The call, and what it is to do.
    """

    def __init__(self, desk: Desk, call: Call, wishes: Wishes) -> None:
        self._desk, self._call, self._wishes = desk, call, wishes
        self._began = datetime.now(UTC)
        self._stem = ""
        self._file: Path | None = None
        self._pdf: Path | None = None
        self._pages: tuple[Page, ...] = ()
        self._first = 1
        self._sink: StoringSink | None = None
        self._terminal: FaxTerminal | None = None
        self._heard_fax = self._heard_voice = False
        self._confirmed: Callable[[int], Awaitable[None]] | None = None
        self._telling: set[asyncio.Task[Any]] = set()
        self._until_recorded = ExitStack()

    async def run(self) -> Result:
        """Send or receive, and tell all that it concerns how it went."""
        self._desk.counts.calls += 1
        with self._until_recorded:
            return await self._run()

    async def _run(self) -> Result:
        try:
            await self._take_name()
            result = await self._transfer()
        except asyncio.CancelledError:
            await self._conclude(self._broken_off())
            raise
        except (PathRefused, InUse, SpoolError, DocumentError, FaxError, OSError) as error:
            self._desk.counts.refused += 1
            log.error("no document: %s", error, extra={"call": self._call.uuid})
            wishes = self._wishes
            result = report.failed(
                outcomes()["file_error"], sending=wishes.sending, calling=wishes.calling
            )
        await self._conclude(result)
        return result

    def _broken_off(self) -> Result:
        """The result of a call that the server itself ends."""
        wishes = self._wishes
        how = {"sending": wishes.sending, "calling": wishes.calling}
        if self._terminal is None:
            return report.failed(outcomes()["call_dropped"], **how)
        return report.result_of(self._terminal, **how)

    async def _transfer(self) -> Result:
        wishes, desk = self._wishes, self._desk
        if wishes.unknown:
            raise FaxError(f"fax_mode is {wishes.unknown!r}: it is send or receive")
        if not wishes.sending:
            return await self._receive()
        if wishes.job:
            if desk.office is None:
                raise FaxError("fax_job is set, and no outgoing spool is configured")
            return await self._send_job(desk.office)
        if not wishes.file:
            raise FaxError("fax_mode is send, and fax_file_name is not set")
        self._file = await desk.in_thread(lambda: desk.places.to_read(wishes.file))
        self._pages, total = await desk.in_thread(self._document)
        return await self._converse(replace(self._config(), first=wishes.first, total=total))

    def _document(self) -> tuple[tuple[Page, ...], int]:
        """Read the pages that are to be sent; give them, and how many the document has."""
        assert self._file is not None
        wishes, most, total = self._wishes, self._desk.pages, 0

        def counted(pages: int) -> None:
            nonlocal total
            total = pages
            wanted = min(pages, wishes.last or pages) - wishes.first + 1
            if wanted > most:
                raise DocumentError(f"{wanted} pages are more than {most}")

        options = Options(pages=max(most, Options().pages))
        pages = read(self._file, options, first=wishes.first, counted=counted)
        end = None if wishes.last is None else wishes.last - wishes.first + 1
        return tuple(islice(pages, end)), total

    async def _take_name(self) -> None:
        """Find what the files of this fax are named by, if that is not known yet."""
        self._stem = self._stem or await self._desk.on_disk(self._free_stem)

    def _free_stem(self) -> str:
        """The call's name; with a number where a fax before this one in the call has that."""
        return free(self._call.file_name, self._is_taken)

    def _is_taken(self, stem: str) -> bool:
        spool = self._desk.places.spool
        with suppress(PathRefused, OSError):  # which is told when the place is wanted
            if (spool / f"{stem}.json").exists():
                return True
            if not self._wishes.sending and not self._wishes.file:
                path = self._desk.places.to_write(self._name(stem))
                return path.exists() or journal_of(spool, path).exists()
        return False

    # -- receiving ----------------------------------------------------------------------------

    async def _receive(self) -> Result:
        await _to_its_end(self._desk.on_disk(self._take_place))
        assert self._file is not None
        sink = self._sink = StoringSink(self._file, self._desk.disk, self._far_ident)
        try:
            return await self._converse(self._config(), sink)
        finally:
            await self._complete(sink)

    def _take_place(self) -> None:
        """Find where the fax goes, and have it for this call alone."""
        call, spool = self._call, self._desk.places.spool
        path = self._desk.places.to_write(self._wishes.file or self._name(self._stem))
        facts = {
            "call": call.uuid,
            "began": self._began.isoformat(timespec="seconds"),
            "caller": call.caller,
            "destination": call.destination,
        }
        self._until_recorded.enter_context(Journal(spool, path, facts))
        self._file = path

    def _name(self, stem: str) -> str:
        """The document's name in the spool where none is asked for."""
        wishes = self._wishes
        if "/" in wishes.prefix:
            raise PathRefused(f"fax_prefix {wishes.prefix!r} is a path")
        prefix = f"{wishes.prefix}-" if wishes.prefix else ""
        return str(Path(wishes.spool, f"{prefix}{stem}.tiff"))

    def _far_ident(self) -> str:
        return self._terminal.result.far_ident if self._terminal is not None else ""

    async def _complete(self, sink: StoringSink) -> None:
        """Finish the document; whatever fails here, its pages are there."""
        about = {"call": self._call.uuid, "file": str(sink.path)}
        try:
            await self._desk.on_disk(sink.close)
            if self._desk.pdf and sink.stored:
                self._pdf = await self._desk.in_thread(lambda: as_pdf(sink.path))
        except DocumentError as error:
            log.error("the document is not finished: %s", error, extra=about)
        if sink.trouble is not None:
            self._desk.counts.disk_failures += 1
            log.error("a page is not stored and not confirmed: %s", sink.trouble, extra=about)

    # -- sending what was ordered -------------------------------------------------------------

    async def _send_job(self, office: Office) -> Result:
        """Send what the outgoing spool has for this call."""
        async with office.sending(self._wishes.job) as sending:
            self._pages = await self._desk.in_thread(sending.read)
            self._confirmed = sending.confirmed
            result = await self._converse(sending.config(self._config()))
            await asyncio.gather(*self._telling)
            await sending.finished(result)
            return result

    # -- the call's sound ---------------------------------------------------------------------

    def _config(self) -> Config:
        wishes = self._wishes
        header = None
        if wishes.header:
            now = datetime.now(UTC).astimezone(wishes.zone)
            header = Header(date=now, name=wishes.header, ident=wishes.ident)
        return Config(ident=wishes.ident, able=wishes.able, header=header)

    async def _converse(self, config: Config, sink: Sink | None = None) -> Result:
        """Let a terminal talk on the call until one of them is over."""
        call, wishes, self._first = self._call, self._wishes, config.first
        desk, how = self._desk, {"send": self._pages, "receive": sink, "config": config}
        terminal = self._terminal = desk.make(wishes.calling, executor=desk.documents, **how)
        try:
            async with call.media() as media:
                await report.set_variables(call, variables.before(wishes, str(self._file or "")))
                media.on_detection(self._hear)
                self._record(media)
                conversation = media.converse(WatchedTerminal(terminal, self._on_confirmed))
                try:
                    await conversation
                except asyncio.CancelledError:
                    conversation.stop()
                    with suppress(MediasockError):
                        await _to_its_end(conversation)
                    raise
                await _let_go_out(media)
        except (HungUp, Disconnected):
            pass
        except MediasockError as error:
            log.error("the fax is broken off: %s", error, extra={"call": call.uuid})
        return report.result_of(terminal, sending=wishes.sending, calling=wishes.calling)

    def _record(self, media: MediaSession) -> None:
        """Record the call, if that is wanted; a fax goes on without."""
        if self._desk.record is None:
            return
        try:
            media.record(self._desk.record / f"{self._stem}.wav")
        except RecordError as error:
            log.error("%s", error, extra={"call": self._call.uuid})

    def _hear(self, detection: Detection) -> None:
        """Notice somebody who speaks where a fax was expected."""
        if detection.kind == "fax":
            self._heard_fax = True
        if detection.kind != "voice" or detection.end is None or self._heard_fax:
            return
        if self._heard_voice or detection.end - detection.start < SPEECH * RATE:
            return
        self._heard_voice = True
        self._desk.counts.voices += 1
        log.warning("somebody speaks on the fax line", extra={"call": self._call.uuid})
        self._tell(report.set_variables(self._call, {"fax_voice_detected": "true"}))

    def _on_confirmed(self, pages: int) -> None:
        """Tell at once of a page that is confirmed: the call may end before the fax does."""
        if self._confirmed is not None:
            self._tell(self._confirmed(pages))
        told = {"fax_document_transferred_pages": str(pages)}
        self._tell(report.set_variables(self._call, told))

    def _tell(self, telling: Awaitable[Any]) -> None:
        task = asyncio.ensure_future(telling)
        self._telling.add(task)
        task.add_done_callback(self._telling.discard)

    # -- afterwards ---------------------------------------------------------------------------

    async def _conclude(self, result: Result) -> None:
        self._desk.counts.add(result)
        report.log_result(self._call, result)
        told = variables.before(self._wishes, str(self._file or ""))
        told |= variables.after(result, self._pages, self._first)
        told |= await _to_its_end(self._keep(result))
        if await report.set_variables(self._call, told):
            await report.execute_orders(self._call, result.ok)

    async def _keep(self, result: Result) -> dict[str, str]:
        """Keep what is known and start the hook, before the dialplan is told: that takes its time.

        Returns
        -------
        dict
            Variables that tell of it.
        """
        await self._take_name()
        traced = await self._trace(result)
        kept = await self._keep_record(result)
        # until here a kill leaves a journal, from here on a record: the next start tells, or this
        await self._desk.on_disk(self._until_recorded.close)
        kind = ("sent" if result.sending else "received") if result.ok else "failed"
        self._desk.hooks.start(kind, self._values(result) | {"record": kept or ""})
        return traced

    async def _trace(self, result: Result) -> dict[str, str]:
        """Log the trace and write it to a file, as far as that is wanted."""
        call, lines = self._call, [str(line) for line in result.trace]
        if self._wishes.verbose:
            for line in lines:
                log.info("%s", line, extra={"call": call.uuid})
        if not self._wishes.trace_dir:
            return {}

        def write() -> Path:
            directory = self._desk.places.directory(self._wishes.trace_dir)
            path = directory / f"fax-{self._stem}.log"
            path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
            return path

        try:
            return {"fax_trace_file": str(await self._desk.on_disk(write))}
        except (PathRefused, OSError) as error:
            log.error("no trace: %s", error, extra={"call": call.uuid})
            return {}

    async def _keep_record(self, result: Result) -> Path | None:
        """Keep all that is known in a file beside what is received."""
        path = self._desk.places.spool.resolve() / f"{self._stem}.json"
        values = self._values(result) | {"voice": self._heard_voice}
        told = report.record(self._call, self._began, result, values)
        try:
            await self._desk.on_disk(lambda: write_record(path, told))
        except OSError as error:
            log.error("no record: %s", error, extra={"call": self._call.uuid})
            return None
        return path

    def _values(self, result: Result) -> dict[str, Any]:
        """What hooks and records have besides the result itself."""
        outcome = result.outcome or outcomes()["call_dropped"]
        stored = self._file if self._sink is None or self._sink.stored else None
        return {
            "call": self._call.uuid,
            "file": str(stored or ""),
            "pdf": str(self._pdf or ""),
            "pages": len(result.confirmed),
            "code": outcome.number,
            "text": outcome.text,
            "far_ident": result.far_ident,
            "caller": self._call.caller,
            "destination": self._call.destination,
        }


class WatchedTerminal:
    """A terminal in the media thread that tells the loop's how many pages have been confirmed."""

    def __init__(self, terminal: FaxTerminal, tell: Callable[[int], None]) -> None:
        self._terminal, self._tell = terminal, tell
        self._loop = asyncio.get_running_loop()
        self._told = 0

    def process(self, block: Samples) -> Samples:
        """Hear a block and say one, as the terminal does."""
        said = self._terminal.process(block)
        if self._terminal.confirmed > self._told:
            self._told = self._terminal.confirmed
            self._loop.call_soon_threadsafe(self._tell, self._told)
        return said

    @property
    def done(self) -> bool:
        """Whether the terminal is done."""
        return self._terminal.done


async def _to_its_end(work: Awaitable[T]) -> T:
    """Wait for what must not be left half done; who is cancelled meanwhile is so afterwards."""
    task, cancelled = asyncio.ensure_future(work), None
    while not task.done():
        try:
            await asyncio.wait((task,))
        except asyncio.CancelledError as error:
            cancelled = error
    if cancelled is not None:
        task.exception()  # which is thereby known
        raise cancelled
    return task.result()


async def _let_go_out(media: MediaSession) -> None:
    """Wait until what has been said last has gone out."""
    enough = media.position + AFTER * RATE
    with suppress(TimeoutError):
        async with asyncio.timeout(AFTER_ALL):
            async for frame in media.frames():
                if frame.position >= enough:
                    return
