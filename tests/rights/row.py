"""What a row of the matrix says: one method of one route, who is admitted, and what comes of it on which object."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from tests.rights.stage import ACTORS, REPORTS

EVERYBODY = frozenset(ACTORS) - {"nobody", "inactive"}
READERS = frozenset({"operator", "foreigner", "coordinator", "both"})
COORDINATORS = frozenset({"coordinator"})
MANAGERS = frozenset({"coordinator", "admin", "both"})
PUBLIC = frozenset(ACTORS)

# The objects a route is about, by kind. What is foreign is a report of a team one is not in, open, held or closed.
OBJECTS: Mapping[str, tuple[str, ...]] = {
    "": ("",),
    "report": REPORTS, "message": REPORTS, "undo": REPORTS, "decide": REPORTS, "delivery": REPORTS, "file": REPORTS,
    "match": ("held", "free", "missing"),  # of two reports: Maya holds one; nobody of the actors does
    "incident": ("held", "free", "missing"),  # Maya holds a report of one; all of the other are of one team
    "answer": ("shared", "missing"),  # one answer to many, by Maya
    "account": ("shared", "somebodys", "missing"),
    "person": ("plain", "mighty", "myself", "missing"),
    "team": ("team", "missing"),
    "price": ("listed", "missing"),
    "item": ("quarantined", "read", "missing"),
    "session": ("own", "others", "missing"),
    "token": ("own", "others", "missing"),
}
FOREIGN = ("foreign", "foreign_held", "foreign_closed", "missing")


@dataclass(frozen=True)
class Row:
    """`path` as the route is written, without converters. Outcomes are words in the order of the kind's objects:

    `ok` (2xx, or a redirect that is not to the sign-in), `signin`, or a status. For operators, what is
    foreign or missing is 404 and not written; `coordinator` is written where it differs.
    """

    method: str
    path: str
    who: frozenset[str]
    outcomes: str = "ok"
    kind: str = ""
    coordinator: str = ""
    others: Mapping[str, str] = field(default_factory=dict)  # outcomes of single actors
    body: Mapping[str, object] | None = None
    json: bool = False
    by: str = "cookie"
    outside: str = "signin"  # what nobody gets

    @property
    def name(self) -> str:
        """How tests call it."""
        return f"{self.method} {self.path}"

    def expected(self, actor: str, which: str) -> str:
        """What this actor gets on this object."""
        if actor not in self.who:
            return self.outside if actor in ("nobody", "inactive") else "403"
        written = self.others.get(actor) or (self.coordinator if actor == "coordinator" else "") or self.outcomes
        words, objects = written.split(), OBJECTS[self.kind]
        if len(words) == 1 and not self.kind:
            return words[0]
        found = dict(zip(objects, words, strict=False))
        if which in found:
            return found[which]
        assert which in FOREIGN, f"{self.name}: no outcome for {which}"
        if actor == "coordinator" and which != "missing":
            return found[{"foreign": "open", "foreign_held": "others", "foreign_closed": "closed"}[which]]
        return "404"
