"""What must be true after the rehearsal, and how it went in figures."""

from __future__ import annotations

import statistics
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise

from sqlalchemy import func, select

from benchmarks.rehearsal.operator import Diary
from channels.simulator import Store
from triage.db import db
from triage.demo.plan import FORM, Expected, Plan
from triage.models import Assignment, Delivery, InboundItem, Message, Report
from triage.queries import ledger

STATUSES = "SELECT count(*) FROM hooks WHERE kind = 'status' AND taken > 0"
ARRIVED = ("sent", "delivered")


@dataclass(frozen=True)
class Entry:
    """One promise: what was expected, what was found."""

    promise: str
    expected: object
    found: object

    @property
    def kept(self) -> bool:
        """Whether it came out as it must."""
        return self.expected == self.found


def quiet(path: str) -> bool:
    """Whether nothing is on its way any more: no hook waits, nothing is unread, no answer waits to leave."""
    db.session.remove()
    unfinished = select(func.count()).where(Delivery.state.in_(("held", "queued", "sending")))
    return Store(path).pending() == 0 and ledger.ledger().pending == 0 and not db.session.scalar(unfinished)


def audit(plan: Plan, path: str, diaries: Sequence[Diary]) -> list[Entry]:
    """Every promise, counted in the desk's database and in the simulator's own ledger."""
    db.session.remove()
    return [*_arrivals(plan.expected(), Store(path)), *_messages(plan), *_holding(), *_answers(Store(path), diaries)]


def _arrivals(expected: Expected, store: Store) -> list[Entry]:
    statuses = store.number(STATUSES)
    book, sent = ledger.ledger(), store.ledger_counts()
    return [
        Entry("messages and posts written by the network's people", expected.messages, sent.written),
        Entry("of these taken by the desk", expected.messages, sent.handed_over),
        Entry("received (besides reports about deliveries)", expected.received, book.received - statuses),
        Entry("opened a report", expected.opened, book.opened),
        Entry("joined a report", expected.joined, book.joined),
        Entry("commands (STOP, START)", expected.commands, book.control - statuses),
        Entry("copies", 0, book.copies),
        Entry("quarantined", 0, book.quarantined),
        Entry("not yet understood", 0, book.pending),
        Entry("ledger difference", 0, book.difference),
    ]


def _messages(plan: Plan) -> list[Entry]:
    """Every message written is stored once: by the network's ids, and forms by their number."""
    stored = Counter(db.session.scalars(select(Message.external_id).where(Message.direction == "in")))
    named = {plan.name(one) for one in plan.utterances if one.by != FORM and not one.stops}
    forms = sum(one.by == FORM for one in plan.utterances)
    others = [name for name in stored if name not in named]
    return [
        Entry("messages lost", 0, len(named - set(stored))),
        Entry("messages stored twice", 0, sum(count > 1 for count in stored.values())),
        Entry("forms and additions stored", forms, len(others)),
        Entry("reports in the database", plan.expected().opened, db.session.scalar(select(func.count(Report.id)))),
    ]


def _holding() -> list[Entry]:
    held: dict[int, list[tuple[datetime, datetime | None]]] = {}
    query = select(Assignment.report_id, Assignment.started_at, Assignment.ended_at)
    for report_id, began, ended in db.session.execute(query.order_by(Assignment.started_at, Assignment.id)):
        held.setdefault(report_id, []).append((began, ended))
    overlaps = sum(before[1] is None or before[1] > after[0] for spans in held.values()
                   for before, after in pairwise(spans))
    live = select(func.count(Report.id)).where(Report.status == "open")
    return [
        Entry("reports held by two at one time", 0, overlaps),
        Entry("reports left in the queue", 0, db.session.scalar(live)),
    ]


def _answers(store: Store, diaries: Sequence[Diary]) -> list[Entry]:
    replies = Counter(db.session.scalars(select(Delivery.state).where(Delivery.purpose == "reply")))
    carried = select(func.count(Delivery.id)).where(Delivery.account_id.is_not(None), Delivery.state.in_(ARRIVED))
    accepted = store.ledger_counts()
    return [
        Entry("answers accepted by the desk", sum(diary.done["reply"] for diary in diaries), replies.total()),
        Entry("of these sent or delivered", replies.total(), sum(replies[state] for state in ARRIVED)),
        Entry("accepted by the network (answers and acknowledgements)", db.session.scalar(carried), accepted.accepted),
        Entry("accepted twice by the network", 0, accepted.sent_twice),
        Entry("requests that broke (5xx, no answer)", 0, sum(len(diary.broken) for diary in diaries)),
    ]


# ---------------------------------------------------------------- figures


def figures(diaries: Sequence[Diary], seconds: float, memory: int, cpu: float) -> dict[str, str]:
    """How it went. `seconds` is the whole run, `memory` in MiB, `cpu` in seconds of processor time."""
    db.session.remove()
    moments = sorted(db.session.scalars(select(InboundItem.received_at)))
    span = (moments[-1] - moments[0]).total_seconds() if len(moments) > 1 else 0.0
    done = sum((diary.done for diary in diaries), Counter[str]())
    refused = sum((diary.refused for diary in diaries), Counter[str]())
    return {
        "Duration": f"{seconds:.0f} s",
        "Taken in (reports about deliveries included), on average": f"{len(moments) / max(span, 1):.1f} items a second",
        "Taken in, in the best ten seconds": f"{_best(moments):.1f} items a second",
        "From arrival to taken (p50 / p90)": _pair(_waits(), "s", 1),
        "The desk's answer to “Take next”, report shown (p50 / p90)": _milli(one.take_seconds for one in diaries),
        "The desk's answer to “Send” (p50 / p90)": _milli(one.reply_seconds for one in diaries),
        "From accepted answer to delivered (p50 / p90)": _pair(_deliveries(), "s", 1),
        "What operators did": _words(done),
        "What the desk refused": _words(refused) or "nothing",
        "What broke": "; ".join(one for diary in diaries for one in diary.broken[:3]) or "nothing",
        "Peak memory of the server": f"{memory} MiB",
        "Processor time of the server": f"{cpu:.0f} s",
    }


def _best(moments: Sequence[datetime], window: float = 10.0) -> float:
    first, best = 0, 0
    for position, moment in enumerate(moments):
        while (moment - moments[first]).total_seconds() > window:
            first += 1
        best = max(best, position - first + 1)
    return best / window


def _waits() -> list[float]:
    first = select(Assignment.report_id, func.min(Assignment.id).label("id")).group_by(Assignment.report_id).subquery()
    query = select(Report.received_at, Assignment.started_at).join(first, first.c.report_id == Report.id)
    query = query.join(Assignment, Assignment.id == first.c.id)
    return [(taken - came).total_seconds() for came, taken in db.session.execute(query)]


def _deliveries() -> list[float]:
    query = select(Delivery.created_at, Delivery.settled_at).where(
        Delivery.purpose == "reply", Delivery.state == "delivered", Delivery.settled_at.is_not(None))
    return [(settled - accepted).total_seconds() for accepted, settled in db.session.execute(query)]


def _milli(found: Iterable[Sequence[float]]) -> str:
    return _pair([second * 1000 for seconds in found for second in seconds], "ms", 0)


def _pair(values: Sequence[float], unit: str, digits: int) -> str:
    if len(values) < 2:
        return "too few"
    tenths = statistics.quantiles(values, n=10)
    return f"{statistics.median(values):.{digits}f} {unit} / {tenths[8]:.{digits}f} {unit}"


def _words(counts: Counter[str]) -> str:
    return ", ".join(f"{name.replace('_', ' ')} {count}" for name, count in counts.most_common())
