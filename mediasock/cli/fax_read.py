"""``mediasock fax read``: what was said and sent in recorded fax calls."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import click

from dsp.types import DspError

from ..errors import MediasockError
from .ending import told
from .recording import chosen, recorded, wrong

if TYPE_CHECKING:
    from ..offline.request import Request

__all__ = ["read"]

_MORE: tuple[Literal["pdf", "png"], ...] = ("pdf", "png")
"""Forms of pages that are written where they are asked for."""


@click.command()
@click.argument("files", nargs=-1, required=True, metavar="RECORDING... | DIRECTORY... | -")
@click.option("--json", "as_json", is_flag=True, help="An object a recording, in a line.")
@click.option("-v", "--verbose", is_flag=True, help="Frames bit by bit, and all carriers.")
@click.option("--out", metavar="DIR", help="Write the pages there, as TIFF.")
@click.option("--pdf", is_flag=True, help="With --out: as PDF besides.")
@click.option("--png", is_flag=True, help="With --out: each as PNG besides.")
@recorded
def read(files: tuple[str, ...], **options: Any) -> None:
    """Read recorded fax calls: what was said, the pages, what the line was like.

    RECORDING is whatever libsndfile reads, at any rate: with both sides mixed in one channel, with
    one side alone, or with a side in each of two channels; of a DIRECTORY the sound files in it
    and below; - is standard input. A trace has the phase of T.30, the second of the recording,
    who speaks, → the sender of the document and ← its receiver, and what is said.

    Pages that were confirmed are in DIR/RECORDING.tiff, those that were not in
    DIR/RECORDING.unconfirmed.tiff. Pages in T.85 (JBIG) are written as they came, as .jbg.

    Exit status 0 when there is a fax call in each, 1 when in one there is none or it could not be
    read to its end (it is named, the others are done), 2 on misuse.
    """
    with told():
        request = _request(files, options)
        failed = _run(files, request, options)
    sys.exit(1 if failed else 0)


def _request(files: tuple[str, ...], options: dict[str, Any]) -> Request:
    """Check the options, those that click cannot."""
    one = len(files) == 1 and not Path(files[0]).is_dir()
    faults = wrong(options, files, one=one) | {
        "--pdf and --png are of --out": not options["out"] and (options["pdf"] or options["png"]),
        "--verbose is of text: JSON has all": options["as_json"] and options["verbose"],
    }
    for what, is_so in faults.items():
        if is_so:
            raise click.UsageError(what)
    request = chosen(options)
    try:
        if request.plot or request.plot_dir:
            from ..offline.picture import check  # noqa: PLC0415 - keeps `mediasock --help` quick

            check(request.plot or "each.png")
    except MediasockError as error:
        raise click.UsageError(str(error)) from error
    return request


def _run(paths: tuple[str, ...], request: Request, options: dict[str, Any]) -> int:
    """Read them all; return how many failed."""
    from ..compiling import announce  # noqa: PLC0415
    from ..offline.corpus import recordings  # noqa: PLC0415
    from ..offline.fax import warm  # noqa: PLC0415

    announce()
    warm()
    failed = 0
    for file, error in recordings(paths, raw=request.raw is not None):
        faults = [error] if error is not None else _read(file, request, options)
        for fault in faults:
            click.echo(f"mediasock: {fault}", err=True)
        failed += bool(faults)
    return failed


def _read(file: str, request: Request, options: dict[str, Any]) -> list[str]:
    """Read a recording; return what is wrong with it."""
    try:
        lines, faults = _told(file, request, options)
    except (MediasockError, DspError) as error:
        return [str(error)]
    except Exception as error:  # a fault of ours in one recording is not one of all of them
        return [f"{file}: it could not be read: {error!r}"]
    sys.stdout.writelines(f"{line}\n" for line in lines)
    sys.stdout.flush()
    return faults


def _told(file: str, request: Request, options: dict[str, Any]) -> tuple[list[str], list[str]]:
    """Read a recording; return what is to be said of it, and what is wrong with it."""
    from ..offline import fax, fax_files, fax_writing  # noqa: PLC0415

    call = fax.listen(file, request)
    faults = [] if call.damage is None else [call.damage]
    if not call.is_fax:
        return [], [*faults, f"{file}: no fax machine says anything in it"]
    written: fax_writing.Written = {}
    if options["out"] is not None:
        forms: list[fax_files.Form] = ["tiff"]
        forms += [form for form in _MORE if options[form]]
        try:
            written = fax_files.write(call, Path(options["out"]), forms)
        except fax_files.PagesError as error:
            faults.append(str(error))
    if (picture := request.picture_of(file)) is not None:
        from ..offline.fax_picture import PictureError, draw  # noqa: PLC0415 - an extra

        try:
            draw(call, picture)
        except PictureError as error:
            faults.append(str(error))
    if options["as_json"]:
        return [fax_writing.as_json(call, written)], faults
    return list(fax_writing.as_text(call, written, verbose=options["verbose"])), faults
