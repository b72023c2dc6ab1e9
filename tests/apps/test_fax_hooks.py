"""Hooks: arguments as they are, no shell, an end to each."""

import asyncio
import json
import sys

import pytest

from mediasock.apps.fax_hooks import HookError, Hooks
from tests.support.calls import until
from tests.support.processes import ends

WRITE = "import sys, json; json.dump(sys.argv[2:], open(sys.argv[1], 'w'))"


def python(*arguments):
    return [sys.executable, "-c", *arguments]


def run(hooks, *jobs):
    async def story():
        for kind, values in jobs:
            hooks.start(kind, values)
        await hooks.finish()

    asyncio.run(story())


def test_values_are_parts_of_arguments_and_no_shell_sees_them(tmp_path):
    told = tmp_path / "told.json"
    nasty = "a b; touch /tmp/x $(reboot) `id` | & > '\""
    command = python(WRITE, str(told), "{far_ident}", "--from={far_ident}", "{pages}/{code}")
    values = {"far_ident": nasty, "pages": 2, "code": 0}
    run(Hooks({"received": command}), ("received", values))
    assert json.loads(told.read_text()) == [nasty, f"--from={nasty}", "2/0"]


def test_a_value_is_no_option_and_has_no_control_characters(tmp_path):
    told = tmp_path / "told.json"
    command = python(WRITE, str(told), "{far_ident}", "{file}")
    run(Hooks({"sent": command}), ("sent", {"far_ident": "--delete\x00\n now", "file": "/a"}))
    assert json.loads(told.read_text()) == ["delete now", "/a"]


def test_only_the_hook_of_its_kind_runs(tmp_path):
    told = tmp_path / "told.json"
    run(Hooks({"failed": python(WRITE, str(told))}), ("received", {}), ("sent", {}))
    assert not told.exists()


@pytest.mark.parametrize("then", ["wait", "exit"])
def test_one_that_takes_too_long_is_killed_with_what_it_started(
    tmp_path, caplog, monkeypatch, then
):
    alive = tmp_path / "alive"
    command = ["/bin/sh", "-c", f'sleep 3600 & echo $$ $! > "$1"; {then}', "sh", str(alive)]

    async def story():
        loop, passed = asyncio.get_running_loop(), 0.0
        now = loop.time
        monkeypatch.setattr(loop, "time", lambda: now() + passed)
        hooks = Hooks({"failed": command}, seconds=3600.0)
        hooks.start("failed", {"call": "c-1"})
        await until(lambda: alive.exists() and alive.read_text().endswith("\n"))
        assert not caplog.text
        while "is killed" not in caplog.text:  # its time may begin only now
            passed += 3600.0
            await asyncio.sleep(0)
        await hooks.finish()

    asyncio.run(story())
    assert "is killed" in caplog.text
    pids = alive.read_text().split()
    assert len(pids) == 2
    for pid in pids:
        assert ends(int(pid)), f"{pid} lives"


def test_no_more_than_some_run_at_once(monkeypatch):
    running, most, ended = 0, 0, 0

    class Process:
        returncode = 0

        async def communicate(self):
            nonlocal running, most, ended
            running += 1
            most = max(most, running)
            for _ in range(100):  # until any other has begun that may
                await asyncio.sleep(0)
            running -= 1
            ended += 1
            return b"", b""

    async def start(*_, **__):
        return Process()

    monkeypatch.setattr(asyncio, "create_subprocess_exec", start)
    run(Hooks({"sent": ["/bin/true"]}, at_once=2), *[("sent", {})] * 5)
    assert (most, ended) == (2, 5)


def test_one_that_fails_is_logged_with_its_words(caplog):
    script = "import sys; sys.stderr.write('no archive'); sys.exit(3)"
    run(Hooks({"sent": python(script)}), ("sent", {"call": "c-1"}))
    [record] = [one for one in caplog.records if "ended with 3" in one.message]
    assert "no archive" in record.message
    assert (record.call, record.hook) == ("c-1", "sent")


def test_one_that_is_not_there_is_logged(caplog):
    run(Hooks({"sent": ["/nonexistent/program"]}), ("sent", {}))
    assert "cannot be run" in caplog.text


@pytest.mark.parametrize(
    ("commands", "why"),
    [
        ({"arrived": ["/bin/true"]}, "no hook 'arrived'"),
        ({"received": "/bin/true {file}"}, "a list of arguments"),
        ({"received": []}, "a list of arguments"),
        ({"received": ["/bin/true", 1]}, "a list of arguments"),
        ({"received": ["true"]}, "not the whole path"),
        ({"received": ["/bin/true", "{ident}"]}, "no {ident}"),
        ({"received": ["/bin/{call}"]}, "as it is"),
    ],
)
def test_what_cannot_be_a_hook_is_refused(commands, why):
    with pytest.raises(HookError, match=why):
        Hooks(commands)
