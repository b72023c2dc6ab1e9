"""The whole of it against an event socket, with FreeSWITCH's part said by the test."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from mediasock.config import ConfigError
from mediasock.esl.errors import Disconnected
from mediasock.esl.inbound import InboundClient
from mediasock.faxing.jobs import NoSuchTry, Order, SpoolError, State
from mediasock.faxing.office import Office
from mediasock.faxing.settings import Settings
from mediasock.faxing.spool import Spool
from tests.support.event_socket import Switch, api_response, asynchronous, event, header, reply
from tests.support.faxing import document, result

ASK = b"Content-Type: auth/request\n\n"


class FreeSwitch:
    """An event socket that says of calls what a real one does."""

    def __init__(self) -> None:
        self.originated: asyncio.Queue[tuple[str, str]] = asyncio.Queue()
        self.up: set[str] = set()
        self.callers: list[Switch] = []

    async def open(self) -> int:
        self.server = await asyncio.start_server(self._enter, "127.0.0.1", 0)
        return int(self.server.sockets[0].getsockname()[1])

    async def close(self) -> None:
        self.server.close()
        for caller in self.callers:
            await caller.close()

    async def _enter(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        caller = Switch(reader, writer)
        self.callers.append(caller)
        await caller.write(ASK)
        await caller.expect("auth ClueCon")
        await caller.write(reply("+OK accepted"))
        while said := await caller.command():
            word, _, arguments = said.split("\n")[0].partition(" ")
            if word == "api":
                await caller.write(api_response(self._api(arguments)))
            elif word == "bgapi":
                job = header(said, "Job-UUID")
                await caller.write(reply("+OK Job-UUID: " + job))
                self.originated.put_nowait((job, arguments))
            elif word == "exit":
                await caller.write(reply("+OK bye"))
                await caller.close()
                return
            else:
                await caller.write(reply("+OK"))

    def _api(self, arguments: str) -> str:
        command, _, token = arguments.partition(" ")
        if command == "uuid_exists":
            return "true" if token in self.up else "false"
        assert command == "uuid_kill", arguments
        self.up.discard(token)
        return "-ERR No such channel!\n"

    async def say(self, job: str, body: str) -> None:
        await self.callers[-1].write(event("BACKGROUND_JOB", body, Job_UUID=job))


async def opened(tmp_path: Path, switch: FreeSwitch, *numbers: str) -> Office:
    port = await switch.open()
    with Spool(tmp_path) as spool:
        for number in numbers:
            spool.submit(Order(number), document(spool.documents, 2), 2)
    return await Office.open(
        Settings(
            spool=str(tmp_path),
            esl=f"127.0.0.1:{port}",
            password="ClueCon",
            dial="sofia/gateway/pstn/{number}",
            variables={"effective_caller_id_name": "A, B"},
        )
    )


@asynchronous
async def test_a_job_is_originated_answered_and_sent(tmp_path: Path) -> None:
    switch = FreeSwitch()
    office = await opened(tmp_path, switch, "+15550100")
    job, arguments = await switch.originated.get()
    token = arguments.partition("fax_job=")[2].partition("}")[0]
    assert arguments == (
        f"originate {{effective_caller_id_name='A, B',origination_uuid={token},"
        "originate_timeout=60,ignore_early_media=true,fax_mode=send,"
        f"fax_job={token}}}sofia/gateway/pstn/+15550100 "
        "&socket('127.0.0.1:8084/fax async full')"
    )
    switch.up.add(token)
    await switch.say(job, f"+OK {token}\n")
    async with office.sending(token) as sending:
        assert len(sending.read()) == 2
        await sending.confirmed(1)
        await sending.finished(result("ok", 2))
    with pytest.raises(NoSuchTry):
        await office.sending(token).__aenter__()
    await office.close()
    await switch.close()
    with Spool(tmp_path) as spool:
        assert spool.job(1).state is State.SENT


@asynchronous
async def test_what_the_switch_says_of_a_call_is_in_its_try(tmp_path: Path) -> None:
    switch = FreeSwitch()
    office = await opened(tmp_path, switch, "1", "2")
    for said in ("-ERR USER_BUSY\n", "-ERR UNALLOCATED_NUMBER\n"):
        job, _ = await switch.originated.get()
        await switch.say(job, said)
    with Spool(tmp_path) as spool:
        while {job.state for job in spool.jobs()} != {State.WAITING, State.FAILED}:
            await asyncio.sleep(0.01)
        kinds = sorted(spool.tries(number)[0].kind for number in (1, 2))
        assert kinds == ["busy", "wrong_number"]
    await office.close()
    await switch.close()


@asynchronous
async def test_closing_takes_back_what_rings(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mediasock.faxing.dispatch.API", 60.0)
    switch = FreeSwitch()
    office = await opened(tmp_path, switch, "1")
    job, arguments = await switch.originated.get()
    token = arguments.partition("fax_job=")[2].partition("}")[0]
    switch.up.add(token)
    closing = asyncio.create_task(office.close())
    while token in switch.up:
        await asyncio.sleep(0.01)
    await switch.say(job, "-ERR NORMAL_CLEARING\n")
    await closing
    await switch.close()
    with Spool(tmp_path) as spool:
        (one,) = spool.tries(1)
        assert one.kind == "interrupted" and spool.job(1).state is State.WAITING


@asynchronous
async def test_a_switch_that_is_not_there_yet_is_no_error(tmp_path: Path) -> None:
    settings = Settings(spool=str(tmp_path), esl="127.0.0.1:1", password="x", dial="x/{number}")
    office = await Office.open(settings)
    await office.quiet()
    await office.close()


@asynchronous
async def test_what_is_wrong_with_the_switch_is_told_once_and_when_it_changes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    told = iter([OSError("refused"), OSError("refused"), Disconnected("gone"), OSError("refused")])
    there = asyncio.Event()

    async def start(_: InboundClient) -> None:
        if (error := next(told, None)) is not None:
            raise error
        there.set()

    monkeypatch.setattr("mediasock.faxing.office.DIAL_AGAIN", 0.0)
    monkeypatch.setattr(InboundClient, "start", start)
    settings = Settings(spool=str(tmp_path), password="x", dial="x/{number}")
    office = await Office.open(settings)
    await there.wait()
    await office.close()
    said = [one.getMessage() for one in caplog.records if one.name.endswith("office")]
    assert [one.rpartition(": ")[2] for one in said] == [
        "refused", "gone", "refused", "FreeSWITCH is there, and faxes are sent"
    ]  # fmt: skip


@asynchronous
async def test_what_cannot_be_opened_is_told_at_once(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="password is needed"):
        await Office.open(Settings(spool=str(tmp_path)))
    (tmp_path / "file").write_text("x")
    wrong = Settings(spool=str(tmp_path / "file"), password="x", dial="x/{number}")
    with pytest.raises(SpoolError):
        await Office.open(wrong)
