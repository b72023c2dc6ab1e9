import pytest

from mediasock.switch import sip
from mediasock.switch.channel import Channel, Stamper
from mediasock.switch.events import Event
from mediasock.switch.plan import CallSetup, Identity
from tests.support.desk import counted_uuids


@pytest.fixture
def told() -> list[Event]:
    return []


@pytest.fixture
def channel(told: list[Event]) -> Channel:
    setup = CallSetup("127.0.0.1:8084 async")
    uuids = counted_uuids()
    stamper = Stamper(Identity(), lambda: 1_700_000_000_000_000, told.append, uuids)
    return Channel(setup, stamper, sip.facts(setup, "agent", 1, 1_700_000_000_000_000, uuids))


def states(told: list[Event]) -> list[tuple[str, str | None, str | None]]:
    return [
        (event.name, event.get("Answer-State"), event.get("Channel-Call-State")) for event in told
    ]


def test_answering_brings_media_up_first(channel: Channel, told: list[Event]) -> None:
    assert not channel.has_media
    channel.answer()
    channel.answer()
    assert states(told) == [
        ("CODEC", "ringing", "RINGING"),
        ("CODEC", "ringing", "RINGING"),
        ("CHANNEL_PROGRESS_MEDIA", "early", "RINGING"),
        ("CHANNEL_CALLSTATE", "early", "EARLY"),
        ("CHANNEL_ANSWER", "answered", "EARLY"),
        ("CHANNEL_CALLSTATE", "answered", "ACTIVE"),
    ]
    assert channel.has_media


def test_early_media_and_then_an_answer(channel: Channel, told: list[Event]) -> None:
    channel.pre_answer()
    channel.pre_answer()
    assert channel.has_media
    assert channel.get("endpoint_disposition") == "EARLY MEDIA"
    told.clear()
    channel.answer()
    assert [event.name for event in told] == ["CHANNEL_ANSWER", "CHANNEL_CALLSTATE"]


def test_a_call_is_hung_up_once(channel: Channel, told: list[Event]) -> None:
    assert channel.hangup("USER_BUSY")
    assert not channel.hangup("NORMAL_CLEARING")
    assert channel.cause == "USER_BUSY"
    channel.answer()
    channel.pre_answer()
    assert [event.name for event in told] == ["CHANNEL_HANGUP"]
    assert told[0].get("Channel-State-Number") == "10"


def test_the_last_states(channel: Channel, told: list[Event]) -> None:
    channel.hangup("NORMAL_CLEARING")
    channel.close()
    told = [event for event in told if event.name == "CHANNEL_STATE"]
    assert [event.get("Channel-State") for event in told] == ["CS_HANGUP", "CS_REPORTING"]
    assert [event.get("Caller-Channel-Hangup-Time") == "0" for event in told] == [True, False]


def test_setting_puts_a_variable_last_and_nothing_unsets_it(channel: Channel) -> None:
    channel.merge([("a", "1"), ("b", ["2", "3"]), ("a", "4")])
    assert list(channel.variables)[-2:] == ["b", "a"]
    assert channel.get("b") == "ARRAY::2|:3"
    channel.set("a", "")
    assert channel.get("a") is None


@pytest.mark.parametrize("name", ["CHANNEL_STATE", "CHANNEL_CALLSTATE", "CODEC", "DTMF"])
def test_these_events_bring_no_variables(channel: Channel, told: list[Event], name: str) -> None:
    channel.fire(name, first=[("First", "1")], last=[("Last", "2")])
    (event,) = told
    assert event.get("variable_uuid") is None
    assert event.headers[-1] == ("Last", "2")
    assert event.headers[13] == ("First", "1")
    assert event.uuid == channel.uuid


def test_events_are_numbered(channel: Channel, told: list[Event]) -> None:
    channel.fire("CHANNEL_PARK")
    channel.fire("CHANNEL_UNPARK")
    assert [event.get("Event-Sequence") for event in told] == ["1", "2"]
    channel.stamper.fire("HEARTBEAT", [("Event-Info", "up")])
    assert (told[2].uuid, told[2].get("Event-Info")) == ("", "up")
