import pytest

from tests.support.desk import Desk, names


def test_the_hosts_and_the_path_of_a_line() -> None:
    desk = Desk("10.0.0.1:1/a|10.0.0.2:2/b async", connected=False)
    assert desk.dials[0].targets == (("10.0.0.1", 1, "a"), ("10.0.0.2", 2, "b"))
    assert not desk.session.sockets


def test_what_is_said_at_once_with_connect_is_obeyed() -> None:
    desk = Desk(connected=False)
    desk.sockets.append(desk.session.connect("127.0.0.1"))
    desk.say("connect\n\nsendmsg\ncall-command: execute\nexecute-app-name: answer")
    desk.tick(3)
    assert desk.session.channel.answer_state == "answered"


def test_nobody_there_goes_on_in_the_dialplan() -> None:
    desk = Desk(connected=False, after=(("set", "a=b"), ("hangup", "NO_ANSWER")))
    desk.session.unreachable()
    desk.tick()
    assert desk.session.channel.get("a") == "b"
    assert desk.session.channel.cause == "NO_ANSWER"


def test_a_line_that_cannot_be_read_goes_on_in_the_dialplan() -> None:
    desk = Desk("127.0.0.1:none", connected=False)
    desk.tick()
    assert desk.dials == []
    assert desk.session.channel.cause == "NORMAL_CLEARING"


@pytest.mark.parametrize("mode", ["async full", "full"])
def test_a_control_socket_that_dies_ends_the_call(mode: str) -> None:
    desk = Desk(f"127.0.0.1:8084 {mode}", after=(("set", "a=b"),))
    desk.socket.peer_closed()
    desk.tick()
    assert desk.session.channel.cause == "NORMAL_CLEARING"
    assert desk.session.channel.get("a") is None
    assert not desk.session.resumed


@pytest.mark.parametrize("way", ["resume", "variable"])
def test_a_call_that_is_let_go_on(way: str) -> None:
    variables = {"socket_resume": "true"} if way == "variable" else {}
    desk = Desk(variables=variables, after=(("sleep", "100"), ("set", "a=b")))
    if way == "resume":
        desk.say("resume")
    desk.say("exit")
    desk.tick(4)
    assert desk.session.channel.up
    assert desk.session.resumed
    desk.tick(6)
    assert desk.session.channel.get("a") == "b"
    assert desk.session.over


def test_a_parked_call_says_so_to_who_listens() -> None:
    desk = Desk()
    desk.say("myevents")
    desk.execute("park")
    desk.tick(2)
    assert names(desk.events()) == ["CHANNEL_EXECUTE(park)", "CHANNEL_PARK"]


def test_keys_are_told_of_while_the_call_is_parked() -> None:
    desk = Desk(keys=[(0.1, "1"), (0.2, "#")])
    desk.say("myevents")
    desk.execute("answer")
    desk.tick(15)
    keys = [(one.get("DTMF-Digit"), one.get("DTMF-Source")) for one in desk.events("DTMF")]
    assert keys == [("1", "RTP"), ("#", "RTP")]
