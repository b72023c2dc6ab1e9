"""``mediasock serve``."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import click

from ..config import Config, read, with_app_option
from ..errors import MediasockError


@click.command()
@click.argument("apps", nargs=-1, required=True, metavar="APP...")
@click.option("--listen", metavar="HOST:PORT", help="Where FreeSWITCH dials us [127.0.0.1:8084].")
@click.option("--workers", type=click.IntRange(1, 256), help="Processes that share the port [1].")
@click.option("--config", "file", type=click.Path(path_type=Path), help="A TOML file of settings.")
@click.option(
    "--set", "options", multiple=True, metavar="NAME.OPTION=VALUE", help="An app's option."
)
@click.option(
    "--log",
    default="info",
    type=click.Choice(["debug", "info", "warning", "error"]),
    help="What is logged to standard error [info].",
)
def serve(  # noqa: PLR0917 - click passes options by name
    apps: tuple[str, ...],
    listen: str | None,
    workers: int | None,
    file: Path | None,
    options: tuple[str, ...],
    log: str,
) -> None:
    """Serve calls that FreeSWITCH hands us with its socket application.

    APP is tones, echo, record, fax, or package.module:Class. Several are told apart by the path in
    the dialplan line, <action application="socket" data="127.0.0.1:8084/echo async full"/>; the
    first is the default. The path of package.module:Class is Class, and that of
    name=package.module:Class is name. --set and the [apps.NAME] of a file go by the same name.
    """
    from ..serve import run  # noqa: PLC0415 - numba and scipy are only for those who serve

    try:
        config = read(file) if file else Config()
        if listen is not None:
            config = replace(config, listen=listen)
        if workers is not None:
            config = replace(config, workers=workers)
        for assignment in options:
            config = with_app_option(config, assignment)
        run(apps, config, log_level=log)
    except MediasockError as error:
        raise click.UsageError(str(error)) from error
    except OSError as error:
        what = error.filename or config.listen
        click.echo(f"mediasock: {what}: {error.strerror or error}", err=True)
        sys.exit(1)
