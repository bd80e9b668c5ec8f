"""Quarantine: raw items no parser could read, in plain sight, each with one button."""

from __future__ import annotations

from flask import Blueprint, flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from triage.actions import inbound
from triage.db import run_in_transaction
from triage.errors import NotFound
from triage.queries import inbox, quarantine
from triage.rights import Right
from triage.web.access import actor, admits
from triage.web.desk import NUMBER

bp = Blueprint("quarantine", __name__)

MOST = 50


@bp.get("/quarantine")
@admits(Right.READ_QUARANTINE)
def items() -> str:
    """The newest items, each with what came and what went wrong."""
    return render_template("quarantine/quarantine.html", items=quarantine.items(actor(), MOST),
                           count=inbox.counts(actor())["quarantined"])


@bp.post(f"/quarantine/<{NUMBER}:item_id>/retry")
@admits(Right.READ_QUARANTINE)
def retry(item_id: int) -> ResponseReturnValue:
    """Let it be read again."""
    one = actor()
    try:
        read = run_in_transaction(lambda: inbound.retry(item_id, one))
    except NotFound:
        flash(_("That item has left quarantine already."), "calm")
        return redirect(url_for("quarantine.items"), 303)
    flash(*((_("It is being read again."), "calm") if read else (_("It still cannot be read."), "care")))
    return redirect(url_for("quarantine.items"), 303)
