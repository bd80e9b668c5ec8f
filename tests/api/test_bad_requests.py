"""What a program may not say, and how it is told so."""

from __future__ import annotations

from io import BytesIO

import pytest

from tests.api.programs import KEY, Desk, code, reply
from triage.queries import ledger

pytestmark = pytest.mark.only("sqlite")  # refused before any database is asked


@pytest.mark.parametrize("query, field", [
    ("limit=0", "limit"), ("limit=201", "limit"), ("limit=x", "limit"), ("limit=1&limit=2", "limit"),
    ("colour=red", "colour"),
    ("mine=yes", "mine"), ("status=new", "status"), ("team=Moon", "team"), ("topic=any", "topic"), ("after=x", "after"),
    ("q=", "q"), ("q=a&after=x", "after"), ("q=" + "x" * 101, "q"), ("limit=%D9%A3", "limit"), ("%00=1", ""),
])
def test_what_a_list_does_not_know_is_refused_and_named(desk: Desk, query: str, field: str) -> None:
    answer = desk.maya.get(f"/reports?{query}")
    assert code(answer) == (422, "bad_input")
    assert answer.json.get("field", "") == field


@pytest.mark.parametrize("key", [None, "short", "x" * 101, "with blank s", "é" * 9])
def test_an_answer_needs_a_key(desk: Desk, key: str | None) -> None:
    desk.sms(1)
    answer = reply(desk, desk.maya.post("/claim-next").json, key=key)
    assert (code(answer), answer.json["field"]) == ((422, "bad_input"), "Idempotency-Key")


@pytest.mark.parametrize("body, field", [
    ({"text": "x", "assignment": "1", "seen_seq": 1}, "assignment"),
    ({"text": "x", "assignment": True, "seen_seq": 1}, "assignment"),
    ({"text": "x", "assignment": 1}, "seen_seq"), ({"text": "x", "assignment": 2**63, "seen_seq": 1}, "assignment"),
    ({"text": "", "assignment": 1, "seen_seq": 1}, "text"),
    ({"text": "x", "assignment": 1, "seen_seq": 1, "cc": "y"}, "cc"),
    ({"text": None, "assignment": 1, "seen_seq": 1}, "text"),
])
def test_a_body_is_taken_to_the_letter(desk: Desk, body: dict[str, object], field: str) -> None:
    answer = desk.maya.post("/reports/1/replies", body, KEY)
    assert (code(answer), answer.json["field"]) == ((422, "bad_input"), field)


@pytest.mark.parametrize("raw, kind, status", [
    (b"{}", "text/plain", 415), (b"text=x", "application/x-www-form-urlencoded", 415), (b"{", "application/json", 400),
    (b"[]", "application/json", 400), (b"[" * 50_000, "application/json", 400),
    (b'{"outcome": NaN}', "application/json", 422),
    (b"\xff", "application/json", 400), (b'{"outcome": "\\ud800"}', "application/json", 400),
    (b'{"outcome": ' + b"9" * 5000 + b"}", "application/json", 400), (b"x" * 1_100_000, "application/json", 413),
])
def test_what_is_no_json_object_is_refused(desk: Desk, raw: bytes, kind: str, status: int) -> None:
    answer = desk.maya.ask("POST", "/reports/1/close", data=raw, content_type=kind)
    assert code(answer)[0] == status


def test_a_body_of_untold_length_is_not_cut_off_and_believed(desk: Desk) -> None:
    """In chunks, as a real server hands it on: what stands behind the limit counts, too."""
    whole = b'{"channel": "phone", "text": "They shoot"}'
    for raw, status in ((whole, 201), (whole + b" " * 1_100_000 + b"no JSON", 413)):
        answer = desk.maya.ask("POST", "/reports", {"Transfer-Encoding": "chunked"}, content_type="application/json",
                               input_stream=BytesIO(raw), environ_overrides={"wsgi.input_terminated": True})
        assert answer.status_code == status
    assert code(answer) == (413, "too_large")
    assert ledger.ledger().received == 1


@pytest.mark.parametrize("change, field", [
    ({"sender": "nobody"}, "sender"), ({"reply_to": "a@b"}, "reply_to"), ({"reply_to": "x"}, "reply_to"),
    ({"text": " \u0007 "}, "text"), ({"channel": "sms"}, "channel"), ({"language": "English"}, "language"),
])
def test_what_cannot_be_written_down_is_refused_and_nothing_is_kept(desk: Desk, change: dict[str, str],
                                                                    field: str) -> None:
    answer = desk.maya.post("/reports", {"channel": "phone", "text": "They shoot", **change})
    assert (code(answer), answer.json["field"]) == ((422, "bad_input"), field)
    assert ledger.ledger().received == 0
