"""The shell over real sockets, and its clock in virtual time."""

import asyncio
import socket

import pytest

from dsp.types import Samples
from mediasock.switch.dialer import CallPlan, place_call, real_switch
from mediasock.switch.far_end import FarEnd, HangUp, Keys, Wait
from mediasock.switch.shell import Shell
from tests.support.answering import DEADLINE, Conversation, Echo, application, echo
from tests.support.desk import Desk
from tests.support.virtual_time import VirtualLoop


def run(coroutine: object) -> object:
    return asyncio.run(asyncio.wait_for(coroutine, DEADLINE))  # type: ignore[arg-type]


def quiet(seconds: float) -> FarEnd:
    return FarEnd([Wait(seconds), HangUp()], rate=8000)


async def stream(call: Conversation, ours: Echo, local_port: int = 0) -> None:
    await call.say("myevents")
    await call.execute("answer")
    await call.unicast(ours.port, local_port)
    await ours.some.wait()


class Listener(FarEnd):
    """Keys on for as long as it takes, however slow the machine is, until it has heard itself."""

    def __init__(self) -> None:
        super().__init__([Keys("5" * 500)], rate=8000)
        self.loud: list[bytes] = []
        self.enough = asyncio.Event()

    def hear(self, samples: Samples) -> None:
        super().hear(samples)
        if abs(samples).max() > 5000:
            self.loud.append(samples.tobytes())
        if len(self.loud) >= 10:
            self.enough.set()


def test_a_call_over_real_sockets_is_heard_both_ways() -> None:
    async def main() -> None:
        phone = Listener()
        async with echo() as ours:
            ours.enough = 30

            async def handle(call: Conversation) -> None:
                await stream(call, ours)
                await phone.enough.wait()
                await call.execute("hangup", "NORMAL_CLEARING")
                await call.end()
                assert call.read[0].get("variable_socket_path") == "tones"
                assert call.read[-1].get("Content-Disposition") == "disconnect"

            async with application(handle) as port:
                plan = CallPlan("127.0.0.1", port, phone, path="tones", codec="L16")
                outcome = await place_call(plan)
        assert outcome.went_well
        assert outcome.hangup_cause == "NORMAL_CLEARING"
        assert outcome.frames_to_application >= len(ours.frames) >= 30
        assert 10 <= outcome.frames_from_application <= outcome.frames_to_application
        assert {len(frame) for frame in ours.frames} == {320}
        assert set(phone.loud) <= {frame.tobytes() for frame in phone.said.reshape(-1, 160)}

    run(main())


def test_a_taken_port_brings_silence_and_another_brings_sound() -> None:
    async def main() -> None:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
            other.bind(("127.0.0.1", 0))
            async with echo() as ours:

                async def handle(call: Conversation) -> None:
                    await call.say("myevents")
                    await call.execute("answer")
                    await call.unicast(ours.port, other.getsockname()[1])
                    for _ in range(5):  # in frames of their own, since each is waited for
                        await call.execute("set", "a=b")
                        await call.event("CHANNEL_EXECUTE_COMPLETE")
                    assert not ours.frames
                    await call.unicast(ours.port)
                    await ours.some.wait()
                    await call.execute("hangup")

                async with application(handle) as port:
                    outcome = await place_call(CallPlan("127.0.0.1", port, quiet(10)))
        assert outcome.went_well
        assert len(ours.sources) == 1

    run(main())


def test_a_transfer_dials_again() -> None:
    async def main() -> None:
        calls: list[Conversation] = []

        async def handle(call: Conversation) -> None:
            calls.append(call)
            await call.execute("answer")
            await call.execute("transfer" if len(calls) == 1 else "hangup", "USER_BUSY")
            await call.end()

        async with application(handle) as port:
            outcome = await place_call(CallPlan("127.0.0.1", port, quiet(10)))
        assert len(calls) == 2
        assert outcome.hangup_cause == "USER_BUSY"
        assert not outcome.went_well

    run(main())


def test_hosts_are_tried_in_turn() -> None:
    async def main() -> None:
        async def handle(call: Conversation) -> None:
            await call.execute("hangup")
            await call.end()

        # A port that is taken, so that nobody else listens there, and where nobody listens.
        with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as deaf:
            deaf.bind(("127.0.0.1", 0))
            closed = deaf.getsockname()[1]
            async with application(handle) as port:
                plan = CallPlan("127.0.0.1", closed, quiet(10), others=(("127.0.0.1", port),))
                assert (await place_call(plan)).connected
            outcome = await place_call(CallPlan("127.0.0.1", closed, quiet(10)))
        assert not outcome.connected
        assert outcome.hangup_cause == "NORMAL_CLEARING"

    run(main())


def test_a_call_that_is_cancelled_leaves_nothing_behind() -> None:
    async def main() -> None:
        gone, up, switch = asyncio.Event(), asyncio.Event(), real_switch()

        async def handle(call: Conversation) -> None:
            await call.until(lambda one: one.kind == "connect")
            up.set()
            await call.end()
            gone.set()

        async with application(handle) as port:
            plan = CallPlan("127.0.0.1", port, quiet(60))
            task = asyncio.create_task(place_call(plan, switch=switch))
            await up.wait()
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            await gone.wait()
        assert (switch.sessions, switch.watchers) == ({}, [])

    run(main())


def test_a_late_tick_is_counted_and_not_made_up_for() -> None:
    desk = Desk("host:none", connected=False, after=(("sleep", "200"),))
    slept: list[float] = []

    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        loop = runner.get_loop()
        assert isinstance(loop, VirtualLoop)

        async def sleep(seconds: float) -> None:
            slept.append(seconds)
            loop.now += seconds + (0.1 if len(slept) == 3 else 0.0)

        shell = Shell(desk.session, sleep)
        runner.run(shell.run(60.0))
        assert shell.late == 1
        assert loop.now == pytest.approx(0.02 * len(slept) + 0.1, abs=0.021)
    assert slept[:3] == pytest.approx([0.02] * 3)
    assert slept[3] == pytest.approx(0.0)
    assert slept[4:] == pytest.approx([0.02] * len(slept[4:]))


def test_a_call_has_its_time_and_an_application_its_patience() -> None:
    desk = Desk()
    desk.say("linger")

    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        loop = runner.get_loop()
        assert isinstance(loop, VirtualLoop)
        runner.run(Shell(desk.session).run(until=5.0, patience=3.0))
        assert loop.now == pytest.approx(8.0, abs=0.05)
    assert desk.session.channel.cause == "ORIGINATOR_CANCEL"


def test_a_call_that_has_ended_is_not_waited_for_longer_than_that() -> None:
    desk = Desk()
    desk.say("linger")
    desk.execute("hangup")

    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        loop = runner.get_loop()
        assert isinstance(loop, VirtualLoop)
        runner.run(Shell(desk.session).run(until=60.0, patience=3.0))
        assert loop.now == pytest.approx(3.0, abs=0.05)
