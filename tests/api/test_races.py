"""The same request at the same moment, as a program sends it whose connection broke."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from flask import Flask
from sqlalchemy import func, select

from tests.api.programs import BASE, KEY, Desk, token_of
from triage.db import db
from triage.models import Event, Message

AT_ONCE = 8
pytestmark = pytest.mark.races


def all_at_once(app: Flask, desk: Desk, path: str, body: dict[str, object]) -> list[tuple[int, object]]:
    """Maya's program sends the same AT_ONCE times together; every status and answer."""
    headers = {"Authorization": f"Bearer {token_of(desk.people['Maya'])}", "Idempotency-Key": KEY}
    start = Barrier(AT_ONCE)

    def send(_: int) -> tuple[int, object]:
        client = app.test_client()
        start.wait()
        with app.app_context():
            answer = client.post(BASE + path, json=body, headers=headers)
            return answer.status_code, answer.json

    with ThreadPoolExecutor(AT_ONCE) as crowd:
        return list(crowd.map(send, range(AT_ONCE)))


def test_a_call_written_down_many_times_at_once_is_one(app: Flask, desk: Desk) -> None:
    answers = all_at_once(app, desk, "/reports", {"channel": "phone", "text": "They shoot", "sender": "+254711000777"})
    assert {status for status, _ in answers} == {201}
    assert len({answer["report"]["id"] for _, answer in answers}) == 1
    written = select(func.count()).where(Event.kind == "report.written")
    assert (db.session.scalar(select(func.count(Message.id))), db.session.scalar(written)) == (1, 1)


def test_an_answer_sent_many_times_at_once_is_one(app: Flask, desk: Desk) -> None:
    desk.sms(1)
    shown = desk.maya.post("/claim-next").json
    body = {"text": "Thank you", "assignment": shown["assignment"], "seen_seq": shown["seq"]}
    answers = all_at_once(app, desk, f"/reports/{shown['id']}/replies", body)
    assert {status for status, _ in answers} == {202}
    assert len({answer["id"] for _, answer in answers}) == 1
    assert db.session.scalar(select(func.count()).where(Message.body.startswith("Thank you"))) == 1
