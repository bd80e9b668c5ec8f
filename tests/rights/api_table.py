"""The rows of the JSON API, asked with a token of the actor. A route without a row fails the build, as with pages."""

from __future__ import annotations

from tests.rights.row import COORDINATORS, EVERYBODY, READERS, Row

V1 = "/api/v1"


def get(path: str, *more: object, **rest: object) -> Row:
    """A row of something read."""
    return Row("GET", V1 + path, *more, by="token", json=True, **rest)


def post(path: str, *more: object, method: str = "POST", body: dict[str, object] | None = None, **rest: object) -> Row:
    """A row of a change; it has a JSON body, if only an empty one."""
    return Row(method, V1 + path, *more, by="token", json=True, body=body or {}, **rest)


# Objects of a report, in this order: own, others', open, closed. Foreign and missing ones are 404 for operators.
API = (
    get("/openapi.json", EVERYBODY),
    get("/events", READERS),
    get("/stats", COORDINATORS),
    get("/ledger", COORDINATORS),
    get("/places", READERS),
    get("/reports", READERS),
    get("/reports/<report_id>", READERS, "ok ok ok ok", "report"),
    get("/deliveries/<delivery_id>", READERS, "ok ok 404 ok", "delivery"),
    post("/claim-next", READERS),
    post("/reports", READERS, body={"channel": "phone", "text": "Told on the telephone"}),
    post("/reports/<report_id>/claim", READERS, "ok 409 ok 409", "report", coordinator="ok 409 ok 409 409 409 409"),
    post("/reports/<report_id>/release", READERS, "ok 409 409 409", "report"),
    post("/reports/<report_id>/assign", COORDINATORS, "ok ok ok 409 422 422 409", "report",
         body={"operator": "{Cleo}"}),
    post("/reports/<report_id>/replies", READERS, "ok 409 409 409", "report",
         body={"text": "hello", "assignment": "{assignment}", "seen_seq": "{seq}"}),
    post("/reports/<report_id>/close", READERS, "ok 409 409 409", "report", coordinator="ok ok ok 409",
         body={"outcome": "actionable"}),
    post("/reports/<report_id>/discard", READERS, "ok 409 ok 409", "report", body={"reason": "spam"}),
    post("/reports/<report_id>/reopen", READERS, "422 422 422 ok", "report"),
    post("/reports/<report_id>/leave-closed", COORDINATORS, "ok ok ok ok", "report"),
    post("/answers", READERS, "ok 409 409 409", "report", body={
        "text": "hello", "seen_seq": "{seq}", "to": [{"report": "{report}", "assignment": "{assignment}"}]}),
    get("/answers/<answer_id>", READERS, "404 404", "answer", coordinator="ok 404", others={"operator": "ok 404"}),
    post("/reports/<report_id>/place", READERS, "ok 409 409 409", "report", coordinator="ok ok ok 409",
         body={"place": None}),
    post("/reports/<report_id>/snooze", READERS, "ok 409 409 409", "report", coordinator="ok ok ok 409",
         body={"until": "{soon}"}),
    post("/reports/<report_id>/observer", COORDINATORS, "ok ok ok ok", "report", body={"observer": True}),
    post("/reports/<report_id>/copies", READERS, "422 409 ok 409", "report", coordinator="422 ok ok 409",
         body={"of": "{own}"}),
    post("/reports/<report_id>/copies", READERS, "422 422 422 422", "report", method="DELETE"),
    post("/reports/<report_id>/incident", READERS, "422 ok ok ok", "report", body={"of": "{own}"}),
    post("/reports/<report_id>/incident", READERS, "422 422 422 422", "report", method="DELETE"),
    post("/matches/<match_id>/confirm", READERS, "409 409 404", "match", coordinator="ok ok 404",
         others={"operator": "ok 409 404", "foreigner": "404 409 404"}),
    post("/matches/<match_id>/reject", READERS, "409 409 404", "match", coordinator="ok ok 404",
         others={"operator": "ok 409 404", "foreigner": "404 409 404"}),
    post("/reports/<report_id>/split", READERS, "ok 409 409 409", "report", coordinator="ok ok ok 409",
         body={"message": "{message}"}),
)
