"""What can be played: files, tone streams, arrays, async iterators, all as chunks of samples.

Decoding and resampling run ahead of time on a small pool of threads; the media thread only copies
what is ready.
"""

from __future__ import annotations

import asyncio
import threading
from collections import deque
from collections.abc import AsyncIterable, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from math import ceil, gcd
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import soundfile
from numpy.typing import NDArray
from scipy.signal import resample_poly

from dsp.tone_stream import SILENCE_PREFIX, TONE_PREFIX, parse
from dsp.types import DspError, Samples, whole

from ..unreadable import why
from .errors import MediaError

Recorded: TypeAlias = str | Path | NDArray[np.int16] | tuple[NDArray[np.int16], int]
Playable: TypeAlias = Recorded | AsyncIterable[NDArray[np.int16]]
"""A file, ``tone_stream://…``, ``silence_stream://…``; samples at the wire's rate, or with their
own; an async iterator of samples at the wire's rate."""

AHEAD = 2.0
"""Seconds that are decoded ahead of what is played."""

LOW = 1.0
"""Seconds left at which decoding goes on."""

CHUNK = 0.25
"""Seconds decoded at a time."""

RATES = range(1000, 384_001)
"""Sample rates that are resampled from."""

_POOL = ThreadPoolExecutor(max_workers=2, thread_name_prefix="mediasock-decode")


class PlayError(MediaError):
    """Something that cannot be played; it is named together with the reason."""


class StreamingResampler:
    """Resample a long signal piece by piece, as if it had been resampled whole.

    Parameters
    ----------
    source, target
        Samples a second.

    Notes
    -----
    Pieces overlap by more than the filter's length on either side, and the overlap is cut off
    again, so the seams are exact: ``scipy.signal.resample_poly`` of the whole gives the same.

    Examples
    --------
    >>> resampler = StreamingResampler(16000, 8000)
    >>> signal = np.arange(1000.0)
    >>> parts = [*map(resampler.process, np.array_split(signal, 7)), resampler.finish()]
    >>> bool(np.allclose(np.concatenate(parts), resample_poly(signal, 1, 2)))
    True
    """

    def __init__(self, source: int, target: int) -> None:
        common = gcd(source, target)
        self._up, self._down = target // common, source // common
        taps = ceil(10 * max(self._up, self._down) / self._up)
        self._context = ceil(taps / self._down) * self._down
        self._past = np.zeros(0)
        self._waiting = np.zeros(0)

    def process(self, samples: NDArray[np.float64]) -> NDArray[np.float64]:
        """Take ``(n,)`` samples and give what of the result is settled."""
        self._waiting = np.concatenate([self._waiting, samples])
        settled = (len(self._waiting) - self._context) // self._down * self._down
        if settled <= 0:
            return np.zeros(0)
        return self._convert(settled, self._waiting[: settled + self._context])

    def finish(self) -> NDArray[np.float64]:
        """Give the rest."""
        return self._convert(len(self._waiting), self._waiting)

    def _convert(self, settled: int, piece: NDArray[np.float64]) -> NDArray[np.float64]:
        whole = resample_poly(np.concatenate([self._past, piece]), self._up, self._down)
        skip = len(self._past) * self._up // self._down
        wanted = ceil(settled * self._up / self._down)
        self._past = np.concatenate([self._past, piece[:settled]])[-self._context :]
        self._past = self._past[len(self._past) % self._down :]
        self._waiting = self._waiting[settled:]
        return np.asarray(whole[skip : skip + wanted], dtype=np.float64)


def chunks(what: Recorded, rate: int) -> Iterator[Samples]:
    """Give the samples of anything but an async iterator, a piece at a time.

    Parameters
    ----------
    what
        A file, a stream's name, an array.
    rate
        Samples a second that are wanted.

    Raises
    ------
    PlayError
        When it cannot be opened or read, is no sound, or is a wrong tone stream.
    """
    size = int(rate * CHUNK)
    if isinstance(what, np.ndarray):
        return _pieces(_mono16(what), size)
    if isinstance(what, tuple):
        samples, source = what
        return _resampled(_pieces(_mono16(samples).astype(np.float64), size), source, rate)
    text = str(what)
    if text.startswith((TONE_PREFIX, SILENCE_PREFIX)):
        try:
            return parse(text, rate).chunks(size)
        except DspError as error:
            raise PlayError(f"{text}: {error}") from error
    return _of_file(text, rate)


def _pieces(samples: NDArray[Any], size: int) -> Iterator[NDArray[Any]]:
    for start in range(0, len(samples), size):
        yield samples[start : start + size]


def _mono16(samples: NDArray[np.int16]) -> Samples:
    if samples.ndim != 1 or samples.dtype != np.int16:
        raise PlayError(
            f"an array to be played is (samples,) int16, not {samples.shape} {samples.dtype}"
        )
    return samples


def _of_file(path: str, rate: int) -> Iterator[Samples]:
    try:
        with soundfile.SoundFile(path) as file:
            yield from _resampled(_mono_blocks(file), file.samplerate, rate)
    except (soundfile.SoundFileError, OSError, TypeError) as error:
        raise PlayError(f"{path}: {why(path, error)}") from error


def _mono_blocks(file: soundfile.SoundFile) -> Iterator[NDArray[np.float64]]:
    # SoundFile.blocks() will have none of files that it cannot seek in, as GSM and G.721 are.
    size = int(file.samplerate * CHUNK)
    while len(block := file.read(size, dtype="float64", always_2d=True)):
        yield block.mean(axis=1) * 32768.0


def _resampled(
    pieces: Iterator[NDArray[np.float64]], source: int, target: int
) -> Iterator[Samples]:
    if source not in RATES:
        raise PlayError(f"{source} samples a second: from {RATES[0]} to {RATES[-1]} can be played")
    if source == target:
        yield from map(whole, pieces)
        return
    resampler = StreamingResampler(source, target)
    for piece in pieces:
        yield whole(resampler.process(piece))
    yield whole(resampler.finish())


class Reservoir:
    """Samples ready to be played, filled ahead of the media thread by somebody else.

    Parameters
    ----------
    rate
        Samples a second.
    on_ready
        Called once, from the thread that fills, when the first samples are there, or when it is
        known that none will come.
    on_low
        Called from the media thread when more is wanted.
    """

    def __init__(
        self, rate: int, on_ready: Callable[[], None], on_low: Callable[[], object]
    ) -> None:
        self._high, self._low = int(rate * AHEAD), int(rate * LOW)
        self._on_ready, self._on_low = on_ready, on_low
        self._lock = threading.Lock()
        self._pieces: deque[Samples] = deque()
        self._count = 0
        self._asked = True
        self.ready = False
        self.ended = False
        self.error: PlayError | None = None

    @property
    def wants_more(self) -> bool:
        """Whether there is room to read ahead."""
        return self._count < self._high and not self.ended

    @property
    def exhausted(self) -> bool:
        """Whether nothing is left and nothing more will come."""
        return self.ended and not self._count

    def put(self, samples: Samples) -> None:
        """Add samples, from the thread that fills."""
        with self._lock:
            self._pieces.append(samples)
            self._count += len(samples)
        if len(samples):
            self._tell_ready()

    def pause(self) -> None:
        """Say that the filler stops until it is asked again."""
        self._asked = False

    def end(self, error: PlayError | None = None) -> None:
        """Say that this was all."""
        self.error = error
        self.ended = True
        self._tell_ready()

    def _tell_ready(self) -> None:
        if not self.ready:
            self.ready = True
            self._on_ready()

    def take(self, n: int) -> Samples:
        """Take ``n`` samples, or as many as are ready, from the media thread."""
        taken: list[Samples] = []
        with self._lock:
            while n and self._pieces:
                piece = self._pieces.popleft()
                if len(piece) > n:
                    self._pieces.appendleft(piece[n:])
                    piece = piece[:n]
                taken.append(piece)
                n -= len(piece)
            samples = np.concatenate(taken) if taken else np.zeros(0, dtype=np.int16)
            self._count -= len(samples)
        if self._count < self._low and not self._asked and not self.ended:
            self._asked = True
            self._on_low()
        return samples

    def unread(self, samples: Samples) -> None:
        """Put samples back that were taken and not sent."""
        with self._lock:
            self._pieces.appendleft(samples)
            self._count += len(samples)


class Feed:
    """Fills a reservoir from something playable, so often and so loud as asked.

    Parameters
    ----------
    what
        What is played.
    rate
        Samples a second of the wire.
    loops
        How often; −1 for ever. An async iterator can be gone through only once.
    gain_db
        Louder or softer, clipped at full scale.
    on_ready
        As of :class:`Reservoir`.
    """

    def __init__(
        self, what: Playable, rate: int, *, loops: int, gain_db: float, on_ready: Callable[[], None]
    ) -> None:
        self._gain = 10.0 ** (gain_db / 20.0)
        self._loops = loops
        self._closed = False
        self._task: asyncio.Task[None] | None = None
        if isinstance(what, AsyncIterable):
            if loops != 1:
                raise PlayError(f"an async iterator is played once, not {loops} times")
            self._room = asyncio.Event()
            loop = asyncio.get_running_loop()
            self.reservoir = Reservoir(
                rate, on_ready, lambda: loop.call_soon_threadsafe(self._room.set)
            )
            self._task = loop.create_task(self._pump(what))
        else:
            self._chunks = self._looped(what, rate)
            self.reservoir = Reservoir(rate, on_ready, lambda: _POOL.submit(self._fill))
            _POOL.submit(self._fill)

    def close(self) -> None:
        """Fill no more."""
        self._closed = True
        if self._task is not None:
            self._task.cancel()

    def _looped(self, what: Recorded, rate: int) -> Iterator[Samples]:
        left = self._loops
        while left:
            heard = 0
            for chunk in chunks(what, rate):
                heard += len(chunk)
                yield chunk
            if not heard:
                return  # silence of no length, for ever, would never come to an end
            left -= 1

    def _fill(self) -> None:
        try:
            while self.reservoir.wants_more and not self._closed:
                chunk = next(self._chunks, None)
                if chunk is None:
                    self.reservoir.end()
                    return
                self.reservoir.put(self._louder(chunk))
        except PlayError as error:
            self.reservoir.end(error)
        except Exception as error:  # a codec's own failure must not leave the player waiting
            self.reservoir.end(PlayError(f"cannot be decoded: {error!r}"))
        else:
            self.reservoir.pause()

    async def _pump(self, what: AsyncIterable[NDArray[np.int16]]) -> None:
        try:
            async for samples in what:
                self.reservoir.put(self._louder(_mono16(np.asarray(samples))))
                while not self.reservoir.wants_more:
                    self._room.clear()
                    self.reservoir.pause()
                    await self._room.wait()
        except PlayError as error:
            self.reservoir.end(error)
        except Exception as error:
            self.reservoir.end(PlayError(f"the iterator that was played failed: {error!r}"))
        else:
            self.reservoir.end()

    def _louder(self, samples: Samples) -> Samples:
        if self._gain == 1.0:
            return samples
        return whole(samples * self._gain)
