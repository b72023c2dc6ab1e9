"""The server: routes, limits, the beginning and the end, and applications that fail."""

import asyncio
import gc
import ipaddress
import logging
import threading

import pytest
import soundfile

from mediasock.app import App, HandOver
from mediasock.esl.errors import Disconnected, HungUp
from mediasock.serve import DRAINED, FAILED, _report
from mediasock.switch.far_end import HangUp, Keys, Wait
from tests.support.calls import Scripted, dial, run, serving, until

LOOPBACK = ipaddress.ip_network("127.0.0.0/8")


def named(name):
    """An application that answers, says who it is and hangs up."""

    async def script(call):
        await call.answer()
        await call.set("served_by", name)
        await call.hangup()

    return Scripted(script)


async def echo(call):
    async with call.media() as media:
        media.loop_back()
        await call.wait_hangup()


async def collect(call):
    """Wait for a key for ever."""
    async with call.media() as media:
        await media.digits(max=1, timeout=None)


def test_the_path_says_which_application_and_the_first_is_for_every_other(caplog):
    caplog.set_level("INFO")

    async def story():
        apps = {"menu": named("menu"), "fax": named("fax"), "menu/de": named("mine")}
        async with serving(apps) as server:
            return [(await dial(server, path=path)).variable("served_by") for path in paths]

    paths = ["fax", "menu", "", "nowhere", "menu/de"]
    assert run(story()) == ["fax", "menu", "menu", "menu", "mine"]
    assert [one.path for one in caplog.records if one.message == "call"] == paths


def test_a_call_over_the_limit_goes_on_in_its_dialplan(caplog):
    async def story():
        app = Scripted(echo)
        async with serving(app, max_calls=1) as server:
            first = asyncio.create_task(dial(server, [Wait(30)], seconds=60.0))
            await until(lambda: app.calls and app.calls[0].connection.media_up)
            second = await dial(server, after=(("hangup", "USER_BUSY"),))
            await app.calls[0].hangup()
            first = await first
            await until(lambda: server._listener.calls == 0)
            third = await dial(server, [Wait(0.3), HangUp()])
        return first.outcome, second.outcome, third.outcome, len(app.calls)

    first, second, third, calls = run(story())
    assert (second.resumed, second.answered, second.hangup_cause) == (True, False, "USER_BUSY")
    assert first.went_well
    assert third.went_well
    assert calls == 2
    assert "over the limit" in caplog.text


class Steps(App):
    """Notes what the server asks of it."""

    def __init__(self, fail=""):
        super().__init__()
        self.steps = []
        self._fail = fail

    async def _note(self, step):
        self.steps.append(step)
        if step == self._fail:
            raise RuntimeError(f"{step} fails")

    async def on_start(self):
        await self._note("start")

    async def on_call(self, call):
        await self._note("call")
        await call.hangup()

    async def on_stop(self):
        await self._note("stop")


def test_an_application_is_started_once_and_stopped_after_its_last_call():
    async def story():
        one, two = Steps(), Steps()
        async with serving({"one": one, "two": two}) as server:
            assert one.steps == two.steps == ["start"]
            await dial(server)
            await dial(server)
        return one.steps, two.steps

    assert run(story()) == (["start", "call", "call", "stop"], ["start", "stop"])


def test_a_start_that_fails_stops_what_was_started():
    async def story():
        good, bad, late = Steps(), Steps(fail="start"), Steps()
        server = serving({"good": good, "bad": bad, "late": late})
        with pytest.raises(RuntimeError, match="start fails"):
            await server.start()
        assert not [one for one in threading.enumerate() if one.name == "mediasock-media"]
        return good.steps, bad.steps, late.steps

    assert run(story()) == (["start", "stop"], ["start"], [])


def test_a_stop_that_fails_is_logged_and_the_others_are_stopped(caplog):
    async def story():
        one, two = Steps(fail="stop"), Steps(fail="stop")
        async with serving({"one": one, "two": two}):
            pass
        return one.steps, two.steps

    assert run(story()) == (["start", "stop"], ["start", "stop"])
    assert caplog.text.count("on_stop failed") == 2


def test_a_port_that_is_taken_is_an_error_and_leaves_nothing_running():
    async def story():
        async with serving(named("first")) as server:
            second = serving(named("second"), listen=f"127.0.0.1:{server.port}")
            with pytest.raises(OSError, match="in use"):
                await second.start()
            assert (await dial(server)).variable("served_by") == "first"

    run(story())


def test_draining_lets_a_call_end_by_itself():
    async def story():
        app = Scripted(echo)
        server = serving(app, grace=60.0)
        await server.start()
        calling = asyncio.create_task(dial(server, [Wait(0.6), HangUp()]))
        await until(lambda: app.calls)
        await server.stop()
        return (await calling).outcome

    assert run(story()).went_well


def test_a_call_that_outlives_the_grace_is_hung_up_and_its_recording_is_whole(tmp_path):
    recorders = []

    async def script(call):
        async with call.media() as media:
            recorders.append(media.record(tmp_path / "call.wav"))
            await media.digits(timeout=None)

    async def story():
        app = Scripted(script)
        server = serving(app, grace=0.1)
        await server.start()
        calling = asyncio.create_task(dial(server, [Wait(60)], seconds=60.0))
        await until(lambda: recorders and recorders[0].position > 4000)
        await server.stop()
        told = await calling
        return app, told.outcome

    app, outcome = run(story())
    assert outcome.hangup_cause == DRAINED
    assert [type(one) for one in app.raised] == [asyncio.CancelledError]
    assert soundfile.info(tmp_path / "call.wav").frames == recorders[0].position


def test_hurrying_ends_the_calls_that_a_stop_waits_for():
    async def story():
        app = Scripted(collect)
        server = serving(app, grace=1000.0)
        await server.start()
        calling = asyncio.create_task(dial(server, [Wait(60)], seconds=60.0))
        await until(lambda: app.calls and app.calls[0].connection.media_up)
        stopping = asyncio.create_task(server.stop())
        await asyncio.sleep(0)
        await server.hurry()
        await stopping
        return (await calling).outcome.hangup_cause

    assert run(story()) == DRAINED


# -- applications that fail -------------------------------------------------------------------


def test_an_application_that_raises_ends_its_own_call_alone_and_is_logged_once(caplog):
    async def broken(call):
        async with call.media():
            raise ValueError("a mistake")

    async def story():
        good, bad = Scripted(echo), Scripted(broken)
        async with serving({"good": good, "bad": bad}) as server:
            calling = asyncio.create_task(
                dial(server, [Wait(0.2), Keys("5", on_ms=600), Wait(0.6), HangUp()])
            )
            await until(lambda: good.calls)
            failed = await dial(server, path="bad")
            return failed.outcome, await calling, bad.calls[0].uuid

    failed, other, uuid = run(story())
    assert failed.hangup_cause == FAILED == "NORMAL_TEMPORARY_FAILURE"
    errors = [one for one in caplog.records if one.levelno >= logging.ERROR]
    assert len(errors) == 1
    assert errors[0].call == uuid
    assert "a mistake" in str(errors[0].exc_info[1])
    assert other.outcome.went_well
    assert other.outcome.frames_from_application > 10


@pytest.mark.parametrize("how", ["plain", "group", "stream"])
def test_the_end_of_the_call_is_no_failure_of_the_application(caplog, how):
    async def script(call):
        async with call.media() as media:
            if how == "plain":
                await media.digits(timeout=None)
            elif how == "group":
                async with asyncio.TaskGroup() as group:
                    group.create_task(media.digits(timeout=None))
                    group.create_task(media.playback("tone_stream://%(9000,0,440)"))
            else:
                await until(lambda: media.stream.closed)
                media.stream.player.enqueue("tone_stream://%(9000,0,440)")

    async def story():
        app = Scripted(script)
        async with serving(app) as server:
            await dial(server, [Wait(0.3), HangUp()])
            await until(lambda: app.raised)

    run(story())
    assert [one for one in caplog.records if one.levelno >= logging.ERROR] == []


def test_a_failure_beside_the_end_of_the_call_is_one(caplog):
    async def fails(call):
        await call.wait_hangup()
        raise ValueError("a mistake")

    async def script(call):
        await call.answer()
        async with asyncio.TaskGroup() as group:
            group.create_task(fails(call))
            group.create_task(call.digits(timeout=None))

    async def story():
        app = Scripted(script)
        async with serving(app) as server:
            await dial(server, [Wait(0.3), HangUp()])
            await until(lambda: app.raised)

    run(story())
    assert [one.message for one in caplog.records if one.levelno >= logging.ERROR] == [
        "the handler failed"
    ]


def test_a_dialplan_without_async_is_told_in_one_line(caplog):
    async def story():
        async with serving(Scripted(echo)) as server:
            return await dial(server, is_async=False)

    assert run(story()).outcome.hangup_cause == FAILED
    (error,) = [one for one in caplog.records if one.levelno >= logging.ERROR]
    assert "add 'async' to the dialplan's socket line" in error.getMessage()
    assert error.exc_info is None
    assert error.call


@pytest.mark.parametrize(
    ("error", "told"), [(HungUp("X"), 0), (Disconnected("x"), 0), (ValueError("a mistake"), 1)]
)
def test_a_task_that_nobody_awaits_may_end_with_its_call_and_no_other_way(caplog, error, told):
    async def fails():
        raise error

    async def story():
        asyncio.get_running_loop().set_exception_handler(_report)
        task = asyncio.create_task(fails())
        await asyncio.wait([task])
        del task
        gc.collect()

    gc.collect()  # what earlier tests have left is told now
    caplog.clear()
    asyncio.run(story())
    assert len([one for one in caplog.records if one.levelno >= logging.ERROR]) == told


def test_sound_is_taken_from_where_connections_are():
    async def story():
        async with serving(Scripted(echo), media="portable", allow=(LOOPBACK,)) as server:
            return server.hub._transport._sources

    assert list(run(story())) == [LOOPBACK]


def _told(record):
    """What a log record holds but for times and numbers of threads, in which any digits may be."""
    numbers = ("created", "msecs", "relativeCreated", "thread", "process")
    return {name: value for name, value in vars(record).items() if name not in numbers}


def test_no_digit_and_no_number_is_logged_above_debug(caplog):
    caplog.set_level(logging.INFO)

    async def script(call):
        async with call.media() as media:
            keyed.append(await media.digits(max=9, end="#", timeout=20))
        await call.hangup()

    async def story():
        async with serving(Scripted(script)) as server:
            steps = [Wait(0.2), Keys("86753090#"), Wait(5)]
            return await dial(server, steps, caller="15550123", number="15559876")

    keyed = []
    assert run(story()).outcome.went_well
    assert keyed == ["86753090"]
    ours = [one for one in caplog.records if not one.name.startswith("mediasock.switch")]
    text = "\n".join(f"{one.getMessage()} {_told(one)}" for one in ours)
    assert "call over" in text
    for secret in ("86753090", "5550123", "5559876"):
        assert secret not in text


# -- hand-over ----------------------------------------------------------------------------------


def handing_over(to):
    async def script(call):
        async with call.media() as media:
            await anext(media.frames())
        raise HandOver(to)

    return Scripted(script)


def test_another_application_goes_on_with_the_call_and_its_stream(caplog):
    async def script(call):
        async with call.media() as media:
            heard = await anext(media.frames())
        await call.hangup()
        return heard.position

    async def story():
        apps = {"first": handing_over("second"), "second": Scripted(script)}
        async with serving(apps) as server:
            told = await dial(server, [Wait(20.0)])
        return apps["second"], told

    second, told = run(story())
    assert told.outcome.went_well
    assert second.returned[0] > 0  # it did not begin anew
    assert told.executed().count(("answer", "")) == 1


def test_a_hand_over_to_nobody_hangs_up(caplog):
    async def story():
        async with serving({"first": handing_over("nobody")}) as server:
            return await dial(server, [Wait(20.0)])

    told = run(story())
    assert told.outcome.hangup_cause == FAILED
    assert "no application 'nobody'; there are first" in caplog.text


def test_applications_hear_of_the_drain_before_it_and_may_fail(caplog):
    heard = []

    class Listening(App):
        def __init__(self, name):
            super().__init__()
            self.name = name

        async def on_drain(self):
            heard.append(f"{self.name} drains")
            if self.name == "a":
                raise ValueError("it cannot")

        async def on_stop(self):
            heard.append(f"{self.name} stops")

    async def story():
        async with serving({"a": Listening("a"), "b": Listening("b")}):
            pass

    run(story())
    assert heard == ["a drains", "b drains", "b stops", "a stops"]
    assert "on_drain failed" in caplog.text
