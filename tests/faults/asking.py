"""What the tests of asking share: a desk at the fake Twilio that is one process on either database, and its ledger."""

from __future__ import annotations

from dataclasses import replace

import config
from tests.fakes.twilio.process import Twilio
from tests.fakes.twilio.scripts import Callback
from tests.flows.twilio_desk import LINE, TwilioDesk, at_twilio
from tests.served import PATIENCE, Program

SILENT = (Callback("sent", withheld=True), Callback("delivered", withheld=True))


def alone(settings: config.Settings, twilio: Twilio, **changed: object) -> config.Settings:
    """The settings of such a desk: it asks every second, and says nothing by itself."""
    values = {"demo": False, "acknowledge": False, "attempt_seconds": 2, "poll_seconds": 1, **changed}
    return replace(at_twilio(settings, twilio), redis_url=None, **values)  # type: ignore[arg-type]  # its own fields


class Poller(Program):
    """`flask triage poll --once`, in a process of its own."""

    def ask(self, point: str = "") -> int:
        """Ask for every account; the status it left with, negative where it died at `point`."""
        self._run("flask", "triage", "poll", "--once", TRIAGE_CRASHPOINT=point)
        assert self._process is not None
        status = self._process.wait(PATIENCE)
        self._process = None
        return status


def asked_to_send(desk: TwilioDesk, person: str) -> int:
    """How many requests to send something to this person Twilio has had."""
    asked = desk.twilio.ledger.requests()
    return sum(one["method"] == "POST" and ["To", person] in [list(pair) for pair in one["form"]] for one in asked)


def take_a_report(desk: TwilioDesk, person: str) -> tuple[int, dict[str, str]]:
    """Somebody writes, Maya takes it: the report and the form to answer with.

    It need not be the newest: the first poll finds what was written to this number in other tests, too.
    """
    written = desk.twilio.write(person, LINE, "Kituo 14 kimefungwa mapema.")
    assert written["heard"] == [200]
    report = int(desk.one("SELECT report_id FROM messages WHERE external_id = :sid", sid=written["sid"]))
    desk.maya.take(report)
    form = desk.maya.form(report)
    assert form is not None
    return report, form
