"""The description says what there is: every route, every field, every code; and the papers say the same."""

from __future__ import annotations

import json
import re

import pytest
from flask import Flask

import config
from tests.api.programs import BASE, Desk
from triage.api.description import described
from triage.api.operations import OPERATIONS, Operation
from triage.models.tokens import SCOPES
from triage.rights import RIGHTS

pytestmark = pytest.mark.only("sqlite")
PAPER = (config.ROOT / "docs" / "api.md").read_text("utf-8")
PROMISED = """
GET /reports, GET /reports/{}, POST /reports, POST /claim-next, POST /reports/{}/claim, POST /reports/{}/release,
POST /reports/{}/close, POST /reports/{}/reopen, POST /reports/{}/discard, POST /reports/{}/snooze,
POST /reports/{}/assign, POST /reports/{}/replies, POST /reports/{}/copies, DELETE /reports/{}/copies,
GET /deliveries/{}, GET /events, POST /reports/{}/split, GET /stats, GET /ledger, GET /openapi.json
"""


def plain(path: str) -> str:
    """A path without the names of its numbers."""
    return re.sub(r"\{\w+\}|<[^<>]+>", "{}", path)


def all_described() -> set[str]:
    """Method and path of everything in the description."""
    return {f"{method.upper()} {plain(path)}" for path, found in described()["paths"].items() for method in found}


def test_everything_that_was_promised_is_described() -> None:
    assert {one.strip() for one in PROMISED.split(",")} <= all_described()


def test_the_routes_and_the_description_are_the_same(app: Flask) -> None:
    rules = {f"{method} {plain(rule.rule.removeprefix(BASE))}" for rule in app.url_map.iter_rules()
             if rule.rule.startswith("/api") for method in rule.methods - {"HEAD", "OPTIONS"}}
    assert rules == all_described()


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda one: one.name)
def test_each_operation_names_its_right_its_scope_and_what_it_does(operation: Operation) -> None:
    found = described()["paths"][operation.address][operation.method.lower()]
    assert found["x-right"] in set(RIGHTS)
    assert found["x-scope"] in SCOPES
    assert found["summary"].endswith(".")
    assert {"401", "403", "422", "429"} <= set(found["responses"])


def test_every_schema_of_a_body_or_answer_admits_nothing_unnamed() -> None:
    schemas = described()["components"]["schemas"]
    loose = {name for name, one in schemas.items() if one.get("type") == "object" and "properties" in one
             and one.get("additionalProperties") is not False}
    assert loose == {"Problem"}  # a refusal may say more: the holder, the count, the field


def test_every_reference_leads_somewhere() -> None:
    text = json.dumps(described())
    names = set(re.findall(r'"#/components/schemas/(\w+)"', text))
    assert names <= set(described()["components"]["schemas"])


def test_the_served_description_is_this_one(desk: Desk) -> None:
    answer = desk.admin.get("/openapi.json")
    assert answer.json == json.loads(json.dumps(described()))
    assert answer.json["openapi"].startswith("3.1")


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda one: one.name)
def test_the_paper_shows_every_call(operation: Operation) -> None:
    path = re.escape(operation.address)
    for name in ("report_id", "delivery_id", "match_id", "answer_id"):
        path = path.replace(rf"\{{{name}\}}", r"\d+")
    method = "" if operation.method == "GET" else f"{operation.method}.*"
    assert re.search(rf"^(curl|api) .*{method}[^\n]*{path}[?' \"\n]", PAPER, re.M), operation.name


def test_the_paper_explains_every_code() -> None:
    codes = set()
    for found in (one for path in described()["paths"].values() for one in path.values()):
        for status, answer in found["responses"].items():
            codes |= {(status, code) for code in answer["description"].split(", ")} if int(status) >= 400 else set()
    missing = {code for status, code in codes if not re.search(rf"^\| {status} \| `{code}` \|", PAPER, re.M)}
    assert missing == set()
