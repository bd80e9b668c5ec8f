"""Goal 12: a new report is compared as quickly among a million as among ten thousand, and costs little beside filing.

One desk grows from size to size. What is compared is half passed on from what is there, half new.
"""

from __future__ import annotations

import gc
import json
import random
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import count, islice
from typing import Any, cast

from sqlalchemy import Table, insert, select, text

from benchmarks.bench import seed
from benchmarks.bench.machine import Bench
from benchmarks.bench.results import Figures, Must, Row, figures, ratios
from benchmarks.bench.sites import NUMBER, Desk
from benchmarks.bench.tellings import passed_on, tellings
from channels.base import InboundMessage
from triage import clock
from triage.actions import comparing, ingest, journal
from triage.db import db, is_postgresql, let_go, run_in_transaction
from triage.models import Message, Report, Shingle, TextKey
from triage.queries import candidates
from triage.similarity.preparing import prepare
from triage.similarity.verdicts import RULES_VERSION

FEW, SMALL, LARGE, MILLION = 1_000, 10_000, 100_000, 1_000_000
MIDDLE, LAST, GROWTH = Must("<=", 5), Must("<=", 25), Must("<=", 3)  # milliseconds, milliseconds, times
BESIDE, STEADY = Must("<=", 1.5), Must("<=", 1.3)
AT_ONCE = 5_000  # reports in one transaction of filling
COMPARED = 100  # in one round
SENDERS = count(1)  # everybody writes once: a second message would join the first


def measure(bench: Bench) -> list[Row]:
    """The rows of goal 12, for both databases and every size asked for."""
    rows = []
    for database, name in bench.names.items():
        if database == "postgresql" and bench.postgres is None:
            rows.append(Row("12", "a new report compared, PostgreSQL", must=MIDDLE, absent=bench.no_postgres))
            continue
        rows += _on(bench, database, name)
    return rows


@dataclass(frozen=True)
class Round:
    """Of so many messages: how long filing took, finding and judging what each is like, and the whole comparing."""

    filed: Figures
    judged: Figures
    compared: Figures

    @property
    def whole(self) -> float:
        """Seconds for a message that is filed and compared."""
        return 1 / self.filed.rate + 1 / self.compared.rate


def _on(bench: Bench, database: str, name: str) -> list[Row]:
    desk = Desk(bench.folder / f"matching-{database}", bench.database(database))
    sizes = (FEW, SMALL) if bench.quick else (FEW, SMALL, LARGE, *((MILLION,) if bench.million else ()))
    chance = random.Random(12)  # noqa: S311 - made-up messages
    found: dict[int, list[Round]] = {}
    try:
        told, there = tellings(chance), 0
        for size in sizes:
            _fill(desk, list(islice(told, size - there)), there)
            there = size
            _tidy()
            found[size] = [_round(desk, told, chance, f"{size}-{number}") for number in range(bench.rounds + 1)][1:]
            judged = ", ".join(f"{one.judged.p50:.1f}/{one.judged.p99:.1f}" for one in found[size])
            print(f"  {size:,} on {name}: p50/p99 of each round {judged} ms", file=sys.stderr, flush=True)
    finally:
        desk.close()
    return [*_times(found, name), *_costs(found, name)]


def _tidy() -> None:
    """Python looks for garbage as rarely as in the server (gunicorn.conf.py)."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(10_000)


def _times(found: dict[int, list[Round]], name: str) -> Iterator[Row]:
    """How long finding and judging takes at each size, and how much longer at the last than at SMALL."""
    for size, rounds in found.items():
        what, judged = f"ms to find and judge what a new report is like among {size:,}", [one.judged for one in rounds]
        yield Row("12", f"{what}, p50, {name}", [one.p50 for one in judged], MIDDLE)
        yield Row("12", f"{what}, p99, {name}", [one.p99 for one in judged], LAST)
    last = max(found)
    grown = [(few.judged, many.judged) for few, many in zip(found[SMALL], found[last], strict=True)]
    yield Row("12", f"the same among {last:,} / {SMALL:,}, p50, {name}", ratios(grown, lambda side: side.p50),
              GROWTH, grown, sides=("few", "many"))


def _costs(found: dict[int, list[Round]], name: str) -> Iterator[Row]:
    """What comparing adds to filing, at the first size and at the last."""
    first, last = min(found), max(found)
    for size in (first, last):
        yield Row("12", f"time of a message filed and compared / filed only, at {size:,}, {name}",
                  [one.whole * one.filed.rate for one in found[size]], BESIDE,
                  [(one.filed, one.compared) for one in found[size]], sides=("filing", "comparing"))
    yield Row("12", f"time of a message filed and compared, {last:,} / {first:,}, {name}",
              [many.whole / few.whole for few, many in zip(found[first], found[last], strict=True)], STEADY)


def _round(desk: Desk, told: Iterator[str], chance: random.Random, name: str) -> Round:
    """Messages arrive, one after the other; of two in four it is timed how they are judged, then of two the whole."""
    filed, judged, compared = _Times(), _Times(), _Times()
    for place in range(2 * COMPARED):
        words = desk.read(partial(_passed_on, chance)) if place % 2 else next(told)
        filed.take(desk, partial(_arrives, f"{name}-{place}", words))
        (number,) = desk.read(candidates.waiting)
        if place % 4 < 2:  # what was read for judging is remembered, so the two are not timed on the same message
            judged.take(desk, partial(_judge, number), transaction=False)
            desk.act(partial(comparing.compare, number))
        else:
            compared.take(desk, partial(comparing.compare, number))
    return Round(filed.figures(), judged.figures(), compared.figures())


class _Times:
    """How long each of some transactions took, its commit included."""

    def __init__(self) -> None:
        self._seconds: list[float] = []

    def take(self, desk: Desk, act: Callable[[], object], *, transaction: bool = True) -> None:
        """Run one and keep its time; what only reads needs no transaction of ours."""
        with desk.app.app_context():
            began = time.perf_counter()
            run_in_transaction(act) if transaction else act()
            self._seconds.append(time.perf_counter() - began)

    def figures(self) -> Figures:
        """All of them."""
        return figures(self._seconds, sum(self._seconds))


def _judge(number: int) -> None:
    """Look for what a report says again, or else for what may tell of the same incident."""
    found = comparing.look(number)
    if found is not None and next(found.alike.same_messages(), None) is None:
        found.alike.same_incidents()
    let_go()


def _arrives(name: str, words: str) -> None:
    message = InboundMessage("sms", NUMBER, f"SM{name}", f"+25471{next(SENDERS):07}", words)
    body = json.dumps({"id": message.external_id, "text": words}).encode()
    ingest.receive(journal.Arrival("simulator", "sms", message.external_id, body), lambda: [message])


def _passed_on(chance: random.Random) -> str:
    newest = db.session.scalar(select(Message.id).order_by(Message.id.desc()).limit(1)) or 1
    some = select(Message.body).where(Message.id >= chance.randint(1, newest), Message.direction == "in")
    return passed_on(str(db.session.scalar(some.order_by(Message.id).limit(1))), chance)


# ---------------------------------------------------------------- filling


def _fill(desk: Desk, texts: Sequence[str], there: int) -> None:
    for first in range(0, len(texts), AT_ONCE):
        desk.act(partial(_insert, texts[first:first + AT_ONCE], there + first))
    desk.read(seed.settle)


def _insert(texts: Sequence[str], there: int) -> None:
    """Reports that were compared already, with all that they are found by."""
    _loosely()
    rows: dict[Any, list[dict[str, Any]]] = {Report: [], Message: [], TextKey: [], Shingle: []}
    now = clock.now()
    base = (db.session.scalar(select(Report.id).order_by(Report.id.desc()).limit(1)) or 0) + 1
    spoken = (db.session.scalar(select(Message.id).order_by(Message.id.desc()).limit(1)) or 0) + 1
    for place, body in enumerate(texts):
        number, prepared = base + place, prepare(body)
        rows[Report].append({"id": number, "channel": "sms", "account_id": 1, "thread_key": f"seed:{there + place}",
                             "status": "open", "priority": 2, "received_at": now, "unanswered_since": now})
        rows[Message].append({"id": spoken + place, "report_id": number, "account_id": 1, "channel": "sms",
                              "direction": "in", "body": body, "recorded_at": now,
                              "dedupe_key": f"seed:{there + place}"})
        rows[TextKey].append({"report_id": number, "message_id": spoken + place, "body_hash": prepared.body_hash,
                              "rules": RULES_VERSION})
        rows[Shingle] += [{"h": h, "report_id": number} for h in prepared.shingles]
    for model, some in rows.items():
        if model is Shingle and is_postgresql():
            _copy_in(some)
        else:
            db.session.connection().execute(insert(cast(Table, model.__table__)), some)
    _count_on()


def _copy_in(some: Sequence[dict[str, Any]]) -> None:
    """Millions of rows, many times as fast as by inserting them."""
    cursor = db.session.connection().connection.cursor()
    with cursor.copy("COPY shingles (h, report_id) FROM STDIN") as lines:
        lines.write("".join(f"{row['h']}\t{row['report_id']}\n" for row in some))


def _loosely() -> None:
    """Keys between tables need not be looked up one by one while filling."""
    if is_postgresql():
        db.session.execute(text("SET LOCAL session_replication_role = replica"))


def _count_on() -> None:
    """PostgreSQL numbers what comes next after what was filled in."""
    if is_postgresql():
        for table in ("reports", "messages"):
            db.session.execute(text(f"SELECT setval('{table}_id_seq', (SELECT max(id) FROM {table}))"))  # noqa: S608 - two names of ours
