"""What ``mediasock serve`` is told: by a TOML file, by options, checked once, here."""

from __future__ import annotations

import ipaddress
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any, TypeAlias

from dsp.kinds import DETECTED, check
from dsp.plan import PLANS, load
from dsp.types import DspError

from .errors import MediasockError

Network: TypeAlias = ipaddress.IPv4Network | ipaddress.IPv6Network


class ConfigError(MediasockError):
    """A setting that is unknown or has a wrong value; the message names it."""


@dataclass(frozen=True, slots=True)
class Config:
    """The settings of a server.

    Parameters
    ----------
    listen
        ``host:port`` that FreeSWITCH dials. The event socket has no password on this side:
        whoever reaches it can hand us calls.
    allow
        Networks that may connect.
    max_calls, max_calls_per_peer
        Calls at once of a worker; what is over is sent on in its dialplan.
    workers
        Processes that share the port; each is whole.
    plans
        Countries whose call-progress tones are listened for, or paths of TOML files of one's own.
    detect
        What calls are listened for, of :data:`dsp.kinds.DETECTABLE`.
    media
        ``auto`` takes the one-socket hub where FreeSWITCH is on this Linux host, ``hub`` and
        ``portable`` insist.
    media_ip
        Our address as FreeSWITCH sees it, for the sound.
    grace
        Seconds that calls in progress are given at SIGTERM.
    apps
        Options of each application, by the name that the dialplan's path has for it.
    """

    listen: str = "127.0.0.1:8084"
    allow: tuple[Network, ...] = (
        ipaddress.ip_network("127.0.0.0/8"),
        ipaddress.ip_network("::1/128"),
    )
    max_calls: int = 1000
    max_calls_per_peer: int = 1000
    workers: int = 1
    plans: tuple[str, ...] = PLANS
    detect: tuple[str, ...] = DETECTED
    media: str = "auto"
    media_ip: str = "127.0.0.1"
    grace: float = 10.0
    apps: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        split_listen(self.listen)
        try:
            load(self.plans)
            check(self.detect)
        except DspError as error:
            raise ConfigError(str(error)) from error
        for name in ("max_calls", "max_calls_per_peer", "workers"):
            if getattr(self, name) < 1:
                raise ConfigError(f"{name} is {getattr(self, name)}: at least 1 is needed")
        if self.media not in ("auto", "hub", "portable"):
            raise ConfigError(f"media is {self.media!r}: it is auto, hub or portable")
        if self.grace < 0:
            raise ConfigError(f"grace is {self.grace}: seconds, not negative")


def split_listen(listen: str) -> tuple[str, int]:
    """Take ``host:port`` or ``[v6]:port`` apart.

    Raises
    ------
    ConfigError
        When it is neither.

    Examples
    --------
    >>> split_listen("[::1]:8084")
    ('::1', 8084)
    """
    host, colon, port = listen.rpartition(":")
    if not colon or not host or not port.isdecimal() or int(port) > 65535:
        raise ConfigError(f"listen is {listen!r}: it is HOST:PORT, as 127.0.0.1:8084")
    if host.startswith("[") and host.endswith("]"):
        host = host[1:-1]
    elif ":" in host:
        raise ConfigError(f"listen is {listen!r}: write an IPv6 address in brackets, [::1]:8084")
    return host, int(port)


_KINDS: dict[str, tuple[type, ...]] = {
    "listen": (str,),
    "allow": (list,),
    "max_calls": (int,),
    "max_calls_per_peer": (int,),
    "workers": (int,),
    "plans": (list,),
    "detect": (list,),
    "media": (str,),
    "media_ip": (str,),
    "grace": (int, float),
    "apps": (dict,),
}


def from_mapping(settings: Mapping[str, Any]) -> Config:
    """Make a configuration from what a TOML file holds.

    Raises
    ------
    ConfigError
        At the first setting that is unknown or wrong.
    """
    values: dict[str, Any] = {}
    for name, value in settings.items():
        if name not in _KINDS:
            known = ", ".join(item.name for item in fields(Config))
            raise ConfigError(f"no setting {name!r}; there are {known}")
        if not isinstance(value, _KINDS[name]) or isinstance(value, bool):
            raise ConfigError(f"{name} is {value!r}: a {_KINDS[name][0].__name__} is needed")
        values[name] = value
    if "allow" in values:
        values["allow"] = tuple(_network(text) for text in values["allow"])
    for name in ("plans", "detect"):
        if name in values:
            values[name] = tuple(str(one) for one in values[name])
    for name, options in values.get("apps", {}).items():
        if not isinstance(options, dict):
            raise ConfigError(f"apps.{name} is {options!r}: a table of options is needed")
    return Config(**values)


def _network(text: object) -> Network:
    try:
        return ipaddress.ip_network(str(text))
    except ValueError as error:
        raise ConfigError(f"allow has {text!r}: {error}") from error


def read(path: Path) -> Config:
    """Read a TOML file of settings.

    Raises
    ------
    ConfigError
        When it cannot be read, is not TOML or holds a wrong setting; the message names the file.
    """
    try:
        return from_mapping(tomllib.loads(path.read_text(encoding="utf-8")))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError, ConfigError) as error:
        raise ConfigError(f"{path}: {error}") from error


def with_app_option(config: Config, assignment: str) -> Config:
    """Return the configuration with one more option, ``name.option=value`` (a TOML value or text).

    Examples
    --------
    >>> with_app_option(Config(), "tones.echo=true").apps
    {'tones': {'echo': True}}
    """
    target, equals, text = assignment.partition("=")
    name, dot, option = target.rpartition(".")
    if not (equals and dot and name and option):
        raise ConfigError(f"--set {assignment!r}: it is NAME.OPTION=VALUE")
    try:
        value = tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError:
        value = text
    apps = {**config.apps, name: {**config.apps.get(name, {}), option: value}}
    return replace(config, apps=apps)
