"""``mediasock fax read``: what was said and sent in recorded fax calls."""

from __future__ import annotations

import click

from .ending import told

__all__ = ["read"]


@click.command()
@click.argument("files", nargs=-1, required=True, metavar="RECORDING...")
def read(files: tuple[str, ...]) -> None:
    """Read recorded fax calls: what was said, and the pages."""
    with told():
        raise click.UsageError(f"not there yet: {', '.join(files)}")
