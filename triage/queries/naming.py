"""Names for many rows at once: one statement each, instead of one per row."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import select

from triage.db import db
from triage.models import Operator, Team


def public_names(ids: Iterable[int | None]) -> dict[int, str]:
    """Operator number -> public name."""
    wanted = {number for number in ids if number is not None}
    rows = db.session.execute(select(Operator.id, Operator.public_name).where(Operator.id.in_(wanted)))
    return dict(rows.all())


def team_names(ids: Iterable[int | None]) -> dict[int, str]:
    """Team number -> name."""
    wanted = {number for number in ids if number is not None}
    rows = db.session.execute(select(Team.id, Team.name).where(Team.id.in_(wanted)))
    return dict(rows.all())
