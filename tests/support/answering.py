"""A small application over real sockets, for the switch's shell to dial."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import cast

from tests.support.desk import Read, whole_frames

DEADLINE = 60.0
LOOPBACK = "127.0.0.1"


class Echo(asyncio.DatagramProtocol):
    """Our end of a stream: gives every frame back to where it came from."""

    def __init__(self) -> None:
        self.frames: list[bytes] = []
        self.sources: set[tuple[str, int]] = set()
        self.some = asyncio.Event()
        self.enough = 5
        self.transport: asyncio.DatagramTransport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.DatagramTransport", transport)

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        assert self.transport is not None
        self.frames.append(data)
        self.sources.add(addr)
        self.transport.sendto(data, addr)
        if len(self.frames) >= self.enough:
            self.some.set()

    @property
    def port(self) -> int:
        assert self.transport is not None
        return int(self.transport.get_extra_info("sockname")[1])


class Conversation:
    """One control connection, from the application's side."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer
        self.read: list[Read] = []
        self._unseen: list[Read] = []
        self._bytes = b""

    async def say(self, text: str) -> None:
        self._writer.write(text.encode() + b"\n\n")
        await self._writer.drain()

    async def execute(self, name: str, argument: str = "") -> None:
        line = f"\nexecute-app-arg: {argument}" if argument else ""
        await self.say(f"sendmsg\ncall-command: execute\nexecute-app-name: {name}{line}")

    async def unicast(self, port: int, local_port: int = 0) -> None:
        await self.say(
            "sendmsg\ncall-command: unicast\nlocal-ip: 127.0.0.1\n"
            f"local-port: {local_port}\nremote-ip: 127.0.0.1\nremote-port: {port}"
        )

    async def until(self, wanted: Callable[[Read], bool]) -> Read:
        """Read on until a frame comes that is wanted."""
        while True:
            while self._unseen:
                one = self._unseen.pop(0)
                self.read.append(one)
                if wanted(one):
                    return one
            data = await self._reader.read(65536)
            if not data:
                raise EOFError
            self._unseen, self._bytes = whole_frames(self._bytes + data)

    async def event(self, name: str) -> Read:
        return await self.until(lambda one: one.get("Event-Name") == name)

    async def end(self) -> None:
        """Read to the end of the connection."""
        with contextlib.suppress(EOFError):
            await self.until(lambda one: False)


@contextlib.asynccontextmanager
async def application(
    handle: Callable[[Conversation], Awaitable[None]],
) -> AsyncIterator[int]:
    """Serve an application and give its port; what goes wrong in it fails the test."""
    tasks: list[asyncio.Task[None]] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        tasks.append(task)
        try:
            conversation = Conversation(reader, writer)
            await conversation.say("connect")
            async with asyncio.timeout(DEADLINE):
                await handle(conversation)
        finally:
            writer.close()

    server = await asyncio.start_server(serve, LOOPBACK, 0)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        await asyncio.gather(*tasks)


@contextlib.asynccontextmanager
async def echo() -> AsyncIterator[Echo]:
    transport, protocol = await asyncio.get_running_loop().create_datagram_endpoint(
        Echo, (LOOPBACK, 0)
    )
    try:
        yield protocol
    finally:
        transport.close()
