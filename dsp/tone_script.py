"""Reading tone scripts: text in, statements with their places out; nothing is reckoned here.

:mod:`dsp.tone_stream` says what the statements mean.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TypeAlias

from dsp.tones import DTMF, MAX_FREQUENCIES, MAX_LEVEL, MIN_LEVEL
from dsp.types import DspError

KEYS = {key: (859.0 if low == 852.0 else low, high) for key, (low, high) in DTMF.items()}
"""Frequencies of each key, as FreeSWITCH has them."""

RATES = (1000, 192_000)
"""Lowest and highest rate that a stream may have."""

_MOST = 2**31 - 1
# name of a setting: what it may be, least and most
_SETTINGS: dict[str, tuple[str, float, float]] = {
    "c": ("a count of channels", 1, _MOST),
    "r": ("a rate", *RATES),
    "d": ("a time in ms", 0, _MOST),
    "w": ("a time in ms", 0, _MOST),
    "v": ("a level in dBm0", MIN_LEVEL, MAX_LEVEL),
    ">": ("a time in ms", 0, _MOST),
    "<": ("a time in ms", 0, _MOST),
    "+": ("a step in dB", -_MOST, _MOST),
    "l": ("a count", -_MOST, _MOST),
    "L": ("a count", -_MOST, _MOST),
}
_NUMBER = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)")


class ToneStreamError(DspError):
    """A spec that cannot be read or rendered.

    Attributes
    ----------
    position
        Offset of the culprit in the spec; in the file's text for ``path=``.
    """

    def __init__(self, reason: str, position: int, spec: str) -> None:
        shown = spec if len(spec) <= 60 else spec[:57] + "..."
        super().__init__(f"{reason} at {position} of {shown!r}")
        self.position = position


@dataclass(frozen=True, slots=True)
class Setting:
    """``name=value``, within the bounds of its name."""

    name: str
    value: float
    position: int


@dataclass(frozen=True, slots=True)
class Sound:
    """Frequencies to sound, for times in ms of its own or (``None``) the times that are set."""

    frequencies: tuple[float, ...]
    on: int | None
    off: int | None
    position: int


Statement: TypeAlias = Setting | Sound


class Scanner:
    """A cursor over part of a text.

    Parameters
    ----------
    text
        The whole, for the places in errors.
    at, stop
        The part to be read.
    """

    def __init__(self, text: str, at: int = 0, stop: int | None = None) -> None:
        self.text = text
        self.at = at
        self.stop = len(text) if stop is None else stop

    def peek(self) -> str:
        """The next character, or nothing."""
        return self.text[self.at] if self.at < self.stop else ""

    def take(self, wanted: str) -> bool:
        """Go past `wanted` if it comes next."""
        found = self.text.startswith(wanted, self.at, self.stop)
        self.at += len(wanted) if found else 0
        return found

    def space(self) -> str:
        """Go past white space; the character after it, or nothing."""
        while self.peek() and self.peek() in " \t\r\n":
            self.at += 1
        return self.peek()

    def number(self, what: str, least: float, most: float) -> float:
        """Go past a number with white space around it."""
        self.space()
        found = _NUMBER.match(self.text, self.at, self.stop)
        if not found:
            raise self.error(f"{what} is wanted, not {self.peek() or 'the end'!r},")
        value = float(found.group())
        if not least <= value <= most:
            raise self.error(
                f"{what} from {least:g} to {most:g} is wanted, not {found.group()[:20]},"
            )
        self.at = found.end()
        self.space()
        return value

    def error(self, reason: str, position: int | None = None) -> ToneStreamError:
        """An error at the cursor, or at `position`."""
        return ToneStreamError(reason, self.at if position is None else position, self.text)


def statements(scanner: Scanner) -> Iterator[Statement]:
    """What a script says, one statement after another.

    Examples
    --------
    >>> for statement in statements(Scanner("v=-7; %(100,50,440)")):
    ...     print(statement)
    Setting(name='v', value=-7.0, position=0)
    Sound(frequencies=(440.0,), on=100, off=50, position=6)
    """
    fresh = True
    while scanner.space():
        if scanner.take(";"):
            fresh = True
        elif fresh and scanner.text.startswith("=", scanner.at + 1, scanner.stop):
            yield _setting(scanner)
        else:
            fresh = False
            yield _sound(scanner)


def _setting(scanner: Scanner) -> Setting:
    position, name = scanner.at, scanner.peek()
    if name not in _SETTINGS:
        raise scanner.error(f"no setting is called {name!r}")
    scanner.at += 2
    value = scanner.number(*_SETTINGS[name])
    if scanner.peek() not in ("", ";"):
        raise scanner.error(f"';' is wanted, not {scanner.peek()!r},")
    return Setting(name, value, position)


def _sound(scanner: Scanner) -> Sound:
    position, name = scanner.at, scanner.peek()
    on = off = None
    scanner.at += 1
    own = scanner.take("(")
    if name == "%":
        if not own:
            raise scanner.error(f"'(' is wanted, not {scanner.peek() or 'the end'!r},")
        on, off = _times(scanner)
        frequencies = _frequencies(scanner)
    elif name in KEYS:
        if own:
            on, off = _times(scanner)
        frequencies = KEYS[name]
    else:
        raise scanner.error(f"no tone is called {name!r}", position)
    if own and not scanner.take(")"):
        raise scanner.error(f"')' is wanted, not {scanner.peek() or 'the end'!r},")
    return Sound(frequencies, on, off, position)


def _times(scanner: Scanner) -> tuple[int, int]:
    on = scanner.number("a time in ms", 0, _MOST)
    _comma(scanner)
    return int(on), int(scanner.number("a time in ms", 0, _MOST))


def _frequencies(scanner: Scanner) -> tuple[float, ...]:
    """At least one; below 0 the first stands for silence, 0 ends the list."""
    found: list[float] = []
    while scanner.peek() == "," or not found:
        _comma(scanner)
        if len(found) == MAX_FREQUENCIES:
            raise scanner.error(f"more than {MAX_FREQUENCIES} frequencies")
        found.append(scanner.number("a frequency", 0 if found else -_MOST, _MOST))
    if found[0] == 0:
        raise scanner.error(
            "FreeSWITCH leaves out a tone whose first frequency is 0, as is the one"
        )
    ends = found.index(0.0) if 0.0 in found else len(found)
    return tuple(found[:ends]) if found[0] > 0 else ()


def _comma(scanner: Scanner) -> None:
    if not scanner.take(","):
        raise scanner.error(f"',' is wanted, not {scanner.peek() or 'the end'!r},")
