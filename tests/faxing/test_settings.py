from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from mediasock.config import ConfigError
from mediasock.faxing.policy import standard
from mediasock.faxing.settings import Settings, from_file, from_mapping

GOOD = {"spool": "/srv/out", "password": "ClueCon", "dial": "sofia/gateway/pstn/{number}"}


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"spool": ""}, "spool is needed"),
        ({"spool": 1}, "spool is 1: a str is needed"),
        ({"spool": "out"}, "spool is 'out': a whole path is needed"),
        ({"policy": "mine.toml"}, "policy is 'mine.toml': a whole path is needed"),
        ({"esl": "8021"}, "HOST:PORT"),
        ({"esl": "x:y"}, "HOST:PORT"),
        ({"dial": "sofia/gateway/pstn/"}, "needs one {number}"),
        ({"dial": "a b{number}"}, "one word"),
        ({"socket": "127.0.0.1"}, "HOST:PORT"),
        ({"socket": "127.0.0.1:8084/a b"}, "socket is"),
        ({"socket": "127.0.0.1:8084/a:1"}, "socket is"),
        ({"socket": "127.0.0.1:8084/x'"}, "socket is"),
        ({"socket": "127.0.0.1:8084/x\ny"}, "holds CR"),
        ({"socket": "127.0.0.1:8084/"}, "socket is"),
        ({"variables": {"a": 1}}, "variables has 'a'"),
        ({"variables": {"fax_job": "x"}}, "variables has 'fax_job'"),
        ({"variables": {"a b": "x"}}, "one word"),
        ({"variables": {"a": "x'y"}}, "quotes"),
        ({"variables": []}, "a dict is needed"),
        ({"calls": 0}, "at least 1"),
        ({"calls": 1.5}, "a int is needed"),
        ({"calls": True}, "a int is needed"),
        ({"tries": 0}, "at least 1"),
        ({"pages": 0}, "at least 1"),
        ({"ring": 0}, "more than 0"),
        ({"kill_time": float("nan")}, "more than 0"),
        ({"keep": float("inf")}, "more than 0"),
        ({"colour": 1}, "no setting 'colour'"),
    ],
)
def test_wrong_settings_are_named(changes: dict[str, Any], said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        from_mapping({**GOOD, **changes})


def test_the_settings_of_a_servers_file(tmp_path: Path) -> None:
    path = tmp_path / "serve.toml"
    path.write_text(
        '[apps.fax.outgoing]\nspool = "/srv/out"\nring = 30\nsocket = "[::1]:8084/fax"\n'
        '[apps.fax.outgoing.variables]\nabsolute_codec_string = "PCMA"\n'
        "[apps.other]\nx = 1\n"
    )
    found = from_file(path)
    assert found.directory == Path("/srv/out") and found.ring == 30
    assert found.target == "&socket('[::1]:8084/fax async full')"
    assert found.table is standard()
    with pytest.raises(
        ConfigError, match=r"serve\.toml: there is no table \[apps.other.outgoing\]"
    ):
        from_file(path, "other")
    path.write_text("[apps.fax.outgoing]\n")
    with pytest.raises(ConfigError, match=r"serve\.toml: outgoing: spool is needed"):
        from_file(path)


def test_without_a_spool_there_are_no_settings() -> None:
    with pytest.raises(ConfigError, match="spool is needed"):
        from_mapping({})


@pytest.mark.parametrize("name", ["password", "dial"])
def test_to_place_calls_more_is_needed(name: str) -> None:
    from_mapping(GOOD).check_dispatch()
    with pytest.raises(ConfigError, match=f"{name} is needed"):
        from_mapping({**GOOD, name: ""}).check_dispatch()


def test_a_policy_of_ones_own_is_read(tmp_path: Path) -> None:
    settings = Settings(spool="x", password="x", dial="{number}", policy=str(tmp_path / "no"))
    with pytest.raises(ConfigError, match="No such file"):
        settings.check_dispatch()
