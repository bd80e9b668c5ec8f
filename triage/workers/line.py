"""The line between the processes of a desk: "something happened, look". It carries nothing else.

Each web node's tailer looks every quarter of a second anyway. The line makes it look at once when another
node or a worker has committed. A call that is lost, doubled or made up costs one query.
"""

from __future__ import annotations

import secrets
import threading
from collections.abc import Callable
from functools import partial

from redis import Redis, RedisError

from triage import broker, logs
from triage.workers.loop import Loop

log = logs.logger(__name__)

CHANNEL = "triage:look"
PAUSE = 0.05  # between two calls: many commits become one call
LISTEN_SECONDS = 5.0


class Line(Loop):
    """One end of the line. Redis may be away or slow: nobody waits for it but the threads in here."""

    def __init__(self, url: str, heard: Callable[[], None] | None = None) -> None:
        """`heard()` is called when another process calls; without it this end only calls."""
        loops = [self._call] if heard is None else [self._call, self._listen]
        super().__init__(*[partial(self._forever, loop) for loop in loops])
        self._url, self._heard = url, heard
        self._name = secrets.token_hex(8).encode()
        self._calling = threading.Event()

    def call(self, _kinds: frozenset[str]) -> None:
        """A listener of events: let the others look."""
        self._calling.set()

    def stop(self, seconds: float = 5.0) -> None:
        """End; a thread that waits for Redis is left behind."""
        super().stop(min(seconds, broker.ANSWER_SECONDS))

    def _wake(self) -> None:
        self._calling.set()

    def _forever(self, loop: Callable[[], None]) -> None:
        while not self._ending.is_set():
            try:
                loop()
            except RedisError as problem:
                log.info("line.redis_away", problem=type(problem).__name__)
            except Exception:
                log.exception("line.failed", part=loop.__name__)
            self._ending.wait(broker.BREAK_SECONDS)

    def _call(self) -> None:
        with broker.client(self._url) as speaking:
            while not self._ending.is_set():
                self._calling.wait()
                self._calling.clear()
                speaking.publish(CHANNEL, self._name)
                self._ending.wait(PAUSE)

    def _listen(self) -> None:
        options = {**broker.impatient(), "socket_timeout": None}  # silence is not a failure here
        with Redis.from_url(self._url, **options) as redis, redis.pubsub(ignore_subscribe_messages=True) as listening:
            listening.subscribe(CHANNEL)
            while not self._ending.is_set():
                said = listening.get_message(timeout=LISTEN_SECONDS)
                if said is None:
                    listening.ping()  # writes: a connection that died without a word is noticed
                elif said["type"] == "message" and said["data"] != self._name and self._heard is not None:
                    self._heard()
