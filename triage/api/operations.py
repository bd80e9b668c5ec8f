"""One registration an operation: its route, its right, what it takes and gives. The description is made from the same.

    @operations.post("/reports/<id>/assign", Right.ASSIGN_REPORTS)
    def assign(report_id: int, body: Assign) -> Report: ...

The parameters of the function say what is read from the request: `query` (its model), `body` (its model; a
JSON object), `key` (the `Idempotency-Key`; optional where it may be None). What it returns is the answer;
where it may return None, that is 204. Everything is checked before the function runs, and its answer is
made by the model that describes it.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, get_args, get_type_hints

from flask import Blueprint, Response, g
from flask.blueprints import BlueprintSetupState
from pydantic import BaseModel
from werkzeug.routing import BaseConverter

from triage.api import asked
from triage.errors import N_, Forbidden, NotFound, TriageError
from triage.rights import Right
from triage.web import access, bearer, forms

bp = Blueprint(access.PROGRAMS, __name__, url_prefix="/api/v1")

View = Callable[..., BaseModel | None]
NUMBER = "number"
REPORT = f"/reports/<{NUMBER}:report_id>"


class Number(BaseConverter):
    """A number in a path: what a database can hold. Anything longer is not found, whatever the method."""

    regex = "[0-9]{1,19}"

    def to_python(self, value: str) -> int:
        """The number."""
        return int(value)


@bp.record_once
def _know_numbers(state: BlueprintSetupState) -> None:
    state.app.url_map.converters[NUMBER] = Number


class ScopeMissing(Forbidden):
    """The token's person may, the token may not. params: scope."""

    code = "scope_missing"
    sentence = N_("This token has not the scope “%(scope)s”.")


@dataclass(frozen=True)
class Operation:
    """What is known of one operation."""

    name: str
    method: str
    path: str
    right: Right
    status: int
    says: str
    query: type[BaseModel] | None
    body: type[BaseModel] | None
    key: str  # "" | optional | required
    answer: type[BaseModel]
    may_be_empty: bool
    refusals: Sequence[type[TriageError]]

    @property
    def changes(self) -> bool:
        """Whether it changes anything."""
        return self.method in bearer.CHANGING

    @property
    def scope(self) -> str:
        """The scope a token needs."""
        return "write" if self.changes else "read"

    @property
    def address(self) -> str:
        """The path as OpenAPI writes it."""
        return re.sub(r"<[^<>]*:(\w+)>", r"{\1}", self.path)


OPERATIONS: list[Operation] = []


def get(path: str, right: Right, *refusals: type[TriageError]) -> Callable[[View], View]:
    """Register a view that reads."""
    return functools.partial(_register, "GET", path, right, 200, refusals)


def post(path: str, right: Right, *refusals: type[TriageError], status: int = 200) -> Callable[[View], View]:
    """Register a view that changes something and answers with `status`."""
    return functools.partial(_register, "POST", path, right, status, refusals)


def delete(path: str, right: Right, *refusals: type[TriageError]) -> Callable[[View], View]:
    """Register a view that takes something back."""
    return functools.partial(_register, "DELETE", path, right, 200, refusals)


def _register(method: str, path: str, right: Right, status: int, refusals: Sequence[type[TriageError]],
              view: View) -> View:
    operation = _described(method, path, right, status, refusals, view)
    OPERATIONS.append(operation)
    bp.add_url_rule(path, view.__name__, _guarded(operation, view), methods=[method])
    return view


def _described(method: str, path: str, right: Right, status: int,
               refusals: Sequence[type[TriageError]], view: View) -> Operation:
    hints = get_type_hints(view)
    answers = get_args(hints["return"]) or (hints["return"],)
    key = "" if "key" not in hints else "required" if hints["key"] is str else "optional"
    return Operation(view.__name__, method, path, right, status, view.__doc__ or "", hints.get("query"),
                     hints.get("body"), key, answers[0], type(None) in answers, refusals)


def _guarded(operation: Operation, view: View) -> Callable[..., Response]:
    """The view behind its checks, in this order: who asks, may they, may the token, is it what we understand."""

    @access.admits(operation.right)
    def admitted(**path: int) -> Response:
        if max(path.values(), default=0) > forms.MOST_NUMBER:
            raise NotFound
        if g.token is not None and operation.scope not in g.token.scopes:
            raise ScopeMissing(scope=operation.scope)
        return _answer(operation, view(**path, **_asked(operation)))

    @functools.wraps(admitted)
    def guarded(**path: int) -> Response:
        if operation.changes and g.operator is None:
            raise bearer.TokenNeeded
        return admitted(**path)

    return guarded


def _asked(operation: Operation) -> dict[str, Any]:
    """What the request says, checked. Raises what `asked` raises."""
    query = asked.query(operation.query or asked.Nothing)
    found: dict[str, Any] = {"query": query} if operation.query else {}
    if operation.key:
        found["key"] = asked.key(required=operation.key == "required")
    if operation.method == "POST":
        body = asked.body(operation.body or asked.Nothing)
        found |= {"body": body} if operation.body else {}
    return found


def _answer(operation: Operation, found: BaseModel | None) -> Response:
    if found is None:
        empty = Response(status=204)
        del empty.headers["Content-Type"]
        return empty
    return Response(found.model_dump_json(), operation.status, mimetype="application/json")
