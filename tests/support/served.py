"""``mediasock`` in processes of its own: served, called, and what each said."""

import os
import queue
import re
import signal
import subprocess
import sys
import threading
from contextlib import contextmanager, suppress
from pathlib import Path

from click.testing import CliRunner

from mediasock.cli import main

PATIENCE = 240.0
"""Seconds for what takes one or two on an idle machine where nothing is to be compiled."""

ROOT = Path(__file__).parents[2]


def environment() -> dict[str, str]:
    """This checkout's packages, wherever the process is started."""
    return {**os.environ, "PYTHONPATH": str(ROOT)}


def shown_on(terminal: int) -> bytes:
    """All that was written to a terminal whose other side is closed; it is closed, too."""
    shown = b""
    with suppress(OSError):  # its end, once all has been read
        while piece := os.read(terminal, 1000):
            shown += piece
    os.close(terminal)
    return shown


def mediasock(*arguments: object, cwd: Path = ROOT, seconds: float = PATIENCE):
    """Run a command to its end."""
    return subprocess.run(
        [sys.executable, "-m", "mediasock", *map(str, arguments)],
        capture_output=True,
        text=True,
        timeout=seconds,
        cwd=cwd,
        env=environment(),
        check=False,
    )


def call(target: str, *options: object):
    """Run ``mediasock call`` in this process, which saves the start of another."""
    arguments = ["call", target, *map(str, options)]
    done = CliRunner().invoke(main, arguments, catch_exceptions=False)
    return subprocess.CompletedProcess(arguments, done.exit_code, done.stdout, done.stderr)


class Lines:
    """What a process writes, line by line, as it comes."""

    def __init__(self, pipe) -> None:
        self.seen: list[str] = []
        self._coming: queue.SimpleQueue[str | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._read, args=(pipe,), daemon=True)
        self._thread.start()

    def _read(self, pipe) -> None:
        for line in pipe:
            self._coming.put(line)
        self._coming.put(None)

    def wait_for(self, pattern: str) -> re.Match[str]:
        """Return the first line from here on that has this; the end of the pipe is a failure."""
        while True:
            line = self._coming.get(timeout=PATIENCE)
            assert line is not None, f"{pattern!r} never came, but:\n{''.join(self.seen)}"
            self.seen.append(line)
            found = re.search(pattern, line)
            if found:
                return found

    def rest(self) -> str:
        """Everything, once the process is over."""
        self._thread.join(PATIENCE)
        while (line := self._coming.get(timeout=PATIENCE)) is not None:
            self.seen.append(line)
        return "".join(self.seen)


class Served:
    """A ``mediasock serve`` that runs."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process
        self.out = Lines(process.stdout)
        self.log = Lines(process.stderr)
        self.port = 0

    def stop(self, number: int = signal.SIGTERM) -> int:
        """Send a signal and return the exit status."""
        self.process.send_signal(number)
        return self.process.wait(PATIENCE)

    def target(self, path: str = "") -> str:
        """Where to call it."""
        return f"127.0.0.1:{self.port}" + (f"/{path}" if path else "")


@contextmanager
def serving(*arguments: object, cwd: Path = ROOT, workers: int = 1):
    """Serve on a free port in a process of its own, until the block is left."""
    command = [sys.executable, "-m", "mediasock", "serve", *map(str, arguments)]
    command += ["--listen", "127.0.0.1:0", "--workers", str(workers)]
    with subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=cwd,
        env=environment(),
    ) as process:
        served = Served(process)
        try:
            for _ in range(workers):
                served.port = int(served.log.wait_for(r" listening .*port=(\d+)")[1])
            yield served
        finally:
            if process.poll() is None:
                process.terminate()
                try:
                    process.wait(20)
                except subprocess.TimeoutExpired:
                    process.kill()
