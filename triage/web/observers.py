"""Whether who sent a report is a registered observer: said by coordinators beside the report."""

from __future__ import annotations

from flask import Blueprint, flash, request
from flask_babel import gettext
from werkzeug.wrappers import Response

from triage.actions import observers
from triage.db import run_in_transaction
from triage.errors import Forbidden, NotFound, TriageError
from triage.rights import Right
from triage.web.access import actor, admits
from triage.web.desk import REPORT, by_script, report_page, to_report

bp = Blueprint("observers", __name__)


@bp.post(f"{REPORT}/observer")
@admits(Right.NAME_OBSERVERS)
def name(report_id: int) -> Response | tuple[str, int]:
    """Name the sender as an observer (`observer`: 1), or take that back."""
    one, observer = actor(), request.form.get("observer") == "1"
    try:
        run_in_transaction(lambda: observers.name(report_id, one, observer=observer))
    except TriageError as refusal:
        if by_script() or isinstance(refusal, NotFound | Forbidden):
            raise
        return report_page(report_id, refusal), refusal.status
    said = gettext("The sender is a registered observer.") if observer else gettext("The sender is no observer.")
    flash(said, "calm")
    return to_report(report_id)
