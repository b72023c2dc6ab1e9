"""Whom to call: a number from outside becomes part of a dial string, and nothing else.

FreeSWITCH reads ``{…}``, ``[…]`` and ``<…>`` as variables, ``|``, ``,`` and ``:_:`` as further
destinations and a space as the end: a number has none of these.
"""

from __future__ import annotations

import re

from mediasock.errors import MediasockError
from mediasock.esl.errors import InjectionError
from mediasock.esl.wording import check_word

__all__ = [
    "DestinationError",
    "check_dial_string",
    "check_template",
    "dialled",
    "gateway",
    "number",
]

PLACE = "{number}"
"""Where a template has the number."""

_NAME = 100
_TRUNK = re.compile(r"(\+[0-9 .\-/]+)\( ?0 ?\)")
_SEPARATORS = re.compile(r"[ ().\-/]")
_NUMBER = re.compile(r"\+?[0-9*#]{1,40}")


class DestinationError(MediasockError, ValueError):
    """A number or dial string that cannot be called."""


def number(text: str) -> str:
    """Take a telephone number as people write it.

    Parameters
    ----------
    text
        Digits, ``*`` and ``#``, a ``+`` before them; what people write between them is left out:
        blanks, ``-``, ``.``, ``/`` and round brackets, and behind a ``+`` and the country's code
        the ``(0)`` that is dialled within the country alone.

    Raises
    ------
    DestinationError
        When there is anything else in it, or nothing.

    Examples
    --------
    >>> number("+1 (555) 010-0199")
    '+15550100199'
    >>> number("+49 (0)30 123456")
    '+4930123456'
    >>> number("1,user/1000")
    Traceback (most recent call last):
        ...
    mediasock.faxing.destination.DestinationError: '1,user/1000' is no number: only digits, * and
    #, a + before them, are one
    """
    plain = _SEPARATORS.sub("", _TRUNK.sub(r"\1", text, count=1))
    if _NUMBER.fullmatch(plain) is None or not text.isascii():
        raise DestinationError(
            f"{text!r} is no number: only digits, * and #, a + before them, are one"
        )
    return plain


def check_dial_string(text: str) -> str:
    """Take a dial string of the operator's own: FreeSWITCH's language, but one line and word.

    Raises
    ------
    DestinationError
        When it is not.
    """
    try:
        check_word("a dial string", text)
    except InjectionError as error:
        raise DestinationError(str(error)) from error
    if not text.isprintable():
        raise DestinationError(f"a dial string has control characters: {text!r}")
    return text


def check_name(text: str) -> str:
    """Take what stands for a number where a dial string is given: it is shown, never dialled.

    Raises
    ------
    DestinationError
        When it is no line of text, or too long a one.
    """
    if not text.strip() or not text.isprintable() or len(text) > _NAME:
        raise DestinationError(f"{text!r} is no line of text of up to {_NAME} characters")
    return text


def check_template(text: str) -> str:
    """Take a template of dial strings, ``sofia/gateway/pstn/{number}``.

    Raises
    ------
    DestinationError
        When it has not one place for the number, or is not one word.
    """
    if text.count(PLACE) != 1:
        raise DestinationError(f"{text!r} needs one {PLACE}, as sofia/gateway/pstn/{PLACE}")
    return check_dial_string(text)


def dialled(template: str, to: str, dial_string: str = "") -> str:
    """The dial string of a call.

    Parameters
    ----------
    template
        For numbers.
    to
        The number.
    dial_string
        Instead of both, where it is not empty.

    Raises
    ------
    DestinationError
        As :func:`number`, :func:`check_template` and :func:`check_dial_string`.

    Examples
    --------
    >>> dialled("sofia/gateway/pstn/{number}", "+1 555 0100")
    'sofia/gateway/pstn/+15550100'
    """
    if dial_string:
        return check_dial_string(dial_string)
    return check_template(template).replace(PLACE, number(to))


def gateway(endpoint: str) -> str:
    """What of a dial string many calls have in common: all but its last part.

    Examples
    --------
    >>> gateway("{a=b}sofia/gateway/pstn/15550100"), gateway("user/1000@example.com")
    ('sofia/gateway/pstn', 'user')
    """
    bare = re.sub(r"^(\{[^}]*\}|\[[^]]*\]|<[^>]*>)+", "", endpoint)
    return bare.rpartition("/")[0]
