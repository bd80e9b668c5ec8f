"""What people and providers bring to our doors, in a form that can wait outside the database.

Each kind carries everything needed to be taken in later exactly as it would have been at once, and
taking it in twice changes nothing. `pack` and `unpack` turn it into bytes and back.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta

from channels.base import InboundMessage
from triage import clock
from triage.actions import citizens, ingest, journal
from triage.errors import N_, NotFound

# The report that added words belong to may still be slowed down, or wait on another machine.
PATIENCE = timedelta(hours=1)
NO_REPORT = N_("It was added to a report that is not here.")


class NotYet(Exception):
    """What this belongs to is not there yet: come again."""


@contextmanager
def _waiting_for_a_report(since: datetime) -> Iterator[None]:
    try:
        yield
    except NotFound:
        if clock.now() - since < PATIENCE:
            raise NotYet from None
        raise


@dataclass(frozen=True)
class Hook:
    """A raw item a provider brought to a webhook, its signature verified."""

    provider: str
    channel: str
    external_key: str | None
    body: bytes
    content_type: str
    received_at: datetime
    url: str = ""  # as it was signed: its query may say what the body does not

    def take_in(self) -> None:
        """Journal and understand it."""
        ingest.take_in([self.raw()])

    def raw(self) -> journal.Arrival:
        """What the journal keeps of it."""
        return journal.Arrival(self.provider, self.channel, self.external_key, self.body, self.content_type,
                              received_at=self.received_at, url=self.url)


@dataclass(frozen=True)
class Form:
    """A citizen's report from the web form, under the receipt they were given."""

    message: InboundMessage
    receipt_key: str
    due_at: datetime | None
    received_at: datetime

    def take_in(self) -> None:
        """Keep it under its receipt and read it when its time has come."""
        citizens.report(self.message, self.receipt_key, self.due_at, self.received_at)

    def raw(self) -> journal.Arrival:
        """What the journal keeps of it."""
        return journal.Arrival("web", "web", str(self.message.external_id), ingest.form_body(self.message),
                              receipt_key=self.receipt_key, received_at=self.received_at)


@dataclass(frozen=True)
class Words:
    """What a citizen added at /back to the report of their receipt; `token` names it for ever."""

    receipt_key: str
    text: str
    token: str
    due_at: datetime | None
    urgent: bool
    received_at: datetime

    def take_in(self) -> None:
        """Add it. Raises NotYet while there is no such report, NotFound when that has lasted long."""
        with _waiting_for_a_report(self.received_at):
            citizens.answer(self.receipt_key, self.text, self.token, self.due_at, urgent=self.urgent,
                            received_at=self.received_at)

    def raw(self) -> journal.Arrival:
        """What the journal keeps of it: words of their own, which open a report if they are tried again."""
        message = InboundMessage("web", "", self.token, None, self.text, urgent=self.urgent)
        return journal.Arrival("web", "web", self.token, ingest.form_body(message), received_at=self.received_at)


@dataclass(frozen=True)
class Stop:
    """A citizen at /back wants nobody to write to them any more."""

    receipt_key: str
    received_at: datetime

    def take_in(self) -> None:
        """Obey. Raises NotYet while there is no report that says whom not to write to, then NotFound."""
        with _waiting_for_a_report(self.received_at):
            citizens.opt_out(self.receipt_key)

    def raw(self) -> journal.Arrival:
        """What the journal keeps of it."""
        return journal.Arrival("web", "web", f"stop.{self.receipt_key}", b"{}", received_at=self.received_at)


Arrived = Hook | Form | Words | Stop


def take_in(batch: Sequence[Arrived]) -> list[None]:
    """Take in all of them in one transaction; what providers brought is journalled first, by one statement."""
    hooks = [arrived for arrived in batch if isinstance(arrived, Hook)]
    ingest.take_in([hook.raw() for hook in hooks])
    return [None if isinstance(arrived, Hook) else arrived.take_in() for arrived in batch]


KINDS: dict[str, type[Arrived]] = {"hook": Hook, "form": Form, "words": Words, "stop": Stop}


def set_aside(arrived: Arrived, problem: Exception) -> None:
    """It cannot be taken in: into quarantine with it, named by its bytes should its own name be what is wrong."""
    if isinstance(problem, NotFound):
        ingest.quarantine(arrived.raw(), NO_REPORT)
    else:
        ingest.quarantine(replace(arrived.raw(), external_key=None), type(problem).__name__)


def pack(arrived: Arrived) -> bytes:
    """Everything of it as bytes."""
    kind = next(name for name, made in KINDS.items() if isinstance(arrived, made))
    return json.dumps({"kind": kind, **asdict(arrived)}, default=_written).encode()


def _written(value: object) -> str:
    return base64.b64encode(value).decode() if isinstance(value, bytes) else str(value)


def unpack(packed: bytes) -> Arrived:
    """What `pack` wrote. Raises ValueError, KeyError or TypeError for anything else."""
    values = json.loads(packed)
    made = KINDS[values.pop("kind")]
    return made(**{name: _read(name, value) for name, value in values.items()})  # type: ignore[arg-type]  # what `pack` wrote


def _read(name: str, value: object) -> object:
    if name in ("received_at", "due_at"):
        return None if value is None else datetime.fromisoformat(str(value))
    if name == "body":
        return base64.b64decode(str(value))
    return InboundMessage(**{**value, "sent_at": None}) if isinstance(value, dict) else value
