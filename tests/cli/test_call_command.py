"""``mediasock call`` as a process, into a server of another."""

import asyncio
import re
import socket

import numpy as np
import pytest
import soundfile
from click.testing import CliRunner

from dsp.fax.document import read
from mediasock.cli import main
from tests.support import served as support
from tests.support.answering import Conversation, application
from tests.support.calls import loudness_at

pytestmark = [pytest.mark.timeout(600), pytest.mark.xdist_group("calls into one server")]


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    """The shipped applications, served for all tests of this file."""
    records = tmp_path_factory.mktemp("records")
    options = ["--set", "tones.end=#", "--set", f"record.directory={records}"]
    options += ["--set", f"fax.spool={records}", "--set", "fax.voice=false"]
    with support.serving("tones", "echo", "record", "fax", *options) as server:
        server.records = records
        yield server


def call(served, *options, path=""):
    return support.call(served.target(path), *options)


def test_a_call_that_went_as_asked_is_status_0_and_a_line(served):
    done = support.mediasock("call", served.target(), "--dtmf", "15#", "--seconds", 30)
    assert done.returncode == 0
    assert re.fullmatch(
        r"[0-9a-f-]{36} answered, \d+\.\d s, NORMAL_CLEARING; "
        r"stream: \d+ frames to the application, \d+ back\n",
        done.stdout,
    )
    assert done.stderr == ""


@pytest.mark.parametrize("options", [["--codec", "G722"], ["--codec", "PCMA", "--ptime", "30"]])
def test_codecs_and_frame_lengths(served, options):
    assert call(served, "--rfc2833", "#", "--seconds", 30, *options).returncode == 0


def test_what_is_recorded_has_both_sides_and_what_was_played(served, tmp_path):
    file = tmp_path / "both.wav"
    tone = "tone_stream://v=-10;L=10;%(1000,0,700)"  # as long as the call, whenever that has sound
    done = call(served, "--play", tone, "--record", file, "--seconds", 6, path="echo")
    assert done.returncode == 0
    sound, rate = soundfile.read(file, dtype="int16")
    assert (rate, sound.shape[1]) == (8000, 2)
    for side in sound.T:
        assert loudness_at(side, 700) == pytest.approx(-10, abs=2)


def test_a_file_is_played(served, tmp_path):
    file = tmp_path / "said.wav"
    soundfile.write(file, np.full(1600, 1000, np.int16), 8000)
    done = call(served, "--play", file, "--rfc2833", "#", "--seconds", 30)
    assert done.returncode == 0


def test_several_calls_at_a_rate_each_with_a_recording(served, tmp_path):
    options = ["--calls", 3, "--rate", 10, "--record", tmp_path / "c.wav", "--rfc2833", "#"]
    done = call(served, *options, "--seconds", 30)
    assert done.returncode == 0
    lines = done.stdout.splitlines()
    assert lines[-1] == "3 calls, 3 went well"
    assert len({line.split()[0] for line in lines[:-1]}) == 3
    assert sorted(one.name for one in tmp_path.iterdir()) == ["c-1.wav", "c-2.wav", "c-3.wav"]


def test_loss_and_jitter_are_the_lines(served):
    done = call(served, "--loss", 30, "--jitter", 40, "--seconds", 5, path="echo")
    assert done.returncode == 0
    assert int(re.search(r"(\d+) packets lost", done.stdout)[1]) > 5


def test_limited_is_enough_and_sync_has_no_sound(served):
    assert call(served, "--limited", "--rfc2833", "#", "--seconds", 30).returncode == 0
    done = call(served, "--sync", "--calls", 2, "--seconds", 20)
    assert done.returncode == 1
    assert "not answered" in done.stdout
    assert done.stdout.splitlines()[-1] == "2 calls, 0 went well"
    assert "NORMAL_TEMPORARY_FAILURE" in done.stdout
    served.log.wait_for(r"unicast: .*add 'async' to the dialplan")


def test_nobody_there_is_status_1(unused_port):
    done = support.call(f"127.0.0.1:{unused_port}", "--seconds", 1)
    assert done.returncode == 1
    assert "no application answered" in done.stdout


@pytest.fixture
def unused_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))  # bound and not listened on: whoever dials is refused
        yield probe.getsockname()[1]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([], "Missing argument"),
        (["127.0.0.1:0"], "'127.0.0.1:0' is not HOST:PORT"),
        (["127.0.0.1:http"], "is not HOST:PORT"),
        (["127.0.0.1:8084/a.b:C"], "takes host and port apart at the last colon"),
        (["127.0.0.1:1", "--codec", "GSM"], "'GSM' is not one of"),
        (["127.0.0.1:1", "--ptime", "15"], "'15' is not one of"),
        (["127.0.0.1:1", "--var", "novalue"], "'novalue' is not NAME=VALUE"),
        (["127.0.0.1:1", "--loss", "101"], "101"),
        (["127.0.0.1:1", "--calls", "0"], "0 is not in the range"),
        (["127.0.0.1:1", "--dtmf", "1x"], "'X' is no key"),
        (["127.0.0.1:1", "--rfc2833", "1 2"], "' ' is no key"),
        (
            ["127.0.0.1:1", "--play", "nowhere.wav"],
            "nowhere.wav cannot be played: No such file or directory\n",
        ),
        (["127.0.0.1:1", "--play", "tone_stream://%(1,2"], "tone_stream://%(1,2"),
        (["127.0.0.1:1", "--record", "no/such/place.wav"], "no/such"),
    ],
)
def test_misuse_is_told_in_a_line_and_is_status_2(arguments, said):
    done = CliRunner().invoke(main, ["call", *arguments])
    assert said in done.stderr
    assert done.exit_code == 2
    assert done.stdout == ""


def test_what_would_abort_a_real_switch_is_told_and_is_status_1():
    async def reckless(call: Conversation) -> None:
        await call.unicast(40000)
        with pytest.raises((EOFError, ConnectionError)):
            await call.until(lambda one: False)

    async def story():
        async with application(reckless) as port:
            where = f"127.0.0.1:{port}"
            return await asyncio.to_thread(support.call, where, "--seconds", 20)

    done = asyncio.run(story())
    assert done.returncode == 1
    assert "FREESWITCH WOULD HAVE ABORTED" in done.stdout


# -- fax ----------------------------------------------------------------------------------------


def test_a_fax_machine_sends_and_another_receives(served, tmp_path):
    """What one sends to the spool is what the other is sent from there."""
    letter = tmp_path / "letter.txt"
    letter.write_text("Dear reader\n")
    record = tmp_path / "both.wav"
    done = call(served, "--limited", "--fax", letter, "--record", record, path="fax")
    assert done.returncode == 0, done.stdout
    assert "; fax: 1 page, " in done.stdout
    assert soundfile.info(record).channels == 2
    stored = done.stdout.split()[0] + ".tiff"
    got = tmp_path / "got.tiff"
    wanted = ["--var", "fax_mode=send", "--var", f"fax_file_name={stored}"]
    done = call(served, "--limited", "--fax-to", got, *wanted, path="fax")
    assert done.returncode == 0, done.stdout
    [first], [second] = read(served.records / stored), read(got)
    assert first.rows.tolist() == second.rows.tolist()


def test_a_fax_that_fails_is_status_1(served, tmp_path):
    options = ["--fax-to", tmp_path / "got.tiff", "--var", "fax_mode=send"]
    done = call(served, *options, "--var", "fax_file_name=none.tiff", path="fax")
    assert done.returncode == 1
    assert "fax: 0 pages, the call ended before the fax did" in done.stdout


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--fax", "README.md", "--dtmf", "1"], "plays and keys nothing"),
        (["--fax", "none.tiff"], "does not exist"),
        (["--fax", "README.md", "--fax-to", "x.tiff"], "one at a time"),
        (["--fax-to", "{empty}/none/x.tiff"], "No such file"),
        (["--fax", "tests/__init__.py"], "it is empty"),
    ],
)
def test_a_fax_that_cannot_be_is_misuse(served, tmp_path, options, said):
    options = [one.format(empty=tmp_path) for one in options]
    done = call(served, *options, path="fax")
    assert done.returncode == 2
    assert said in done.stderr
