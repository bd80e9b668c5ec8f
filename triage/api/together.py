"""One answer to many: sent to everybody chosen, and what became of each."""

from __future__ import annotations

from triage.actions import answering
from triage.actions.recipients import NobodyHolds, NobodyKnown, Recipient, ToMany
from triage.api import operations, schemas, together_answers
from triage.api.operations import NUMBER
from triage.db import run_in_transaction
from triage.errors import (
    AlreadyClosed,
    ConversationMovedOn,
    KeyReused,
    NoReplyAccount,
    NotApproved,
    NotFound,
    NotTheHolder,
    OptedOut,
    TooLong,
    WindowClosed,
)
from triage.queries import together
from triage.rights import Right
from triage.web.access import actor


@operations.post("/answers", Right.HANDLE_REPORTS, NotFound, NotTheHolder, NobodyHolds, NobodyKnown, AlreadyClosed,
                 ConversationMovedOn, NoReplyAccount, OptedOut, WindowClosed, TooLong, NotApproved, KeyReused,
                 status=202)
def answer_many(body: schemas.AnswerMany, key: str) -> together_answers.Answered:
    """Answer many, each by a message of their own. It is refused as a whole only where nobody can be answered."""
    asked = ToMany([Recipient(one.report, one.assignment) for one in body.to], body.seen_seq, body.text, key,
                   body.public, body.incident)
    run_in_transaction(lambda: answering.answer_all(asked, actor()))
    return _answered(together.number_of(key, [one.report for one in body.to], actor()))


@operations.get(f"/answers/<{NUMBER}:answer_id>", Right.HANDLE_REPORTS, NotFound)
def answered(answer_id: int) -> together_answers.Answered:
    """What became of an answer to many, for who gave it and coordinators."""
    return _answered(answer_id)


def _answered(answer_id: int) -> together_answers.Answered:
    return together_answers.answered(together.answered(answer_id, actor()))
