"""Events from the socket to a handler, per second of the receiving process's CPU.

A process of its own plays FreeSWITCH: it dials an ``OutboundServer`` over the loopback, answers
``connect`` and ``myevents``, and writes events as fast as they are taken. The handler reads three
headers of each. CPU is all that the receiving process uses, user and system, from the first event
to the last.
"""

from __future__ import annotations

import asyncio
import gzip
import json
import multiprocessing
import socket
import time
from pathlib import Path
from urllib.parse import unquote

from bench.__main__ import main
from mediasock.esl.events import Event
from mediasock.esl.outbound import OutboundConnection, OutboundServer

SIZE = 2500
EVENTS = 100_000
BATCH = 200
ROUNDS = 3
TRANSCRIPT = Path(__file__).parent.parent / "fixtures/freeswitch/answer_playback_hangup.json.gz"
GOALS = {"plain": 25_000, "json": 30_000}


def recorded() -> tuple[bytes, list[tuple[str, str]]]:
    """Return the connect reply, and the headers of a recorded event, cut to ``SIZE`` bytes."""
    rows = json.loads(gzip.decompress(TRANSCRIPT.read_bytes()))["esl"]
    stream = "".join(text for _, direction, text in rows if direction == "fs")
    connect, _, _ = stream.partition("\n\n")
    start = stream.index("Event-Name: CHANNEL_EXECUTE_COMPLETE")
    lines = stream[start:].partition("\n\n")[0].split("\n")
    headers = [(name, value) for name, _, value in (line.partition(": ") for line in lines)]
    tail = [pair for pair in headers if pair[0].startswith("Application")]
    size = sum(len(name) + len(value) + 3 for name, value in tail)
    kept = []
    for name, value in headers:
        size += len(name) + len(value) + 3
        if size > SIZE:
            break
        kept.append((name, value))
    return connect.encode() + b"\n\n", kept + tail


def event(form: str, headers: list[tuple[str, str]]) -> bytes:
    """Return one event as FreeSWITCH writes it."""
    if form == "json":
        fields = {name: unquote(value) for name, value in headers}
        body = json.dumps(fields, separators=(",", ":")).encode()
    else:
        body = "".join(f"{name}: {value}\n" for name, value in headers).encode() + b"\n"
    return f"Content-Length: {len(body)}\nContent-Type: text/event-{form}\n\n".encode() + body


def play_switch(port: int, form: str) -> None:
    """Dial the server and write events to it."""
    connect, headers = recorded()
    batch = event(form, headers) * BATCH
    with socket.create_connection(("127.0.0.1", port)) as handle:
        for reply in (connect, b"Content-Type: command/reply\nReply-Text: +OK Events Enabled\n\n"):
            handle.recv(65536)
            handle.sendall(reply)
        for _ in range(EVENTS // BATCH):
            handle.sendall(batch)
        handle.recv(65536)


async def receive(form: str) -> float:
    """Take all the events; return how many a second of CPU."""
    result: asyncio.Future[float] = asyncio.get_running_loop().create_future()

    async def on_call(call: OutboundConnection) -> None:
        count = 0
        began = 0.0
        done = asyncio.Event()

        def handle(event: Event) -> None:
            nonlocal count, began
            if not count:
                began = time.process_time()
            count += 1
            told = event["Event-Name"], event["Unique-ID"], event["Application"]
            if count == EVENTS and all(told):
                done.set()

        call.on("CHANNEL_EXECUTE_COMPLETE", handle)
        await done.wait()
        result.set_result((count - 1) / (time.process_time() - began))

    server = OutboundServer(on_call, port=0, events="plain")
    await server.start()
    switch = multiprocessing.get_context("spawn").Process(
        target=play_switch, args=(server.port, form), daemon=True
    )
    switch.start()
    try:
        return await asyncio.wait_for(result, 120)
    finally:
        await server.close()
        switch.join(10)


def run() -> str:
    """Return the Markdown table."""
    _, headers = recorded()
    lines = [
        "| events | bytes each | events a CPU-second, best of 3 | goal |",
        "| --- | --- | --- | --- |",
    ]
    for form, goal in GOALS.items():
        best = max(asyncio.run(receive(form)) for _ in range(ROUNDS))
        size = len(event(form, headers))
        lines.append(f"| {form} | {size:,} | {best:,.0f} | ≥ {goal:,} |")
    return "\n".join(lines)


if __name__ == "__main__":
    main(["esl"])
