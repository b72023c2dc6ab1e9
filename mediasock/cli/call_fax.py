"""The fax machine of ``mediasock call --fax`` and ``--fax-to``."""

from __future__ import annotations

from pathlib import Path

import click

from dsp.fax.document import DocumentError, TiffWriter, read
from dsp.fax.ready import warm
from dsp.fax.result import Result
from dsp.fax.sink import TiffSink
from dsp.fax.terminal import FaxTerminal

from ..switch.talking import TalkingPhone

__all__ = ["MachinePhone"]


class MachinePhone(TalkingPhone):
    """A fax machine at the far end.

    Parameters
    ----------
    send, to
        The document that it sends, or the TIFF that it receives to.
    rate, keep
        As of :class:`~mediasock.switch.talking.TalkingPhone`.

    Raises
    ------
    click.UsageError
        When the document cannot be read or written, or there are both.
    """

    def __init__(self, send: Path | None, to: Path | None, *, rate: int, keep: bool) -> None:
        if send is not None and to is not None:
            raise click.UsageError("--fax and --fax-to: one at a time")
        warm()
        self._writer: TiffWriter | None = None
        try:
            if to is not None:
                self._writer = TiffWriter(to)
                self.terminal = FaxTerminal(False, receive=TiffSink(self._writer))
            else:
                assert send is not None
                self.terminal = FaxTerminal(True, send=list(read(send)))
        except DocumentError as error:
            raise click.UsageError(str(error)) from error
        super().__init__(self.terminal, rate=rate, keep=keep)

    def finish(self) -> Result:
        """End with the call, and say how it went."""
        if not self.terminal.done:
            self.terminal.hang_up()
        if self._writer is not None:
            self._writer.close()
        return self.terminal.result
