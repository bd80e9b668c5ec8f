"""For machines: is the process alive, is the desk ready?"""

from __future__ import annotations

from flask import Blueprint, jsonify
from flask.typing import ResponseReturnValue
from sqlalchemy.exc import SQLAlchemyError

from triage.queries import health

bp = Blueprint("health", __name__)


@bp.get("/healthz")
def alive() -> ResponseReturnValue:
    """This process answers; nothing else is asked."""
    return "ok\n", 200, {"Content-Type": "text/plain; charset=utf-8"}


@bp.get("/readyz")
def ready() -> ResponseReturnValue:
    """The database answers, with what waits there; 503 where it does not."""
    try:
        return jsonify(status="ready", **health.backlog())
    except SQLAlchemyError:
        return jsonify(status="database unreachable"), 503
