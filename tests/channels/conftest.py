"""Fixtures of the channels' tests."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from channels.simulator import Store
from tests.channels import desk_door


@pytest.fixture
def store(tmp_path: Path) -> Store:
    """A fresh simulator."""
    return Store(tmp_path / "simulator.db")


@pytest.fixture
def door() -> Iterator[desk_door.Door]:
    """The desk's webhook, played."""
    with desk_door.opened() as door:
        yield door
