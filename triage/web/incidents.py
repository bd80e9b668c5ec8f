"""The page of an incident, and what people say of what belongs to one."""

from __future__ import annotations

from collections.abc import Callable

from flask import Blueprint, Flask, flash, redirect, render_template, url_for
from flask.blueprints import BlueprintSetupState
from flask_babel import gettext
from werkzeug.wrappers import Response

from triage.actions import incidents
from triage.db import run_in_transaction
from triage.errors import Forbidden, NotFound, TriageError
from triage.queries import incidents as found
from triage.queries.excerpts import shortened
from triage.rights import Right
from triage.web import clashes, forms
from triage.web.access import actor, admits
from triage.web.desk import NUMBER, REPORT, by_script, report_page, to_report
from triage.web.identity import identity

bp = Blueprint("incidents", __name__)

Answer = Response | tuple[str, int]
INCIDENT = f"/desk/incidents/<{NUMBER}:incident_id>"


@bp.record_once
def _give_words(state: BlueprintSetupState) -> None:
    app: Flask = state.app  # type: ignore[assignment]  # Flask types it as its base
    app.jinja_env.filters.update(clash=clashes.sentence, clash_pieces=clashes.pieces, shortened=shortened)


@bp.get(INCIDENT)
@admits(Right.READ_REPORTS)
def show(incident_id: int) -> str:
    """Its reports, places and times, and where they contradict each other."""
    return _page(incident_id)


def _page(incident_id: int, refusal: TriageError | None = None) -> str:
    seq = identity().seq  # read before the incident: what comes between the two is asked for again
    return render_template("desk/incident.html", incident=found.view(incident_id, actor()), refusal=refusal, seq=seq)


@bp.post(f"{INCIDENT}/title")
@admits(Right.HANDLE_REPORTS)
def rename(incident_id: int) -> Answer:
    """Give it another title; an empty one takes that back."""
    return _done(lambda: incidents.rename(incident_id, actor(), forms.text("title")).id, gettext("Saved."), incident_id)


@bp.post(f"{REPORT}/incident")
@admits(Right.HANDLE_REPORTS)
def link(report_id: int) -> Answer:
    """Say that it tells of the same as another."""
    incident_id = forms.optional_whole("incident")
    return _done(lambda: incidents.link(_one_of(incident_id, report_id), forms.whole("of"), actor()).id,
                 gettext("Linked: they tell of the same incident."), incident_id, report_id)


def _one_of(incident_id: int | None, report_id: int) -> int:
    """The report of an incident that a form stood for; where it was taken out meanwhile, another that is left."""
    left = found.members(incident_id, actor()) if incident_id is not None else []
    return report_id if report_id in left or not left else left[0]


@bp.post(f"{REPORT}/leave-incident")
@admits(Right.HANDLE_REPORTS)
def leave(report_id: int) -> Answer:
    """Say that it does not tell of its incident."""
    return _done(lambda: incidents.leave(report_id, actor()).id,
                 gettext("#%(id)s is taken out: it stands where it stood before.", id=report_id),
                 forms.optional_whole("incident"), report_id)


def _done(act: Callable[[], int], said: str, incident_id: int | None, report_id: int | None = None) -> Answer:
    """Back to the page where the button stood: of the incident, where one is named, else of the report."""
    try:
        report = run_in_transaction(act)
    except TriageError as refusal:
        if by_script() or isinstance(refusal, NotFound | Forbidden):
            raise
        return _again(refusal, incident_id, report_id), refusal.status
    flash(said, "calm")
    there = _now(incident_id, report) if incident_id is not None else None
    if there is None:
        return to_report(forms.optional_whole("report") or report)
    return redirect(url_for("incidents.show", incident_id=there), 303)


def _again(refusal: TriageError, incident_id: int | None, report_id: int | None) -> str:
    if incident_id is not None and found.members(incident_id, actor()):
        return _page(incident_id, refusal)
    return report_page(forms.optional_whole("report") or report_id or 0, refusal)


def _now(incident_id: int, report_id: int) -> int | None:
    """The incident where it still has reports to show, else the one that the report belongs to now."""
    if found.members(incident_id, actor()):
        return incident_id
    belonging = found.of_report(report_id, actor())
    return belonging.incident.id if belonging else None
