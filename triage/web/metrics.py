"""Figures for Prometheus. No label carries an id, a name, a number or a word that a person wrote.

What one process sees (requests, sockets, pool, retries) is counted in it; what the database knows is asked when
somebody looks, and kept for some seconds, so that a storm of looks does no harm. Each node is scraped by itself;
the database's figures are the same on all of them.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Generic, TypeVar

import redis
from flask import Flask
from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from config import Settings
from triage import clock, db
from triage.queries import figures, health
from triage.queries.figures import Counts, Present, Totals
from triage.queries.health import Spooled

T = TypeVar("T")

PRESENT_SECONDS, TOTALS_SECONDS = 5.0, 30.0
QUEUES = "rq:queues"  # where RQ lists its queues
BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)


class Kept(Generic[T]):
    """What `ask` gave, asked anew at most every `seconds`; None where it failed. One asks, others wait for it."""

    def __init__(self, ask: Callable[[], T], seconds: float) -> None:
        self._ask, self._seconds = ask, seconds
        self._lock = threading.Lock()
        self._until = 0.0
        self._value: T | None = None

    def get(self) -> T | None:
        """The value, at most `seconds` old."""
        with self._lock:
            if clock.steady() >= self._until:
                self._value = self._asked()
                self._until = clock.steady() + self._seconds
            return self._value

    def _asked(self) -> T | None:
        try:
            return self._ask()
        except Exception:  # whatever is away: the figures of this process are still worth having
            db.db.session.remove()
            return None


class Metrics:
    """The figures of one application, in a registry of its own."""

    def __init__(self, app: Flask) -> None:
        self.registry = CollectorRegistry()
        self._requests = Counter("triage_requests", "Requests answered, by endpoint.",
                                 ("endpoint", "method", "status"), registry=self.registry)
        self._seconds = Histogram("triage_request_seconds", "How long answers took.", ("endpoint",), buckets=BUCKETS,
                                  registry=self.registry)
        self.registry.register(Gauges(app))

    def answered(self, endpoint: str, method: str, status: int, seconds: float) -> None:
        """One request was answered."""
        self._requests.labels(endpoint, method, f"{status // 100}xx").inc()
        self._seconds.labels(endpoint).observe(seconds)

    def text(self) -> bytes:
        """Everything, as Prometheus reads it. Needs an application context."""
        return generate_latest(self.registry)


@dataclass(frozen=True)
class _Figure:
    """A gauge without labels."""

    name: str
    says: str
    value: float

    def family(self) -> Metric:
        return GaugeMetricFamily(self.name, self.says, value=float(self.value))


class Gauges(Collector):
    """What is looked up when somebody asks."""

    def __init__(self, app: Flask) -> None:
        self._app = app
        self._settings: Settings = app.config["SETTINGS"]
        self._present = Kept(figures.present, PRESENT_SECONDS)
        self._totals = Kept(figures.totals, TOTALS_SECONDS)
        self._queued = Kept(self._waiting_in_redis, PRESENT_SECONDS)
        self._spooled = Kept(health.spooled, PRESENT_SECONDS)

    def describe(self) -> list[Metric]:
        """Nothing: to be registered must not cost a query."""
        return []

    def collect(self) -> Iterator[Metric]:
        """The figures of now."""
        yield from self._process()
        present, totals = self._present.get(), self._totals.get()
        up = present is not None
        yield _Figure("triage_database_up", "Whether the database answers.", up).family()
        if present is not None:
            yield from _of_now(present)
        if totals is not None:
            yield from _of_the_evening(totals)
        spooled = self._spooled.get()
        if spooled is not None:
            yield from _of_the_spool(spooled)
        if self._settings.redis_url:
            yield from self._redis()

    def _process(self) -> Iterator[Metric]:
        pool = db.db.engine.pool
        used = pool.checkedout() if hasattr(pool, "checkedout") else 0
        yield _Figure("triage_open_sockets", "Live connections of this process.",
                      self._app.extensions["live"].count()).family()
        yield _Figure("triage_pool_in_use", "Database connections in use in this process.", used).family()
        yield _labelled("triage_transaction_retries", "Transactions of this process that were run again, by cause.",
                        ("cause",), {(cause,): number for cause, number in db.RETRIES.items()})

    def _redis(self) -> Iterator[Metric]:
        queued = self._queued.get()
        yield _Figure("triage_redis_up", "Whether Redis answers.", queued is not None).family()
        if queued is not None:
            yield _Figure("triage_doorbell_queue", "Rings that wait in Redis.", queued).family()

    def _waiting_in_redis(self) -> int:
        with redis.Redis.from_url(self._settings.redis_url or "", socket_connect_timeout=1,
                                  socket_timeout=1) as client:
            return sum(client.llen(name) for name in client.smembers(QUEUES))


def _of_now(now: Present) -> Iterator[Metric]:
    for one in (
        _Figure("triage_unanswered_oldest_seconds", "How long the oldest unanswered report waits.", now.unanswered_age),
        _Figure("triage_outbox_due_oldest_seconds", "How long the oldest send is overdue.", now.due_age),
        _Figure("triage_inbound_pending", "Raw items not yet read.", now.pending),
        _Figure("triage_inbound_pending_oldest_seconds", "How long the oldest of them waits.", now.pending_age),
        _Figure("triage_quarantine", "Raw items that nothing could read.", now.quarantined),
        _Figure("triage_event_head", "The number of the newest event.", now.head),
        _Figure("triage_leases_frozen", "1 while the lease clocks stand still.", now.leases_frozen),
    ):
        yield one.family()
    yield _labelled("triage_outbox", "Sends that are not over, or in doubt.", ("state",), now.outbox)


def _of_the_spool(spooled: Spooled) -> Iterator[Metric]:
    yield _Figure("triage_spool_records", "Items that wait on this machine for the database.", spooled.records).family()
    yield _Figure("triage_spool_oldest_seconds", "How long the oldest of them waits.", spooled.age).family()
    yield _Figure("triage_spool_damaged", "Items that the disk damaged, set aside.", spooled.damaged).family()


def _of_the_evening(totals: Totals) -> Iterator[Metric]:
    yield _Figure("triage_ledger_difference", "Received items unaccounted for: anything but 0 is a defect.",
                  totals.ledger_difference).family()
    yield _labelled("triage_reports", "Reports, by status.", ("status",), totals.reports)
    yield _labelled("triage_inbound", "Raw items, by state and result.", ("state", "result"), totals.inbound)
    yield _labelled("triage_attempts", "Tries to send, by channel and outcome.", ("channel", "outcome"),
                    totals.attempts)


def _labelled(name: str, says: str, labels: tuple[str, ...], counts: Counts | Mapping[tuple[str, ...], int]) -> Metric:
    family = GaugeMetricFamily(name, says, labels=labels)
    for words, number in sorted(counts.items()):
        family.add_metric(words, number)
    return family
