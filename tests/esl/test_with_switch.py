"""Every command as we send it, obeyed by the embedded switch, and what it says read by us."""

from __future__ import annotations

import re

import pytest

from mediasock.esl import commands
from mediasock.esl.commands import Command, EventFormat, Execute
from mediasock.esl.conversation import Conversation, Reply
from mediasock.esl.errors import HungUp, MediaNotUp
from mediasock.esl.events import Event
from mediasock.esl.gate import Side
from tests.support.desk import Desk


class Line:
    """Our side of a call and the switch's, with nothing between them."""

    def __init__(self, data: str = "127.0.0.1:8084 async full") -> None:
        self.desk = Desk(data, connected=False)
        self.desk.sockets.append(self.desk.session.connect("127.0.0.1"))
        self.talk = Conversation(Side.OUTBOUND)
        self.events: list[Event] = []
        self.desk.tick()
        assert self.say(commands.Connect()).ok

    def tick(self, times: int = 1) -> None:
        for _ in range(times):
            self.desk.tick()
            self.events += self.talk.receive(self.desk.socket.output())
            assert self.talk.ended is None

    def say(self, command: Command) -> Reply:
        data, ticket = self.talk.start(command)
        self.give(data)
        assert ticket.done
        return ticket.result()

    def give(self, data: bytes) -> None:
        self.desk.socket.feed(data)
        self.desk.carry()
        self.tick()

    def run(self, app: str, arg: str = "", *, loops: int = 1, lock: bool = False) -> Event:
        uuid = f"{app}-{len(self.events)}"
        command = Execute(app, arg, lock, loops, event_uuid=uuid)
        data, wait = self.talk.execute(command)
        self.give(data)
        for _ in range(500):
            if wait.ticket.done:
                break
            self.tick()
        return wait.ticket.result()

    def names(self) -> list[str]:
        names, self.events = [event.name for event in self.events], []
        return names


@pytest.mark.parametrize(
    ("command", "answer"),
    [
        (commands.MyEvents("json"), "Events Enabled"),
        (commands.Event(("DTMF",), ("a::b",), "xml"), "event listener enabled xml"),
        (commands.NixEvent(("DTMF",), ("a::b",)), "events nixed"),
        (commands.Filter("Unique-ID", "a b"), r"filter added. \[Unique-ID\]=\[a b\]"),
        (commands.FilterDelete("Unique-ID", "a b"), r"filter deleted. \[Unique-ID\]\[a b\]"),
        (commands.FilterDelete("Unique-ID"), r"filter deleted. \[Unique-ID\]\[\]"),
        (commands.DivertEvents(), "events diverted"),
        (commands.DivertEvents(on=False), "events not diverted"),
        (commands.Linger(), "will linger"),
        (commands.Linger(7), "will linger 7 seconds"),
        (commands.NoLinger(), "will not linger"),
        (commands.Resume(), ""),
        (commands.Log("debug"), r"log level debug \[7\]"),
        (commands.Log(3), r"log level 3 \[3\]"),
        (commands.SendEvent("CUSTOM", {"Event-Subclass": "a::b"}, "one\n\ntwo"), r"[0-9a-f-]{36}"),
        (commands.BgApi("status", job_uuid="mine"), "Job-UUID: mine"),
        (commands.NoMedia("00000000-0000-4000-8000-000000000001"), ""),
        (commands.XferExt((("answer", ""), ("playback", "a b.wav"))), ""),
        (commands.Hangup("USER_BUSY"), ""),
        (commands.Exit(), "bye"),
    ],
    ids=lambda value: value.title if isinstance(value, Command) else "",
)
def test_a_command_is_understood(command: Command, answer: str) -> None:
    text = Line().say(command).text.strip()
    assert re.fullmatch(rf"\+OK ?({answer})", text), text


def test_what_is_taken_back_is_taken_back() -> None:
    line = Line()
    line.say(commands.Event(("ALL",)))
    line.say(commands.NixEvent(("CHANNEL_EXECUTE",)))
    line.run("set", "a=1")
    assert line.names() == ["CHANNEL_EXECUTE_COMPLETE"]
    line.say(commands.NoEvents())
    line.say(commands.NoLog())
    line.say(Execute("set", "a=2"))
    assert line.names() == []


def test_a_filter_keeps_the_rest_away() -> None:
    line = Line()
    line.say(commands.Event(("ALL",)))
    line.say(commands.Filter("Event-Name", "CHANNEL_EXECUTE_COMPLETE"))
    line.run("set", "a=1")
    assert line.names() == ["CHANNEL_EXECUTE_COMPLETE"]


@pytest.mark.parametrize("form", commands.FORMATS)
@pytest.mark.parametrize(
    "value", ["plain", "ä %25 <&\"'>", "two\nlines\r\nand more", "long " * 1000]
)
def test_an_argument_arrives_whole_in_every_format(form: EventFormat, value: str) -> None:
    line = Line()
    line.say(commands.MyEvents(form))
    done = line.run("set", f"mine={value}")
    assert done.text("Application") == "set"
    assert done.text("variable_mine") == value.strip()
    assert (
        line.say(commands.Api("uuid_getvar", f"{line.talk.gate.uuid} mine")).text == value.strip()
    )
    raw = line.say(commands.GetVar("mine")).text
    assert raw.encode() == value.strip().encode()[:511]


def test_a_job_and_an_event_come_back() -> None:
    line = Line()
    line.say(commands.Event(("BACKGROUND_JOB", "CUSTOM"), ("a::b",)))
    data, job = line.talk.job(commands.BgApi("echo", "x y", job_uuid="mine"))
    line.give(data)
    assert job.result().body == "x y"
    line.say(commands.SendEvent("CUSTOM", {"Event-Subclass": "a::b", "k": "v w"}, "one\n\ntwo"))
    sent = line.events[-1]
    assert (sent.subclass, sent.text("k"), sent.body) == ("a::b", "v w", "one\n\ntwo")


def test_loops_are_counted_and_a_lock_makes_the_next_wait() -> None:
    line = Line()
    line.say(commands.MyEvents())
    line.run("answer")
    assert line.run("sleep", "600", loops=2).text("variable_current_loop") == "2"
    line.names()
    for command in (
        Execute("sleep", "200", event_lock=True, event_uuid="first"),
        Execute("set", "a=1", event_uuid="second"),
    ):
        line.say(command)
    line.tick(20)
    over = [e for e in line.events if e.name == "CHANNEL_EXECUTE_COMPLETE"]
    assert [event.text("Application-UUID") for event in over] == ["first", "second"]


@pytest.mark.parametrize("data", ["h:1 async full", "h:1 async", "h:1 full", "h:1"])
def test_every_mode_answers_plays_and_hangs_up(data: str) -> None:
    line = Line(data)
    line.say(commands.MyEvents())
    assert line.run("answer").text("Answer-State") == "answered"
    assert line.run("playback", "silence_stream://100").text("Application") == "playback"
    assert line.talk.gate.media_up
    line.say(commands.Hangup("USER_BUSY"))
    assert line.desk.session.channel.cause == "USER_BUSY"


def test_an_application_that_is_not_there_ends_the_wait_with_the_call() -> None:
    line = Line()
    line.say(commands.Linger(5))
    line.say(commands.MyEvents())
    with pytest.raises(HungUp) as caught:
        line.run("no_such_application")
    assert caught.value.cause == "DESTINATION_OUT_OF_ORDER"


def test_a_stream_needs_media_and_has_it_then() -> None:
    line = Line()
    with pytest.raises(MediaNotUp):
        line.talk.start(commands.Unicast(40000))
    line.say(commands.MyEvents())
    line.run("pre_answer")
    command = commands.Unicast(40000, local_ip="127.64.0.9", local_port=8025, native=True)
    assert line.say(command).ok
    line.tick(5)
    assert line.desk.binds == [("127.64.0.9", 8025)]
    assert {len(data) for data in line.desk.sent[1:]} == {160}
