"""The database: base class, types, and the only place that commits.

`run_in_transaction(fn)` is the only way to write. On SQLite it begins IMMEDIATE under a
process-local writer lock, first come, first served: a deferred BEGIN that later writes is refused at once when another
writer is active, and SQLite's own waiting is not a queue (p99 415 ms against 20 ms with the lock).
What a connection of either database is told at its beginning stands in `engines`.
"""

from __future__ import annotations

import random
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

from flask import Flask
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import BigInteger, DateTime, Integer, MetaData, text
from sqlalchemy.engine.interfaces import Dialect
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolEmpty
from sqlalchemy.orm import DeclarativeBase, Session
from sqlalchemy.types import TypeDecorator

from triage import clock, commits, engines
from triage.commits import CommitUnknown as CommitUnknown
from triage.fair_lock import FairLock

T = TypeVar("T")
Values = Mapping[str, object] | Sequence[Mapping[str, object]]

MAX_TRIES = 8
LONGEST_PAUSE = 0.05  # seconds between tries, at most: whoever lost a deadlock should not meet the winner again
LONGEST_WAIT = 8.0  # seconds after which nobody waits or tries anew: a thread that serves people must not hang
# How rows are locked: against other writers, yet not against rows that only point to them. An event of a
# report or a person, written behind the lock of event numbers, must never wait for who waits for that lock.
LOCK: dict[str, Any] = {"key_share": True}  # for `session.get`; queries say with_for_update(key_share=True)
RETRY_STATES = {"40001", "40P01"}  # serialization failure, deadlock (PostgreSQL's error codes)
ONLY_READS = "25006"  # a standby not promoted yet, or a host that keeps a disk from running full

NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}

BigKey = BigInteger().with_variant(Integer, "sqlite")


class Base(DeclarativeBase):
    """Base of every table; constraints and indexes are named by convention."""

    metadata = MetaData(naming_convention=NAMING)


class UtcDateTime(TypeDecorator[datetime]):
    """An aware moment in UTC on every database; a naive one is refused."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Refuse naive moments; store UTC."""
        if value is not None and value.tzinfo is None:
            raise ValueError("a moment without a time zone")
        return value.astimezone(UTC) if value else None

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """SQLite forgets the zone: give it back."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


db = SQLAlchemy(metadata=Base.metadata)


def _state(problem: DBAPIError) -> str | None:
    """PostgreSQL's code of an error."""
    return getattr(problem.orig, "sqlstate", None)


def unavailable(problem: BaseException) -> bool:
    """Whether the database is away, locked, full, only reads, or has no connection left: nothing that asking caused."""
    cut = isinstance(problem, DBAPIError) and (problem.connection_invalidated or _state(problem) == ONLY_READS)
    return cut or isinstance(problem, OperationalError | PoolEmpty | CommitUnknown)


RETRIES: Counter[str] = Counter()  # how often transactions of this process were run again, by cause
CAUSES = {"40001": "serialization", "40P01": "deadlock"}

_writer_lock = FairLock()
_before_commit: list[Callable[[Session], None]] = []
_after_commit: list[Callable[[Mapping[str, Any]], None]] = []


def before_commit(hook: Callable[[Session], None]) -> None:
    """Call `hook(session)` as the last thing inside every transaction."""
    _before_commit.append(hook)


def after_commit(hook: Callable[[Mapping[str, Any]], None]) -> None:
    """Call `hook(info)` after every commit with what the transaction left in `session.info`."""
    _after_commit.append(hook)


def run_in_transaction(fn: Callable[[], T]) -> T:
    """Begin, run `fn`, commit, tell the listeners; give back what `fn` gave.

    A serialization failure, a deadlock, a locked database or a lost connection rolls back and runs
    `fn` again, at most MAX_TRIES times within LONGEST_WAIT: `fn` must do no I/O and must load what it
    needs itself. Where the answer to COMMIT was lost, PostgreSQL is asked whether it took place, and
    `fn` runs again only if it did not; raises CommitUnknown where it does not come back to say. Raises
    OperationalError, with nothing stored, where the database is away, locked, full or has no
    connection left. Any other exception rolls back and leaves. Calls do not nest.
    """
    session = db.session()
    if session.info.get("writing"):
        raise RuntimeError("run_in_transaction does not nest")
    until = clock.steady() + LONGEST_WAIT
    for tries_left in reversed(range(MAX_TRIES)):
        try:
            result, left = _attempt(session, fn, until)
        except DBAPIError as problem:
            if not (tries_left and clock.steady() < until and worth_retrying(problem)):
                raise
            RETRIES[_cause(problem)] += 1
            time.sleep(random.uniform(0, LONGEST_PAUSE))  # noqa: S311 - jitter, not a secret
            continue
        for hook in _after_commit:
            hook(left)
        return result
    raise AssertionError("unreachable")


class Again(BaseException):
    """The transaction starts anew, with more in `session.info`. No Exception: nobody may take it for a refusal."""

    def __init__(self, **known: object) -> None:
        super().__init__(*known)
        self.known = known


def run_statement(statement: str, values: Mapping[str, object], info: Mapping[str, Any]) -> tuple[Any, ...] | None:
    """One statement that is a transaction of its own, done in one turn to the server (PostgreSQL); its first row.

    In the driver's words (`%(name)s`). The listeners are told `info` if there is a row. Raises DBAPIError; where
    the connection was lost meanwhile nobody knows whether it took place, and who asked must find out.
    """
    db.session.rollback()
    row = engines.at_once(db.engine, statement, values)
    if row is not None:
        for hook in _after_commit:
            hook(info)
    return row


def _attempt(session: Session, fn: Callable[[], T], until: float) -> tuple[T, Mapping[str, Any]]:
    """Without savepoints first: each costs two turns to the server, and hardly one is ever needed."""
    known: dict[str, object] = {"savepoints": False}
    while True:
        try:
            return _once(session, fn, known)
        except Again as again:
            if clock.steady() > until:
                raise OperationalError("BEGIN", {}, TimeoutError("it began anew again and again")) from again
            known |= again.known


def _once(session: Session, fn: Callable[[], T], known: Mapping[str, object]) -> tuple[T, Mapping[str, Any]]:
    session.rollback()  # end the read snapshot: everything below sees the present
    session.info.clear()
    session.info.update(known)
    with _write_turn(session):
        try:
            session.info["writing"] = True
            _begin(session)
            result = fn()
            for hook in _before_commit:
                hook(session)
            _commit(session)
            return result, dict(session.info)
        except BaseException:
            session.rollback()
            raise
        finally:
            session.info.pop("writing", None)
            session.info.pop("connection", None)


def _begin(session: Session) -> None:
    try:
        session.info["connection"] = session.connection(execution_options=engines.TO_WRITE)
    except PoolEmpty as problem:
        raise OperationalError("BEGIN", {}, problem) from problem


def _commit(session: Session) -> None:
    """Commit. A lost answer is not a lost transaction: it raises only where the commit did not take place."""
    number, said_at = _transaction_number(session), clock.steady()
    try:
        session.commit()
    except OperationalError as problem:
        if number is None or not problem.connection_invalidated:
            raise
        session.rollback()
        if not commits.took_place(db.engine, number, session.info, said_at):
            raise


def _transaction_number(session: Session) -> str | None:
    """PostgreSQL's number of the running transaction; None elsewhere, and where nothing was written."""
    if "number" in session.info:
        return str(session.info["number"])
    if session.get_bind().dialect.name != "postgresql":
        return None
    number: str | None = session.scalar(text("SELECT pg_current_xact_id_if_assigned()::text"))
    return number


def _write_turn(session: Session) -> AbstractContextManager[object]:
    return _turn_of_sqlite() if session.get_bind().dialect.name == "sqlite" else nullcontext()


@contextmanager
def _turn_of_sqlite() -> Iterator[None]:
    if not _writer_lock.acquire(timeout=LONGEST_WAIT):
        raise OperationalError("BEGIN IMMEDIATE", {}, TimeoutError("the writers before this one do not get on"))
    try:
        yield
    finally:
        _writer_lock.release()


def worth_retrying(problem: DBAPIError) -> bool:
    """Whether it was the moment that was wrong, not the statement: a crossing, a lock, a lost connection."""
    return problem.connection_invalidated or _state(problem) in RETRY_STATES or engines.LOCKED in str(problem.orig)


def _cause(problem: DBAPIError) -> str:
    return "connection" if problem.connection_invalidated else CAUSES.get(str(_state(problem)), "locked")


def is_postgresql() -> bool:
    """Whether the desk's database is PostgreSQL, else it is SQLite."""
    return db.session.get_bind().dialect.name == "postgresql"


def let_go() -> None:
    """End what was being read, and give the connection back before work that takes long and needs none."""
    db.session.rollback()


@contextmanager
def savepoint() -> Iterator[None]:
    """Run a block that may fail alone: an exception undoes the block and what it recorded, and leaves.

    In a transaction's first run the block stands alone; if it fails, the whole runs again with savepoints.
    """
    if db.session.info.get("savepoints", True):
        with _savepoint():
            yield
        return
    try:
        yield
    except Exception as problem:
        if isinstance(problem, DBAPIError) and worth_retrying(problem):
            raise
        raise Again(savepoints=True) from problem


@contextmanager
def _savepoint() -> Iterator[None]:
    info = db.session.info
    marks = {key: len(value) for key, value in info.items() if isinstance(value, list)}
    try:
        with db.session.begin_nested():
            db.session.connection()  # only now it is said: statements past the ORM do not ask the session
            yield
    except BaseException:
        for key in [key for key, value in info.items() if isinstance(value, list)]:
            del info[key][marks.get(key, 0):]
        raise


def init_app(app: Flask, url: str) -> None:
    """Bind the database at `url` to `app`."""
    app.config["SQLALCHEMY_DATABASE_URI"] = url
    app.config["SQLALCHEMY_ENGINE_OPTIONS"] = engines.options(url)
    if url.startswith("sqlite:///"):
        Path(url.removeprefix("sqlite:///")).parent.mkdir(parents=True, exist_ok=True)
    db.init_app(app)
