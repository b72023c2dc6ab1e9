import pytest
from hypothesis import given
from hypothesis import strategies as st

from mediasock.switch.errors import DialplanError
from mediasock.switch.plan import CODECS, CallSetup, SocketLine, random_uuid


def test_the_words_behind_the_address_come_in_any_order() -> None:
    line = SocketLine.parse("localhost:9000 full async")
    assert (line.targets, line.is_async, line.full) == ((("localhost", 9000, ""),), True, True)


@pytest.mark.parametrize(
    ("text", "target"),
    [
        ("host", ("host", 8084, "")),
        ("[::1]:9000/a/b", ("::1", 9000, "a/b")),
        ("host:1", ("host", 1, "")),
        ("[::1]", ("::1", 8084, "")),
    ],
)
def test_addresses(text: str, target: tuple[str, int, str]) -> None:
    assert SocketLine.parse(text).targets == (target,)


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "|",
        "h:0",
        "h:65536",
        "h:0000065536",
        "h:" + "1" * 5000,
        "h:x",
        ":1",
        "h:٣",
        "h:",
        "[",
        "[]:1",
        "h:1/a:b",
        "h:1/shop.menu:Menu|g:2",
    ],
)
def test_what_is_no_address(text: str) -> None:
    with pytest.raises(DialplanError):
        SocketLine.parse(text)


@given(st.text(max_size=40) | st.text("h:0179[]/| ", max_size=20))
def test_any_text_is_a_line_or_an_error(text: str) -> None:
    try:
        line = SocketLine.parse(text)
    except DialplanError:
        return
    assert all(host and 0 < port < 65536 for host, port, _ in line.targets)


@pytest.mark.parametrize("codec", CODECS)
@pytest.mark.parametrize("ptime", [10, 20, 30])
def test_a_frame(codec: str, ptime: int) -> None:
    setup = CallSetup("h:1", codec=codec, ptime_ms=ptime)
    assert setup.frame_samples == setup.rate * ptime / 1000


def test_no_such_codec_or_frame() -> None:
    with pytest.raises(DialplanError, match="no codec 'GSM'"):
        CallSetup("h:1", codec="GSM")
    with pytest.raises(DialplanError, match="25 ms"):
        CallSetup("h:1", ptime_ms=25)


def test_uuids() -> None:
    assert random_uuid() != random_uuid()
