"""Typed text that could not be stored, carried through the sign-in so that none of it is lost."""

from __future__ import annotations

from dataclasses import dataclass

from flask import request
from werkzeug.exceptions import HTTPException

from triage.actions import typed
from triage.db import run_in_transaction
from triage.models import Operator
from triage.web import forms

FIELDS = ("text", "body", "note")
MOST = 20_000


@dataclass(frozen=True)
class Kept:
    """What somebody had typed, and the report it was about (None: we do not know one)."""

    text: str
    report_id: int | None


def of_refused_request() -> Kept | None:
    """What a refused POST held; None where there was nothing to lose."""
    if request.method != "POST" or request.is_json:
        return None
    try:
        text = "\n\n".join(filter(None, (forms.clean(request.form.get(name, "")) for name in FIELDS)))
    except HTTPException:  # refused before its body was read, and that is too large
        return None
    number = (request.view_args or {}).get("report_id")
    return Kept(text[:MOST], number if isinstance(number, int) else None) if text else None


def carried() -> Kept | None:
    """What a refused sign-in form itself carried; None where it carried nothing that can be read."""
    text = forms.clean(request.form.get("kept_text", ""))[:MOST]
    number = request.form.get("kept_report", "")
    return Kept(text, int(number) if number.isdecimal() and len(number) < 19 else None) if text else None


def of_form() -> Kept | None:
    """What the sign-in form carries."""
    text = forms.text("kept_text", most=MOST)
    return Kept(text, forms.optional_whole("kept_report")) if text else None


def save(kept: Kept, actor: Operator) -> None:
    """Make it the actor's draft, beside what is there already. Raises NotFound where they may not see the report."""
    report_id = kept.report_id
    if report_id is not None:
        run_in_transaction(lambda: typed.recover(report_id, actor, kept.text))
