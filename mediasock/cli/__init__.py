"""The command line: ``mediasock serve``, ``call``, ``analyze``, ``fax``, ``selftest``, ``demo``."""

from __future__ import annotations

import click

from .analyze import analyze
from .call import call
from .demo import demo
from .fax import fax
from .selftest import selftest
from .serve import serve


@click.group()
@click.version_option(package_name="mediasock")
def main() -> None:
    """A media server beside FreeSWITCH: a call's sound as numpy, tones and digits as events."""


main.add_command(serve)
main.add_command(call)
main.add_command(analyze)
main.add_command(fax)
main.add_command(selftest)
main.add_command(demo)
