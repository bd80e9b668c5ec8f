"""Who says what, by which way, and what that must come to: fixed by the rows and a seed before anything is sent.

Every eighth utterance is a follow-up of an earlier sender, every fifth goes by the web form (both: an
addition at /back with the receipt code); the others are text messages and, one in six, public posts.
Every other sender is new, so the counts that must come out are known beforehand.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass, field

from channels.simulator import Written
from triage import keywords
from triage.demo.rows import Row

FOLLOW_UP_EVERY, FORM_EVERY, POST_EVERY = 8, 5, 6
SMS, POST, FORM = "sms", "mastodon", "web"
NUMBERS, STEP = 10**8, 48_271  # STEP has no factor in common with NUMBERS: no number comes twice
FORM_MOST = 4000  # characters the citizens' form takes; longer rows are sent as text messages


@dataclass(frozen=True)
class Utterance:
    """One thing somebody says. `follows` is the position of the one it follows."""

    position: int
    by: str
    row: Row
    sender: str
    follows: int | None = None
    name: str = ""

    @property
    def stops(self) -> bool:
        """Whether the desk takes it for STOP or START instead of a report."""
        return self.by == SMS and keywords.command(self.row.text) is not None


@dataclass(frozen=True)
class Expected:
    """What must stand in the ledgers when everything has arrived."""

    messages: int
    forms: int
    additions: int
    opened: int
    joined: int
    commands: int

    @property
    def received(self) -> int:
        """Items the desk must have in its journal, besides the network's reports about deliveries."""
        return self.messages + self.forms + self.additions


@dataclass
class Plan:
    """Utterances in order. `run` makes the names of the messages differ from those of an earlier run."""

    utterances: list[Utterance] = field(default_factory=list)
    run: str = "run"

    def expected(self) -> Expected:
        """The counts, as if nothing of this were on the desk yet."""
        said = [one for one in self.utterances if not one.stops]
        forms = sum(one.by == FORM and one.follows is None for one in said)
        additions = sum(one.by == FORM and one.follows is not None for one in said)
        joined = sum(one.follows is not None for one in said)
        return Expected(
            messages=len(self.utterances) - forms - additions, forms=forms, additions=additions,
            opened=len(said) - joined, joined=joined, commands=len(self.utterances) - len(said),
        )

    def written(self, one: Utterance, numbers: Sequence[str], handles: Sequence[str]) -> Written:
        """An utterance as the simulator's people write it, to one of our shared accounts."""
        ours = numbers if one.by == SMS else handles
        return Written(
            channel=one.by, sender=one.sender, to=ours[(one.follows or one.position) % len(ours)], text=one.row.text,
            sender_name=one.sender if one.by == POST else None, place=one.row.place or None, id=self.name(one),
            in_reply_to=self.name(self.utterances[one.follows]) if one.by == POST and one.follows is not None else None,
        )

    def name(self, one: Utterance) -> str:
        """The network's id of an utterance: the same in every repetition of this run."""
        number = f"{self.run}-{one.position:06}"
        return f"SM{number}" if one.by == SMS else f"https://social.example/{one.sender}/{number}"


def plan(rows: Sequence[Row], seed: int, *, public: bool = True, run: str = "run") -> Plan:
    """Give each row a sender and a way. Without `public` nothing is posted. The same seed, the same plan."""
    chance = random.Random(seed)  # noqa: S311 - made-up people
    first = chance.randrange(NUMBERS)
    made = Plan(run=run)
    for position, row in enumerate(rows):
        made.utterances.append(_follow_up(made, position, row, chance) or _new(position, row, first, public=public))
    return made


def _new(position: int, row: Row, first: int, *, public: bool) -> Utterance:
    number = (first + position * STEP) % NUMBERS
    if _by_form(position, row):
        return Utterance(position, FORM, row, f"form-{number:08}")
    if public and position % POST_EVERY == 0:
        return Utterance(position, POST, row, f"@voice_{number:08}")
    return Utterance(position, SMS, row, f"+4477{number:08}")


def _follow_up(made: Plan, position: int, row: Row, chance: random.Random) -> Utterance | None:
    if position % FOLLOW_UP_EVERY != FOLLOW_UP_EVERY - 1:
        return None
    forms = _by_form(position, row)
    earlier = [one for one in made.utterances if one.follows is None and (one.by == FORM) == forms and not one.stops]
    if not earlier:
        return None
    first = chance.choice(earlier)
    return Utterance(position, first.by, row, first.sender, first.position)


def _by_form(position: int, row: Row) -> bool:
    return position % FORM_EVERY == FORM_EVERY - 1 and len(row.text) <= FORM_MOST
