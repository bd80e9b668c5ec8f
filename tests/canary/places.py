"""Where no secret may be: read out byte by byte."""

from __future__ import annotations

import os
import threading
from pathlib import Path
from typing import Any

import redis
import requests

from tests.servers import Redis

ITS_OWN = ("triage.db", "simulator.db")  # what is kept in clear or sealed there is another question


class Overheard:
    """Everything said to a Redis from now on."""

    def __init__(self, server: Redis) -> None:
        self._client = server.client()
        self._client.connection_pool.connection_kwargs["socket_timeout"] = None
        self.lines: list[str] = []
        self._monitor = self._client.monitor()
        self._monitor.__enter__()
        self._thread = threading.Thread(target=self._listen, daemon=True)
        self._thread.start()

    def _listen(self) -> None:
        try:
            for line in self._monitor.listen():
                self.lines.append(str(line["command"]))
        except (redis.RedisError, OSError, ValueError):
            return  # it was killed, or we have heard enough

    def text(self) -> bytes:
        """What was heard."""
        return "\n".join(self.lines).encode()


def redis_dump(server: Redis) -> bytes:
    """Every key and every value."""
    client: Any = server.client()
    readers = {b"string": client.get, b"hash": client.hgetall, b"set": client.smembers,
               b"list": lambda key: client.lrange(key, 0, -1),
               b"zset": lambda key: client.zrange(key, 0, -1, withscores=True),
               b"stream": lambda key: client.xrange(key)}
    said = [(key, readers[client.type(key)](key)) for key in client.scan_iter()]
    return repr(said).encode()


def files(folder: Path) -> bytes:
    """Every file below a folder that is not a database, with its name."""
    said = []
    for path in sorted(folder.rglob("*")):
        if path.is_file() and not path.name.startswith(ITS_OWN):
            said.append(os.fsencode(path.relative_to(folder)) + b"\n" + path.read_bytes())
    return b"\n".join(said)


def figures(address: str) -> bytes:
    """What Prometheus is told."""
    answer = requests.get(f"{address}/metrics", timeout=20)
    assert answer.ok
    return answer.content
