"""The server: calls in from FreeSWITCH, each given to its application.

A worker process is whole: its own listener, media and calls. More cores, more workers, which
share the port (SO_REUSEPORT) and nothing else.
"""

from __future__ import annotations

import asyncio
import logging
import multiprocessing
import multiprocessing.connection
import signal
import sys
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from dsp.ears import Ears

from .app import App, load
from .call import Call
from .config import Config, split_listen
from .esl.channel import OutboundConnection
from .esl.errors import Disconnected, HungUp
from .esl.outbound import OutboundServer
from .media import open_hub

if TYPE_CHECKING:
    from multiprocessing.process import BaseProcess

log = logging.getLogger(__name__)

FAILED = "NORMAL_TEMPORARY_FAILURE"
"""The cause with which a call is hung up when its application raised."""

DRAINED = "MANAGER_REQUEST"
"""The cause for a call that outlives the grace of a server told to stop."""

RESTART_AFTER = 1.0
"""Seconds before a worker that died is started again."""


class Server:
    """One worker: applications, media and the listener.

    Parameters
    ----------
    apps
        Applications by the ``socket_path`` that names them; the first serves every other call.
    config
        The settings.
    share_port
        Whether other workers listen on the same port.
    """

    def __init__(
        self, apps: Mapping[str, App], config: Config, *, share_port: bool = False
    ) -> None:
        self.config = config
        self._apps = apps
        self.hub = open_hub(
            config.media,
            ears=lambda calls: Ears(calls, plans=config.plans),
            detectors=[make for app in self._apps.values() for make in app.detectors],
            capacity=config.max_calls,
            remote_ip=config.media_ip,
        )
        host, port = split_listen(config.listen)
        handlers = {name: partial(self._serve_call, app) for name, app in self._apps.items()}
        self._listener = OutboundServer(
            handlers,
            events="plain",
            host=host,
            port=port,
            allow=config.allow,
            max_calls=config.max_calls,
            max_per_peer=config.max_calls_per_peer,
            reuse_port=share_port,
        )

    @property
    def port(self) -> int:
        """The port listened on, which matters where 0 was asked for."""
        return self._listener.port

    async def start(self) -> None:
        """Start the media, the applications and the listener, in this order."""
        self.hub.start()
        for app in self._apps.values():
            await app.on_start()
        await self._listener.start()
        log.info(
            "listening",
            extra={"at": f"{self.config.listen}", "port": self.port, "apps": ",".join(self._apps)},
        )

    async def stop(self) -> None:
        """Take no more calls, give those in progress the grace they have, and end."""
        await self._listener.drain(self.config.grace)
        for app in self._apps.values():
            await app.on_stop()
        self.hub.stop()

    async def __aenter__(self) -> Server:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    async def _serve_call(self, app: App, connection: OutboundConnection) -> None:
        call = Call(connection, self.hub)
        log.info("call", extra={"call": call.uuid, "app": type(app).__name__})
        try:
            await call.start()
            await app.on_call(call)
        except asyncio.CancelledError:
            await call.hangup(DRAINED)
            raise
        except Exception as error:
            if not _says_call_ended(error):
                await call.hangup(FAILED)
                raise
        finally:
            await call.close()
            log.info("call over", extra={"call": call.uuid, "cause": call.hangup_cause})


def _says_call_ended(error: Exception) -> bool:
    """Whether an application raised nothing but the news that its call is over."""
    ends = (HungUp, Disconnected)
    if isinstance(error, ExceptionGroup):
        return error.split(ends)[1] is None
    return isinstance(error, ends)


def make_apps(names: Sequence[str], config: Config) -> dict[str, App]:
    """Make the applications of these names, with the options that the configuration has for them.

    Raises
    ------
    AppError
        When one cannot be found, or has no such option.
    """
    return {name: load(name)(config.apps.get(name)) for name in dict.fromkeys(names)}


async def serve(apps: Sequence[str], config: Config, *, share_port: bool = False) -> None:
    """Serve until SIGTERM or SIGINT, then drain."""
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopping.set)
    async with Server(make_apps(apps, config), config, share_port=share_port):
        await stopping.wait()
        log.info("draining", extra={"grace": config.grace})


def run(apps: Sequence[str], config: Config, *, log_level: str) -> None:
    """Run as many workers as the configuration asks for, until told to stop."""
    make_apps(apps, config)  # what is wrong is told before any process is started
    if config.workers == 1:
        _worker(apps, config, log_level, False)
    else:
        _supervise(apps, config, log_level)


def _worker(apps: Sequence[str], config: Config, log_level: str, share_port: bool) -> None:
    from .logs import to_stream  # noqa: PLC0415 - in the child process

    to_stream(log_level)
    sys.path.insert(0, str(Path.cwd()))
    asyncio.run(serve(apps, config, share_port=share_port))


def _supervise(apps: Sequence[str], config: Config, log_level: str) -> None:
    """Keep the workers running; SIGTERM and SIGINT are passed on to them."""
    context = multiprocessing.get_context("spawn")
    stopping = False

    def start() -> BaseProcess:
        worker = context.Process(target=_worker, args=(apps, config, log_level, True))
        worker.start()
        return worker

    def stop(*_: object) -> None:
        nonlocal stopping
        stopping = True
        for worker in workers:
            worker.terminate()

    workers = [start() for _ in range(config.workers)]
    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    while any(worker.is_alive() for worker in workers):
        multiprocessing.connection.wait([worker.sentinel for worker in workers], RESTART_AFTER)
        if stopping:
            continue
        for index, worker in enumerate(workers):
            if not worker.is_alive():
                log.error("a worker died", extra={"pid": worker.pid, "status": worker.exitcode})
                workers[index] = start()
