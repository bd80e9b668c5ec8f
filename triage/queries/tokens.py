"""Which API tokens there are, and whose a shown one is."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import ColumnElement, select

from triage import clock
from triage.db import db
from triage.models import ApiToken, Operator


def shown(token_hash: str) -> tuple[ApiToken, Operator] | None:
    """The token with this hash and its person; None where it has ended or expired, or the person is not active."""
    row = db.session.execute(
        select(ApiToken, Operator).join(Operator, Operator.id == ApiToken.operator_id)
        .where(ApiToken.token_hash == token_hash, Operator.active, *_alive())
    ).first()
    return (row[0], row[1]) if row else None


def of_operator(operator_id: int) -> Sequence[ApiToken]:
    """A person's living tokens, the newest first."""
    mine = select(ApiToken).where(ApiToken.operator_id == operator_id, *_alive())
    return db.session.scalars(mine.order_by(ApiToken.id.desc())).all()


def everybodys() -> Sequence[tuple[ApiToken, Operator]]:
    """Every living token with whose it is, by number."""
    query = select(ApiToken, Operator).join(Operator, Operator.id == ApiToken.operator_id).where(*_alive())
    return [(token, operator) for token, operator in db.session.execute(query.order_by(ApiToken.id))]


def _alive() -> tuple[ColumnElement[bool], ...]:
    return ApiToken.ended_at.is_(None), ApiToken.expires_at > clock.now()
