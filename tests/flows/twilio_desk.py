"""A real desk whose numbers stand at the fake Twilio: it sends there over HTTP, and is called from there, signed."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from sqlalchemy import NullPool, create_engine, text

import config
from tests.fakes.twilio.process import Twilio
from tests.faults.browser import Browser
from tests.patience import until
from tests.scene import Scene
from tests.served import Served
from tests.visitor import PASSWORD
from triage import passwords
from triage.db import db

LINE, MAYAS, WHATSAPP = "+254700100100", "+254700100101", "+254700100102"


def at_twilio(settings: config.Settings, twilio: Twilio, **changed: Any) -> config.Settings:
    """The settings of a desk that uses this Twilio."""
    return replace(settings, twilio_account_sid=twilio.account, twilio_auth_token=twilio.token,
                   twilio_api_base=twilio.address, undo_seconds=0, desk_languages=("en", "es"), **changed)


def furnish(scene: Scene) -> None:
    """A line for texts and calls, a WhatsApp number, and Maya with a number of her own."""
    maya = scene.operator("Maya", capacity=1000)
    scene.do(lambda: setattr(maya, "password_hash", passwords.hashed(PASSWORD, "low")))
    scene.account("sms", LINE, can_send=True, provider="twilio")
    scene.account("voice", LINE, provider="twilio")
    scene.account("whatsapp", WHATSAPP, can_send=True, provider="twilio")
    scene.account("sms", MAYAS, can_send=True, operator=maya, provider="twilio")
    # The number a scene gives everybody is the simulator's; here nothing may leave by that.
    scene.do(lambda: [setattr(own, "can_send", own.provider == "twilio") for own in scene.accounts_of(maya)])
    db.session.remove()


class TwilioDesk:
    """The server runs; Maya is signed in."""

    def __init__(self, settings: config.Settings, twilio: Twilio) -> None:
        self.served = Served(settings)
        self.settings, self.twilio = self.served.settings, twilio
        self.maya = Browser(self.served.address)
        self._engine = create_engine(settings.database_url, poolclass=NullPool)

    def open(self, **environ: str) -> TwilioDesk:
        """Start the server; Twilio knows where to call, or that it shall not."""
        self.served.start(**environ)
        hooks = f"{self.settings.public_url}/hooks/twilio"
        for number in (LINE, MAYAS, f"whatsapp:{WHATSAPP}"):
            called = {"sms_url": f"{hooks}/sms", "voice_url": f"{hooks}/voice", "status_callback": f"{hooks}/voice"}
            self.twilio.add_number(number, **(dict.fromkeys(called, "") if self.settings.poll_only else called))
        self.maya.sign_in("maya@desk.example")
        return self

    def close(self) -> None:
        """The end."""
        self.served.kill()
        self.twilio.works_again()
        self._engine.dispose()

    def ask(self, query: str, **values: object) -> list[Any]:
        """Rows of the desk's database, as they stand now."""
        with self._engine.connect() as connection:
            return [tuple(row) for row in connection.execute(text(query), values)]

    def one(self, query: str, **values: object) -> Any:
        """The first column of the first row; None where there is none."""
        rows = self.ask(query, **values)
        return rows[0][0] if rows else None

    def ages(self) -> None:
        """Everything that waits to be read has waited for years."""
        waits = text("UPDATE inbound SET received_at = :at, due_at = :at WHERE state = 'received'")
        with self._engine.begin() as connection:
            connection.execute(waits, {"at": "2000-01-01 00:00:00+00:00"})

    def report(self) -> int:
        """The newest report, once it is there."""
        assert until(lambda: self.one("SELECT max(id) FROM reports") is not None)
        return int(self.one("SELECT max(id) FROM reports"))

    def holds(self, citizen: str, words: str) -> int:
        """Somebody writes to the line, hears that it has come, and Maya takes it: the report."""
        self.twilio.write(citizen, LINE, words)
        report = self.report()
        assert until(lambda: len(self.twilio.ledger.accepted(citizen)) == 1)
        self.twilio.settle()
        self.maya.take(report)
        return report

    def page(self, path: str) -> str:
        """What Maya reads there."""
        answer = self.maya.get(path)
        assert answer is not None
        assert answer.ok, answer.text
        return answer.text

    def answers(self, report: int, words: str) -> None:
        """Maya answers a report that she holds."""
        form = self.maya.form(report)
        assert form is not None
        assert self.maya.reply(report, form, words) in (200, 302, 303), self.maya.log[-1]

    def becomes(self, state: str) -> bool:
        """Whether the newest answer comes to this state."""
        query = "SELECT state FROM deliveries WHERE purpose = 'reply' ORDER BY id DESC LIMIT 1"
        return until(lambda: self.one(query) == state)
