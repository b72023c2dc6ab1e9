"""The other end of an event socket, for tests: recorded bytes, a scripted FreeSWITCH."""

from __future__ import annotations

import asyncio
import functools
import gzip
import json
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

TRANSCRIPTS = Path(__file__).parent.parent.parent / "fixtures/freeswitch"
SCENARIOS = sorted(path.name.removesuffix(".json.gz") for path in TRANSCRIPTS.glob("*.json.gz"))
UUID = "ee4dc53e-f59c-48e6-9972-c40093edfb98"
DEADLINE = 100.0


def rows(scenario: str) -> list[tuple[float, str, str]]:
    """Return the control-socket rows of a recorded scenario."""
    document = json.loads(gzip.decompress((TRANSCRIPTS / f"{scenario}.json.gz").read_bytes()))
    return [(time, direction, text) for time, direction, text in document["esl"]]


def switch_bytes(scenario: str) -> bytes:
    """Return all that FreeSWITCH wrote in a scenario."""
    return "".join(text for _, direction, text in rows(scenario) if direction == "fs").encode()


def connect_reply(
    *, mode: str = "async", control: str = "full", answer: str = "ringing", path: str = ""
) -> bytes:
    lines = [
        "Event-Name: CHANNEL_DATA",
        f"Unique-ID: {UUID}",
        f"Answer-State: {answer}",
        "variable_sip_from_uri: 1001%40127.0.0.1",
    ]
    if path:
        lines.append(f"variable_socket_path: {path}")
    lines += [
        "Content-Type: command/reply",
        "Reply-Text: %2BOK%0A",
        f"Socket-Mode: {mode}",
        f"Control: {control}",
    ]
    return ("\n".join(lines) + "\n\n").encode()


def reply(text: str = "+OK") -> bytes:
    return f"Content-Type: command/reply\nReply-Text: {text}\n\n".encode()


def api_response(body: str) -> bytes:
    raw = body.encode()
    return f"Content-Type: api/response\nContent-Length: {len(raw)}\n\n".encode() + raw


def event(name: str, body: str = "", **headers: str) -> bytes:
    """Return a plain event; underscores in header names stand for hyphens."""
    fields = {"Event-Name": name, "Unique-ID": UUID}
    fields |= {key.replace("_", "-"): value for key, value in headers.items()}
    if body:
        fields["Content-Length"] = str(len(body.encode()))
    raw = "".join(f"{key}: {value}\n" for key, value in fields.items()).encode() + b"\n"
    raw += body.encode()
    return f"Content-Length: {len(raw)}\nContent-Type: text/event-plain\n\n".encode() + raw


def disconnect_notice(disposition: str = "disconnect", body: str = "Disconnected.\n") -> bytes:
    return (
        f"Content-Type: text/disconnect-notice\nControlled-Session-UUID: {UUID}\n"
        f"Content-Disposition: {disposition}\nContent-Length: {len(body)}\n\n{body}"
    ).encode()


def header(command: str, name: str) -> str:
    """Return a header of a command that was read."""
    for line in command.split("\n"):
        key, _, value = line.partition(": ")
        if key.lower() == name.lower():
            return value
    return ""


def complete(command: str, **headers: str) -> bytes:
    """Return the CHANNEL_EXECUTE_COMPLETE of an execute that was read."""
    return event(
        "CHANNEL_EXECUTE_COMPLETE",
        Application=header(command, "execute-app-name"),
        Application_UUID=header(command, "Event-UUID"),
        **headers,
    )


class Wire(asyncio.Transport):
    """A transport in memory: what was written, and whether it was closed."""

    def __init__(self) -> None:
        super().__init__()
        self.written: list[bytes] = []
        self.aborted = False
        self.protocol: asyncio.Protocol | None = None

    def attach(self, protocol: asyncio.Protocol) -> Wire:
        self.protocol = protocol
        protocol.connection_made(self)
        return self

    def feed(self, data: bytes) -> None:
        assert self.protocol is not None
        self.protocol.data_received(data)

    def write(self, data: bytes | bytearray | memoryview) -> None:
        self.written.append(bytes(data))

    def close(self) -> None:
        self.abort()

    def abort(self) -> None:
        if not self.aborted and self.protocol is not None:
            self.aborted = True
            asyncio.get_running_loop().call_soon(self.protocol.connection_lost, None)

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        return ("127.0.0.1", 9) if name == "peername" else default

    async def command(self) -> str:
        """Return the next command that was written, and forget it."""
        for _ in range(100):
            if self.written:
                return self.written.pop(0).decode()
            await asyncio.sleep(0)
        raise AssertionError("no command was written")


class Switch:
    """A scripted FreeSWITCH on a real socket."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    @classmethod
    async def dial(cls, port: int, host: str = "127.0.0.1") -> Switch:
        return cls(*await asyncio.open_connection(host, port))

    async def command(self) -> str:
        """Read one command, its body included; empty at the end of the stream."""
        try:
            head = (await self.reader.readuntil(b"\n\n")).decode()
        except (asyncio.IncompleteReadError, ConnectionError):
            return ""
        length = header(head, "content-length")
        body = await self.reader.readexactly(int(length)) if length else b""
        return head.removesuffix("\n\n") + (f"\n\n{body.decode()}" if body else "")

    async def expect(self, command: str) -> str:
        got = await self.command()
        assert got.startswith(command), got
        return got

    async def write(self, *data: bytes) -> None:
        self.writer.write(b"".join(data))
        await self.writer.drain()

    async def begin(self, **kind: str) -> None:
        """Answer ``connect`` and ``myevents``."""
        await self.expect("connect")
        await self.write(connect_reply(**kind))
        await self.expect("myevents")
        await self.write(reply("+OK Events Enabled"))

    async def goodbye(self) -> None:
        """Take and answer ``exit``."""
        await self.expect("exit")
        await self.write(reply("+OK bye"))
        await self.end()

    async def end(self) -> None:
        """Read to the end, answering what comes; close."""
        while await self.command():
            await self.write(reply())
        await self.close()

    async def close(self) -> None:
        self.writer.close()
        try:
            await self.writer.wait_closed()
        except ConnectionError:
            return


def asynchronous(test: Callable[..., Awaitable[None]]) -> Callable[..., None]:
    """Run a coroutine as a test, within a deadline."""

    @functools.wraps(test)
    def run(*args: Any, **kwargs: Any) -> None:
        async def limited() -> None:
            async with asyncio.timeout(DEADLINE):
                await test(*args, **kwargs)

        asyncio.run(limited())

    return run
