"""A desk of several processes, for one module at a time."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.processes import figures
from tests.servers import Postgres, Redis
from tests.workers.nodes import Nodes

__all__ = ["figures"]


@pytest.fixture(scope="module")
def nodes(postgres: Postgres, template: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Nodes]:
    """A desk with a Redis of its own, which may be harmed. Nothing of it runs yet."""
    redis = Redis("--enable-debug-command", "yes").start()
    made = Nodes(tmp_path_factory.mktemp("nodes"), postgres, template, redis)
    try:
        yield made
    finally:
        made.close()
        redis.kill()
