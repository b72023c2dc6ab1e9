"""Programs that the operator wants run when a fax is over, named in the configuration alone.

::

    [apps.fax.hooks]
    received = ["/usr/local/bin/to-archive", "{file}", "--from={far_ident}"]
    failed = ["/usr/local/bin/complain", "{call}", "{text}"]

Each is a list of arguments, given to the program as they are: there is no shell, and a value that
came over the line is never more than a part of one argument. It has no control characters and no
dashes at its beginning, so that it is not taken for an option.
"""

from __future__ import annotations

import asyncio
import logging
import os
import re
import signal
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from mediasock.errors import MediasockError

log = logging.getLogger(__name__)

__all__ = ["KINDS", "PLACES", "HookError", "Hooks"]

KINDS = ("received", "sent", "failed", "interrupted")
"""When a hook runs: a fax came or went whole; it did not; one is found that a kill interrupted."""

PLACES = (
    "call",
    "file",
    "pdf",
    "record",
    "pages",
    "code",
    "text",
    "far_ident",
    "caller",
    "destination",
)
"""What may stand in braces in an argument."""

_PLACE = re.compile(r"\{([^{}]*)\}")
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_SHOWN = 500
_LAST_WORDS = 1.0


class HookError(MediasockError):
    """A hook that cannot be run as it is configured."""


class Hooks:
    """The hooks of a process.

    Parameters
    ----------
    commands
        Arguments of each, by its kind.
    seconds
        How long one may take; then it and all that it has started is killed.
    at_once
        How many may run; others wait.

    Raises
    ------
    HookError
        When there is no such kind or place, or a command is no list that begins with a path.

    Examples
    --------
    >>> hooks = Hooks({"received": ["/bin/mv", "{file}", "/archive/{call}.tiff"]})
    >>> hooks.arguments("received", {"file": "/spool/a.tiff", "call": "c-1"})
    ['/bin/mv', '/spool/a.tiff', '/archive/c-1.tiff']
    >>> Hooks({"received": "mv {file} /archive"})
    Traceback (most recent call last):
        ...
    mediasock.apps.fax_hooks.HookError: hook received: a list of arguments is needed
    """

    def __init__(
        self, commands: Mapping[str, Any], *, seconds: float = 60.0, at_once: int = 4
    ) -> None:
        for kind, command in commands.items():
            _check(kind, command)
        self._commands: dict[str, list[str]] = {kind: list(one) for kind, one in commands.items()}
        self._seconds = seconds
        self._turn = asyncio.Semaphore(at_once)
        self._running: set[asyncio.Task[None]] = set()

    @property
    def programs(self) -> dict[str, str]:
        """Which program each is, by its kind."""
        return {kind: command[0] for kind, command in self._commands.items()}

    def arguments(self, kind: str, values: Mapping[str, object]) -> list[str]:
        """Put values in their places; what is not known leaves nothing."""

        def value(match: re.Match[str]) -> str:
            return _CONTROL.sub("", str(values.get(match[1], ""))).lstrip("-")

        return [_PLACE.sub(value, argument) for argument in self._commands[kind]]

    def start(self, kind: str, values: Mapping[str, object]) -> None:
        """Run a hook beside what goes on, if there is one of this kind."""
        if kind in self._commands:
            task = asyncio.get_running_loop().create_task(self._run(kind, values))
            self._running.add(task)
            task.add_done_callback(self._running.discard)

    async def finish(self) -> None:
        """Wait for all that run; none takes longer than it may."""
        while self._running:
            await asyncio.wait(tuple(self._running))

    async def _run(self, kind: str, values: Mapping[str, object]) -> None:
        about = {"call": str(values.get("call", "")), "hook": kind}
        async with self._turn:
            try:
                process = await asyncio.create_subprocess_exec(
                    *self.arguments(kind, values),
                    stdin=asyncio.subprocess.DEVNULL,
                    stdout=asyncio.subprocess.DEVNULL,
                    stderr=asyncio.subprocess.PIPE,
                    start_new_session=True,
                )
            except (OSError, ValueError) as error:
                log.error("a hook cannot be run: %s", error, extra=about)
                return
            await self._watch(process, about)

    async def _watch(self, process: asyncio.subprocess.Process, about: dict[str, str]) -> None:
        complaint = b""
        try:
            async with asyncio.timeout(self._seconds):
                _, complaint = await process.communicate()
        except TimeoutError:
            log.error("a hook took more than %g s and is killed", self._seconds, extra=about)
            _kill(process)  # it may be over itself, and what it has started hold its stderr
            with suppress(TimeoutError):
                async with asyncio.timeout(_LAST_WORDS):
                    await process.communicate()
        finally:
            if process.returncode is None:
                _kill(process)
                await process.wait()
        if process.returncode:
            said = complaint.decode(errors="replace").strip()[-_SHOWN:]
            log.error("a hook ended with %d: %s", process.returncode, said, extra=about)


def _kill(process: asyncio.subprocess.Process) -> None:
    """Kill a hook and all of its session's group; that there is none of it is no error."""
    with suppress(OSError):
        os.killpg(process.pid, signal.SIGKILL)


def _check(kind: str, command: object) -> None:
    if kind not in KINDS:
        raise HookError(f"no hook {kind!r}; there are {', '.join(KINDS)}")
    if not (isinstance(command, list) and command and all(isinstance(x, str) for x in command)):
        raise HookError(f"hook {kind}: a list of arguments is needed")
    if not Path(command[0]).is_absolute():
        raise HookError(f"hook {kind}: {command[0]!r} is not the whole path of a program")
    for argument in command:
        for place in _PLACE.findall(argument):
            if place not in PLACES:
                raise HookError(f"hook {kind}: no {{{place}}}; there are {', '.join(PLACES)}")
    if "{" in command[0]:
        raise HookError(f"hook {kind}: the program itself is given as it is, not {command[0]!r}")
