"""Recording both ways of a call to a stereo WAV, left what is heard and right what is sent.

The media thread hands over a quarter of a second at a time; one thread a process writes for all
recorders. Each such block goes to the operating system together with a header that counts it, so
a process that is killed leaves a file that can be read and lacks less than a second. ``fsync`` is
called once, when the recorder is closed: what a power cut takes from a running recording is up to
the kernel.
"""

from __future__ import annotations

import atexit
import contextlib
import logging
import os
import queue
import struct
import threading
import weakref
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from dsp.types import Samples

from .errors import MediaError

log = logging.getLogger(__name__)

BLOCK_SECONDS = 0.25
"""Sound that is handed to the writer at a time."""

MAX_WAITING = 8
"""Blocks of one recorder that may wait for a slow disk; beyond it sound is dropped."""

MAX_BYTES = 2**32 - 2**16
"""Bytes of sound in one file at most, since a WAV counts them in 32 bits: 37 hours at 8 kHz."""

_HEADER = struct.Struct("<4sI4s4sIHHIIHH4sI")
_FRAME = 4


class RecordError(MediaError):
    """A file that cannot be recorded to."""


class Writer:
    """Writes blocks of all recorders, in the order in which they come.

    :meth:`run` is the thread of :func:`shared_writer`; a writer of one's own is one that is run
    by hand, with :meth:`drain`.
    """

    def __init__(self) -> None:
        self._jobs: queue.SimpleQueue[tuple[Recorder, Block | None]] = queue.SimpleQueue()

    def put(self, recorder: Recorder, block: Block | None) -> None:
        """Take a block to be written, or ``None`` to close the file; returns at once."""
        self._jobs.put((recorder, block))

    def run(self) -> None:
        """Write for ever."""
        while True:
            self._do(*self._jobs.get())

    def drain(self) -> None:
        """Write what waits."""
        while not self._jobs.empty():
            self._do(*self._jobs.get())

    @staticmethod
    def _do(recorder: Recorder, block: Block | None) -> None:
        if block is None:
            recorder.finish()
        else:
            recorder.store(block)


class Block:
    """Interleaved frames and where in the recording they belong."""

    __slots__ = ("filled", "frames", "start")

    def __init__(self, start: int, size: int) -> None:
        self.start = start
        self.frames: NDArray[np.int16] = np.empty((size, 2), dtype="<i2")
        self.filled = 0


_shared: Writer | None = None
_shared_lock = threading.Lock()
_open: weakref.WeakSet[Recorder] = weakref.WeakSet()


def shared_writer() -> Writer:
    """Return the writer of this process, with its thread; recorders are closed when it exits."""
    global _shared  # noqa: PLW0603 - one thread a process
    with _shared_lock:
        if _shared is None:
            _shared = Writer()
            threading.Thread(target=_shared.run, name="mediasock-recorder", daemon=True).start()
            atexit.register(_close_all)
        return _shared


def _close_all() -> None:
    for recorder in tuple(_open):
        recorder.close()


class Recorder:
    """A recording that runs.

    Parameters
    ----------
    path
        A WAV to be written; a file that is there is overwritten.
    rate
        Samples a second of both sides, 8000 or 16000.
    writer
        What writes; the process's own where none is given.

    Attributes
    ----------
    dropped : int
        Frames that are silence in the file because the disk was too slow, or are lacking at its
        end because it was full or the file at its largest.
    error : OSError or None
        Why nothing more is written.

    Raises
    ------
    RecordError
        When the file cannot be opened.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as directory:
    ...     recorder = Recorder(Path(directory) / "call.wav", 8000)
    ...     recorder.write(np.ones(160, np.int16), np.zeros(160, np.int16))
    ...     recorder.close()
    ...     recorder.path.stat().st_size
    684
    """

    def __init__(self, path: str | Path, rate: int, writer: Writer | None = None) -> None:
        self.path = Path(path)
        self.rate = rate
        self.dropped = 0
        self.error: OSError | None = None
        self._lock = threading.Lock()
        self._closed = False
        self._finished = threading.Event()
        self._size = int(rate * BLOCK_SECONDS)
        self._block = Block(0, self._size)
        self._waiting = 0
        self._written = 0
        with contextlib.ExitStack() as stack:
            try:
                self._file = stack.enter_context(self.path.open("wb", buffering=0))
                self._put_header()
            except OSError as error:
                raise RecordError(f"cannot record to {self.path}: {error.strerror}") from error
            stack.pop_all()
        self._writer = writer or shared_writer()
        _open.add(self)

    @property
    def position(self) -> int:
        """Frames taken so far, at `rate`."""
        return self._block.start + self._block.filled

    @property
    def written(self) -> int:
        """Frames that the file has, by its header."""
        return self._written

    def write(self, heard: Samples, sent: Samples) -> None:
        """Take a stretch of both sides; copies, never waits, and does nothing when closed.

        Parameters
        ----------
        heard, sent
            ``(n,)`` int16 each.
        """
        with self._lock:
            done = 0
            while done < len(heard) and not self._closed:
                block = self._block
                take = min(self._size - block.filled, len(heard) - done)
                place = slice(block.filled, block.filled + take)
                block.frames[place, 0] = heard[done : done + take]
                block.frames[place, 1] = sent[done : done + take]
                block.filled += take
                done += take
                if block.filled == self._size:
                    self._hand_over()

    def close(self) -> None:
        """Write what is left, sync and close the file; waits until that is done."""
        with self._lock:
            if not self._closed:
                self._closed = True
                self._hand_over()
                self._writer.put(self, None)
        self._finished.wait()

    def _hand_over(self) -> None:
        block = self._block
        self._block = Block(block.start + block.filled, self._size)
        if self.error is not None or self._waiting >= MAX_WAITING:
            if not (self.dropped or self.error):
                log.warning("the disk is too slow: sound is lost", extra={"path": str(self.path)})
            self.dropped += block.filled
            return
        self._waiting += 1
        self._writer.put(self, block)

    # -- from the writer's thread -------------------------------------------------------------

    def store(self, block: Block) -> None:
        """Write a block where it belongs, then the header that counts it."""
        end = block.start + block.filled
        try:
            if self.error is None:
                if end * _FRAME > MAX_BYTES:
                    raise OSError(f"a WAV holds no more than {MAX_BYTES} bytes")
                content = block.frames[: block.filled].tobytes()
                self._put(content, _HEADER.size + block.start * _FRAME)
                self._written = end
                self._put_header()
        except OSError as error:
            self.error = error
            log.warning("recording stops: %s", error, extra={"path": str(self.path)})
        with self._lock:
            self._waiting -= 1
            if self.error is not None:
                self.dropped += block.filled

    def finish(self) -> None:
        """Sync and close the file."""
        try:
            os.fsync(self._file.fileno())
        except OSError as error:
            self.error = self.error or error
            log.warning("recording not synced: %s", error, extra={"path": str(self.path)})
        finally:
            self._file.close()
            _open.discard(self)
            self._finished.set()

    def _put_header(self) -> None:
        size, rate = self._written * _FRAME, self.rate
        riff = (b"RIFF", _HEADER.size - 8 + size, b"WAVE")
        form = (b"fmt ", 16, 1, 2, rate, rate * _FRAME, _FRAME, 16)
        self._put(_HEADER.pack(*riff, *form, b"data", size), 0)

    def _put(self, content: bytes, offset: int) -> None:
        while content:
            count = os.pwrite(self._file.fileno(), content, offset)
            content, offset = content[count:], offset + count
