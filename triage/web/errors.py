"""What went wrong, as a page for people and as application/problem+json for programs. Always one sentence."""

from __future__ import annotations

import json
from collections.abc import Mapping

from flask import Flask, Response, g, make_response, redirect, render_template, request, session, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext
from flask_wtf.csrf import CSRFError
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolEmpty
from werkzeug.exceptions import HTTPException

from triage import logs
from triage.db import CommitUnknown, unavailable
from triage.errors import N_, BadInput, TriageError
from triage.web import PUBLIC_ENDPOINTS, kept, signin
from triage.web.access import SID, SignedOut

log = logs.logger(__name__)

STALE_FORM = N_("This page was open for too long, or cookies were switched off. Nothing was done; "
                "what you typed is below.")
NOT_SIGNED = N_("This request was not believed: the key, the address or the clock is wrong. Nothing was kept.")
HOOKS = "/hooks/"
RETRY_SECONDS = 30
HTTP_SENTENCES = {
    400: N_("This request cannot be read. Nothing was done."),
    403: N_("Your role does not allow this. Ask a coordinator."),
    404: N_("There is nothing here for you. It may have been moved, or the address may be wrong."),
    405: N_("This address does not do that. Nothing was done."),
    413: N_("This is too large: at most 1 MB can be sent at once. Nothing was stored."),
    415: N_("This kind of content is not understood here. Nothing was done."),
    429: N_("That was too often. Wait a little and try again."),
    500: N_("Something went wrong on our side. It is not known whether your last step was done; "
            "look before you do it again."),
    503: N_("The desk cannot be reached just now. Try again in a minute."),
}


HTTP_CODES = {
    400: "bad_request", 404: "not_found", 405: "method_not_allowed", 413: "too_large", 415: "wrong_content_type",
    429: "too_often", 500: "unexpected", 503: "unavailable",
}


def init_app(app: Flask) -> None:
    """Answer every error from here."""
    app.register_error_handler(TriageError, refused)
    app.register_error_handler(SignedOut, signed_out)
    app.register_error_handler(CSRFError, stale_form)
    app.register_error_handler(HTTPException, http_error)
    for kind in (DBAPIError, PoolEmpty, CommitUnknown):
        app.register_error_handler(kind, database_error)


def sentence(error: TriageError) -> str:
    """The error's sentence in the reader's language, its reason translated too."""
    params = dict(error.params)
    if isinstance(error, BadInput):
        params.pop("reason", None)
        return _filled(error.reason, params)
    return _filled(error.sentence, params)


def told(words: str, params: Mapping[str, object]) -> str:
    """A sentence with named places, in the reader's language."""
    return _filled(words, dict(params))


def _filled(words: str, params: dict[str, object]) -> str:
    translated = str(gettext(words))
    return translated % params if params else translated.replace("%%", "%")


def refused(error: TriageError) -> ResponseReturnValue:
    """A rule of the desk said no."""
    more = {key: value for key, value in error.params.items()
            if key not in ("reason", "now") and isinstance(value, int | str | list)}
    field = {"field": error.field} if isinstance(error, BadInput) and error.field else {}
    return answer(error.status, error.code, sentence(error), **more, **field)


def signed_out(error: SignedOut) -> ResponseReturnValue:
    """Reading: to the sign-in and back. Writing: the sign-in here, with everything that was typed."""
    if wants_problem():
        return problem(error.status, error.code, sentence(error))
    if request.method in ("GET", "HEAD"):
        return redirect(url_for("auth.login", next=signin.here()))
    return signin.page(error.status, kept=kept.of_refused_request())


def stale_form(error: CSRFError) -> ResponseReturnValue:
    """The form's token does not fit the session: nothing was done, nothing typed is lost."""
    words = str(gettext(STALE_FORM))
    if wants_problem():
        return problem(400, "stale_form", words)
    typed = kept.of_refused_request()
    if g.get("operator") is None and request.endpoint not in PUBLIC_ENDPOINTS - {"auth.sign_in"}:
        return signin.page(400, trouble=words, kept=typed or kept.carried())
    return page(400, words, typed)


def http_error(error: HTTPException) -> ResponseReturnValue:
    """What Flask, the router or the body's size refused, and what we did not foresee."""
    if error.response is not None or (error.code or 500) < 400:
        return error.get_response()
    status = error.code or 500
    words = str(gettext(_http_sentence(status)))
    response = make_response(answer(status, HTTP_CODES.get(status, f"http_{status}"), words))
    for name, value in error.get_headers():
        if name in ("Allow", "Retry-After"):
            response.headers[name] = value
    return response


def _http_sentence(status: int) -> str:
    if status == 403 and request.path.startswith(HOOKS):
        return NOT_SIGNED
    return HTTP_SENTENCES.get(status, HTTP_SENTENCES[400 if status < 500 else 500])


def database_error(error: Exception) -> ResponseReturnValue:
    """The database is away, locked or full: said as such, and nothing typed is lost. The rest is a defect of ours."""
    if not unavailable(error):
        raise error
    log.warning("database.unavailable", problem=type(getattr(error, "orig", None) or error).__name__)
    unknown = isinstance(error, CommitUnknown)  # "try again" would do it twice
    words = str(gettext(HTTP_SENTENCES[500 if unknown else 503]))
    response = make_response(answer(503, "outcome_unknown" if unknown else "unavailable", words))
    response.headers["Retry-After"] = str(RETRY_SECONDS)
    return response


def answer(status: int, code: str, words: str, **more: object) -> ResponseReturnValue:
    """The error in the form the asker wants."""
    if wants_problem():
        return problem(status, code, words, **more)
    return page(status, words, None if status == 413 else kept.of_refused_request())


def wants_problem() -> bool:
    """Whether a program asks: the API, webhooks, a script of ours that fetches."""
    by_script = request.headers.get("X-Requested-With") == "fetch"
    if by_script or request.is_json or request.path.startswith(("/api/", HOOKS)):
        return True
    accept = request.accept_mimetypes
    return accept["application/json"] > accept["text/html"] or accept["application/problem+json"] > accept["text/html"]


def problem(status: int, code: str, words: str, **more: object) -> Response:
    """RFC 9457, with our code and the sentence as `detail`."""
    body = {"type": "about:blank", "title": words, "detail": words, "status": status, "code": code}
    body |= {name: value for name, value in more.items() if name not in body}
    headers = {"WWW-Authenticate": 'Bearer realm="triage"'} if status == 401 and _is_api() else {}
    if status == 429 and "seconds" in more:
        headers["Retry-After"] = str(more["seconds"])
    return Response(json.dumps(body, ensure_ascii=False), status, headers, mimetype="application/problem+json")


def _is_api() -> bool:
    return request.path.startswith("/api/")


def page(status: int, words: str, typed: kept.Kept | None = None) -> ResponseReturnValue:
    """What happened, what is safe, where to go on."""
    shown = {"sentence": words, "kept": typed, "staff": _staff(), "back": _back()}
    return render_template("errors/error.html", status=status, **shown), status


def _staff() -> bool:
    """Whether somebody of the desk asks, as far as can be said: the database may be away."""
    return g.get("operator") is not None or (SID in session and request.endpoint not in PUBLIC_ENDPOINTS)


def _back() -> str:
    number = (request.view_args or {}).get("report_id")
    if not _staff():
        return "/back" if request.path.startswith("/back") else "/report"
    return f"/desk/reports/{number}" if isinstance(number, int) else "/"
