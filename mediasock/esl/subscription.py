"""Which events a connection has asked for, and what it must still send to get those it needs."""

from __future__ import annotations

from collections.abc import Iterable

from mediasock.esl.commands import (
    Command,
    Event,
    EventFormat,
    Filter,
    FilterDelete,
    Log,
    MyEvents,
    NixEvent,
    NoEvents,
    NoLog,
)
from mediasock.esl.errors import ModeError

_NAME = "Event-Name"
_ALL = "ALL"
_NOT_MINE = frozenset({"BACKGROUND_JOB", "PLAYBACK_START", "PLAYBACK_STOP", "CUSTOM"})
"""What ``myevents`` does not bring although it is the call's own."""


class Subscription:
    """The events asked for on one connection, as FreeSWITCH keeps them.

    Parameters
    ----------
    outbound
        Whether ``myevents`` can be used.

    Attributes
    ----------
    format
        The one format of the connection's events.
    """

    def __init__(self, *, outbound: bool) -> None:
        self.format: EventFormat = "plain"
        self._outbound = outbound
        self._mine = False
        self._mine_is_spent = False
        self._names: dict[str, None] = {}
        self._taken_out: dict[str, None] = {}
        self._subclasses: dict[str, None] = {}
        self._filters: dict[tuple[str, str], None] = {}
        self._log: Log | None = None

    def sent(self, command: Command) -> None:
        """Take note of a command on its way: what is sent after it finds it done."""
        match command:
            case MyEvents():
                self._mine = self._mine_is_spent = True
                self._put_back(name for name in self._taken_out if name not in _NOT_MINE)
                if command.format != "plain":
                    self.format = command.format
            case Event():
                self.format = command.format
                names = [name.upper() for name in command.names]
                self._names.update(dict.fromkeys(names))
                self._subclasses.update(dict.fromkeys(command.subclasses))
                self._put_back(self._taken_out if _ALL in names else names)
            case NixEvent():
                self._nix([name.upper() for name in command.names], command.subclasses)
            case NoEvents():
                self._clear()
            case Filter():
                self._filters[command.header, command.value] = None
            case FilterDelete():
                gone = [key for key in self._filters if self._deletes(command, key)]
                for key in gone:
                    del self._filters[key]
            case Log():
                self._log = command
            case NoLog():
                self._log = None

    def _nix(self, names: list[str], subclasses: Iterable[str]) -> None:
        if _ALL in names:
            self._clear()
            return
        for name in names:
            self._names.pop(name, None)
            self._taken_out[name] = None  # of ALL and of myevents, which bring it unnamed
        for subclass in subclasses:
            self._subclasses.pop(subclass, None)

    def _put_back(self, names: Iterable[str]) -> None:
        for name in list(names):
            self._taken_out.pop(name, None)

    def _clear(self) -> None:
        self._mine = False
        for kept in (self._names, self._subclasses, self._taken_out):
            kept.clear()

    def refused(self, command: Command) -> None:
        """Take back a command that FreeSWITCH answered ``-ERR``."""
        match command:
            case Event():
                for name in command.names:
                    self._names.pop(name.upper(), None)
                for subclass in command.subclasses:
                    self._subclasses.pop(subclass, None)
            case Filter():
                self._filters.pop((command.header, command.value), None)
            case Log():
                self._log = None

    @staticmethod
    def _deletes(command: FilterDelete, key: tuple[str, str]) -> bool:
        if command.header == "all":
            return True
        return command.header == key[0] and command.value in ("", key[1])

    def brings(self, name: str) -> bool:
        """Whether events of this name come, filters aside."""
        if name in self._names:
            return True
        unnamed = _ALL in self._names or (self._mine and name not in _NOT_MINE)
        return unnamed and name not in self._taken_out

    def missing(self, names: Iterable[str], *, full: bool) -> list[Command]:
        """Return what to send so that events of these names come.

        Parameters
        ----------
        names
            Event names.
        full
            Whether the connection has the ``event`` command.

        Raises
        ------
        ModeError
            Nothing that this connection may send would bring them.
        """
        commands: list[Command] = []
        absent = [name for name in names if not self.brings(name)]
        if absent and self._outbound and not self._mine_is_spent:
            commands.append(MyEvents(self.format))
            absent = [name for name in absent if name in _NOT_MINE]
        if absent:
            if not full:
                raise ModeError("event", "full", f"no way to get {', '.join(absent)}")
            commands.append(Event(_custom_last(absent), format=self.format))
        if self._filters:
            wanted = [Filter(_NAME, name) for name in names if (_NAME, name) not in self._filters]
            commands.extend(wanted)
        return commands

    def replay(self) -> list[Command]:
        """Return what to send on a new connection to have the same events as before."""
        commands: list[Command] = []
        if self._names or self._subclasses:
            names = _custom_last(self._names)
            commands.append(Event(names, tuple(self._subclasses), self.format))
        if _ALL in self._names and self._taken_out:
            commands.append(NixEvent(_custom_last(self._taken_out)))
        commands += [Filter(header, value) for header, value in self._filters]
        if self._log is not None:
            commands.append(self._log)
        return commands


def _custom_last(names: Iterable[str]) -> tuple[str, ...]:
    """Return names so that none stands behind CUSTOM, where it would be a subclass."""
    return tuple(sorted(names, key="CUSTOM".__eq__))
