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
import socket
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dsp.ears import Ears

from .app import App, AppError, HandOver, load, route
from .call import Call
from .compiling import announce
from .config import Config, split_listen
from .esl.channel import OutboundConnection
from .esl.errors import Disconnected, HungUp, ModeError
from .esl.outbound import OutboundServer
from .logs import to_stream
from .media import StreamClosed, open_hub
from .processes import start_apart

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
        self._started: list[App] = []
        detect = {*config.detect, *(one for app in apps.values() for one in app.detect)}
        self.hub = open_hub(
            config.media,
            ears=lambda calls: Ears(calls, config.plans, tuple(detect)),
            detectors=[make for app in self._apps.values() for make in app.detectors],
            capacity=config.max_calls,
            remote_ip=config.media_ip,
            sources=config.allow,
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
        """Start the media, the applications and the listener, in this order.

        Raises
        ------
        OSError
            When the port cannot be listened on. What has been started is stopped again.
        """
        self.hub.start()
        try:
            for app in self._apps.values():
                await app.on_start()
                self._started.append(app)
            await self._listener.start()
        except BaseException:
            await self.stop()
            raise
        log.info(
            "listening",
            extra={"at": f"{self.config.listen}", "port": self.port, "apps": ",".join(self._apps)},
        )

    async def stop(self) -> None:
        """Take no more calls, give those in progress the grace they have, and end."""
        for app in self._started:
            await _told("on_drain", app)
        await self._listener.drain(self.config.grace)
        while self._started:
            await _told("on_stop", self._started.pop())
        self.hub.stop()

    async def hurry(self) -> None:
        """End the calls that :meth:`stop` still waits for."""
        await self._listener.close()

    async def __aenter__(self) -> Server:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    async def _serve_call(self, app: App, connection: OutboundConnection) -> None:
        call = Call(connection, self.hub)
        _name_task(call.uuid)
        about = {"call": call.uuid, "app": type(app).__name__, "path": call.path}
        log.info("call", extra=about)
        try:
            await call.start()
            await self._have_served(app, call)
            await call.let_go()
        except asyncio.CancelledError:
            await call.hangup(DRAINED)
            raise
        except Exception as error:
            if not _says_call_ended(error, call):
                await call.hangup(FAILED)
                if not (isinstance(error, ModeError) and error.keyword):
                    raise
                # The dialplan's mistake: a traceback through us would tell nobody where it is.
                log.error("%s", error, extra={"call": call.uuid})
        finally:
            await call.close()
            log.info("call over", extra={"call": call.uuid, "cause": call.hangup_cause})

    async def _have_served(self, app: App, call: Call) -> None:
        """Let applications have the call, one after the other where one hands it over."""
        while True:
            try:
                await app.on_call(call)
            except HandOver as to:
                if to.name not in self._apps:
                    known = ", ".join(self._apps)
                    raise AppError(f"no application {to.name!r}; there are {known}") from to
                app = self._apps[to.name]
                log.info("handed over", extra={"call": call.uuid, "app": type(app).__name__})
            else:
                return


async def _told(what: str, app: App) -> None:
    """Tell an application something; what it raises ends nothing."""
    try:
        await getattr(app, what)()
    except Exception:
        log.exception("%s failed", what, extra={"app": type(app).__name__})


def _report(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    """Report what went wrong unseen, other than that a call ended while nobody waited."""
    if not isinstance(context.get("exception"), (HungUp, Disconnected)):
        loop.default_exception_handler(context)


def _name_task(uuid: str) -> None:
    """Name the call's task, so that what is logged of an event loop that is stuck names it."""
    task = asyncio.current_task()
    if task is not None:
        task.set_name(f"call {uuid}")


def _says_call_ended(error: Exception, call: Call) -> bool:
    """Whether an application raised nothing but the news that its call is over."""
    ends: tuple[type[Exception], ...] = (HungUp, Disconnected)
    if call.over is not None:
        ends = (*ends, StreamClosed)
    if isinstance(error, ExceptionGroup):
        return error.split(ends)[1] is None
    return isinstance(error, ends)


def make_apps(asked: Sequence[str], config: Config) -> dict[str, App]:
    """Make applications, with the options that the configuration has for each by its name.

    Parameters
    ----------
    asked
        As :func:`mediasock.app.route` has them.

    Raises
    ------
    AppError
        When one cannot be found or has no such option, two have one name, there are options for a
        name that none has, or one hands calls over to a name that none has.
    """
    known: dict[str, str] = {}
    for one in asked:
        name, application = route(one)
        if name in known:
            raise AppError(
                f"{known[name]} and {application} are both {name!r}: "
                f"give one of them another name, as other={application}"
            )
        known[name] = application
    kinds = {name: load(application) for name, application in known.items()}
    there_are = f"the applications are {', '.join(kinds)}"
    for name in config.apps:
        if name not in kinds:
            raise AppError(f"options for {name!r}: {there_are}")
    apps = {name: kind(config.apps.get(name)) for name, kind in kinds.items()}
    for name, app in apps.items():
        for heir in app.heirs:
            if heir not in apps:
                raise AppError(f"{name} hands calls over to {heir!r}: {there_are}")
    return apps


async def serve(apps: Sequence[str], config: Config, *, share_port: bool = False) -> None:
    """Serve until SIGTERM or SIGINT, then drain; a second signal ends the calls at once.

    A worker drains too when its supervisor is gone.
    """
    stopping, hurrying = asyncio.Event(), asyncio.Event()
    loop = asyncio.get_running_loop()
    loop.set_exception_handler(_report)

    def stop() -> None:
        (hurrying if stopping.is_set() else stopping).set()

    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop)
    supervisor = multiprocessing.parent_process()
    if supervisor is not None:
        loop.add_reader(supervisor.sentinel, _supervisor_gone, loop, supervisor, stopping)
    server = Server(make_apps(apps, config), config, share_port=share_port)
    impatient = loop.create_task(_hurry(server, hurrying))
    async with server:
        await stopping.wait()
        log.info("draining", extra={"grace": config.grace})
    impatient.cancel()


async def _hurry(server: Server, told: asyncio.Event) -> None:
    await told.wait()
    await server.hurry()


def _supervisor_gone(
    loop: asyncio.AbstractEventLoop, supervisor: BaseProcess, stopping: asyncio.Event
) -> None:
    loop.remove_reader(supervisor.sentinel)
    log.error("the supervisor is gone")
    stopping.set()


def run(apps: Sequence[str], config: Config, *, log_level: str) -> None:
    """Run as many workers as the configuration asks for, until told to stop.

    Applications of one's own are looked for in the working directory, too.

    Raises
    ------
    AppError
        When an application cannot be found, or has no such option.
    OSError
        When the port cannot be listened on.
    """
    sys.path.insert(0, str(Path.cwd()))
    make_apps(apps, config)  # what is wrong is told before any process is started
    if config.workers == 1:
        _worker(apps, config, log_level, False)
    else:
        to_stream(log_level)
        with reserved(config.listen) as listen:
            _supervise(apps, replace(config, listen=listen), log_level)


def _worker(apps: Sequence[str], config: Config, log_level: str, share_port: bool) -> None:
    to_stream(log_level)
    announce(log.info)
    asyncio.run(serve(apps, config, share_port=share_port))


@contextmanager
def reserved(listen: str) -> Iterator[str]:
    """Hold a port for the workers that are going to share it, and give its ``host:port``.

    A port that is taken is told here, once, and port 0 becomes the same port for all of them.
    The socket that holds it does not listen, so no connection comes to it.

    Raises
    ------
    OSError
        When the port is taken, or the address is not ours.
    """
    host, port = split_listen(listen)
    family, *_, address = socket.getaddrinfo(
        host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
    )[0]
    with socket.socket(family, socket.SOCK_STREAM) as holder:
        holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        if family == socket.AF_INET6:
            holder.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        holder.bind(address)
        yield f"{listen.rpartition(':')[0]}:{holder.getsockname()[1]}"


def _supervise(apps: Sequence[str], config: Config, log_level: str) -> None:
    """Keep the workers running; SIGTERM and SIGINT are passed on to them as SIGTERM."""
    workers: list[BaseProcess] = []
    stopping = False

    def stop(*_: object) -> None:
        nonlocal stopping
        stopping = True
        for worker in workers:
            worker.terminate()

    def start(index: int) -> None:
        workers[index : index + 1] = [_start_worker(apps, config, log_level)]
        if stopping:
            stop()

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    for index in range(config.workers):
        start(index)
    while not stopping:
        multiprocessing.connection.wait([worker.sentinel for worker in workers])
        for index, worker in enumerate(workers):
            if not (stopping or worker.is_alive()):
                log.error("a worker died", extra={"pid": worker.pid, "status": worker.exitcode})
                time.sleep(RESTART_AFTER)
                start(index)
    for worker in workers:
        worker.join()


def _start_worker(apps: Sequence[str], config: Config, log_level: str) -> BaseProcess:
    """Start a worker that SIGINT does not reach: a terminal sends it to all, and we pass it on."""
    worker = multiprocessing.get_context("spawn").Process(
        target=_worker, args=(apps, config, log_level, True)
    )
    start_apart(worker)
    return worker
