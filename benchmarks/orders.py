"""The same messages in several orders of arrival: how many pairs end the same way in all of them.

`python -m benchmarks.orders MESSAGES [--pairs PAIRS] [--orders 5]`: MESSAGES are JSON lines as `triage match-eval`
reads them, PAIRS JSON lines with the ids `a` and `b`. The first order is that of the file, the others are shuffled.
"""

from __future__ import annotations

import argparse
import json
import random
import subprocess
import sys
from collections.abc import Iterator, Sequence
from itertools import combinations
from pathlib import Path

Pair = tuple[str, str]


def main(arguments: Sequence[str] | None = None) -> int:
    """Match in every order, print what came of it."""
    options = _options(arguments)
    lines = [line for line in options.messages.read_text("utf-8").splitlines() if line.strip()]
    ids = [json.loads(line)["id"] for line in lines]
    chance = random.Random(5)  # noqa: S311 - any order will do
    together = []
    for number in range(options.orders):
        together.append(clusters(ids, _matched(lines)))
        print(f"order {number + 1}: {len(set(together[-1].values())):,} matters of {len(ids):,} messages", flush=True)
        chance.shuffle(lines)
    asked = _listed(options.pairs) if options.pairs else ()
    print("\n".join(told(together, asked)))
    return 0


def clusters(ids: Sequence[str], links: Sequence[Pair]) -> dict[str, str]:
    """Each message's matter, named by one of its messages: whatever is linked goes together."""
    matter = {one: one for one in ids}

    def root(one: str) -> str:
        while matter[one] != one:
            matter[one] = one = matter[matter[one]]
        return one

    for a, b in links:
        matter[root(a)] = root(b)
    return {one: root(one) for one in ids}


def told(together: Sequence[dict[str, str]], asked: Sequence[Pair]) -> Iterator[str]:
    """The shares of pairs that every order decides alike: of those asked for, and of those together in any order."""
    if asked:
        same = sum(_agree(together, pair) for pair in asked)
        yield f"{same:,} of {len(asked):,} pairs asked for end the same way in every order: {same / len(asked):.4f}"
        for number, other in enumerate(together[1:], 2):
            same = sum(_agree((together[0], other), pair) for pair in asked)
            yield f"orders 1 and {number} agree on {same:,} of them: {same / len(asked):.4f}"
    ever = {pair for one in together for pair in _pairs(one)}
    same = sum(_agree(together, pair) for pair in ever)
    yield f"{same:,} of {len(ever):,} pairs together in any order are together in every order: {same / len(ever):.4f}"


def _agree(together: Sequence[dict[str, str]], pair: Pair) -> bool:
    return len({one[pair[0]] == one[pair[1]] for one in together}) == 1


def _pairs(matter: dict[str, str]) -> Iterator[Pair]:
    members: dict[str, list[str]] = {}
    for one, name in matter.items():
        members.setdefault(name, []).append(one)
    for some in members.values():
        yield from combinations(sorted(some), 2)


def _matched(lines: Sequence[str]) -> list[Pair]:
    command = [str(Path(sys.executable).parent / "flask"), "triage", "match-eval"]
    done = subprocess.run(command, input="\n".join(lines), text=True, stdout=subprocess.PIPE, check=True)  # noqa: S603 - ours
    links = [json.loads(line) for line in done.stdout.splitlines()]
    return [(one["a"], one["b"]) for one in links if one["kind"] == "same_message"]


def _listed(path: Path) -> list[Pair]:
    pairs = (json.loads(line) for line in path.read_text("utf-8").splitlines() if line.strip())
    return [(one["a"], one["b"]) for one in pairs]


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="orders", description=__doc__)
    parser.add_argument("messages", type=Path)
    parser.add_argument("--pairs", type=Path)
    parser.add_argument("--orders", type=int, default=5)
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main())
