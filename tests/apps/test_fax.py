"""The fax endpoint, called by the embedded switch over real sockets."""

import asyncio
import errno
import json
import logging
import os
import stat
import sys
from contextlib import nullcontext

import pytest
import soundfile

from dsp.fax.document import TiffWriter, read
from dsp.fax.sink import Pages
from dsp.fax.terminal import FaxTerminal
from mediasock.app import AppError
from mediasock.apps.fax import Fax
from mediasock.config import ConfigError
from mediasock.switch.far_end import FarEnd, HangUp, Play, Tone, Wait
from mediasock.switch.talking import TalkingPhone
from tests.support.calls import dial, run, serving
from tests.support.fax_terminals import Leaving, page, quick
from tests.support.speech import GREETINGS, at_level, can_speak, spoken

pytestmark = pytest.mark.timeout(600)

# -- receiving ----------------------------------------------------------------------------------


def test_a_fax_is_received_to_the_spool_by_the_dialplan_line_of_socket2me(faxed, tmp_path):
    told = faxed()
    assert told.outcome.went_well
    document = tmp_path / f"{told.outcome.uuid}.tiff"
    assert [one.rows.tolist() for one in read(document)] == [
        page(1).rows.tolist(),
        page(2).rows.tolist(),
    ]
    assert b"+49 711 0815" in document.read_bytes()
    [terminal] = told.kind.made
    assert (terminal.calling, terminal.send) == (False, ())
    assert not list(tmp_path.glob("*.partial"))


def test_the_dialplan_is_told_how_it_went(faxed, tmp_path):
    told = faxed(options={"ident": "+1 555 0100"})
    wanted = {
        "fax_success": "1",
        "fax_result_code": "0",
        "fax_document_transferred_pages": "2",
        "fax_remote_station_id": "+49 711 0815",
        "fax_local_station_id": "+1 555 0100",
        "fax_transfer_rate": "14400",
        "fax_ecm_used": "on",
        "fax_ecm_requested": "1",
        "fax_image_resolution": "8040x7700",
        "fax_encoding_name": "T.6",
        "fax_filename": str(tmp_path / f"{told.outcome.uuid}.tiff"),
    }
    assert {name: told.variable(name) for name in wanted} == wanted


def test_what_the_far_end_says_of_itself_is_not_expanded(faxed):
    kind = quick(far_ident="${system(id)}'\\n")
    told = faxed(kind=kind, options={"hangup": False})
    assert told.variable("fax_remote_station_id") == "{system(id)}'n"
    assert told.variable("fax_result_code") == "0"


def test_what_is_received_is_for_its_owners_eyes(faxed, tmp_path):
    faxed(options={"record": str(tmp_path / "a" / "sound")})
    assert stat.S_IMODE((tmp_path / "a" / "sound").stat().st_mode) == 0o700


def test_names_that_are_asked_for(faxed, tmp_path):
    told = faxed(variables={"fax_file_name": "in/today.tif"})
    assert len(list(read(tmp_path / "in/today.tif"))) == 2
    told = faxed(variables={"fax_spool": "faxes", "fax_prefix": "office"})
    assert len(list(read(tmp_path / f"faxes/office-{told.outcome.uuid}.tiff"))) == 2


@pytest.mark.parametrize(
    "variables",
    [
        {"fax_file_name": "/etc/fax.tiff"},
        {"fax_file_name": "../fax.tiff"},
        {"fax_spool": "/tmp"},
        {"fax_prefix": "../x"},
        {"fax_mode": "send", "fax_file_name": "/etc/passwd"},
        {"fax_mode": "send", "fax_file_name": "none.tiff"},
    ],
)
def test_a_document_that_may_not_be_had_is_a_file_error_and_no_call_is_answered(faxed, variables):
    told = faxed(variables=variables)
    assert not told.outcome.answered
    assert told.variable("fax_result_code") == "41"
    assert told.variable("fax_success") == "0"
    assert told.record["outcome"]["name"] == "file_error"
    assert (told.app.counts.refused, told.app.counts.failed) == (1, 1)
    assert told.kind.made == []


def test_a_document_is_written_as_pdf_where_that_is_wanted(faxed, tmp_path):
    told = faxed(options={"pdf": True})
    pdf = tmp_path / f"{told.outcome.uuid}.pdf"
    assert pdf.read_bytes().startswith(b"%PDF-")
    assert told.record["pdf"] == str(pdf)


def test_a_full_disk_fails_the_fax_and_is_counted(faxed, monkeypatch, caplog):
    def full(self, *_, **__):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(TiffWriter, "append", full)
    told = faxed()
    assert told.variable("fax_result_code") == "41"
    assert told.app.counts.disk_failures == 1
    assert "No space left" in caplog.text
    assert told.record["file"] == ""


# -- sending ------------------------------------------------------------------------------------


# -- afterwards ---------------------------------------------------------------------------------


def test_what_the_dialplan_wants_executed(faxed):
    variables = {
        "execute_on_fax_result": "set a=1",
        "execute_on_fax_success": "set b=${fax_result_code}",
        "execute_on_fax_failure": "set c=1",
        "api_on_fax_success": "status",
    }
    told = faxed(variables=variables, full=True)
    assert (told.variable("a"), told.variable("b"), told.variable("c")) == ("1", "0", None)
    executed = [data for name, data in told.executed() if name == "set"]
    assert executed == ["a=1", "b=0"]


def test_api_commands_need_full(faxed, caplog):
    faxed(variables={"api_on_fax_success": "status"})
    assert "needs `full`" in caplog.text


def test_a_shell_command_is_not_run_and_that_is_said(faxed, tmp_path, caplog):
    mark = tmp_path / "mark"
    names = ("fax_preexec", "fax_postexec", "system_on_fax_result")
    faxed(variables=dict.fromkeys(names, f"touch {mark}"))
    assert not mark.exists()
    assert [name for name in names if f"{name} is not run" in caplog.text] == list(names)


def test_a_hook_is_told_of_the_document(faxed, tmp_path):
    script = "import sys, json; json.dump(sys.argv[2:], open(sys.argv[1], 'w'))"
    places = ["{call}", "{file}", "{pages}", "{code}", "{far_ident}", "{record}"]
    hook = [sys.executable, "-c", script, str(tmp_path / "told.json"), *places]
    told = faxed(options={"hooks": {"received": hook}})
    uuid = told.outcome.uuid
    assert json.loads((tmp_path / "told.json").read_text()) == [
        uuid,
        str(tmp_path / f"{uuid}.tiff"),
        "2",
        "0",
        "+49 711 0815",
        str(tmp_path / f"{uuid}.json"),
    ]


def test_a_trace_where_it_is_wanted(faxed, tmp_path, caplog):
    caplog.set_level(logging.INFO)
    told = faxed(variables={"fax_trace_dir": "traces", "fax_verbose": "true"})
    path = tmp_path / f"traces/fax-{told.outcome.uuid}.log"
    assert path.read_text() == "    0.50 ← DIS\n"
    assert told.variable("fax_trace_file") == str(path)
    assert any("← DIS" in one.message for one in caplog.records)
    faxed(variables={"fax_trace_dir": "/tmp/elsewhere"})
    assert "no trace" in caplog.text


@pytest.mark.skipif(not can_speak(), reason="no espeak-ng")
@pytest.mark.parametrize("fax_first", [False, True])
def test_somebody_who_speaks_on_the_fax_line_is_told_of(
    faxed, dialplan, tmp_path, caplog, fax_first
):
    words = at_level(spoken(GREETINGS[2]), -18.0)
    soundfile.write(tmp_path / "words.wav", words / 32768, 8000)
    steps = [Play(tmp_path / "words.wav"), Wait(0.5)]
    if fax_first:
        # more than one: on a loaded box one may have a pause in it
        steps = [Tone("tone_stream://L=3;%(500,500,1100)"), *steps, HangUp()]
        phone = FarEnd(steps, rate=8000)
    else:
        phone = Leaving(steps, lambda: "fax_voice_detected" in dialplan)
    told = faxed(far_end=phone, kind=quick(blocks=10_000), options={"voice": True})
    assert told.record["voice"] is not fax_first
    assert (told.variable("fax_voice_detected") == "true") is not fax_first
    assert told.app.counts.voices == (0 if fax_first else 1)
    assert ("somebody speaks" in caplog.text) is not fax_first


def test_the_sound_is_recorded_where_that_is_wanted(faxed, tmp_path):
    told = faxed(options={"record": str(tmp_path / "sound")})
    sound, rate = soundfile.read(tmp_path / f"sound/{told.outcome.uuid}.wav", dtype="int16")
    assert rate == 8000
    assert (sound[:, 1] == 500).any()  # what the quick terminal says


def test_a_fax_goes_on_without_its_recording(faxed, tmp_path, caplog):
    async def meanwhile(app, kind, server):
        (tmp_path / "sound").rmdir()

    told = faxed(options={"record": str(tmp_path / "sound")}, meanwhile=meanwhile)
    assert told.record["outcome"]["name"] == "ok"
    assert "cannot record" in caplog.text


def test_the_record_has_the_call_and_the_result(faxed):
    told = faxed()
    assert told.record["call"] == told.outcome.uuid
    assert told.record["caller"] == "1001"
    assert told.record["far_ident"] == "+49 711 0815"
    assert [one["answer"] for one in told.record["pages"]] == ["MCF", "MCF"]
    assert told.record["trace"][0]["text"] == "DIS"


@pytest.mark.parametrize("option", [{"hangup": False}, {}])
def test_the_dialplan_goes_on_where_that_is_wanted(faxed, option):
    resume = {} if option else {"socket_resume": "true"}
    told = faxed(options=option, variables=resume, after=(("set", "went_on=yes"),))
    assert told.variable("went_on") == "yes"


def test_what_a_kill_interrupted_is_told_at_the_start(faxed, tmp_path, caplog):
    with TiffWriter(tmp_path / "old.tiff") as writer:
        writer.append(page(1))
    journal = {"file": str(tmp_path / "old.tiff"), "before": None, "call": "c-old"}
    (tmp_path / "old.tiff.partial").write_text(json.dumps(journal))
    told = faxed()
    assert told.app.counts.interrupted == 1
    [said] = [one for one in caplog.records if "interrupted while" in one.message]
    assert (said.call, said.pages) == ("c-old", 1)


def test_the_file_of_an_interrupted_fax_is_its_own(tmp_path):
    """One whose first page had not come has none, also where an older document has its name."""
    with TiffWriter(tmp_path / "daily.tiff") as writer:
        writer.append(page(1))
    before = (tmp_path / "daily.tiff").stat().st_ino
    journal = {"file": str(tmp_path / "daily.tiff"), "before": before, "call": "c-1"}
    (tmp_path / "daily.tiff.1.partial").write_text(json.dumps(journal))
    (tmp_path / "half.tiff.1.partial").write_text('{"file": ')
    script = "import sys; print(sys.argv[2:], file=open(sys.argv[1], 'a'))"
    hook = [sys.executable, "-c", script, str(tmp_path / "told"), "{call}", "{file}", "{pages}"]
    app = Fax({"spool": str(tmp_path), "hooks": {"interrupted": hook}})

    async def story():
        await app.on_start()
        await app.on_stop()

    run(story())
    told = (tmp_path / "told").read_text().splitlines()
    assert sorted(told) == ["['', '', '0']", "['c-1', '', '0']"]


@pytest.mark.parametrize(
    ("options", "why"),
    [
        ({"timezone": "nowhere"}, "timezone 'nowhere'"),
        ({"hooks": {"received": "mv"}}, "a list of arguments"),
        ({"spool": 1}, "a str is needed"),
        ({"documents": [5]}, r"documents is \[5\]: a list of directories"),
        ({"documents": [""]}, "a list of directories"),
        ({"ident": "+49 30 1234567890 1234"}, "room for 20 ASCII characters"),
        ({"ident": "Büro"}, "room for 20 ASCII characters"),
        ({"pages": 0}, "pages is 0: more than 0"),
        ({"hook_seconds": float("nan")}, "hook_seconds is nan"),
        ({"hooks_at_once": -1}, "hooks_at_once is -1"),
        ({"paper": "A4"}, "no option paper"),
    ],
)
def test_options_that_make_no_sense_are_told_before_it_starts(options, why):
    with pytest.raises(AppError, match=why):
        Fax(options)


@pytest.mark.parametrize("missing", ["password", "dial"])
def test_an_outgoing_spool_that_cannot_call_is_told_before_it_starts(tmp_path, missing):
    settings = {"spool": str(tmp_path), "password": "x", "dial": "sofia/gateway/pstn/{number}"}
    Fax({"outgoing": settings})
    with pytest.raises(ConfigError, match=f"{missing} is needed to place calls"):
        Fax({"outgoing": settings | {missing: ""}})


@pytest.mark.parametrize("name", ["spool", "documents"])
@pytest.mark.parametrize(
    ("root", "out", "apart"),
    [
        ("a", "b", True),
        ("a/in", "a/out", True),
        ("a", "a-out", True),
        ("a", "a", False),
        ("a", "a/out", False),
        ("a/in", "a", False),
        ("a/../b", "b/out", False),
        ("link", "real/out", False),
    ],
)
def test_the_outgoing_spool_and_the_files_of_calls_are_apart(tmp_path, name, root, out, apart):
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to("real")
    calls = str(tmp_path / root)
    outgoing = {"spool": str(tmp_path / out), "password": "x", "dial": "sofia/{number}"}
    options = {"spool": str(tmp_path / "in"), "outgoing": outgoing}
    options |= {"spool": calls} if name == "spool" else {"documents": [calls]}
    with nullcontext() if apart else pytest.raises(AppError, match="one in the other"):
        Fax(options)


def test_what_is_not_there_is_told_at_the_start(tmp_path, caplog):
    options = {
        "spool": str(tmp_path / "in"),
        "documents": [str(tmp_path), str(tmp_path / "typo")],
        "hooks": {"received": [str(tmp_path / "gone"), "{file}"], "failed": [sys.executable]},
    }
    app = Fax(options)

    async def story():
        await app.on_start()
        await app.on_stop()

    run(story())
    assert [one.getMessage() for one in caplog.records if one.levelname == "WARNING"] == [
        f"documents: {tmp_path}/typo is no directory that is there",
        f"hook received: {tmp_path}/gone is no program that can be run",
    ]


# -- a fax --------------------------------------------------------------------------------------


def test_faxes_of_real_terminals_both_ways_and_by_wide_sound(tmp_path):
    """One receives by PCMU while another sends by G.722; both pages come as they are."""
    pages, got = [page(3, 300)], Pages()
    document = tmp_path / "out.tiff"
    with TiffWriter(document) as writer:
        writer.append(pages[0])
    app = Fax({"spool": str(tmp_path), "voice": False})

    async def story():
        async with serving(app) as server:
            sender = TalkingPhone(FaxTerminal(True, send=pages))
            receiver = TalkingPhone(FaxTerminal(False, receive=got), rate=16000)
            sending = {"fax_mode": "send", "fax_file_name": "out.tiff"}
            return await asyncio.gather(
                dial(server, far_end=sender, full=False, seconds=400.0),
                dial(server, far_end=receiver, codec="G722", variables=sending, seconds=400.0),
            )

    received, sent = run(story(), 500.0)
    assert received.outcome.result.ok
    assert received.variable("fax_success") == sent.variable("fax_success") == "1"
    [come] = read(tmp_path / f"{received.outcome.uuid}.tiff")
    assert come.rows.tolist() == got[0].rows.tolist() == pages[0].rows.tolist()
    assert (app.counts.received, app.counts.sent) == (1, 1)
