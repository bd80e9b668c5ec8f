"""The citizens' form: one question a page, answers carried in hidden fields, nothing kept before Send.

Works without script and without cookies. Each step is a POST to the one address `/report`, so that
no answer ever stands in a URL; the receipt is the answer to the last POST, and the address bar then
holds `/report`, which can be bookmarked and shows nothing. See `form_token` for what stands in for
CSRF here, and `slow_lane` for what becomes of floods.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from datetime import datetime, timedelta

from flask import Blueprint, make_response, render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import get_locale
from flask_babel import gettext as _
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolEmpty

from channels.base import InboundMessage
from triage import addresses, clock, context
from triage.actions.arrivals import Form
from triage.db import let_go
from triage.queries import places
from triage.queries.place_shapes import PlaceView
from triage.web import durable, form_token, intake_form, languages, slow_lane
from triage.web.intake_form import QUESTIONS, STEPS, Answers, Problem

bp = Blueprint("intake", __name__)

PURPOSE = "report"
LASTS = timedelta(hours=24)
MOST_STATIONS = 8


@bp.get("/report")
def start() -> ResponseReturnValue:
    """The first page: what this is, who reads it, where to call."""
    return _page("start", Answers())


@bp.post("/report")
@form_token.checked(PURPOSE, LASTS)
def step() -> ResponseReturnValue:
    """One page further, back, or to a page to change; from the last page the report is sent."""
    answers, at = intake_form.read(request.form), request.form.get("step", "")
    if at not in STEPS:
        at = intake_form.first_unfinished(answers) or "check"
        return _page(at, answers, note=_("Please go on from here. Your answers are still there."), status=400)
    if form_token.given() is None:
        note = _("This page was open for too long, or it was not sent by our form. Nothing has been sent yet. "
                 "Your answers are still here: please press the button again.")
        return _page(at, answers, note=note, status=400)
    return _move(at, request.form.get("go", ""), answers)


@bp.get("/exit")
def leave() -> ResponseReturnValue:
    """A blank page; the browser is asked to forget what it kept of ours."""
    page = make_response(render_template("citizen/exit.html"))
    page.headers["Clear-Site-Data"] = '"cache", "storage"'
    return page


def _move(at: str, go: str, answers: Answers) -> ResponseReturnValue:
    if go == "back":
        return _page(intake_form.before(at), answers)
    if go in QUESTIONS:
        return _page(go, answers)
    wrong = intake_form.problems(at, answers)
    if wrong:
        return _page(at, answers, wrong, status=422)
    if at == "where" and intake_form.unsettled(answers) and (stations := _stations(answers.place)):
        return _page(at, replace(answers, station="", asked=answers.place), stations=stations)
    return _send(answers) if at == "check" else _page(*intake_form.after(at, answers))


def _send(answers: Answers) -> ResponseReturnValue:
    unfinished = intake_form.first_unfinished(answers)
    if unfinished is not None:
        return _page(unfinished, answers, intake_form.problems(unfinished, answers), status=422)
    token = form_token.given()
    assert token is not None  # noqa: S101 - `step` has looked
    code = context.keyring().receipt_code(token.value)
    receipt = context.keyring().blind("receipt", code)
    try:
        durable.keep(Form(message_of(answers, token), receipt, _due_at(answers, token), clock.now()))
    except durable.NotKept:
        return _page("check", answers, note=_("We could not keep your report just now, so it has not been sent. Your "
                                              "answers are still here: please press the button again in a minute."),
                     status=503, headers=durable.RETRY_AFTER)
    return render_template(
        "citizen/receipt.html", code=code, at=clock.now(), answers=answers, back_form=form_token.mint("back"),
        permit=form_token.mint("permit", receipt),
    )


def message_of(answers: Answers, token: form_token.FormToken) -> InboundMessage:
    """The report as every channel's. A form sent twice is one message; changed and sent again it is a
    second one in the same thread, under the same receipt."""
    told = asdict(answers) | {"consent_wording": consent_wording(answers)}
    return InboundMessage(
        channel="web", account_address="", external_id=token.naming(repr(sorted(told.items()))), sender=None,
        text=_words(answers), thread_key=f"web:{token.value}", place_text=intake_form.place_of(answers) or None,
        reply_to=intake_form.address(answers), language=str(get_locale() or "en"),
        urgent=answers.danger == "yes", raw=told,
    )


def consent_wording(answers: Answers) -> str | None:
    """What a person said yes to, in the words they read."""
    words = {"sms": intake_form.SMS_WORDING, "email": intake_form.EMAIL_WORDING}.get(answers.contact)
    return f"{_('May we contact you?')} {intake_form.CONTACT[answers.contact]}. {words}" if words else None


def _words(answers: Answers) -> str:
    """Their words, and below them the answers for which a report has no place of its own."""
    told = [(_("When"), intake_form.WHEN[answers.when] if answers.when in ("now", "today", "earlier") else None),
            (_("Anyone in danger"), intake_form.DANGER["unsure"] if answers.danger == "unsure" else None)]
    lines = [f"{question}: {answer}" for question, answer in told if answer]
    return "\n\n".join([answers.text, "\n".join(lines)]) if lines else answers.text


def _due_at(answers: Answers, token: form_token.FormToken) -> datetime | None:
    doubtful = bool(answers.trap) or token.age < slow_lane.FASTEST
    return slow_lane.due_at(doubtful=doubtful, pressing=answers.danger == "yes" and bool(answers.place))


def _stations(place: str) -> Sequence[PlaceView]:
    """The places that are meant perhaps, where it is not one alone. Without the database nobody is asked."""
    try:
        found = places.choices(place, MOST_STATIONS)
    except (DBAPIError, PoolEmpty):
        let_go()
        return ()
    return found if len(found) > 1 else ()


def _page(at: str, answers: Answers, wrong: list[Problem] | None = None, *, note: str = "",
          status: int = 200, headers: Mapping[str, str] | None = None,
          stations: Sequence[PlaceView] = ()) -> ResponseReturnValue:
    if at == "check":
        answers = replace(answers, checked=True)
    token = form_token.given()
    page = render_template(
        f"citizen/{at}.html", step=at, answers=answers, wrong=wrong or [], note=note, form_page=intake_form,
        token=request.form[form_token.FIELD] if token else form_token.mint(PURPOSE),
        hint=_hint(answers), danger_phone=context.settings().danger_phone, tongues=languages.named(), stations=stations,
    )
    return page, status, headers or {}


def _hint(answers: Answers) -> str:
    address = intake_form.address(answers)
    return addresses.hint("email" if "@" in address else "phone", address) if address else ""
