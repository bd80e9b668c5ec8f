"""The ground of incidents: which reports belong to one, how one is moved, how what was before comes back.

Of a matter only its primary's `incident_id` counts; a copy keeps its own, asleep, and has it again when it is taken
out. Every move is an event, and what was before is read from these: nothing is merged that cannot be taken apart.
An incident is open while two matters or more belong to it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from sqlalchemy import func, select

from triage import clock, events
from triage.actions import locking, matters
from triage.db import db
from triage.events import Kind
from triage.models import Event, Incident, Operator, Report
from triage.queries import reports

MOVES = (Kind.REPORT_GROUPED, Kind.REPORT_UNGROUPED)


def lock(numbers: Sequence[int], actor: Operator) -> list[Report]:
    """What stands for each of these reports; all that stands for what is of their incidents is locked, by number.

    Where that changed meanwhile, all is let go first: who holds one may wait for a lower one. NotFound where `actor`
    may not see one of these.
    """
    stands_for, belong = known = around(numbers)
    for number in numbers:
        reports.load(stands_for.get(number, number), actor)
    found = _lock_all(belong.values())
    if around(numbers) != known:
        raise locking.Moved
    return [found[stands_for[number]] for number in numbers]


def _lock_all(numbers: Iterable[int]) -> Mapping[int, Report]:
    """Of an incident all is locked, whether the actor may see each or not."""
    return matters.lock_primaries(numbers)


def around(numbers: Iterable[int]) -> tuple[dict[int, int], dict[int, int]]:
    """Of each report what stands for it; and the same of these and of all that belongs to their incidents."""
    what = select(Report.id, func.coalesce(Report.duplicate_of, Report.id))
    stands_for = dict(db.session.execute(what.where(Report.id.in_(numbers))).all())
    theirs = select(Report.incident_id).where(Report.id.in_(stands_for.values()), Report.incident_id.is_not(None))
    belong = dict(db.session.execute(what.where(Report.incident_id.in_(theirs))).all())
    return stands_for, belong | {number: number for number in stands_for.values()}


def members(incident_id: int) -> Sequence[Report]:
    """All that belong to an incident, by number: its matters, and copies that will again when they are taken out."""
    return db.session.scalars(select(Report).where(Report.incident_id == incident_id).order_by(Report.id)).all()


def unite(one: Report, other: Report, by: int) -> list[Report]:
    """Two matters, locked with all of theirs, belong to one incident from now on; those that came to it.

    Where both have one, all of the younger move into the older, and the emptied one is closed. Where neither has,
    there is a new one. What is closed, as only one is left in it, gives way to what is open.
    """
    before = {each.incident_id for each in (one, other)} - {None}
    into = _standing(before) or _new(by)
    came = [*_bring(one, other, into, by), *_bring(other, one, into, by)]
    reckon(before | {into})
    return came


def _standing(ids: Iterable[int | None]) -> int | None:
    return min(_incidents(ids), key=lambda one: (one.state != "open", one.id)).id if ids else None


def _new(by: int) -> int:
    made = Incident(title="", state="open", operator_id=by, created_at=clock.now())
    db.session.add(made)
    db.session.flush()
    return made.id


def _bring(lead: Report, partner: Report, into: int, by: int) -> list[Report]:
    """A matter and all that belong to its incident."""
    if lead.incident_id == into:
        return []
    along = [each for each in members(lead.incident_id) if each.id != lead.id] if lead.incident_id else []
    _move(lead, into, by, {"other": partner.id})
    for each in along:
        _move(each, into, by, {"went_with": lead.id})
    return [lead, *along]


def _move(report: Report, into: int, by: int | None, why: Mapping[str, int]) -> None:
    before, report.incident_id = report.incident_id, into
    events.record(Kind.REPORT_GROUPED, report.id, by, incident=into, before=before, **why)


def take_out(report: Report, by: int) -> list[Report]:
    """A matter stands where it stood before it came to its incident, and what it brought along does; all of them.

    Its incident's matters are locked.
    """
    left = report.incident_id
    here = [each for each in members(left) if each.id != report.id] if left else []
    last = _last_moves([report.id, *(each.id for each in here)])
    own = last.get(report.id)
    along = [each for each in here if own is not None and _came_with(report, last.get(each.id), own)]
    back = _before(own)
    stays = [each.id for each in here if each not in along][:1]
    for each in (report, *along):
        each.incident_id = back
        more = dict(zip(("other",), stays, strict=False)) if each is report else {"went_with": report.id}
        events.record(Kind.REPORT_UNGROUPED, each.id, by, incident=left, back=back, **more)
    reckon({left, back})
    return [report, *along]


def _came_with(report: Report, move: Event | None, own: Event) -> bool:
    return move is not None and move.data.get("went_with") == report.id and move.seq > own.seq


def _before(move: Event | None) -> int | None:
    found = move.data.get("before") if move is not None else None
    return found if isinstance(found, int) else None


def _last_moves(ids: Sequence[int]) -> dict[int, Event]:
    """Of each report the move by which it is where it is: the last that was not taken back."""
    query = select(Event).where(Event.report_id.in_(ids), Event.kind.in_(MOVES)).order_by(Event.seq)
    moves: dict[int, list[Event]] = {}
    for event in db.session.scalars(query):
        done = moves.setdefault(event.report_id or 0, [])
        if event.kind == Kind.REPORT_GROUPED:
            done.append(event)
        elif done:
            done.pop()
    return {number: done[-1] for number, done in moves.items() if done}


def carry(report: Report, primary: Report, by: int | None) -> None:
    """A report has become a copy: where it belonged to an incident and its primary to none, the matter goes on to."""
    if report.incident_id is None:
        return
    before = primary.incident_id
    stand = {one.id for one in _incidents({report.incident_id, before}) if one.state == "open"}
    if report.incident_id in stand and before not in stand:
        _move(primary, report.incident_id, by, {"copy": report.id})
    reckon({report.incident_id, before})


def part(report: Report, primary: Report, by: int) -> None:
    """A report is no copy any more and belongs to what it belonged to; its primary, too, unless others came by it."""
    if report.incident_id is None:
        return
    left = primary.incident_id
    here = [each.id for each in members(left)] if left else []
    last = _last_moves(list({primary.id, *here}))
    own = last.get(primary.id)
    if own is not None and own.data.get("copy") == report.id and not _leant_on(primary, own, last.values()):
        primary.incident_id = _before(own)
        events.record(Kind.REPORT_UNGROUPED, primary.id, by, incident=left, back=primary.incident_id, copy=report.id)
    reckon({report.incident_id, left, primary.incident_id})


def _leant_on(primary: Report, own: Event, moves: Iterable[Event]) -> bool:
    return any(one.seq > own.seq and one.data.get("other") == primary.id for one in moves)


def reckon(ids: Iterable[int | None]) -> None:
    """Open is an incident to which two matters or more belong. Behind its lock: two may leave at one moment."""
    db.session.flush()
    for one in _incidents(ids):
        belong = select(func.count()).where(Report.incident_id == one.id, Report.duplicate_of.is_(None))
        one.state = "open" if (db.session.scalar(belong) or 0) > 1 else "closed"


def _incidents(ids: Iterable[int | None]) -> Sequence[Incident]:
    """Locked, after their reports, the lower number first."""
    numbers = {number for number in ids if number is not None}
    query = select(Incident).where(Incident.id.in_(numbers)).order_by(Incident.id)
    return db.session.scalars(query.with_for_update(key_share=True).execution_options(populate_existing=True)).all()
