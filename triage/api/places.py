"""The desk's list of places."""

from __future__ import annotations

from triage.api import operations, place_answers, schemas
from triage.queries import places as known
from triage.rights import Right


@operations.get("/places", Right.READ_REPORTS)
def places(query: schemas.PlacesQuery) -> place_answers.Places:
    """The places that some words may mean: one where that is clear, else those so called, else those that begin so."""
    return place_answers.Places(items=[place_answers.place(one) for one in known.choices(query.q or "", query.limit)])
