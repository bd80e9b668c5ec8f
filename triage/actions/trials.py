"""A test of an account: one sentence to somebody of ours, along the very way every answer takes.

It stands on a report of its own that is closed from the beginning, so that nothing of it waits for anybody
(docs/decisions/025-a-test-is-a-closed-report.md).
"""

from __future__ import annotations

from flask_babel import force_locale, gettext
from sqlalchemy import select

from triage import clock, connections, context, events
from triage.actions import accounts, contacts, outbox
from triage.db import db
from triage.errors import N_, BadInput, NotFound, OptedOut
from triage.events import Kind
from triage.models import Account, Delivery, Message, Operator, Report
from triage.queries.accounts import trial_thread

SENDS_NOTHING = N_("This account only receives: there is nothing to test by sending.")
PAUSED = N_("This account is paused. Resume it, then test it.")
PUBLIC = N_("On a public network a test would be a post for everybody to read. Answer a report instead.")


def send_test(account_id: int, to: str, key: str, actor: Operator | None = None) -> int:
    """Put a test message to the address `to` into the outbox; the number of its delivery.

    It counts against the account's limits and its stop level like any message, and does not leave for who said
    STOP. The same `key` again sends nothing more. `actor` None is the command line. BadInput, OptedOut, NotFound.
    """
    accounts.may(actor)
    account = db.session.get(Account, account_id)
    if account is None:
        raise NotFound
    _check(account)
    kind = connections.capabilities(account.channel, account.provider).address_kind
    person = contacts.find_or_make(kind, to)  # locked first: contact, report, delivery is the order
    if person.opted_out_at is not None:
        raise OptedOut
    dedupe_key = f"{trial_thread(account.id)}:{key}"
    return _earlier(dedupe_key) or _put(account, person.id, dedupe_key, actor)


def _check(account: Account) -> None:
    if not account.can_send:
        raise BadInput(SENDS_NOTHING, "to")
    if account.paused_at is not None:
        raise BadInput(PAUSED, "to")
    if connections.capabilities(account.channel, account.provider).is_public:
        raise BadInput(PUBLIC, "to")


def _earlier(dedupe_key: str) -> int | None:
    found = select(Delivery.id).join(Message, Message.id == Delivery.message_id)
    return db.session.scalar(found.where(Message.dedupe_key == dedupe_key))


def _put(account: Account, contact_id: int, dedupe_key: str, actor: Operator | None) -> int:
    report = _report(account, contact_id)
    message = Message(
        report_id=report.id, contact_id=contact_id, account_id=account.id, channel=account.channel, direction="out",
        body=_words(), recorded_at=clock.now(), dedupe_key=dedupe_key,
    )
    db.session.add(message)
    db.session.flush()
    delivery = outbox.add(message, "test", None, 0)
    events.record(Kind.ACCOUNT_TESTED, report.id, actor.id if actor else None, account=account.id,
                  delivery=delivery.id)
    return delivery.id


def _report(account: Account, contact_id: int) -> Report:
    now = clock.now()
    report = Report(
        contact_id=contact_id, channel=account.channel, account_id=account.id, thread_key=trial_thread(account.id),
        status="closed", outcome="not_actionable", reason="test", received_at=now, closed_at=now,
    )
    db.session.add(report)
    db.session.flush()
    return report


def _words() -> str:
    settings = context.settings()
    with force_locale(settings.desk_languages[0]):
        return str(gettext("This is a test of %(desk)s. You need not answer.", desk=settings.desk_name))
