"""In whatever order messages arrive, nearly every pair of them ends the same way."""

from __future__ import annotations

import json
import random
from itertools import islice
from pathlib import Path

import pytest

from benchmarks import orders
from benchmarks.bench.tellings import passed_on, tellings


def test_what_is_linked_goes_together() -> None:
    found = orders.clusters(["a", "b", "c", "d"], [("b", "a"), ("c", "b")])
    assert found["a"] == found["b"] == found["c"] != found["d"]


def test_a_pair_that_one_order_decides_otherwise_is_counted() -> None:
    together = [{"a": "a", "b": "a", "c": "c"}, {"a": "a", "b": "b", "c": "c"}]
    assert list(orders.told(together, [("a", "b"), ("a", "c")])) == [
        "1 of 2 pairs asked for end the same way in every order: 0.5000",
        "orders 1 and 2 agree on 1 of them: 0.5000",
        "0 of 1 pairs together in any order are together in every order: 0.0000",
    ]


def test_made_up_messages_and_what_is_passed_on_end_the_same_way(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    chance = random.Random(3)
    told = list(islice(tellings(chance), 40))
    said = told + [passed_on(chance.choice(told), chance) for _ in range(40)]
    path = tmp_path / "messages.jsonl"
    path.write_text("\n".join(json.dumps({"id": str(number), "text": text}) for number, text in enumerate(said)))
    orders.main([str(path), "--orders", "2"])
    assert float(capsys.readouterr().out.split()[-1]) >= 0.98
