"""What machines are told: alive, ready, figures; and who is told."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import text

import config
from tests.scene import Scene
from tests.servers import Redis, free_port
from triage import clock, context
from triage import db as database
from triage.app import create_app
from triage.db import db, run_in_transaction
from triage.queries import figures

TOKEN = "scrape " * 6


def figure(page: str, name: str) -> float:
    """The value of one line of the figures."""
    found = re.search(rf"^{re.escape(name)} (\S+)$", page, re.M)
    assert found, page
    return float(found[1])


def test_ready_says_each_part(scene: Scene, client: FlaskClient) -> None:
    scene.sms("No ink")
    scene.carry()
    answer = client.get("/readyz")
    assert answer.status_code == 200
    assert answer.get_json() == {
        "status": "ready", "database": "ok", "migrations": "ok", "pending": 0, "overdue_sends": 0,
        "oldest_overdue_seconds": 0, "spool": "ok", "spool_records": 0, "spool_oldest_seconds": 0,
    }


def test_what_waits_in_the_spool_is_seen(app: Flask, client: FlaskClient) -> None:
    context.spool().put(b"No ink", clock.now() - timedelta(seconds=90))
    assert client.get("/readyz").get_json()["spool_records"] == 1
    page = client.get("/metrics").text
    assert figure(page, "triage_spool_records") == 1
    assert 90 <= figure(page, "triage_spool_oldest_seconds") < 600


def test_a_database_behind_the_code_is_not_ready(app: Flask, client: FlaskClient) -> None:
    run_in_transaction(lambda: db.session.execute(text("UPDATE alembic_version SET version_num = '0001'")))
    answer = client.get("/readyz")
    assert (answer.status_code, answer.get_json()["migrations"]) == (503, "behind")


@pytest.mark.only("sqlite")
def test_without_a_database_it_lives_and_is_not_ready(settings: config.Settings) -> None:
    away = replace(settings, database_url=f"postgresql+psycopg://nobody@127.0.0.1:{free_port()}/none")
    client = create_app(away).test_client()
    assert client.get("/healthz").status_code == 200
    answer = client.get("/readyz")
    assert (answer.status_code, answer.get_json()["database"]) == (503, "unreachable")
    assert "nobody" not in answer.text
    page = client.get("/metrics").text
    assert figure(page, "triage_database_up") == 0
    assert figure(page, "triage_open_sockets") == 0


@pytest.mark.redis
@pytest.mark.only("sqlite")
def test_redis_away_is_said_and_takes_no_node_out_of_service(settings: config.Settings) -> None:
    own = Redis().start()
    client = create_app(replace(settings, redis_url=own.url)).test_client()
    own.client().sadd("rq:queues", "rq:queue:send")
    own.client().rpush("rq:queue:send", "one", "two")
    assert client.get("/readyz").get_json()["redis"] == "ok"
    assert figure(client.get("/metrics").text, "triage_doorbell_queue") == 2
    own.kill()
    answer = client.get("/readyz")
    assert (answer.status_code, answer.get_json()["redis"]) == (200, "unreachable")


# ---------------------------------------------------------------- who may read the figures


@pytest.mark.only("sqlite")
@pytest.mark.parametrize("headers, peer, status", [
    ({}, "127.0.0.1", 200),
    ({}, "::1", 200),
    ({}, "::ffff:127.0.0.1", 200),
    ({}, "203.0.113.7", 404),
    ({}, "", 404),
    ({"X-Forwarded-For": "127.0.0.1"}, "127.0.0.1", 404),
    ({"X-Forwarded-For": "127.0.0.1"}, "203.0.113.7", 404),
    ({"Forwarded": "for=127.0.0.1"}, "127.0.0.1", 404),
    ({"Host": "desk.example"}, "127.0.0.1", 404),
    ({"Host": "[::1"}, "127.0.0.1", 404),
])
@pytest.mark.parametrize("settings", [{"proxies": 0}, {"proxies": 1}], indirect=True)
def test_figures_are_for_this_machine_alone(client: FlaskClient, headers: dict[str, str], peer: str,
                                            status: int) -> None:
    answer = client.get("/metrics", headers=headers, environ_overrides={"REMOTE_ADDR": peer})
    assert answer.status_code == status


@pytest.mark.only("sqlite")
@pytest.mark.parametrize("settings", [{"metrics_token": TOKEN}], indirect=True)
@pytest.mark.parametrize("shown, status", [(f"Bearer {TOKEN}", 200), (f"Bearer {TOKEN}x", 403), (TOKEN, 403),
                                           ("Bearer ", 403), (None, 403), ("Bearer \u00e9", 403)])
def test_or_for_who_shows_the_token(client: FlaskClient, shown: str | None, status: int) -> None:
    headers = {"Authorization": shown} if shown is not None else {}
    answer = client.get("/metrics", headers=headers, environ_overrides={"REMOTE_ADDR": "203.0.113.7"})
    assert answer.status_code == status


# ---------------------------------------------------------------- the figures themselves


def test_the_figures_of_the_night(scene: Scene, client: FlaskClient) -> None:
    maya = scene.operator("Maya")
    scene.claim(scene.sms("No ink at Mill Road"), maya)
    scene.account("mastodon", "@harbour@social.example")
    scene.post("Queues for hours")
    scene.carry()
    page = client.get("/metrics").text
    assert figure(page, 'triage_reports{status="assigned"}') == 1
    assert figure(page, 'triage_reports{status="open"}') == 1
    assert figure(page, 'triage_inbound{result="opened",state="ingested"}') == 2
    assert figure(page, 'triage_attempts{channel="sms",outcome="accepted"}') >= 1
    assert figure(page, 'triage_outbox{state="uncertain"}') == 0
    assert figure(page, "triage_unanswered_oldest_seconds") > 0
    assert figure(page, "triage_event_head") == scene.head()
    for name in ("triage_ledger_difference", "triage_quarantine", "triage_leases_frozen", "triage_open_sockets",
                 "triage_outbox_due_oldest_seconds", "triage_inbound_pending"):
        assert figure(page, name) == 0
    assert figure(page, "triage_database_up") == 1


@pytest.mark.only("sqlite")
def test_requests_are_counted_by_endpoint_and_never_by_address(client: FlaskClient) -> None:
    client.get("/login?next=/desk/reports/77001")
    client.get("/nowhere/77002")
    client.open("/login", method="77003")
    page = client.get("/metrics").text
    assert figure(page, 'triage_requests_total{endpoint="auth.login",method="GET",status="2xx"}') == 1
    assert figure(page, 'triage_requests_total{endpoint="none",method="GET",status="4xx"}') == 1
    assert figure(page, 'triage_request_seconds_count{endpoint="auth.login"}') == 1
    names = [line.rpartition(" ")[0] for line in page.splitlines()]  # behind them stand figures, moments among them
    assert "7700" not in "".join(names)


@pytest.mark.only("sqlite")
def test_a_storm_of_looks_asks_the_database_once(scene: Scene, client: FlaskClient,
                                                 monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[object] = []
    real = figures.ledger.ledger
    monkeypatch.setattr(figures.ledger, "ledger", lambda: (asked.append(1), real())[1])
    for _ in range(20):
        assert client.get("/metrics").status_code == 200
    assert len(asked) == 1


@pytest.mark.only("sqlite")
def test_transactions_that_were_run_again_are_counted(client: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(database.RETRIES, "deadlock", 3)
    assert figure(client.get("/metrics").text, 'triage_transaction_retries{cause="deadlock"}') == 3
