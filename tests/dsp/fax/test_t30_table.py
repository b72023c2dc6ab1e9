import ast
import inspect
import textwrap

import pytest

from dsp.fax import t30_called, t30_receiver, t30_sender
from dsp.fax.dialogue import Dialogue
from dsp.fax.frames import controls
from dsp.fax.t30_called import Called
from dsp.fax.t30_receiver import Receiver
from dsp.fax.t30_sender import Sender
from dsp.fax.t30_table import TableError, read, states

SIDES = {"call": Dialogue, "sender": Sender, "called": Called, "receiver": Receiver}
MODULES = {"sender": t30_sender, "called": t30_called, "receiver": t30_receiver}
TIMERS = {"T0", "T1", "T2", "T3", "T4", "T5", "check", "stall", "store"}
EVENTS = TIMERS | {
    "said",
    "flags",
    "garbled",
    "trained",
    "fast lost",
    "stored",
    "not stored",
    "hung up",
}


def actions():
    for state in states().values():
        if state.enter is not None:
            yield state.name, "enter", state.enter, {}
        for event, row in state.rows.items():
            if row.do is not None:
                yield state.name, event, row.do, row.words


def method(action):
    side, _, name = action.partition(".")
    return getattr(SIDES[side], name)


def words(function, seen=()):
    """What a method may return: its own strings, and those of the methods that it returns from."""
    if function.__name__ in seen:
        return set()
    tree = ast.parse(textwrap.dedent(inspect.getsource(function)))
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Return) and node.value is not None:
            found |= said(node.value, (*seen, function.__name__))
    return found


def said(value, seen):
    if isinstance(value, ast.Constant):
        return {value.value} - {None}
    if isinstance(value, ast.IfExp):
        return said(value.body, seen) | said(value.orelse, seen)
    if isinstance(value, ast.Attribute) and value.attr == "asks":
        return {"identify", "poll"}
    if isinstance(value, ast.Call) and isinstance(value.func, ast.Attribute):
        for side in SIDES.values():
            if hasattr(side, value.func.attr):
                return words(getattr(side, value.func.attr), seen)
    return set()


@pytest.mark.parametrize(("state", "event", "action", "rows"), list(actions()))
def test_actions_are_there_and_what_they_say_has_a_state(state, event, action, rows):
    function = method(action)
    assert callable(function)
    if event != "enter" and "." in action:
        assert words(function) <= set(rows), f"{state}: {event}"


def test_every_event_is_one_that_there_is():
    known = EVENTS | set(controls()) | {f"PRI-{one}" for one in ("MPS", "EOM", "EOP")}
    for state in states().values():
        assert set(state.rows) <= known, state.name


def test_every_state_is_reached_and_every_one_has_a_way_on():
    reached, new = set(), {"call", "answer"}
    while new:
        name = new.pop()
        reached.add(name)
        for row in states()[name].rows.values():
            new |= ({row.go, *row.words.values()} - {None}) - reached
    assert reached == set(states())
    assert [one for one in states() if not states()[one].rows] == ["over"]


def test_every_method_that_takes_an_event_is_in_the_table():
    used = {action for _, _, action, _ in actions()}
    for side, module in MODULES.items():
        tree = ast.parse(inspect.getsource(module))
        for node in ast.walk(tree):
            takes = isinstance(node, ast.FunctionDef) and not node.name.startswith("_")
            if takes and [one.arg for one in node.args.args][1:] in (["_"], ["frame"]):
                assert f"{side}.{node.name}" in used or node.name in ("await_page", "polled")


def test_a_row_that_leads_nowhere_is_refused():
    with pytest.raises(TableError, match="a: MCF goes to 'b', which is no state"):
        read({"a": {"phase": "B", "is": "", "MCF": {"go": "b"}}})
    with pytest.raises(TableError, match="no outcome"):
        read({"a": {"phase": "B", "is": "", "MCF": {"fail": "thirst", "go": "a"}}})
