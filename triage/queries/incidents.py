"""Incidents: which reports tell of the same, where and when, and in what they contradict each other."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import combinations

from sqlalchemy import Select, func, select

from triage.db import db
from triage.errors import NotFound
from triage.models import Assignment, Incident, Operator, Report
from triage.queries import candidates, copies, reports, rows, scope
from triage.queries.excerpts import ELLIPSIS, shortened
from triage.queries.incident_shapes import Belonging, Clash, IncidentView, Named, Voice
from triage.queries.shapes import Row
from triage.rights import Right
from triage.similarity.conflicts import Conflict, conflicts
from triage.similarity.preparing import prepare

MOST_SHOWN = 200
MOST_COMPARED, MOST_CLASHES = 20, 12
TITLE_WORDS, TITLE_CHARACTERS = 8, 70


def of_report(report_id: int, actor: Operator) -> Belonging | None:
    """The incident that a report, or what it is a copy of, tells of with others; None where there is none.

    NotFound: the report is not theirs to see.
    """
    report = reports.load(report_id, actor)
    if report.duplicate_of is not None:
        primary_id = copies.primary_of(report.id, actor)
        return of_report(primary_id, actor) if primary_id is not None else None
    incident = db.session.get(Incident, report.incident_id) if report.incident_id is not None else None
    if incident is None or incident.state != "open":
        return None
    seen, hidden = _members(incident.id, actor)
    found = rows.of(seen, actor)
    return Belonging(_named(incident, _voices(found[:1])[0]), [row.id for row in found],
                     [row for row in found if row.id != report.id], hidden, _may_change(incident.id, actor))


def view(incident_id: int, actor: Operator) -> IncidentView:
    """An incident. NotFound where none of its reports is theirs to see."""
    incident = db.session.get(Incident, incident_id)
    seen, hidden = _members(incident_id, actor) if incident is not None else ([], 0)
    if incident is None or not seen:
        raise NotFound
    voices = _voices(rows.of(seen, actor))
    came = [one.received_at for one in seen]
    return IncidentView(
        _named(incident, voices[0]), incident.state, voices, hidden, min(came), max(came), _places(voices),
        list(_clashes(voices))[:MOST_CLASHES], _may_change(incident_id, actor),
    )


def _members(incident_id: int, actor: Operator) -> tuple[list[Report], int]:
    """Its matters that `actor` may see, the oldest first, and how many there are that they may not."""
    query = select(Report).where(Report.incident_id == incident_id, Report.duplicate_of.is_(None))
    theirs = query.where(scope.visible(actor))
    seen = db.session.scalars(theirs.order_by(Report.id).limit(MOST_SHOWN)).all()
    return list(seen), _count(query) - _count(theirs)


def _count(query: Select[Report]) -> int:
    return db.session.scalar(select(func.count()).select_from(query.with_only_columns(Report.id).subquery())) or 0


def members(incident_id: int, actor: Operator) -> list[int]:
    """The numbers of its reports that are theirs to see, the oldest first; none where there is none."""
    return [one.id for one in _members(incident_id, actor)[0]]


def title(incident_id: int, actor: Operator) -> str:
    """What it is called for `actor`. NotFound where none of its reports is theirs to see."""
    incident = db.session.get(Incident, incident_id)
    seen, _ = _members(incident_id, actor) if incident is not None else ([], 0)
    if incident is None or not seen:
        raise NotFound
    return _named(incident, _voices(rows.of(seen[:1], actor))[0]).title


def _voices(found: Sequence[Row]) -> list[Voice]:
    telling = candidates.load([row.id for row in found])
    return [Voice(row, telling[row.id].text if row.id in telling else row.excerpt) for row in found]


def _named(incident: Incident, first: Voice) -> Named:
    """A title is made anew for each reader, of what they may see: no report of another team's stands in it."""
    return Named(incident.id, incident.title or _title(first), bool(incident.title))


def _title(first: Voice) -> str:
    words = first.text.split()
    said = shortened(" ".join(words[:TITLE_WORDS]), TITLE_CHARACTERS)
    if len(words) > TITLE_WORDS and not said.endswith(ELLIPSIS):
        said = said.rstrip(" ,.;:") + ELLIPSIS
    return ": ".join(part for part in (first.row.place, said) if part)


def _places(voices: Sequence[Voice]) -> list[tuple[str, str | None]]:
    """Each once, in the order in which they were named."""
    named: Mapping[tuple[str, str | None], None] = dict.fromkeys(
        (voice.row.place, voice.row.place_code) for voice in voices if voice.row.place)
    return list(named)


def _clashes(voices: Sequence[Voice]) -> Iterator[Clash]:
    told = [(voice, prepare(voice.text)) for voice in voices[-MOST_COMPARED:]]
    for (a, ours), (b, theirs) in combinations(told, 2):
        for conflict in _together(conflicts(ours, theirs)):
            yield Clash(a, b, conflict)


def _together(found: Sequence[Conflict]) -> list[Conflict]:
    """Of two sentences that contradict each other in one way at several words, one conflict with all of these."""
    merged: dict[object, Conflict] = {}
    for one in found:
        key = one.kind, one.a_around, one.b_around
        known = merged.setdefault(key, one)
        merged[key] = replace(known, a=tuple(sorted({*known.a, *one.a})), b=tuple(sorted({*known.b, *one.b})))
    return list(merged.values())


def _may_change(incident_id: int, actor: Operator) -> bool:
    """Whether `actor` says what belongs to it: who holds one of its reports, and coordinators."""
    if actor.needs_approval or not actor.may(Right.HANDLE_REPORTS):
        return False
    held = select(Assignment.id).join(Report, Report.id == Assignment.report_id).where(
        Report.incident_id == incident_id, Assignment.operator_id == actor.id, Assignment.ended_at.is_(None))
    return actor.may(Right.STEP_IN) or db.session.scalar(held.limit(1)) is not None
