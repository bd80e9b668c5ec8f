"""Names for many rows at once: one statement each, instead of one per row."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import select

from triage.db import db
from triage.models import Operator, Place, Team


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


def place_names(ids: Iterable[int | None]) -> dict[int, tuple[str, str]]:
    """Place number -> name and code; nothing is asked where there is none."""
    wanted = {number for number in ids if number is not None}
    if not wanted:
        return {}
    rows = db.session.execute(select(Place.id, Place.name, Place.code).where(Place.id.in_(wanted)))
    return {row.id: (row.name, row.code) for row in rows}
