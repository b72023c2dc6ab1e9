"""``mediasock serve`` as a process: what it is told, what it says, how it ends."""

import json
import os
import signal
import socket

import pytest
from click.testing import CliRunner

from mediasock.cli import main
from tests.support.processes import ends, is_deaf_to_ctrl_c
from tests.support.served import call, mediasock, serving

pytestmark = pytest.mark.timeout(600)

APP = """
from mediasock.app import App


class Mine(App):
    defaults = {"word": "nothing", "other": "nothing"}

    async def on_call(self, call):
        await call.answer()
        print(self.options["word"], self.options["other"], sep=", ", flush=True)
        await call.hangup()
"""


@pytest.fixture
def project(tmp_path):
    """A directory with an application of one's own, which no package installs."""
    (tmp_path / "mine.py").write_text(APP)
    return tmp_path


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([], "Missing argument 'APP...'"),
        (["nothing"], "no application 'nothing': shipped are echo, fax, record, tones"),
        (["gone:App"], "application 'gone:App': ModuleNotFoundError: No module named 'gone'"),
        (["tones", "--listen", "8084"], "listen is '8084': it is HOST:PORT"),
        (["tones", "--workers", "0"], "0 is not in the range"),
        (["tones", "--config", "no.toml"], "no.toml"),
        (["tones", "--set", "tones.eco=true"], "Tones has no option eco; it knows: echo, end"),
        (["tones", "--set", "echo=true"], "it is NAME.OPTION=VALUE"),
        (["tones", "--set", "echo.end=5"], "options for 'echo': the applications are tones"),
        (
            ["tones", "--set", "tones.fax_app=fax"],
            "tones hands calls over to 'fax': the applications are tones",
        ),
        (["tones", "a=tones", "--set", "b.end=x"], "the applications are tones, a"),
        (["tones", "echo", "tones"], "tones and tones are both 'tones'"),
        (
            ["examples.menu:Menu", "Menu=examples.bridge:Bridge"],
            "examples.menu:Menu and examples.bridge:Bridge are both 'Menu'",
        ),
        (["a:b=examples.menu:Menu"], "'a:b' cannot be a path in the dialplan"),
        (["=tones"], "'' cannot be a path in the dialplan"),
        (["a b=tones"], "'a b' cannot be a path"),
        (["tones", "--set", "tones.end=5"], "option end is 5, a str is needed: write it in quotes"),
        (["tones", "--log", "loud"], "'loud' is not one of"),
    ],
)
def test_misuse_is_told_in_a_line_and_is_status_2(arguments, said):
    done = CliRunner().invoke(main, ["serve", *arguments])
    assert done.exit_code == 2
    assert said in done.stderr
    assert done.stdout == ""


@pytest.mark.parametrize("workers", [1, 2])
def test_a_port_that_is_taken_is_status_1(workers):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        where = f"127.0.0.1:{taken.getsockname()[1]}"
        done = mediasock("serve", "tones", "--listen", where, "--workers", workers)
    assert done.returncode == 1
    assert f"mediasock: {where}: Address already in use" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_directory_that_cannot_be_made_is_named(tmp_path):
    (tmp_path / "file").write_text("")
    option = f"record.directory={tmp_path}/file/inside"
    done = mediasock("serve", "record", "--listen", "127.0.0.1:0", "--set", option)
    assert done.returncode == 1
    assert f"{tmp_path}/file/inside: Not a directory" in done.stderr
    assert "Traceback" not in done.stderr


def test_an_application_of_ones_own_with_options_of_a_file_and_of_the_command_line(project):
    """The command line goes before the file, and SIGINT ends it as SIGTERM does."""
    (project / "m.toml").write_text(
        'grace = 1.0\n[apps.Mine]\nword = "of the file"\nother = "of the file"\n'
    )
    arguments = ["tones", "mine:Mine", "other=mine:Mine", "--config", "m.toml"]
    arguments += ["--set", "Mine.word=said"]
    with serving(*arguments, cwd=project) as served:
        for path, said in (("Mine", "said, of the file\n"), ("other", "nothing, nothing\n")):
            assert call(f"{served.target()}/{path}", "--seconds", 20).returncode == 0
            assert served.out.wait_for(".").string == said
        assert served.stop(signal.SIGINT) == 0
        assert "draining grace=1.0" in served.log.rest()


def test_tones_are_told_on_standard_output_and_nothing_else_is():
    with serving("tones", "--set", "tones.end=#") as served:
        called = call(served.target(), "--dtmf", "5#", "--seconds", 30)
        assert called.returncode == 0
        assert served.stop() == 0
        lines = [json.loads(line) for line in served.out.rest().splitlines()]
    assert [one["value"] for one in lines if one["end"] is not None] == ["5", "#"]
    assert {one["call"] for one in lines} == {called.stdout.split()[0]}


def workers_of(served):
    """The processes that it has started, by what the kernel says."""
    pid = served.process.pid
    with open(f"/proc/{pid}/task/{pid}/children") as file:  # noqa: PTH123 - no path of ours
        children = [int(text) for text in file.read().split()]
    return [child for child in children if b"spawn_main" in command_of(child)]


def command_of(pid):
    try:
        with open(f"/proc/{pid}/cmdline", "rb") as file:  # noqa: PTH123
            return file.read()
    except FileNotFoundError:
        return b""


def test_two_workers_share_a_port_and_one_that_is_killed_is_replaced():
    with serving("tones", "--set", "tones.end=#", workers=2) as served:
        first = workers_of(served)
        assert len(first) == 2
        assert all(is_deaf_to_ctrl_c(pid) for pid in first)  # the supervisor passes it on
        done = call(served.target(), "--dtmf", "#", "--calls", 6, "--rate", 20)
        assert done.stdout.splitlines()[-1] == "6 calls, 6 went well"
        os.kill(first[0], signal.SIGKILL)
        assert served.log.wait_for(r"a worker died.* pid=(\d+) status=-9")[1] == str(first[0])
        port = int(served.log.wait_for(r" listening .*port=(\d+)")[1])
        assert port == served.port
        second = workers_of(served)
        assert len(second) == 2
        assert first[0] not in second
        assert first[1] in second
        done = call(served.target(), "--dtmf", "#", "--calls", 4, "--rate", 20)
        assert done.stdout.splitlines()[-1] == "4 calls, 4 went well"
        assert served.stop() == 0
        assert all(ends(pid) for pid in second)


def test_workers_do_not_outlive_a_supervisor_that_is_killed():
    with serving("tones", workers=2) as served:
        workers = workers_of(served)
        served.stop(signal.SIGKILL)
        assert len(workers) == 2
        assert all(ends(pid) for pid in workers)
