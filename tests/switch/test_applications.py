import numpy as np
import pytest

from mediasock.switch.applications import APPLICATIONS
from tests.support.desk import Desk, names


def answered(**setup: object) -> Desk:
    desk = Desk(**setup)  # type: ignore[arg-type]
    desk.execute("answer")
    desk.tick()
    return desk


def test_variables_are_set_exported_and_unset() -> None:
    desk = answered()
    desk.execute("set", "a=b=c")
    desk.execute("set", "copy=${a}!")
    desk.execute("export", "nolocal:far=1")
    desk.execute("export", "near=2")
    desk.tick()
    assert desk.reply("getvar a") == "b=c"
    assert desk.reply("getvar copy") == "b=c!"
    assert desk.reply("getvar far") == "-ERR command not found"
    assert desk.reply("getvar export_vars") == "far,near"
    desk.execute("unset", "a")
    desk.execute("set", "near=")
    desk.tick()
    assert desk.reply("getvar a") == desk.reply("getvar near") == "-ERR command not found"


@pytest.mark.parametrize("data", ["a=1 b=x=y c=", "^^;a=1;b=x=y;c=", "^^|a=1|b=x=y"])
def test_several_variables_are_set_at_once(data: str) -> None:
    desk = answered()
    desk.execute("set", "a=0")
    desk.execute("multiset", data)
    desk.tick()
    assert desk.reply("getvar a") == "1"
    assert desk.reply("getvar b") == "x=y"
    assert desk.reply("getvar c") == "-ERR command not found"


def test_with_a_delimiter_values_have_blanks() -> None:
    desk = answered()
    desk.execute("multiset", "^^~text=all went well~code=0")
    desk.tick()
    assert desk.reply("getvar text") == "all went well"
    assert desk.reply("getvar code") == "0"


def test_sleeping_takes_its_time_and_can_be_broken() -> None:
    desk = answered()
    desk.say("myevents")
    desk.execute("sleep", "200")
    desk.tick(10)
    assert len(desk.events("CHANNEL_EXECUTE_COMPLETE")) == 0
    desk.tick()
    assert len(desk.events("CHANNEL_EXECUTE_COMPLETE")) == 1
    desk.execute("sleep", "99999")
    desk.execute("break")
    desk.tick(3)
    assert len(desk.events("CHANNEL_EXECUTE_COMPLETE")) == 2


@pytest.mark.parametrize("data", ["", "soon", "-1", "٣"])
def test_sleeping_no_time(data: str) -> None:
    desk = answered()
    desk.say("myevents")
    desk.execute("sleep", data)
    desk.tick()
    assert len(desk.events("CHANNEL_EXECUTE_COMPLETE")) == 1


def test_an_echo_is_heard_a_frame_later() -> None:
    desk = answered(codec="L16")
    desk.execute("echo")
    desk.tick(20)
    heard = desk.heard()
    desk.phone._said = 0
    said = desk.phone.speak(len(heard))
    shift = int(np.flatnonzero(heard)[0] - np.flatnonzero(said)[0])
    assert shift == 160
    assert np.array_equal(heard[shift:], said[: len(heard) - shift])


def test_the_call_can_be_written_to_the_log() -> None:
    desk = answered()
    desk.say("log 7")
    desk.execute("info")
    desk.execute("log", "words without a level")
    desk.tick()
    logged = [one.body for one in desk.read() if one.kind == "log/data"]
    assert f"Unique-ID: [{desk.session.uuid}]" in logged[0]
    assert logged[1] == "words without a level\n"


def test_keys_to_the_phone_and_keys_forgotten() -> None:
    desk = answered(keys=[(0.1, "1")])
    desk.execute("send_dtmf", "12#@200")
    desk.tick()
    assert desk.line.keys_sent == "12#"
    desk.session.keys.append(("9", "RTP"))
    desk.session.inbox.clear()
    APPLICATIONS["flush_dtmf"](desk.session, "")
    assert not desk.session.keys


@pytest.mark.parametrize(
    ("data", "cause"),
    [("", "NORMAL_CLEARING"), ("USER_BUSY", "USER_BUSY"), ("21", "CALL_REJECTED")],
)
def test_hanging_up_with_a_cause(data: str, cause: str) -> None:
    desk = Desk()
    desk.execute("hangup", data)
    desk.tick()
    assert desk.session.channel.cause == cause


def test_an_application_that_does_not_exist_ends_the_call_without_a_word_of_it() -> None:
    desk = answered()
    desk.say("event plain CHANNEL_EXECUTE CHANNEL_EXECUTE_COMPLETE")
    desk.execute("rxfax", "/tmp/x.tiff")
    desk.tick()
    assert names(desk.events()) == ["CHANNEL_EXECUTE_COMPLETE(socket)"]
    assert desk.session.channel.cause == "DESTINATION_OUT_OF_ORDER"


def test_a_transfer_to_nowhere_is_none() -> None:
    desk = answered()
    desk.execute("transfer", "-bleg")
    desk.tick()
    assert len(desk.dials) == 1


def test_names_know_no_case() -> None:
    desk = Desk()
    desk.execute("Answer")
    desk.tick()
    assert desk.session.channel.answer_state == "answered"


@pytest.mark.parametrize("codec", ["L16", "G722"])
def test_keys_in_the_sound_are_told_of_while_that_is_asked_for(codec: str) -> None:
    desk = answered(codec=codec)
    desk.say("event plain DTMF")
    desk.execute("start_dtmf")
    desk.execute("start_dtmf")
    desk.tick(25)
    keys = [(one.get("DTMF-Digit"), one.get("DTMF-Source")) for one in desk.events()]
    assert set(keys) == {("1", "INBAND_AUDIO")}
    assert len(keys) in {2, 3}
    desk.execute("stop_dtmf")
    desk.tick(25)
    assert len(desk.events()) <= 1
