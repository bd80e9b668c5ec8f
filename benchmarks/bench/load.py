"""A small HTTP client for both sides: so many connections, each asking again as soon as it is answered."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Coroutine, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any, TypeVar

T = TypeVar("T")

PATIENCE_SECONDS = 120.0


@dataclass
class Answers:
    """What came back, in the order it came: status and seconds of each request, and how long all of it took."""

    statuses: list[int] = field(default_factory=list)
    latencies: list[float] = field(default_factory=list)
    seconds: float = 0.0


class Connection(asyncio.Protocol):
    """One connection, kept alive: sends the next request when the answer to the last is whole."""

    def __init__(self, requests: Iterator[bytes], answers: Answers, done: asyncio.Future[None]) -> None:
        self._requests, self._answers, self._done = requests, answers, done
        self._received, self._sent_at = bytearray(), 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Ask the first question."""
        assert isinstance(transport, asyncio.Transport)  # noqa: S101 - what create_connection makes
        self._transport = transport
        self._next()

    def data_received(self, data: bytes) -> None:
        """Collect until the answer is whole."""
        self._received += data
        whole = answered(self._received)
        if whole is None:
            return
        self._answers.latencies.append(time.perf_counter() - self._sent_at)
        self._answers.statuses.append(whole)
        self._received.clear()
        self._next()

    def connection_lost(self, problem: Exception | None) -> None:
        """A server that hangs up in the middle spoils the measurement."""
        if not self._done.done():
            self._done.set_exception(problem or ConnectionError("the server closed the connection"))

    def _next(self) -> None:
        request = next(self._requests, None)
        if request is None:
            if not self._done.done():
                self._done.set_result(None)
            self._transport.close()
            return
        self._sent_at = time.perf_counter()
        self._transport.write(request)


def answered(received: bytes | bytearray) -> int | None:
    """The status of the answer in `received`, None while it is not whole. Answers state their length."""
    head, found, body = bytes(received).partition(b"\r\n\r\n")
    if not found:
        return None
    lines = head.split(b"\r\n")
    lengths = [int(line[15:]) for line in lines if line[:15].lower() == b"content-length:"]
    if not lengths:
        raise ValueError("an answer without Content-Length")
    return int(lines[0].split()[1]) if len(body) >= lengths[0] else None


def post(path: str, body: bytes, content_type: str = "application/json", **headers: str) -> bytes:
    """The bytes of one POST. Underscores in the names of headers stand for hyphens."""
    named = {"Host": "127.0.0.1", "Content-Type": content_type, "Content-Length": str(len(body)),
             **{name.replace("_", "-"): value for name, value in headers.items()}}
    lines = [f"POST {path} HTTP/1.1", *(f"{name}: {value}" for name, value in named.items())]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


def _apart(work: Coroutine[Any, Any, T]) -> T:
    """Run `work` in a thread of its own: whoever calls may have an event loop already."""
    with ThreadPoolExecutor(1) as one:
        return one.submit(asyncio.run, work).result()


def drive(port: int, requests: Sequence[bytes], connections: int) -> Answers:
    """Send all `requests` to this machine's `port` over so many connections, as fast as they are answered."""
    return _apart(asyncio.wait_for(_drive(port, requests, connections), PATIENCE_SECONDS))


async def _drive(port: int, requests: Sequence[bytes], connections: int) -> Answers:
    loop, answers, waiting = asyncio.get_running_loop(), Answers(), iter(requests)
    began = time.perf_counter()
    ends = []
    for _ in range(connections):
        done: asyncio.Future[None] = loop.create_future()
        await loop.create_connection(lambda end=done: Connection(waiting, answers, end), "127.0.0.1", port)
        ends.append(done)
    await asyncio.gather(*ends)
    answers.seconds = time.perf_counter() - began
    return answers


def volley(port: int, requests: Sequence[bytes]) -> list[int]:
    """Send all `requests` at the same moment, each over a connection that stands already; their statuses."""
    return _apart(asyncio.wait_for(_volley(port, requests), PATIENCE_SECONDS))


async def _volley(port: int, requests: Sequence[bytes]) -> list[int]:
    streams = [await asyncio.open_connection("127.0.0.1", port) for _ in requests]
    for (_, writer), request in zip(streams, requests, strict=True):
        writer.write(request)
    statuses = await asyncio.gather(*[_status(reader) for reader, _ in streams])
    for _, writer in streams:
        writer.close()
    return list(statuses)


async def _status(reader: asyncio.StreamReader) -> int:
    received = bytearray()
    while (status := answered(received)) is None:
        data = await reader.read(65_536)
        if not data:
            raise ConnectionError("the server closed the connection")
        received += data
    return status
