"""Reports by what they are and by the words in them: what programs ask for."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import ColumnElement, Select, func, select

from triage import events
from triage.db import db
from triage.errors import N_, BadInput
from triage.models import Assignment, Message, Operator, Report, Team
from triage.queries import inbox, places, rows, scope
from triage.queries.place_shapes import PlaceView
from triage.queries.shapes import Page

LIVE = ("open", "assigned")
WINDOW = 5_000  # how many of the newest messages are searched for words
NO_TEAM = N_("There is no team called %(name)s.")
NO_PLACE = N_("There is no place with the code %(name)s.")
NO_TOPIC = N_("There is no topic called %(name)s.")


@dataclass(frozen=True)
class Wanted:
    """What the reports shall be; None asks for nothing."""

    status: str | None = None
    mine: bool | None = None
    channel: str | None = None
    team: str | None = None
    topic: str | None = None
    words: str | None = None
    place: str | None = None  # a code: the place and all in it


def find(actor: Operator, wanted: Wanted, limit: int, after: str | None) -> Page:
    """A page of reports: open and assigned ones unless another status is asked for, in queue order.

    Closed ones come newest first. With `words` the newest reports of any status come first, and only
    the newest WINDOW messages of the desk are looked through: what came lately, not an archive.
    Raises BadInput for a team or topic that does not exist, or a cursor that is none.
    """
    query = select(Report).where(scope.visible(actor), *_conditions(actor, wanted))
    if wanted.words:
        return _with_words(query, actor, wanted.words, limit, after)
    return inbox.leaf(query, actor, limit, after, newest_first=wanted.status == "closed")


def _conditions(actor: Operator, wanted: Wanted) -> list[ColumnElement[bool]]:
    found = [] if wanted.words and not wanted.status else [_status(wanted.status)]
    if wanted.mine is not None:
        own = select(Assignment.report_id).where(Assignment.operator_id == actor.id, Assignment.ended_at.is_(None))
        found.append(Report.id.in_(own) if wanted.mine else Report.id.not_in(own))
    if wanted.channel:
        found.append(Report.channel == wanted.channel)
    if wanted.team:
        found.append(Report.team_id == _team(wanted.team))
    if wanted.place:
        found.append(places.reported(place(wanted.place).id))
    if wanted.topic:
        raise BadInput(NO_TOPIC, "topic", name=wanted.topic)
    return found


def _status(status: str | None) -> ColumnElement[bool]:
    if status == "closed":
        return Report.closed_at.is_not(None)  # the same as the status, and this has an index
    open_ones = Report.closed_at.is_(None)
    return open_ones & (Report.status == status) if status else open_ones & Report.status.in_(LIVE)


def _team(name: str) -> int:
    found = db.session.scalar(select(Team.id).where(Team.name == name))
    if found is None:
        raise BadInput(NO_TEAM, "team", name=name)
    return found


def place(code: str) -> PlaceView:
    """The place with this code. BadInput where there is none."""
    found = places.by_code(code)
    if found is None:
        raise BadInput(NO_PLACE, "place", name=code)
    return found


def _with_words(query: Select[Report], actor: Operator, words: str, limit: int, after: str | None) -> Page:
    seq = events.head()
    newest = db.session.scalar(select(func.max(Message.id))) or 0
    said = select(Message.report_id).where(Message.id > newest - WINDOW,
                                           Message.body.icontains(words, autoescape=True))
    query = query.where(Report.id.in_(said)).order_by(Report.id.desc())
    if after:
        query = query.where(Report.id < _number(after))
    found = list(db.session.scalars(query.limit(limit + 1)))
    more = str(found[limit - 1].id) if len(found) > limit else None
    return Page(rows.of(found[:limit], actor), more, seq)


def _number(cursor: str) -> int:
    if not (cursor.isascii() and cursor.isdecimal() and len(cursor) <= 18):
        raise BadInput(inbox.NO_CURSOR, "after")
    return int(cursor)
