"""The ``socket`` application: dial the application, then park the call or obey it word by word."""

from __future__ import annotations

import logging
from collections.abc import Callable
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
    while session.dialling is not None and session.up:
        yield
    if len(session.sockets) == before:
        return
    control = session.sockets[-1]
    if control.is_async:
        yield from park(session, lambda: not control.closed)
    else:
        yield from _obey(session, control)
    if control.closed and session.up:
        session.resumed = control.resume or session.flag("socket_resume")
        if not session.resumed:
            session.hangup("NORMAL_CLEARING")


def park(session: Session, wanted: Callable[[], bool]) -> Program:
    """Hold the call, tell of its keys, obey its messages, and move the frames of its stream.

    Parameters
    ----------
    session
        The call.
    wanted
        Whether it is still to be parked.
    """
    session.unicast.tear_down(for_good=False)
    session.channel.fire("CHANNEL_PARK")
    session.parked = True
    while session.up and wanted():
        frame = yield
        if frame is not None:
            session.unicast.forward(frame)
        session.read_keys()
        yield from session.serve()
    session.parked = False
    session.unicast.tear_down(for_good=False)
    session.channel.fire("CHANNEL_UNPARK")


def _obey(session: Session, control: EventSocket) -> Program:
    """Do what a socket without ``async`` says, one message after the other, and read no frame."""
    while session.up and not control.closed:
        yield
        yield from session.serve()
