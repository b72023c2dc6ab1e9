import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mediasock.switch import commands
from mediasock.switch.commands import Command, CommandReader, is_true
from mediasock.switch.errors import CommandTooLongError

WRITTEN = (
    b"connect\n\nsendmsg\ncall-command: execute\nexecute-app-name: set\ncontent-type: text/plain\n"
    b"content-length: 9\n\nfoo=\n\nbar\n\ngetvar foo\r\n\r\n\n\nexit\n\n"
)


def read(pieces: list[bytes]) -> list[Command]:
    reader, commands = CommandReader(), []
    for piece in pieces:
        reader.feed(piece)
        while (command := reader.next_command()) is not None:
            commands.append(command)
    return commands


def test_commands_are_read_with_headers_and_body() -> None:
    connect, sendmsg, getvar, leave = read([WRITTEN])
    assert (connect.word, getvar.argument, leave.word) == ("connect", "foo", "exit")
    assert sendmsg.get("Execute-App-Name") == "set"
    assert sendmsg.body == "foo=\n\nbar"
    assert sendmsg.get("loops", "1") == "1"


@given(st.lists(st.integers(0, len(WRITTEN))))
def test_any_cut_gives_the_same_commands(cuts: list[int]) -> None:
    edges = [0, *sorted(cuts), len(WRITTEN)]
    pieces = [WRITTEN[a:b] for a, b in itertools.pairwise(edges)]
    assert read(pieces) == read([WRITTEN])


@given(
    st.lists(st.binary(max_size=200) | st.text("a:\r\n", max_size=8).map(str.encode), max_size=9)
)
def test_garbage_is_commands_or_nothing(pieces: list[bytes]) -> None:
    assert read(pieces) == read([b"".join(pieces)])


def test_an_empty_line_of_many_returns_may_be_cut_anywhere() -> None:
    whole = b"getvar a\n\r\r\r\nexit\n\r\n"
    commands = read([whole])
    assert [command.line for command in commands] == ["getvar a", "exit"]
    for cut in range(len(whole)):
        assert read([whole[:cut], whole[cut:]]) == commands


@given(st.text("019 x:-+\r\xff²", max_size=4))
def test_a_garbled_length_is_none(text: str) -> None:
    head = f"sendmsg\ncontent-length:{text}".encode("latin-1")
    commands = read([head, b"\n\n", b"9" * 9999])
    assert [command.line for command in commands[:1]] == ["sendmsg"]
    digits = text.strip()
    length = int(digits) if digits.isascii() and digits.isdigit() else 0
    assert len(commands[0].body) == length


def test_a_head_without_end_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(commands, "MAX_HEAD", 1000)
    reader = CommandReader()
    reader.feed(b"x" * 1000)
    assert reader.next_command() is None
    reader.feed(b"x")
    with pytest.raises(CommandTooLongError, match="1001 bytes"):
        reader.next_command()


def test_a_body_past_the_limit_is_refused_before_it_comes() -> None:
    reader = CommandReader()
    reader.feed(b"sendmsg\ncontent-length: 99999999\n\n")
    with pytest.raises(CommandTooLongError, match="99999999"):
        reader.next_command()


def test_a_half_body_is_waited_for() -> None:
    reader = CommandReader()
    reader.feed(b"sendevent X\ncontent-length: 4\n\nabc")
    assert reader.next_command() is None
    reader.feed(b"d")
    command = reader.next_command()
    assert command is not None
    assert command.body == "abcd"


def test_odd_bytes_survive() -> None:
    (command,) = read([b"getvar \xff\xfe\n\n"])
    assert command.argument.encode("utf-8", "surrogateescape") == b"\xff\xfe"


@pytest.mark.parametrize("word", ["true", "YES", "on", "1", "-1", "enabled"])
def test_words_of_yes(word: str) -> None:
    assert is_true(word)
    assert Command("x", (("Event-Lock", word),)).true("event-lock")


@pytest.mark.parametrize("word", [None, "", "no", "0", "false", "maybe"])
def test_words_of_no(word: str | None) -> None:
    assert not is_true(word)
