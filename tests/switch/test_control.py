import pytest

from tests.support.desk import Desk


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
def test_a_control_socket_that_dies_leaves_the_call_to_its_dialplan(mode: str) -> None:
    desk = Desk(f"127.0.0.1:8084 {mode}", after=(("set", "a=b"), ("hangup", "USER_BUSY")))
    desk.socket.peer_closed()
    desk.tick()
    assert desk.session.channel.get("a") == "b"
    assert desk.session.channel.cause == "USER_BUSY"
    assert desk.session.resumed


@pytest.mark.parametrize("way", ["resume", "variable", ""])
def test_resuming_cuts_off_what_runs(way: str) -> None:
    variables = {"socket_resume": "true"} if way == "variable" else {}
    desk = Desk(variables=variables, after=(("set", "a=b"), ("sleep", "1000")))
    desk.execute("sleep", "400")
    desk.tick(2)
    if way == "resume":
        desk.say("resume")
    desk.say("exit")
    desk.tick(2)
    assert (desk.session.channel.get("a") == "b") is bool(way)
    desk.tick(20)
    assert desk.session.channel.get("a") == "b"
    assert desk.session.resumed


def test_without_async_a_call_that_resumes_is_reset_and_nothing_runs_on_it_any_more() -> None:
    desk = Desk("127.0.0.1:8084 full", after=(("set", "a=b"),))
    desk.say("resume")
    desk.say("exit")
    desk.tick(100)
    assert desk.session.channel.up
    assert desk.session.channel.get("a") is None
    desk.session.far_end_hangs_up()
    desk.tick()
    assert desk.session.over


def test_the_end_of_a_socket_that_the_call_has_left_ends_the_next_ones_park() -> None:
    desk = Desk(after=(("set", "a=b"), ("sleep", "100")))
    desk.execute("transfer", "again")
    desk.tick(2)
    desk.accept()
    desk.tick(5)
    assert desk.session.controlled
    desk.sockets[0].peer_closed()
    desk.tick()
    assert desk.session.channel.get("a") == "b"
    assert not desk.sockets[1].closed


def test_with_resume_it_resets_the_call_wherever_that_is() -> None:
    desk = Desk(extensions={"elsewhere": "127.0.0.1:1 async"}, after=(("sleep", "200"),))
    desk.execute("transfer", "elsewhere")
    desk.tick(2)
    desk.session.unreachable()
    desk.tick(2)
    desk.say("resume")
    desk.say("exit")
    desk.tick(50)
    assert desk.session.channel.up  # the sleep was cut off, and the dialplan with it
    desk.session.transfer("again", "default")
    desk.tick(2)
    assert len(desk.dials) == 3


def test_without_async_a_transferred_call_leaves_when_its_socket_is_closed() -> None:
    desk = Desk("127.0.0.1:8084 full")
    desk.execute("transfer", "again")
    desk.tick(10)
    assert len(desk.dials) == 1
    desk.say("exit")
    desk.tick(2)
    assert len(desk.dials) == 2


def test_a_parked_call_says_so_to_who_watches_and_is_not_parked_once_more() -> None:
    desk = Desk(after=(("park", ""),))
    told: list[str] = []
    desk.switch.watchers.append(lambda event: told.append(event.name))
    desk.execute("park")
    desk.tick(2)
    assert told == ["CHANNEL_EXECUTE", "CHANNEL_EXECUTE_COMPLETE"]
    desk.say("exit")
    desk.tick(2)
    assert told[-2:] == ["CHANNEL_EXECUTE", "CHANNEL_PARK"]


def test_keys_are_told_of_while_the_call_is_parked() -> None:
    desk = Desk(keys=[(0.1, "1"), (0.2, "#")])
    desk.say("myevents")
    desk.execute("answer")
    desk.tick(15)
    keys = [(one.get("DTMF-Digit"), one.get("DTMF-Source")) for one in desk.events("DTMF")]
    assert keys == [("1", "RTP"), ("#", "RTP")]
