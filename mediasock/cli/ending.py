"""How commands that print what they find end when they cannot."""

from __future__ import annotations

import errno
import io
import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import click

from dsp.types import DspError

from ..errors import MediasockError

__all__ = ["told"]


@contextmanager
def told() -> Iterator[None]:
    """Have what fails said in a line, with status 1; Ctrl-C ends without a word."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        # names of files are any octets, and a terminal may have ASCII alone
        sys.stdout.reconfigure(errors="backslashreplace")
    try:
        yield
        sys.stdout.flush()
    except (MediasockError, DspError) as error:
        click.echo(f"mediasock: {error}", err=True)
        sys.exit(1)
    except OSError as error:
        if error.errno == errno.EPIPE:  # who reads has enough: click knows
            raise
        _drop_output()
        what = error.filename or "standard output"
        click.echo(f"mediasock: {what}: {error.strerror or error}", err=True)
        sys.exit(1)
    except KeyboardInterrupt:
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # one is enough, also while this ends
        sys.exit(128 + signal.SIGINT)


def _drop_output() -> None:
    """Let what is still to be written go nowhere, so that it does not fail once more at the end."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())
    os.close(nowhere)
