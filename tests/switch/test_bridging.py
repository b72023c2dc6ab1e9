import pytest

from tests.support.desk import Desk, names


def bridged(target: str, **variables: str) -> Desk:
    desk = Desk(codec="L16", variables=variables)
    desk.say("myevents")
    desk.execute("bridge", target, event_lock="true")
    desk.tick(5)
    return desk


def other(desk: Desk) -> str:
    return str(desk.events("CHANNEL_BRIDGE")[0].get("Bridge-B-Unique-ID"))


def test_a_bridge_answers_the_call_and_both_hear_each_other() -> None:
    desk = bridged("{a=b}loopback/echo/rig")
    uuid = other(desk)
    assert desk.session.channel.answer_state == "answered"
    assert desk.reply(f"api uuid_exists {uuid}") == "true"
    desk.tick(10)
    assert desk.heard().any()


def test_the_other_leg_hangs_up_and_the_call_goes_on() -> None:
    desk = bridged("loopback/park")
    uuid = other(desk)
    assert desk.reply(f"api uuid_kill {uuid} USER_BUSY") == "+OK\n"
    desk.tick(2)
    happened = desk.events()
    assert names(happened) == ["CHANNEL_UNBRIDGE", "CHANNEL_EXECUTE_COMPLETE(bridge)"]
    assert happened[0].get("variable_bridge_hangup_cause") == "USER_BUSY"
    assert desk.session.channel.up
    assert desk.reply(f"api uuid_exists {uuid}") == "false"


def test_the_call_can_be_made_to_end_with_its_bridge() -> None:
    desk = bridged("loopback/park", hangup_after_bridge="true")
    desk.say(f"api uuid_kill {other(desk)}")
    desk.tick()
    assert not desk.session.channel.up


def test_the_call_hangs_up_and_the_leg_is_gone() -> None:
    desk = bridged("loopback/tone")
    assert desk.heard().any()
    desk.session.far_end_hangs_up()
    desk.tick()
    assert desk.switch.legs == {}
    assert "CHANNEL_UNBRIDGE" in names(desk.events())


def test_a_leg_that_plays_a_file_hangs_up_at_its_end() -> None:
    desk = bridged("loopback/app=playback:silence_stream://60")
    assert "CHANNEL_UNBRIDGE" in names(desk.events())


def test_targets_are_tried_in_turn() -> None:
    desk = bridged("sofia/gateway/x/123|loopback/echo")
    assert len(desk.switch.legs) == 1


@pytest.mark.parametrize("target", ["sofia/gateway/x/1", "", "loopback/", "loopback/nowhere"])
def test_no_such_target_ends_the_call(target: str) -> None:
    assert bridged(target).session.channel.cause == "NO_ROUTE_DESTINATION"


def test_no_such_target_can_be_survived() -> None:
    desk = bridged("loopback/nowhere", continue_on_fail="true")
    assert desk.session.channel.up
    assert desk.reply("getvar originate_disposition") == "NO_ROUTE_DESTINATION"
