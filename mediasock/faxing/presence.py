"""Which processes of a spool are alive, so that what a dead one was busy with can be taken up.

Each holds a lock on a file of its own (``flock``), which the kernel lets go when the process
dies, however it dies. A process id could be another's by then, and a heartbeat could be late.
"""

from __future__ import annotations

import fcntl
import os
import re
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from mediasock.faxing.jobs import SpoolError

__all__ = ["Lock", "Presence", "one_at_a_time"]

_NAME = re.compile(r"[0-9a-f]{32}")


class Lock:
    """A lock that one process at a time has.

    Parameters
    ----------
    path
        The file, which is made where there is none.

    Raises
    ------
    SpoolError
        By :meth:`take`, when it cannot be made, or the file system has no locks.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._descriptor = -1

    def take(self) -> bool:
        """Take it if nobody has it; whether it is ours."""
        if self._descriptor >= 0:
            return True
        ours = False
        try:
            descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            try:
                ours = _locked(descriptor)
            finally:
                if not ours:
                    os.close(descriptor)
        except OSError as error:
            raise SpoolError(f"{self._path}: {error.strerror or error}") from error
        if ours:
            self._descriptor = descriptor
        return ours

    def let_go(self) -> None:
        """Give it up."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1


class Presence:
    """A process that is there, and a look at others.

    Parameters
    ----------
    directory
        For the files, one a process.

    Attributes
    ----------
    name
        Of this process, which no other ever had.

    Raises
    ------
    SpoolError
        When the file cannot be made and locked.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as there:
    ...     one, other = Presence(Path(there)), Presence(Path(there))
    ...     before = one.alive(other.name)
    ...     other.leave()
    ...     before, one.alive(other.name), one.alive(one.name)
    (True, False, True)
    """

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._born()
        while not (self._lock.take() and (directory / self.name).exists()):
            # another's sweep came between the file and its lock, and took us for dead
            self._born()

    def _born(self) -> None:
        self.name = uuid.uuid4().hex
        self._lock = Lock(self._directory / self.name)

    def alive(self, name: str) -> bool:
        """Whether a process of this name is there; the file of one that is not is removed."""
        if name == self.name:
            return True
        if _NAME.fullmatch(name) is None:
            return False
        path = self._directory / name
        try:
            descriptor = os.open(path, os.O_RDWR | os.O_CLOEXEC)
            try:
                if not _locked(descriptor):
                    return True
                path.unlink()
                return False
            finally:
                os.close(descriptor)
        except FileNotFoundError:
            return False
        except OSError as error:
            raise SpoolError(f"{path}: {error.strerror or error}") from error

    def sweep(self) -> None:
        """Remove the files of all that are not there."""
        for path in self._directory.iterdir():
            with suppress(SpoolError):  # another user's: nobody can tell
                self.alive(path.name)

    def leave(self) -> None:
        """Go: for others this is a dead process."""
        with suppress(OSError):
            (self._directory / self.name).unlink()
        self._lock.let_go()


@contextmanager
def one_at_a_time(directory: Path) -> Iterator[None]:
    """Wait until nobody else is in such a block for a directory, nor another process."""
    descriptor = os.open(directory, os.O_RDONLY | os.O_CLOEXEC)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _locked(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
