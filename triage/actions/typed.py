"""What was typed and could not be stored at once, because the session had ended meanwhile."""

from __future__ import annotations

from sqlalchemy import select

from triage.actions import drafts
from triage.db import db
from triage.models import Draft, Operator
from triage.queries import reports


def recover(report_id: int, actor: Operator, text: str) -> None:
    """Keep `text` as the actor's draft; a draft that says something else stays below it. NotFound."""
    reports.load(report_id, actor)
    mine = select(Draft.body).where(Draft.report_id == report_id, Draft.operator_id == actor.id)
    before = (db.session.scalar(mine) or "").strip()
    if text.startswith(before):  # what was saved while typing is the beginning of what was typed
        drafts.save(report_id, actor, text)
    else:
        drafts.put_back(report_id, actor.id, text)
