"""Matching from a terminal: messages in, the links that the desk would make out."""

from __future__ import annotations

import json
import sys
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import click
from flask import Flask

import config
from triage import clock, migrating
from triage import db as database
from triage.actions import comparing
from triage.db import db, run_in_transaction
from triage.models import Message, Report

AT_ONCE = 100  # messages in one transaction


@click.command("match-eval")
def match_eval() -> None:
    """Read JSON messages, one a line, and write the links between them, one a line.

    A message: {"id", "text", "time", "place", "channel"}, the oldest first. A link: {"a", "b", "kind", "score"}, of
    kind same_message or same_incident. They are compared as on a desk, in a database of their own that is thrown away.
    """
    messages = (json.loads(line) for line in sys.stdin if line.strip())
    with _empty_desk():
        for some in _batches(messages, AT_ONCE):
            for link in run_in_transaction(partial(_all_links, some)):
                click.echo(json.dumps(link))


@contextmanager
def _empty_desk() -> Iterator[None]:
    with tempfile.TemporaryDirectory() as folder:
        app = Flask("matching", root_path=str(config.ROOT))
        database.init_app(app, f"sqlite:///{Path(folder) / 'matching.db'}")
        migrating.init_app(app)
        with app.app_context():
            migrating.upgrade()
            yield
            db.session.remove()
            db.engine.dispose()


def _batches(messages: Iterable[dict[str, Any]], size: int) -> Iterator[list[dict[str, Any]]]:
    some: list[dict[str, Any]] = []
    for message in messages:
        some.append(message)
        if len(some) == size:
            yield some
            some = []
    yield some


def _all_links(some: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [link for said in some for link in _links(said)]


def _links(said: dict[str, Any]) -> list[dict[str, Any]]:
    """File a message and say what it is like: the verdicts alone, whoever may have said it."""
    report = _filed(said)
    found = comparing.look(report.id)
    if found is None:
        return []
    comparing.keep(found)
    same = next(found.alike.same_messages(), None)
    if same is not None:
        report.status, report.duplicate_of = "duplicate", same.other.primary_id
        score = same.verdict.covered if same.verdict else 1.0
        return [_link(said, same.other.primary_id, "same_message", score)]
    akin = found.alike.same_incidents()[:comparing.MOST_SUGGESTED]
    return [_link(said, one.other.primary_id, "same_incident", one.likeness.score) for one in akin]


def _link(said: dict[str, Any], other: int, kind: str, score: float) -> dict[str, Any]:
    first = db.session.get_one(Report, other).thread_key
    return {"a": said["id"], "b": json.loads(first), "kind": kind, "score": round(score, 4)}


def _filed(said: dict[str, Any]) -> Report:
    at = _moment(said.get("time") or "")
    channel = said.get("channel") or "sms"
    report = Report(channel=channel, thread_key=json.dumps(said["id"]), status="open", received_at=at,
                    place_text=(said.get("place") or "")[:200] or None)
    db.session.add(report)
    db.session.flush()
    db.session.add(Message(report_id=report.id, channel=channel, direction="in", body=said["text"], recorded_at=at,
                           dedupe_key=f"{report.id}"))
    db.session.flush()
    return report


def _moment(written: str) -> datetime:
    try:
        at = datetime.fromisoformat(written)
    except ValueError:
        return clock.now()
    return at if at.tzinfo else at.replace(tzinfo=UTC)
