"""Deliveries: how an answer of ours fares."""

from __future__ import annotations

from triage.api import answers, operations
from triage.api.operations import NUMBER
from triage.errors import NotFound
from triage.queries import outbox
from triage.rights import Right
from triage.web.access import actor


@operations.get(f"/deliveries/<{NUMBER}:delivery_id>", Right.READ_REPORTS, NotFound)
def delivery(delivery_id: int) -> answers.DeliveryWithAttempts:
    """The state of an answer, and every try to send it."""
    report_id, tries = outbox.attempts(delivery_id, actor())
    state = answers.delivery(outbox.delivery(delivery_id, actor()))
    return answers.DeliveryWithAttempts(**dict(state), report=report_id,
                                        attempts=[answers.Attempt.model_validate(one) for one in tries])
