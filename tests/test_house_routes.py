"""The rules of the house about routes (house.md, section 8, rule 8), held against the running application."""

from __future__ import annotations

import base64
from collections.abc import Collection
from pathlib import Path

import pytest
from flask import Blueprint, Flask
from flask_wtf import CSRFProtect

import config
from triage.app import create_app
from triage.rights import RIGHTS, Right
from triage.web import PUBLIC_ENDPOINTS

CHANGING = {"POST", "PUT", "PATCH", "DELETE"}
SIGNED = "webhooks"  # these verify the provider's signature instead
PROGRAMS = "api"  # these demand a bearer token instead: tests/api/test_tokens.py asks each of them without one
FILES = "static"  # Flask's own endpoint: style sheets and scripts, nothing of the desk


def unchecked(app: Flask) -> list[str]:
    """Each endpoint that changes something, is no webhook, and accepts a request without a CSRF token."""
    csrf = app.extensions.get("csrf")
    on = csrf is not None and app.config["WTF_CSRF_ENABLED"] and app.config["WTF_CSRF_CHECK_DEFAULT"]
    missed = CHANGING - set(app.config.get("WTF_CSRF_METHODS", ()))
    problems = []
    for route in app.url_map.iter_rules():
        name = route.endpoint.rpartition(".")[0]
        view = app.view_functions[route.endpoint]
        exempt = csrf is not None and (
            f"{view.__module__}.{view.__name__}" in csrf._exempt_views
            or app.blueprints.get(name) in csrf._exempt_blueprints
        )
        changes = CHANGING & (route.methods or set())
        if name not in (SIGNED, PROGRAMS) and changes and (not on or exempt or missed & changes):
            problems.append(route.endpoint)
    return problems


def unnamed_rights(app: Flask, public: Collection[str]) -> list[str]:
    """Each endpoint that neither names a right of the table nor stands on the list of public ones."""
    problems = []
    for endpoint, view in app.view_functions.items():
        admits = getattr(view, "admits", None)
        named = admits in RIGHTS
        if endpoint not in {*public, FILES} and not named:
            problems.append(f"{endpoint} admits {admits!r}")
        if endpoint in public and admits is not None:
            problems.append(f"{endpoint} is public and yet admits {admits!r}")
    return problems


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Flask:
    """The application with every blueprint, the demo's too, and with nothing switched off for tests."""
    folder: Path = tmp_path_factory.mktemp("routes")
    keys = [base64.b64encode(bytes([number]) * config.KEY_BYTES).decode() for number in (1, 2)]
    return create_app(
        config.load(
            {
                "SECRET_KEY": "x" * 64,
                "TRIAGE_KEYS": f"index:{keys[0]},one:{keys[1]}",
                "DATABASE_URL": f"sqlite:///{folder / 'triage.db'}",
                "SIMULATOR_PATH": str(folder / "simulator.db"),
                "DEMO": "1",
            }
        )
    )


def view() -> str:
    """Nothing."""
    return ""


@pytest.fixture
def planted() -> Flask:
    """A small application: a webhook and a form, CSRF checked on both, rights named on neither."""
    planted = Flask("planted")
    planted.config["SECRET_KEY"] = "planted"
    CSRFProtect(planted)
    for name in (SIGNED, "desk"):
        blueprint = Blueprint(name, name)
        blueprint.add_url_rule(f"/{name}", "view", view, methods=["POST"])
        planted.register_blueprint(blueprint)
    return planted


def test_a_route_without_csrf_is_found(planted: Flask) -> None:
    csrf = planted.extensions["csrf"]
    assert unchecked(planted) == []
    csrf.exempt(planted.blueprints[SIGNED])
    assert unchecked(planted) == []
    csrf.exempt(planted.blueprints["desk"])
    assert unchecked(planted) == ["desk.view"]


def test_a_single_view_without_csrf_is_found(planted: Flask) -> None:
    planted.extensions["csrf"].exempt(view)
    assert unchecked(planted) == ["desk.view"]


@pytest.mark.parametrize("switch", ["WTF_CSRF_ENABLED", "WTF_CSRF_CHECK_DEFAULT", "WTF_CSRF_METHODS"])
def test_csrf_switched_off_is_found(planted: Flask, switch: str) -> None:
    planted.config[switch] = ()
    assert unchecked(planted) == ["desk.view"]


def test_every_changing_route_but_webhooks_and_the_api_checks_csrf(app: Flask) -> None:
    assert unchecked(app) == []


def admitting(right: str | None) -> object:
    """A view that names `right`."""

    def named() -> str:
        return ""

    named.admits = right
    return named


@pytest.mark.parametrize("right, problems", [(Right.SEE_FLOOR, 0), ("sweep_the_floor", 1), (None, 1)])
def test_a_route_without_a_right_is_found(planted: Flask, right: str | None, problems: int) -> None:
    public = {f"{SIGNED}.view"}
    assert unnamed_rights(planted, public) == ["desk.view admits None"]
    planted.view_functions["desk.view"] = admitting(right)
    assert len(unnamed_rights(planted, public)) == problems


def test_a_public_route_with_a_right_is_found(planted: Flask) -> None:
    planted.view_functions["desk.view"] = admitting(Right.SEE_FLOOR)
    assert len(unnamed_rights(planted, {f"{SIGNED}.view", "desk.view"})) == 1


def test_every_route_names_the_right_it_asks_for_or_is_public(app: Flask) -> None:
    assert unnamed_rights(app, PUBLIC_ENDPOINTS) == []


def test_every_public_endpoint_exists(app: Flask) -> None:
    assert set(PUBLIC_ENDPOINTS) <= set(app.view_functions)
