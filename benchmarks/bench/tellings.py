"""Made-up messages as many people write them: few ways to say it, thousands of places, numbers everywhere."""

from __future__ import annotations

import random
from collections.abc import Iterator

SYLLABLES = ("ka", "mu", "ri", "to", "sha", "ngo", "be", "li", "wa", "ndo", "ki", "ma", "re", "su", "ya", "pe")
PLACES = 5_000
WHERE = ("at {place} primary school", "in {place} ward", "near the {place} market", "at the {place} community hall",
         "unit {unit} of {place}", "on the road from {place} to {other}")
WHAT = (
    "there are no ballot papers left {where} since {hour}",
    "voters have waited {count} hours {where} and the officers have not come",
    "somebody gives {count} thousand shillings to everybody who votes {where}",
    "the machine {where} does not read cards and {count} people were sent away",
    "a group of {count} young men stands {where} and asks people whom they will vote for",
    "{where} the results sheet shows {count} votes but only {total} people were on the list",
    "the officer {where} refuses agents and has locked the door before counting",
    "police fired in the air {where} and the queue ran away around {hour}",
    "voting goes well {where} with about {count} people in the queue",
    "ink has run out {where} and the presiding officer asks for more",
)
TAILS = ("please send somebody quickly", "we have pictures of it", "this was told to the returning officer already",
         "people are getting angry now", "my neighbour saw it as well", "nobody from the commission is here",
         "they say it is the same in {place} as well", "it began about {count} minutes ago", "")
BEFORE = ("RT ", "Fwd: ", "please share: ", "")


def tellings(chance: random.Random) -> Iterator[str]:
    """Messages without end, each of its own place, numbers and words."""
    names = ["".join(chance.choices(SYLLABLES, k=chance.randint(2, 4))).capitalize() for _ in range(PLACES)]
    while True:
        told = {"place": chance.choice(names), "other": chance.choice(names), "unit": f"{chance.randint(1, 400):03}",
                "count": chance.randint(2, 90), "total": chance.randint(100, 900),
                "hour": f"{chance.randint(6, 19)}:{chance.randint(0, 59):02}"}
        told["where"] = chance.choice(WHERE).format(**told)
        yield " ".join(f"{chance.choice(WHAT)} {chance.choice(TAILS)}".format(**told).split())


def passed_on(text: str, chance: random.Random) -> str:
    """The message as somebody else passes it on: framed, with a word of their own, or cut short."""
    words = text.split()
    kept = words if chance.random() < 0.5 else words[: max(8, len(words) - chance.randint(1, 3))]
    return chance.choice(BEFORE) + " ".join(kept)
