"""The floor: figures, the ledger, what needs a decision, who holds what, and giving reports to people."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from flask import Blueprint, abort, flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import ngettext

from triage import context
from triage.actions import assignments, handover, leases, repeats
from triage.db import run_in_transaction
from triage.errors import TriageError
from triage.queries import floor as view
from triage.queries import inbox, people
from triage.queries.shapes import OperatorLine
from triage.rights import Right
from triage.web import errors, forms
from triage.web.access import actor, admits
from triage.web.desk import NUMBER

bp = Blueprint("floor", __name__)

MOST_AT_ONCE = 200
OPERATOR = f"<{NUMBER}:operator_id>"


@dataclass(frozen=True)
class Result:
    """What became of one report of a hand-over: `why` is empty where it was given."""

    report_id: int
    why: str


@bp.get("/floor")
@admits(Right.SEE_FLOOR)
def floor() -> str:
    """The coordinator's page."""
    return _shown("floor/floor.html")


@bp.get("/floor/body")
@admits(Right.SEE_FLOOR)
def body() -> str:
    """The page without its frame, for a page that is open already."""
    return _shown("floor/body.html")


def _shown(template: str) -> str:
    shown = view.floor(actor())
    return render_template(template, floor=shown, seq=shown.seq, outside=context.spool().waiting(),
                           choices=people.on_shift_choices(actor()))


@bp.post(f"/floor/give/{OPERATOR}")
@admits(Right.ASSIGN_REPORTS)
def give(operator_id: int) -> ResponseReturnValue:
    """Give a person the report whose number was written, or the first one of the queue."""
    number = forms.optional_whole("report")
    report_id = number if number is not None else _next()
    if report_id is None:
        flash(_("Nothing is waiting to be given right now."), "calm")
        return redirect(url_for("floor.floor"), 303)
    why = _why_not(partial(assignments.assign, report_id, operator_id, actor()))
    if why:
        flash(_("#%(id)s was not given. %(why)s", id=report_id, why=why), "care")
    else:
        flash(_("#%(id)s is given to %(name)s.", id=report_id, name=_line(operator_id).public_name), "calm")
    return redirect(url_for("floor.floor"), 303)


def _next() -> int | None:
    rows = inbox.page(actor(), "new", limit=1).rows
    return rows[0].id if rows else None


def _why_not(act: Callable[[], object]) -> str:
    """Run one change in its own transaction; the sentence of its refusal, or nothing."""
    try:
        run_in_transaction(act)
    except TriageError as refusal:
        return errors.sentence(refusal)
    return ""


@bp.get(f"/floor/hand-over/{OPERATOR}")
@admits(Right.ASSIGN_REPORTS)
def hand_over(operator_id: int) -> str:
    """What a person holds, to be ticked and given to somebody else."""
    return _hand_over(operator_id, [])


@bp.post(f"/floor/hand-over/{OPERATOR}")
@admits(Right.ASSIGN_REPORTS)
def hand_over_to(operator_id: int) -> ResponseReturnValue:
    """Give the ticked reports to somebody, each by itself; those that changed meanwhile are left and named."""
    to, numbers = forms.whole("to"), _numbers()
    results = [
        Result(number, _why_not(partial(handover.give, number, operator_id, to, actor()))) for number in numbers
    ]
    left = [result for result in results if result.why]
    given = len(results) - len(left)
    if given:
        flash(ngettext("%(num)s report is given to %(name)s.", "%(num)s reports are given to %(name)s.",
                       given, name=_line(to).public_name), "calm")
    return _hand_over(operator_id, left) if left or not given else redirect(url_for("floor.floor"), 303)


def _hand_over(operator_id: int, left: list[Result]) -> str:
    lines = view.operators(actor())
    line = next((each for each in lines if each.id == operator_id), None)
    if line is None:
        abort(404)
    others = [each for each in people.on_shift_choices(actor()) if each.id != operator_id]
    return render_template("floor/hand_over.html", line=line, others=others, left=left)


def _numbers() -> list[int]:
    ticked = [each for each in forms.choices("report") if each.isdecimal() and len(each) < 19]
    return [int(each) for each in ticked[:MOST_AT_ONCE]]


def _line(operator_id: int) -> OperatorLine:
    """The person a report was given to a moment ago."""
    return next(line for line in people.on_shift_choices(actor()) if line.id == operator_id)


@bp.post(f"/floor/leave-closed/<{NUMBER}:report_id>")
@admits(Right.STEP_IN)
def leave_closed(report_id: int) -> ResponseReturnValue:
    """What new people repeat stays closed."""
    run_in_transaction(lambda: repeats.leave_closed(report_id, actor()))
    flash(_("#%(id)s stays as it is. You are asked again if as many more people tell it.", id=report_id), "calm")
    return redirect(url_for("floor.floor"), 303)


@bp.post("/floor/resume")
@admits(Right.RESUME_LEASES)
def resume() -> ResponseReturnValue:
    """Let the lease clocks run again."""
    one = actor()
    run_in_transaction(lambda: leases.resume(one))
    flash(_("The clocks run again. Every lease begins anew."), "calm")
    return redirect(url_for("floor.floor"), 303)
