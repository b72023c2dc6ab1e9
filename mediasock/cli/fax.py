"""``mediasock fax``: documents by fax, and recorded fax calls."""

from __future__ import annotations

import click

from .fax_read import read
from .fax_spool import cancel, retry, send, status

__all__ = ["fax"]


@click.group()
def fax() -> None:
    """Documents by fax, and recorded fax calls."""


fax.add_command(read)
fax.add_command(send)
fax.add_command(status)
fax.add_command(cancel)
fax.add_command(retry)
