import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mediasock.switch import event_socket
from mediasock.switch.errors import SwitchAborted
from tests.support.desk import Desk, names

LIMITED = "127.0.0.1:8084 async"
SYNC = "127.0.0.1:8084 full"


def test_what_is_said_before_connect_is_not_answered() -> None:
    desk = Desk(connected=False)
    desk.sockets.append(desk.session.connect("127.0.0.1"))
    desk.tick()
    desk.say("linger")
    assert desk.read() == []
    desk.say("connect")
    assert desk.read()[0].get("Control") == "full"


def test_one_that_says_nothing_is_closed_after_25_seconds() -> None:
    desk = Desk(connected=False)
    desk.sockets.append(desk.session.connect("127.0.0.1"))
    desk.tick(1250)
    assert not desk.socket.closed
    desk.tick(2)
    assert desk.socket.closed
    assert desk.session.channel.up  # parked, and nobody is left who would end that


@pytest.mark.parametrize(
    "command", ["api status", "bgapi status", "event plain all", "linger", "log 7", "noevents"]
)
def test_without_full_these_are_refused(command: str) -> None:
    assert Desk(LIMITED).reply(command) == "-ERR command not found"


@pytest.mark.parametrize(
    ("command", "answer"),
    [
        ("myevents", "+OK Events Enabled"),
        ("filter A b", "+OK filter added. [A]=[b]"),
        ("filter delete A b", "+OK filter deleted. [A][b]"),
        ("resume", "+OK"),
        ("divert_events off", "+OK events not diverted"),
        ("getvar nothing_set", "-ERR command not found"),
        ("getvar sip_from_user", "1001"),
        ("exit", "+OK bye"),
    ],
)
def test_without_full_these_are_answered(command: str, answer: str) -> None:
    assert Desk(LIMITED).reply(command) == answer


@pytest.mark.parametrize(
    ("command", "answer"),
    [
        ("event plain", "-ERR no keywords supplied"),
        ("event DTMF", "+OK event listener enabled plain"),
        ("events json DTMF", "+OK event listener enabled json"),
        ("nixevent", "-ERR no keywords supplied"),
        ("noevents", "-ERR not listening for events"),
        ("filter A", "-ERR invalid syntax"),
        ("divert_events maybe", "-ERR invalid syntax"),
        ("linger 7", "+OK will linger 7 seconds"),
        ("linger never", "+OK will linger"),
        ("nolinger", "+OK will not linger"),
        ("log debug", "+OK log level debug [7]"),
        ("log 9", "-ERR invalid log level 9"),
        ("log 0009", "-ERR invalid log level 0009"),
        ("nolog", "-ERR not loging"),
        ("api", "-ERR command not found"),
        ("bgapi", "-ERR command not found"),
        ("sendmsg 0815\ncall-command: hangup", "-ERR invalid session id [0815]"),
        ("nonsense", "-ERR command not found"),
    ],
)
def test_answers_of_a_full_socket(command: str, answer: str) -> None:
    assert Desk().reply(command) == answer


def test_an_answer_is_cut_at_511_bytes() -> None:
    desk = Desk()
    desk.session.channel.set("long", "x" + "ä" * 400)
    desk.say("getvar long")
    assert desk.socket.output().endswith(b"Reply-Text: x" + "ä".encode() * 255 + b"\n\n")


def test_without_async_an_execute_is_answered_when_it_is_done() -> None:
    desk = Desk(SYNC)
    desk.say("myevents")
    desk.execute("answer")
    desk.tick()
    desk.read()
    desk.execute("sleep", "100")
    desk.say("getvar sip_from_user")
    desk.tick(5)
    assert desk.read() == []
    desk.tick(2)
    read = desk.read()
    assert [one.get("Reply-Text") for one in read if one.kind == "command/reply"] == ["+OK", "1001"]
    assert [one.kind for one in read] == ["command/reply", "event", "event", "command/reply"]


def test_the_log_comes_at_its_level_and_above() -> None:
    desk = Desk()
    desk.say("log warning")
    desk.execute("log", "INFO not this")
    desk.execute("log", "ERR but this")
    desk.tick()
    lines = [one for one in desk.read() if one.kind == "log/data"]
    assert [(one.get("Log-Level"), one.body) for one in lines] == [("3", "but this\n")]
    assert lines[0].get("User-Data") == desk.session.uuid


def test_a_background_job_keeps_its_name() -> None:
    desk = Desk()
    desk.say("event plain BACKGROUND_JOB")
    desk.read()
    desk.say("bgapi echo a b\nJob-UUID: mine")
    reply, job = desk.read()
    assert (reply.get("Job-UUID"), job.get("Job-UUID"), job.body) == ("mine", "mine", "a b")
    assert job.get("Job-Command-Arg") == "a b"


def test_a_sent_event_comes_back_to_who_subscribed() -> None:
    desk = Desk()
    desk.say("event plain CUSTOM mine::one")
    desk.say("sendevent CUSTOM\nEvent-Subclass: mine::one\nkey: a b")
    assert desk.events()[0].get("key") == "a b"


def test_a_message_to_another_call() -> None:
    desk = Desk()
    assert desk.reply(f"sendmsg {desk.session.uuid}\ncall-command: hangup") == "+OK"
    desk.tick()
    assert desk.session.channel.cause == "NORMAL_CLEARING"


def test_after_the_call_a_message_is_refused() -> None:
    desk = Desk()
    desk.say("linger")
    desk.execute("hangup")
    desk.tick()
    assert desk.reply("sendmsg\ncall-command: hangup").startswith("-ERR invalid session id")


def test_lingering_ends_with_its_time() -> None:
    desk = Desk()
    desk.say("linger 2")
    desk.execute("hangup")
    desk.tick(2)
    notice = desk.read()[-1]
    assert (notice.get("Content-Disposition"), notice.get("Linger-Time")) == ("linger", "2")
    desk.tick(98)
    assert not desk.socket.closed
    desk.tick(3)
    assert desk.read()[-1].get("Content-Disposition") == "disconnect"
    assert desk.session.over


def test_a_slow_reader_loses_events_and_then_its_connection(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(event_socket, "MOST_EVENTS", 3)
    monkeypatch.setattr(event_socket, "MOST_DROPPED", 2)
    desk = Desk()
    desk.say("event plain CUSTOM x")
    for _ in range(5):
        desk.say("sendevent CUSTOM\nEvent-Subclass: x")
    assert not desk.socket.closed
    desk.say("sendevent CUSTOM\nEvent-Subclass: x")
    assert desk.socket.closed
    assert names(desk.events()) == ["CUSTOM"] * 3


def test_the_goodbye_can_overtake_the_last_events() -> None:
    desk = Desk()
    desk.say("myevents")
    desk.socket.goodbye_after = 2
    desk.execute("hangup")
    desk.tick()
    last = [one for one in desk.read() if one.kind != "command/reply"]
    assert names(last[:-1])[-2:] == ["CHANNEL_HANGUP", "CHANNEL_EXECUTE_COMPLETE(hangup)"]
    assert last[-1].get("Content-Disposition") == "disconnect"


def test_a_command_without_an_end_closes_the_connection() -> None:
    desk = Desk()
    desk.socket.feed(b"x" * ((1 << 20) + 1))
    assert desk.socket.closed


COMMANDS = """connect exit myevents event nixevent noevents filter divert_events linger nolinger
resume getvar log nolog api bgapi sendevent sendmsg"""
EXECUTE = "sendmsg\ncall-command: execute\nexecute-app-name:"
WORDS = st.sampled_from([*COMMANDS.split(), EXECUTE, "sendmsg\ncall-command: unicast", ""])


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.lists(st.tuples(WORDS, st.text(max_size=30), st.integers(0, 3)), max_size=12),
    st.sampled_from(["async full", "async", "full", ""]),
)
def test_no_bytes_of_an_application_break_the_switch(
    said: list[tuple[str, str, int]], mode: str
) -> None:
    desk = Desk("127.0.0.1:8084 " + mode)
    for word, text, ticks in said:
        desk.socket.feed(f"{word} {text}\n\n".encode("utf-8", "surrogatepass"))
        try:
            desk.tick(ticks)
        except SwitchAborted:
            return
        desk.read()  # it has said nothing but whole frames


@settings(deadline=None)
@given(st.lists(st.binary(max_size=300), max_size=8))
def test_no_garbage_breaks_the_switch(pieces: list[bytes]) -> None:
    desk = Desk()
    for piece in pieces:
        desk.socket.feed(piece)
        desk.tick()
    assert desk.session.channel.up or desk.socket.closed
