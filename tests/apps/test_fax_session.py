"""One fax call from its first variable to its last record, over real sockets."""

import asyncio
import json
import threading
from dataclasses import replace

import pytest

from dsp.fax.document import read
from mediasock import call as calls
from mediasock.apps import fax_session
from mediasock.apps.fax import THREADS, Fax
from mediasock.apps.fax_files import Journal
from mediasock.apps.fax_session import FaxCall
from mediasock.apps.fax_variables import Wishes
from mediasock.esl.errors import CommandRefused
from mediasock.faxing.jobs import NoSuchTry
from mediasock.session import NoMediaError
from tests.support.calls import until
from tests.support.fax_terminals import DOCUMENTS, Leaving, page, quick

pytestmark = pytest.mark.timeout(600)

# -- what it is kept by ---------------------------------------------------------------------------


def test_a_kill_before_the_record_leaves_the_journal(faxed, tmp_path, monkeypatch):
    seen = []
    write_record = fax_session.write_record

    def watched(path, told):
        seen.extend(one.name for one in tmp_path.glob("*.partial"))
        write_record(path, told)

    monkeypatch.setattr(fax_session, "write_record", watched)
    told = faxed()
    assert [one.startswith(told.outcome.uuid) for one in seen] == [True]
    assert not list(tmp_path.glob("*.partial"))


def test_a_name_with_marks_is_told_as_it_is(faxed, tmp_path):
    told = faxed(variables={"fax_file_name": "O'Brien $1.tiff"})
    assert told.variable("fax_filename") == str(tmp_path / "O'Brien $1.tiff")
    assert (tmp_path / "O'Brien $1.tiff").exists()


@pytest.mark.parametrize("sending", [False, True])
def test_each_fax_of_a_call_has_files_of_its_own(faxed, tmp_path, sending):
    made = []

    def kind(*arguments, **named):
        made.append(quick(pages=(page(1), page(2)) if not made else (page(3),)))
        return made[-1](*arguments, **named)

    async def meanwhile(app, kind, server):
        again.append(("socket", f"127.0.0.1:{server.port} async full"))

    again = []
    variables = {"fax_mode": "send", "fax_file_name": "two.tiff"} if sending else {}
    options = {"hangup": False, "record": str(tmp_path / "sound"), "pdf": True}
    told = faxed(
        kind=staticmethod(kind),
        options=options,
        meanwhile=meanwhile,
        after=again,
        variables=variables | {"fax_trace_dir": "traces"},
    )
    call = told.outcome.uuid
    names = {str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*.*")}
    wanted = {f"{call}.json", f"{call}-2.json", f"sound/{call}.wav", f"sound/{call}-2.wav"}
    wanted |= {f"traces/fax-{call}.log", f"traces/fax-{call}-2.log"}
    if not sending:
        wanted |= {f"{call}{two}.{kind}" for two in ("", "-2") for kind in ("tiff", "pdf")}
        assert len(list(read(tmp_path / f"{call}.tiff"))) == 2
        assert len(list(read(tmp_path / f"{call}-2.tiff"))) == 1
    assert names == wanted


class Named:
    """A call that has a name."""

    def file_name(self, suffix):
        return f"c-1{suffix}"


def test_a_name_is_anothers_while_its_fax_is_being_received(tmp_path):
    """As where a call is moved to this endpoint again before its first fax here has ended."""
    one = FaxCall(Fax({"spool": str(tmp_path)})._desk, Named(), Wishes())
    with Journal(tmp_path, tmp_path / "c-1.tiff", {}):
        assert one._free_stem() == "c-1-2"
    assert one._free_stem() == "c-1"


def test_pages_are_stored_while_documents_are_read(faxed):
    """A long document that is read for a call must not keep another one's page from the disk."""
    go = threading.Event()

    async def meanwhile(app, kind, server):
        for _ in range(THREADS):
            app._desk.documents.submit(go.wait)
        try:
            await until(lambda: app.counts.received)
        finally:
            go.set()

    assert faxed(meanwhile=meanwhile).variable("fax_success") == "1"


# -- sending --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("variables", "why"),
    [
        ({"fax_mode": "send"}, "fax_file_name is not set"),
        ({"fax_mode": "send", "fax_job": "6f1c"}, "no outgoing spool is configured"),
        ({"fax_mode": "tx"}, "fax_mode is 'tx': it is send or receive"),
    ],
)
def test_what_is_missing_is_said(faxed, variables, why, caplog):
    told = faxed(variables=variables)
    assert why in caplog.text
    assert told.variable("fax_result_code") == "41"
    assert not told.outcome.answered


def test_a_document_is_not_received_over_where_sending_it_is_misspelt(faxed, tmp_path):
    (tmp_path / "offer.tiff").write_bytes(b"what is to be sent")
    told = faxed(variables={"fax_mode": "sent", "fax_file_name": "offer.tiff"})
    assert told.variable("fax_result_code") == "41"
    assert (tmp_path / "offer.tiff").read_bytes() == b"what is to be sent"


def test_a_document_is_sent_by_the_end_that_calls(faxed):
    told = faxed(variables={"fax_mode": "send", "fax_file_name": "two.tiff"})
    [terminal] = told.kind.made
    assert terminal.calling and terminal.executor is not None
    assert [one.height for one in terminal.send] == [2200, 700]
    assert told.variable("fax_document_total_pages") == "2"
    assert told.variable("fax_filename") == str(DOCUMENTS / "two.tiff")
    assert told.app.counts.pages_sent == 2


def some_pages(faxed, first, last, **options):
    variables = {"fax_mode": "send", "fax_file_name": "two.tiff"}
    variables |= {"fax_start_page": first, "fax_end_page": last}
    return faxed(variables=variables, options=options)


@pytest.mark.parametrize(
    ("first", "last", "heights"), [("1", "1", [700]), ("0", "0", [2200]), ("0", "9", [2200, 700])]
)
def test_pages_of_a_document(faxed, first, last, heights):
    told = some_pages(faxed, first, last)
    [terminal] = told.kind.made
    assert [one.height for one in terminal.send] == heights
    assert (terminal.config.first, terminal.config.total) == (int(first) + 1, 2)
    assert told.variable("fax_document_transferred_pages") == str(len(heights))
    assert told.variable("fax_document_total_pages") == "2"
    assert told.variable("fax_file_image_pixel_size") == f"1728x{heights[-1]}"


@pytest.mark.parametrize(("first", "last", "code"), [("1", "1", "0"), ("0", "1", "41")])
def test_the_most_pages_are_of_those_that_are_sent(faxed, caplog, first, last, code):
    told = some_pages(faxed, first, last, pages=1)
    assert told.variable("fax_result_code") == code
    assert ("2 pages are more than 1" in caplog.text) == (code == "41")


def test_the_header_and_what_is_not_to_be_used(faxed):
    variables = {
        "fax_header": "The%20Office",
        "fax_ident": "%2B1 555",
        "fax_timezone": "UTC",
        "fax_use_ecm": "false",
        "fax_disable_v17": "true",
    }
    told = faxed(variables=variables)
    config = told.kind.made[0].config
    assert (config.ident, config.header.name, config.header.ident) == (
        "+1 555",
        "The Office",
        "+1 555",
    )
    assert str(config.header.date.tzinfo) == "UTC"
    assert (config.able.ecm, config.able.modems) == (False, "V.27ter, V.29")
    assert told.variable("fax_v17_disabled") == "1"


def test_a_forced_caller_polls(faxed):
    told = faxed(variables={"fax_force_caller": "true"})
    assert told.kind.made[0].calling


class Office:
    """The outgoing spool as the endpoint sees it: one job, whose second page is the first to go."""

    def __init__(self):
        self.told = []

    async def quiet(self):
        self.told.append("quiet")

    async def close(self):
        self.told.append("closed")

    def sending(self, token):
        return Try(self, token)


class Try:
    def __init__(self, office, token):
        self.told, self.token = office.told, token

    async def __aenter__(self):
        if self.token != "t-1":
            raise NoSuchTry(self.token)
        return self

    async def __aexit__(self, kind, error, trace):
        self.told.append("left" if error is None else kind.__name__)

    def read(self):
        return (page(7),)

    def config(self, base):
        return replace(base, first=2, total=2)

    async def confirmed(self, count):
        self.told.append(count)

    async def finished(self, result):
        self.told.append(result.outcome.name)


def with_office(faxed, token):
    office = Office()

    async def meanwhile(app, kind, server):
        app._desk.office = office

    told = faxed(variables={"fax_mode": "send", "fax_job": token}, meanwhile=meanwhile)
    return told, office.told


def test_a_job_of_the_outgoing_spool_is_sent_and_told_page_by_page(faxed):
    told, heard = with_office(faxed, "t-1")
    [terminal] = told.kind.made
    assert terminal.calling
    assert [one.rows.tolist() for one in terminal.send] == [page(7).rows.tolist()]
    assert (terminal.config.first, terminal.config.total) == (2, 2)
    assert heard == [1, "ok", "left", "quiet", "closed"]
    assert told.outcome.went_well


def test_a_try_that_is_over_sends_nothing(faxed):
    told, heard = with_office(faxed, "t-2")
    assert told.kind.made == []
    assert told.variable("fax_result_code") == "41"
    assert heard == ["quiet", "closed"]
    assert not told.outcome.answered


# -- how it ends ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "error", [None, NoMediaError("no frame came"), CommandRefused("answer", "-ERR no")]
)
def test_a_call_without_sound_is_a_fax_that_failed(faxed, tmp_path, monkeypatch, caplog, error):
    async def refused(connection, hub, *, native):
        raise error

    if error is not None:
        monkeypatch.setattr(calls, "open_stream", refused)
    hook = ["/bin/cp", "{record}", str(tmp_path / "told")]
    told = faxed(
        options={"hangup": False, "hooks": {"failed": hook}},
        is_async=error is not None,
        after=(("set", "went_on=yes"),),
    )
    assert (str(error) if error else "add 'async'") in caplog.text
    assert told.app.counts.failed == 1
    assert told.variable("fax_success") == "0"
    assert json.loads((tmp_path / "told").read_text("utf-8")) == told.record
    assert told.variable("went_on") == "yes"


def test_a_far_end_that_hangs_up_leaves_a_fax_that_was_dropped(faxed, tmp_path):
    kind = quick(blocks=10_000)
    phone = Leaving((), lambda: kind.made and kind.made[0].heard > 5)
    told = faxed(kind=kind, far_end=phone)
    [terminal] = kind.made
    assert terminal.hung_up
    assert told.record["outcome"]["name"] == "call_dropped"
    assert told.app.counts.failed == 1
    assert told.variable("fax_result_code") == "49"
    assert not list(tmp_path.glob("*.partial"))


def test_pages_are_told_as_they_are_confirmed(faxed, dialplan):
    """A far end that hangs up between pages leaves the count of those that it got through."""

    class Stuck(quick(pages=(page(1), page(2)))):
        done = property(lambda self: self.hung_up)

    Stuck.made = []
    phone = Leaving((), lambda: dialplan.get("fax_document_transferred_pages") == "2")
    told = faxed(kind=Stuck, far_end=phone)
    assert told.variable("fax_document_transferred_pages") == "2"
    assert told.variable("fax_result_code") == "49"
    assert told.record["outcome"]["name"] == "call_dropped"


def test_a_terminal_that_fails_is_a_failed_fax(faxed, caplog):
    told = faxed(kind=quick(fails=ZeroDivisionError("by nothing")))
    assert told.record["outcome"]["name"] == "call_dropped"
    assert "by nothing" in caplog.text
    assert told.outcome.went_well


def test_a_server_that_stops_ends_the_fax_and_keeps_its_record(faxed):
    kind = quick(blocks=10_000)

    async def meanwhile(app, kind, server):
        await until(lambda: kind.made and kind.made[0].heard > 5)
        await server.hurry()

    told = faxed(kind=kind, meanwhile=meanwhile)
    assert told.record["outcome"]["name"] == "call_dropped"
    assert kind.made[0].hung_up


def test_a_server_that_stops_while_the_dialplan_is_told_has_run_the_hook(
    faxed, tmp_path, monkeypatch
):
    told_dialplan = asyncio.Event()

    async def orders(*_):
        told_dialplan.set()
        await asyncio.Event().wait()

    async def meanwhile(app, kind, server):
        await told_dialplan.wait()
        await server.hurry()

    monkeypatch.setattr(fax_session.report, "execute_orders", orders)
    hook = ["/bin/cp", "{file}", str(tmp_path / "archived")]
    faxed(options={"hooks": {"received": hook}}, meanwhile=meanwhile)
    assert len(list(read(tmp_path / "archived"))) == 2


def test_a_call_that_is_ended_twice_waits_for_the_media_thread(faxed, monkeypatch):
    """Its terminal may need the threads that the server ends afterwards."""
    go, inside = threading.Event(), []

    class Slow(quick()):
        def process(self, block):
            if self.heard == 2:
                inside.append(True)
                assert go.wait(60)
                self.executor.submit(int)
                inside.clear()
            return super().process(block)

    async def meanwhile(app, kind, server):
        await until(lambda: inside)
        for _ in range(2):
            hurrying.append(asyncio.ensure_future(server.hurry()))
            for _ in range(20):
                await asyncio.sleep(0)
        go.set()
        await asyncio.gather(*hurrying)

    def result_of(*arguments, **named):
        seen.append(bool(inside))
        return known(*arguments, **named)

    hurrying, seen, known = [], [], fax_session.report.result_of
    monkeypatch.setattr(fax_session.report, "result_of", result_of)
    Slow.made = []
    told = faxed(kind=Slow, meanwhile=meanwhile)
    assert seen == [False]
    assert told.record["outcome"]["name"] == "call_dropped"
