"""``mediasock fax send``, ``status``, ``cancel``, ``retry``: the spool of outgoing faxes."""

from __future__ import annotations

import json
import math
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from ..errors import MediasockError
from .ending import told

if TYPE_CHECKING:
    from ..faxing.jobs import Job, Try
    from ..faxing.settings import Settings
    from ..faxing.spool import Spool

__all__ = ["cancel", "retry", "send", "status"]

F = TypeVar("F", bound=Callable[..., Any])

LOOK = 1.0
"""Seconds between two looks at a job that is waited for."""

_PLACE = (
    click.option(
        "--config", "file", type=click.Path(path_type=Path), help="The server's TOML file."
    ),
    click.option(
        "--spool",
        type=click.Path(path_type=Path),
        help="The spool's directory, instead of --config.",
    ),
    click.option("--app", default="fax", metavar="NAME", help="Whose spool, of the file [fax]."),
)


def _placed(command: F) -> F:
    """Give a command the options that say which spool."""
    for option in reversed(_PLACE):
        command = option(command)
    return command


@contextmanager
def _opened(options: dict[str, Any], *, make: bool = False) -> Iterator[tuple[Spool, Settings]]:
    """Open the spool that the options say, or make it where there is none."""
    from ..faxing.settings import Settings, from_file  # noqa: PLC0415 - quick `--help`
    from ..faxing.spool import Spool  # noqa: PLC0415

    if (options["file"] is None) == (options["spool"] is None):
        raise click.UsageError("say which spool: --config FILE, or --spool DIRECTORY")
    with told():
        if options["file"] is not None:
            settings = from_file(options["file"], options["app"])
        else:
            settings = Settings(spool=str(options["spool"]))
        with Spool(settings.directory, settings.table, make=make) as spool:
            yield spool, settings


@click.command()
@click.argument("destination", metavar="DEST")
@click.argument(
    "files", nargs=-1, required=True, metavar="FILE...", type=click.Path(path_type=Path)
)
@_placed
@click.option("--dial-string", default="", help="FreeSWITCH's, instead of the gateway's for DEST.")
@click.option(
    "--priority", type=click.IntRange(-1000, 1000), default=0, help="More goes first [0]."
)
@click.option(
    "--tries", type=click.IntRange(1, 1000), help="At most, without a page getting through."
)
@click.option(
    "--hours", type=click.FloatRange(0, 8760, min_open=True), help="Give up after so long."
)
@click.option("--paper", type=click.Choice(["a4", "letter", "legal", "b4", "a3"]), default="a4")
@click.option("--resolution", type=click.Choice(["standard", "fine", "superfine"]), default="fine")
@click.option("--wait", is_flag=True, help="Follow it to its end; status 1 if it fails.")
def send(destination: str, files: tuple[Path, ...], **options: Any) -> None:
    """Hand a document in, to be sent to a number by the server, and print the job's number.

    FILEs are TIFF, PDF, PNG, JPEG or text, and make one document; they are not needed any more
    when the number is there. DEST is a telephone number. With --dial-string it is only shown.
    """
    from dsp.fax.document import Options, Paper, Resolution  # noqa: PLC0415

    from ..compiling import announce  # noqa: PLC0415
    from ..faxing import documents  # noqa: PLC0415

    announce()
    with _opened(options, make=True) as (spool, settings):
        order = _order(destination, options, settings)
        look = Options(
            paper=Paper[options["paper"].upper()],
            resolution=Resolution[options["resolution"].upper()],
        )
        name, pages = documents.store(files, spool.documents, look, most=settings.pages)
        try:
            job = spool.submit(order, name, pages)
        except MediasockError:
            documents.remove(spool.documents, name)
            raise
        click.echo(job.number)
        sys.stdout.flush()
        if options["wait"]:
            _follow(spool, job)
        elif not _is_served(spool):
            _say_unserved(spool)


def _order(destination: str, options: dict[str, Any], settings: Settings) -> Any:
    from ..faxing import destination as destinations  # noqa: PLC0415
    from ..faxing.jobs import Order  # noqa: PLC0415

    dial_string = options["dial_string"]
    if dial_string:
        with _refused("--dial-string"):
            destinations.check_dial_string(dial_string)
        with _refused("DEST"):
            destinations.check_name(destination)
    else:
        with _refused("DEST", "; for a dial string of FreeSWITCH's there is --dial-string"):
            destination = destinations.number(destination)
    hours = options["hours"]
    if hours is not None and math.isnan(hours):
        raise click.BadParameter("a number is needed", param_hint="--hours")
    seconds = settings.kill_time if hours is None else hours * 3600
    return Order(
        destination,
        dial_string,
        options["priority"],
        time.time() + seconds,
        options["tries"] or settings.tries,
    )


@contextmanager
def _refused(what: str, hint: str = "") -> Iterator[None]:
    """Blame what cannot be called on the argument that it is from."""
    from ..faxing.destination import DestinationError  # noqa: PLC0415

    try:
        yield
    except DestinationError as error:
        raise click.BadParameter(f"{error}{hint}", param_hint=what) from error


def _follow(spool: Spool, job: Job) -> None:
    """Say what happens to a job until it is over."""
    from ..faxing.jobs import State  # noqa: PLC0415

    said, served = "", True
    while True:
        now = _line(job)
        if now != said:
            click.echo(now, err=True)
            said = now
        if job.state.over:
            break
        was, served = served, _is_served(spool)
        if was and not served:
            _say_unserved(spool)
        time.sleep(LOOK)
        job = spool.job(job.number)
    if job.state is not State.SENT:
        sys.exit(1)


def _is_served(spool: Spool) -> bool:
    """Whether a server sends what the spool has: nobody else would."""
    from ..faxing.presence import Lock  # noqa: PLC0415

    lock = Lock(spool.dispatching)
    free = lock.take()
    lock.let_go()
    return not free


def _say_unserved(spool: Spool) -> None:
    click.echo(
        f"mediasock: no server has the spool {spool.directory.absolute()}: "
        "what is in it waits until `mediasock serve fax` does",
        err=True,
    )


@click.command()
@click.argument("numbers", nargs=-1, type=int, metavar="[JOB]...")
@_placed
@click.option("--all", "every", is_flag=True, help="Those that are over, too.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object a job, with its tries.")
def status(numbers: tuple[int, ...], every: bool, as_json: bool, **options: Any) -> None:
    """Show the jobs that are not over yet, or JOBs with each of their tries."""
    from ..faxing.jobs import State  # noqa: PLC0415

    with _opened(options) as (spool, _):
        if numbers:
            jobs = [spool.job(number) for number in numbers]
        else:
            jobs = spool.jobs(*(() if every else (State.WAITING, State.CALLING)))
        for job in jobs:
            tries = spool.tries(job.number) if numbers or as_json else ()
            if as_json:
                click.echo(json.dumps(job.record(tries), ensure_ascii=False))
            else:
                click.echo("\n".join([_line(job), *map(_try_line, tries)]))
        if not (all(job.state.over for job in jobs) or _is_served(spool)):
            _say_unserved(spool)


@click.command()
@click.argument("numbers", nargs=-1, required=True, type=int, metavar="JOB...")
@_placed
def cancel(numbers: tuple[int, ...], **options: Any) -> None:
    """Have JOBs not sent; a call that goes on is ended."""
    with _opened(options) as (spool, _):
        _each(numbers, spool.cancel)


@click.command()
@click.argument("numbers", nargs=-1, required=True, type=int, metavar="JOB...")
@_placed
def retry(numbers: tuple[int, ...], **options: Any) -> None:
    """Have JOBs tried now: those that wait, and afresh those that failed or were cancelled.

    Pages that the far end has confirmed are not sent again.
    """
    with _opened(options) as (spool, _):
        _each(numbers, spool.retry)


def _each(numbers: Sequence[int], change: Callable[[int], Job]) -> None:
    """Change jobs, all that can be; status 1 if one could not."""
    failed = False
    for number in numbers:
        try:
            click.echo(_line(change(number)))
        except MediasockError as error:
            failed = True
            click.echo(f"mediasock: {error}", err=True)
    if failed:
        sys.exit(1)


def _line(job: Job) -> str:
    """A job in one line."""
    from ..faxing.jobs import State  # noqa: PLC0415

    words = [f"job {job.number} to {job.order.destination}: {job.state}"]
    words.append(f"{job.confirmed} of {job.pages} pages confirmed")
    if job.cancelling and job.state is State.CALLING:
        words.append("is being cancelled")
    if job.state is State.WAITING and job.due > job.submitted:
        words.append(f"next try {_moment(job.due)}")
    if job.state is State.WAITING and str(job.limits):
        words.append(str(job.limits))
    if job.why and job.why != job.state:
        words.append(job.why)
    return ", ".join(words)


def _try_line(one: Try) -> str:
    """A try in one line."""
    words = [f"  try {one.number}, {_moment(one.began)}, from page {one.first}"]
    words += [str(one.limits)] if str(one.limits) else []
    if one.ending is None:
        words.append("under way" if one.answered else "calling")
    else:
        ending = one.ending
        words.append(one.kind or "sent")
        words += [ending.text or ending.cause] if ending.text or ending.cause else []
        words += [ending.rate, "ECM" if ending.ecm else "no ECM"] if ending.rate else []
        words += [f"{ending.seconds:.1f} s"] if ending.seconds else []
    words.append(f"{one.confirmed} page{'s' * (one.confirmed != 1)} confirmed")
    return ", ".join(words)


def _moment(seconds: float) -> str:
    return datetime.fromtimestamp(seconds).astimezone().isoformat(" ", "seconds")
