"""The ``originate`` API command, rendered from values."""

from __future__ import annotations

from collections.abc import Mapping

from mediasock.esl.errors import InjectionError
from mediasock.esl.wording import check_line, check_word

_NOT_QUOTABLE = frozenset("'\\{}")
"""What FreeSWITCH's bracket reader takes as syntax even within quotes."""


def originate_arguments(
    endpoint: str, target: str = "&park()", variables: Mapping[str, str] | None = None
) -> str:
    """Return the arguments of ``originate``.

    Parameters
    ----------
    endpoint
        Dial string of the leg to call, one word: ``"user/1001"``.
    target
        Where the call goes once answered: an application ``"&echo()"``, or an extension with its
        dialplan and context, ``"1000 XML default"``.
    variables
        Set on the new leg.

    Raises
    ------
    InjectionError
        A value would be read as something else than a value.

    Examples
    --------
    >>> originate_arguments("user/1001", "&park()", {"origination_caller_id_name": "A, B"})
    "{origination_caller_id_name='A, B'}user/1001 &park()"
    """
    check_word("the endpoint", endpoint)
    check_line("the target", target)
    if not target or target[0] == " ":
        raise InjectionError("originate needs a target: an application or an extension")
    pairs = [_pair(name, value) for name, value in (variables or {}).items()]
    return f"{{{','.join(pairs)}}}{endpoint} {target}" if pairs else f"{endpoint} {target}"


def _pair(name: str, value: str) -> str:
    check_word("a variable's name", name)
    if not _NOT_QUOTABLE.isdisjoint(name + value) or set(name) & set("=,"):
        raise InjectionError(f"variable {name}: quotes, backslashes and braces cannot be sent")
    check_line(f"variable {name}", value)
    plain = value and not set(value) & set(" ,[]<>")
    return f"{name}={value}" if plain else f"{name}='{value}'"
