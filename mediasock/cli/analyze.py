"""``mediasock analyze``: what is heard in recordings."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from dsp.kinds import DETECTABLE, RECORDED
from dsp.plan import AUTO, PLANS
from dsp.types import DspError

from ..errors import MediasockError
from .ending import told
from .recording import chosen, recorded, wrong

if TYPE_CHECKING:
    from ..offline.corpus import Moved
    from ..offline.request import Batch, Request
    from ..offline.store import Store


def _names(_: click.Context, __: click.Parameter, value: str | None) -> tuple[str, ...] | None:
    """Take names with commas between them apart."""
    return None if value is None else tuple(name.strip() for name in value.split(","))


@click.command()
@click.argument("files", nargs=-1, required=True, metavar="FILES... | DIRECTORIES... | -")
@click.option("--json", "form", flag_value="json", help="An object a line.")
@click.option("--csv", "form", flag_value="csv", help="Comma-separated, with a header.")
@click.option(
    "--labels", "form", flag_value="labels", help="A label track for Audacity, of a file."
)
@click.option(
    "--detect",
    callback=_names,
    metavar="dtmf,tone,…",
    help=f"What to listen for [{','.join(RECORDED)}], of {', '.join(DETECTABLE)}.",
)
@click.option(
    "--plan",
    "plans",
    callback=_names,
    metavar="us,uk,…",
    help=f"Tones of which countries [{','.join(PLANS)}], {AUTO} for any, or a plan's FILE.toml.",
)
@recorded
@click.option("--jobs", type=click.IntRange(1, 1024), help="Processes [1].")
@click.option("--scheduler", metavar="tcp://HOST:PORT", help="A Dask cluster instead of processes.")
@click.option("--out", metavar="FILE.jsonl|DIR", help="Keep results there, and go on with them.")
def analyze(files: tuple[str, ...], form: str | None, **options: Any) -> None:
    """Hear recordings as calls are heard: digits, call-progress tones, fax and what else there is.

    FILES are whatever libsndfile reads, at any rate, each channel by itself; of a DIRECTORY the
    sound files in it and below; - is standard input. Times are seconds of the recording.

    --out FILE.jsonl keeps JSON lines, --out DIR Parquet. When the run is killed, the same command
    goes on where it was.

    Exit status 0 when all were read, 1 when one was not (it is named, the others are done), 2 on
    misuse.
    """
    with told():
        failed = _run(files, form, _request(files, form, options), options)
    sys.exit(1 if failed else 0)


def _request(files: tuple[str, ...], form: str | None, options: dict[str, Any]) -> Request:
    """Check the options, those that click cannot."""
    from ..compiling import announce  # noqa: PLC0415 - keeps `mediasock --help` quick
    from ..offline.analysis import warm  # noqa: PLC0415

    _check(files, form, options)
    request = chosen(options, "plans", "detect")
    try:
        if request.plot or request.plot_dir:
            from ..offline.picture import check  # noqa: PLC0415

            check(request.plot or "each.png")
        announce()
        warm(request)
    except (DspError, MediasockError) as error:
        raise click.UsageError(str(error)) from error
    return request


def _check(files: tuple[str, ...], form: str | None, options: dict[str, Any]) -> None:
    one = len(files) == 1 and not Path(files[0]).is_dir()
    faults = wrong(options, files, one=one) | {
        "--labels is one label track, of one recording": form == "labels" and not one,
        "--plan is of tones, which --detect does not name": options["plans"]
        and "tone" not in (options["detect"] or RECORDED),
        "--out has a form of its own": form and options["out"],
        "--jobs or --scheduler": options["jobs"] and options["scheduler"],
        "--plot-dir and --plot are drawn here, without --scheduler": options["scheduler"]
        and (options["plot"] or options["plot_dir"]),
        "standard input is heard here, without --out, --jobs or --scheduler": "-" in files
        and (options["out"] or options["jobs"] or options["scheduler"]),
    }
    for what, is_so in faults.items():
        if is_so:
            raise click.UsageError(what)


def _run(
    paths: tuple[str, ...], form: str | None, request: Request, options: dict[str, Any]
) -> int:
    """Hear them all; return how many could not be read."""
    from ..offline.corpus import in_order, recordings, whole  # noqa: PLC0415
    from ..offline.writing import FIELDS, FORMS  # noqa: PLC0415

    named = list(recordings(paths, raw=request.raw is not None))
    failed = sum(_complain(error) for _, error in named)
    files = [file for file, error in named if error is None]
    if options["out"] is not None:
        with _store(options["out"], request) as store:
            failed += sum(_complain(store.done.get(file)) for file in files)
            left = [file for file in files if file not in store.done]
            with _progress(len(left), shown=True) as moved:
                for batch in whole(_batches(left, request, options, moved)):
                    store.add(batch)
                    failed += _complain(batch.error)
        return failed
    sys.stdout.write(",".join(FIELDS) + "\n" if form == "csv" else "")
    write = FORMS[form or "text"]
    with _progress(len(files), shown=not sys.stdout.isatty()) as moved:
        for batch in in_order(files, _batches(files, request, options, moved)):
            sys.stdout.writelines(map(write, batch.findings))
            if batch.ended:
                sys.stdout.flush()
                failed += _complain(batch.error)
    return failed


def _store(out: str, request: Request) -> Store:
    from ..offline.store import StoreError, open_store  # noqa: PLC0415

    try:
        return open_store(out, request)
    except StoreError as error:
        raise click.UsageError(str(error)) from error


def _batches(
    files: list[str], request: Request, options: dict[str, Any], moved: Moved
) -> Iterator[Batch]:
    """Hear them here, in several processes, or on a cluster."""
    from ..offline import cluster, corpus, pool  # noqa: PLC0415

    if options["scheduler"]:
        return cluster.run(files, request, options["scheduler"], moved)
    if (options["jobs"] or 1) > 1 and len(files) > 1:
        return pool.run(files, request, options["jobs"], moved)
    return corpus.here(files, request, moved)


def _complain(error: str | None) -> int:
    """Name a file that could not be read; return 1 for it."""
    if error is None:
        return 0
    click.echo(f"mediasock: {error}", err=True)
    return 1


@contextmanager
def _progress(files: int, *, shown: bool) -> Iterator[Moved]:
    """Show a bar on a terminal that nothing else is written to; its steps are parts of a file."""
    if not (shown and files and sys.stderr.isatty()):
        with nullcontext():
            yield lambda _: None
        return
    steps = 1000
    with click.progressbar(
        length=files * steps, file=sys.stderr, label="analysed", show_eta=True
    ) as bar:
        done = 0.0

        def moved(by: float) -> None:
            nonlocal done
            before, done = done, done + by
            bar.update(int(done * steps) - int(before * steps))

        yield moved
