"""The desk: the list and the report beside it, as whole pages and as the pieces a live page asks for."""

from __future__ import annotations

import uuid
from typing import Any

from flask import Blueprint, Flask, redirect, render_template, request, url_for
from flask.blueprints import BlueprintSetupState
from werkzeug.wrappers import Response as AnyResponse

from triage.errors import TriageError
from triage.queries import conversation, inbox, people, relations, reports
from triage.rights import Right
from triage.web import composing, errors, present, whereabouts, whys
from triage.web.access import actor, admits
from triage.web.identity import identity

bp = Blueprint("desk", __name__)

NUMBER = "int(max=9223372036854775807)"  # what a database can hold: anything longer is not found
REPORT = f"/desk/reports/<{NUMBER}:report_id>"
MOST_ROWS = 200


@bp.record_once
def _give_words(state: BlueprintSetupState) -> None:
    app: Flask = state.app  # type: ignore[assignment]  # Flask types it as its base
    present.init_app(app)
    composing.init_app(app)
    app.jinja_env.globals["identity"] = identity
    app.jinja_env.filters.update(refusal=errors.sentence, pieces=whereabouts.pieces,
                                 why_copy=whys.of_copy, why_offered=whys.of_offer)


@bp.get("/desk")
@admits(Right.READ_REPORTS)
def desk() -> str:
    """A queue."""
    narrowed = whereabouts.narrowed()
    page = inbox.page(actor(), queue(), after=request.args.get("after"), place_id=narrowed.number)
    return render_template("desk/desk.html", page=page, view=queue(), seq=page.seq, report=None, narrowed=narrowed)


@bp.get(REPORT)
@admits(Right.READ_REPORTS)
def report(report_id: int) -> str:
    """A report beside its queue."""
    return report_page(report_id)


@bp.get(f"{REPORT}/thread")
@admits(Right.READ_REPORTS)
def pane(report_id: int) -> str:
    """The report alone, for a page that is open already."""
    return render_template("desk/report.html", **_shown(report_id))


@bp.get("/desk/rows")
@admits(Right.READ_REPORTS)
def rows() -> str:
    """Rows by number, with the counts of the rail: what a live page patches."""
    me = identity()  # its event number is read before the rows
    narrowed = whereabouts.narrowed()
    found = inbox.rows(actor(), _numbers(request.args.get("ids", "")), narrowed.number)
    return render_template("desk/rows.html", rows=found, view=queue(), counts=me.counts, seq=me.seq, report=None,
                           narrowed=narrowed)


def queue() -> str:
    """The queue asked for, from the address or the form; the first one where it is unknown."""
    asked = request.values.get("view", "next")
    return asked if asked in inbox.VIEWS else "next"


def _numbers(text: str) -> list[int]:
    return [int(one) for one in text.split(",")[:MOST_ROWS] if one.isdecimal() and len(one) < 19]


def report_page(report_id: int, refusal: TriageError | None = None, typed: str | None = None) -> str:
    """The page of a report; after a refusal with its reason and the text that was typed."""
    shown = _shown(report_id)
    page = inbox.page(actor(), queue(), place_id=shown["narrowed"].number)
    seq = min(page.seq, shown["report"].seq)  # what came between the two is asked for again
    return render_template("desk/desk.html", page=page, seq=seq, **{**shown, "refusal": refusal, "typed": typed})


def _shown(report_id: int) -> dict[str, Any]:
    found = reports.view(report_id, actor(), _lines(), by())
    return {
        "report": found, "refusal": None, "typed": None, "view": queue(), "by": by(),
        "whereabouts": whereabouts.of(found), "narrowed": whereabouts.narrowed(), "form_key": uuid.uuid4().hex,
        "relations": relations.of(report_id, actor(), found.row),
        "people": people.on_shift_choices(actor()) if found.may_assign else [],
        "teams": people.teams(actor()) if found.may_assign or found.may_write else [],
    }


def _lines() -> int:
    """How many lines of the conversation were asked for."""
    return max(request.args.get("lines", conversation.SHOWN, type=int), conversation.SHOWN)


def by() -> str | None:
    """The channel an answer shall leave by, where somebody chose the other one to the same person."""
    return request.values.get("by") or None


def to_report(report_id: int, find: str | None = None) -> AnyResponse:
    """Back to the report: the whole page, or for a script the pane alone. `find`: a place that was looked for."""
    endpoint = "desk.pane" if by_script() else "desk.report"
    narrowed = request.form.get("narrowed") or None
    return redirect(url_for(endpoint, report_id=report_id, view=queue(), by=by(), find=find, place=narrowed), 303)


def by_script() -> bool:
    """Whether our own script asks, which patches the page in place."""
    return request.headers.get("X-Requested-With") == "fetch"
