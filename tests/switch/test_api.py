import pytest

from mediasock.switch.api import FUNCTIONS, NO_CHANNEL, run
from tests.support.desk import Desk


@pytest.fixture
def desk() -> Desk:
    return Desk()


def test_the_switch_says_what_it_is(desk: Desk) -> None:
    status = run(desk.switch, "status", "")
    assert status.startswith("UP 0 years, 0 days, 0 hours, 0 minutes, 0 seconds, 20 milliseconds")
    assert "1 session(s) since startup" in status
    assert run(desk.switch, "version", "").startswith("FreeSWITCH Version 1.11")
    assert run(desk.switch, "hostname", "") == "embedded"
    assert run(desk.switch, "global_getvar", "hostname") == "embedded"
    assert run(desk.switch, "echo", "a b") == "a b"
    assert run(desk.switch, "strftime", "%Y") == "2023"
    assert run(desk.switch, "strftime", "%Y\0%m") == "2023"
    assert len(run(desk.switch, "create_uuid", "")) == 36


def test_a_command_that_does_not_exist(desk: Desk) -> None:
    assert run(desk.switch, "nosuch", "x") == "-ERR nosuch Command not found!\n"


def test_variables_of_a_call(desk: Desk) -> None:
    uuid = desk.session.uuid
    assert run(desk.switch, "uuid_getvar", f"{uuid} sip_from_user") == "1001"
    assert run(desk.switch, "uuid_getvar", f"{uuid} none") == "_undef_"
    assert run(desk.switch, "uuid_setvar", f"{uuid} a b c") == "+OK\n"
    assert run(desk.switch, "uuid_getvar", f"{uuid} a") == "b c"
    assert "variable_a: b c\n" in run(desk.switch, "uuid_dump", uuid)
    run(desk.switch, "uuid_setvar", f"{uuid} a")
    assert run(desk.switch, "uuid_getvar", f"{uuid} a") == "_undef_"


def test_a_call_is_broken_moved_and_killed(desk: Desk) -> None:
    uuid = desk.session.uuid
    desk.execute("sleep", "10000")
    desk.tick()
    run(desk.switch, "uuid_break", uuid)
    desk.tick()
    assert not desk.session.broken
    assert run(desk.switch, "uuid_transfer", f"{uuid} again XML default") == "+OK\n"
    desk.tick()
    assert len(desk.dials) == 2
    assert run(desk.switch, "uuid_kill", f"{uuid} USER_BUSY") == "+OK\n"
    desk.tick()
    assert desk.session.channel.cause == "USER_BUSY"
    assert run(desk.switch, "uuid_exists", uuid) == "false"


def test_keys_can_be_received_by_command(desk: Desk) -> None:
    desk.say("event plain DTMF")
    run(desk.switch, "uuid_recv_dtmf", f"{desk.session.uuid} 1x#@200")
    desk.tick()
    assert [one.get("DTMF-Digit") for one in desk.events()] == ["1", "#"]


@pytest.mark.parametrize("name", sorted(name for name in FUNCTIONS if name.startswith("uuid_")))
@pytest.mark.parametrize("arguments", ["", "0815", "0815 x", "0815 x y z"])
def test_no_arguments_and_unknown_calls(desk: Desk, name: str, arguments: str) -> None:
    answer = run(desk.switch, name, arguments)
    assert answer in {"false", NO_CHANNEL} or answer.startswith("-USAGE")
