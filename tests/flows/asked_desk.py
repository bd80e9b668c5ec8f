"""A desk in the test's own process whose one number stands at the fake Twilio, which brings nothing by itself."""

from __future__ import annotations

import itertools
from datetime import timedelta
from typing import Any

from flask.testing import FlaskClient
from sqlalchemy import func, select

from channels.twilio_client import status_callback
from tests.channels.twilio_bench import form, sms, status
from tests.fakes.twilio.ledger import Entry
from tests.fakes.twilio.process import Twilio
from tests.scene import Scene
from triage import context
from triage.db import db
from triage.models import Account, Delivery
from triage.queries import outbox
from triage.workers.deliver import deliver
from triage.workers.poll import poll

NOW = timedelta()
numbers = itertools.count(1)


class AskedDesk:
    """The desk, its number (`ours`), somebody outside (`theirs`)."""

    def __init__(self, scene: Scene, twilio: Twilio, client: FlaskClient) -> None:
        number = next(numbers)
        self.scene, self.twilio, self.client = scene, twilio, client
        self.ours, self.theirs = f"+2547004{number:05}", f"+4477005{number:05}"
        self.number = scene.account("sms", self.ours, can_send=True, provider="twilio").id
        twilio.add_number(self.ours)
        self.poll()  # from here on

    def poll(self) -> int:
        """Ask once; how much was news."""
        found = poll(self.number, NOW)
        db.session.rollback()
        return found

    def row(self) -> Account:
        """The account as it stands now."""
        db.session.rollback()
        return db.session.get_one(Account, self.number, populate_existing=True)

    def count(self, model: Any, *conditions: Any) -> int:
        """How many rows a table has."""
        db.session.rollback()
        return db.session.scalar(select(func.count()).select_from(model).where(*conditions)) or 0

    def writes(self, text: str, **how: Any) -> str:
        """Somebody writes, and Twilio brings nothing; the message's sid."""
        return str(self.twilio.write(self.theirs, self.ours, text, withheld=True, **how)["sid"])

    def brings(self, sid: str, text: str) -> int:
        """The webhook of a message, signed; the status it heard."""
        values = sms(MessageSid=sid, SmsSid=sid, From=self.theirs, To=self.ours, Body=text)
        return self._bring("/hooks/twilio/sms", values)

    def reports(self, sid: str, word: str, reference: str) -> int:
        """The callback of something we sent, signed; the status it heard."""
        about = status(word, MessageSid=sid, SmsSid=sid, From=self.ours, To=self.theirs)
        return self._bring(status_callback("/hooks/twilio/status", reference), about)

    def _bring(self, path: str, values: dict[str, str]) -> int:
        request = form(context.settings().public_url + path, values)
        return int(self.client.post(path, data=request.body, headers=dict(request.headers)).status_code)

    def sends(self) -> int:
        """Everything due leaves; how many tries."""
        return sum(deliver(number) for number in outbox.due())

    def accepted(self) -> list[Entry]:
        """What the ledger says was sent to our person."""
        return self.twilio.ledger.accepted(self.theirs)

    def delivery(self) -> Delivery:
        """The newest answer as it stands now."""
        db.session.rollback()
        newest = select(Delivery).order_by(Delivery.id.desc()).limit(1)
        return db.session.scalars(newest.execution_options(populate_existing=True)).one()
