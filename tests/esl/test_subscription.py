from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mediasock.esl import commands
from mediasock.esl.commands import Command, Event, Filter, FilterDelete, MyEvents, NixEvent
from mediasock.esl.errors import ModeError
from mediasock.esl.subscription import Subscription

NAMES = st.sampled_from(["DTMF", "CHANNEL_HANGUP", "BACKGROUND_JOB", "CUSTOM", "HEARTBEAT"])


def test_a_call_asks_for_its_own_events_first() -> None:
    events = Subscription(outbound=True)
    assert events.missing(["DTMF"], full=False) == [MyEvents()]
    events.sent(MyEvents("json"))
    assert events.brings("DTMF")
    assert events.missing(["DTMF"], full=False) == []


def test_jobs_are_asked_for_by_name_in_the_format_there_is() -> None:
    events = Subscription(outbound=True)
    events.sent(MyEvents("json"))
    assert events.missing(["BACKGROUND_JOB"], full=True) == [
        Event(("BACKGROUND_JOB",), format="json")
    ]


def test_without_full_a_job_event_cannot_be_had() -> None:
    with pytest.raises(ModeError) as caught:
        Subscription(outbound=True).missing(["BACKGROUND_JOB"], full=False)
    assert caught.value.keyword == "full"


def test_myevents_works_only_once_so_after_noevents_full_is_needed() -> None:
    events = Subscription(outbound=True)
    events.sent(MyEvents())
    events.sent(commands.NoEvents())
    assert not events.brings("DTMF")
    assert events.missing(["DTMF"], full=True) == [Event(("DTMF",))]
    with pytest.raises(ModeError):
        events.missing(["DTMF"], full=False)


@pytest.mark.parametrize("first", [MyEvents(), Event(("ALL",)), Event(("DTMF", "HEARTBEAT"))])
def test_what_was_taken_out_is_asked_for_again(first: Command) -> None:
    events = Subscription(outbound=True)
    for command in (MyEvents(), first, NixEvent(("dtmf",))):
        events.sent(command)
    assert events.missing(["DTMF", "CHANNEL_HANGUP"], full=True) == [Event(("DTMF",))]
    with pytest.raises(ModeError):
        events.missing(["DTMF"], full=False)
    events.sent(Event(("DTMF",)))
    assert events.missing(["DTMF", "CHANNEL_HANGUP"], full=True) == []


def test_all_taken_out_is_nothing_left() -> None:
    events = Subscription(outbound=False)
    for command in (Event(("ALL",)), NixEvent(("DTMF",)), Event(("DTMF",)), NixEvent(("ALL",))):
        events.sent(command)
    assert not events.brings("DTMF")
    assert events.replay() == []


def test_an_inbound_socket_asks_by_name() -> None:
    events = Subscription(outbound=False)
    assert events.missing(["DTMF", "CHANNEL_HANGUP"], full=True) == [
        Event(("DTMF", "CHANNEL_HANGUP"))
    ]
    events.sent(Event(("ALL",)))
    assert events.missing(["DTMF", "CHANNEL_HANGUP"], full=True) == []


def test_what_filters_would_keep_away_is_let_through() -> None:
    events = Subscription(outbound=True)
    events.sent(MyEvents())
    events.sent(Filter("Event-Name", "DTMF"))
    assert events.missing(["DTMF", "CHANNEL_HANGUP"], full=False) == [
        Filter("Event-Name", "CHANNEL_HANGUP")
    ]
    events.sent(FilterDelete("Event-Name", "DTMF"))
    assert events.missing(["CHANNEL_HANGUP"], full=False) == []


@pytest.mark.parametrize(
    ("delete", "left"),
    [
        (FilterDelete("a", "1"), [Filter("a", "2"), Filter("b", "1")]),
        (FilterDelete("a"), [Filter("b", "1")]),
        (FilterDelete("all"), []),
    ],
)
def test_filters_go(delete: FilterDelete, left: list[Filter]) -> None:
    events = Subscription(outbound=False)
    for one in (Filter("a", "1"), Filter("a", "2"), Filter("b", "1"), delete):
        events.sent(one)
    assert events.replay() == left


def test_what_was_refused_is_not_there() -> None:
    events = Subscription(outbound=False)
    for command in (Event(("DTMF",), ("a::b",)), Filter("a", "1"), commands.Log(7)):
        events.sent(command)
        events.refused(command)
    events.refused(commands.Api("status"))
    assert events.replay() == []


def test_a_replay_asks_for_all_there_was() -> None:
    events = Subscription(outbound=False)
    sent: list[Command] = [
        Event(("DTMF", "CUSTOM"), ("a::b",), "json"),
        Event(("HEARTBEAT",), ("c",), "json"),
        NixEvent(("DTMF",), ("c",)),
        Filter("x", "1"),
        commands.Log(3),
    ]
    for command in sent:
        events.sent(command)
    assert events.replay() == [
        Event(("HEARTBEAT", "CUSTOM"), ("a::b",), "json"),
        Filter("x", "1"),
        commands.Log(3),
    ]
    events.sent(commands.NoLog())
    events.sent(commands.NoEvents())
    assert events.replay() == [Filter("x", "1")]


@given(wanted=st.lists(NAMES, min_size=1, max_size=5, unique=True), outbound=st.booleans())
def test_what_is_missing_is_not_missing_once_sent(wanted: list[str], outbound: bool) -> None:
    events = Subscription(outbound=outbound)
    for command in events.missing(wanted, full=True):
        events.sent(command)
    assert events.missing(wanted, full=True) == []


@given(asked=st.lists(st.tuples(NAMES | st.just("ALL"), st.booleans()), max_size=8))
def test_a_replay_brings_the_same(asked: list[tuple[str, bool]]) -> None:
    events, again = Subscription(outbound=False), Subscription(outbound=False)
    for name, add in asked:
        events.sent(Event((name,)) if add else NixEvent((name,)))
    for command in events.replay():
        again.sent(command)
    for name in ("DTMF", "CHANNEL_HANGUP", "BACKGROUND_JOB", "CUSTOM", "HEARTBEAT"):
        assert events.brings(name) == again.brings(name)
