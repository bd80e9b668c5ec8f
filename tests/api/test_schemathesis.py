"""The API is asked everything its description allows and much that it does not, as each kind of person.

Bounded here; `make fuzz-api` asks more (FUZZ_EXAMPLES a call and kind of data).
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from contextlib import suppress
from typing import Any

import pytest
import schemathesis
from flask import Flask
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from hypothesis.errors import Unsatisfiable
from schemathesis import Case, GenerationMode
from schemathesis.checks import (
    content_type_conformance,
    missing_required_header,
    negative_data_rejection,
    not_a_server_error,
    response_schema_conformance,
    status_code_conformance,
    unsupported_method,
)

from tests.api.programs import token_of
from tests.scene import Scene
from triage.actions import closing, copies, replies, routing, teams
from triage.api.description import described
from triage.models import Operator

EXAMPLES = int(os.environ.get("FUZZ_EXAMPLES", "8"))
CHECKS = [
    not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance,
    negative_data_rejection, missing_required_header, unsupported_method,
]
ACTORS: dict[str, tuple[str, ...]] = {
    "anonymous": (), "operator": ("operator",), "coordinator": ("coordinator",), "admin": ("admin",),
}
# A number that means something, where the description only knows that it is one.
SMALL = st.integers(min_value=0, max_value=12)
NUMBERS = {"report_id", "delivery_id", "operator", "of", "message", "assignment"}


def stock(scene: Scene, actor: Operator) -> None:
    """Reports of every kind: open, held by the actor and by another, closed, a copy, of a foreign team, answered."""
    boss, other = scene.operator("Boss", "coordinator"), scene.operator("Other")
    sent = [scene.sms(f"Report {number}", f"+2547110001{number:02d}") for number in range(8)]
    scene.sms("And more", "+254711000100")
    coast = scene.do(lambda: teams.add_team("Coast", boss)).id
    scene.do(lambda: routing.route(sent[7].id, boss, coast))
    scene.do(lambda: copies.link(sent[6].id, sent[5].id, boss))
    scene.claim(sent[1], other)
    scene.do(lambda: closing.discard(sent[2].id, other, "test"))
    if actor.reads_reports:
        held = scene.claim(sent[0], actor)
        seen = scene.head()
        scene.do(lambda: replies.reply(sent[0].id, actor, held.id, seen, "We look into it.", "a key of ours"))
        scene.carry()


def served(app: Flask) -> Callable[..., Iterable[bytes]]:
    """The application with a context of its own for every request, as on a real server."""

    def wsgi(environ: Any, start_response: Any) -> Iterable[bytes]:
        with app.app_context():
            return app(environ, start_response)

    return wsgi


def made_real(case: Case, data: st.DataObject) -> None:
    """Give numbers of a valid case values that exist now and then."""
    places = [case.path_parameters, case.body if isinstance(case.body, dict) else {}]
    for place in places:
        for name in NUMBERS & set(place or {}):
            place[name] = data.draw(SMALL)
    if isinstance(case.body, dict) and "seen_seq" in case.body:
        case.body["seen_seq"] = data.draw(st.sampled_from((0, 10**6)))


def ask_everything(app: Flask, headers: dict[str, str]) -> int:
    """Ask every operation, validly and not; how many requests that were."""
    schema = schemathesis.openapi.from_dict(described())
    schema.app = served(app)
    operations = [found.ok() for found in schema.get_all_operations()]
    return sum(ask_one(operation, mode, headers) for operation in operations for mode in GenerationMode)


def ask_one(operation: Any, mode: GenerationMode, headers: dict[str, str]) -> int:
    """Ask one operation EXAMPLES times."""
    asked = 0

    @settings(max_examples=EXAMPLES, deadline=None, database=None, derandomize=True, phases=(Phase.generate,),
              suppress_health_check=list(HealthCheck))
    @given(case=operation.as_strategy(generation_mode=mode), data=st.data())
    def ask(case: Case, data: st.DataObject) -> None:
        nonlocal asked
        if mode is GenerationMode.POSITIVE:
            made_real(case, data)
        asked += 1
        case.call_and_validate(checks=CHECKS, headers=headers)

    with suppress(Unsatisfiable):  # nothing can be wrong about a call that takes nothing
        ask()
    return asked


pytestmark = [pytest.mark.timeout(3600 if EXAMPLES > 20 else 600),
              pytest.mark.parametrize("settings", [{"api_writes_per_minute": 100_000}], indirect=True)]


@pytest.mark.only("sqlite")
@pytest.mark.parametrize("actor", ACTORS)
def test_whatever_is_asked_the_answer_is_as_described(app: Flask, scene: Scene, actor: str) -> None:
    hold(app, scene, actor)


@pytest.mark.only("postgresql")
def test_on_postgresql_too(app: Flask, scene: Scene) -> None:
    hold(app, scene, "coordinator")


def hold(app: Flask, scene: Scene, actor: str) -> None:
    """Stock the desk and ask everything as one kind of person."""
    person = scene.operator("Actor", *ACTORS[actor], capacity=50) if ACTORS[actor] else None
    stock(scene, person or scene.operator("Somebody", "auditor"))
    headers = {"Authorization": f"Bearer {token_of(person)}"} if person else {}
    assert ask_everything(app, headers) > 2 * EXAMPLES
