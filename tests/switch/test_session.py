import pytest

from mediasock.switch import session as sessions
from mediasock.switch.errors import SwitchError
from tests.support.desk import Desk, names


def test_a_connection_that_nobody_asked_for_is_refused() -> None:
    desk = Desk()
    with pytest.raises(SwitchError, match="not asked for"):
        desk.session.connect("127.0.0.1")


def test_the_far_end_hangs_up_while_it_rings() -> None:
    desk = Desk()
    desk.say("myevents")
    desk.session.far_end_hangs_up()
    desk.session.far_end_hangs_up()
    desk.tick()
    last = [one for one in desk.read() if one.kind == "event"][-1]
    assert last.get("Hangup-Cause") == "ORIGINATOR_CANCEL"
    assert last.get("variable_sip_hangup_disposition") == "send_refuse"
    assert desk.session.over


def test_every_program_ends_when_the_call_does() -> None:
    desk = Desk()
    desk.execute("answer")
    for application in ("playback silence_stream://-1", "sleep 100000", "echo", "park"):
        desk.execute(*application.split(" ", 1))
    desk.tick(5)
    desk.session.far_end_hangs_up()
    desk.tick()
    assert desk.session.finished


def test_a_transfer_leads_back_to_the_application_and_its_stream_begins_anew() -> None:
    desk = Desk("127.0.0.1:8084/menu async full")
    desk.execute("answer")
    desk.unicast()
    desk.tick(3)
    desk.execute("playback", "silence_stream://40")
    desk.execute("transfer", "again")
    desk.tick(6)
    assert len(desk.dials) == 2
    desk.accept()
    assert desk.reply("getvar socket_path") == "menu"
    sent = len(desk.sent)
    desk.unicast()
    desk.tick(4)
    assert len(desk.sent) == sent + 3
    assert not desk.sockets[0].closed
    desk.execute("hangup")
    desk.tick()
    assert all(socket.closed for socket in desk.sockets)


def test_an_extension_may_have_a_line_of_its_own() -> None:
    desk = Desk(extensions={"fax": "127.0.0.2:9000 async"})
    desk.execute("transfer", "fax XML default")
    desk.tick()
    assert desk.dials[-1].targets == (("127.0.0.2", 9000, ""),)


def test_xferext_runs_a_list_of_applications() -> None:
    desk = Desk()
    desk.say("event plain CHANNEL_EXECUTE")
    desk.say("sendmsg\ncall-command: xferext\napplication: set a=b\napplication: hangup USER_BUSY")
    desk.tick()
    happened = names(desk.events())
    assert happened == ["CHANNEL_EXECUTE(set)", "CHANNEL_EXECUTE(hangup)"]
    assert desk.session.channel.cause == "USER_BUSY"


def test_hangup_by_message() -> None:
    desk = Desk()
    desk.say("sendmsg\ncall-command: hangup\nhangup-cause: CALL_REJECTED")
    desk.tick()
    assert desk.session.channel.cause == "CALL_REJECTED"


@pytest.mark.parametrize(("loops", "times"), [("3", 3), ("0", 0), ("-2", 0), ("x", 1), ("", 1)])
def test_loops(loops: str, times: int) -> None:
    desk = Desk()
    desk.say("event plain CHANNEL_EXECUTE_COMPLETE")
    desk.execute("sleep", "20", loops=loops)
    desk.tick(10)
    done = len(desk.events("CHANNEL_EXECUTE_COMPLETE"))
    assert done == times or (loops == "-2" and done > 3)


def test_a_loop_without_end_leaves_other_calls_their_turn() -> None:
    desk = Desk()
    desk.execute("set", "a=b", loops="-1")
    desk.tick(3)
    assert desk.reply("getvar current_loop") == str(3 * sessions.TURNS_A_FRAME)
    desk.session.far_end_hangs_up()
    desk.tick()
    assert desk.session.finished


def test_closing_ends_all_without_a_word() -> None:
    desk = Desk()
    desk.execute("playback", "silence_stream://-1")
    desk.tick(3)
    desk.session.close()
    assert desk.session.over
    assert desk.switch.sessions == {}


def test_the_reply_of_each_frame_length() -> None:
    for ptime in (10, 30):
        desk = Desk(ptime_ms=ptime)
        desk.execute("answer")
        desk.say("event plain CHANNEL_EXECUTE_COMPLETE")
        desk.execute("sleep", "90")
        desk.tick(90 // ptime)
        assert names(desk.events()) == ["CHANNEL_EXECUTE_COMPLETE(answer)"]
        desk.tick()
        assert names(desk.events()) == ["CHANNEL_EXECUTE_COMPLETE(sleep)"]


def test_a_call_that_goes_round_in_a_circle_is_ended() -> None:
    desk = Desk("host:none", connected=False, after=(("transfer", "again"),))
    desk.tick(3)
    assert desk.session.channel.cause == "EXCHANGE_ROUTING_ERROR"
    assert desk.session.channel.profile.index == sessions.MOST_MOVES + 1


def test_forwards_that_are_no_number_are_not_trusted() -> None:
    desk = Desk()
    desk.execute("set", "max_forwards=many")
    desk.execute("transfer", "again")
    desk.tick(2)
    assert desk.reply("getvar max_forwards") == "69"
