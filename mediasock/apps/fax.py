"""The fax endpoint: receives to a spool, sends documents, behind the dialplan line of socket2me.

What a call is to do is said by its channel variables (:mod:`.fax_variables`), what it may do by
the options of :class:`Fax`. The terminal itself, all of T.30 and the modems, is
:class:`dsp.fax.terminal.FaxTerminal`: it answers the call's sound block by block in the media
thread. Whatever waits, for the disk or for FreeSWITCH, is done in :mod:`.fax_session`.
"""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import Awaitable, Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from dsp.fax import ready
from dsp.fax.document_disk import make_directory
from dsp.fax.terminal import FaxTerminal

from ..app import App, AppError
from ..call import Call
from . import fax_variables as variables
from .fax_desk import Counts, Desk
from .fax_files import interrupted
from .fax_hooks import HookError, Hooks
from .fax_places import Places
from .fax_session import FaxCall
from .fax_variables import Defaults

if TYPE_CHECKING:
    from ..faxing.office import Office

log = logging.getLogger(__name__)

THREADS = 8
"""Documents of all calls that are read at once, and pages that are written at once."""


class Fax(App):
    """Receive a fax to the spool, or send one, as the call's channel variables say.

    Notes
    -----
    Options: ``spool``, the directory of what is received and of a record a fax (``CALL.tiff``,
    ``CALL.json``; ``CALL-2`` for the call's second one); ``documents``, directories that
    ``fax_file_name`` may be in besides; ``ident``, ``header``, ``timezone``, ``ecm``, ``v17``,
    ``verbose`` where the channel variables say nothing; ``pdf`` to write each received fax as
    PDF too; ``record``, a directory for recordings of the calls, as ``mediasock fax read``
    reads them; ``hangup`` to hang up when the fax is over, else the dialplan goes on; ``voice``
    to listen for somebody who speaks; ``pages``, the most that are sent of a document;
    ``hooks`` (:mod:`.fax_hooks`), ``hook_seconds`` and ``hooks_at_once``; ``outgoing``, the
    settings of :mod:`mediasock.faxing`.
    """

    defaults: ClassVar = {
        "spool": "fax",
        "documents": [],
        "ident": "",
        "header": "",
        "timezone": "",
        "ecm": True,
        "v17": True,
        "verbose": False,
        "pdf": False,
        "record": "",
        "hangup": True,
        "voice": True,
        "pages": 200,
        "hooks": {},
        "hook_seconds": 60.0,
        "hooks_at_once": 4,
        "outgoing": {},
    }

    terminal: ClassVar[Callable[..., FaxTerminal]] = FaxTerminal
    """Makes the terminal of a call."""

    def __init__(self, options: Mapping[str, Any] | None = None) -> None:
        super().__init__(options)
        given = self.options
        _check(given)
        self.detect = ("fax", "voice") if given["voice"] else ("fax",)
        self._defaults = Defaults(**{name: given[name] for name in Defaults.__slots__})
        self._desk = Desk(
            places=Places(Path(given["spool"]), [Path(one) for one in given["documents"]]),
            documents=ThreadPoolExecutor(THREADS, "mediasock-fax-documents"),
            disk=ThreadPoolExecutor(THREADS, "mediasock-fax-disk"),
            hooks=self._hooks(),
            make=type(self).terminal,
            pages=given["pages"],
            pdf=given["pdf"],
            record=Path(given["record"]) if given["record"] else None,
        )
        self._open_office = _office(given["outgoing"], self._desk.places.roots)

    def _hooks(self) -> Hooks:
        given = self.options
        try:
            return Hooks(
                given["hooks"], seconds=given["hook_seconds"], at_once=given["hooks_at_once"]
            )
        except HookError as error:
            raise AppError(f"Fax: {error}") from error

    @property
    def counts(self) -> Counts:
        """What has happened since the start."""
        return self._desk.counts

    async def on_start(self) -> None:
        """Get all ready, and tell of the faxes that a kill has interrupted."""
        desk = self._desk
        for directory in filter(None, (desk.places.spool, desk.record)):
            make_directory(directory, 0o700)
        for one in self.options["documents"]:
            if not Path(one).is_dir():
                log.warning("documents: %s is no directory that is there", one)
        for kind, program in desk.hooks.programs.items():
            if not os.access(program, os.X_OK):
                log.warning("hook %s: %s is no program that can be run", kind, program)
        await desk.in_thread(ready.warm)
        for one in await desk.in_thread(lambda: list(interrupted(desk.places.spool))):
            desk.counts.interrupted += 1
            document = str(one.document) if one.pages else ""
            about = {"call": one.facts.get("call", ""), "file": document, "pages": one.pages}
            log.warning("a fax was interrupted while it was received", extra=about)
            desk.hooks.start("interrupted", {**one.facts, **about})
        if self._open_office is not None:
            desk.office = await self._open_office()

    async def on_drain(self) -> None:
        """Place no more calls."""
        if self._desk.office is not None:
            await self._desk.office.quiet()

    async def on_stop(self) -> None:
        """Wait for what is being written and for the hooks."""
        if self._desk.office is not None:
            await self._desk.office.close()
        await self._desk.hooks.finish()
        for threads in (self._desk.documents, self._desk.disk):
            await asyncio.to_thread(threads.shutdown)
        log.info("faxes", extra=asdict(self.counts))

    async def on_call(self, call: Call) -> None:
        """Receive or send one fax."""
        for name in variables.shell(call.variables):
            log.warning("%s is not run: see hooks", name, extra={"call": call.uuid})
        await FaxCall(self._desk, call, variables.read(call.variables, self._defaults)).run()
        resumes = call.data.text("variable_socket_resume")
        if self.options["hangup"] and not variables.is_true(resumes):
            await call.hangup()


def _check(given: Mapping[str, Any]) -> None:
    """Refuse options with which no fax, or another than is meant, would come about."""
    if not all(isinstance(one, str) and one for one in given["documents"]):
        raise AppError(f"Fax: documents is {given['documents']!r}: a list of directories is needed")
    if variables.ident(given["ident"]) != given["ident"]:
        raise AppError(f"Fax: ident is {given['ident']!r}: T.30 has room for 20 ASCII characters")
    if given["timezone"] and variables.zone(given["timezone"]) is None:
        raise AppError(f"Fax: timezone {given['timezone']!r} is none that is known")
    for name in ("pages", "hook_seconds", "hooks_at_once"):
        if not given[name] > 0:
            raise AppError(f"Fax: {name} is {given[name]!r}: more than 0 is needed")


def _office(
    settings: Mapping[str, Any], roots: Sequence[Path]
) -> Callable[[], Awaitable[Office]] | None:
    """What opens the outgoing spool, its settings checked now; None where there is none.

    Parameters
    ----------
    settings
        The spool's.
    roots
        Directories in which calls have their files: the spool is in none, nor one of them in it,
        or what each tidies away is the other's.
    """
    if not settings:
        return None
    from ..faxing.office import Office  # noqa: PLC0415 - only for those who dial out
    from ..faxing.settings import from_mapping  # noqa: PLC0415

    known = from_mapping(settings)
    known.check_dispatch()
    here = known.directory.resolve()
    for root in roots:
        there = root.resolve()
        if here.is_relative_to(there) or there.is_relative_to(here):
            raise AppError(
                f"Fax: outgoing: spool {known.directory} and {root}, where calls have their "
                "files, are one in the other"
            )
    return lambda: Office.open(known)
