"""A desk on PostgreSQL and Redis: web nodes and workers as real processes, one operator, and a look at everything."""

from __future__ import annotations

import itertools
import time
from dataclasses import replace
from pathlib import Path

from flask import Flask
from sqlalchemy import or_, select

from channels.simulator import Store
from config import Settings
from tests.conftest import dispose, make_settings
from tests.faults.browser import Browser
from tests.patience import until
from tests.scene import Scene, unsigned
from tests.served import Served, Worker
from tests.servers import Postgres, Redis
from tests.visitor import PASSWORD
from triage import passwords
from triage.app import create_app
from triage.db import db
from triage.models import Delivery, DeliveryAttempt, Message, Operator, Report


class Nodes:
    """Started as a whole, and ended as a whole. `attempt_seconds` is short, so that leases end while a test waits."""

    def __init__(self, folder: Path, postgres: Postgres, template: str, redis: Redis, **changes: object) -> None:
        self.postgres, self.redis = postgres, redis
        self._name = postgres.create(template)
        values = {"database_url": postgres.url(self._name), "redis_url": redis.url, "attempt_seconds": 4,
                  "acknowledge": False, **changes}
        self.settings: Settings = make_settings(folder, **values)
        self.app: Flask = create_app(replace(self.settings, redis_url=None))
        self._context = self.app.app_context()
        self._context.push()
        self.scene = Scene()
        self.store = Store(self.settings.simulator_path)
        self.maya = self._person("Maya")
        self.nodes: list[Served] = []
        self.workers: list[Worker] = []
        self._numbers = itertools.count(100)

    def _person(self, name: str) -> Operator:
        one = self.scene.operator(name, capacity=1000)
        self.scene.do(lambda: setattr(one, "password_hash", passwords.hashed(PASSWORD, "low")))
        return one

    def node(self) -> Served:
        """One web node more."""
        self.nodes.append(Served(self.settings).start())
        return self.nodes[-1]

    def worker(self, *options: str, **environ: str) -> Worker:
        """One worker more."""
        self.workers.append(Worker(self.settings, f"worker-{next(self._numbers)}").start(*options, **environ))
        return self.workers[-1]

    def no_workers(self) -> None:
        """Every worker ends, without a word."""
        while self.workers:
            self.workers.pop().kill()

    def close(self) -> None:
        """The end of everything that was started here."""
        for program in (*self.workers, *self.nodes):
            program.kill()
        dispose(self.app)
        self._context.pop()
        self.postgres.drop(self._name)

    # doing

    def signed_in(self, node: Served) -> Browser:
        """Maya at a node."""
        browser = Browser(node.address)
        browser.sign_in(self.maya.email)
        return browser

    def held(self) -> Report:
        """A report of a new citizen, in Maya's hands."""
        report = self.scene.sms("The door is closed.", self.citizen(), name=f"SM{next(self._numbers)}")
        self.scene.claim(report, self.maya)
        return report

    def citizen(self) -> str:
        """A telephone number that nobody has had."""
        return f"+254711{next(self._numbers):06d}"

    def answers(self, browser: Browser, report: Report, text: str) -> float:
        """Maya answers over HTTP, which must be accepted; the seconds until she is told so."""
        number = report.id
        db.session.rollback()  # what is read here must not stay open for as long as a fault lasts
        form = browser.form(number)
        assert form is not None, browser.log[-1]
        begun = time.monotonic()
        assert browser.reply(number, form, text) in (200, 302, 303), browser.log[-1]
        return time.monotonic() - begun

    # looking

    def delivery(self, text: str) -> Delivery:
        """Where the answer with these words stands."""
        db.session.rollback()
        query = select(Delivery).join(Message, Message.id == Delivery.message_id).where(
            or_(Message.body == text, Message.body.startswith(f"{text}\n- ")))
        return db.session.scalars(query.execution_options(populate_existing=True)).one()

    def state(self, text: str) -> str:
        """The state of the answer with these words."""
        return self.delivery(text).state

    def ends(self, text: str, *states: str, seconds: float = 60.0) -> bool:
        """Wait until the answer is in one of these states; whether it came to that in time."""
        return until(lambda: self.state(text) in states, seconds)

    def attempts(self, text: str) -> int:
        """How often its sending was begun."""
        number = self.delivery(text).id
        query = select(DeliveryAttempt.id).where(DeliveryAttempt.delivery_id == number)
        return len(db.session.scalars(query).all())

    def arrived(self, text: str) -> int:
        """How often it came to the citizen's phone, by the carrier's own ledger."""
        return [unsigned(one.text) for one in self.store.accepted()].count(text)
