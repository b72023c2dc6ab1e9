"""``bridge`` to one of the switch's own loopback legs."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from .errors import DialplanError
from .legs import Leg, dial_string, originate
from .profile import Profile, Times

if TYPE_CHECKING:
    from .session import Program, Session

log = logging.getLogger(__name__)

CALLEE = "Outbound Call"


def bridge(session: Session, data: str) -> Program:
    """``bridge {variables}loopback/extension/context[|…]``: until one side hangs up."""
    _, targets = dial_string(data)
    leg = _first_answer(session, targets)
    if leg is None:
        _failed(session, "NO_ROUTE_DESTINATION")
        return
    session.switch.legs[leg.uuid] = leg
    try:
        _join(session, leg)
        while session.up and not leg.cause:
            frame = yield from session.breathe()
            if frame is not None:
                session.line.write(leg.exchange(frame.samples))
    finally:
        del session.switch.legs[leg.uuid]
    _part(session, leg)


def _first_answer(session: Session, targets: list[str]) -> Leg | None:
    for target in targets:
        try:
            return originate(target, session.switch.uuids(), session.setup.rate)
        except DialplanError as error:
            log.info("bridge: %s", error, extra={"call": session.uuid})
    return None


def _failed(session: Session, reason: str) -> None:
    channel = session.channel
    channel.set("originate_failed_cause", reason)
    channel.set("originate_disposition", reason)
    channel.set("DIALSTATUS", "INVALIDARGS")
    if not session.flag("continue_on_fail"):
        session.hangup(reason)


def _join(session: Session, leg: Leg) -> None:
    channel = session.channel
    session.answer()
    now = session.switch.now()
    channel.other = Profile(
        leg.uuid,
        session.setup.caller,
        leg.extension,
        leg.channel_name,
        now,
        ip=session.setup.ip,
        index=0,
        context=leg.context,
        source="mod_loopback",
        direction="outbound",
        callee=(CALLEE, leg.context),
        times=Times(created=now, answered=now),
    )
    channel.set("originated_legs", f"{leg.uuid};{CALLEE};{leg.context}")
    channel.set("originate_disposition", "SUCCESS")
    channel.set("DIALSTATUS", "SUCCESS")
    channel.set("originate_causes", f"{leg.uuid};NONE")
    channel.set("signal_bond", leg.uuid)
    channel.mark_bridged((CALLEE, leg.context))
    channel.fire("CHANNEL_BRIDGE", first=_both(session, leg))
    channel.set("bridge_to", leg.uuid)
    channel.set("last_bridge_to", leg.uuid)
    channel.set("bridge_channel", leg.channel_name)
    channel.set("bridge_uuid", leg.uuid)
    channel.set("signal_bond", leg.uuid)
    channel.set("last_sent_callee_id_name", CALLEE)
    channel.set("last_sent_callee_id_number", leg.context)
    channel.set("last_bridge_role", "originator")


def _part(session: Session, leg: Leg) -> None:
    channel = session.channel
    for name in ("bridge_to", "bridge_channel", "bridge_uuid", "signal_bond"):
        channel.set(name, None)
    ended = leg.cause or channel.cause or "NORMAL_CLEARING"
    channel.set("bridge_hangup_cause", ended)
    channel.set("last_bridge_hangup_cause", ended)
    channel.fire("CHANNEL_UNBRIDGE", first=_both(session, leg))
    channel.other = None
    if leg.cause and session.flag("hangup_after_bridge"):
        session.hangup(leg.cause)


def _both(session: Session, leg: Leg) -> list[tuple[str, str | list[str]]]:
    return [("Bridge-A-Unique-ID", session.uuid), ("Bridge-B-Unique-ID", leg.uuid)]
