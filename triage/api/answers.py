"""What programs are given. Each answer is made by its model: it holds what the description says."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from pydantic import ConfigDict, Field, JsonValue

from triage.api import place_answers, relation_answers
from triage.api.answer import Answer
from triage.queries.incident_shapes import Belonging
from triage.queries.relation_shapes import Relations
from triage.queries.shapes import DeliveryState, Entry, ReportView, Row
from triage.queries.shapes import Ledger as Counted
from triage.queries.stats import Stats as Figures


class Problem(Answer):
    """What went wrong (RFC 9457): `code` for programs, `detail` a sentence for people."""

    model_config = ConfigDict(extra="allow")

    type: str
    title: str
    detail: str
    status: int
    code: str


class Holder(Answer):
    """Who holds a report."""

    id: int
    name: str = Field(description="The public name.")


class Line(Answer):
    """A report as one line of a list."""

    id: int
    status: str
    channel: str
    priority: int = Field(description="0 danger now, 1 urgent, 2 normal")
    place: str | None = Field(description="The name of a place of the list, else as it was written.")
    place_code: str | None = Field(description="Of a place of the desk's list.")
    language: str | None
    sender: str = Field(description="A name, a public handle, or two digits; empty where nobody is known.")
    excerpt: str
    waiting_since: datetime | None = Field(description="Since when nobody has answered.")
    received_at: datetime
    holder: Holder | None
    mine: bool
    replying: bool
    team: str | None
    snoozed_until: datetime | None
    awaiting_since: datetime | None = Field(description="Since when we wait for the person.")
    send_problems: int
    copy_count: int = Field(description="How many reports that repeat it go with it, of those the caller may see.")
    sender_count: int = Field(description="How many people said it, the copies' senders included.")
    channel_count: int = Field(description="By how many channels it came, the copies' included.")
    opted_out: bool
    outcome: str | None
    reason: str | None
    closed_at: datetime | None


class Lines(Answer):
    """A page of reports; `next` is `after` of the page that follows, null at the end."""

    items: Sequence[Line]
    next: str | None
    seq: int


class Delivery(Answer):
    """The sending of one answer."""

    id: int
    state: str
    channel: str
    account: str | None
    sends_at: datetime | None
    settled_at: datetime | None
    error: str | None
    mine: bool


class Attempt(Answer):
    """One try. Without `finished_at` it is under way."""

    id: int
    started_at: datetime
    finished_at: datetime | None
    outcome: str | None


class DeliveryWithAttempts(Delivery):
    """The sending of one answer, with every try of it, the first one first."""

    report: int
    attempts: Sequence[Attempt]


class Message(Answer):
    """One utterance, theirs (`in`) or ours (`out`)."""

    id: int
    direction: str
    at: datetime
    author: str | None
    channel: str | None
    account: str | None
    body: str
    mine: bool
    unanswered: bool
    delivery: Delivery | None
    mentions: Sequence[place_answers.Mention]


class Note(Answer):
    """An internal note."""

    id: int
    at: datetime
    author: str | None
    body: str


class Sending(Answer):
    """How the caller would answer, or in `blocked` the code of what stands in the way."""

    channel: str
    account: str | None
    identity: str
    to: str
    max_length: int
    is_public: bool
    blocked: str | None
    slots_left: int | None
    slots_of: int | None
    window_seconds: int | None
    next_slot_at: datetime | None


class Incident(Answer):
    """What a report tells of together with others, those named that the caller may see."""

    id: int
    title: str
    state: str
    reports: Sequence[int]
    hidden: int = Field(description="Reports of it that the caller may not see.")


class Report(Line):
    """One report, true at event number `seq`. Answers are given under `assignment`, null where nobody holds it."""

    seq: int
    assignment: int | None
    held_since: datetime | None
    messages: Sequence[Message]
    notes: Sequence[Note]
    earlier: int = Field(description="Older lines of the conversation that are left out.")
    copies: Sequence[Line]
    copy_of: int | None
    related: relation_answers.Related
    split_from: int | None
    incident: Incident | None = Field(description="Null where no other tells of the same. Of a copy: its primary's.")
    sending: Sending
    draft: str
    consent_answer: bool | None
    observer: bool | None = Field(description="Whether a registered observer sent it; null where nobody is known.")
    may_claim: bool
    may_write: bool
    may_assign: bool


class Taken(Answer):
    """What became of a report that was written down: opened, joined, copy, control (STOP, START), quarantined."""

    result: str
    report: Report | None = Field(description="Null where it is none, or not the caller's to see.")


class Event(Answer):
    """One line of the history: ids and words of state, never text."""

    seq: int
    kind: str
    report: int | None
    operator: int | None
    at: datetime
    data: dict[str, JsonValue]


class Events(Answer):
    """What changed. Go on after `next`; there is more where it is below `head`."""

    items: Sequence[Event]
    next: int
    head: int


class Stats(Answer):
    """The desk in figures."""

    seq: int
    reports: dict[str, int]
    outcomes: dict[str, int]
    new: int
    longest_wait_since: datetime | None
    danger_open: int
    on_shift: int
    people: int
    waiting_sends: int
    send_problems: int
    quarantined: int
    leases_frozen_at: datetime | None
    places: Sequence[place_answers.PlaceCount] = Field(description="The 200 with most reports.")


class Ledger(Answer):
    """received = opened + joined + copies + control + quarantined + pending; `difference` must be 0."""

    received: int
    opened: int
    joined: int
    copies: int
    control: int
    quarantined: int
    pending: int
    difference: int


def line(row: Row) -> Line:
    """A row of a list."""
    return Line(**_line(row))


def _line(row: Row) -> dict[str, Any]:
    holder = Holder(id=row.holder_id, name=row.holder or "") if row.holder_id is not None else None
    same = {name: getattr(row, name) for name in Line.model_fields if name != "holder"}
    return {**same, "holder": holder}


def report(view: ReportView, copies: Sequence[Row], copy_of: int | None, relations: Relations,
           belonging: Belonging | None) -> Report:
    """A report with its conversation."""
    rest = {name: getattr(view, name) for name in (
        "seq", "assignment", "held_since", "earlier", "split_from", "draft", "consent_answer", "observer",
        "may_claim", "may_write", "may_assign",
    )}
    return Report(
        **_line(view.row), **rest, copies=[line(one) for one in copies], copy_of=copy_of, incident=_incident(belonging),
        related=relation_answers.related(relations),
        messages=[_message(one) for one in view.entries if one.kind in ("inbound", "outbound")],
        notes=[Note.model_validate(one) for one in view.entries if one.kind == "note"],
        sending=Sending.model_validate(view.sending),
    )


def _incident(belonging: Belonging | None) -> Incident | None:
    if belonging is None:
        return None
    named = belonging.incident
    return Incident(id=named.id, title=named.title, state="open", reports=belonging.reports, hidden=belonging.hidden)


def _message(entry: Entry) -> Message:
    return Message(
        id=entry.id, direction="in" if entry.kind == "inbound" else "out", at=entry.at, author=entry.author,
        channel=entry.channel, account=entry.account, body=entry.body, mine=entry.mine, unanswered=entry.unanswered,
        delivery=delivery(entry.delivery) if entry.delivery else None,
        mentions=[place_answers.mention(one) for one in entry.mentions],
    )


def delivery(state: DeliveryState) -> Delivery:
    """The state of an answer's sending."""
    return Delivery.model_validate(state)


def ledger(counted: Counted) -> Ledger:
    """The ledger with its difference."""
    return Ledger.model_validate(counted)


def stats(figures: Figures) -> Stats:
    """The figures."""
    return Stats(**{**vars(figures), "places": [place_answers.count(one) for one in figures.places]})
