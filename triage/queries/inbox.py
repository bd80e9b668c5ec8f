"""The list: views in queue order, a page at a time by keyset, with counts the server computed."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from sqlalchemy import ColumnElement, Select, and_, func, or_, select

from triage import clock, events
from triage.db import db
from triage.errors import N_, BadInput, NotFound
from triage.models import Assignment, InboundItem, Operator, Report
from triage.models.reports import NORMAL, WAITS_SINCE
from triage.queries import places, scope
from triage.queries import rows as lines
from triage.queries.shapes import Page, Row

VIEWS = ("next", "new", "mine", "waiting", "snoozed", "urgent", "all", "resolved")
MOST_ROWS = 200
COUNT_CAP = 1000
FAR = datetime.fromisoformat("9999-01-01T00:00:00+00:00")  # "waits for nobody" sorts last
RESOLVED_FOR = timedelta(hours=24)
MOST_NUMBER = 2**63 - 1  # what a database can hold
NO_CURSOR = N_("This page of the list is not known any more. Start from the top.")


def page(actor: Operator, view: str, limit: int = 50, after: str | None = None, place_id: int | None = None) -> Page:
    """Up to `limit` (at most 200) rows of a view, of a place and all in it; `after`: the cursor of the page before."""
    query = _reports(actor, view)
    if place_id is not None:
        query = query.where(places.reported(place_id))
    return leaf(query, actor, limit, after, newest_first=view == "resolved")


def leaf(query: Select[Report], actor: Operator, limit: int, after: str | None, *, newest_first: bool = False) -> Page:
    """A page of any reports the actor may see: in queue order, or those closed last first."""
    seq = events.head()  # read before the rows: a change in between is asked for again, never missed
    limit = max(1, min(limit, MOST_ROWS))
    if after:
        query = query.where(_beyond(newest_first=newest_first, key=_opened(after)))
    found = list(db.session.scalars(_ordered(query, newest_first=newest_first).limit(limit + 1)))
    more = len(found) > limit
    shown = found[:limit]
    return Page(lines.of(shown, actor), _cursor(shown[-1], newest_first=newest_first) if more else None, seq)


def counts(actor: Operator) -> dict[str, int]:
    """How many reports stand in each view (at most COUNT_CAP is counted), and how many items are quarantined."""
    found = {view: _count(_reports(actor, view)) for view in VIEWS}
    quarantined = select(InboundItem.id).where(InboundItem.state == "quarantined").limit(COUNT_CAP)
    found["quarantined"] = db.session.scalar(select(func.count()).select_from(quarantined.subquery())) or 0
    return found


def _count(query: Select[Report]) -> int:
    capped = query.with_only_columns(Report.id).limit(COUNT_CAP).subquery()
    return db.session.scalar(select(func.count()).select_from(capped)) or 0


def rows(actor: Operator, ids: Sequence[int], place_id: int | None = None) -> list[Row]:
    """The lines of these reports, in this order, without those the actor may not see; of a place and all in it."""
    query = select(Report).where(Report.id.in_(ids[:MOST_ROWS]), scope.visible(actor))
    if place_id is not None:
        query = query.where(places.reported(place_id))
    return lines.of(lines.in_order(db.session.scalars(query), ids), actor)


def _reports(actor: Operator, view: str) -> Select[Report]:
    if view not in VIEWS:
        raise NotFound
    return select(Report).where(scope.visible(actor), *_conditions(actor, view))


def _conditions(actor: Operator, view: str) -> tuple[ColumnElement[bool], ...]:
    now = clock.now()
    own = select(Assignment.report_id).where(Assignment.operator_id == actor.id, Assignment.ended_at.is_(None))
    live = and_(Report.closed_at.is_(None), Report.status.in_(("open", "assigned")))  # the first has an index
    choices: dict[str, tuple[ColumnElement[bool], ...]] = {
        "next": (live, _awake(now), or_(scope.claimable(actor, now), Report.id.in_(own)),
                 Report.unanswered_since.is_not(None)),
        "new": (Report.status == "open", _awake(now)),
        "mine": (Report.id.in_(own),),
        "waiting": (live, Report.awaiting_citizen_since.is_not(None)),
        "snoozed": (live, Report.snoozed_until > now),
        "urgent": (live, Report.priority < NORMAL),
        "all": (live,),
        "resolved": (Report.status == "closed", Report.duplicate_of.is_(None), Report.closed_at > now - RESOLVED_FOR),
    }
    return choices[view]


def _awake(now: datetime) -> ColumnElement[bool]:
    return or_(Report.snoozed_until.is_(None), Report.snoozed_until <= now)


def _ordered(query: Select[Report], *, newest_first: bool) -> Select[Report]:
    if newest_first:
        return query.order_by(Report.closed_at.desc(), Report.id.desc())
    return query.order_by(Report.priority, WAITS_SINCE, Report.id)


def _beyond(*, newest_first: bool, key: tuple[int, datetime, int]) -> ColumnElement[bool]:
    priority, at, number = key
    if newest_first:
        return or_(Report.closed_at < at, and_(Report.closed_at == at, Report.id < number))
    waits = WAITS_SINCE
    later = or_(waits > at, and_(waits == at, Report.id > number))
    return or_(Report.priority > priority, and_(Report.priority == priority, later))


def _cursor(report: Report, *, newest_first: bool) -> str:
    at = report.closed_at if newest_first else report.unanswered_since
    key = [report.priority, (at or FAR).isoformat(), report.id]
    return base64.urlsafe_b64encode(json.dumps(key).encode()).decode()


def _opened(cursor: str) -> tuple[int, datetime, int]:
    try:
        priority, at, number = json.loads(base64.urlsafe_b64decode(cursor))
        key = int(priority), datetime.fromisoformat(at).astimezone(UTC), int(number)
    except (ValueError, TypeError, OverflowError, RecursionError, binascii.Error) as problem:
        raise BadInput(NO_CURSOR, "after") from problem
    if not (0 <= key[0] <= NORMAL and 0 < key[2] <= MOST_NUMBER):
        raise BadInput(NO_CURSOR, "after")
    return key
