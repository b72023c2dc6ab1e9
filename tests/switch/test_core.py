from mediasock.switch.codec import Codec
from mediasock.switch.core import Switch
from mediasock.switch.events import Event
from mediasock.switch.line import Line
from mediasock.switch.plan import CallSetup, Identity
from tests.support.desk import Desk, RecordedPhone, counted_uuids


def place(desk: Desk) -> str:
    phone = RecordedPhone(8000, [], None)
    line = Line(phone, lambda: Codec("PCMU"), 160)
    return desk.switch.place(CallSetup("127.0.0.1:1 async"), line).uuid


def test_calls_know_of_each_other() -> None:
    desk = Desk()
    uuid = place(desk)
    assert desk.reply(f"api uuid_exists {uuid}") == "true"
    desk.say("event plain CHANNEL_HANGUP")
    assert desk.reply(f"sendmsg {uuid}\ncall-command: hangup") == "+OK"
    other = desk.switch.sessions[uuid]
    other.tick()
    other.unreachable()
    other.tick()
    assert [one.get("Unique-ID") for one in desk.events()] == [uuid]
    assert uuid not in desk.switch.sessions


def test_whoever_watches_is_told_of_every_event() -> None:
    told: list[Event] = []
    desk = Desk()
    desk.switch.watchers.append(told.append)
    desk.execute("answer")
    desk.tick()
    assert "CHANNEL_CALLSTATE" in [event.name for event in told]


def test_what_the_switch_says_of_itself() -> None:
    switch = Switch(lambda: 0, counted_uuids(), Identity(hostname="box"))
    assert switch.variables["hostname"] == "box"
    assert (switch.next_number(), switch.next_number()) == (1, 2)


def test_sockets_of_ended_calls_hear_on_until_they_close() -> None:
    desk = Desk()
    desk.say("event plain CHANNEL_HANGUP")
    desk.say("linger")
    desk.execute("hangup")
    desk.tick()
    desk.events()
    other = desk.switch.sessions[place(desk)]
    other.hangup("NORMAL_CLEARING")
    assert [one.get("Unique-ID") for one in desk.events()] == [other.uuid]
    desk.say("exit")
    other.close()
    assert desk.switch._listening == []
