"""A scene to play on: people with their accounts, citizens who write, and the outbox carried by hand."""

from __future__ import annotations

import itertools
import json
from datetime import datetime, timedelta
from unittest import mock

from sqlalchemy import select

from channels.base import InboundMessage
from triage import clock, events
from triage.actions import accepting, assignments, comparing, ingest, journal
from triage.actions.deliveries import Settlement, begin_attempt, settle
from triage.db import db, run_in_transaction
from triage.models import Account, Assignment, Delivery, Event, InboundItem, Message, Operator, Report
from triage.queries import candidates, outbox, reports

INTAKE = "+254700000100"
CITIZEN = "+254711000523"


def unsigned(text: str) -> str:
    """A text without the line that says who wrote it."""
    return text.partition("\n- ")[0]


class Scene:
    """Short words for what tests need done; every write goes through the real actions."""

    def __init__(self) -> None:
        self._ids = itertools.count(1)
        self.sent: list[tuple[str, str, str]] = []  # from, to, text: what left by `carry`
        self.intake = self.account("sms", INTAKE, can_send=True)

    # people and accounts

    def operator(self, name: str, *roles: str, capacity: int = 8, number: str | None = None,
                 shift: str = "taking", **more: object) -> Operator:
        """A person with a secondary number of their own."""
        operator = Operator(
            email=f"{name.lower()}@desk.example", name=name, public_name=name, capacity=capacity, shift=shift,
            roles=frozenset(roles or ("operator",)), created_at=clock.now(), last_seen_at=clock.now(), **more,
        )
        self.do(lambda: db.session.add(operator))
        self.account("sms", number or f"+2547000002{operator.id:02d}", can_send=True, operator=operator)
        return operator

    def account(self, channel: str, address: str, *, can_send: bool = False, operator: Operator | None = None,
                limits: list[list[int]] | None = None, provider: str = "simulator") -> Account:
        """An account; a secondary one with `operator`."""
        account = Account(
            channel=channel, provider=provider, address=address, can_receive=True, can_send=can_send,
            operator_id=operator.id if operator else None, limits=limits or [[1000, 60]], created_at=clock.now(),
        )
        self.do(lambda: db.session.add(account))
        return account

    def accounts_of(self, operator: Operator) -> list[Account]:
        """Their own accounts."""
        return list(db.session.scalars(select(Account).where(Account.operator_id == operator.id)))

    # citizens

    def sms(self, text: str, sender: str = CITIZEN, *, to: str = INTAKE, name: str | None = None) -> Report:
        """A text message arrives; the report it is on."""
        return self.arrives(self.message(text, sender, to=to, name=name))

    def message(self, text: str, sender: str = CITIZEN, *, to: str = INTAKE, name: str | None = None) -> InboundMessage:
        """A text message as the simulator's adapter would give it."""
        return InboundMessage("sms", to, name or f"SM{next(self._ids)}", sender, text)

    def post(self, text: str, handle: str = "@rosa@social.example", **more: object) -> Report:
        """A public post arrives; the report it is on."""
        uri = f"https://social.example/{next(self._ids)}"
        values = {"thread_key": f"mastodon:{uri}", **more}
        return self.arrives(InboundMessage("mastodon", "@harbour@social.example", uri, handle, text, **values))

    def arrives(self, message: InboundMessage, provider: str = "simulator") -> Report:
        """A message enters as a webhook would bring it; the report it is on."""
        body = json.dumps({"id": message.external_id, "text": message.text}).encode()
        arrival = journal.Arrival(provider, message.channel, message.external_id, body)
        self.do(lambda: ingest.receive(arrival, lambda: [message]))
        self.compare()
        found = db.session.scalar(select(Message).where(Message.external_id == message.external_id))
        return self.report(found.report_id if found else self.newest().id)

    def compare(self) -> None:
        """What came is compared, as a running desk does at once."""
        for number in candidates.waiting():
            self.do(lambda number=number: comparing.compare(number))

    def newest(self) -> Report:
        """The report opened last."""
        return db.session.scalars(select(Report).order_by(Report.id.desc()).limit(1)).one()

    def item(self) -> InboundItem:
        """The journalled item that came last."""
        return db.session.scalars(select(InboundItem).order_by(InboundItem.id.desc()).limit(1)).one()

    # doing and looking

    def do(self, fn: object) -> object:
        """Run an action in its transaction."""
        return run_in_transaction(fn)

    def report(self, report_id: int) -> Report:
        """The report as it stands in the database now."""
        db.session.rollback()  # end the read snapshot: other processes may have written
        return db.session.get_one(Report, report_id, populate_existing=True)

    def holder(self, report: Report) -> str | None:
        """The public name of who holds a report."""
        db.session.rollback()
        held = db.session.scalar(select(Assignment).where(Assignment.report_id == report.id,
                                                          Assignment.ended_at.is_(None)))
        return db.session.get_one(Operator, held.operator_id).public_name if held else None

    def claim(self, report: Report, operator: Operator) -> Assignment:
        """The operator takes the report, which was compared."""
        self.compare()
        return run_in_transaction(lambda: assignments.claim(report.id, operator))

    def seen(self, report: Report, operator: Operator) -> int:
        """The event number the operator's page of this report shows now."""
        return reports.view(report.id, operator).seq

    def kinds(self, report: Report | None = None) -> list[str]:
        """The kinds of event so far, of one report or of the whole desk."""
        query = select(Event.kind).order_by(Event.seq)
        return list(db.session.scalars(query.where(Event.report_id == report.id) if report else query))

    def delivery(self, delivery: Delivery) -> Delivery:
        """The delivery as it stands now."""
        return db.session.get_one(Delivery, delivery.id, populate_existing=True)

    def carry(self, settlement: Settlement | None = None) -> int:
        """Send everything due, as a worker would, each with this outcome (default: accepted); how many left."""
        left = 0
        for delivery_id in outbox.due():
            order = run_in_transaction(lambda number=delivery_id: begin_attempt(number))
            if order is None:
                continue
            left += 1
            account = db.session.get(Account, order.account_id) if order.account_id else None
            self.sent.append((account.address if account else "web", order.message.recipient, order.message.text))
            outcome = settlement or Settlement("accepted", provider_id=f"OUT{order.attempt_id}")
            if not accepting.settle(order.attempt_id, outcome):
                run_in_transaction(lambda number=order.attempt_id, how=outcome: settle(number, how))
        return left

    def later(self, **span: float) -> mock._patch:
        """A context in which the clock shows a later time, as `timedelta(**span)` says."""
        return later(timedelta(**span))

    def head(self) -> int:
        """The highest event number."""
        db.session.rollback()
        return events.head()


def later(span: timedelta) -> mock._patch:
    """A context in which `clock.now()` is ahead by `span`: the clock is the only source of time."""
    real = clock.now

    def ahead() -> datetime:
        return real() + span

    return mock.patch.object(clock, "now", ahead)

