"""Which processes of a spool are alive, so that what a dead one was busy with can be taken up.

Each holds a lock on a file of its own (``flock``), which the kernel lets go when the process
dies, however it dies. A process id could be another's by then, and a heartbeat could be late.
"""

from __future__ import annotations

import fcntl
import os
import re
import uuid
from contextlib import suppress
from pathlib import Path

from mediasock.faxing.jobs import SpoolError

__all__ = ["Lock", "Presence"]

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
        When it cannot be made.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._descriptor = -1

    def take(self) -> bool:
        """Take it if nobody has it; whether it is ours."""
        if self._descriptor >= 0:
            return True
        try:
            descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise SpoolError(f"{self._path}: {error.strerror or error}") from error
        if not _locked(descriptor):
            os.close(descriptor)
            return False
        self._descriptor = descriptor
        return True

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
        When the file cannot be made.

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
        self.name = uuid.uuid4().hex
        self._directory = directory
        self._lock = Lock(directory / self.name)
        self._lock.take()

    def alive(self, name: str) -> bool:
        """Whether a process of this name is there; the file of one that is not is removed."""
        if name == self.name:
            return True
        if _NAME.fullmatch(name) is None:
            return False
        path = self._directory / name
        try:
            descriptor = os.open(path, os.O_RDWR | os.O_CLOEXEC)
        except FileNotFoundError:
            return False
        except OSError as error:
            raise SpoolError(f"{path}: {error.strerror or error}") from error
        try:
            if not _locked(descriptor):
                return True
            path.unlink(missing_ok=True)
            return False
        finally:
            os.close(descriptor)

    def leave(self) -> None:
        """Go: for others this is a dead process."""
        with suppress(OSError):
            (self._directory / self.name).unlink()
        self._lock.let_go()


def _locked(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True
