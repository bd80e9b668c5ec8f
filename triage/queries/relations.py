"""What belongs to a report: its copies or its primary, each with why, and what people are asked about."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy import func, or_, select
from sqlalchemy.orm import aliased

from triage.db import db
from triage.models import Match, Operator, Report
from triage.queries import candidates, copies, naming, reports, rows, scope
from triage.queries.relation_shapes import Linked, May, Offer, Relations
from triage.queries.shapes import Row
from triage.rights import Right

MOST_OFFERED = 3
ORDER = {"same_message": 0, "same_incident": 1}
Matter = tuple[int, int | None]  # the number of a primary, and of the incident it belongs to
# What is not asked any more: what is not the same message may yet be the same incident, but not the other way round.
SETTLES = {"same_message": ("same_message",), "same_incident": ("same_message", "same_incident")}


def of(report_id: int, actor: Operator, line: Row | None = None) -> Relations:
    """What `actor` may see of it; `line` is how they see it, where that is known. NotFound: it is not theirs to see."""
    report = reports.load(report_id, actor)
    if report.duplicate_of is not None:
        return _of_copy(report, actor)
    found = copies.copies_of(report.id, actor)
    row = line or rows.of([report], actor)[0]
    linked = _linked([(one, one.id) for one in found], report.id)
    offers = _offers(report, row, actor) if report.live else ()
    return Relations(None, linked, offers, _in_charge((row,), actor))


def _of_copy(report: Report, actor: Operator) -> Relations:
    primary_id = copies.primary_of(report.id, actor)
    if primary_id is None:
        return Relations()
    found = _as_compared(rows.of([reports.load(primary_id, actor)], actor))
    (linked,) = _linked([(found[0], report.id)], primary_id)
    return Relations(linked, may_unlink=_in_charge(found, actor))


def _as_compared(shown: Sequence[Row]) -> list[Row]:
    """With the words by which they are compared: the newest may be about something else."""
    told = candidates.load([row.id for row in shown])
    words = {number: rows.excerpt(one.text) for number, one in told.items()}
    return [replace(row, excerpt=words.get(row.id, row.excerpt)) for row in shown]


def _in_charge(found: Iterable[Row], actor: Operator) -> bool:
    """Whether `actor` decides what goes with these: who holds one of them, and coordinators."""
    handles = actor.may(Right.HANDLE_REPORTS) and not actor.needs_approval
    return handles and (actor.may(Right.STEP_IN) or any(row.mine for row in found))


def _linked(shown: Sequence[tuple[Row, int]], primary_id: int) -> list[Linked]:
    """Each row with why the copy of that number goes with the primary."""
    if not shown:
        return []
    numbers = [copy for _, copy in shown]
    ends = or_(Match.report_id.in_(numbers), Match.other_id.in_(numbers))
    kept = select(Match).where(ends, Match.kind == "same_message", Match.state == "linked").order_by(Match.id)
    why: dict[int, Match] = {}
    for match in db.session.scalars(kept):
        for number in (match.report_id, match.other_id):
            if number not in why or primary_id in (match.report_id, match.other_id):
                why[number] = match
    names = naming.public_names(match.operator_id for match in why.values())
    return [Linked(row, _seen_from(copy, why.get(copy)), names.get(_who(why.get(copy)))) for row, copy in shown]


def _who(match: Match | None) -> int:
    return match.operator_id or 0 if match is not None else 0


def _seen_from(report_id: int, match: Match | None) -> Mapping[str, Any]:
    """The explanation with the words of this report as `a`; as it is kept these are the later one's."""
    if match is None:
        return {"reason": "person"}
    if match.report_id == report_id or "differences" not in match.why:
        return match.why
    turned = [{"kind": one["kind"], "a": one["b"], "b": one["a"]} for one in match.why["differences"]]
    return {**match.why, "differences": turned}


def _offers(report: Report, row: Row, actor: Operator) -> list[Offer]:
    asked = _asked(report)
    if not asked:
        return []
    query = select(Report).where(Report.id.in_(asked), scope.visible(actor))
    others = {one.id: one for one in db.session.scalars(query)}
    first = _one_an_incident([others[number] for number in asked if number in others], asked)[:MOST_OFFERED]
    shown = _as_compared(rows.of(rows.in_order(others.values(), first), actor))
    return [_offer(asked[one.id], (report, row), (others[one.id], one), actor) for one in shown]


def _one_an_incident(others: Sequence[Report], asked: Mapping[int, Match]) -> list[int]:
    """Of several that belong to one incident only the likest is asked about: who links one links all."""
    named: set[int] = set()
    found = []
    for one in others:
        incident = one.incident_id if asked[one.id].kind == "same_incident" else None
        if incident is None or incident not in named:
            found.append(one.id)
        if incident is not None:
            named.add(incident)
    return found


def _asked(report: Report) -> dict[int, Match]:
    """What may be the same as a primary or as one of its copies, by the other's primary, the likest first.

    A pair that somebody has decided on is not asked again, whichever of their copies was found alike; nor of incidents
    whatever belongs to theirs. What belongs to the same incident already is not asked whether it does.
    """
    known = _known(report)
    if not known:
        return {}
    matter = _matters({number for match in known for number in (match.report_id, match.other_id)})
    ends = {match.id: {matter[match.report_id], matter[match.other_id]} for match in known}
    settled, incidents = _settled(report, known, ends)
    asked: dict[int, Match] = {}
    open_ones = (match for match in known if match.state == "suggested")
    for match in sorted(open_ones, key=lambda one: (ORDER[one.kind], -one.score, -one.id)):
        for number, incident in ends[match.id]:
            if (number, match.kind) not in settled and (match.kind == "same_message" or incident not in incidents):
                asked.setdefault(number, match)
    return asked


def _settled(
    report: Report, known: Iterable[Match], ends: Mapping[int, set[Matter]]
) -> tuple[set[tuple[int, str]], set[int]]:
    """What need not be asked any more: of which matters and in what way, and of which incidents; its own among them."""
    settled = {(report.id, kind) for kind in ORDER}
    incidents: set[int | None] = {report.incident_id}
    for match in (one for one in known if one.state != "suggested"):
        settled |= {(number, kind) for number, _ in ends[match.id] for kind in SETTLES[match.kind]}
        if match.kind == "same_incident":
            incidents |= {incident for _, incident in ends[match.id]}
    return settled, {incident for incident in incidents if incident is not None}


def _known(report: Report) -> list[Match]:
    """What was found or said of a matter, and of incidents whatever was of what belongs to its own."""
    own = select(Report.id).where(scope.family(report.id))
    known = {match.id: match for end in (Match.report_id, Match.other_id)
             for match in db.session.scalars(select(Match).where(end.in_(own), Match.state != "linked"))}
    if report.incident_id is not None:
        theirs = select(Report.id).where(Report.incident_id == report.incident_id)
        said = Match.kind == "same_incident", Match.state != "linked"
        known |= {match.id: match for end in (Match.report_id, Match.other_id)
                  for match in db.session.scalars(select(Match).where(end.in_(theirs), *said))}
    return list(known.values())


def _matters(ids: set[int]) -> dict[int, Matter]:
    """Of each report the one that stands for it, and the incident this belongs to."""
    stands = aliased(Report)
    query = select(Report.id, stands.id, stands.incident_id).join(
        stands, stands.id == func.coalesce(Report.duplicate_of, Report.id))
    found = db.session.execute(query.where(Report.id.in_(ids)))
    return {number: (matter, incident) for number, matter, incident in found}


def _offer(match: Match, one: tuple[Report, Row], other: tuple[Report, Row], actor: Operator) -> Offer:
    may = may_decide(one[1], other[1], actor)
    people = {one[0].contact_id, other[0].contact_id}
    together = match.kind == "same_incident"  # takes nothing from anybody, and what was resolved was of it, too
    return Offer(
        match=match.id, kind=match.kind, row=other[1], why=_seen_from(one[0].id, match),
        other_person=None not in people and len(people) > 1,
        may_confirm=may.answer if together else may.link, may_reject=may.answer,
    )


def may_decide(one: Row, other: Row, actor: Operator) -> May:
    """What `actor` may say of two primaries: who holds one of them, and coordinators. A colleague's stays theirs."""
    charge = _in_charge((one, other), actor)
    live = all(row.status in ("open", "assigned") for row in (one, other))
    free = actor.may(Right.STEP_IN) or all(row.mine or row.status == "open" for row in (one, other))
    return May(link=charge and live and free, answer=charge)
