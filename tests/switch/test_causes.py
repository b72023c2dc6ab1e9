import pytest

from mediasock.switch.causes import CAUSES, cause


@pytest.mark.parametrize("name", CAUSES)
def test_every_cause_is_read_by_name_and_number(name: str) -> None:
    assert cause(name) == cause(name.lower()) == cause(str(CAUSES[name])) == name


@pytest.mark.parametrize("text", ["", "0", "nonsense", "-1", "16.0"])
def test_what_is_no_cause_is_normal(text: str) -> None:
    assert cause(text) == "NORMAL_CLEARING"
