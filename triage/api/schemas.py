"""What programs may send: the query of each list, the JSON object of each change. What is not named here is refused."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, AwareDatetime, BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints

from triage.actions.recipients import MOST_RECIPIENTS
from triage.models.reports import OUTCOMES, REASONS, STATUSES
from triage.queries.inbox import MOST_ROWS
from triage.web.forms import MOST_NUMBER, clean

MOST_TEXT = 20_000
MOST_EVENTS = 500
MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,6})?(Z|[+-]\d\d:\d\d)", re.ASCII)


def _digits(value: Any) -> Any:
    """A number in an address is digits and nothing else."""
    plain = isinstance(value, str) and value.isascii() and value.isdecimal() and len(value) < 20
    return int(value) if plain else f"not a number: {type(value).__name__}"


def _truth(value: Any) -> Any:
    return {"true": True, "false": False}.get(value, "neither")


def _moment(value: Any) -> Any:
    if not isinstance(value, str) or not MOMENT.fullmatch(value):
        raise ValueError("a moment such as 2026-11-21T18:00:00Z")
    return datetime.fromisoformat(value)


def _upto(most: int) -> Any:
    return Field(min_length=1, max_length=most)


CLEAN = AfterValidator(clean)  # control characters taken out, one spelling (NFC)
Number = Annotated[int, Field(ge=1, le=MOST_NUMBER)]
EventNumber = Annotated[int, Field(ge=0, le=MOST_NUMBER)]
Truth = Annotated[bool, BeforeValidator(_truth)]
Moment = Annotated[AwareDatetime, BeforeValidator(_moment)]
Language = Annotated[str, StringConstraints(pattern=r"^[a-z]{2,3}(-[A-Za-z0-9]{2,4})?$", max_length=8)]
Limit = Annotated[int, BeforeValidator(_digits), Field(ge=1, le=MOST_ROWS)]


class Query(BaseModel):
    """The parameters of an address; text that must become numbers."""

    model_config = ConfigDict(extra="forbid")


class Body(BaseModel):
    """A JSON object, its values of exactly the types that are named."""

    model_config = ConfigDict(extra="forbid", strict=True)


class ReportsQuery(Query):
    """Which reports: open and assigned ones where nothing is said."""

    status: Literal[STATUSES] | None = None  # type: ignore[valid-type]  # the words of the table
    mine: Truth | None = Field(None, description="Held by the caller, or not.")
    channel: Annotated[str, _upto(40), CLEAN] | None = None
    team: Annotated[str, _upto(80), CLEAN] | None = Field(None, description="The team's name.")
    topic: Annotated[str, _upto(80), CLEAN] | None = Field(
        None, description="There are no topics yet: each is refused as unknown.")
    q: Annotated[str, _upto(100), CLEAN] | None = Field(
        None, description="Words in a message; only the newest 5,000 messages are searched.")
    place: Annotated[str, _upto(60), CLEAN] | None = Field(
        None, description="The code of a place: reports there and at the places in it.")
    limit: Limit = 50
    after: Annotated[str, _upto(200)] | None = Field(None, description="`next` of the page before.")


class PlacesQuery(Query):
    """Which places: those that some words may mean."""

    q: Annotated[str, _upto(200), CLEAN] | None = Field(None, description="A code, a name, or how one begins.")
    limit: Annotated[int, BeforeValidator(_digits), Field(ge=1, le=50)] = 10


class EventsQuery(Query):
    """Which events."""

    after: Annotated[int, BeforeValidator(_digits), Field(ge=0, le=MOST_NUMBER)] = Field(
        0, description="The number of the last event known.")
    limit: Annotated[int, BeforeValidator(_digits), Field(ge=1, le=MOST_EVENTS)] = MOST_EVENTS


class NewReport(Body):
    """A report that was told on the telephone, or a text that came by another gateway."""

    channel: Literal["phone", "gateway"]
    text: Annotated[str, _upto(MOST_TEXT), CLEAN]
    sender: Annotated[str, _upto(40), CLEAN] | None = Field(None, description="The person's telephone number.")
    sender_name: Annotated[str, _upto(120), CLEAN] | None = None
    reply_to: Annotated[str, _upto(254), CLEAN] | None = Field(
        None, description="A number or e-mail address they allowed an answer to.")
    place: Annotated[str, _upto(200), CLEAN] | None = None
    language: Language | None = None
    urgent: bool = False


class Assign(Body):
    """To whom."""

    operator: Number


class Release(Body):
    """Why, for whoever comes next."""

    reason: Annotated[str, _upto(500), CLEAN] | None = None


class Close(Body):
    """How it ended; `reason` where it is not actionable."""

    outcome: Literal[OUTCOMES]  # type: ignore[valid-type]  # the words of the table, at run time
    reason: Literal[REASONS] | None = None  # type: ignore[valid-type]  # the words of the table, at run time


class Discard(Body):
    """Why it is not actionable."""

    reason: Literal[REASONS]  # type: ignore[valid-type]  # the words of the table, at run time


class SetPlace(Body):
    """Where it is: the code of a place, or null where nothing is known."""

    place: Annotated[str, _upto(60), CLEAN] | None


class Observer(Body):
    """Whether who sent it is a registered observer."""

    observer: bool


class Snooze(Body):
    """Until when, within a week."""

    until: Moment


class Reply(Body):
    """An answer, with the assignment it is given under and the number of the last event its author had seen."""

    text: Annotated[str, _upto(MOST_TEXT), CLEAN]
    assignment: Number
    seen_seq: EventNumber


class Recipient(Body):
    """Whom to answer: their report, and the assignment of the matter that it belongs to."""

    report: Number
    assignment: Number


class AnswerMany(Body):
    """An answer to many. Of an incident each leaves in the name of whoever holds it, else the caller holds them all."""

    to: Annotated[list[Recipient], Field(min_length=1, max_length=MOST_RECIPIENTS)]
    text: Annotated[str, _upto(MOST_TEXT), CLEAN]
    seen_seq: EventNumber
    incident: Number | None = Field(None, description="The number of the incident that all of them told of.")
    public: bool = Field(False, description="The caller knows that everybody may read what goes out in public.")


class CopyOf(Body):
    """The report that this one repeats."""

    of: Number


class SameAs(Body):
    """The report that tells of the same incident."""

    of: Number


class Split(Body):
    """The message from which on it is another matter."""

    message: Number
