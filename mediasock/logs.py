"""Log lines that a machine can read: one line an event, what belongs to it as ``key=value``."""

from __future__ import annotations

import json
import logging
import sys
from typing import TextIO

_OWN = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}


class KeyValueFormatter(logging.Formatter):
    """``time level logger message call=… key=value``, values quoted where they hold spaces."""

    def __init__(self) -> None:
        super().__init__("%(asctime)s %(levelname)s %(name)s %(message)s")

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 - logging's own name
        """Add what was given as ``extra``, the call first."""
        extra = {key: value for key, value in vars(record).items() if key not in _OWN}
        keys = sorted(extra, key=lambda key: (key != "call", key))
        return " ".join([super().formatMessage(record), *(f"{k}={_text(extra[k])}" for k in keys)])


def _text(value: object) -> str:
    text = str(value)
    return text if text.isprintable() and not set(' "=') & set(text) and text else json.dumps(text)


def to_stream(level: str, stream: TextIO = sys.stderr) -> None:
    """Send mediasock's log lines of ``level`` and above to a stream."""
    handler = logging.StreamHandler(stream)
    handler.setFormatter(KeyValueFormatter())
    logging.basicConfig(level=level.upper(), handlers=[handler], force=True)
