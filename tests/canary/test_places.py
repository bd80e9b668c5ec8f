"""The search can fail: whatever is planted in one of the places is found there."""

from __future__ import annotations

import base64
from pathlib import Path
from urllib.parse import quote

import psycopg
import pytest
from flask import Flask

from tests.canary import places
from tests.canary.planted import Canaries, leaks
from tests.servers import Postgres, Redis


@pytest.mark.parametrize("shown", [
    lambda one: one.encode(), lambda one: f"GET /back?code={quote(one)}".encode(),
    lambda one: base64.b64encode(f'{{"from": "{one}"}}'.encode()), lambda one: base64.b64encode(b"xx" + one.encode()),
    lambda one: one.encode().hex().encode(), lambda one: one.upper().encode(),
    lambda one: f'{{"text": "{one}"}}'.encode(),
])
@pytest.mark.parametrize("make", [Canaries.phone, Canaries.name, Canaries.code, lambda can: can.secret("token")])
def test_a_secret_is_found_in_every_wrapping(make: object, shown: object) -> None:
    canaries = Canaries()
    secret = make(canaries)
    assert len(leaks(canaries, {"log": b"before " + shown(secret) + b" after", "other": b"nothing"})) == 1


def test_what_is_not_there_is_not_found() -> None:
    canaries = Canaries()
    canaries.words()
    assert leaks(canaries, {"log": b"They closed the northern gate"}) == []


def test_a_file_is_read_with_its_name(tmp_path: Path) -> None:
    canaries = Canaries()
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep" / canaries.name()).write_text(canaries.words())
    assert len(canaries.found(places.files(tmp_path))) == 2


@pytest.mark.redis
def test_what_stands_in_redis_or_was_said_to_it_is_found() -> None:
    canaries, server = Canaries(), Redis().start()
    heard = places.Overheard(server)
    client = server.client()
    client.set(canaries.name(), canaries.name())
    client.hset("hash", canaries.name(), canaries.name())
    client.rpush("list", canaries.name())
    client.zadd("sorted", {canaries.name(): 1})
    client.xadd("stream", {"field": canaries.name()})
    assert len(canaries.found(places.redis_dump(server))) == 7
    gone = canaries.phone()
    client.publish("channel", gone)
    client.get("the end")
    while "the end" not in heard.text().decode():
        pass
    assert f"phone {gone}" in canaries.found(heard.text())
    server.kill()


@pytest.mark.postgresql
def test_what_postgresql_writes_down_is_found() -> None:
    canaries, server = Canaries(), Postgres(options=["log_error_verbosity=terse"]).start()
    with server.connect() as connection, pytest.raises(psycopg.Error):
        connection.execute(f"SELECT '{canaries.name()}'::int".encode())
    assert len(canaries.found(server.log().encode())) == 1
    server.remove()


@pytest.mark.only("sqlite")
def test_a_label_with_a_secret_is_found(app: Flask) -> None:
    canaries = Canaries()
    app.extensions["metrics"].answered(canaries.name(), "GET", 200, 0.1)
    assert len(canaries.found(app.extensions["metrics"].text())) == 1
