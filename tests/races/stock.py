"""Filling a desk before a race, many rows a transaction, always through the real actions."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Sequence
from typing import TypeVar

from sqlalchemy import NullPool, create_engine, select

import config
from channels.base import InboundMessage
from tests import checker
from tests.processes import SIZE
from tests.scene import INTAKE, Scene
from triage.actions import assignments, comparing, ingest, journal, replies
from triage.db import db, run_in_transaction
from triage.models import Delivery, Operator, Report

T = TypeVar("T")
MANY = 100_000
BATCH = 100


def people(scene: Scene, count: int = SIZE, *roles: str) -> list[int]:
    """The numbers of `count` operators who may hold any number of reports, one for each place."""
    return [scene.operator(f"Player{place}", *roles, capacity=MANY).id for place in range(count)]


def text(name: str, sender: str, words: str = "Help") -> InboundMessage:
    """A text message with this provider's id."""
    return InboundMessage("sms", INTAKE, name, sender, words)


def arrive(message: InboundMessage, key: str | None = None) -> None:
    """One arrival, inside a running transaction, journalled as `key` (default: the message's own id)."""
    body = json.dumps({"id": message.external_id, "key": key}).encode()
    arrival = journal.Arrival("simulator", message.channel, key or message.external_id, body)
    ingest.receive(arrival, lambda: [message])


def phone(number: int) -> str:
    """A made-up citizen's number."""
    return f"+2547{number:08d}"


def reports(count: int, first: int = 0) -> list[int]:
    """`count` open reports of as many people, compared as a running desk does at once; their numbers."""
    messages = [text(f"SM-stock-{number}", phone(number)) for number in range(first, first + count)]
    in_batches(messages, arrive)
    newest = select(Report.id).order_by(Report.id.desc()).limit(count)
    numbers = sorted(db.session.scalars(newest))
    db.session.rollback()
    in_batches(numbers, comparing.compare)
    return numbers


def in_batches(items: Sequence[T], act: Callable[[T], object]) -> None:
    """Do something to every item, `BATCH` items a transaction."""
    for start in range(0, len(items), BATCH):
        run_in_transaction(lambda some=items[start:start + BATCH]: [act(item) for item in some])


def held(count: int, operator_id: int, first: int = 0) -> list[tuple[int, int]]:
    """`count` reports held by one person: numbers of report and assignment."""
    numbers = reports(count, first)
    fences: dict[int, int] = {}
    operator = db.session.get_one(Operator, operator_id)
    in_batches(numbers, lambda number: fences.update({number: assignments.claim(number, operator).id}))
    return list(fences.items())


def due(count: int, operator_id: int) -> list[int]:
    """`count` answers of one person, due now, all by their one account; the deliveries' numbers."""
    operator = db.session.get_one(Operator, operator_id)
    in_batches(held(count, operator_id), lambda pair: replies.reply(*_answer(pair, operator)))
    return list(db.session.scalars(select(Delivery.id).where(Delivery.purpose == "reply").order_by(Delivery.id)))


def _answer(pair: tuple[int, int], operator: Operator) -> tuple[int, Operator, int, int, str, str]:
    return pair[0], operator, pair[1], MANY, "We are on our way.", f"answer-{pair[0]}"


def without_index(settings: config.Settings, index: str) -> None:
    """Take a promise out of a scratch database, to see a race fail that must be able to fail."""
    change(settings, f"DROP INDEX {index}")


def change(settings: config.Settings, statement: str) -> None:
    """Change the tables of a scratch database."""
    engine = create_engine(settings.database_url, poolclass=NullPool)
    with engine.begin() as connection:
        connection.exec_driver_sql(statement)


def deadlocks(settings: config.Settings) -> str:
    """How many deadlocks the server has broken in this database, for the figures; nothing on SQLite."""
    return "" if settings.database_url.startswith("sqlite") else f"; {deadlocks_broken(settings)} deadlocks broken"


def deadlocks_broken(settings: config.Settings) -> int:
    """The same as a number; SQLite has none."""
    if settings.database_url.startswith("sqlite"):
        return 0
    time.sleep(1.1)  # sessions report what happened to them once a second
    (found,), = checker.ask(settings, "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()")
    return int(found)
