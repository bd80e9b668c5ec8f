"""The history: one long evening produces every kind of event, and no event holds a word or an address of a citizen."""

from __future__ import annotations

import json
from datetime import timedelta

from channels.base import DeliveryUpdate
from tests.scene import CITIZEN, Scene
from triage import clock, passwords
from triage.actions import (
    accounts,
    answering,
    assignments,
    closing,
    copies,
    deliveries,
    doubt,
    inbound,
    incidents,
    ingest,
    journal,
    leases,
    notes,
    observers,
    people,
    relating,
    repeats,
    replies,
    routing,
    sessions,
    splitting,
    teams,
    tokens,
    written,
)
from triage.actions.deliveries import Settlement
from triage.actions.recipients import Recipient, ToMany
from triage.db import db
from triage.events import Kind, after
from triage.models import Account, Delivery, Desk, Match, Message, Operator, Report, Team

SECRET_WORDS = "Umeya kisiwani"
ANOTHER = "+254711000999"


class Evening:
    """People, and the small steps of an evening."""

    def __init__(self, scene: Scene) -> None:
        self.scene = scene
        self.root: Operator = scene.operator("Root", "admin", "coordinator")
        self.maya: Operator = scene.operator("Maya")
        self.report: Report = scene.sms(SECRET_WORDS)
        self.keys = iter(range(100))

    def do(self, *acts: object) -> None:
        """Run each act in its own transaction."""
        for act in acts:
            self.scene.do(act)

    def reply(self, settlement: Settlement | None = None) -> int:
        """Maya answers and it goes as said; the delivery's number."""
        held = self.scene.claim(self.report, self.maya)
        text, key = f"{SECRET_WORDS}?", f"k{next(self.keys)}"
        seen = self.scene.head()
        sent = self.scene.do(lambda: replies.reply(self.report.id, self.maya, held.id, seen, text, key))
        self.scene.carry(settlement)
        return sent.id

    def queue(self) -> None:
        """Everything about who holds it, when and where."""
        report, maya, root = self.report.id, self.maya, self.root
        self.do(lambda: routing.prioritise(report, root, 1), lambda: assignments.claim(report, maya),
                lambda: notes.add(report, maya, SECRET_WORDS), lambda: assignments.release(report, maya),
                lambda: assignments.assign(report, maya.id, root),
                lambda: routing.snooze(report, maya, clock.now() + timedelta(hours=1)),
                lambda: routing.wake(report, maya), lambda: closing.close(report, maya, "actionable"),
                lambda: closing.reopen(report, maya), lambda: assignments.set_shift(maya, "finishing"))

    def outbox(self) -> None:
        """Every end an answer may have."""
        account = db.session.query(Account).filter_by(operator_id=self.maya.id).one()
        done = self.reply()
        self.do(lambda: doubt.apply_update(account.id, self._update(done, "delivered")))
        self.reply(Settlement("rejected", error="unreachable"))
        doubtful = self.reply(Settlement("unknown"))
        self.do(lambda: doubt.decide(doubtful, self.maya, "sent"))
        self.reply(Settlement("account_problem", error="suspended"))
        self.do(lambda: setattr(db.session.merge(account), "limits", [[1, 600]]))
        waiting = self.reply()
        held = db.session.get_one(Delivery, waiting)
        self.do(lambda: setattr(held, "state", "held"), lambda: deliveries.begin_attempt(waiting),
                lambda: replies.undo(waiting, self.maya))

    def _update(self, delivery_id: int, state: str) -> DeliveryUpdate:
        return DeliveryUpdate("sms", "", f"OUT{delivery_id}", state)

    def citizens(self) -> None:
        """STOP and START, a follow-up, a split, an item nobody can read."""
        for text in ("STOP", "START", f"{SECRET_WORDS} again"):
            self.scene.sms(text)
        later = db.session.query(Message).filter(Message.body.like("%again")).one().id
        self.do(lambda: splitting.split(later, self.maya),
                lambda: ingest.receive(journal.Arrival("simulator", "sms", "bad", SECRET_WORDS.encode()), unreadable))
        self.do(lambda: inbound.retry(self.scene.item().id, self.root),
                lambda: observers.name(self.report.id, self.root, observer=True))

    def copies(self) -> None:
        """The same again from somebody else; and it was not the same."""
        again = self.scene.sms(SECRET_WORDS, "+254711000888").id
        self.do(lambda: copies.link(again, self.report.id, self.root), lambda: copies.unlink(again, self.root))
        for who in (ANOTHER, "+254711000777"):
            self.scene.sms("No ballot papers here at all", who)
        asked = db.session.query(Match.id).filter_by(state="suggested").scalar()
        self.do(lambda: relating.reject(asked, self.root))
        self.do(lambda: incidents.link(again, self.report.id, self.root),
                lambda: incidents.rename(self.scene.report(again).incident_id, self.root, SECRET_WORDS),
                lambda: incidents.leave(again, self.root))

    def many(self) -> None:
        """One answer to two people; then others tell the same of what is closed, and it is left so."""
        words = f"{SECRET_WORDS}, the ballot papers ran out and people are leaving the old school"
        first, second = (self.scene.sms(words, f"+25471100055{place}").id for place in range(2))
        held = self.scene.claim(self.scene.report(first), self.maya)
        to = [Recipient(number, held.id) for number in (first, second)]
        asked = ToMany(to, self.scene.head(), f"{SECRET_WORDS}?", "many")
        self.do(lambda: answering.answer_all(asked, self.maya), lambda: closing.close(first, self.maya, "actionable"))
        for place in range(2, 5):
            self.scene.sms(words, f"+25471100055{place}")
        self.do(lambda: repeats.leave_closed(first, self.root))

    def leases(self) -> None:
        """A lease ends; an outage freezes the clocks."""
        other = self.scene.sms(SECRET_WORDS, ANOTHER)
        self.scene.claim(other, self.maya)
        self.do(leases.sweep)
        with self.scene.later(hours=1):
            self.do(leases.sweep, lambda: leases.resume(self.root))
        with self.scene.later(hours=2):
            self.do(lambda: db.session.query(Desk).update({"last_sweep_at": clock.now()}),
                    lambda: db.session.query(Operator).update({"last_seen_at": clock.now()}), leases.sweep)

    def people(self) -> None:
        """Admin's work."""
        added = self.scene.do(lambda: people.add_operator("new@desk.example", "New", ["operator"], actor=self.root))
        hashed, mark = passwords.hashed("a password that is long", "low"), passwords.fingerprint("sid")
        self.do(lambda: people.set_password(added.id, hashed), lambda: sessions.open(added.id, mark, "browser"),
                lambda: people.change(added.id, self.root, people.Changes(capacity=3)), lambda: sessions.end(mark),
                lambda: teams.add_team("Coast", self.root), lambda: accounts.set_rule("sms", "pool", self.root))
        coast = db.session.query(Team).one().id
        told = written.Note("phone", SECRET_WORDS, sender=CITIZEN)
        self.do(lambda: tokens.make(added.id, "program", by=self.root.id), lambda: tokens.end_all(added.id, "password"),
                lambda: written.write_down(told, self.maya, "a key of ours"))
        made = self.scene.do(lambda: accounts.add_account("sms", "+254700000888", can_send=True))
        self.do(lambda: accounts.pause(made.id, self.root), lambda: routing.route(self.report.id, self.root, coast))


def unreadable() -> list:
    """A parser that cannot."""
    raise ValueError(SECRET_WORDS)


def test_an_evening_produces_every_kind_of_event_and_none_holds_a_citizens_word_or_address(scene: Scene) -> None:
    evening = Evening(scene)
    for part in (evening.queue, evening.outbox, evening.citizens, evening.copies, evening.many, evening.leases,
                 evening.people):
        part()
    happened = after(0, 10_000)
    assert sorted({event.kind for event in happened}) == sorted(EVERY)
    written = json.dumps([event.data for event in happened])
    for secret in (SECRET_WORDS, CITIZEN, CITIZEN[-6:], "a password"):
        assert secret not in written


# Named one by one: the house counts a kind as proven when a test names it.
EVERY = {
    Kind.REPORT_OPENED, Kind.REPORT_JOINED, Kind.REPORT_WRITTEN, Kind.TOKEN_MADE, Kind.TOKEN_ENDED,
    Kind.REPORT_REOPENED, Kind.REPORT_CLAIMED, Kind.REPORT_RELEASED,
    Kind.REPORT_ASSIGNED, Kind.REPORT_LEASE_ENDED, Kind.REPORT_CLOSED, Kind.REPORT_SNOOZED, Kind.REPORT_WOKEN,
    Kind.REPORT_ROUTED, Kind.REPORT_PRIORITISED, Kind.REPORT_SPLIT, Kind.REPORT_LINKED, Kind.REPORT_UNLINKED,
    Kind.MATCH_DECIDED, Kind.REPORT_GROUPED, Kind.REPORT_UNGROUPED, Kind.INCIDENT_RENAMED,
    Kind.NOTE_ADDED, Kind.REPLY_ACCEPTED, Kind.REPLY_SHARED, Kind.REPORT_REPEATED, Kind.REPORT_LEFT_CLOSED,
    Kind.REPLY_CANCELLED, Kind.DELIVERY_DEFERRED, Kind.DELIVERY_STARTED, Kind.DELIVERY_RETRIED, Kind.DELIVERY_SENT,
    Kind.DELIVERY_DELIVERED, Kind.DELIVERY_FAILED, Kind.DELIVERY_UNCERTAIN, Kind.DELIVERY_DECIDED,
    Kind.ACKNOWLEDGEMENT_QUEUED, Kind.CONTACT_STOPPED, Kind.CONTACT_STARTED, Kind.CONTACT_OBSERVER,
    Kind.INBOUND_QUARANTINED,
    Kind.INBOUND_RETRIED, Kind.OPERATOR_ADDED, Kind.OPERATOR_CHANGED, Kind.OPERATOR_SHIFT, Kind.PASSWORD_SET,
    Kind.SESSION_ENDED, Kind.TEAM_CHANGED, Kind.ACCOUNT_ADDED, Kind.ACCOUNT_CHANGED, Kind.ACCOUNT_TROUBLED,
    Kind.SENDER_RULE_SET, Kind.LEASES_FROZEN, Kind.LEASES_RESUMED,
}
