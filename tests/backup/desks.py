"""A desk in the middle of an evening, and a picture of it to compare."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from flask import Flask
from sqlalchemy import func, select

import config
from tests.conftest import dispose
from tests.scene import Scene
from triage import clock, context
from triage.actions import invitations, replies, sessions, tokens
from triage.actions.deliveries import begin_attempt
from triage.app import create_app
from triage.db import db
from triage.models import (
    ApiToken,
    Contact,
    Delivery,
    Event,
    Invitation,
    Message,
    Report,
    StaffSession,
)
from triage.models import (
    Desk as DeskRow,
)


@dataclass(frozen=True)
class Picture:
    """What is compared before and after."""

    reports: list[Any]
    messages: list[Any]
    contacts: list[str]
    kinds: list[str]
    states: dict[str, int]
    sessions: int
    invitations: int
    tokens: int
    frozen: str | None


class Desk:
    """The desk of the application in force."""

    def __init__(self, scene: Scene) -> None:
        self.scene = scene

    def lives(self) -> None:
        """Answers sent, waiting, and cut in the middle; somebody signed in, invited, and with a token."""
        scene, maya = self.scene, self.scene.operator("Maya", "operator", "coordinator")
        first, second, third = [self._held(maya, f"+25471100000{number}") for number in (1, 2, 3)]
        self._answers(maya, *first)
        scene.carry()
        self._answers(maya, *second)
        cut = self._answers(maya, *third)
        scene.do(lambda: begin_attempt(cut))
        scene.sms("Who is there?", "+254711000004")  # its acknowledgement waits
        number = maya.id
        scene.do(lambda: sessions.open(number, "0" * 64, "a browser"))
        scene.do(lambda: invitations.invite(number))
        scene.do(lambda: tokens.make(number, "a program"))
        db.session.remove()

    def _held(self, maya: Any, sender: str) -> tuple[int, int]:
        """A citizen writes and is acknowledged, Maya takes the report; its number and the fence."""
        report = self.scene.sms(f"No ink, says {sender}", sender)
        held = self.scene.claim(report, maya)
        self.scene.carry()
        return report.id, held.id

    def _answers(self, maya: Any, number: int, fence: int) -> int:
        """Maya answers; the answer's delivery."""
        seen = self.scene.seen(self.scene.report(number), maya)
        made = self.scene.do(lambda: replies.reply(number, maya, fence, seen, "Which station is it?", f"key {number}"))
        return int(made.id)

    def spools(self, text: str) -> None:
        """Something waits outside the database."""
        context.spool().put(text.encode(), clock.now())

    def picture(self) -> Picture:
        """The desk as it is now."""
        db.session.remove()
        ring = context.keyring()
        reports = select(Report.id, Report.status, Report.received_at).order_by(Report.id)
        messages = select(Message.id, Message.direction, Message.body, Message.dedupe_key).order_by(Message.id)
        people = db.session.scalars(select(Contact).order_by(Contact.id))
        states = select(Delivery.state, func.count()).group_by(Delivery.state)
        picture = Picture(
            reports=[tuple(row) for row in db.session.execute(reports)],
            messages=[tuple(row) for row in db.session.execute(messages)],
            contacts=[ring.open(one.address_sealed, one.address_context) for one in people],
            kinds=list(db.session.scalars(select(Event.kind).order_by(Event.seq))),
            states={row[0]: row[1] for row in db.session.execute(states)},
            sessions=self._number(StaffSession), invitations=self._number(Invitation, Invitation.used_at.is_(None)),
            tokens=self._number(ApiToken, ApiToken.ended_at.is_(None)),
            frozen=db.session.get_one(DeskRow, 1).freeze_reason,
        )
        db.session.remove()  # nobody is kept waiting, and PostgreSQL ends whoever dawdles
        return picture

    def _number(self, model: Any, *conditions: Any) -> int:
        return db.session.scalar(select(func.count()).select_from(model).where(*conditions)) or 0


@contextmanager
def opened(settings: config.Settings) -> Iterator[Flask]:
    """An application on another desk, in force for the block."""
    app = create_app(settings)
    with app.app_context():
        yield app
        dispose(app)
