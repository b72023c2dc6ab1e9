"""The dialplan applications that the embedded switch knows, by name."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from . import bridging, control, playing
from .inband import Inband
from .session import Application

if TYPE_CHECKING:
    from .session import Program, Session

log = logging.getLogger(__name__)


def answer(session: Session, data: str) -> None:
    """Answer the call."""
    session.answer()


def pre_answer(session: Session, data: str) -> None:
    """Bring up early media."""
    session.channel.pre_answer()


def hangup(session: Session, data: str) -> None:
    """Hang up, with a cause."""
    session.hangup(data)


def set_variable(session: Session, data: str) -> None:
    """``set name=value``; with nothing behind the sign it is unset."""
    name, _, value = data.partition("=")
    session.channel.set(name.strip(), value.strip() or None)


def multiset(session: Session, data: str) -> None:
    """``multiset a=1 b=2``, or ``multiset ^^;a=1;b=2`` with another delimiter."""
    delimiter, pairs = (data[2:3], data[3:]) if data.startswith("^^") else (" ", data)
    for pair in pairs.split(delimiter or " "):
        if pair:
            set_variable(session, pair)


def export(session: Session, data: str) -> None:
    """``export [nolocal:]name=value``: the other leg gets it too."""
    name, _, value = data.partition("=")
    name = name.strip()
    if name.startswith("nolocal:"):
        name = name.removeprefix("nolocal:")
    else:
        session.channel.set(name, value.strip() or None)
    names = session.channel.get("export_vars")
    session.channel.set("export_vars", f"{names},{name}" if names else name)


def unset(session: Session, data: str) -> None:
    """``unset name``."""
    session.channel.set(data.strip(), None)


def sleep(session: Session, data: str) -> Program:
    """``sleep ms``."""
    session.broken = False
    left = float(data) if data.strip().isascii() and data.strip().isdigit() else 0.0
    while left > 0 and session.up and not session.broken:
        yield from session.breathe()
        left -= session.setup.ptime_ms
    session.broken = False


def echo(session: Session, data: str) -> Program:
    """Give back what is heard until the call ends, is moved, or ``break`` comes."""
    session.answer()
    session.broken = False
    while session.up and not session.broken:
        frame = yield from session.breathe()
        if frame is not None and not frame.comfort:
            session.line.write(frame.samples)
    session.broken = False


def park(session: Session, data: str) -> Program:
    """Park the call."""
    yield from control.park(session)


def transfer(session: Session, data: str) -> None:
    """``transfer extension [dialplan [context]]``."""
    words = [word for word in data.split() if word.lower() not in {"-bleg", "-both"}]
    if words:
        session.transfer(words[0], words[2] if len(words) > 2 else session.setup.profile)


def write_log(session: Session, data: str) -> None:
    """``log [level] text``: to the control sockets that asked for a log."""
    word, _, text = data.partition(" ")
    levels = ("console", "alert", "crit", "err", "warning", "notice", "info", "debug")
    level = levels.index(word.lower()) if word.lower() in levels else 7
    for socket in session.sockets:
        socket.write_log(level, text if word.lower() in levels else data)


def info(session: Session, data: str) -> None:
    """Write all that is known of the call to the log, as ``log`` does."""
    lines = [f"{name}: [{value}]" for name, value in session.channel.data()]
    for socket in session.sockets:
        socket.write_log(6, "CHANNEL_DATA:\n" + "\n".join(lines))


def send_dtmf(session: Session, data: str) -> None:
    """``send_dtmf keys[@ms]``: the phone gets them as telephone-events (RFC 4733)."""
    session.line.send_keys(data.partition("@")[0])


def start_dtmf(session: Session, data: str) -> None:
    """Listen for keys in the sound, and tell of them like of telephone-events."""
    if session.sound.inband is None:
        session.sound.inband = Inband(session.setup.rate)


def stop_dtmf(session: Session, data: str) -> None:
    """Listen no more for keys in the sound."""
    session.sound.inband = None


def flush_dtmf(session: Session, data: str) -> None:
    """Forget the keys that have come and not been told of."""
    session.keys.clear()


APPLICATIONS: dict[str, Application] = {
    "answer": answer,
    "pre_answer": pre_answer,
    "hangup": hangup,
    "set": set_variable,
    "multiset": multiset,
    "export": export,
    "unset": unset,
    "sleep": sleep,
    "echo": echo,
    "park": park,
    "transfer": transfer,
    "log": write_log,
    "info": info,
    "send_dtmf": send_dtmf,
    "start_dtmf": start_dtmf,
    "stop_dtmf": stop_dtmf,
    "flush_dtmf": flush_dtmf,
    "socket": control.socket,
    "bridge": bridging.bridge,
    "playback": playing.playback,
    "break": playing.break_,
    "gentones": playing.gentones,
    "displace_session": playing.displace_session,
    "stop_displace_session": playing.stop_displace_session,
    "record_session": playing.record_session,
    "stop_record_session": playing.stop_record_session,
    "play_and_get_digits": playing.play_and_get_digits,
}
