"""Processes of our own that a terminal's Ctrl-C does not reach: it sends it to all of a group."""

from __future__ import annotations

import signal
from multiprocessing import resource_tracker
from multiprocessing.process import BaseProcess

__all__ = ["start_apart"]


def start_apart(process: BaseProcess) -> None:
    """Start a process for which SIGINT is blocked from its first instruction on.

    Which it has to be told of by us, in another way. One that comes to us meanwhile waits.

    Parameters
    ----------
    process
        Made, and not started yet.
    """
    # multiprocessing starts this one by itself, and unblocks SIGINT afterwards, whatever it was
    resource_tracker.ensure_running()
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        process.start()
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
