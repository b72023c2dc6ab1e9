"""What commands that read recordings are told of them, one wording for all."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    from ..offline.request import Request

__all__ = ["chosen", "recorded", "wrong"]

RAW = ("s16le", "ulaw", "alaw")

_Command = TypeVar("_Command", bound=Callable[..., Any])


def _finite(_: click.Context, __: click.Parameter, value: float | None) -> float | None:
    """Refuse what no clock shows."""
    if value is not None and not math.isfinite(value):
        raise click.BadParameter(f"{value} is no time.")
    return value


_OPTIONS = (
    click.option(
        "--channel", "channels", multiple=True, type=click.IntRange(1), help="From 1 [all]."
    ),
    click.option(
        "--from",
        "begin",
        type=click.FloatRange(0),
        callback=_finite,
        default=0.0,
        help="Seconds [0].",
    ),
    click.option(
        "--to", "end", type=click.FloatRange(0), callback=_finite, help="Seconds [the end]."
    ),
    click.option("--raw", type=click.Choice(RAW), help="Samples without a header."),
    click.option(
        "--raw-rate", type=click.IntRange(1000, 384_000), help="Of --raw, a second [8000]."
    ),
    click.option("--raw-channels", type=click.IntRange(1, 1024), help="Of --raw, interleaved [1]."),
    click.option("--plot", metavar="FILE.png|.svg|.pdf", help="Draw a picture of a recording."),
    click.option("--plot-dir", metavar="DIR", help="Draw one of each recording."),
)


def recorded(command: _Command) -> _Command:
    """Give a command the options of recordings."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


def wrong(options: Mapping[str, Any], files: tuple[str, ...], *, one: bool) -> dict[str, bool]:
    """Say what of these options cannot be, and whether it is so.

    Parameters
    ----------
    options
        As click has them.
    files
        The recordings.
    one
        Whether it is a single one.
    """
    begin, end = options["begin"], options["end"]
    return {
        "--plot is a picture of one recording; --plot-dir draws several": bool(
            options["plot"] and not one
        ),
        "--plot or --plot-dir": bool(options["plot"] and options["plot_dir"]),
        f"--to {end} is not after --from {begin}": end is not None and end <= begin,
        "--raw-rate and --raw-channels are of --raw": not options["raw"]
        and bool(options["raw_rate"] or options["raw_channels"]),
        "standard input is one recording by itself": "-" in files and len(files) > 1,
    }


def chosen(options: Mapping[str, Any], *more: str) -> Request:
    """Make a request of what was said.

    Parameters
    ----------
    options
        As click has them.
    more
        Names of others that are the request's.
    """
    from ..offline.request import Raw, Request  # noqa: PLC0415 - keeps `mediasock --help` quick

    raw = None
    if options["raw"]:
        raw = Raw(options["raw"], options["raw_rate"] or 8000, options["raw_channels"] or 1)
    asked = ("channels", "begin", "end", "plot", "plot_dir", *more)
    return Request(**{name: options[name] for name in asked if options[name] is not None}, raw=raw)
