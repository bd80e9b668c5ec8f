"""What programs are given of one answer to many: what became of it, person by person."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from pydantic import Field

from triage.api import answers
from triage.api.answer import Answer
from triage.queries import together
from triage.web.together import why_refused


class Result(Answer):
    """What became of one person's: the delivery, or the code of what stood in the way and a sentence for people."""

    report: int
    delivery: answers.Delivery | None = Field(description="Null where nothing is sent, or it is not theirs to see.")
    why: str | None
    said: str | None


class Answered(Answer):
    """One answer to many as it stands now; `report` is the first matter that it was given on."""

    id: int
    at: datetime
    report: int
    incident: int | None
    text: str = Field(description="As the first of them reads it; empty where that is not the caller's to see.")
    results: Sequence[Result]


def answered(found: together.Answered) -> Answered:
    """What became of an answer to many."""
    return Answered(id=found.number, at=found.at, report=found.primary, incident=found.incident, text=found.text,
                    results=[_result(one) for one in found.fates])


def _result(fate: together.Fate) -> Result:
    sent = answers.delivery(fate.delivery) if fate.delivery is not None else None
    return Result(report=fate.report_id, delivery=sent, why=fate.why or None,
                  said=why_refused(fate) if fate.why else None)
