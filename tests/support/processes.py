"""Processes of others: whether Ctrl-C reaches one, and when it is over."""

import os
import re
import select
import signal
from pathlib import Path

from tests.support.served import PATIENCE


def is_deaf_to_ctrl_c(pid: int) -> bool:
    """Whether SIGINT is blocked in a process, in its main thread."""
    status = Path(f"/proc/{pid}/status").read_text()
    blocked = re.search(r"^SigBlk:\s*([0-9a-f]+)$", status, re.MULTILINE)
    assert blocked is not None
    return bool(int(blocked[1], 16) & 1 << signal.SIGINT - 1)


def ends(pid: int) -> bool:
    """Wait for the end of a process, whoever's child it is; false if it does not come."""
    try:
        watched = os.pidfd_open(pid)
    except ProcessLookupError:
        return True
    try:
        return bool(select.select([watched], [], [], PATIENCE)[0])
    finally:
        os.close(watched)
