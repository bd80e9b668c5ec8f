"""What one run works with: its size, a folder, and the private servers this machine can start."""

from __future__ import annotations

import shutil
from dataclasses import dataclass, field
from pathlib import Path

from tests.servers import Postgres, Redis


@dataclass
class Bench:
    """One run of the benchmarks. Use as a context: private servers live inside it."""

    folder: Path
    rounds: int = 5
    quick: bool = False
    million: bool = False
    postgres: Postgres | None = None
    redis: Redis | None = None
    no_postgres: str = ""
    no_redis: str = ""
    names: dict[str, str] = field(default_factory=lambda: {"sqlite": "SQLite", "postgresql": "PostgreSQL"})

    @property
    def requests(self) -> int:
        """Requests of one round of ingest."""
        return 200 if self.quick else 1500

    @property
    def seconds(self) -> float:
        """Length of one round of what is measured by time."""
        return 1.0 if self.quick else 3.0

    def database(self, kind: str, template: str | None = None) -> str:
        """The address of a fresh database on the private PostgreSQL; empty for SQLite, whose file the desk makes."""
        if kind == "sqlite":
            return ""
        assert self.postgres is not None  # noqa: S101 - asked before
        return self.postgres.url(self.postgres.create(template))

    def __enter__(self) -> Bench:
        """Start what can be started; what cannot is said in every row that needs it."""
        try:
            self.postgres = Postgres(durable=True).start()
        except LookupError:
            self.no_postgres = "skipped: no PostgreSQL programs on this machine"
        if shutil.which("redis-server") is None:
            self.no_redis = "skipped: no Redis server on this machine"
        else:
            self.redis = Redis().start()
        return self

    def __exit__(self, *_problem: object) -> None:
        """Stop and remove the private servers."""
        if self.postgres is not None:
            self.postgres.remove()
        if self.redis is not None:
            self.redis.kill()
