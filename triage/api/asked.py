"""What a request of a program says: its query, its JSON object, its key. Whatever is not understood is refused."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeVar

from flask import request
from pydantic import BaseModel, ConfigDict, ValidationError

from triage.errors import N_, BadInput, TriageError
from triage.web import forms

M = TypeVar("M", bound=BaseModel)

JSON = "application/json"
MOST_NAME = 60  # characters of a field's name that are repeated in an answer
MOST_PROBLEMS = 20

UNKNOWN = N_("There is nothing here called “%(name)s”. Nothing was done.")
MISSING = N_("“%(name)s” is missing. Nothing was done.")
UNFIT = N_("“%(name)s” is not what is expected here. Nothing was done.")
TWICE = N_("“%(name)s” stands twice. Nothing was done.")
BAD_KEY = N_("The header Idempotency-Key must have 8 to 100 letters, digits and signs out of “._:-”.")
SENTENCES = {"extra_forbidden": UNKNOWN, "missing": MISSING}


class WrongContentType(TriageError):
    """The body is not said to be JSON."""

    code, status = "wrong_content_type", 415
    sentence = N_("Send JSON, and say so: Content-Type: application/json. Nothing was done.")


class NotJson(TriageError):
    """The body cannot be read as a JSON object."""

    code, status = "not_json", 400
    sentence = N_("This is no JSON object. Nothing was done.")


class Nothing(BaseModel):
    """No field at all."""

    model_config = ConfigDict(extra="forbid", title="Nothing")


def query(model: type[M]) -> M:
    """The query parameters, each at most once and all of them known. Raises BadInput."""
    twice = [name for name, values in request.args.lists() if len(values) > 1]
    if twice:
        raise BadInput(TWICE, _named(twice[0]), name=_named(twice[0]))
    try:
        return model.model_validate(request.args.to_dict())
    except ValidationError as problem:
        raise _refusal(problem) from problem


def body(model: type[M]) -> M:
    """The JSON object of the request; none at all is an empty one. Raises WrongContentType, NotJson or BadInput."""
    raw = request.get_data()
    if request.mimetype not in ("", JSON) or (raw and request.mimetype != JSON):
        raise WrongContentType
    try:
        return model.model_validate_json(raw or b"{}")
    except ValidationError as problem:
        raise _refusal(problem) from problem


def key(*, required: bool) -> str | None:
    """The `Idempotency-Key`. Raises BadInput where it is none, or missing and required."""
    found = request.headers.get("Idempotency-Key")
    if found is None and not required:
        return None
    if found is None or not forms.KEY.fullmatch(found):
        raise BadInput(BAD_KEY, "Idempotency-Key")
    return found


def _refusal(problem: ValidationError) -> TriageError:
    """The first mistake as a sentence, all of them as a list; what was sent is not repeated."""
    found = problem.errors(include_url=False, include_context=False, include_input=False)
    if found[0]["type"] == "json_invalid" or not found[0]["loc"]:
        return NotJson()
    listed = [{"field": _place(one["loc"]), "problem": str(one["type"])} for one in found[:MOST_PROBLEMS]]
    sentence = SENTENCES.get(found[0]["type"], UNFIT)
    return BadInput(sentence, listed[0]["field"], name=listed[0]["field"], errors=listed)


def _place(where: Sequence[Any]) -> str:
    return _named(".".join(str(part) for part in where))


def _named(name: str) -> str:
    """A name from outside, fit to be repeated."""
    return forms.clean(name)[:MOST_NAME]
