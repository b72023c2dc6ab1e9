"""mod_spandsp's channel variables: what is read of them, and what is set."""

from datetime import UTC, datetime

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dsp.fax.document import Page, Resolution
from dsp.fax.fields import resolutions
from dsp.fax.result import PageRecord, Result, outcomes
from mediasock.apps.fax_variables import (
    Defaults,
    Order,
    after,
    before,
    is_true,
    orders,
    read,
    shell,
    zone,
)


def wished(**variables):
    return read(variables, Defaults(ident="+1 555 0100", header="Office"))


def test_what_is_not_said_is_by_default():
    wishes = wished()
    assert (wishes.sending, wishes.calling, wishes.ecm, wishes.v17) == (False, False, True, True)
    assert (wishes.ident, wishes.header, wishes.first, wishes.last) == (
        "+1 555 0100",
        "Office",
        1,
        None,
    )
    assert (wishes.file, wishes.spool, wishes.prefix, wishes.job) == ("", "", "", "")


@pytest.mark.parametrize(
    ("variables", "sending", "calling"),
    [
        ({"fax_mode": "send"}, True, True),
        ({"fax_mode": "Send", "fax_force_caller": "false"}, True, False),
        ({"fax_mode": "receive"}, False, False),
        ({"fax_force_caller": "yes"}, False, True),
    ],
)
def test_who_sends_and_who_calls(variables, sending, calling):
    wishes = wished(**variables)
    assert (wishes.sending, wishes.calling, wishes.unknown) == (sending, calling, "")


@pytest.mark.parametrize("mode", ["sendmail", "send ", "transmit", ["send"]])
def test_what_is_neither_to_send_nor_to_receive_is_kept_to_be_told(mode):
    assert wished(fax_mode=mode).unknown == str(mode)


def test_idents_and_headers_are_percent_decoded_and_an_ident_is_what_t30_can_send():
    wishes = wished(fax_ident="%2B49%20711%20é0815%2012345678901", fax_header="A%26B")
    assert wishes.ident == "+49 711 0815 1234567"
    assert wishes.header == "A&B"


@pytest.mark.parametrize(
    ("first", "last", "span"),
    [
        ("0", "0", (1, 1)),
        ("1", "", (2, None)),
        ("", "2", (1, 3)),
        ("3", "1", (4, 4)),
        ("-1", "-1", (1, None)),
        ("x", "y", (1, None)),
    ],
)
def test_pages_are_counted_from_0(first, last, span):
    wishes = wished(fax_start_page=first, fax_end_page=last)
    assert (wishes.first, wishes.last) == span


def test_what_is_switched_off_is_not_told_to_the_far_end():
    able = wished(fax_use_ecm="false", fax_disable_v17="true").able
    assert (able.ecm, able.mmr, able.modems) == (False, False, "V.27ter, V.29")
    assert wished().able.modems == "V.27ter, V.29, V.17"


def test_a_default_can_be_switched_on_again():
    wishes = read({"fax_use_ecm": "on", "fax_disable_v17": "0"}, Defaults(ecm=False, v17=False))
    assert (wishes.ecm, wishes.v17) == (True, True)


def test_a_job_is_one_only_when_it_is_sent():
    assert wished(fax_job="j-1").job == ""
    assert wished(fax_job="j-1", fax_mode="send").job == "j-1"


@given(st.dictionaries(st.sampled_from(sorted({
    "fax_mode", "fax_ident", "fax_header", "fax_timezone", "fax_start_page", "fax_end_page",
    "fax_use_ecm", "fax_disable_v17", "fax_force_caller", "fax_file_name",
})), st.none() | st.text() | st.lists(st.text())))  # fmt: skip
def test_any_value_makes_wishes(variables):
    wishes = read(variables, Defaults())
    assert wishes.first >= 1
    assert wishes.last is None or wishes.last >= wishes.first
    assert len(wishes.ident) <= 20
    assert wishes.ident.isascii()


@pytest.mark.parametrize(
    "word", ["yes", "ON", "true", "t", "enabled", "active", "allow", "2", "-1", "9" * 5000]
)
def test_yes(word):
    assert is_true(word)


@pytest.mark.parametrize("word", ["no", "off", "false", "0", "", "maybe", "00"])
def test_no(word):
    assert not is_true(word)


def test_time_zones_by_name_and_by_rule():
    winter = datetime(2026, 1, 1, 12, tzinfo=UTC)
    assert winter.astimezone(zone("Asia/Kolkata")).hour == 17
    assert winter.astimezone(zone("EST5EDT,M3.2.0,M11.1.0")).hour == 7
    assert winter.astimezone(zone("CST-8")).hour == 20


@given(st.text() | st.text("ESTUC15DM,./0<>+-J"))
def test_any_time_zone_is_none_or_tells_the_time(name):
    noon, found = datetime(2026, 7, 1, 12, tzinfo=UTC), zone(name)
    assert found is None or noon.astimezone(found) == noon


def test_shell_commands_are_named():
    variables = {"fax_preexec": "rm", "system_on_fax_result": "rm", "fax_file_name": "x"}
    assert shell(variables) == ["fax_preexec", "system_on_fax_result"]


# -- what is set --------------------------------------------------------------------------------


PAGE = PageRecord(
    number=2,
    width=1728,
    height=2200,
    resolution="R8 × 7.7",
    coding="MMR",
    rate="V.17 14400",
    ecm=True,
    octets=18_000,
    bad_rows=3,
    longest_bad_run=2,
    answer="MCF",
    confirmed=True,
)


def result(name="ok", **changes):
    known = {
        "outcome": outcomes()[name],
        "calling": False,
        "sending": False,
        "pages": (PAGE,),
        "rate": "V.17 14400",
        "ecm": True,
        "far_ident": "+49 711 0815",
        "far_vendor": "Ricoh",
        "far_country": "Japan",
        "far_model": "M",
        "phases": {},
    }
    return Result(**(known | changes))


def test_a_good_fax_in_mod_spandsps_words():
    assert after(result()) == {
        "fax_success": "1",
        "fax_result_code": "0",
        "fax_result_text": outcomes()["ok"].text,
        "fax_ecm_used": "on",
        "fax_remote_station_id": "+49 711 0815",
        "fax_remote_country": "Japan",
        "fax_remote_vendor": "Ricoh",
        "fax_remote_model": "M",
        "fax_transfer_rate": "14400",
        "fax_document_transferred_pages": "1",
        "fax_document_total_pages": "1",
        "fax_image_resolution": "8040x7700",
        "fax_file_image_resolution": "8040x7700",
        "fax_image_pixel_size": "1728x2200",
        "fax_file_image_pixel_size": "1728x2200",
        "fax_image_size": "18000",
        "fax_bad_rows": "3",
        "fax_longest_bad_row_run": "2",
        "fax_encoding": "8",
        "fax_encoding_name": "T.6",
    }


def test_a_failed_one():
    told = after(result("cannot_train", pages=(), rate="", ecm=False))
    assert (told["fax_success"], told["fax_result_code"]) == ("0", "6")
    assert (told["fax_transfer_rate"], told["fax_document_transferred_pages"]) == ("0", "0")
    assert "fax_image_size" not in told


def test_a_document_that_was_fitted_is_told_as_it_is_in_the_file():
    rows = np.zeros((50, 256), dtype=np.uint8)
    document = [Page(rows, 2048, Resolution.DPI_200X400)] * 2
    told = after(result(sending=True, total=5), document)
    assert told["fax_file_image_pixel_size"] == "2048x50"
    assert told["fax_file_image_resolution"] == "7874x15748"
    assert told["fax_image_pixel_size"] == "1728x2200"
    assert told["fax_document_total_pages"] == "5"


def test_a_try_that_began_later_is_told_of_the_page_that_went():
    heights = (50, 60)
    document = [Page(np.zeros((n, 216), np.uint8), 1728, Resolution.FINE) for n in heights]
    page = PageRecord(4, 1728, 60, "R8 × 7.7", "MMR", "V.17 14400", True, 9, confirmed=True)
    told = after(result(sending=True, total=4, pages=(page,)), document, first=3)
    assert told["fax_file_image_pixel_size"] == "1728x60"
    assert told["fax_document_transferred_pages"] == "1"
    assert told["fax_document_total_pages"] == "4"


@pytest.mark.parametrize("resolution", list(resolutions()))
def test_every_resolution_is_told_in_pixels_a_metre(resolution):
    page = PageRecord(1, 1, 1, resolution, "MH", "V.29 9600", False, 1)
    across, down = after(result(pages=(page,)))["fax_image_resolution"].split("x")
    same = Resolution.named(resolution)
    assert int(across) == pytest.approx(same.x / 0.0254, rel=0.001)
    assert int(down) == pytest.approx(same.y / 0.0254, rel=0.001)


def test_before_it_ends_it_is_a_call_that_was_dropped():
    told = before(wished(fax_use_ecm="no"), "/spool/a.tiff")
    assert (told["fax_success"], told["fax_result_code"]) == ("0", "49")
    assert (told["fax_ecm_requested"], told["fax_v17_disabled"]) == ("0", "0")
    assert told["fax_filename"] == "/spool/a.tiff"


# -- what is executed ---------------------------------------------------------------------------


VARIABLES = {
    "execute_on_fax_failure": "hangup",
    "execute_on_fax_success": "set:a=b c",
    "execute_on_fax_result": ["log INFO one", "playback::x.wav"],
    "Execute_On_Fax_Result_2": "answer",
    "execute_on_answer": "sleep 1",
    "api_on_fax_success": "uuid_dump x",
    "api_on_fax_result": "status",
}


def test_applications_in_order():
    assert orders(VARIABLES, "execute", True) == [
        Order("log", "INFO one"),
        Order("playback", "x.wav"),
        Order("answer", ""),
        Order("set", "a=b c"),
    ]
    assert orders(VARIABLES, "execute", False)[-1] == Order("hangup", "")


def test_api_commands():
    assert orders(VARIABLES, "api", True) == [Order("status", ""), Order("uuid_dump", "x")]
    assert orders(VARIABLES, "api", False) == [Order("status", "")]


@given(st.text())
def test_any_order_has_a_name(text):
    for kind in ("execute", "api"):
        for order in orders({f"{kind}_on_fax_result": text}, kind, True):
            assert order.name
