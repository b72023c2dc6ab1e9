"""What every command is made of: the base class, and the checks of single values."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import ClassVar, Literal, TypeAlias

from mediasock.esl.errors import InjectionError

EventFormat: TypeAlias = Literal["plain", "json", "xml"]
FORMATS: tuple[EventFormat, ...] = ("plain", "json", "xml")

_FORBIDDEN = frozenset("\r\n\0")
_BLANKS = frozenset(" \t\r\n\0")


def check_text(what: str, value: str) -> None:
    """Refuse what is no Unicode text."""
    try:
        value.encode()
    except UnicodeEncodeError as error:
        raise InjectionError(f"{what} cannot be encoded as UTF-8: {error.reason}") from None


def check_line(what: str, value: str) -> None:
    """Refuse what would end the line."""
    if not _FORBIDDEN.isdisjoint(value):
        raise InjectionError(f"{what} holds CR, LF or NUL")
    check_text(what, value)


def check_word(what: str, value: str) -> None:
    """Refuse what would end the word."""
    if not value or not _BLANKS.isdisjoint(value):
        raise InjectionError(f"{what} must be one word, not {value!r}")
    check_text(what, value)


def check_words(what: str, values: Iterable[str]) -> None:
    """Refuse what is not a word each."""
    for value in values:
        check_word(what, value)


def check_header_name(what: str, value: str) -> None:
    """Refuse what would end a header's name."""
    check_word(what, value)
    if ":" in value:
        raise InjectionError(f"{what} holds a colon: {value!r}")


def check_format(value: str) -> None:
    """Refuse what is no event format."""
    if value not in FORMATS:
        raise InjectionError(f"event format {value!r} is not one of {', '.join(FORMATS)}")


def check_integer(what: str, value: int, low: int, high: int) -> None:
    """Refuse what is no whole number within these limits."""
    if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
        raise InjectionError(f"{what} must be a whole number from {low} to {high}, not {value!r}")


@dataclass(frozen=True, slots=True)
class Command:
    """Base of all commands.

    Attributes
    ----------
    verb
        The command's first word.
    full_only
        Whether an outbound socket has it only with the ``full`` keyword.
    """

    verb: ClassVar[str] = ""
    full_only: ClassVar[bool] = False

    @property
    def title(self) -> str:
        """What errors and logs call it; never an argument that could be a secret."""
        return self.verb

    def line(self) -> str:
        """Return the command's first line."""
        return self.verb

    def render(self) -> bytes:
        r"""Return the bytes to send, in one write.

        Examples
        --------
        >>> from mediasock.esl.commands import Connect
        >>> Connect().render()
        b'connect\n\n'
        """
        return f"{self.line()}\n\n".encode()
