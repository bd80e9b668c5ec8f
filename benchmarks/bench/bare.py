"""The smallest programs that do the same raw work as the desk: one insert, one statement, one broadcast, one job."""

from __future__ import annotations

import os
import sqlite3
import threading
import time
import uuid
from datetime import UTC, datetime

from flask import Flask, Response, request
from flask_socketio import SocketIO
from sqlalchemy import Column, DateTime, Index, Integer, MetaData, String, Table, Text, create_engine
from sqlalchemy.orm import Session, registry

from channels.base import AccountSettings, OutboundMessage
from channels.simulator import SimulatorPosts

METADATA = MetaData()
ITEMS = Table(
    "items", METADATA,
    Column("id", Integer, primary_key=True), Column("key", String(64), unique=True, nullable=False),
    Column("channel", String(20)), Column("sender", String(40)), Column("body", Text),
    Column("received_at", DateTime(timezone=True)), Column("state", String(20)),
    Index("ix_items_state_received_at", "state", "received_at"),
)
SQLITE_INSERT = "INSERT INTO items (key, channel, sender, body, received_at, state) VALUES (?, ?, ?, ?, ?, ?)"
CLAIM = ("UPDATE items SET state = 'taken', sender = %s WHERE id = (SELECT id FROM items WHERE state = 'open' "
         "ORDER BY received_at LIMIT 1 FOR UPDATE SKIP LOCKED) RETURNING id")


def make_items(url: str) -> None:
    """The table of the bare programs, unless it is there."""
    engine = create_engine(url.replace("postgresql://", "postgresql+psycopg://"))
    METADATA.create_all(engine)
    engine.dispose()


class Item:
    """A row of `items`, mapped."""


registry().map_imperatively(Item, ITEMS)


def _app() -> Flask:
    app = Flask("bare")
    app.add_url_rule("/healthz", view_func=lambda: "ok")
    return app


def orm_insert() -> Flask:
    """Flask and one ORM insert with its commit, at the address in BENCH_DATABASE."""
    app, engine = _app(), create_engine(os.environ["BENCH_DATABASE"], pool_size=16, max_overflow=16)

    @app.post("/", defaults={"path": ""})
    @app.post("/<path:path>")
    def take(path: str) -> str:
        with Session(engine) as session:
            item = Item()
            item.key, item.channel, item.sender = uuid.uuid4().hex, "sms", "+254711000523"
            item.body, item.received_at, item.state = request.get_data(as_text=True), datetime.now(UTC), "open"
            session.add(item)
            session.commit()
        return ""

    return app


def sqlite_insert() -> Flask:
    """Flask and one sqlite3 INSERT, write-ahead log and full synchronisation, in the file BENCH_DATABASE."""
    app, own = _app(), threading.local()

    @app.post("/", defaults={"path": ""})
    @app.post("/<path:path>")
    def take(path: str) -> str:
        if not hasattr(own, "connection"):
            own.connection = open_sqlite(os.environ["BENCH_DATABASE"])
        values = (uuid.uuid4().hex, "sms", "+254711000523", request.get_data(as_text=True),
                  datetime.now(UTC).isoformat(), "open")
        own.connection.execute(SQLITE_INSERT, values)
        return ""

    return app


def open_sqlite(path: str) -> sqlite3.Connection:
    """A connection as the desk's: each statement its own durable transaction."""
    connection = sqlite3.connect(path, timeout=30, isolation_level=None)
    for pragma in ("journal_mode=WAL", "synchronous=FULL"):
        connection.execute(f"PRAGMA {pragma}")
    return connection


def broadcast() -> Flask:
    """Flask-SocketIO that tells everybody a number: POST /broadcast answers when it began to."""
    app = _app()
    io = SocketIO(app, async_mode="threading", cors_allowed_origins="*", transports=["websocket"])

    @app.post("/broadcast")
    def tell() -> Response:
        at = time.time()
        io.emit("changed", {"head": int(request.get_data(as_text=True))})
        return Response(repr(at), mimetype="text/plain")

    return app


def send(path: str, number: int) -> None:
    """A job: hand one message to the made-up provider."""
    account = AccountSettings("mastodon", "@bare", "", {"path": path})
    SimulatorPosts(account).send(OutboundMessage("@somebody", f"Answer {number}", f"bare-{number}"))
