"""Recordings as blocks of 16-bit samples: whatever soundfile reads, raw samples, standard input."""

from __future__ import annotations

import re
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, TypeAlias

import numpy as np
import soundfile
from numpy.typing import NDArray

from dsp.g711 import alaw_to_linear, ulaw_to_linear
from dsp.types import Samples

from .request import ChannelError, DamageError, Raw, ReadError, Request

__all__ = [
    "RAW",
    "STANDARD_INPUT",
    "Recording",
    "Source",
    "channels_of",
    "name_of",
    "opened",
    "to_int16",
]

STANDARD_INPUT = "-"

Source: TypeAlias = str | Path | BinaryIO
"""A file, ``-`` for standard input, or what is open for reading."""

BLOCK_SECONDS = 10.24
"""How much is read at a time: two rounds of the detectors for a recording of one channel."""

BLOCK_SAMPLES = 2**22
"""Samples of all channels that are read at a time at most."""

SALVAGE_FRAMES = 576
"""Frames that are read at a time on the way to a place of damage: an eighth of a FLAC block."""

Decode: TypeAlias = Callable[[NDArray[np.uint8]], Samples]

RAW: Mapping[str, tuple[int, Decode]] = {
    "s16le": (2, lambda octets: octets.view("<i2").astype(np.int16)),
    "ulaw": (1, ulaw_to_linear),
    "alaw": (1, alaw_to_linear),
}
"""Raw forms by name: octets of a sample, and how they are read."""

_INTEGERS = frozenset({"PCM_16", "PCM_S8", "PCM_U8", "ULAW", "ALAW"})
"""Subtypes that are 16-bit samples as they are; libsndfile does not scale the others for us."""

_UNKNOWN = 2**62
"""libsndfile's count of frames, or more, where it has none."""

_CUT = re.compile(
    r"^\s*(?:(?:data|SSND|riff|Riff size|Data Size)\s*:"
    r" (?P<promised>\d+) \(should be (?P<there>\d+)\)"
    r"|Ogg ?: (?P<page>Junk after the last page))",
    re.MULTILINE,
)
"""What libsndfile notes of a header that promises more than there is, or of half a page."""

_STREAMED = 0x7FF00000
"""A length in a header from here on stands for one that its writer did not know."""


@dataclass(frozen=True, slots=True)
class Recording:
    """An open recording.

    Parameters
    ----------
    rate, channels
        Samples a second, and how many of them at a time.
    frames
        How many times, from the request's beginning to its end; None where that is not known.
    blocks
        Gives ``(channels, n)`` int16, in order, of what is asked for. It raises
        :class:`DamageError` where the recording is damaged, after what came before.
    """

    rate: int
    channels: int
    frames: int | None
    blocks: Iterator[Samples]


def name_of(source: Source) -> str:
    """Name a recording as it is told.

    Examples
    --------
    >>> name_of(Path("calls/1.wav"))
    'calls/1.wav'
    """
    if isinstance(source, str | Path):
        return str(source)
    return str(getattr(source, "name", "recording"))


def channels_of(name: str, recording: Recording, request: Request) -> tuple[int, ...]:
    """Say which channels of a recording are wanted, from 1, in their order.

    Raises
    ------
    ChannelError
        When it does not have one of them.
    """
    channels = tuple(sorted(set(request.channels))) or tuple(range(1, recording.channels + 1))
    for one in channels:
        if not 1 <= one <= recording.channels:
            raise ChannelError(f"{name}: no channel {one}: it has {recording.channels}")
    return channels


@contextmanager
def opened(source: Source, request: Request) -> Iterator[Recording]:
    """Open a recording.

    Parameters
    ----------
    source
        A file, ``-`` for standard input, or what is open for reading.
    request
        What of it is wanted.

    Raises
    ------
    ReadError
        When it cannot be opened or read.
    DamageError
        When it is no sound.
    """
    name = name_of(source)
    with ExitStack() as stack:
        try:
            if source == STANDARD_INPUT:
                file: BinaryIO = sys.stdin.buffer
            elif isinstance(source, str | Path):
                file = stack.enter_context(Path(source).open("rb"))
            else:
                file = source
            if request.raw is not None:
                recording = _raw(name, file, request, request.raw)
            else:
                recording = _sound(name, stack.enter_context(_on_disk(file)), request, stack)
        except (OSError, ValueError) as error:
            # a ValueError is a name that no file can have
            raise ReadError(f"{name}: {getattr(error, 'strerror', None) or error}") from error
        yield recording


@contextmanager
def _on_disk(file: BinaryIO) -> Iterator[BinaryIO]:
    """Copy what libsndfile cannot read and seek by itself: a header may lie anywhere in a file."""
    if file.seekable():
        if _has_descriptor(file):
            yield file
            return
        file.seek(0)
    with tempfile.TemporaryFile() as copy:
        shutil.copyfileobj(file, copy)
        copy.flush()
        yield copy


def _has_descriptor(file: BinaryIO) -> bool:
    try:
        return file.fileno() >= 0
    except OSError:
        return False


# -- files with a header ------------------------------------------------------------------------


def _sound(name: str, file: BinaryIO, request: Request, stack: ExitStack) -> Recording:
    sound = stack.enter_context(_sound_file(name, file))
    first, last = _between(request, sound.samplerate)
    length = sound.frames if sound.frames < _UNKNOWN else None
    frames = None
    if length is not None:
        frames = max(min(length, length if last is None else last) - first, 0)
    blocks = _sound_blocks(name, file, sound, (first, last))
    return Recording(sound.samplerate, sound.channels, frames, blocks)


def _sound_file(name: str, file: BinaryIO) -> soundfile.SoundFile:
    file.seek(0)
    try:
        # of a descriptor libsndfile goes by content and not by name
        return soundfile.SoundFile(file.fileno(), closefd=False)
    except (soundfile.SoundFileError, TypeError, MemoryError, OverflowError) as error:
        raise DamageError(f"{name}: it is no recording that can be read: {_said(error)}") from error


def _between(request: Request, rate: int) -> tuple[int, int | None]:
    first = round(request.begin * rate)
    return first, None if request.end is None else max(round(request.end * rate), first)


def _sound_blocks(
    name: str, file: BinaryIO, sound: soundfile.SoundFile, part: tuple[int, int | None]
) -> Iterator[Samples]:
    first, last = part
    rate = sound.samplerate
    at = 0
    try:
        for block in _pieces(sound, first, last, _size(rate, sound.channels)):
            at, begin = at + len(block), at
            if at > first:
                yield to_int16(block[max(first - begin, 0) :]).T
    except soundfile.SoundFileError as error:
        for block in _salvaged(name, file, at):
            at, begin = at + len(block), at
            if at > first:
                yield to_int16(block[max(first - begin, 0) :]).T
        raise DamageError(f"{name}: damaged after {at / rate:.2f} s: {_said(error)}") from error
    if last is None or at < last:
        _check_whole(name, sound, at)


def _pieces(
    sound: soundfile.SoundFile, first: int, last: int | None, size: int
) -> Iterator[NDArray[Any]]:
    """Read what is before, too: libsndfile seeks in few formats exactly, and in some not at all."""
    dtype = "int16" if sound.subtype in _INTEGERS else "float32"
    at = 0
    while last is None or at < last:
        block = sound.read(size if last is None else min(size, last - at), dtype, always_2d=True)
        if not len(block):
            return
        at += len(block)
        yield block


def _salvaged(name: str, file: BinaryIO, at: int) -> Iterator[NDArray[Any]]:
    """Read on to the damage in small pieces: what was decoded in a read that failed is lost."""
    with _sound_file(name, file) as sound:
        begin = 0
        try:
            for block in _pieces(sound, 0, None, SALVAGE_FRAMES):
                begin += len(block)
                if begin > at:
                    yield block[max(at - begin, -len(block)) :]
        except soundfile.SoundFileError:
            return


def _check_whole(name: str, sound: soundfile.SoundFile, at: int) -> None:
    """Tell a recording that ends sooner than its header says."""
    rate = sound.samplerate
    if at < sound.frames < _UNKNOWN:
        raise DamageError(f"{name}: cut off after {at / rate:.2f} s of {sound.frames / rate:.2f} s")
    for note in _CUT.finditer(sound.extra_info):
        if note["page"]:
            raise DamageError(f"{name}: cut off after {at / rate:.2f} s, within a page of Ogg")
        if int(note["there"]) < int(note["promised"]) < _STREAMED:
            raise DamageError(
                f"{name}: cut off after {at / rate:.2f} s: "
                f"{note['there']} of {note['promised']} octets are there"
            )


def to_int16(block: NDArray[Any]) -> Samples:
    """Give samples as 16 bits; floats are of ±1, and what is no number is silence.

    Examples
    --------
    >>> to_int16(np.array([0.5, -2.0, np.nan, np.inf])).tolist()
    [16384, -32768, 0, 32767]
    """
    if block.dtype == np.int16:
        return np.asarray(block, dtype=np.int16)
    finite = np.nan_to_num(block, nan=0.0, posinf=1.0, neginf=-1.0)
    samples: Samples = np.rint(np.clip(finite, -1.0, 32767 / 32768) * 32768.0).astype(np.int16)
    return samples


def _size(rate: int, channels: int) -> int:
    return max(min(int(rate * BLOCK_SECONDS), BLOCK_SAMPLES // channels), 1)


def _said(error: Exception) -> str:
    """What the library said, without its word for error and the number of our descriptor."""
    text = str(getattr(error, "error_string", "") or error) or type(error).__name__
    return text.removeprefix("Error : ").rstrip(".")


# -- raw samples --------------------------------------------------------------------------------


def _raw(name: str, file: BinaryIO, request: Request, raw: Raw) -> Recording:
    octets, _ = RAW[raw.form]
    first, last = _between(request, raw.rate)
    frames = None if last is None else last - first
    if frames is None and file.seekable():
        here = file.tell()
        frames = max((file.seek(0, 2) - here) // (octets * raw.channels) - first, 0)
        file.seek(here)
    blocks = _raw_blocks(name, file, raw, (first, last))
    return Recording(raw.rate, raw.channels, frames, blocks)


def _raw_blocks(
    name: str, file: BinaryIO, raw: Raw, part: tuple[int, int | None]
) -> Iterator[Samples]:
    octets, decode = RAW[raw.form]
    frame, size = octets * raw.channels, _size(raw.rate, raw.channels)
    first, last = part
    at = 0
    while last is None or at < last:
        data = file.read((size if last is None else min(size, last - at)) * frame)
        whole = len(data) // frame
        if whole and at + whole > first:
            skip = max(first - at, 0) * frame
            samples = decode(np.frombuffer(data[skip : whole * frame], dtype=np.uint8))
            yield samples.reshape(-1, raw.channels).T
        at += whole
        if len(data) % frame:
            raise DamageError(
                f"{name}: after {at / raw.rate:.2f} s it ends within a sample: "
                f"{len(data) % frame} of {frame} octets"
            )
        if not data:
            return
