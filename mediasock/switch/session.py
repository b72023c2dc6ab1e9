"""A call in the switch: the dialplan, the applications that run on it, its sockets and sound.

An application is a program: a generator that is sent one frame of the call at each ``yield`` and
returns when it is done. What FreeSWITCH does with threads and nested calls is ``yield from``
here: an execute that arrives while a playback runs is run from inside it, and the playback waits
meanwhile, unless it was asked for with ``event-lock``. Nothing here knows what time it is or
opens a socket: :meth:`Session.tick` moves it by a frame, and what the shell has to do is left in
:attr:`Session.actions`.
"""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable, Generator, Mapping
from typing import TYPE_CHECKING, TypeAlias

from . import sip
from .causes import cause
from .channel import Channel
from .commands import Command, is_true
from .errors import SwitchAborted, SwitchError
from .event_socket import EventSocket
from .expand import expand
from .line import Frame, Line
from .messages import Dial, Message
from .plan import CallSetup, SocketLine
from .sound import Sound
from .unicast import Unicast

if TYPE_CHECKING:
    from .core import Switch

log = logging.getLogger(__name__)

Program: TypeAlias = Generator[None, Frame | None, None]
Reading: TypeAlias = Generator[None, Frame | None, Frame | None]
Application: TypeAlias = Callable[["Session", str], Program | None]

DEEPEST = 16
"""How many applications may run one inside the other."""
MOST_MOVES = 70
"""How often a call may be transferred."""
TURNS_A_FRAME = 50
"""Rounds of a looped application, at most, before other calls have their turn."""

ABORT = (
    "the application asked for unicast on a call that is neither answered nor pre-answered: "
    "a real FreeSWITCH aborts on that (assertion read_frame), and every call on it is lost"
)


class Session:
    """One call, moved by :meth:`tick`.

    Parameters
    ----------
    switch
        The switch that it is on.
    setup
        How it enters the dialplan.
    line
        The phone at its far end.
    applications
        What can be run on it, by name.
    """

    def __init__(
        self,
        switch: Switch,
        setup: CallSetup,
        line: Line,
        applications: Mapping[str, Application],
    ) -> None:
        self.switch = switch
        self.setup = setup
        self.line = line
        self.applications = applications
        self.number = switch.next_number()
        agent = switch.identity.user_agent
        facts = sip.facts(setup, agent, self.number, switch.now(), switch.uuids)
        self.channel = Channel(setup, switch.stamper, facts)
        self.actions: list[object] = []
        self.unicast = Unicast(line, self.actions, linear=setup.codec == "L16")
        self.sound = Sound(line)
        self.sockets: list[EventSocket] = []
        self.inbox: deque[Message] = deque()
        self.keys: deque[tuple[str, str]] = deque()
        self.fresh_keys: list[str] = []
        self.keyed = ""
        self.locks = 0
        self._depth = 0
        self.broken = False
        self.finished = False
        self.moved = False
        self.controlled = False
        self.reset = False
        self.parked = False
        self.resumed = False
        self.dialplan: deque[tuple[str, str]] = deque()
        self.last_application = ("", "")
        self.dialling: Dial | None = None
        self._acknowledge = False
        self._hears = False
        self._program = self._life()

    @property
    def uuid(self) -> str:
        """The call's ``Unique-ID``."""
        return self.channel.uuid

    @property
    def up(self) -> bool:
        """Whether an application may go on: not hung up, not transferred, not reset."""
        return self.channel.up and not self.moved and not self.reset

    # -- what the shell calls -----------------------------------------------------------------

    def start(self) -> None:
        """Enter the dialplan."""
        next(self._program, None)

    def dial(self, line: SocketLine) -> None:
        """Have the shell connect to an application."""
        self.dialling = Dial(line)
        self.actions.append(self.dialling)

    def connect(self, host: str, path: str = "") -> EventSocket:
        """Hear that :class:`~.messages.Dial` has found an application; return its socket."""
        if self.dialling is None:
            raise SwitchError("a connection that the call has not asked for")
        line, self.dialling = self.dialling.line, None
        self.channel.set("socket_path", path)
        self.channel.set("socket_host", host)
        socket = EventSocket(self.switch, self, is_async=line.is_async, full=line.full)
        self.sockets.append(socket)
        return socket

    def unreachable(self) -> None:
        """Hear that :class:`~.messages.Dial` has found nobody."""
        self.dialling = None

    def listener_ended(self, socket: EventSocket) -> None:
        """Hear that a control socket is closed.

        FreeSWITCH does to the call, wherever it is by then, what is meant for the socket's own
        park: it ends any park, and where the call is to resume it is reset. A socket that never
        said ``connect`` is gone before the park begins, and nobody is left who would end that.
        """
        if not socket.connected:
            return
        if self.channel.up and not self.moved and self.flag("socket_resume"):
            self.reset = True
        self.controlled = False

    def bound(self, succeeded: bool) -> None:
        """Hear how :class:`~.unicast.Bind` went."""
        self.unicast.bound(succeeded)

    def datagram(self, data: bytes) -> None:
        """Take a datagram that came to the bound socket."""
        if self.channel.up:
            self.unicast.datagram(data)

    def take_actions(self) -> list[object]:
        """Return what the shell is to do, in order, and forget it."""
        actions = self.actions[:]
        self.actions.clear()
        return actions

    def tick(self) -> None:
        """Let one frame's time pass.

        Raises
        ------
        SwitchAborted
            The application did what kills a real switch.
        """
        for socket in self.sockets:
            socket.expire()
        if self.finished:
            self._take_leave()
            return
        if self._acknowledge:
            self._acknowledge = False
            self.channel.merge(sip.variables("acknowledged", self.channel.facts))
        if self.channel.up and self.line.phone.hangup_due:
            self.far_end_hangs_up()
        self._step(self._read())
        if self._hears and self.channel.up:
            self.sound.deliver()
        if self.finished:
            self.sound.close()
            self._take_leave()

    def close(self) -> None:
        """End the call without a word, as when the switch itself ends."""
        self._program.close()
        self.finished = True
        self.sound.close()
        for socket in self.sockets:
            socket.peer_closed()
        self.switch.forget(self)

    @property
    def over(self) -> bool:
        """Whether the call is over and every control socket of it is closed."""
        return self.finished and all(socket.closed for socket in self.sockets)

    def far_end_hangs_up(self) -> None:
        """Take the far end's BYE, or its CANCEL while it rings."""
        if not self.channel.up:
            return
        answered = self.channel.profile.times.answered
        if answered:
            self.channel.merge(sip.variables("acknowledged", self.channel.facts))
            self.channel.merge(sip.variables("bye", self.channel.facts))
        self.channel.hangup("NORMAL_CLEARING" if answered else "ORIGINATOR_CANCEL")
        if answered:
            self.channel.set("sip_user_agent", self.channel.get("sip_user_agent"))
            self.channel.set("sip_hangup_disposition", "recv_bye")

    def _take_leave(self) -> None:
        for socket in self.sockets:
            socket.channel_gone()

    def _read(self) -> Frame | None:
        if not (self.channel.has_media and self.channel.up):
            return None
        if not self._hears:
            # The answer reaches the phone a frame before its first sound reaches the switch.
            self._hears = True
            return self.sound.heard(self.line.comfort())
        frame = self.line.read()
        for key in self.line.phone.out_of_band(self.setup.frame_samples):
            self.keys.append((key, "RTP"))
        frame = self.sound.heard(frame)
        self.keys.extend((key, "INBAND_AUDIO") for key in self.sound.keys_heard())
        return frame

    def _step(self, frame: Frame | None) -> None:
        try:
            self._program.send(frame)
        except StopIteration:
            self.finished = True

    # -- the call's own thread ----------------------------------------------------------------

    def _life(self) -> Program:
        self.dialplan = deque([("socket", self.setup.socket), *self.setup.after])
        self._route()
        self.channel.merge(self.setup.variables.items())
        while self.channel.up:
            if self.moved:
                self.moved = False
                self._route()
            if self.reset:
                # Nothing runs on a call in CS_RESET; a transfer or a hang-up ends that.
                yield
                continue
            if not self.dialplan:
                self.hangup("NORMAL_CLEARING")
                break
            yield from self.execute(*self.dialplan.popleft())
        self.unicast.tear_down(for_good=True)
        self._report()

    def _route(self) -> None:
        """Find the dialplan's entry for the number."""
        channel = self.channel
        if channel.profile.index > 1:
            channel.move("RINGING")
            channel.run_state("CS_ROUTING")
            channel.move("ACTIVE" if channel.answer_state == "answered" else "EARLY")
        number = channel.profile.number
        match = self.setup.matches.get(number)
        channel.set("DP_MATCH", [number, match] if match else None)
        channel.set("call_uuid", channel.uuid)
        if channel.profile.index > 1:
            channel.run_state("CS_EXECUTE")

    def _report(self) -> None:
        channel = self.channel
        channel.close()
        channel.merge(sip.report(channel.profile, channel.cause, self.keyed, self.last_application))
        if channel.get("sip_hangup_disposition") is None:
            answered = channel.profile.times.answered
            channel.set("sip_hangup_disposition", "send_bye" if answered else "send_refuse")
        if channel.has_media:
            channel.merge(self.sound.statistics())
        channel.fire("CHANNEL_HANGUP_COMPLETE", first=[("Hangup-Cause", channel.cause)])
        self.switch.forget(self)

    def execute(self, name: str, data: str, uuid: str = "") -> Program:
        """Run an application and tell of its start and end.

        One that does not exist hangs the call up, and no event tells of it.
        """
        channel = self.channel
        application = self.applications.get(name.lower())
        if application is None:
            log.warning(
                "no application of this name", extra={"call": self.uuid, "application": name}
            )
            self.hangup("DESTINATION_OUT_OF_ORDER")
            return
        data = expand(data, channel.get)
        uuid = uuid or self.switch.uuids()
        channel.set("current_application", name)
        channel.set("current_application_data", data)
        channel.set("current_application_response", None)
        self.last_application = (name, data)
        about = [("Application", name)] + ([("Application-Data", data)] if data else [])
        channel.fire("CHANNEL_EXECUTE", last=[*about, ("Application-UUID", uuid)])
        channel.set("current_application", name)
        program = application(self, data)
        if program is not None:
            yield from program
        response = channel.get("current_application_response") or "_none_"
        about += [("Application-Response", response), ("Application-UUID", uuid)]
        channel.fire("CHANNEL_EXECUTE_COMPLETE", last=list(about))

    def hangup(self, reason: str) -> None:
        """Hang up on the switch's side."""
        self.channel.hangup(cause(reason))

    def answer(self) -> None:
        """Answer; the far end's acknowledgement follows a frame later."""
        if self.channel.up and self.channel.answer_state != "answered":
            self.channel.answer()
            self._acknowledge = True

    def transfer(self, number: str, context: str) -> None:
        """Leave the running application for another extension of the dialplan.

        A call that has been moved :data:`MOST_MOVES` times goes round in a circle and is ended.
        """
        channel = self.channel
        forwards = _number(channel.get("max_forwards") or "", MOST_MOVES) - 1
        if forwards < 0:
            self.hangup("EXCHANGE_ROUTING_ERROR")
            return
        seconds = self.switch.now() // 1_000_000
        source = f"{seconds}:{self.switch.uuids()}:bl_xfer:{number}/{context}/XML"
        channel.profile = channel.profile.transferred(number, context, source, self.switch.now())
        channel.set("max_forwards", str(forwards))
        channel.set("transfer_history", source)
        channel.set("transfer_source", source)
        self.dialplan = deque(
            [("socket", self.setup.extensions.get(number, self.setup.socket)), *self.setup.after]
        )
        self._leave()

    def go_to(self, applications: list[tuple[str, str]]) -> None:
        """Leave the running application for a list of others, as ``xferext`` does."""
        self.dialplan = deque(applications)
        self._leave()

    def _leave(self) -> None:
        self.moved = True
        self.reset = False
        self.channel.state = "CS_ROUTING"

    # -- what applications call ---------------------------------------------------------------

    def breathe(self) -> Reading:
        """Wait for the next frame, tell of keys, and obey what has arrived meanwhile."""
        frame = yield
        self.read_keys()
        yield from self.serve()
        return frame

    def serve(self) -> Program:
        """Obey what waits in the inbox, unless the running application was locked.

        What is run from here is run inside the present application, and so on, to a depth of
        :data:`DEEPEST`; what comes then waits.
        """
        while self.inbox and self.up and not self.locks and self._depth < DEEPEST:
            self._depth += 1
            yield from self.perform(self.inbox.popleft())
            self._depth -= 1

    def read_keys(self) -> list[str]:
        """Take the keys that have come and tell of each with a DTMF event."""
        taken = []
        while self.keys and self.channel.up:
            key, source = self.keys.popleft()
            taken.append(key)
            self.keyed += key
            self.channel.fire(
                "DTMF",
                last=[("DTMF-Digit", key), ("DTMF-Duration", "800"), ("DTMF-Source", source)],
            )
        self.fresh_keys = taken
        return taken

    def perform(self, message: Message) -> Program:
        """Obey one ``sendmsg``."""
        command = message.command
        kind = command.get("call-command").lower()
        if kind == "execute":
            yield from self._execute(command)
        elif kind == "hangup":
            self.hangup(command.get("hangup-cause"))
        elif kind == "unicast":
            self._unicast(command)
        elif kind == "xferext":
            steps = [value for name, value in command.headers if name.lower() == "application"]
            self.go_to([(step.split(" ", 1)[0], step.partition(" ")[2]) for step in steps])
        if message.sender is not None:
            message.sender.performed()

    def _execute(self, command: Command) -> Program:
        name = command.get("execute-app-name")
        data = command.get("execute-app-arg") or command.body
        loops = _number(command.get("loops"), 1)
        locked = command.true("event-lock")
        self.locks += locked
        turn = 0
        while self.up and (loops < 0 or turn < loops):
            turn += 1
            self.channel.set("current_loop", str(turn))
            self.channel.set("total_loops", str(loops))
            yield from self.execute(name, data, command.get("event-uuid"))
            if turn % TURNS_A_FRAME == 0:
                yield
        self.locks -= locked
        self.channel.set("current_loop", None)
        self.channel.set("total_loops", None)

    def _unicast(self, command: Command) -> None:
        if not self.parked:
            # Only the loop that parks a call moves the frames of a stream.
            return
        if not self.channel.has_media:
            raise SwitchAborted(ABORT)
        self.unicast.activate(command)

    def flag(self, name: str) -> bool:
        """Whether a variable says yes."""
        return is_true(self.channel.get(name))


def _number(text: str, default: int) -> int:
    try:
        return int(text)
    except ValueError:
        return default
