"""Goal 15: what is due leaves. One worker of the desk against one bare RQ worker, and twenty workers killed."""

from __future__ import annotations

import random
import signal
import time

from redis import Redis
from rq import Queue
from rq.serializers import JSONSerializer
from sqlalchemy import func, insert, select

import config
from benchmarks.bench import bare
from benchmarks.bench.machine import Bench
from benchmarks.bench.results import Figures, Must, Row, interleaved, ratios
from benchmarks.bench.sites import GENEROUS, Desk
from benchmarks.rehearsal.processes import Process
from channels.simulator import Store
from triage import clock
from triage.actions import accounts, contacts
from triage.db import db
from triage.models import Account, Delivery, Message, Report

SPEED, NONE = Must(">=", 0.5), Must("=", 0)
ATTEMPT_SECONDS = 5  # after which a send that died is given up as unknown
PATIENCE = 120.0
QUEUE = "bare"


class Worker(Process):
    """One sending process that may be struck dead."""

    def kill(self) -> None:
        """SIGKILL."""
        self._process.send_signal(signal.SIGKILL)
        self._process.wait()


def measure(bench: Bench) -> list[Row]:
    """The rows of goal 15, on PostgreSQL and Redis."""
    what = "answers sent a second by one worker, desk / bare RQ SimpleWorker"
    if bench.postgres is None or bench.redis is None:
        return [Row("15", what, must=SPEED, absent=bench.no_postgres or bench.no_redis)]
    count = 100 if bench.quick else 500
    pairs = interleaved(min(bench.rounds, 5), lambda number: _bare_round(bench, count, number),
                        lambda number: _round(bench, count, number))
    return [Row("15", what, ratios(pairs, lambda one: one.rate), SPEED, pairs), *_killed(bench)]


# ---------------------------------------------------------------- speed


def _bare_round(bench: Bench, count: int, number: int) -> Figures:
    assert bench.redis is not None  # noqa: S101 - asked before
    path = str(bench.folder / f"bare-{number}.db")
    Store(path)
    queue = Queue(QUEUE, connection=Redis.from_url(bench.redis.url), serializer=JSONSerializer)
    queue.enqueue_many([Queue.prepare_data(bare.send, args=(path, each)) for each in range(count)])
    worker = Worker(("rq", "worker", "-u", bench.redis.url, "-w", "rq.worker.SimpleWorker", "-S", "json", "--quiet",
                     QUEUE), {"PYTHONPATH": str(config.ROOT)}, bench.folder / "rq.log")
    return _watched(worker, path, count)


def _round(bench: Bench, count: int, number: int) -> Figures:
    desk = _desk(bench, f"outbox-{number}")
    try:
        desk.act(lambda: _due(count, "mastodon"))
        return _watched(_worker(desk), desk.environment["SIMULATOR_PATH"], count)
    finally:
        desk.close()


def _desk(bench: Bench, name: str) -> Desk:
    assert bench.redis is not None  # noqa: S101 - asked before
    bench.redis.client().flushall()
    desk = Desk(bench.folder / name, bench.database("postgresql"), REDIS_URL=bench.redis.url,
                ATTEMPT_SECONDS=str(ATTEMPT_SECONDS))
    desk.act(lambda: accounts.add_account("mastodon", "@sender", provider="simulator", can_send=True,
                                          terms=accounts.Terms(limits=GENEROUS)))
    return desk


def _worker(desk: Desk) -> Worker:
    return Worker(("flask", "--app", "wsgi", "triage", "worker"), desk.environment, desk.folder / "worker.log")


def _watched(worker: Worker, path: str, count: int) -> Figures:
    """From the first to the last message that the made-up network accepted: starting up is not sending."""
    try:
        until = time.monotonic() + PATIENCE
        while Store(path).ledger_counts().accepted < count:
            worker.require_alive()
            if time.monotonic() > until:
                raise RuntimeError(f"only {Store(path).ledger_counts().accepted} of {count} left\n{worker.log()}")
            time.sleep(0.1)
        memory, cpu = float(worker.peak_memory()), worker.cpu_seconds()
    finally:
        worker.stop()
    moments = sorted(one.at for one in Store(path).accepted())
    return Figures(count - 1, (moments[-1] - moments[0]).total_seconds(), cpu=1000 * cpu / count, memory=memory)


def _due(count: int, channel: str) -> None:
    """So many sentences of the desk itself, due now, to one person, each on a report of its own."""
    account = db.session.scalars(select(Account).where(Account.channel == channel, Account.can_send)).one()
    to = ("phone", "+254711000523") if channel == "sms" else ("mastodon", "@somebody")
    contact, now = contacts.find_or_make(*to), clock.now()
    for number in range(count):
        report_id = db.session.execute(insert(Report.__table__).values(
            channel=channel, contact_id=contact.id, account_id=account.id, thread_key=f"bench:{number}", status="open",
            priority=2, received_at=now, unanswered_since=now).returning(Report.id)).scalar_one()
        message_id = db.session.execute(insert(Message.__table__).values(
            report_id=report_id, contact_id=contact.id, account_id=account.id, channel=channel, direction="out",
            body=f"We have your message {number}.", recorded_at=now, dedupe_key=f"bench:{number}",
        ).returning(Message.id)).scalar_one()
        db.session.execute(insert(Delivery.__table__).values(
            message_id=message_id, report_id=report_id, part=1, channel=channel, purpose="acknowledgement",
            contact_id=contact.id, account_id=account.id, state="queued", next_attempt_at=now, created_at=now))


# ---------------------------------------------------------------- kills


def _killed(bench: Bench) -> list[Row]:
    """Workers are struck dead in the middle of a channel that forgets what it was asked before (SMS)."""
    kills, count = (2, 100) if bench.quick else (20, 1_500)
    desk, chance = _desk(bench, "outbox-killed"), random.Random(1)  # noqa: S311 - when to strike
    path = desk.environment["SIMULATOR_PATH"]
    try:
        desk.act(lambda: _due(count, "sms"))
        for _ in range(kills):
            _strike(desk, path, chance)
        last = _worker(desk)
        try:
            _wait_until_settled(desk, last)
        finally:
            last.stop()
        states = desk.read(_states)
    finally:
        desk.close()
    note = f"{count} answers, {kills} workers killed -9, {states.get('uncertain', 0)} marked “may have been sent”"
    counts, settled = Store(path).ledger_counts(), states.get("sent", 0) + states.get("delivered", 0)
    return [Row("15", "answers lost", [count - settled - states.get("uncertain", 0)], NONE, note=note),
            Row("15", "answers sent twice", [counts.sent_twice], NONE),
            Row("15", "answers in doubt beyond one a kill", [max(states.get("uncertain", 0) - kills, 0)], NONE)]


def _strike(desk: Desk, path: str, chance: random.Random) -> None:
    """Start a worker, let it send a little, kill it."""
    worker, before = _worker(desk), Store(path).ledger_counts().accepted
    until = time.monotonic() + PATIENCE
    while Store(path).ledger_counts().accepted == before and time.monotonic() < until:
        if not desk.read(_waiting):
            break
        time.sleep(0.02)
    time.sleep(chance.random() * 0.2)
    worker.kill()


def _wait_until_settled(desk: Desk, worker: Worker) -> None:
    until = time.monotonic() + PATIENCE
    while desk.read(_waiting):
        worker.require_alive()
        if time.monotonic() > until:
            raise RuntimeError(f"not everything left: {desk.read(_states)}\n{worker.log()}")
        time.sleep(0.2)


def _states() -> dict[str, int]:
    return dict(db.session.execute(select(Delivery.state, func.count()).group_by(Delivery.state)).all())


def _waiting() -> int:
    query = select(func.count()).where(Delivery.state.in_(("held", "queued", "sending")))
    return db.session.scalar(query) or 0
