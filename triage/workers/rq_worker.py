"""RQ's worker, cut down to what a desk needs: it is told a number and looks what the database says of it.

Whoever can write to Redis can put anything into the queue. So nothing from there is believed but a number:
no function is imported by a name found in Redis, no pickle is opened, no callback, retry, webhook or
remote command of RQ's is obeyed. What is not a number is dropped, and the worker goes on.
"""

from __future__ import annotations

import json
import re
import signal
import time
from collections.abc import Callable, Mapping
from datetime import timedelta
from types import FrameType
from typing import Any, ClassVar

from redis import Redis, RedisError
from redis.client import Pipeline
from rq import Queue, SimpleWorker, Worker
from rq.exceptions import NoSuchJobError, StopRequested
from rq.job import Job
from rq.serializers import JSONSerializer
from rq.timeouts import JobTimeoutException
from rq.worker import WorkerStatus
from rq.worker.base import BaseWorker

from triage import clock, logs
from triage.db import db
from triage.workers.doorbell import FAILURES_KEPT, QUEUE, SEND, longest_job

log = logs.logger(__name__)

LONGEST_WAIT = 2  # seconds between tries to reach a Redis that is away
WAKE_UP = 30  # RQ's worker_ttl: an idle worker looks whether its connection lives every half of it
BEAT = timedelta(seconds=1)
NAME = re.compile(rb"dlv-(\d{1,18})-[0-9a-f]{8}")


class Ring(Job):
    """A job of ours: one number, told by its name. No record of it stands in Redis, and one that does is not read."""

    @classmethod
    def fetch(cls, id: str, connection: Redis | None = None, serializer: Any = None) -> Ring:  # noqa: A002 - as RQ's
        """The job of this name. NoSuchJobError, which RQ passes over, where the name is none of ours."""
        job = cls(id, connection=connection, serializer=serializer)
        job.restore({})
        return job

    def restore(self, raw_data: Mapping[bytes, bytes]) -> None:
        """Everything that RQ wants to know is said by us, whatever a record may say."""
        ours = NAME.fullmatch(self.id.encode())
        if ours is None:
            raise NoSuchJobError("not a job of ours")
        record = {"data": json.dumps((SEND, None, (int(ours[1]),), {})), "origin": QUEUE, "status": "queued",
                  "timeout": str(longest_job()), "result_ttl": "0", "failure_ttl": str(FAILURES_KEPT)}
        super().restore({name.encode(): value.encode() for name, value in record.items()})


class Rings(Queue):
    """The queue of rings: names that are not ours are thrown away as they come."""

    job_class = Ring

    @classmethod
    def lmove(cls, connection: Redis, queue_key: str, timeout: int | None) -> Any:
        """The next name of ours, as RQ wants it: with the key of the queue; None or DequeueTimeout for none.

        Taken out at once: what is lost between here and the provider is still due in the database.
        """
        while True:
            found = cls.lpop([queue_key], timeout, connection=connection)
            if found is None or NAME.fullmatch(found[1]):
                return found


class _Ours(BaseWorker):
    """What both kinds share: they listen to the queue and to signals, and to nothing else."""

    queue_class = Rings
    job_class = Ring
    max_connection_wait_time = LONGEST_WAIT
    told_to_stop: ClassVar[bool] = False

    def subscribe(self) -> None:
        """Remote commands are not taken."""

    def unsubscribe(self) -> None:
        """There is nothing to end."""

    def check_for_suspension(self, burst: bool) -> None:  # noqa: FBT001 - as RQ calls it
        """Nobody halts us by a key in Redis."""

    def set_shutdown_requested_date(self) -> None:
        """Said in Redis by RQ, from inside a signal handler in the middle of a send: not by us."""

    def handle_warm_shutdown_request(self) -> None:
        """SIGTERM or SIGINT: what is being sent finishes, then the loop ends."""
        _Ours.told_to_stop = True


class InOneProcess(_Ours, SimpleWorker):
    """Sends in its own process. RQ's books are not kept: of who works on what, and what failed, the rows know.

    They are some twenty turns to Redis an answer, about as much as everything else that sending one costs.
    """

    def execute_job(self, job: Job, queue: Queue) -> None:
        """Send. What fails stays due in the database."""
        self.set_state(WorkerStatus.BUSY)
        try:
            with self.death_penalty_class(longest_job(), JobTimeoutException, job_id=job.id):
                job.func(*job.args)
        except Exception:
            log.exception("delivery.failed_to_send", delivery_id=job.args[0])
        finally:
            self.set_state(WorkerStatus.IDLE)

    def set_state(self, state: str, pipeline: Pipeline | None = None) -> None:
        """Ours, which says whether a signal may end us at once; Redis hears it where it is spoken to anyway."""
        self._state = state
        if pipeline is not None:
            super().set_state(state, pipeline)

    def heartbeat(self, timeout: int | None = None, pipeline: Pipeline | None = None) -> None:
        """A sign of life, once in BEAT where it would be a turn of its own; it lasts for as long as a job may."""
        if pipeline is None and self.last_heartbeat and clock.now() - self.last_heartbeat < BEAT:
            return
        super().heartbeat(timeout or longest_job() + WAKE_UP, pipeline)


class Forking(_Ours, Worker):
    """Forks for every send: dearer, and a send that crashes takes nothing with it."""

    def main_work_horse(self, job: Job, queue: Queue) -> None:
        """In the child: the parent's connections to the database stay the parent's."""
        db.engine.dispose(close=False)
        super().main_work_horse(job, queue)


def work(url: str, *, fork: bool, burst: bool, ready: Callable[[], None]) -> None:
    """Send what is rung for, until SIGTERM; with `burst` until the queue is empty. Outages of Redis are waited out.

    `ready()` is called once the signals are taken. Raises redis.RedisError only with `burst`.
    """
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, _stop)
    kind = Forking if fork else InOneProcess
    try:
        ready()
        while not _work_once(url, kind, burst=burst):
            time.sleep(LONGEST_WAIT / 2)
    except StopRequested:
        return


def _stop(_number: int, _frame: FrameType | None) -> None:
    raise StopRequested


def _work_once(url: str, kind: type[_Ours], *, burst: bool) -> bool:
    """One life of RQ's worker; whether it was the last. RQ's ends at anything it does not expect."""
    try:
        worker = kind([QUEUE], connection=Redis.from_url(url, socket_connect_timeout=LONGEST_WAIT),
                      serializer=JSONSerializer, worker_ttl=WAKE_UP, log_job_description=False)
        worker.work(burst=burst, logging_level="WARNING")
    except RedisError as problem:
        if burst:
            raise
        log.warning("worker.redis_away", problem=type(problem).__name__)
    return burst or _Ours.told_to_stop
