"""``mediasock fax``: documents by fax, and recorded fax calls."""

from __future__ import annotations

import click

from .fax_read import read

__all__ = ["fax"]


@click.group()
def fax() -> None:
    """Documents by fax, and recorded fax calls."""


fax.add_command(read)
