"""FreeSWITCH's ``tone_stream://`` and ``silence_stream://``: what a script means, and its samples.

A tone stream is statements with ``;`` between them. A statement sets something or sounds:

====================== ===========================================================================
``%(on,off,f1,f2,…)``  the frequencies for ``on`` ms, then ``off`` ms of silence
``1`` ``#`` ``A``      a key; as many in a row as one likes: ``1234``
``5(on,off)``          a key with times of its own
``d=`` ``w=``          ms that a key sounds, ms of silence after it (250 and 50 to begin with)
``v=``                 level of each frequency alone, −63 to 0 dBm0 (−7)
``>=ms`` ``<=ms``      from now on each tone's level falls, or grows, every so many ms …
``+=dB``               … by so much (1), between −63 and 0
``l=``                 how often the next tone sounds; below 0 without end
``L=``                 how often the whole script is run; what it has set stays set
``r=``                 samples a second to reckon with from here on; the stream's rate stays
``c=``                 channels; the stream has one all the same
====================== ===========================================================================

After them all ``;loops=N`` repeats the whole, below 0 without end, and so does ``{loops=N}``
before ``tone_stream://``. ``path=FILE`` names a file whose lines are scripts, run one after
another.

FreeSWITCH passes over what it cannot read; here it is an error that names the place. A frequency
of 0 ends the list of frequencies; a first one below 0 stands for ``off`` ms of silence alone.
Its keys 7, 8, 9 and C have 859 Hz where Q.23 has 852. FreeSWITCH's mod_tone_stream begins with
2000 and 500 samples a key at any rate, its tone2wav with 250 and 50 ms, as here.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any, NamedTuple, TypeAlias

import numpy as np

from dsp.tone_script import RATES, Scanner, Setting, Sound, Statement, ToneStreamError, statements
from dsp.tones import Tone
from dsp.types import RATE, Samples

__all__ = [
    "MAX_RENDER_SECONDS",
    "SILENCE_PREFIX",
    "TONE_PREFIX",
    "Passage",
    "SilenceStream",
    "ToneStream",
    "ToneStreamError",
    "parse",
    "render",
]

TONE_PREFIX = "tone_stream://"
SILENCE_PREFIX = "silence_stream://"

MAX_RENDER_SECONDS = 600
"""What :func:`render` makes at most, in seconds; ``chunks`` of a stream have no such end."""

_LOOPS = re.compile(r";[ \t\r\n]*loops=", re.IGNORECASE)
_LINES = re.compile(r"[^\r\n]+")
_MOST = 2**31 - 1

ReadScript: TypeAlias = Callable[[str], str]


class Passage(NamedTuple):
    """Tones, each with how often it sounds, and how often they are gone through together."""

    tones: tuple[tuple[Tone, int], ...]
    times: int

    @property
    def samples(self) -> int | None:
        """Length in samples; ``None`` when a tone in it has no end."""
        if any(tone.samples and times < 0 for tone, times in self.tones):
            return None
        return self.times * sum(tone.samples * times for tone, times in self.tones if times > 0)


@dataclass(frozen=True, slots=True)
class ToneStream:
    """A script that has been read.

    Parameters
    ----------
    passages
        What sounds, in order.
    loops
        How often the whole is repeated; 0 counts as 1, below 0 is without end.
    """

    passages: tuple[Passage, ...]
    loops: int = 1

    @property
    def samples(self) -> int | None:
        """Length in samples; ``None`` when it has no end."""
        lengths = [passage.samples for passage in self.passages]
        if None in lengths or (self.loops < 0 and any(lengths)):
            return None
        return max(self.loops, 1) * sum(length or 0 for length in lengths)

    def chunks(self, size: int = 1600) -> Iterator[Samples]:
        """The samples, in new int16 arrays of `size` each, the last one shorter.

        Examples
        --------
        >>> endless = parse("%(400,100,440,480);loops=-1")
        >>> [len(chunk) for chunk in itertools.islice(endless.chunks(1000), 3)]
        [1000, 1000, 1000]
        """
        chunk, filled = np.empty(size, dtype=np.int16), 0
        for tone in self._tones():
            at = 0
            while at < tone.samples:
                take = min(size - filled, tone.samples - at)
                chunk[filled : filled + take] = tone.render(at, at + take)
                at, filled = at + take, filled + take
                if filled == size:
                    yield chunk
                    chunk, filled = np.empty(size, dtype=np.int16), 0
        if filled:
            yield chunk[:filled]

    def _tones(self) -> Iterator[Tone]:
        """Each tone that has samples, as often as it sounds; what has none is never repeated."""
        sounding = [passage for passage in self.passages if passage.samples != 0]
        for _ in _counted(max(self.loops, 1) if self.loops >= 0 else -1) if sounding else ():
            for passage in sounding:
                for _ in range(passage.times):
                    for tone, times in passage.tones:
                        yield from (tone for _ in _counted(times if tone.samples else 0))


@dataclass(frozen=True, slots=True)
class SilenceStream:
    """Silence, or white noise, for a time.

    Parameters
    ----------
    samples
        Length; ``None`` is without end.
    divisor
        The noise's peak is full scale over this; 0 is no noise.
    """

    samples: int | None
    divisor: int = 0

    def chunks(self, size: int = 1600) -> Iterator[Samples]:
        """The samples, in new int16 arrays of `size` each, the last one shorter."""
        noise = np.random.default_rng(self.divisor)
        left = self.samples
        while left is None or left > 0:
            chunk = np.zeros(size if left is None else min(size, left), dtype=np.int16)
            if self.divisor:
                chunk[:] = noise.integers(-32768, 32768, len(chunk)) / self.divisor
            yield chunk
            left = None if left is None else left - len(chunk)


def parse(
    spec: str, rate: int = RATE, read: ReadScript | None = None
) -> ToneStream | SilenceStream:
    """Read a spec.

    Parameters
    ----------
    spec
        With or without ``tone_stream://`` before it; or ``silence_stream://ms[,divisor]``, where
        ms below 0 is without end and a divisor above 0 gives noise instead of nothing.
    rate
        Samples a second of what will be rendered, 1000 to 192 000.
    read
        Gives the text of the file that ``path=`` names; without it ``path=`` is refused.

    Raises
    ------
    ToneStreamError
        Naming what and where. Whatever `read` raises comes out as it is.

    Examples
    --------
    >>> parse("tone_stream://%(2000,4000,440,480);loops=2").samples
    96000
    >>> parse("silence_stream://250,1400", rate=16000).samples
    4000
    >>> parse("%(100,50,697,1209)x")
    Traceback (most recent call last):
    dsp.tone_script.ToneStreamError: no tone is called 'x' at 18 of '%(100,50,697,1209)x'
    """
    scanner = Scanner(spec)
    if not RATES[0] <= rate <= RATES[1]:
        raise scanner.error(f"a rate of {rate} Hz is out of range,")
    if scanner.take(SILENCE_PREFIX):
        return _silence(scanner, rate)
    loops = 1
    if scanner.take("{"):
        loops = _braces(scanner)
    scanner.take(TONE_PREFIX)
    suffix = _LOOPS.search(spec, scanner.at)
    if suffix:
        scanner.stop = suffix.start()
        loops = _suffix(Scanner(spec, suffix.end()))
    if spec[scanner.at : scanner.at + 5].lower() == "path=":
        passages = _file(scanner, rate, read)
    else:
        passages = _passages([scanner], rate, spec)
    return ToneStream(passages, loops)


def render(spec: str, rate: int = RATE, read: ReadScript | None = None) -> Samples:
    """All samples of a spec that has an end.

    Parameters
    ----------
    spec, rate, read
        As :func:`parse` has them.

    Returns
    -------
    numpy.ndarray
        ``(samples,)`` int16.

    Raises
    ------
    ToneStreamError
        Also when it would be longer than :data:`MAX_RENDER_SECONDS`.

    Examples
    --------
    >>> render("v=-7;%(100,0,1400)").shape
    (800,)
    >>> render("%(1000,0,440);loops=-1")
    Traceback (most recent call last):
    dsp.tone_script.ToneStreamError: longer than 600 s, take it in chunks: at 0 of
        '%(1000,0,440);loops=-1'
    """
    stream = parse(spec, rate, read)
    length = stream.samples
    if length is None or length > MAX_RENDER_SECONDS * rate:
        raise ToneStreamError(f"longer than {MAX_RENDER_SECONDS} s, take it in chunks:", 0, spec)
    return np.concatenate([np.zeros(0, dtype=np.int16), *stream.chunks(65536)])


@dataclass(frozen=True, slots=True)
class _Settings:
    """What the statements so far have set; times in samples."""

    rate: int
    on: int
    off: int
    level: float = -7.0
    direction: int = 0
    step: int = 0
    move: float = 1.0
    repeat: int = 0

    def after(self, setting: Setting) -> _Settings:
        value, samples = setting.value, int(setting.value) * (self.rate // 1000)
        changes: dict[str, Any] = {}
        match setting.name:
            case "r":
                changes = {"rate": int(value)}
            case "d":
                changes = {"on": samples}
            case "w":
                changes = {"off": samples}
            case "v":
                changes = {"level": value}
            case ">" | "<":
                changes = {"step": samples, "direction": -1 if setting.name == ">" else 1}
            case "+":
                changes = {"move": value}
            case "l":
                changes = {"repeat": int(value)}
        return replace(self, **changes)

    def tone(self, sound: Sound, text: str) -> Tone:
        for frequency in sound.frequencies:
            if frequency >= self.rate / 2:
                reason = f"{frequency:g} Hz is not below half of {self.rate} Hz,"
                raise ToneStreamError(reason, sound.position, text)
        ms = self.rate // 1000
        return Tone(
            on=0 if not sound.frequencies else self.on if sound.on is None else sound.on * ms,
            off=self.off if sound.off is None else sound.off * ms,
            frequencies=sound.frequencies,
            level=self.level,
            rate=self.rate,
            slope=self.direction * self.move,
            step=max(self.step, 1),
        )


def _passages(scripts: Iterable[Scanner], rate: int, text: str) -> tuple[Passage, ...]:
    settings = _Settings(rate, on=250 * (rate // 1000), off=50 * (rate // 1000))
    passages: list[Passage] = []
    for scanner in scripts:
        script = list(statements(scanner))
        runs = [
            s.value for s in script if isinstance(s, Setting) and s.name == "L" and s.value >= 1
        ]
        left = int(runs[0]) if runs else 1
        while left:
            tones, after = _run(script, settings, text)
            # what one run leaves set is soon what it found: the runs left are then all alike
            times = left if after == settings else 1
            passages.append(Passage(tuple(tones), times))
            settings, left = after, left - times
    if not any(passage.tones for passage in passages):
        raise ToneStreamError("no tone", 0, text)
    return tuple(passages)


def _run(
    script: Iterable[Statement], settings: _Settings, text: str
) -> tuple[list[tuple[Tone, int]], _Settings]:
    tones: list[tuple[Tone, int]] = []
    for statement in script:
        if isinstance(statement, Setting):
            settings = settings.after(statement)
        else:
            times = settings.repeat
            tones.append((settings.tone(statement, text), times if times else 1))
            settings = replace(settings, repeat=0)
    return tones, settings


def _file(scanner: Scanner, rate: int, read: ReadScript | None) -> tuple[Passage, ...]:
    if read is None:
        raise scanner.error("a script is not read from a file here: path=")
    text = read(scanner.text[scanner.at + 5 : scanner.stop])
    return _passages((Scanner(text, *line.span()) for line in _LINES.finditer(text)), rate, text)


def _silence(scanner: Scanner, rate: int) -> SilenceStream:
    position = scanner.at
    ms = int(scanner.number("a time in ms", -_MOST, _MOST))
    divisor = 0
    if scanner.take(","):
        divisor = max(0, int(scanner.number("a divisor", -_MOST, _MOST)))
    if scanner.peek():
        raise scanner.error(f"the end is wanted, not {scanner.peek()!r},")
    if ms == 0:
        raise scanner.error("0 ms is no time,", position)
    return SilenceStream(None if ms < 0 else ms * (rate // 1000), divisor)


def _braces(scanner: Scanner) -> int:
    if not scanner.take("loops="):
        raise scanner.error("only loops= is known in braces,")
    loops = int(scanner.number("a count", -_MOST, _MOST))
    if not scanner.take("}"):
        raise scanner.error(f"'}}' is wanted, not {scanner.peek() or 'the end'!r},")
    return loops


def _suffix(scanner: Scanner) -> int:
    loops = int(scanner.number("a count", -_MOST, _MOST))
    scanner.take(";")
    scanner.space()
    if scanner.peek():
        raise scanner.error(f"nothing follows loops=, but {scanner.peek()!r} does")
    return loops


def _counted(times: int) -> Iterator[object]:
    return itertools.repeat(None) if times < 0 else itertools.repeat(None, times)
