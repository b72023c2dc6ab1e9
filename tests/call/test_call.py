"""A Call against the embedded switch: its life, what the switch does to it, how waits end."""

import asyncio
from functools import partial

import numpy as np
import pytest
import soundfile

from mediasock.call import Call
from mediasock.esl.channel import OutboundConnection
from mediasock.esl.errors import Disconnected, HungUp, ModeError, WaitTimeout
from mediasock.media import StreamLost
from mediasock.media.hub import MediaHub
from mediasock.media.sources import PlayError
from mediasock.switch.far_end import FarEnd, HangUp, Keys, Rfc2833, Tone, Wait
from tests.support.calls import Scripted, dial, loudness_at, run, serving, until
from tests.support.event_socket import Wire, complete, connect_reply, event, reply

LONG = "tone_stream://%(20000,0,440)"


def applications(told):
    return [name for name, _ in told.executed() if name not in {"socket", "set"}]


# -- its life ---------------------------------------------------------------------------------


def test_answer_and_hangup_with_a_cause(talk):
    async def script(call):
        assert call.hangup_cause is None
        await call.answer()
        await call.hangup("USER_BUSY")
        await call.hangup("NORMAL_CLEARING")  # one that is over stays so
        return call.hangup_cause, str(call.over)

    told = talk(script)
    assert told.outcome.answered
    assert told.outcome.hangup_cause == "USER_BUSY"
    assert told.returned == ("USER_BUSY", "the call was hung up: USER_BUSY")


def test_pre_answer_opens_the_sound_without_answering(talk):
    async def script(call):
        await call.pre_answer()
        async with call.media() as media:
            await media.digits(max=1, timeout=20)
        await call.hangup("NO_ANSWER")

    told = talk(script, [Wait(0.1), Keys("5"), Wait(5)])
    assert not told.outcome.answered
    assert told.outcome.hangup_cause == "NO_ANSWER"
    assert told.outcome.frames_to_application > 10


def test_it_knows_who_calls_whom_and_what_the_dialplan_set(talk):
    async def script(call):
        await call.hangup()
        return call.caller, call.destination, call.variables["customer"], call.path

    told = talk(script, variables={"customer": "4711"}, number="300", caller="1234", path="who")
    assert told.returned == ("1234", "300", "4711", "who")


def test_a_call_that_the_far_end_ends_says_why(talk):
    async def script(call):
        await call.answer()
        return await call.wait_hangup()

    assert talk(script, [Wait(0.1), HangUp()]).returned == "NORMAL_CLEARING"


def test_its_name_for_a_file_holds_no_path(talk):
    async def script(call):
        call.uuid = "../../etc/x y"
        await call.hangup()
        return call.file_name(".wav")

    assert talk(script).returned == "______etc_x_y.wav"


# -- what the switch does to it ---------------------------------------------------------------


@pytest.mark.parametrize("full", [True, False])
def test_variables_are_set_and_read(talk, full):
    async def script(call):
        await call.set("greeting", "a=b %41 ümläut")
        read = await call.get("greeting"), await call.get("nothing_of_this_name")
        await call.hangup()
        return read

    assert talk(script, full=full).returned == ("a=b %41 ümläut", None)


def test_execute_returns_when_the_application_is_done(talk):
    async def script(call):
        await call.answer()
        done = await call.execute("sleep", "100")
        with pytest.raises(WaitTimeout):
            await call.execute("sleep", "9000", timeout=0.05)
        await call.break_()
        await call.hangup()
        return done.name, done.text("Application-Data")

    assert talk(script).returned == ("CHANNEL_EXECUTE_COMPLETE", "100")


def test_playback_without_a_stream_is_the_switchs(talk):
    async def script(call):
        await call.answer()
        await call.playback("tone_stream://%(300,0,1000)", break_on="5")
        await call.hangup()

    told = talk(script)
    assert ("playback", "tone_stream://%(300,0,1000)") in told.executed()
    assert told.variable("playback_terminators") == "5"
    assert loudness_at(told.far_end.heard, 1000) > -30
    assert told.outcome.frames_from_application == 0


def test_playback_of_what_the_switch_does_not_find_is_an_error_that_names_it(talk):
    async def script(call):
        await call.answer()
        with pytest.raises(PlayError, match=r"^/nowhere/gone\.wav: FreeSWITCH finds no such file$"):
            await call.playback("/nowhere/gone.wav")
        await call.hangup()

    assert talk(script).outcome.went_well


def test_a_prompt_that_nobody_waits_for_and_that_is_not_there_is_told_in_the_log(talk, caplog):
    async def script(call):
        async with call.media() as media:
            media.play("/nowhere/gone.wav")
            await media.playback("silence_stream://40")
        await call.hangup()

    assert talk(script).outcome.went_well
    (told,) = (one for one in caplog.records if "cannot be played" in one.message)
    assert told.levelname == "WARNING"
    assert "/nowhere/gone.wav" in told.message
    assert told.call


def test_playback_with_a_stream_goes_through_it_and_the_stream_lives(talk):
    async def script(call):
        async with call.media() as media:
            await call.playback("tone_stream://%(300,0,1000)")
            return await media.digits(max=1, timeout=20)

    told = talk(script, [Wait(0.6), Keys("7"), Wait(5)])
    assert "playback" not in applications(told)
    assert loudness_at(told.far_end.heard, 1000) > -30
    assert told.returned == "7"


def test_break_stops_what_the_switch_plays(talk):
    async def script(call):
        await call.answer()
        playing = asyncio.create_task(call.playback(LONG))
        async for begun in call.connection.events("CHANNEL_EXECUTE"):
            if begun.text("Application") == "playback":
                break
        await call.break_()
        await playing
        await call.hangup()

    told = talk(script)
    assert applications(told)[-2:] == ["playback", "break"]
    assert told.seconds < 14


def test_break_stops_what_goes_through_the_stream(talk):
    async def script(call):
        async with call.media() as media:
            playing = media.play(LONG)
            queued = media.play(LONG)
            await playing.mark(800)
            await call.break_()
            how = await playing, await queued
        await call.hangup()
        return how

    told = talk(script)
    assert told.returned == ("broken", "broken")
    assert "break" not in applications(told)


@pytest.mark.usefixtures("losing")
def test_a_bridge_leaves_the_stream_alive_and_a_hangup_passes_it(talk):
    async def script(call):
        async with call.media() as media:
            keyed = await media.digits(max=1, timeout=20)
            bridging = asyncio.create_task(call.bridge("loopback/tone"))
            # Longer than a stream without a frame is called lost.
            await asyncio.wait([bridging], timeout=3.0)
            assert not bridging.done()
            assert media.lost is None
            await call.hangup("USER_BUSY")
        return keyed, (await bridging).hung_up

    told = talk(script, [Wait(0.5), Keys("1"), Wait(30)])
    assert told.returned == ("1", True)
    assert told.outcome.hangup_cause == "USER_BUSY"
    assert loudness_at(told.far_end.heard, 440) > -30


def test_after_a_bridge_that_the_other_leg_ended_the_stream_goes_on(talk, tmp_path):
    soundfile.write(tmp_path / "short.wav", np.full(1600, 2000, np.int16), 8000)

    async def script(call):
        async with call.media() as media:
            over = await call.bridge(f"loopback/app=playback:{tmp_path / 'short.wav'}")
            await media.playback("tone_stream://%(200,0,1500)")
            key = await media.digits(max=1, timeout=20)
        await call.hangup()
        return over.bridged, key

    told = talk(script, [Wait(1.5), *[Keys("9", off_ms=900)] * 12])
    assert told.returned == (True, "9")
    assert loudness_at(told.far_end.heard, 1500) > -30


def test_a_bridge_to_nobody_says_so(talk):
    async def script(call):
        await call.answer()
        await call.set("continue_on_fail", "true")
        over = await call.bridge("loopback/nowhere")
        await call.hangup()
        return over.bridged, over.disposition

    assert talk(script).returned == (False, "NO_ROUTE_DESTINATION")


@pytest.mark.parametrize("full", [True, False])
def test_transfer_ends_this_session_and_begins_another(full):
    async def script(call):
        if await call.get("turn") is None:
            await call.set("turn", "second")
            await call.transfer("300")
            with pytest.raises(Disconnected):
                await call.playback(LONG)
            return "first", call.destination
        async with call.media() as media:
            assert await media.digits(max=1, timeout=20) == "7"
        await call.hangup()
        return "second", call.destination

    async def story():
        app = Scripted(script)
        async with serving(app) as server:
            steps = [Wait(1), *[Keys("7", off_ms=900)] * 12]
            told = await dial(server, steps, number="200", full=full)
            await until(lambda: len(app.returned) == 2)
            await until(lambda: server._listener.calls == 0)
        assert app.returned == [("first", "200"), ("second", "300")]
        assert app.calls[0].uuid == app.calls[1].uuid
        assert told.outcome.hangup_cause == "NORMAL_CLEARING"

    run(story())


def test_async_alone_is_enough_for_everything_but_what_is_named(talk, monkeypatch):
    # Without `full` nothing else ends a call that has not ended within a second.
    monkeypatch.setattr("mediasock.call.HANGUP", 60.0)

    async def script(call):
        async with call.media() as media:
            await media.playback("tone_stream://%(100,0,1000)")
            keys = await media.digits(max=2, timeout=20)
        with pytest.raises(ModeError, match="'full'") as named:
            await call.connection.api("status")
        assert named.value.keyword == "full"
        await call.playback("tone_stream://%(100,0,700)")
        await call.hangup()
        return keys, call.hangup_cause

    told = talk(script, [Wait(0.6), Keys("1"), Wait(0.6), Rfc2833("2"), Wait(5)], full=False)
    assert told.returned == ("12", "NORMAL_CLEARING")
    assert told.outcome.went_well


def test_without_async_media_fails_at_once_and_names_the_word_that_is_missing(talk):
    async def script(call):
        with pytest.raises(ModeError, match="add 'async' to the dialplan") as named:
            async with call.media():
                pass
        assert not call.connection.media_up  # the call was not answered for nothing
        await call.answer()
        await call.playback("tone_stream://%(100,0,1000)")
        await call.set("x", "y")
        read = await call.get("x")
        await call.hangup()
        return named.value.keyword, read

    told = talk(script, is_async=False)
    assert told.returned == ("async", "y")
    assert told.outcome.hangup_cause == "NORMAL_CLEARING"


@pytest.mark.parametrize("is_async", [True, False])
def test_an_application_that_returns_leaves_the_call_to_the_dialplan(talk, is_async):
    async def script(call):
        await call.answer()

    told = talk(script, after=(("hangup", "CALL_REJECTED"),), is_async=is_async)
    assert told.outcome.resumed
    assert told.outcome.hangup_cause == "CALL_REJECTED"


# -- a stream that FreeSWITCH ended -----------------------------------------------------------


async def broadcast(call):
    """Play a file on the call as an operator would, past us."""
    await call.connection.execute("playback", "tone_stream://%(200,0,600)")


@pytest.mark.usefixtures("losing")
def test_the_call_notices_that_its_stream_was_killed_says_so_and_reenters(caplog):
    seen = []

    async def script(call):
        if await call.get("turn") is not None:
            async with call.media() as media:
                seen.append(await media.digits(max=1, timeout=20))
            await call.hangup()
            return
        await call.set("turn", "second")
        async with call.media() as media:
            frames = media.frames()
            await anext(frames)
            waits = [
                asyncio.create_task(wait)
                for wait in (
                    media.digits(max=1, timeout=None),
                    media.playback(LONG),
                    _drain(frames),
                    _drain(media.detections("busy")),
                )
            ]
            await broadcast(call)
            for ended in await asyncio.gather(*waits, return_exceptions=True):
                assert isinstance(ended, StreamLost), ended
            with pytest.raises(StreamLost):
                media.play(LONG)
        await call.reenter()

    async def story():
        app = Scripted(script)
        far_end = FarEnd([Wait(2), *[Keys("4", off_ms=900)] * 12], rate=8000)
        async with serving(app) as server:
            told = await dial(server, far_end=far_end)
            await until(lambda: len(app.returned) + len(app.raised) == 2)
        assert told.outcome.hangup_cause == "NORMAL_CLEARING"
        assert app.raised == []

    run(story())
    assert seen == ["4"]
    assert "Call.reenter() brings a new one" in caplog.text


async def _drain(iterator):
    async for _ in iterator:
        pass


def test_media_after_a_playback_of_the_switchs_is_refused_at_once_with_the_way_back(talk):
    async def script(call):
        async with call.media() as media:
            await media.playback("tone_stream://%(100,0,1000)")
        await call.playback("tone_stream://%(100,0,1000)")
        with pytest.raises(StreamLost, match="reenter"):
            async with call.media():
                pass
        await call.hangup()

    assert talk(script).raised is None


def test_media_after_a_first_playback_of_the_switchs_is_fine(talk):
    async def script(call):
        await call.answer()
        await call.playback("tone_stream://%(100,0,1000)")
        async with call.media() as media:
            key = await media.digits(max=1, timeout=20)
        await call.hangup()
        return key

    assert talk(script, [Wait(1.0), Keys("8", off_ms=900), Keys("8")]).returned == "8"


# -- every wait ends with the call ------------------------------------------------------------


async def _in_media(wait, call):
    async with call.media() as media:
        await wait(call, media)


WAITS = {
    "execute": lambda call, media: call.execute("sleep", "20000"),
    "digits": lambda call, media: media.digits(max=4, timeout=None),
    "playback": lambda call, media: media.playback(LONG),
    "play": lambda call, media: _awaited(media.play(LONG)),
    "gentones": lambda call, media: media.gentones("%(20000,0,440)"),
    "bridge": lambda call, media: _hung_up(call.bridge("loopback/tone")),
    "frames": lambda call, media: _then_hung_up(call, media.frames()),
    "detections": lambda call, media: _then_hung_up(call, media.detections("busy")),
}


async def _awaited(playing):
    await playing


async def _hung_up(bridging):
    over = await bridging
    assert over.hung_up
    raise HungUp(over.cause)


async def _then_hung_up(call, iterator):
    """An iteration ends with the call; what is asked of the call next says why."""
    await _drain(iterator)
    await call.execute("sleep", "1")


@pytest.mark.parametrize("kind", WAITS)
def test_the_far_ends_hangup_ends_a_wait_in_media(talk, kind):
    told = talk(partial(_in_media, WAITS[kind]), [Wait(0.4), HangUp()])
    assert isinstance(told.raised, HungUp)
    assert told.raised.cause == "NORMAL_CLEARING"


@pytest.mark.parametrize("kind", ["execute", "playback", "digits", "get"])
@pytest.mark.parametrize("full", [True, False])
def test_the_far_ends_hangup_ends_a_wait_without_media(talk, kind, full):
    async def script(call):
        await call.answer()
        match kind:
            case "execute":
                await call.execute("sleep", "20000")
            case "playback":
                await call.playback(LONG)
            case "digits":
                await call.digits(timeout=None)
            case "get":
                await call.wait_hangup()
                await call.execute("sleep", "1")

    told = talk(script, [Wait(0.3), HangUp()], full=full)
    assert isinstance(told.raised, HungUp)


def test_hangup_while_a_stream_is_asked_for(talk):
    async def script(call):
        await call.answer()
        await call.wait_hangup()
        async with call.media():
            pass

    assert isinstance(talk(script, [Wait(0.2), HangUp()]).raised, HungUp)


@pytest.mark.parametrize("asked", [False, True])
def test_a_hangup_between_answer_and_stream_is_one_and_no_call_without_media(asked):
    async def story():
        connection = OutboundConnection()
        wire = Wire().attach(connection.protocol())
        connecting = asyncio.ensure_future(connection.connect("plain"))
        await wire.command()
        wire.feed(connect_reply())
        await connecting
        await wire.command()
        wire.feed(reply())
        hub = MediaHub(capacity=1)
        hub.start()
        opening = asyncio.ensure_future(Call(connection, hub).media().__aenter__())
        answered = reply() + complete(await wire.command(), Answer_State="answered")
        over = event("CHANNEL_HANGUP", Hangup_Cause="USER_BUSY", Answer_State="hangup")
        if asked:
            wire.feed(answered)
            assert "call-command: unicast" in await wire.command()
            wire.feed(over + reply("-ERR invalid session id"))
        else:
            wire.feed(answered + over)
        with pytest.raises(HungUp, match="USER_BUSY"):
            await opening
        assert hub.metrics().calls == 0
        hub.stop()

    run(story())


def test_what_was_keyed_before_the_hangup_is_not_lost(talk):
    async def script(call):
        await call.answer()
        keyed = await call.digits(max=9, timeout=None)
        with pytest.raises(HungUp):
            await call.digits(timeout=None)
        return keyed

    assert talk(script, [Rfc2833("31"), Wait(0.1), HangUp()]).returned == "31"


def test_a_tone_that_ends_with_the_call_is_reported(talk):
    async def script(call):
        heard = []
        async with call.media() as media:
            media.on_detection(heard.append)
            await call.wait_hangup()
            await until(lambda: any(one.ended for one in heard))
        return heard[-1].value

    # Nothing is heard behind the tone: only the end of the call says where it ends.
    told = talk(script, [Wait(0.5), Keys("6", on_ms=800, off_ms=0), HangUp()])
    assert told.returned == "6"


def test_a_tone_unheard_is_none(talk):
    async def script(call):
        async with call.media() as media:
            await until(lambda: media.position > 8000)
            return await media.digits(timeout=0.01)

    assert talk(script, [Tone("tone_stream://%(900,0,1000)"), Wait(5)]).returned == ""
