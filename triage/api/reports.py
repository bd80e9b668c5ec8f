"""Reports: the list, one of them, and every verb. The same queries and actions as the pages."""

from __future__ import annotations

import uuid
from collections.abc import Callable

from triage.actions import (
    assignments,
    closing,
    copies,
    incidents,
    observers,
    placing,
    relating,
    repeats,
    replies,
    routing,
    splitting,
    taking,
    written,
)
from triage.api import answers, operations, schemas
from triage.api.operations import NUMBER, REPORT
from triage.crashpoints import crashpoint
from triage.db import run_in_transaction
from triage.errors import (
    AlreadyAssigned,
    AlreadyClosed,
    AtCapacity,
    ConversationMovedOn,
    IsACopy,
    KeyReused,
    LiveReportExists,
    NoReplyAccount,
    NotApproved,
    NotClaimable,
    NotFound,
    NotTheHolder,
    OptedOut,
    TooLong,
    WindowClosed,
)
from triage.queries import copies as linked
from triage.queries import incidents as told
from triage.queries import outbox, relations, search
from triage.queries import reports as found
from triage.queries.conversation import SHOWN
from triage.rights import Right
from triage.web.access import actor

WHOLE = 1000  # lines of a conversation
MATCH = f"/matches/<{NUMBER}:match_id>"


@operations.get("/reports", Right.READ_REPORTS)
def reports(query: schemas.ReportsQuery) -> answers.Lines:
    """The reports in queue order: urgency, then who waits longest. Closed ones and searches: newest first."""
    wanted = search.Wanted(query.status, query.mine, query.channel, query.team, query.topic, query.q, query.place)
    page = search.find(actor(), wanted, query.limit, query.after)
    return answers.Lines(items=[answers.line(row) for row in page.rows], next=page.next, seq=page.seq)


@operations.get(REPORT, Right.READ_REPORTS, NotFound)
def report(report_id: int) -> answers.Report:
    """One report with its conversation, copies and holder."""
    return _report(report_id, WHOLE)


def _report(report_id: int, shown: int = SHOWN) -> answers.Report:
    view = found.view(report_id, actor(), shown)
    return answers.report(view, linked.copies_of(report_id, actor()), linked.primary_of(report_id, actor()),
                          relations.of(report_id, actor(), view.row), told.of_report(report_id, actor()))


def _seen(report_id: int) -> answers.Report | None:
    """The report after a change; None where it is not the caller's to see any more."""
    try:
        return _report(report_id)
    except NotFound:
        return None


def _done(report_id: int, act: Callable[[], object]) -> answers.Report | None:
    run_in_transaction(act)
    return _seen(report_id)


@operations.post("/reports", Right.HANDLE_REPORTS, KeyReused, status=201)
def new_report(body: schemas.NewReport, key: str | None) -> answers.Taken:
    """Write a report down that came by telephone or by a gateway of your own. It takes the way of every message."""
    note, name = written.Note(**body.model_dump()), key or uuid.uuid4().hex
    result, report_id = run_in_transaction(lambda: written.write_down(note, actor(), name))
    return answers.Taken(result=result, report=_seen(report_id) if report_id is not None else None)


# ---------------------------------------------------------------- who holds it


@operations.post("/claim-next", Right.HANDLE_REPORTS, AtCapacity)
def claim_next() -> answers.Report | None:
    """Take the first report of the queue; 204 where none waits."""
    held = taking.take_next(actor())
    return _seen(held.report_id) if held is not None else None


@operations.post(f"{REPORT}/claim", Right.HANDLE_REPORTS, NotFound, AlreadyAssigned, AtCapacity, NotClaimable)
def claim(report_id: int) -> answers.Report | None:
    """Take this one. Whoever holds it already gets the same assignment."""
    taking.take(report_id, actor())
    return _seen(report_id)


@operations.post(f"{REPORT}/release", Right.HANDLE_REPORTS, NotFound, NotTheHolder)
def release(report_id: int, body: schemas.Release) -> answers.Report | None:
    """Give it back to its place in the queue; the reason becomes a note."""
    return _done(report_id, lambda: assignments.release(report_id, actor(), body.reason or ""))


@operations.post(f"{REPORT}/assign", Right.ASSIGN_REPORTS, NotFound, AtCapacity, AlreadyClosed, NotClaimable, IsACopy)
def assign(report_id: int, body: schemas.Assign) -> answers.Report | None:
    """Give it to somebody, whoever holds it."""
    return _done(report_id, lambda: assignments.assign(report_id, body.operator, actor()))


# ---------------------------------------------------------------- what is said


@operations.post(f"{REPORT}/replies", Right.HANDLE_REPORTS, NotFound, NotTheHolder, ConversationMovedOn, IsACopy,
                 NoReplyAccount, OptedOut, WindowClosed, TooLong, NotApproved, KeyReused, status=202)
def reply(report_id: int, body: schemas.Reply, key: str) -> answers.Delivery:
    """Answer the person. The same key with the same text is one answer, however often it is sent."""
    delivery_id = run_in_transaction(
        lambda: replies.reply(report_id, actor(), body.assignment, body.seen_seq, body.text, key).id)
    crashpoint("out.committed")
    return answers.delivery(outbox.delivery(delivery_id, actor()))


# ---------------------------------------------------------------- how it ends, and when it goes on


@operations.post(f"{REPORT}/close", Right.HANDLE_REPORTS, NotFound, AlreadyClosed, NotTheHolder, IsACopy)
def close(report_id: int, body: schemas.Close) -> answers.Report | None:
    """Close it with an outcome."""
    return _done(report_id, lambda: closing.close(report_id, actor(), body.outcome, body.reason))


@operations.post(f"{REPORT}/discard", Right.HANDLE_REPORTS, NotFound, AlreadyClosed, AlreadyAssigned, NotClaimable,
                 IsACopy)
def discard(report_id: int, body: schemas.Discard) -> answers.Report | None:
    """Close it as not actionable in one step, also straight from the queue."""
    return _done(report_id, lambda: closing.discard(report_id, actor(), body.reason))


@operations.post(f"{REPORT}/reopen", Right.HANDLE_REPORTS, NotFound, LiveReportExists, IsACopy)
def reopen(report_id: int) -> answers.Report | None:
    """Take closing back; the caller holds it."""
    return _done(report_id, lambda: closing.reopen(report_id, actor()))


@operations.post(f"{REPORT}/leave-closed", Right.STEP_IN, NotFound)
def leave_closed(report_id: int) -> answers.Report | None:
    """It stays closed though new people tell it; asked again only when as many more do."""
    return _done(report_id, lambda: repeats.leave_closed(report_id, actor()))


@operations.post(f"{REPORT}/place", Right.HANDLE_REPORTS, NotFound, AlreadyClosed, NotTheHolder, IsACopy)
def set_place(report_id: int, body: schemas.SetPlace) -> answers.Report | None:
    """Say where it is, by the code of a place of the list; null takes it away. The desk does not change it any more."""
    number = search.place(body.place).id if body.place is not None else None
    return _done(report_id, lambda: placing.set_place(report_id, actor(), number))


@operations.post(f"{REPORT}/observer", Right.NAME_OBSERVERS, NotFound)
def name_observer(report_id: int, body: schemas.Observer) -> answers.Report | None:
    """Say whether who sent it is a registered observer, whose words are never made a copy of somebody else's."""
    return _done(report_id, lambda: observers.name(report_id, actor(), observer=body.observer))


@operations.post(f"{REPORT}/snooze", Right.HANDLE_REPORTS, NotFound, AlreadyClosed, NotTheHolder, IsACopy)
def snooze(report_id: int, body: schemas.Snooze) -> answers.Report | None:
    """Let it sleep until a moment within a week; a message of the person wakes it."""
    return _done(report_id, lambda: routing.snooze(report_id, actor(), body.until))


# ---------------------------------------------------------------- what belongs together


@operations.post(f"{REPORT}/copies", Right.HANDLE_REPORTS, NotFound, AlreadyClosed, AlreadyAssigned, NotTheHolder,
                 IsACopy)
def mark_copy(report_id: int, body: schemas.CopyOf) -> answers.Report | None:
    """Mark it as a copy of another report, with which it goes from now on."""
    return _done(report_id, lambda: copies.link(report_id, body.of, actor()))


@operations.delete(f"{REPORT}/copies", Right.HANDLE_REPORTS, NotFound, NotTheHolder, LiveReportExists)
def unmark_copy(report_id: int) -> answers.Report | None:
    """Say that it is no copy: it stands in the queue again."""
    return _done(report_id, lambda: copies.unlink(report_id, actor()))


@operations.post(f"{REPORT}/incident", Right.HANDLE_REPORTS, NotFound, NotTheHolder)
def link_incident(report_id: int, body: schemas.SameAs) -> answers.Report | None:
    """Say that it tells of the same incident as another report. Each stays with its holder and is answered."""
    return _done(report_id, lambda: incidents.link(report_id, body.of, actor()))


@operations.delete(f"{REPORT}/incident", Right.HANDLE_REPORTS, NotFound, NotTheHolder)
def leave_incident(report_id: int) -> answers.Report | None:
    """Say that it does not: it stands where it stood before it was linked, with what came along."""
    return _done(report_id, lambda: incidents.leave(report_id, actor()))


@operations.post(f"{MATCH}/confirm", Right.HANDLE_REPORTS, NotFound, AlreadyClosed, AlreadyAssigned, NotTheHolder)
def confirm_match(match_id: int) -> answers.Report | None:
    """Say yes to what is suggested of two reports; the one that became a copy."""
    return _seen(run_in_transaction(lambda: relating.confirm(match_id, actor()).id))


@operations.post(f"{MATCH}/reject", Right.HANDLE_REPORTS, NotFound, NotTheHolder)
def reject_match(match_id: int) -> answers.Report | None:
    """Say no to what is suggested of two reports: it is not asked again. Nothing is answered."""
    run_in_transaction(lambda: relating.reject(match_id, actor()))
    return None


@operations.post(f"{REPORT}/split", Right.HANDLE_REPORTS, NotFound, AlreadyClosed, NotTheHolder, IsACopy, status=201)
def split(report_id: int, body: schemas.Split) -> answers.Report | None:
    """A new report from that message on; the answer is the new one."""
    return _seen(run_in_transaction(lambda: splitting.split(body.message, actor(), of=report_id).id))
