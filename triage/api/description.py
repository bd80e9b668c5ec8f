"""The OpenAPI description, made from the same registrations and models that answer."""

from __future__ import annotations

from functools import cache
from http import HTTPStatus
from typing import Any

from apispec import APISpec
from pydantic import BaseModel, JsonValue, RootModel
from pydantic.json_schema import models_json_schema

from triage.api import answers, asked, operations
from triage.api.operations import Operation
from triage.errors import BadInput, Forbidden, TriageError
from triage.rights import Right
from triage.web import access, bearer
from triage.web.forms import KEY, MOST_NUMBER

VERSION = "1.0.0"
REFERENCE = "#/components/schemas/{model}"
PROBLEM = {"application/problem+json": {"schema": {"$ref": REFERENCE.format(model="Problem")}}}
ALWAYS = (access.SignedOut, bearer.BadToken, Forbidden, operations.ScopeMissing, bearer.TooOften)
SAID = """Version 1. Show a token: `Authorization: Bearer …`. Reading also works with the session cookie of a signed-in
browser, changing never. Errors are `application/problem+json` with a `code` and a sentence. Unknown fields and
parameters are refused."""


class Description(RootModel[dict[str, JsonValue]]):
    """An OpenAPI 3.1 document."""


@operations.get("/openapi.json", Right.OWN_PAGE)
def openapi() -> Description:
    """This description."""
    return Description(described())


@cache
def described() -> dict[str, Any]:
    """The description of every registered operation."""
    spec = APISpec("Triage inbox", VERSION, "3.1.0", info={"description": SAID},
                   servers=[{"url": operations.bp.url_prefix}], security=[{"token": []}])
    spec.components.security_scheme("token", {"type": "http", "scheme": "bearer"})
    for name, schema in _schemas().items():
        spec.components.schema(name, schema)
    for one in operations.OPERATIONS:
        spec.path(one.address, operations={one.method.lower(): _operation(one)})
    found: dict[str, Any] = spec.to_dict()
    return found


def _schemas() -> dict[str, Any]:
    """Every model of a body or an answer, by name."""
    given = {one.answer for one in operations.OPERATIONS} | {answers.Problem}
    taken = {_body(one) for one in operations.OPERATIONS if one.method == "POST"}
    wanted = [(model, "serialization") for model in given] + [(model, "validation") for model in taken]
    named = sorted(wanted, key=lambda each: each[0].__name__)
    _, found = models_json_schema(named, ref_template=REFERENCE)  # type: ignore[arg-type]  # modes are plain words
    return dict(found["$defs"])


def _body(one: Operation) -> type[BaseModel]:
    return one.body or asked.Nothing


def _operation(one: Operation) -> dict[str, Any]:
    found: dict[str, Any] = {
        "operationId": one.name, "summary": one.says, "parameters": _parameters(one), "responses": _responses(one),
        "x-right": one.right.value, "x-scope": one.scope,
    }
    if one.method == "POST":
        schema = {"$ref": REFERENCE.format(model=_body(one).__name__)}
        needed = any(field.is_required() for field in _body(one).model_fields.values())
        found["requestBody"] = {"required": needed, "content": {asked.JSON: {"schema": schema}}}
    return found


def _parameters(one: Operation) -> list[dict[str, Any]]:
    numbers = [name.strip("{}") for name in one.address.split("/") if name.startswith("{")]
    found: list[dict[str, Any]] = [
        {"name": name, "in": "path", "required": True,
         "schema": {"type": "integer", "minimum": 0, "maximum": MOST_NUMBER}} for name in numbers]
    if one.query is not None:
        found += [{"name": name, "in": "query", "required": False, **_plain(schema)}
                  for name, schema in one.query.model_json_schema()["properties"].items()]
    if one.key:
        found.append({"name": "Idempotency-Key", "in": "header", "required": one.key == "required",
                      "schema": {"type": "string", "pattern": f"^{KEY.pattern}$"}})
    return found


def _plain(schema: dict[str, Any]) -> dict[str, Any]:
    """The schema of a parameter: it is there or not, but never null."""
    said = {name: schema[name] for name in ("description",) if name in schema}
    (kind,) = [one for one in schema.get("anyOf", [schema]) if one.get("type") != "null"]
    return {**said, "schema": {name: value for name, value in kind.items() if name not in ("title", "description")}}


def _responses(one: Operation) -> dict[str, Any]:
    schema = {"$ref": REFERENCE.format(model=one.answer.__name__)}
    content = {asked.JSON: {"schema": schema}}
    found: dict[str, Any] = {str(one.status): {"description": _said(one.answer), "content": content}}
    if one.may_be_empty:
        found["204"] = {"description": "Done, and there is nothing to show: no report, or none of yours any more."}
    for status, codes in sorted(_refusals(one).items()):
        found[str(status)] = {"description": ", ".join(sorted(codes)), "content": PROBLEM}
    return found


def _said(model: type[BaseModel]) -> str:
    return (model.__doc__ or "").strip()


def _refusals(one: Operation) -> dict[int, set[str]]:
    """Status -> codes."""
    errors: list[type[TriageError]] = [*ALWAYS, *one.refusals, BadInput]
    if one.changes:
        errors.append(bearer.TokenNeeded)
    if one.method == "POST":
        errors += [asked.WrongContentType, asked.NotJson]
    found: dict[int, set[str]] = {HTTPStatus.SERVICE_UNAVAILABLE: {"unavailable", "outcome_unknown"}}
    for error in errors:
        found.setdefault(error.status, set()).add(error.code)
    return found
