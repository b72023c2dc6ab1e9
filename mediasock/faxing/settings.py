"""What the operator says of the outgoing spool: ``[apps.fax.outgoing]``, checked once, here."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

from mediasock import config
from mediasock.config import ConfigError
from mediasock.esl.errors import InjectionError
from mediasock.esl.originate import originate_arguments
from mediasock.faxing import policy as policies
from mediasock.faxing.destination import DestinationError, check_template
from mediasock.faxing.policy import Policy

__all__ = ["Settings", "from_file", "from_mapping"]

TABLE = "outgoing"
"""Option of the fax application that holds the settings."""

OWN = frozenset(
    {"fax_mode", "fax_job", "origination_uuid", "originate_timeout", "ignore_early_media"}
)
"""Variables that the dispatcher sets on its calls, and nobody else."""

PATHS = frozenset({"spool", "policy"})
"""Settings that mean the same to the server and to ``fax send``, whatever directory each is in."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """The settings of a spool.

    Parameters
    ----------
    spool
        Its directory, on a local file system.
    esl, password, user
        FreeSWITCH's event socket, as host:port; its password, or that of a directory user.
    dial
        Dial string of a number, ``sofia/gateway/pstn/{number}``.
    socket
        Where FreeSWITCH dials the fax application, as host:port/path.
    variables
        More channel variables of the calls.
    ring
        Seconds for the far end to answer.
    calls, calls_per_gateway, calls_per_destination
        At once, at most.
    tries
        How often a job is tried without a page coming through, if it does not say.
    kill_time
        Seconds after which no more tries of a job begin, if it does not say.
    pages
        Of a job, at most.
    keep
        Seconds for which a job that is over is kept, with its document.
    policy
        A file in place of policy.toml; empty is that.

    Raises
    ------
    ConfigError
        At the first setting that is wrong.
    """

    spool: str
    esl: str = "127.0.0.1:8021"
    password: str = ""
    user: str = ""
    dial: str = ""
    socket: str = "127.0.0.1:8084/fax"
    variables: Mapping[str, str] = field(default_factory=dict)
    ring: float = 60.0
    calls: int = 10
    calls_per_gateway: int = 10
    calls_per_destination: int = 1
    tries: int = 12
    kill_time: float = 86_400.0
    pages: int = 200
    keep: float = 30 * 86_400.0
    policy: str = ""

    def __post_init__(self) -> None:
        if not self.spool:
            raise ConfigError("spool is needed: the directory of the outgoing faxes")
        for name in ("calls", "calls_per_gateway", "calls_per_destination", "tries", "pages"):
            if getattr(self, name) < 1:
                raise ConfigError(f"{name} is {getattr(self, name)}: at least 1 is needed")
        for name in ("ring", "kill_time", "keep"):
            if not (math.isfinite(getattr(self, name)) and getattr(self, name) > 0):
                raise ConfigError(f"{name} is {getattr(self, name)}: seconds, more than 0")
        config.split_listen(self.esl)
        self._check_words()

    def _check_words(self) -> None:
        """Have what goes into ``originate`` refused now and not at the first call."""
        for name in self.variables:
            if name in OWN or not isinstance(self.variables[name], str):
                raise ConfigError(f"variables has {name!r}: it is ours, or no string")
        host, slash, path = self.socket.partition("/")
        try:
            config.split_listen(host)
            if self.dial:
                check_template(self.dial)
            originate_arguments("null/x", self.target, self.variables)
        except (ConfigError, DestinationError, InjectionError) as error:
            raise ConfigError(f"outgoing: {error}") from error
        if set(path) & set(":' |") or bool(slash) != bool(path):
            raise ConfigError(f"socket is {self.socket!r}: it is HOST:PORT/PATH")

    @property
    def target(self) -> str:
        """What FreeSWITCH does with a call that is answered."""
        return f"&socket('{self.socket} async full')"

    @property
    def directory(self) -> Path:
        """The spool's."""
        return Path(self.spool)

    @property
    def table(self) -> Policy:
        """What is done after a try that failed.

        Raises
        ------
        ConfigError
            When the file of one's own cannot be read.
        """
        return policies.read(Path(self.policy)) if self.policy else policies.standard()

    def check_dispatch(self) -> None:
        """Refuse settings with which no call can be placed, though jobs can be kept.

        Raises
        ------
        ConfigError
            When one is missing, or the policy's file is wrong.
        """
        for name in ("password", "dial"):
            if not getattr(self, name):
                raise ConfigError(f"outgoing: {name} is needed to place calls")
        assert self.table


def from_mapping(settings: Mapping[str, Any]) -> Settings:
    """Make the settings from what a TOML file holds.

    Raises
    ------
    ConfigError
        At the first that is unknown or wrong.

    Examples
    --------
    >>> from_mapping({"spool": "/var/spool/fax", "dial": "sofia/gateway/pstn/{number}"}).tries
    12
    """
    kinds = {"spool": str} | {one.name: _kind(one.default) for one in fields(Settings)[1:]}
    for name, value in settings.items():
        if name not in kinds:
            raise ConfigError(f"outgoing has no setting {name!r}; there are {', '.join(kinds)}")
        fits = (float, int) if kinds[name] is float else (kinds[name],)
        if type(value) not in fits:
            raise ConfigError(f"outgoing: {name} is {value!r}: a {kinds[name].__name__} is needed")
        if name in PATHS and value and not Path(value).is_absolute():
            raise ConfigError(f"outgoing: {name} is {value!r}: a whole path is needed, /…")
    if "spool" not in settings:
        raise ConfigError("outgoing: spool is needed: the directory of the outgoing faxes")
    return Settings(**settings)


def _kind(default: object) -> type:
    return type(default) if isinstance(default, (str, int, float)) else dict


def from_file(path: Path, app: str = "fax") -> Settings:
    """Read them from the file that ``mediasock serve`` has.

    Parameters
    ----------
    path
        The file.
    app
        The fax application's name there.

    Raises
    ------
    ConfigError
        When the file or the settings are wrong, or there are none in it.
    """
    options = config.read(path).apps.get(app, {})
    try:
        table = options.get(TABLE)
        if not isinstance(table, dict):
            raise ConfigError(f"there is no table [apps.{app}.{TABLE}]")
        return from_mapping(table)
    except ConfigError as error:
        raise ConfigError(f"{path}: {error}") from error
