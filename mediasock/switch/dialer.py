"""Place a call: the embedded switch dials an application as FreeSWITCH's dialplan would."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import numpy as np

from .codec import Codec
from .core import Switch
from .errors import SwitchAborted
from .events import Event
from .line import Impairment, Line, Phone
from .plan import CallSetup, SocketLine
from .session import Session
from .shell import Shell


@dataclass(frozen=True, slots=True)
class CallPlan:
    """What call to place.

    Parameters
    ----------
    host, port, path
        Where the application listens, and the ``socket_path`` that it is told.
    far_end
        The phone: what it says, hears and keys, and when it hangs up.
    is_async, full
        The words behind the address: ``async``, else each execute is waited for; ``full``, else
        the application has the limited commands.
    codec, ptime_ms
        Of the phone's line: PCMU, PCMA, G722 or L16; 10, 20 or 30 ms a frame.
    variables
        Channel variables, set before the application is dialled.
    number, caller
        Who is called, and who calls.
    after
        Applications of the dialplan behind ``socket``, for a call that is let go on.
    loss, jitter_ms, seed
        Of the phone's line: the share of the packets that is lost, 0 to 1; how late one may be;
        the seed of these draws.
    seconds
        The far end hangs up after this long, if it has not before.
    others
        More hosts to try in turn when the first does not answer, as (host, port).
    """

    host: str
    port: int
    far_end: Phone
    path: str = ""
    is_async: bool = True
    full: bool = True
    codec: str = "PCMU"
    ptime_ms: int = 20
    variables: Mapping[str, str] = field(default_factory=dict)
    number: str = "mediasock"
    caller: str = "1001"
    after: tuple[tuple[str, str], ...] = ()
    loss: float = 0.0
    jitter_ms: float = 0.0
    seed: int = 0
    seconds: float = 60.0
    others: tuple[tuple[str, int], ...] = ()

    def socket_line(self) -> str:
        """Return the data of the dialplan's ``socket`` application.

        Examples
        --------
        >>> CallPlan("127.0.0.1", 8084, None, path="fax", full=False).socket_line()
        '127.0.0.1:8084/fax async'
        """
        path = f"/{self.path}" if self.path else ""
        hosts = [(self.host, self.port), *self.others]
        where = "|".join(f"{_bracketed(host)}:{port}{path}" for host, port in hosts)
        words = [where] + ["async"] * self.is_async + ["full"] * self.full
        return " ".join(words)

    def setup(self) -> CallSetup:
        """Return the call as it enters the switch's dialplan."""
        SocketLine.parse(self.socket_line())
        return CallSetup(
            self.socket_line(),
            number=self.number,
            caller=self.caller,
            codec=self.codec,
            ptime_ms=self.ptime_ms,
            variables=self.variables,
            after=self.after,
        )


def _bracketed(host: str) -> str:
    return f"[{host}]" if ":" in host else host


@dataclass(slots=True)
class Outcome:
    """How a call went.

    Parameters
    ----------
    uuid
        The call's.
    connected, answered
        Whether an application answered the connection, and whether it answered the call.
    hangup_cause
        Why the call ended.
    aborted
        What the application did that aborts a real FreeSWITCH; empty when it did not.
    resumed
        The application let the call go on in the dialplan.
    frames_to_application, frames_from_application
        Datagrams of the stream, each way.
    packets_to_switch, packets_from_switch, packets_lost
        Of the phone's line.
    frames_overrun
        Frames that the application sent faster than the line carries them: it does not pace.
    keys, keys_sent
        Keys that the phone sent out of band, and those that the application sent to it.
    events
        How many events of each name there were.
    seconds
        How long the call took.
    late_ticks
        Ticks that were overdue by more than a frame: the box has too much to do.
    result
        What the far end says of its own side.
    """

    uuid: str
    connected: bool = False
    answered: bool = False
    hangup_cause: str = ""
    aborted: str = ""
    resumed: bool = False
    frames_to_application: int = 0
    frames_from_application: int = 0
    packets_to_switch: int = 0
    packets_from_switch: int = 0
    packets_lost: int = 0
    frames_overrun: int = 0
    keys: str = ""
    keys_sent: str = ""
    events: Counter[str] = field(default_factory=Counter)
    seconds: float = 0.0
    late_ticks: int = 0
    result: Any = None

    @property
    def went_well(self) -> bool:
        """Whether the call was answered, ended normally, and no real switch would have died."""
        return self.answered and not self.aborted and self.hangup_cause == "NORMAL_CLEARING"


class CallAborted(SwitchAborted):
    """A placed call ended as :class:`~.errors.SwitchAborted` says; ``outcome`` tells the rest."""

    def __init__(self, reason: str, outcome: Outcome) -> None:
        super().__init__(reason)
        self.outcome = outcome


def real_switch() -> Switch:
    """Make a switch whose clock is the computer's."""
    return Switch(lambda: time.time_ns() // 1000)


async def place_call(
    plan: CallPlan,
    *,
    switch: Switch | None = None,
    watch: Callable[[Event], None] | None = None,
) -> Outcome:
    """Place one call and wait for its end.

    Parameters
    ----------
    plan
        What call.
    switch
        The switch that it is to be on, as calls that know of each other are; a new one if none.
    watch
        Is told of every event of the switch while the call lasts.

    Raises
    ------
    CallAborted
        The application did what aborts a real FreeSWITCH, with every call on it.
    DialplanError
        The plan names no host, path, codec or frame length that can be.
    """
    switch = switch or real_switch()
    counted: Counter[str] = Counter()

    def note(event: Event) -> None:
        counted[event.name] += 1
        if watch is not None:
            watch(event)

    clock = asyncio.get_running_loop().time
    begun = clock()
    switch.watchers.append(note)
    session = switch.place(plan.setup(), _line(plan))
    shell = Shell(session)
    reason = ""
    try:
        await shell.run(plan.seconds)
    except SwitchAborted as aborted:
        reason = str(aborted)
    finally:
        switch.watchers.remove(note)
        session.close()
    outcome = _outcome(session, shell, counted)
    outcome.aborted = reason
    outcome.seconds = clock() - begun
    if reason:
        raise CallAborted(reason, outcome)
    return outcome


def _line(plan: CallPlan) -> Line:
    # A codec that is compiled at its first frame would stop the call for seconds.
    codec = partial(Codec, plan.codec)
    warm = codec()
    warm.decode(warm.encode(np.zeros(plan.setup().frame_samples, np.int16)))
    return Line(
        plan.far_end,
        codec,
        plan.setup().frame_samples,
        ptime_ms=plan.ptime_ms,
        impairment=Impairment(plan.loss, plan.jitter_ms, plan.seed),
    )


def _outcome(session: Session, shell: Shell, counted: Counter[str]) -> Outcome:
    counts = session.line.counts
    return Outcome(
        session.uuid,
        connected=bool(session.sockets),
        answered=bool(session.channel.profile.times.answered),
        hangup_cause=session.channel.cause,
        resumed=session.resumed,
        frames_to_application=session.unicast.sent,
        frames_from_application=session.unicast.received,
        packets_to_switch=counts.received,
        packets_from_switch=counts.sent,
        packets_lost=counts.lost,
        frames_overrun=counts.overrun,
        keys=session.keyed,
        keys_sent=session.line.keys_sent,
        events=counted,
        late_ticks=shell.late,
        result=getattr(session.line.phone, "result", None),
    )
