"""The ``socket`` application: dial the application, then park the call or obey it word by word."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from .errors import DialplanError
from .plan import SocketLine

if TYPE_CHECKING:
    from .event_socket import EventSocket
    from .session import Program, Session

log = logging.getLogger(__name__)


def socket(session: Session, data: str) -> Program:
    """``socket host:port[/path][|host2:port…] [async] [full]``."""
    try:
        line = SocketLine.parse(data)
    except DialplanError as error:
        log.warning("socket: %s", error, extra={"call": session.uuid})
        return
    before = len(session.sockets)
    session.inbox.clear()
    session.dial(line)
    while session.dialling is not None and session.channel.up:
        yield
    if len(session.sockets) == before:
        return
    control = session.sockets[-1]
    if control.is_async:
        yield from park(session)
        if not session.moved:
            session.reset = False
    else:
        yield from _obey(session, control)
    session.resumed = session.resumed or session.up


def park(session: Session) -> Program:
    """Hold the call, tell of its keys, obey its messages, and move the frames of its stream.

    It ends with the call, or with any control socket of it. A call that is parked cannot be
    parked once more inside that.
    """
    if session.controlled or session.reset:
        return
    session.controlled = True
    session.unicast.tear_down(for_good=False)
    session.channel.fire("CHANNEL_PARK")
    session.parked = True
    while session.up and session.controlled:
        frame = yield
        if frame is not None:
            session.unicast.forward(frame)
        session.read_keys()
        yield from session.serve()
    session.parked = session.controlled = False
    session.unicast.tear_down(for_good=False)
    session.channel.fire("CHANNEL_UNPARK")


def _obey(session: Session, control: EventSocket) -> Program:
    """Do what a socket without ``async`` says, one message after the other, and read no frame.

    A call that is transferred leaves only when the socket is closed.
    """
    while session.channel.up and not control.closed:
        yield
        yield from session.serve()
