"""Every request is given an id of ours, measured, and said in one line: endpoint names, never addresses."""

from __future__ import annotations

import logging

from flask import Flask, Response, current_app, g, request

from triage import clock, logs
from triage.web.metrics import Metrics

log = logs.logger(__name__)

HEADER = "X-Request-Id"
METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


def init_app(app: Flask) -> None:
    """Watch `app`. First of all parts: its clock starts before every check and stops after every other part."""
    app.before_request(begin)
    app.after_request(end)
    app.teardown_request(forget)
    app.log_exception = lambda exc_info: log.error(  # type: ignore[method-assign]  # Flask's own quotes the address
        "request.failed", exc_info=exc_info, endpoint=_endpoint(), method=_method())
    app.extensions["metrics"] = Metrics(app)


def begin() -> None:
    """A request comes."""
    g.request_id, g.began = logs.new_request(), clock.steady()


def end(response: Response) -> Response:
    """An answer leaves."""
    seconds = clock.steady() - g.get("began", clock.steady())
    response.headers[HEADER] = g.get("request_id") or logs.new_request()
    metrics: Metrics = request_metrics()
    metrics.answered(_endpoint(), _method(), response.status_code, seconds)
    if log.isEnabledFor(logging.INFO):
        operator = g.get("operator")
        who = {"actor_id": operator.id} if operator is not None else {}
        log.info("request", endpoint=_endpoint(), method=_method(), status=response.status_code,
                 duration_ms=round(seconds * 1000, 1), **who)
    return response


def forget(_problem: BaseException | None) -> None:
    """The request is over: what its thread says next is no line of it."""
    logs.no_request()


def request_metrics() -> Metrics:
    """The figures of the application that answers."""
    found: Metrics = current_app.extensions["metrics"]
    return found


def _endpoint() -> str:
    return request.endpoint or "none"


def _method() -> str:
    """The method; what is none is a client's own words."""
    return request.method if request.method in METHODS else "other"
