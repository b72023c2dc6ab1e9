"""``mediasock fax send|status|cancel|retry``: what they print, and what they refuse."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mediasock.cli import main
from mediasock.faxing.jobs import Ending, Order, SpoolError, State
from mediasock.faxing.presence import Lock
from mediasock.faxing.spool import Spool
from tests.support.faxing import Clock, document
from tests.support.served import environment, shown_on

PAGE = Path(__file__).parent.parent.parent / "fixtures/fax/two.tiff"


def fax(*arguments: str) -> Result:
    return CliRunner().invoke(main, ["fax", *arguments])


@pytest.fixture
def spool(tmp_path: Path) -> Iterator[str]:
    """A spool that a server has."""
    with Spool(tmp_path / "spool") as opened:
        lock = Lock(opened.dispatching)
    assert lock.take()
    yield str(tmp_path / "spool")
    lock.let_go()


def sent(spool: str, *more: str, to: str = "+1 555 0100") -> Result:
    return fax("send", "--spool", spool, *more, to, str(PAGE))


def test_a_job_is_handed_in_shown_cancelled_and_tried_again(spool: str) -> None:
    before = time.time()
    assert sent(spool, "--priority", "3", "--tries", "2", "--hours", "1").output == "1\n"
    after = time.time()
    with Spool(Path(spool)) as opened:
        job = opened.job(1)
        assert (job.order.destination, job.order.priority, job.order.tries) == ("+15550100", 3, 2)
        assert before <= job.order.deadline - 3600 <= after
        assert (opened.documents / job.document).exists() and job.pages == 2
    line = "job 1 to +15550100: waiting, 0 of 2 pages confirmed\n"
    assert fax("status", "--spool", spool).output == line
    assert "job 1 to +15550100: cancelled" in fax("cancel", "--spool", spool, "1").output
    assert fax("status", "--spool", spool).output == ""
    assert fax("status", "--spool", spool, "--all").output.count("\n") == 1
    assert "job 1 to +15550100: waiting" in fax("retry", "--spool", spool, "1").output


def test_the_tries_of_a_job_are_shown(spool: str) -> None:
    with Spool(Path(spool), clock=Clock()) as opened:
        job = opened.submit(Order("1"), document(opened.documents, 3), 3)
        endings = [
            (Ending(cause="USER_BUSY"), 0),
            (Ending("no_page_answer", text="no answer after a page", rate="V.17 14400", ecm=True,
                    seconds=61.25), 1),
        ]  # fmt: skip
        for ending, pages in endings:
            one = opened.begin(job.number, "x")
            assert one is not None
            opened.close_try(one.token, ending, confirmed=pages)
            opened.retry(job.number)
        one = opened.begin(job.number, "x")
        assert one is not None
    lines = fax("status", "--spool", spool, "1").output.splitlines()
    assert len(lines) == 4
    assert "calling, 1 of 3 pages confirmed" in lines[0]
    assert "try 1" in lines[1] and "from page 1, busy, USER_BUSY, 0 pages confirmed" in lines[1]
    assert (
        "from page 1, pages, no answer after a page, V.17 14400, ECM, 61.2 s, 1 page con"
        in lines[2]
    )
    assert "from page 2, at most 12000 bit/s, calling, 0 pages confirmed" in lines[3]
    assert "is being cancelled" in fax("cancel", "--spool", spool, "1").output
    told = json.loads(fax("status", "--spool", spool, "--json").output)
    assert [tried["kind"] for tried in told["tries"]] == ["busy", "pages", ""]
    assert one.token not in json.dumps(told)
    with Spool(Path(spool)) as opened:
        opened.close_try(one.token, Ending("call_dropped"))
    last = fax("status", "--spool", spool, "1").output.splitlines()[0]
    assert last == "job 1 to 1: cancelled, 1 of 3 pages confirmed"


def test_the_servers_file_says_which_spool(tmp_path: Path) -> None:
    file = tmp_path / "serve.toml"
    file.write_text(
        f"[apps.out.outgoing]\nspool = '{tmp_path / 'there'}'\n"
        "tries = 4\nkill_time = 60.0\npages = 1"
    )
    done = fax("send", "--config", str(file), "--app", "out", "1", str(PAGE))
    assert (done.exit_code, done.stderr) == (1, "mediasock: there are more than 1 pages\n")
    file.write_text(file.read_text().replace("pages = 1", ""))
    assert fax("send", "--config", str(file), "--app", "out", "1", str(PAGE)).stdout == "1\n"
    with Spool(tmp_path / "there") as opened:
        order = opened.job(1).order
        assert order.tries == 4 and order.deadline - opened.job(1).submitted < 61
    wrong = fax("status", "--config", str(file))
    assert wrong.exit_code == 1 and "there is no table [apps.fax.outgoing]" in wrong.stderr


def test_a_job_is_followed_to_its_end(spool: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mediasock.cli.fax_spool.LOOK", 0.01)
    for ending, pages, status in ((Ending("ok"), 2, 0), (Ending("incompatible"), 0, 1)):
        following = threading.Thread(target=_serve, args=(spool, ending, pages))
        following.start()
        done = sent(spool, "--wait")
        following.join()
        assert done.exit_code == status
        assert "waiting" in done.stderr and done.stderr.splitlines()[-1].startswith("job ")
        assert done.stdout.strip().isdecimal()


def test_a_job_that_no_server_will_send_is_told_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mediasock.cli.fax_spool.LOOK", 0.01)
    spool = str(tmp_path / "typo")
    told = (
        f"mediasock: no server has the spool {spool}: what is in it waits until "
        "`mediasock serve fax` does\n"
    )
    done = sent(spool)
    assert (done.exit_code, done.stdout, done.stderr) == (0, "1\n", told)
    for command in (["status"], ["status", "1"]):
        assert fax(*command, "--spool", spool).stderr == told
    fax("cancel", "--spool", spool, "1")
    assert fax("status", "--spool", spool, "1").stderr == ""
    following = threading.Thread(target=_serve, args=(spool, Ending("ok"), 2))
    following.start()
    done = sent(spool, "--wait")
    following.join()
    assert done.stderr.count(told) <= 1 and "sent" in done.stderr


def _serve(spool: str, ending: Ending, pages: int) -> None:
    """Be the server, for one job."""
    with Spool(Path(spool)) as opened:
        while not (waiting := opened.waiting(1)):
            pass
        one = opened.begin(waiting[0].number, "x")
        assert one is not None
        opened.close_try(one.token, ending, confirmed=pages)
        assert opened.job(waiting[0].number).state in {State.SENT, State.FAILED}


@pytest.mark.parametrize(
    "to",
    [
        "",
        "1,user/2",
        "1|2",
        "{a=b}1",
        "[a=b]1",
        "1 &park()",
        "1\n2",
        "1\r\n\r\napi x",
        "abc",
        "1" * 41,
    ],
)
def test_a_destination_that_is_no_number_is_refused(spool: str, to: str) -> None:
    done = sent(spool, to=to)
    assert done.exit_code == 2 and "DEST" in done.stderr and "there is --dial-string" in done.stderr
    with Spool(Path(spool)) as opened:
        assert opened.jobs() == [] and list(opened.documents.iterdir()) == []


@pytest.mark.parametrize("command", ["status", "cancel", "retry"])
def test_a_spool_that_is_not_there_is_made_by_send_alone(tmp_path: Path, command: str) -> None:
    there = tmp_path / "x"
    done = fax(command, "--spool", str(there), "1")
    assert (done.exit_code, done.stderr) == (1, f"mediasock: {there}: there is no spool\n")
    assert not there.exists()
    assert sent(str(there)).stdout == "1\n"


@pytest.mark.parametrize("dial_string", ["a b", "a\nb", "\x1b[2J", "a\tb"])
def test_a_dial_string_of_more_than_a_word_is_refused(spool: str, dial_string: str) -> None:
    done = sent(spool, "--dial-string", dial_string)
    assert done.exit_code == 2 and "Invalid value for --dial-string" in done.stderr


def test_with_a_dial_string_the_destination_is_a_name(spool: str) -> None:
    assert sent(spool, "--dial-string", "{a=b}user/1|user/2", to="Office").exit_code == 0
    done = sent(spool, "--dial-string", "user/1", to="a\x1b[2Jb")
    assert done.exit_code == 2 and "Invalid value for DEST" in done.stderr
    assert fax("status", "--spool", spool).output.startswith("job 1 to Office: waiting")


@pytest.mark.parametrize(
    ("arguments", "status", "said"),
    [
        (["status"], 2, "say which spool"),
        (["status", "--spool", "x", "--config", "y"], 2, "say which spool"),
        (["status", "--config", "no.toml"], 1, "no.toml"),
        (["status", "--spool", "SPOOL", "7"], 1, "there is no job 7"),
        (["status", "--spool", "SPOOL", "99999999999999999999"], 1, "mediasock: "),
        (["status", "--spool", "SPOOL", "x"], 2, "not a valid integer"),
        (["cancel", "--spool", "SPOOL"], 2, "Missing argument"),
        (["cancel", "--spool", "SPOOL", "7", "8"], 1, "there is no job 8"),
        (["retry", "--spool", "SPOOL", "7"], 1, "there is no job 7"),
        (["send", "--spool", "SPOOL", "1"], 2, "Missing argument"),
        (["send", "--spool", "SPOOL", "1", "no.tiff"], 1, "no.tiff: No such file"),
        (["send", "--spool", "SPOOL", "--tries", "0", "1", str(PAGE)], 2, "--tries"),
        (["send", "--spool", "SPOOL", "--hours", "0", "1", str(PAGE)], 2, "--hours"),
        (["send", "--spool", "SPOOL", "--hours", "nan", "1", str(PAGE)], 2, "--hours"),
        (["send", "--spool", "/dev/null/x", "1", str(PAGE)], 1, "/dev/null/x"),
    ],
)
def test_misuse_is_said_in_a_line(spool: str, arguments: list[str], status: int, said: str) -> None:
    done = fax(*[spool if one == "SPOOL" else one for one in arguments])
    assert done.exit_code == status and said in done.stderr
    assert "Traceback" not in done.stderr


def test_a_job_that_the_disk_does_not_take_leaves_nothing_behind(
    spool: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise SpoolError("the disk is full")

    monkeypatch.setattr(Spool, "submit", full)
    done = sent(spool)
    assert (done.exit_code, done.stderr) == (1, "mediasock: the disk is full\n")
    with Spool(Path(spool)) as opened:
        assert list(opened.documents.iterdir()) == []


@settings(
    max_examples=40,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(st.text(max_size=20), st.text(max_size=20), st.text(max_size=10))
def test_whatever_is_typed_no_exception_comes_out(
    tmp_path: Path, to: str, dial_string: str, number: str
) -> None:
    spool = str(tmp_path / "spool")
    done = fax("send", "--spool", spool, "--dial-string", dial_string, "--", to, "no.tiff")
    assert done.exit_code in {1, 2} and done.exception.__class__ is SystemExit
    done = fax("status", "--spool", spool, "--", number)
    assert done.exit_code in {1, 2} and done.exception.__class__ is SystemExit


@pytest.mark.timeout(600)
def test_what_is_compiled_is_told_on_a_terminal_the_first_time_alone(
    spool: str, tmp_path: Path
) -> None:
    command = [sys.executable, "-m", "mediasock", "fax", "send", "--spool", spool]
    where = environment() | {"NUMBA_CACHE_DIR": str(tmp_path / "compiled")}
    for shown in (b"mediasock: compiling the signal processing: ", b""):
        ours, theirs = os.openpty()
        done = subprocess.run(
            [*command, "1", str(PAGE)], env=where, stderr=theirs, stdout=subprocess.PIPE, check=True
        )
        os.close(theirs)
        told = shown_on(ours)
        assert told.startswith(shown) and bool(told) == bool(shown)
        assert done.stdout.strip().isdigit()
