"""What a new report is like: which say the same, and which may tell of the same incident, each with its reason."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from triage.queries import candidates, origins, places
from triage.queries.candidates import Candidate
from triage.queries.origins import Told
from triage.similarity.differences import Kind
from triage.similarity.incidents import Likeness, Telling, Whereabouts, likeness
from triage.similarity.preparing import Prepared, prepare
from triage.similarity.verdicts import Reason, Verdict, common, same, verdict

CLEARLY_MORE = 3  # words: a greeting and a name may be the same by chance


@dataclass(frozen=True)
class Same:
    """A report that says the same, and how that was seen. No verdict: one says itself that it repeats the other.

    `first` is the verdict on its primary, which is itself where it is no copy.
    """

    other: Candidate
    prepared: Prepared
    verdict: Verdict | None
    first: Verdict | None


@dataclass(frozen=True)
class Akin:
    """A report that may tell of the same incident, and what speaks for it."""

    other: Candidate
    likeness: Likeness


class Alike:
    """One new report among those that were there: what is read of them is read and prepared once."""

    def __init__(self, new: Candidate, message: Told, prepared: Prepared) -> None:
        self._new, self.message = new, message
        self._prepared = {new.report_id: prepared}
        self._loaded: dict[int, Candidate] = {}

    def same_messages(self) -> Iterator[Same]:
        """The reports that say the same, the surest first: by lineage, word for word, then by the words they share.

        What is a copy itself counts only where its primary says the same too: so chains cannot drift. Each step is
        taken only when the one before did not do: most copies are word for word.
        """
        original = origins.original(self._new.report_id, self.message)
        named = self._load([original] if original is not None else [])
        yield from (Same(one, self._read(one), None, None) for one in named)
        known = {one.primary_id for one in named}
        exact = self._load(candidates.by_hash(self._mine.body_hash, self._new.report_id))
        yield from self._firsts(((one, self._same(one)) for one in exact), known, ())
        found = [(one, self._same(one)) for one in self._by_words]
        others = [one for one, told in found if told is None]
        yield from self._firsts(found, known, others)

    def _firsts(self, found: Iterable[tuple[Candidate, Verdict | None]], known: set[int],
                others: Sequence[Candidate]) -> Iterator[Same]:
        """Of those that say the same the likest of each matter that is not `known` yet, where none denies it."""
        alike = [(one, told) for one, told in found if told is not None]
        for one, told in sorted(alike, key=lambda pair: -pair[1].covered):
            first = self._of_first(one, told) if one.primary_id not in known else None
            if first is not None and not self._denied(one.primary_id, others):
                known.add(one.primary_id)
                yield Same(one, self._read(one), told, first)

    def same_incidents(self) -> list[Akin]:
        """The matters that may tell of the same incident, the likest first; none that is the same message."""
        near = candidates.at_place(self._new.place_id, self._new.received_at, self._new.report_id) \
            if self._new.place_id is not None else []
        others = self._load(one.primary_id for one in (*self._by_words, *self._load(near)))
        around = places.above({one.place_id for one in (self._new, *others) if one.place_id is not None})
        mine = self._telling(self._new, around)
        found = [Akin(one, likeness(mine, self._telling(one, around))) for one in others]
        return sorted((one for one in found if one.likeness.offered), key=lambda one: -one.likeness.score)

    @cached_property
    def _by_words(self) -> list[Candidate]:
        found = candidates.by_shingles(self._mine.shingles, self._new.report_id)
        self._loaded.update((one.report_id, one) for one in found)
        return found

    @property
    def _mine(self) -> Prepared:
        return self._prepared[self._new.report_id]

    def _load(self, numbers: Iterable[int]) -> list[Candidate]:
        wanted = list(dict.fromkeys(numbers))
        self._loaded.update(candidates.load([number for number in wanted if number not in self._loaded]))
        return [self._loaded[number] for number in wanted if number in self._loaded]

    def _read(self, one: Candidate) -> Prepared:
        if one.report_id not in self._prepared:
            self._prepared[one.report_id] = prepare(one.text)
        return self._prepared[one.report_id]

    def _same(self, one: Candidate) -> Verdict | None:
        return same(self._mine, self._read(one))

    def _of_first(self, one: Candidate, told: Verdict) -> Verdict | None:
        """The verdict on its primary; None where that one says something else, or nothing."""
        if one.primary_id == one.report_id:
            return told
        first = self._load([one.primary_id])
        return self._same(first[0]) if first else None

    def _denied(self, primary_id: int, others: Sequence[Candidate]) -> bool:
        """Whether another of that matter differs in a fact where its first says nothing.

        Then the first is a short text that both of them may repeat, each with a fact of its own.
        """
        shared = common(self._mine, self._read(self._load([primary_id])[0]))
        return any(self._differs(one, shared) for one in others if one.primary_id == primary_id)

    def _differs(self, one: Candidate, shared: int) -> bool:
        """By other numbers, or by another fact among words of which they share clearly more than `shared`."""
        told, words = verdict(self._mine, self._read(one)), common(self._mine, self._read(one))
        numbers = any(fact.kind is Kind.NUMBERS for fact in told.facts)
        return told.reason is Reason.FACT and words >= shared + (0 if numbers else CLEARLY_MORE)

    def _telling(self, one: Candidate, around: Mapping[int, Sequence[int]]) -> Telling:
        codes = (one.place_id, *around.get(one.place_id, ())) if one.place_id is not None else ()
        where = Whereabouts(one.place_text or "", tuple(str(code) for code in codes))
        return Telling(self._read(one), one.received_at, where)
