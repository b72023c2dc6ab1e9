import pytest

from mediasock.switch.events import Event
from mediasock.switch.subscription import Subscription


def event(name: str, uuid: str = "me", subclass: str = "", **headers: str) -> Event:
    fields = [(key.replace("_", "-"), value) for key, value in headers.items()]
    return Event(name, uuid, [("Event-Name", name), ("Unique-ID", uuid), *fields], "", subclass)


@pytest.fixture
def mine() -> Subscription:
    return Subscription("me")


def test_nothing_is_wanted_at_first(mine: Subscription) -> None:
    assert not mine.wants(event("DTMF"))


def test_my_events_are_of_my_call(mine: Subscription) -> None:
    mine.my_events(["json"])
    assert mine.form == "json"
    assert mine.wants(event("CHANNEL_HANGUP"))
    assert not mine.wants(event("CHANNEL_HANGUP", "another"))


@pytest.mark.parametrize(
    "name", ["BACKGROUND_JOB", "PLAYBACK_START", "CUSTOM", "CODEC", "CHANNEL_CALLSTATE"]
)
def test_what_my_events_lack(mine: Subscription, name: str) -> None:
    mine.my_events([])
    assert not mine.wants(event(name))


def test_names_and_subclasses(mine: Subscription) -> None:
    assert mine.add(["DTMF", "custom", "mine::one"])
    assert mine.wants(event("DTMF", "another"))
    assert mine.wants(event("CUSTOM", subclass="mine::one"))
    assert not mine.wants(event("CUSTOM", subclass="mine::two"))
    assert mine.remove(["CUSTOM", "mine::one"])
    assert not mine.wants(event("CUSTOM", subclass="mine::one"))
    assert not mine.add([])
    assert not mine.remove([])


def test_out_of_all_a_name_can_be_taken(mine: Subscription) -> None:
    mine.add(["all"])
    mine.remove(["HEARTBEAT"])
    assert mine.wants(event("CUSTOM", subclass="any"))
    mine.remove_filter("all", "")
    assert not mine.wants(event("HEARTBEAT"))
    mine.add(["heartbeat"])
    assert mine.wants(event("HEARTBEAT"))


def test_a_filter_lets_only_matches_through(mine: Subscription) -> None:
    mine.add(["ALL"])
    mine.filters.append(("Unique-ID", "me"))
    mine.filters.append(("DTMF-Digit", "/^[0-9]$/"))
    assert mine.wants(event("DTMF", "me"))
    assert mine.wants(event("DTMF", "another", DTMF_Digit="5"))
    assert not mine.wants(event("DTMF", "another", DTMF_Digit="#"))


@pytest.mark.parametrize("pattern", ["(", "x{4294967295}"])
def test_a_broken_pattern_matches_nothing(mine: Subscription, pattern: str) -> None:
    mine.add(["ALL"])
    mine.filters.append(("Unique-ID", f"/{pattern}/"))
    assert not mine.wants(event("DTMF"))


def test_filters_are_deleted_by_value_by_name_or_all(mine: Subscription) -> None:
    mine.filters = [("A", "1"), ("a", "2"), ("B", "1")]
    mine.remove_filter("a", "2")
    assert mine.filters == [("A", "1"), ("B", "1")]
    mine.remove_filter("A", "")
    assert mine.filters == [("B", "1")]
    mine.remove_filter("all", "")
    assert mine.filters == []


def test_clear_says_whether_there_was_something(mine: Subscription) -> None:
    assert not mine.clear()
    mine.add(["ALL"])
    assert mine.clear()
    assert not mine.wants(event("DTMF"))
    mine.add(["ALL"])
    mine.remove(["all"])
    assert not mine.wants(event("DTMF"))
