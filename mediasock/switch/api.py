"""The api commands that the embedded switch knows."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from .causes import cause
from .events import flat

if TYPE_CHECKING:
    from .core import Switch

NO_CHANNEL = "-ERR No such channel!\n"

Function = Callable[["Switch", list[str]], str]


def run(switch: Switch, name: str, arguments: str) -> str:
    """Run an api command and return what it says.

    Parameters
    ----------
    switch
        The switch that it is run on.
    name, arguments
        As behind ``api``.
    """
    function = FUNCTIONS.get(name.lower())
    if function is None:
        return f"-ERR {name} Command not found!\n"
    return function(switch, arguments.split())


def _status(switch: Switch, arguments: list[str]) -> str:
    micros = switch.now() - switch.started
    seconds, micros = divmod(micros, 1_000_000)
    minutes, seconds = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    days, hours = divmod(hours, 24)
    count = len(switch.sessions)
    parts = {"day": days, "hour": hours, "minute": minutes, "second": seconds}
    since = ", ".join(f"{n} {unit}{'' if n == 1 else 's'}" for unit, n in parts.items())
    return (
        f"UP 0 years, {since}, {micros // 1000} milliseconds, {micros % 1000} microseconds\n"
        f"FreeSWITCH (Version {switch.identity.version}) is ready\n"
        f"{switch.numbered} session(s) since startup\n"
        f"{count} session(s) - peak {count}, last 5min {count} \n"
        f"0 session(s) per Sec out of max 500, peak {count}, last 5min {count} \n"
        "5000 session(s) max\nmin idle cpu 0.00/100.00\nCurrent Stack Size/Max 240K/8192K\n"
    )


def _version(switch: Switch, arguments: list[str]) -> str:
    return f"FreeSWITCH Version {switch.identity.version}\n"


def _hostname(switch: Switch, arguments: list[str]) -> str:
    return switch.identity.hostname


def _create_uuid(switch: Switch, arguments: list[str]) -> str:
    return switch.uuids()


def _echo(switch: Switch, arguments: list[str]) -> str:
    return " ".join(arguments)


def _strftime(switch: Switch, arguments: list[str]) -> str:
    pattern = " ".join(arguments).partition("\0")[0] or "%Y-%m-%d %T"
    return time.strftime(pattern, time.gmtime(switch.now() // 1_000_000))


def _global_getvar(switch: Switch, arguments: list[str]) -> str:
    return switch.variables.get(arguments[0], "") if arguments else ""


def _uuid_exists(switch: Switch, arguments: list[str]) -> str:
    known = arguments and (arguments[0] in switch.sessions or arguments[0] in switch.legs)
    return "true" if known else "false"


def _uuid_getvar(switch: Switch, arguments: list[str]) -> str:
    if len(arguments) < 2:
        return "-USAGE: <uuid> <var>\n"
    session = switch.sessions.get(arguments[0])
    if session is None:
        return NO_CHANNEL
    return session.channel.get(arguments[1]) or "_undef_"


def _uuid_setvar(switch: Switch, arguments: list[str]) -> str:
    if len(arguments) < 2:
        return "-USAGE: <uuid> <var> [value]\n"
    session = switch.sessions.get(arguments[0])
    if session is None:
        return NO_CHANNEL
    session.channel.set(arguments[1], " ".join(arguments[2:]) or None)
    return "+OK\n"


def _uuid_dump(switch: Switch, arguments: list[str]) -> str:
    session = switch.sessions.get(arguments[0]) if arguments else None
    if session is None:
        return NO_CHANNEL
    return "".join(f"{name}: {flat(value)}\n" for name, value in session.channel.data())


def _uuid_kill(switch: Switch, arguments: list[str]) -> str:
    if not arguments:
        return "-USAGE: <uuid> [cause]\n"
    reason = cause(arguments[1] if len(arguments) > 1 else "")
    leg = switch.legs.get(arguments[0])
    if leg is not None:
        leg.cause = reason
        return "+OK\n"
    session = switch.sessions.get(arguments[0])
    if session is None:
        return NO_CHANNEL
    session.hangup(reason)
    return "+OK\n"


def _uuid_break(switch: Switch, arguments: list[str]) -> str:
    session = switch.sessions.get(arguments[0]) if arguments else None
    if session is None:
        return NO_CHANNEL
    session.broken = True
    return "+OK\n"


def _uuid_transfer(switch: Switch, arguments: list[str]) -> str:
    if len(arguments) < 2:
        return "-USAGE: <uuid> <dest-exten> [<dialplan>] [<context>]\n"
    session = switch.sessions.get(arguments[0])
    if session is None:
        return NO_CHANNEL
    session.transfer(arguments[1], arguments[3] if len(arguments) > 3 else session.setup.profile)
    return "+OK\n"


def _uuid_recv_dtmf(switch: Switch, arguments: list[str]) -> str:
    if len(arguments) < 2:
        return "-USAGE: <uuid> <dtmf_data>\n"
    session = switch.sessions.get(arguments[0])
    if session is None:
        return NO_CHANNEL
    keys = arguments[1].partition("@")[0]
    session.keys.extend((key, "APP") for key in keys if key in "0123456789*#ABCDabcd")
    return "+OK\n"


FUNCTIONS: dict[str, Function] = {
    "status": _status,
    "version": _version,
    "hostname": _hostname,
    "create_uuid": _create_uuid,
    "echo": _echo,
    "strftime": _strftime,
    "global_getvar": _global_getvar,
    "uuid_exists": _uuid_exists,
    "uuid_getvar": _uuid_getvar,
    "uuid_setvar": _uuid_setvar,
    "uuid_dump": _uuid_dump,
    "uuid_kill": _uuid_kill,
    "uuid_break": _uuid_break,
    "uuid_transfer": _uuid_transfer,
    "uuid_recv_dtmf": _uuid_recv_dtmf,
}
