"""Figures and the ledger."""

from __future__ import annotations

from triage.api import answers, operations
from triage.queries import ledger as books
from triage.queries import stats as figures
from triage.rights import Right
from triage.web.access import actor


@operations.get("/stats", Right.SEE_FLOOR)
def stats() -> answers.Stats:
    """The desk in figures: how many wait, who is there, what is stuck."""
    return answers.stats(figures.stats(actor()))


@operations.get("/ledger", Right.SEE_FLOOR)
def ledger() -> answers.Ledger:
    """Everything that arrived, by what became of it; the difference must be 0."""
    return answers.ledger(books.ledger())
