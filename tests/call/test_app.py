from typing import ClassVar

import pytest

from mediasock.app import App, AppError, load
from mediasock.apps.echo import Echo
from mediasock.apps.record import Record
from mediasock.apps.tones import Tones


class Mine(App):
    defaults: ClassVar = {"prompt": "", "loud": False, "times": 3, "seconds": 1.5, "anything": None}


class NoApp:
    pass


def test_shipped_applications_have_short_names():
    assert [load(name) for name in ("tones", "echo", "record")] == [Tones, Echo, Record]


def test_an_application_of_ones_own_is_module_and_class():
    assert load("examples.menu:Menu").__name__ == "Menu"


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("tone", "shipped are echo, fax, record, tones"),
        ("", "shipped are"),
        ("examples.menu:", "shipped are"),
        ("no_such_module:App", "No module named 'no_such_module'"),
        (":App", "ValueError"),
        (".menu:App", "TypeError"),
        ("examples.menu:Manu", "examples.menu has no Manu"),
        ("examples.menu:Call", "Call is not a subclass of mediasock.app.App"),
        ("os:path", "path is not a subclass"),
    ],
)
def test_what_cannot_be_loaded_is_named(name, said):
    with pytest.raises(AppError) as error:
        load(name)
    assert said in str(error.value)
    assert repr(name) in str(error.value)


def test_a_module_that_breaks_while_it_is_imported_is_named(tmp_path, monkeypatch):
    (tmp_path / "breaking.py").write_text("1 / 0\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    with pytest.raises(AppError, match=r"'breaking:App': ZeroDivisionError: division by zero"):
        load("breaking:App")


def test_options_have_defaults_and_are_the_instances_own():
    given = Mine({"prompt": "a.wav", "seconds": 2, "anything": [1]})
    assert given.options["prompt"] == "a.wav"
    assert given.options["seconds"] == 2
    assert given.options["times"] == 3
    assert Mine().options["prompt"] == ""


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"promt": "x"}, "has no option promt; it knows: anything, loud, prompt, seconds, times"),
        ({"prompt": 5}, 'option prompt is 5, a str is needed: write it in quotes, "5"'),
        ({"loud": 1}, "option loud is 1, a bool is needed"),
        ({"times": True}, "option times is True, a int is needed"),
        ({"seconds": "9"}, "option seconds is '9', a float is needed"),
    ],
)
def test_a_wrong_option_is_named_with_its_application(options, said):
    with pytest.raises(AppError) as error:
        Mine(options)
    assert said in str(error.value)
    assert str(error.value).startswith("Mine")


def test_an_application_without_on_call_fails_the_call_and_says_so(call, caplog):
    told = call(Mine)
    assert told.outcome.hangup_cause == "NORMAL_TEMPORARY_FAILURE"
    assert "Mine does not say what to do with a call" in caplog.text
