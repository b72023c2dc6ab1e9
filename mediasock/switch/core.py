"""The switch itself: its calls, its clock, and where events go."""

from __future__ import annotations

from collections.abc import Callable

from .applications import APPLICATIONS
from .channel import Stamper
from .events import Event
from .legs import Leg
from .line import Line
from .plan import CallSetup, Identity, random_uuid
from .session import Session


class Switch:
    """A switch without sockets, threads or a clock of its own.

    Parameters
    ----------
    now
        The clock: microseconds since 1970.
    uuids
        Source of UUIDs.
    identity
        What the switch says of itself.
    """

    def __init__(
        self,
        now: Callable[[], int],
        uuids: Callable[[], str] = random_uuid,
        identity: Identity | None = None,
    ) -> None:
        self.now = now
        self.uuids = uuids
        self.identity = identity or Identity()
        self.started = now()
        self.sessions: dict[str, Session] = {}
        self.legs: dict[str, Leg] = {}
        self.variables: dict[str, str] = {"hostname": self.identity.hostname}
        self.stamper = Stamper(self.identity, now, self.publish, uuids)
        self.numbered = 0
        self.watchers: list[Callable[[Event], None]] = []
        self._listening: list[Session] = []

    def place(self, setup: CallSetup, line: Line) -> Session:
        """Let a call enter the dialplan."""
        session = Session(self, setup, line, APPLICATIONS)
        self.sessions[session.uuid] = session
        self._listening.append(session)
        session.start()
        return session

    def next_number(self) -> int:
        """Count the calls."""
        self.numbered += 1
        return self.numbered

    def publish(self, event: Event) -> None:
        """Hand an event to every control socket, then to whoever watches the switch."""
        for session in self._listening:
            for socket in session.sockets:
                socket.deliver(event)
        for watcher in self.watchers:
            watcher(event)

    def forget(self, session: Session) -> None:
        """Take a call that has ended out of the list of calls; its sockets still hear events."""
        self.sessions.pop(session.uuid, None)
        self._listening = [one for one in self._listening if not one.over]
