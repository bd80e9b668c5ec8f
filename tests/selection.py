"""Which cases a short run leaves out; `BOTH=1` (in `make soak`) runs them all.

What stands above the actions (pages, walks, commands, the API, copies) runs on SQLite or on PostgreSQL by turns, and so
does what starts or kills a whole desk (`either`): each case has one of the two by its name, so both are used in every
file. Of the faults, wherever they stand, every second case of a test with many. Actions, queries, models and races run
on both.
"""

from __future__ import annotations

import os
import zlib
from collections import defaultdict
from collections.abc import Sequence

import pytest

BY_TURNS = ("tests/web/", "tests/flows/", "tests/cli/", "tests/backup/", "tests/api/")
THINNED = "tests/faults/"
MANY = 4  # cases of one test


def left_out(items: Sequence[pytest.Item]) -> set[pytest.Item]:
    """The cases that a short run does without."""
    if "BOTH" in os.environ:
        return set()
    found = {item for item in items if _on_the_other(item)}
    return found | set(_every_second([item for item in items if item not in found]))


def _on_the_other(item: pytest.Item) -> bool:
    callspec = getattr(item, "callspec", None)
    database = callspec.params.get("database") if callspec else None
    if database is None or item.get_closest_marker("only") or not _takes_turns(item):
        return False
    case = item.nodeid.replace(database, "")
    return bool(database != ("sqlite", "postgresql")[zlib.crc32(case.encode()) % 2])


def _takes_turns(item: pytest.Item) -> bool:
    return item.get_closest_marker("either") is not None or item.nodeid.startswith(BY_TURNS)


def _strikes(item: pytest.Item) -> bool:
    return item.nodeid.startswith(THINNED) or item.get_closest_marker("faults") is not None


def _every_second(items: Sequence[pytest.Item]) -> list[pytest.Item]:
    tests: dict[str, list[pytest.Item]] = defaultdict(list)
    for item in items:
        if _strikes(item) and not item.get_closest_marker("soak"):
            tests[item.nodeid.partition("[")[0]].append(item)
    return [item for cases in tests.values() if len(cases) >= MANY for item in cases[1::2]]
