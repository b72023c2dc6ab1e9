"""What must not hurt: handlers that do not yield, signals, kills, strangers, lost sockets."""

import asyncio
import os
import signal
import socket
import threading

import pytest
import soundfile

from mediasock.esl.errors import Disconnected
from mediasock.switch.dialer import CallPlan, place_call
from mediasock.switch.far_end import FarEnd, HangUp, Tone, Wait
from tests.support.calls import Scripted, dial, loudness_at, run, serving, until
from tests.support.served import PATIENCE
from tests.support.served import serving as served_process

pytestmark = pytest.mark.timeout(600)

TONE = "tone_stream://v=-10;%(20000,0,700)"
LONG_TONE = "tone_stream://v=-10;%(20000,0,700);loops=10"

APPS = """
import time
from pathlib import Path

from mediasock.app import App
from mediasock.media import recorder as recording

recording.MAX_WAITING = 1000  # however slow the disk is


class Stuck(App):
    async def on_call(self, call):
        print("stuck", flush=True)
        while not Path("enough").exists():
            pass
        await call.answer()
        await call.hangup()


class Sleepy(App):
    async def on_call(self, call):
        print("stuck", flush=True)
        while not Path("enough").exists():
            time.sleep(0.05)
        await call.answer()
        await call.hangup()


class Recording(App):
    defaults = {"directory": ""}

    async def on_call(self, call):
        async with call.media() as media:
            recorder = media.record(self.options["directory"] + "/call.wav")
            async for frame in media.frames():
                # However late the disk and the thread that writes to it are.
                if frame.position > 16000 and recorder.written > recorder.position - 8000:
                    print(recorder.written, flush=True)
                    break
            try:
                await call.wait_hangup()
            finally:
                print("over", recorder.position, flush=True)
"""


@pytest.fixture
def project(tmp_path):
    (tmp_path / "hostile.py").write_text(APPS)
    return tmp_path


class Listening(FarEnd):
    """A phone that knows, at any moment, how loud its own tone comes back."""

    def __init__(self, script, *, rate=8000):
        super().__init__(script, rate=rate)
        self.echoed = 0

    def hear(self, samples):
        super().hear(samples)
        self.echoed += bool(abs(samples.astype(int)).max() > 1000)


@pytest.mark.parametrize("kind", ["Stuck", "Sleepy"])
def test_a_handler_that_never_yields_stops_no_other_calls_media_and_is_named(project, kind):
    async def story(server):
        phone = Listening([Tone(TONE)])
        echoing = asyncio.create_task(
            place_call(CallPlan("127.0.0.1", server.port, phone, path="echo", seconds=600.0))
        )
        await until(lambda: phone.echoed > 10)
        calling = asyncio.create_task(
            place_call(CallPlan("127.0.0.1", server.port, FarEnd([], rate=8000), path=kind))
        )
        await asyncio.to_thread(server.out.wait_for, "stuck")
        stalled = await asyncio.to_thread(server.log.wait_for, r"event loop has not run for .*")
        # The handler still has the loop, until it is told.
        before = phone.echoed
        await until(lambda: phone.echoed > before + 50)
        assert not calling.done()
        (project / "enough").touch()
        outcome = await calling
        await asyncio.to_thread(server.log.wait_for, r"event loop runs again")
        echoing.cancel()
        return stalled.string, outcome

    with served_process("echo", f"hostile:{kind}", cwd=project) as server:
        stalled, outcome = run(story(server), PATIENCE)
        assert outcome.went_well
        assert f"call {outcome.uuid}" in stalled
        assert server.stop() == 0
        assert "hostile.py" in server.log.rest()  # the stack says where


# -- the end of the process -------------------------------------------------------------------


async def calling(server):
    phone = FarEnd([Tone(LONG_TONE)], rate=8000)
    return await place_call(CallPlan("127.0.0.1", server.port, phone, seconds=600.0))


def test_sigterm_in_mid_call_ends_it_within_the_grace_with_its_recording_complete(project):
    (project / "m.toml").write_text("grace = 0.3\n")
    option = f"Recording.directory={project}"
    arguments = ["hostile:Recording", "--config", "m.toml", "--set", option]

    async def story(server):
        call = asyncio.create_task(calling(server))
        await asyncio.to_thread(server.out.wait_for, r"^\d+")
        server.process.send_signal(signal.SIGTERM)
        told = await asyncio.to_thread(server.out.wait_for, r"over (\d+)")
        return await call, await asyncio.to_thread(server.process.wait, PATIENCE), int(told[1])

    with served_process(*arguments, cwd=project) as server:
        outcome, status, taken = run(story(server), PATIENCE)
        assert status == 0
        assert "Traceback" not in server.log.rest()
    assert outcome.hangup_cause == "MANAGER_REQUEST"
    sound, _ = soundfile.read(project / "call.wav", dtype="int16")
    assert len(sound) >= taken > 16000
    assert (project / "call.wav").stat().st_size == 44 + sound.nbytes
    assert loudness_at(sound[:, 0], 700) == pytest.approx(-10, abs=2)


def test_a_second_sigterm_does_not_wait_for_the_grace(project):
    (project / "m.toml").write_text("grace = 1000\n")

    async def story(server):
        call = asyncio.create_task(calling(server))
        await asyncio.to_thread(server.log.wait_for, r" call call=.* app=Echo")
        server.process.send_signal(signal.SIGTERM)
        await asyncio.to_thread(server.log.wait_for, "draining: 1 calls go on")
        server.process.send_signal(signal.SIGTERM)
        return await call, await asyncio.to_thread(server.process.wait, PATIENCE)

    with served_process("echo", "--config", "m.toml", cwd=project) as server:
        outcome, status = run(story(server), PATIENCE)
    assert status == 0
    assert outcome.hangup_cause == "MANAGER_REQUEST"


def test_sigkill_while_recording_leaves_a_file_that_lacks_less_than_a_second(project):
    option = f"Recording.directory={project}"

    async def story(server):
        call = asyncio.create_task(calling(server))
        told = await asyncio.to_thread(server.out.wait_for, r"^(\d+)")
        os.kill(server.process.pid, signal.SIGKILL)
        await call
        return int(told[1])

    with served_process("hostile:Recording", "--set", option, cwd=project) as server:
        written = run(story(server), PATIENCE)
    sound, rate = soundfile.read(project / "call.wav", dtype="int16")
    assert rate == 8000
    assert len(sound) >= written > 16000 - 8000
    assert loudness_at(sound[:, 0], 700) == pytest.approx(-10, abs=2)


# -- strangers and lost sockets ---------------------------------------------------------------


def test_a_flood_of_a_strangers_datagrams_does_no_harm_and_is_counted():
    sent = [0]
    enough = threading.Event()

    def flood(port):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as stranger:
            stranger.bind(("127.0.0.1", 0))
            while not enough.is_set():
                for _ in range(50):
                    stranger.sendto(b"\x55" * 320, ("127.0.0.1", port))
                sent[0] += 50
                enough.wait(0.002)

    async def script(call):
        async with call.media() as media:
            flooding = threading.Thread(target=flood, args=(media.stream.address.remote_port,))
            flooding.start()
            try:
                media.loop_back()
                received = media.stream.stats.received
                await until(lambda: media.stream.stats.received >= received + 60)
                await until(lambda: sent[0] > 2000)
            finally:
                enough.set()
                flooding.join()
            stats = media.stream.stats
        await call.hangup()
        return stats

    async def story():
        app = Scripted(script)
        async with serving(app) as server:
            told = await dial(server, [Tone(TONE)])
            # The media thread counts what came last when it ends the stream.
            await until(lambda: server.hub.metrics().refused >= sent[0])
            metrics = server.hub.metrics()
        return app, told, metrics

    app, told, metrics = run(story())
    assert app.raised == []
    stats = app.returned[0]
    assert stats.oversized == stats.malformed == stats.irregular == 0
    assert stats.lost == 0
    assert metrics.refused == sent[0]
    assert metrics.overflows == 0
    assert loudness_at(told.far_end.heard, 700) == pytest.approx(-10, abs=2)


@pytest.mark.parametrize("kind", ["digits", "playback", "play", "execute", "frames", "hangup"])
def test_a_switch_that_is_gone_ends_every_wait(kind):
    """FreeSWITCH dies: the socket closes with no word of a hang-up."""

    async def script(call):
        async with call.media() as media:
            state["ready"].set()
            match kind:
                case "digits":
                    await media.digits(timeout=None)
                case "playback":
                    await media.playback(TONE)
                case "play":
                    await media.play(TONE)
                case "execute":
                    await call.execute("sleep", "20000")
                case "frames":
                    async for _ in media.frames():
                        pass
                    await call.execute("sleep", "1")
                case "hangup":
                    await call.wait_hangup()

    async def story():
        state["ready"] = asyncio.Event()
        app = Scripted(script)
        async with serving(app) as server:
            calling = asyncio.create_task(dial(server, [Wait(60)], seconds=60.0))
            await state["ready"].wait()
            calling.cancel()  # the embedded switch then resets its sockets
            await until(lambda: app.raised)
        return app.raised[0]

    state = {}
    raised = run(story())
    assert isinstance(raised, Disconnected), repr(raised)


def test_many_calls_come_and_go_and_leave_nothing_behind():
    async def script(call):
        async with call.media() as media:
            media.loop_back()
            await call.wait_hangup()

    async def story():
        app = Scripted(script)
        async with serving(app) as server:
            calls = [dial(server, [Wait(0.2 + 0.05 * (i % 4)), HangUp()]) for i in range(12)]
            told = await asyncio.gather(*calls)
            await until(lambda: len(app.returned) + len(app.raised) == 12)
            await until(lambda: server.hub.metrics().calls == 0)
        return told

    assert all(one.outcome.went_well for one in run(story()))
    assert not [one for one in threading.enumerate() if one.name == "mediasock-media"]
