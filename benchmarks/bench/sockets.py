"""Goals 13 and 14: from a commit to the last of 200 open pages, and what telling them costs."""

from __future__ import annotations

import asyncio
import base64
import os
import sqlite3
import struct
import time
from collections.abc import Awaitable, Callable
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, datetime

from benchmarks.bench import doors, load
from benchmarks.bench.machine import Bench
from benchmarks.bench.results import Figures, Must, Pair, Row, interleaved, ratios
from benchmarks.bench.sites import Desk, Server, alone
from benchmarks.bench.sites import bare as start_bare
from benchmarks.bench.workload import stream

CLIENTS, PER_PERSON = 200, 5
PAUSE = 0.05  # seconds between two events
PATIENCE = 20.0
LATENCY, TAIL, COST, ALL = Must("<=", 1.5), Must("<=", 2), Must("<=", 1.5), Must("=", 1)
LAST = "SELECT seq, occurred_at FROM events ORDER BY seq DESC LIMIT 1"
PING, PONG, OPEN, CHANGED = b"2", b"3", b"40", b'42["changed",{"head":'


@dataclass
class Client:
    """One page: the highest number it heard of and when. Speaks Engine.IO and WebSocket by hand."""

    head: int = -1
    heard: asyncio.Event = field(default_factory=asyncio.Event)

    async def connect(self, port: int, cookie: str) -> None:
        """Shake hands, join, and listen from then on."""
        reader, self._writer = await asyncio.open_connection("127.0.0.1", port)
        key = base64.b64encode(os.urandom(16)).decode()
        lines = ["GET /socket.io/?EIO=4&transport=websocket HTTP/1.1", f"Host: 127.0.0.1:{port}", "Upgrade: websocket",
                 "Connection: Upgrade", f"Sec-WebSocket-Key: {key}", "Sec-WebSocket-Version: 13",
                 f"Origin: http://127.0.0.1:{port}", *([f"Cookie: {cookie}"] if cookie else [])]
        self._writer.write("\r\n".join(lines).encode() + b"\r\n\r\n")
        head = await reader.readuntil(b"\r\n\r\n")
        if b" 101 " not in head[:20]:
            raise ConnectionError(head[:100].decode())
        await _frame(reader)  # what the engine says of itself
        self._write(OPEN)
        self.joined = asyncio.Event()
        self._listening = asyncio.create_task(self._listen(reader))

    async def _listen(self, reader: asyncio.StreamReader) -> None:
        while True:
            said = await _frame(reader)
            if said == PING:
                self._write(PONG)
            elif said.startswith(CHANGED):
                self.head = max(self.head, int(said[len(CHANGED):].split(b"}")[0]))
                self.heard.set()
            elif said.startswith(OPEN):
                self.joined.set()

    def _write(self, text: bytes) -> None:
        self._writer.write(bytes([0x81, 0x80 | len(text)]) + b"\0\0\0\0" + text)  # masked with nothing

    async def reach(self, head: int) -> float:
        """When this page has heard of `head`."""
        while self.head < head:
            self.heard.clear()
            await self.heard.wait()
        return time.time()

    async def close(self) -> None:
        """Hang up."""
        self._listening.cancel()
        self._writer.close()


async def _frame(reader: asyncio.StreamReader) -> bytes:
    first, length = await reader.readexactly(2)
    if length == 126:
        length = struct.unpack("!H", await reader.readexactly(2))[0]
    if first & 0x0F == 8:
        raise ConnectionError("the server closed the socket")
    return await reader.readexactly(length)


@dataclass(frozen=True)
class Side:
    """One server and how something is made to happen there: gives the number to wait for and when it was committed."""

    server: Server
    cookies: list[str]
    happen: Callable[[int], Awaitable[tuple[int, float]]]


def measure(bench: Bench) -> list[Row]:
    """The rows of goals 13 and 14, on SQLite, with the threads of the shipped configuration."""
    desk = Desk(bench.folder / "sockets", ACKNOWLEDGE="0")
    people = desk.staff(CLIENTS // PER_PERSON)
    each = 5 if bench.quick else 25
    arriving = stream(desk, 3 * each * (bench.rounds + 1), 1)
    hooks = iter([request for request in dict.fromkeys(arriving.requests) if b"/hooks/" in request])
    cookies = [desk.read(lambda who=person: doors.visitor(desk, who)).cookie for person in people] * PER_PERSON
    server, other = desk.serve(), start_bare("broadcast", desk.folder)
    product = Side(server, cookies, lambda _: _arrive(desk, server.port, next(hooks)))
    plain = Side(other, [""] * CLIENTS, lambda number: _broadcast(other.port, number))
    try:
        pairs = interleaved(bench.rounds, lambda number: _round(plain, server, each, number),
                            lambda number: _round(product, other, each, number))
        delivered = [1.0] * len(pairs)  # a round in which one page did not hear of one event has raised
        return [*_rows(pairs), Row("13", "share of pages that heard of every event", delivered, ALL)]
    finally:
        server.stop()
        other.stop()
        desk.close()


def _rows(pairs: list[Pair]) -> list[Row]:
    what = f"from a commit to the last of {CLIENTS} pages, desk / bare broadcast"
    return [Row("13", f"{what}, p50", ratios(pairs, lambda one: one.p50), LATENCY, pairs),
            Row("13", f"{what}, p95 (shown as p99)", ratios(pairs, lambda one: one.p99), TAIL),
            Row("14", "processor time of the server a delivery, desk / bare (what the arrival itself costs included)",
                ratios(pairs, lambda one: one.cpu), COST)]


def _round(side: Side, held: Server, each: int, number: int) -> Figures:
    with alone(side.server, held):
        return asyncio.run(asyncio.wait_for(_told(side, each, number), 120))


async def _told(side: Side, each: int, number: int) -> Figures:
    clients = [Client() for _ in side.cookies]
    for client, cookie in zip(clients, side.cookies, strict=True):
        await client.connect(side.server.port, cookie)
    await asyncio.wait_for(asyncio.gather(*[client.joined.wait() for client in clients]), PATIENCE)
    await side.happen(number * 1000 + 999)
    await asyncio.sleep(0.5)
    began, spent, latencies = time.perf_counter(), side.server.cpu_seconds(), []
    for count in range(each):
        head, at = await side.happen(number * 1000 + 1000 + count)
        heard = await asyncio.wait_for(asyncio.gather(*[client.reach(head) for client in clients]), PATIENCE)
        latencies.append(max(heard) - at)
        await asyncio.sleep(PAUSE)
    spent, took = side.server.cpu_seconds() - spent, time.perf_counter() - began
    for client in clients:
        await client.close()
    ordered = sorted(latencies)
    return Figures(each * len(clients), took, 1000 * ordered[len(ordered) // 2],
                   1000 * ordered[int(len(ordered) * 0.95)], 1000 * spent / (each * len(clients)),
                   side.server.memory())


async def _arrive(desk: Desk, port: int, request: bytes) -> tuple[int, float]:
    """Somebody writes to the desk. The moment is that of the event, a little before its commit: against the desk.

    It is asked of the file itself: while this program is busy, no page of it hears anything.
    """
    await _ask(port, request)
    with closing(sqlite3.connect(desk.folder / "desk.db")) as file:
        head, at = file.execute(LAST).fetchone()
    return head, datetime.fromisoformat(at).replace(tzinfo=UTC).timestamp()


async def _broadcast(port: int, number: int) -> tuple[int, float]:
    return number, float(await _ask(port, load.post("/broadcast", str(number).encode(), "text/plain")))


async def _ask(port: int, request: bytes) -> bytes:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(request)
    received = bytearray()
    while (status := load.answered(received)) is None:
        received += await reader.read(65_536)
    writer.close()
    if status != 200:
        raise RuntimeError(f"the server answered {status}")
    return bytes(received).partition(b"\r\n\r\n")[2]
