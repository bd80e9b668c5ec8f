"""The provider's official API description, held against every request and, in the tests, against our own answers.

openapi-core checks what the description demands; what it does not name is looked for here, because openapi-core
lets unknown parameters pass, and so does the true Twilio: a misspelt one would be lost without a word.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from openapi_core import Config, OpenAPI
from openapi_core.datatypes import RequestParameters
from werkzeug.datastructures import Headers, ImmutableMultiDict

OFFICIAL = Path(__file__).parents[1] / "official" / "twilio_api_v2010.json"
HOST = "https://api.twilio.com"
FORM = "application/x-www-form-urlencoded"

Pairs = list[tuple[str, str]]


@dataclass(frozen=True)
class Asked:
    """One request as it came over the wire."""

    method: str
    path: str
    query: Pairs = field(default_factory=list)
    form: Pairs = field(default_factory=list)
    headers: dict[str, str] = field(default_factory=dict)
    content_type: str = ""
    body: bytes = b""

    def value(self, name: str) -> str:
        """The first value of a name in the form or the query; "" where there is none."""
        return next((value for key, value in self.form + self.query if key == name), "")

    def values(self, name: str) -> list[str]:
        """Every value of a name."""
        return [value for key, value in self.form + self.query if key == name]


@dataclass
class _Request:
    """A request in the words of openapi-core, as if it had come to the provider's own host."""

    method: str
    path: str
    parameters: RequestParameters
    content_type: str
    body: bytes | None
    host_url: str = HOST


@dataclass
class _Response:
    status_code: int
    data: bytes
    content_type: str = "application/json"
    headers: Headers = field(default_factory=Headers)


class Description:
    """The official description, ready to be asked."""

    def __init__(self, path: Path = OFFICIAL) -> None:
        """Read it. Raises FileNotFoundError where set-up has not fetched it."""
        if not path.exists():
            raise FileNotFoundError("The official description of Twilio's API is not here: run `make setup-test`.")
        self._told = _mended(json.loads(path.read_text("utf-8")))
        checks = OpenAPI.from_dict(self._told, config=Config(spec_validator_cls=None))
        self._of_requests, self._of_answers = checks.request_validator, checks.response_validator
        self._paths = [(_pattern(path), operations) for path, operations in self._told["paths"].items()]

    def problems(self, asked: Asked) -> list[str]:
        """Everything in a request that the description does not allow, one sentence each."""
        operation = self._operation(asked)
        if operation is None:
            return ["the description knows no such path and method"]
        errors = self._of_requests.iter_errors(_request(asked))
        return [*map(_sentence, errors), *_unknown(operation, asked)]

    def answer_problems(self, asked: Asked, status: int, body: bytes) -> list[str]:
        """Everything in an answer of the fake that the description does not allow."""
        errors = self._of_answers.iter_errors(_request(asked), _Response(status, body))
        return [*map(_sentence, errors)]

    def _operation(self, asked: Asked) -> dict[str, Any] | None:
        for pattern, operations in self._paths:
            if pattern.fullmatch(asked.path) and asked.method.lower() in operations:
                operation = operations[asked.method.lower()]
                named = [*operations.get("parameters", []), *operation.get("parameters", [])]
                return {**operation, "parameters": named}
        return None


@cache
def official() -> Description:
    """The description, read once in a process."""
    return Description()


def _mended(told: dict[str, Any]) -> dict[str, Any]:
    """Say of every list in a form that its name is repeated: so Twilio reads it, and the description forgets it."""
    for body in _forms(told):
        lists = [name for name, shape in body["schema"].get("properties", {}).items() if shape.get("type") == "array"]
        if lists:
            body["encoding"] = {name: {"style": "form", "explode": True} for name in lists}
    return told


def _forms(told: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for operations in told["paths"].values():
        for operation in operations.values():
            if isinstance(operation, dict) and FORM in operation.get("requestBody", {}).get("content", {}):
                yield operation["requestBody"]["content"][FORM]


def _pattern(path: str) -> re.Pattern[str]:
    named = re.split(r"\{[A-Za-z]+\}", path)
    return re.compile("[^/]+?".join(map(re.escape, named)))


def _request(asked: Asked) -> _Request:
    parameters = RequestParameters(query=ImmutableMultiDict(asked.query), header=Headers(asked.headers),
                                   cookie=ImmutableMultiDict())
    return _Request(asked.method.lower(), asked.path, parameters, asked.content_type.partition(";")[0],
                    asked.body or None)


def _unknown(operation: dict[str, Any], asked: Asked) -> list[str]:
    named = {one["name"] for one in operation["parameters"] if one.get("in") == "query"}
    body = operation.get("requestBody", {}).get("content", {}).get(FORM, {})
    allowed = set(body.get("schema", {}).get("properties", {}))
    strange = [f"unknown parameter {name} in the query" for name in _names(asked.query) if name not in named]
    return strange + [f"unknown parameter {name} in the form" for name in _names(asked.form) if name not in allowed]


def _names(pairs: Pairs) -> list[str]:
    return list(dict.fromkeys(name for name, _ in pairs))


def _sentence(error: BaseException | None) -> str:
    """What is wrong, from the outermost words to the innermost."""
    said = []
    while error is not None:
        said += [str(error), *(str(each.message) for each in getattr(error, "schema_errors", ()))]
        error = error.__cause__
    return ": ".join(dict.fromkeys(said))
