"""A host of files on loopback that answers as it is told, and notes who came; and a trap nobody may come to."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

from tests import loopback


@dataclass
class FileHost:
    """`says`: path -> (status, headers, body); `drip`: path -> seconds between single bytes."""

    url: str = ""
    says: dict[str, tuple[int, Mapping[str, str], bytes]] = field(default_factory=dict)
    drip: dict[str, float] = field(default_factory=dict)
    asked: list[tuple[str, dict[str, str]]] = field(default_factory=list)

    def put(self, path: str, body: bytes, status: int = 200, **headers: str) -> str:
        """Answer a path so; its address."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        self.says[path] = (status, named, body)
        return self.url + path


@contextmanager
def opened() -> Iterator[FileHost]:
    """A host on a free port."""
    host = FileHost()
    with loopback.serving(_handler(host)) as host.url:
        yield host


def _handler(host: FileHost) -> type[loopback.Handler]:
    class Handler(loopback.Handler):
        def do_GET(self) -> None:
            host.asked.append((self.path, dict(self.headers.items())))
            status, headers, body = host.says.get(self.path, (404, {}, b""))
            self.begin(status, {"Content-Length": str(len(body)), **headers})
            self._send(body)

        def _send(self, body: bytes) -> None:
            pause = host.drip.get(self.path)
            pieces = [body[at:at + 1] for at in range(len(body))] if pause else [body]
            try:
                for piece in pieces:
                    self.wfile.write(piece)
                    self.wfile.flush()
                    time.sleep(pause or 0)
            except OSError:
                return

    return Handler


class Trap:
    """Listens on every address of this machine, IPv6 too where there is one, and counts who comes."""

    def __init__(self) -> None:
        self.came = 0
        self._sockets = [self._listening(socket.AF_INET, "0.0.0.0", 0)]  # noqa: S104 - a trap
        self.port = self._sockets[0].getsockname()[1]
        with suppress(OSError):  # a machine without IPv6 has no such way in
            self._sockets.append(self._listening(socket.AF_INET6, "::1", self.port))
        for each in self._sockets:
            threading.Thread(target=self._count, args=(each,), daemon=True).start()

    def _listening(self, family: int, address: str, port: int) -> socket.socket:
        made = socket.socket(family, socket.SOCK_STREAM)
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        made.bind((address, port))
        made.listen()
        return made

    def _count(self, each: socket.socket) -> None:
        while True:
            try:
                line, _ = each.accept()
            except OSError:
                return
            self.came += 1
            line.close()

    def close(self) -> None:
        """Nobody can come any more."""
        for each in self._sockets:
            each.close()


def answers_with(*found: str) -> Any:
    """A resolver that finds these addresses, whatever it is asked."""
    return lambda _host, _port: list(found)
