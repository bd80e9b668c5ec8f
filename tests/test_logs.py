"""Logs: what may be said, what is dropped whoever says it, and that a real process says nothing else."""

from __future__ import annotations

import io
import json
import logging
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy.exc import IntegrityError

import config
from tests.scene import Scene
from triage import logs
from triage.db import db, run_in_transaction
from triage.models import Contact

SECRET = "+254711000523"
own = logs.logger("triage.tests")
theirs = logging.getLogger("library.tests")


@pytest.fixture
def lines() -> Iterator[io.StringIO]:
    """Where everything logged by this test goes, as a real process would write it."""
    written, root = io.StringIO(), logging.getLogger()
    handler = logging.StreamHandler(written)
    handler.setFormatter(logs.Json())
    level = root.level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    yield written
    root.removeHandler(handler)
    root.setLevel(level)


def last(lines: io.StringIO) -> dict[str, Any]:
    """The last line."""
    found: dict[str, Any] = json.loads(lines.getvalue().splitlines()[-1])
    return found


def test_a_line_has_time_level_event_and_its_fields(lines: io.StringIO) -> None:
    own.warning("delivery.failed", delivery_id=7, outcome="rejected", duration_ms=12.5)
    said = last(lines)
    assert said.pop("time").endswith("+00:00")
    assert said == {"level": "warning", "event": "delivery.failed", "logger": "triage.tests", "delivery_id": 7,
                    "outcome": "rejected", "duration_ms": 12.5}


@pytest.mark.parametrize("field", [
    {"body": "words"}, {"contact": SECRET}, {"email": "a@b.example"}, {"ip": "203.0.113.7"}, {"filename": "x.jpg"},
    {"subject": "words"}, {"token": "t"}, {"url": "/back?code=1"},
    {"outcome": SECRET}, {"outcome": "they closed the gate"}, {"problem": "1234567890123456"}, {"report_id": SECRET},
    {"report_id": 254711000523}, {"request_id": "what the client calls it"}, {"endpoint": "/back/1"}, {"count": None},
])
def test_what_is_on_no_list_is_dropped(lines: io.StringIO, field: dict[str, object]) -> None:
    own.warning("report.opened", **field)
    assert set(last(lines)) == {"time", "level", "event", "logger"}


@pytest.mark.parametrize("say, sentence", [
    (lambda: theirs.warning("delivery %s failed: %s", 7, SECRET), "delivery 7 failed: …"),
    (lambda: theirs.warning("%d of %s and 100 %% sure", 7, SECRET), "7 of … and 100 % sure"),
    (lambda: theirs.warning("code %s", 4711000523111111), "code …"),
    (lambda: theirs.warning("from %(who)s", {"who": SECRET}), "from …"),
    (lambda: theirs.warning(f"from {SECRET}"), logs.OWN),
    (lambda: theirs.warning("from {}".format(SECRET)), logs.OWN),  # noqa: UP032 - as libraries do
    (lambda: theirs.warning("from " + str(SECRET)), logs.OWN),
    (lambda: theirs.warning(ValueError(SECRET)), logs.OWN),
    (lambda: own.warning(f"report.opened {SECRET}"), logs.OWN),
])
def test_only_sentences_that_stand_in_code_are_said(lines: io.StringIO, say: Any, sentence: str) -> None:
    say()
    assert last(lines)["event"] == sentence
    assert SECRET not in lines.getvalue()


def test_of_an_exception_types_and_places_are_said_and_no_message(lines: io.StringIO) -> None:
    try:
        try:
            raise KeyError(SECRET)
        except KeyError as problem:
            raise ValueError(f"cannot read {SECRET}") from problem
    except ValueError:
        own.exception("reading.failed")
    outer, inner = last(lines)["exceptions"]
    assert (outer["type"], inner["type"]) == ("builtins.ValueError", "builtins.KeyError")
    assert outer["at"][0].startswith("tests/test_logs.py:")
    assert SECRET not in lines.getvalue()


def test_the_databases_own_words_are_not_said(scene: Scene, lines: io.StringIO) -> None:
    """PostgreSQL quotes the row: DETAIL: Key (address_kind, address_key)=(phone, …) already exists."""
    scene.sms("No ink")
    known = db.session.query(Contact).first()
    twin = {"address_kind": known.address_kind, "address_key": known.address_key, "address_sealed": b"x",
            "hint": SECRET, "created_at": known.created_at}
    with pytest.raises(IntegrityError) as refusal:
        run_in_transaction(lambda: db.session.execute(Contact.__table__.insert(), twin))
    try:
        raise refusal.value
    except IntegrityError:
        own.exception("storing.failed")
    assert known.address_key not in lines.getvalue()
    assert SECRET not in lines.getvalue()
    if db.engine.dialect.name == "postgresql":
        assert last(lines)["exceptions"][0]["code"] == "23505"


def test_plain_lines_are_filtered_alike() -> None:
    record = logging.LogRecord("triage.tests", logging.ERROR, __file__, 1, "sending.failed", (), None)
    record.said = {"delivery_id": 7, "text": SECRET}
    assert logs.Plain().format(record).endswith("sending.failed  logger=triage.tests delivery_id=7")


# ---------------------------------------------------------------- requests


def test_every_answer_carries_an_id_of_ours(app: Flask, client: FlaskClient, lines: io.StringIO) -> None:
    answers = [client.get(path, headers={"X-Request-Id": "0123456789abcdef"}) for path in ("/login", "/nowhere", "/")]
    ids = [answer.headers["X-Request-Id"] for answer in answers]
    assert len(set(ids)) == len(ids)
    assert "0123456789abcdef" not in ids
    requests = [line for line in map(json.loads, lines.getvalue().splitlines()) if line["event"] == "request"]
    assert [line["request_id"] for line in requests] == ids
    assert [(line["endpoint"], line["status"]) for line in requests] == [
        ("auth.login", 200), ("none", 404), ("auth.root", 302)]


def test_a_failing_view_is_logged_by_its_endpoint(app: Flask, lines: io.StringIO,
                                                 monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(**_: object) -> str:
        raise ValueError(SECRET)

    app.testing, app.config["PROPAGATE_EXCEPTIONS"] = False, False
    monkeypatch.setitem(app.view_functions, "back.door", broken)
    answer = app.test_client().get(f"/back?code={SECRET}")
    assert answer.status_code == 500
    failed = next(line for line in map(json.loads, lines.getvalue().splitlines()) if line["event"] == "request.failed")
    assert (failed["endpoint"], failed["exceptions"][0]["type"]) == ("back.door", "builtins.ValueError")
    assert failed["request_id"] == answer.headers["X-Request-Id"]
    assert SECRET not in lines.getvalue()


# ---------------------------------------------------------------- a process of its own


def test_what_python_itself_would_print_goes_through_the_filter() -> None:
    """Uncaught exceptions of the process and of threads, warnings, and what cannot be raised."""
    program = textwrap.dedent(f"""
        import threading, warnings
        from triage import logs
        logs.configure("debug", "json")

        class Sour:
            def __del__(self):
                raise ValueError("{SECRET}")

        def fail():
            raise ValueError("{SECRET}")

        thread = threading.Thread(target=fail)
        thread.start()
        thread.join()
        Sour()
        warnings.warn("{SECRET}")
        fail()
    """)
    done = subprocess.run([sys.executable, "-c", program], cwd=config.ROOT, capture_output=True, text=True, timeout=60)
    said = [json.loads(line) for line in done.stderr.splitlines()]
    assert [line["event"] for line in said] == ["uncaught", "uncaught", logs.OWN, "uncaught"]
    assert SECRET not in done.stderr + done.stdout
    assert done.returncode == 1


def test_what_is_said_after_a_request_is_no_line_of_it(client: FlaskClient) -> None:
    assert client.get("/healthz").headers["X-Request-Id"]
    later = logging.LogRecord("triage.tests", logging.ERROR, __file__, 1, "sending.failed", (), None)
    assert "request_id" not in logs.fields(later)
