"""The loop that asks providers: what has come, and what became of answers in doubt. No webhook is needed for either."""

from __future__ import annotations

import random

from flask import Flask

from triage import logs
from triage.db import db
from triage.queries import asking
from triage.workers import doubt, poll
from triage.workers.loop import Loop
from triage.workers.senders import Senders

log = logs.logger(__name__)

POLLERS, DOUBTERS = 4, 4
EARLIEST, LATEST = 0.5, 1.5  # seconds between two looks: nodes and accounts that began together drift apart


class AskLoop(Loop):
    """Looks once a second whose turn it is; each is asked in a thread, and never twice at once in this process."""

    def __init__(self, app: Flask) -> None:
        super().__init__(self._run)
        self._app = app
        self._polls = Senders(app, POLLERS, poll.poll)
        self._doubts = Senders(app, DOUBTERS, doubt.ask)

    def start(self) -> None:
        """Begin."""
        for threads in (self._polls, self._doubts):
            threads.start()
        super().start()

    def stop(self, seconds: float = 5.0) -> None:
        """End, within `seconds`; what is being asked is asked again later."""
        super().stop(seconds)
        for threads in (self._polls, self._doubts):
            threads.stop(0)  # nobody need wait for an answer that only tells

    def _run(self) -> None:
        while not self._ending.wait(random.uniform(EARLIEST, LATEST)):  # noqa: S311 - spreads load, protects nothing
            try:
                self._look()
            except Exception:
                log.exception("asking.failed")

    def _look(self) -> None:
        with self._app.app_context():
            accounts, doubts = poll.due(), asking.doubts_due()
            db.session.remove()
        for account_id in accounts:
            self._polls.send(account_id)
        for delivery_id in doubts:
            self._doubts.send(delivery_id)
