"""What changed. A page asks this after every hint and whenever it was away, a program whenever it likes."""

from __future__ import annotations

from triage.api import answers, operations, schemas
from triage.errors import N_, TriageError
from triage.queries import changes
from triage.rights import Right
from triage.web.access import actor


class Gone(TriageError):
    """The number is not of this desk's history: it was restored. params: head."""

    code, status = "gone", 410
    sentence = N_("This number is not of this history. Reload.")


@operations.get("/events", Right.READ_REPORTS, Gone)
def events(query: schemas.EventsQuery) -> answers.Events:
    """The events after a number, in commit order, filtered by rights. 410: reload and start from the head."""
    head = changes.head()
    if query.after > head:
        raise Gone(head=head)
    items, reached = changes.after(query.after, actor(), query.limit)
    return answers.Events(items=[answers.Event.model_validate(one) for one in items], next=reached,
                          head=max(head, reached))
