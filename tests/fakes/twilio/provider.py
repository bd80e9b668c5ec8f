"""The fake as a whole: its file, its description, its messenger, and who its accounts are."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from tests.fakes.twilio import resources, shapes
from tests.fakes.twilio.description import Description, official
from tests.fakes.twilio.file import File, moment
from tests.fakes.twilio.hooks import Messenger, Step
from tests.fakes.twilio.resources import Resource

RANKS = {"accepted": 0, "scheduled": 0, "queued": 1, "sending": 2, "sent": 3, "delivered": 4, "undelivered": 4,
         "failed": 4, "read": 5}


@dataclass
class Provider:
    """Everything a request may need. `base` is the address of the fake itself."""

    file: File
    base: str
    messenger: Messenger
    description: Description = field(default_factory=official)
    clock: Callable[[], float] = moment
    cdn: str = ""  # the host that files lie at, where that is another one

    def account(self, sid: str) -> Resource | None:
        """An account by its sid."""
        return resources.find(self.file, resources.ACCOUNTS, sid)

    def token(self, account: str) -> str:
        """What an account's requests and webhooks are signed with."""
        found = self.account(account)
        return str(found["auth_token"]) if found else ""


def note_status(file: File, step: Step) -> None:
    """The message is shown as it now is: a status never goes back, in whatever order the callbacks leave."""
    found = resources.find(file, resources.MESSAGES, step.about) if step.status else None
    if found is None or RANKS[step.status] < RANKS.get(found["status"], 0):
        return
    sent = {} if found["date_sent"] or RANKS[step.status] < RANKS["sent"] else {"date_sent": shapes.dated(moment())}
    resources.change(file, step.about, status=step.status, error_code=step.code, **sent)
