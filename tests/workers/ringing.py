"""RQ's queue from a test: what waits in it, and a worker that works it off in this very process."""

from __future__ import annotations

import signal

from redis import Redis

from triage.workers import rq_worker
from triage.workers.doorbell import QUEUE

KEY = f"rq:queue:{QUEUE}"
SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGALRM)


def waiting(url: str) -> int:
    """How many jobs wait."""
    with Redis.from_url(url) as client:
        return int(client.llen(KEY))


def work_off(url: str) -> None:
    """A worker sends what is rung for, and leaves; the signals of the test stay as they were."""
    before = {number: signal.getsignal(number) for number in SIGNALS}
    try:
        rq_worker.work(url, fork=False, burst=True, ready=lambda: None)
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
