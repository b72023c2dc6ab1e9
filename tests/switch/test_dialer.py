import asyncio

import pytest

from mediasock.switch.dialer import CallAborted, CallPlan, Outcome, place_call, real_switch
from mediasock.switch.errors import DialplanError, SwitchAborted
from mediasock.switch.events import Event
from mediasock.switch.far_end import FarEnd, HangUp, Rfc2833, Wait
from tests.support.answering import DEADLINE, Conversation, application


def run(coroutine: object) -> object:
    return asyncio.run(asyncio.wait_for(coroutine, DEADLINE))  # type: ignore[arg-type]


def phone(*steps: object) -> FarEnd:
    return FarEnd([*steps, HangUp()], rate=8000)  # type: ignore[list-item]


@pytest.mark.parametrize(
    ("options", "line"),
    [
        ({}, "h:1 async full"),
        ({"is_async": False}, "h:1 full"),
        ({"full": False, "path": "fax"}, "h:1/fax async"),
        ({"others": (("::1", 2),)}, "h:1|[::1]:2 async full"),
    ],
)
def test_the_line_of_a_plan(options: dict[str, object], line: str) -> None:
    plan = CallPlan("h", 1, phone(), **options)  # type: ignore[arg-type]
    assert plan.socket_line() == line
    assert plan.setup().socket == line


def test_what_went_well() -> None:
    well = Outcome("u", connected=True, answered=True, hangup_cause="NORMAL_CLEARING")
    assert well.went_well
    well.aborted = "unicast"
    assert not well.went_well


def test_an_outcome_tells_what_happened() -> None:
    async def main() -> None:
        told: list[Event] = []

        async def handle(call: Conversation) -> None:
            await call.say("event plain DTMF CHANNEL_ANSWER")
            await call.execute("answer")
            await call.event("CHANNEL_ANSWER")
            assert (await call.event("DTMF")).get("DTMF-Digit") == "7"
            await call.execute("send_dtmf", "42")
            await call.execute("hangup", "NORMAL_CLEARING")
            await call.end()

        async with application(handle) as port:
            plan = CallPlan(
                "127.0.0.1",
                port,
                phone(Rfc2833("7"), Wait(9)),
                variables={"customer": "12"},
                number="200",
            )
            outcome = await place_call(plan, watch=told.append)
        assert outcome.went_well
        assert (outcome.keys, outcome.keys_sent) == ("7", "42")
        assert outcome.events["CHANNEL_ANSWER"] == 1
        assert outcome.packets_to_switch > 3
        assert outcome.seconds > 0.1  # the key is told of when it is over
        assert [event.name for event in told if event.name == "DTMF"] == ["DTMF"]
        executed = next(event for event in told if event.name == "CHANNEL_ANSWER")
        assert executed.get("variable_customer") == "12"
        assert executed.get("Caller-Destination-Number") == "200"

    run(main())


def test_what_would_kill_a_real_switch_ends_loudly() -> None:
    async def main() -> None:
        gone = asyncio.Event()

        async def handle(call: Conversation) -> None:
            await call.unicast(40000)
            with pytest.raises((EOFError, ConnectionError)):
                await call.until(lambda one: False)
            gone.set()

        async with application(handle) as port:
            with pytest.raises(SwitchAborted, match="FreeSWITCH aborts") as caught:
                await place_call(CallPlan("127.0.0.1", port, phone(Wait(9))))
            await gone.wait()
        assert isinstance(caught.value, CallAborted)
        assert caught.value.outcome.aborted == str(caught.value)
        assert caught.value.outcome.connected

    run(main())


def test_a_call_that_is_let_go_on_in_the_dialplan() -> None:
    async def main() -> None:
        async def handle(call: Conversation) -> None:
            await call.say("resume")
            await call.say("exit")
            await call.end()

        async with application(handle) as port:
            plan = CallPlan("127.0.0.1", port, phone(Wait(9)), after=(("hangup", "USER_BUSY"),))
            outcome = await place_call(plan)
        assert outcome.resumed
        assert outcome.hangup_cause == "USER_BUSY"

    run(main())


def test_calls_of_one_switch_know_of_each_other() -> None:
    async def main() -> None:
        switch = real_switch()
        both = asyncio.Barrier(2)

        async def handle(call: Conversation) -> None:
            await call.until(lambda one: one.kind == "connect")
            await both.wait()
            await call.say("api status")
            status = await call.until(lambda one: one.kind == "api/response")
            assert "2 session(s) since startup" in status.body
            await both.wait()
            await call.execute("hangup")
            await call.end()

        async with application(handle) as port:
            plan = CallPlan("127.0.0.1", port, phone(Wait(9)))
            await asyncio.gather(*(place_call(plan, switch=switch) for _ in range(2)))
        assert switch.sessions == {}

    run(main())


@pytest.mark.parametrize(
    "options", [{"codec": "GSM"}, {"ptime_ms": 25}, {"path": "shop.menu:Menu"}]
)
def test_a_plan_that_cannot_be(options: dict[str, object]) -> None:
    with pytest.raises(DialplanError):
        run(place_call(CallPlan("h", 1, phone(), **options)))  # type: ignore[arg-type]
