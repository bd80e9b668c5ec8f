"""The verdict on a run, as Jepsen gives it: what was attempted, acknowledged, lost, unexpected, doubled, recovered.

Three books are compared: the network's (the simulator's ledger, which never forgets), the desk's database,
and what the clients were told. Races, faults, soak and rehearsal ask the same function. Judge a desk that
has come to rest: what is still on its way is no loss, but cannot be told from one.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import config
from channels.simulator import Store
from tests import checker

WORDS = ("attempted", "acknowledged", "lost", "unexpected", "doubled", "recovered")
FAULTS = ("lost", "unexpected", "doubled")
TRIED = ("SELECT key, status FROM hooks JOIN hook_tries ON hook_tries.hook = hooks.n WHERE kind = 'message' "
         "ORDER BY hook_tries.n")
STORED = ("SELECT external_id FROM messages WHERE direction = 'in' AND channel <> 'web' "
          "AND external_id NOT LIKE 'written:%'")  # what a colleague wrote down came by no network
SENT = "SELECT id, state, account_id FROM deliveries"
ANSWERS = "SELECT dedupe_key FROM messages WHERE operator_id IS NOT NULL"
# How often the network may have accepted a delivery that ended so. A person who gives an uncertain one up, or a
# network that reports a failure later, leaves one that was accepted and failed.
ACCEPTED = {"sent": (1, 1), "delivered": (1, 1), "uncertain": (0, 1), "failed": (0, 1)}
NEVER = (0, 0)


class Said(NamedTuple):
    """One line of a client's log: the key of an answer it asked the desk to take, and whether it heard yes."""

    key: str
    yes: bool


@dataclass(frozen=True)
class Line:
    """One direction of the traffic, by the names of what moved."""

    what: str
    attempted: Collection[str]
    acknowledged: Collection[str]
    lost: Collection[str]
    unexpected: Collection[str]
    doubled: Collection[str]
    recovered: Collection[str]  # acknowledged, though not at the first try

    def __str__(self) -> str:
        """One line of figures."""
        return f"{self.what:18} " + " ".join(f"{len(getattr(self, word)):>12}" for word in WORDS)


@dataclass(frozen=True)
class Verdict:
    """Every line, and every rule of the checker that was broken."""

    lines: Sequence[Line]
    broken: Sequence[str] = field(default_factory=tuple)

    @property
    def faults(self) -> list[str]:
        """A sentence for everything that must not be; empty where all is well."""
        named = [f"{line.what}: {word}: {sorted(getattr(line, word))[:5]}" for line in self.lines for word in FAULTS
                 if getattr(line, word)]
        return [*named, *self.broken]

    def __str__(self) -> str:
        """The table."""
        head = " " * 19 + " ".join(f"{word:>12}" for word in WORDS)
        rules = f"violations of {len(checker.RULES) + len(checker.WALKS)} rules: {len(self.broken)}"
        return "\n".join([head, *map(str, self.lines), rules])

    @property
    def brief(self) -> str:
        """The same in one line."""
        said = (", ".join(f"{len(getattr(line, word))} {word}" for word in WORDS) for line in self.lines)
        named = (f"{line.what}: {words}" for line, words in zip(self.lines, said, strict=True))
        return "; ".join([*named, f"{len(self.broken)} violations"])

    def hold(self) -> Verdict:
        """Fail unless all is well; the verdict itself, for its figures."""
        assert not self.faults, "\n".join([*self.faults[:20], str(self)])
        return self


def judge(settings: config.Settings, said: Iterable[Said] | None = None) -> Verdict:
    """The verdict on the desk of `settings` and its simulated network; `said` is what clients logged of answers."""
    store = Store(settings.simulator_path)
    lines = [_arrivals(settings, store), _sendings(settings, store)]
    if said is not None:
        lines.append(_answers(settings, list(said)))
    return Verdict(lines, checker.problems(settings))


def _arrivals(settings: config.Settings, store: Store) -> Line:
    """What citizens wrote, on its way to the desk. What the desk said yes to and cannot show is lost."""
    written = store.rows("SELECT id, channel FROM messages")
    names = {f"simulator:{row['channel']}:{row['id']}": row["id"] for row in written}
    items = checker.ask(settings, "SELECT external_key, result FROM inbound WHERE provider = 'simulator'")
    results = {names[key]: result for key, result in items if key in names}
    kept = Counter(name for (name,) in checker.ask(settings, STORED))
    became = {name for name, result in results.items() if result in ("opened", "joined")}
    taken = set(store.received())
    tries = [Said(row["key"], row["status"] in range(200, 300)) for row in store.rows(TRIED)]
    return Line("citizens to desk", attempted={one.key for one in tries}, acknowledged=taken,
                lost=(taken - results.keys()) | (became - kept.keys()), unexpected=kept.keys() - set(names.values()),
                doubled=_doubled(kept), recovered=_recovered(tries))


def _sendings(settings: config.Settings, store: Store) -> Line:
    """What the desk sent, on its way to the citizens, by the keys it sent it under."""
    accepted = Counter(one.idempotency_key for one in store.accepted())
    states = {f"delivery-{number}": state for number, state, account in checker.ask(settings, SENT) if account}
    asked = Counter(one.idempotency_key for one in store.requests())
    return Line("desk to citizens", attempted=asked.keys(), acknowledged=accepted.keys(),
                lost={key for key, state in states.items() if accepted[key] < ACCEPTED.get(state, NEVER)[0]},
                unexpected={key for key in accepted if ACCEPTED.get(states.get(key, ""), NEVER)[1] == 0},
                doubled=_doubled(accepted), recovered=_doubled(asked) & accepted.keys())


def _answers(settings: config.Settings, said: Sequence[Said]) -> Line:
    """What operators asked the desk to send, by the keys of their forms."""
    kept = Counter(name.rpartition(":")[2] for (name,) in checker.ask(settings, ANSWERS))
    asked, taken = {one.key for one in said}, {one.key for one in said if one.yes}
    return Line("operators to desk", attempted=asked, acknowledged=taken, lost=taken - kept.keys(),
                unexpected=kept.keys() - asked, doubled=_doubled(kept), recovered=_recovered(said))


def _doubled(counted: Mapping[str, int]) -> set[str]:
    return {key for key, number in counted.items() if number > 1}


def _recovered(tries: Iterable[Said]) -> set[str]:
    """What heard yes after a try that did not."""
    failed: set[str] = set()
    recovered: set[str] = set()
    for one in tries:
        if not one.yes:
            failed.add(one.key)
        elif one.key in failed:
            recovered.add(one.key)
    return recovered
