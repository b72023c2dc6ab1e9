"""``mediasock demo``."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

import click

from ..errors import MediasockError


@click.command()
@click.option(
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path("demo-out"),
    help="Where the recording, the logs and the faxes go [demo-out].",
)
def demo(out: Path) -> None:
    """Show it at work: the tone and the fax endpoint, called by the embedded switch."""
    from ..compiling import announce  # noqa: PLC0415 - keeps `mediasock --help` quick
    from ..demo import run  # noqa: PLC0415

    announce(click.echo)
    try:
        well = asyncio.run(run(out, click.echo))
    except (MediasockError, OSError) as error:
        click.echo(f"mediasock: {error}", err=True)
        sys.exit(1)
    sys.exit(0 if well else 1)
