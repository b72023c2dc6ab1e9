from mediasock.switch.commands import Command
from mediasock.switch.messages import Dial, Message
from mediasock.switch.plan import SocketLine


def test_a_dial_names_its_targets_in_turn() -> None:
    dial = Dial(SocketLine.parse("a:1/x|b:2 async"))
    assert dial.targets == (("a", 1, "x"), ("b", 2, ""))


def test_a_message_waits_for_nobody_unless_told() -> None:
    assert Message(Command("sendmsg")).sender is None
