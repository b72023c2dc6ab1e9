from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from dsp.fax import document_image
from dsp.fax.config import Config
from dsp.fax.document import DocumentError
from dsp.fax.result import outcomes
from mediasock.faxing.desk import Desk
from mediasock.faxing.jobs import FILE_ERROR, Ending, Limits, NoSuchTry, Order, State
from mediasock.faxing.policy import standard
from mediasock.faxing.sending import Sending, ending_of, limited
from mediasock.faxing.spool import Spool
from tests.support import virtual_time
from tests.support.faxing import Clock, Inline, document, result, which


def at(
    tmp_path: Path, story: Callable[[Desk, str], Awaitable[None]], *before: Ending, pages: int = 3
) -> Spool:
    """A job at its call, after tries that ended so with a page each."""
    spool = Spool(tmp_path, clock=Clock())
    job = spool.submit(Order("1"), document(spool.documents, pages), pages)
    for ending in before:
        one = spool.begin(job.number, "x")
        assert one is not None
        spool.close_try(one.token, ending, confirmed=1)
        spool.retry(job.number)
    one = spool.begin(job.number, "x")
    assert one is not None

    async def run() -> None:
        desk = Desk(spool, Inline())
        await story(desk, one.token)
        await desk.close()

    virtual_time.run(run())
    return Spool(tmp_path)


def test_a_call_is_given_its_pages_and_its_limits(tmp_path: Path) -> None:
    async def story(desk: Desk, token: str) -> None:
        async with Sending(desk, token) as sending:
            assert (sending.job.number, sending.first, sending.total) == (1, 2, 3)
            assert [which(page) for page in sending.read()] == [2, 3]
            config = sending.config(Config(ident="me"))
            assert (config.ident, config.first, config.total) == ("me", 2, 3)
            assert (config.fastest, config.able.ecm) == (7200, True)
            await sending.finished(result("ok", 2))

    with at(tmp_path, story, Ending("no_page_answer", rate="V.17 9600")) as spool:
        assert spool.job(1).state is State.SENT


def test_each_page_is_in_the_spool_when_it_was_told(tmp_path: Path) -> None:
    async def story(desk: Desk, token: str) -> None:
        async with Sending(desk, token) as sending:
            for count, known in ((1, 1), (1, 1), (0, 1), (2, 2)):
                await sending.confirmed(count)
                assert desk.spool.job(1).confirmed == known
            await sending.finished(result("no_page_answer", 1))

    with at(tmp_path, story) as spool:
        assert (spool.job(1).state, spool.job(1).confirmed) == (State.WAITING, 2)
        (one,) = spool.tries(1)
        assert one.ending is not None and one.ending.text and one.confirmed == 2


def test_leaving_without_a_word_is_a_call_that_was_cut_off(tmp_path: Path) -> None:
    async def story(desk: Desk, token: str) -> None:
        with pytest.raises(ZeroDivisionError):
            async with Sending(desk, token) as sending:
                await sending.confirmed(1)
                raise ZeroDivisionError("oh")

    with at(tmp_path, story) as spool:
        (one,) = spool.tries(1)
        assert one.kind == "dropped" and spool.job(1).confirmed == 1
        assert one.ending is not None and one.ending.text == "ZeroDivisionError: oh"


def test_a_document_that_cannot_be_read_is_not_called_for_again(tmp_path: Path) -> None:
    async def story(desk: Desk, token: str) -> None:
        with pytest.raises(DocumentError):
            async with Sending(desk, token) as sending:
                (desk.spool.documents / sending.job.document).write_bytes(b"II*\0\x08\0\0\0")
                sending.read()

    with at(tmp_path, story) as spool:
        (one,) = spool.tries(1)
        assert one.kind == "ours" and one.ending is not None
        assert one.ending.outcome == FILE_ERROR and FILE_ERROR in outcomes()
        assert spool.job(1).state is State.FAILED


def test_who_is_cancelled_has_interrupted_the_call(tmp_path: Path) -> None:
    async def story(desk: Desk, token: str) -> None:
        with pytest.raises(asyncio.CancelledError):
            async with Sending(desk, token):
                raise asyncio.CancelledError

    with at(tmp_path, story) as spool:
        assert spool.tries(1)[0].kind == "interrupted"


def test_leaving_after_the_last_page_is_a_job_that_was_sent(tmp_path: Path) -> None:
    async def story(desk: Desk, token: str) -> None:
        async with Sending(desk, token) as sending:
            await sending.confirmed(3)

    with at(tmp_path, story) as spool:
        assert spool.job(1).state is State.SENT


def test_a_document_is_read_once_however_long_it_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked: list[Path] = []
    is_picture = document_image.is_picture

    def watched(path: Path) -> bool:
        looked.append(path)
        return is_picture(path)

    monkeypatch.setattr(document_image, "is_picture", watched)

    async def story(desk: Desk, token: str) -> None:
        async with Sending(desk, token) as sending:
            assert [which(page) for page in sending.read()] == list(range(1, 8))

    with at(tmp_path, story, pages=7):
        assert len(looked) == 1


def test_a_second_call_for_a_try_gets_nothing(tmp_path: Path) -> None:
    async def story(desk: Desk, token: str) -> None:
        async with Sending(desk, token):
            for wrong in (token, "", "1"):
                with pytest.raises(NoSuchTry):
                    async with Sending(desk, wrong):
                        raise AssertionError("it must not come here")

    with at(tmp_path, story) as spool:
        assert len(spool.tries(1)) == 1


def test_how_a_call_ended() -> None:
    told = ending_of(result("cannot_train", 0, rate="V.29 7200", ecm=False))
    assert (told.outcome, told.number, told.rate, told.ecm) == (
        "cannot_train", 6, "V.29 7200", False,
    )  # fmt: skip
    assert ending_of(result(None, 0)).outcome == "call_dropped"


def test_who_hangs_up_without_a_fax_having_been_heard_is_no_fax_terminal() -> None:
    ending = ending_of(result("call_dropped", 0, rate="", heard=False))
    assert ending.number == 49 and standard().kind(ending).name == "no_fax"


def test_limits_never_allow_what_the_configuration_does_not() -> None:
    base = Config(fastest=7200)
    assert limited(base, Limits()) == base
    assert limited(base, Limits(fastest=9600)).fastest == 7200
    assert limited(base, Limits(fastest=4800)).fastest == 4800
    old = limited(Config(), Limits(v17=False))
    assert limited(old, Limits(v17=False)).able.modems == "V.27ter, V.29"
