"""Taking a copy of a running desk."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import BinaryIO

import pyrage

from config import Settings
from triage import clock
from triage.backup import archive, files, manifest, postgres, sqlite
from triage.backup.manifest import Facts, Manifest
from triage.sealing import KeyRing

DATABASE = "database"
SQLITE = "sqlite:///"


def take(path: Path, settings: Settings, ring: KeyRing,
         recipients: Sequence[pyrage.x25519.Recipient]) -> Manifest:
    """Write a copy of the desk to `path`, sealed to `recipients`, in clear where there are none; what is in it.

    The desk may go on meanwhile: everything acknowledged before this began is in the copy. `path` holds a
    whole copy or is not there. Raises OSError, postgres.Trouble.
    """
    with archive.written(path, recipients) as out:
        pack = archive.Pack(out)
        files.add_spool(pack, settings)
        with snapshot(settings.database_url) as (facts, stream):
            pack.add(DATABASE, stream)
        files.add_files(pack, settings)
        files.add_simulator(pack, settings)
        made = manifest.marked(Manifest(
            desk=settings.desk_name, created_at=clock.now().isoformat(), database=kind(settings.database_url),
            version=version(settings.database_url), facts=facts, keys=manifest.fingerprints(ring),
            members=pack.members), ring)
        pack.close(made)
    return made


def kind(url: str) -> str:
    """Which database an address is of."""
    return "sqlite" if url.startswith("sqlite") else "postgresql"


def version(url: str) -> int:
    """The version of a PostgreSQL server, 0 for SQLite."""
    return 0 if kind(url) == "sqlite" else postgres.Server(url).major()


def snapshot(url: str) -> AbstractContextManager[tuple[Facts, BinaryIO]]:
    """The database at one moment: what is counted in it, and its bytes."""
    return sqlite.snapshot(file_of(url)) if kind(url) == "sqlite" else postgres.snapshot(url)


def file_of(url: str) -> Path:
    """The file of a SQLite database."""
    return Path(url.removeprefix(SQLITE))
