"""What a copy says of itself: read first, believed only where the rest agrees."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from triage.sealing import KeyRing

FORMAT = 1
SHOWN = 16  # hex digits of a key's fingerprint

Ask = Callable[[str], Sequence[Sequence[Any]]]

HEAD = "SELECT coalesce(max(seq), 0) FROM events"
REVISION = "SELECT version_num FROM alembic_version"
UNACCOUNTED = ("SELECT count(*) FROM inbound WHERE NOT ((state = 'ingested' AND result IS NOT NULL) "
               "OR (state IN ('received', 'quarantined') AND result IS NULL))")


class NotOurs(Exception):
    """The manifest is none that this code can read; `str()` is one sentence."""


@dataclass(frozen=True)
class Facts:
    """What is counted in a database: it must be the same after the way there and back."""

    revision: str
    rows: Mapping[str, int]
    head: int
    ledger_difference: int


@dataclass(frozen=True)
class Member:
    """One file of the archive."""

    size: int
    sha256: str


@dataclass(frozen=True)
class Manifest:
    """The last file of an archive. Holds fingerprints of keys and never a key."""

    desk: str
    created_at: str
    database: str  # sqlite | postgresql
    version: int  # of PostgreSQL, 0 for SQLite
    facts: Facts
    keys: Mapping[str, str]
    members: Mapping[str, Member]
    format: int = field(default=FORMAT)
    mark: str = ""  # of who holds the keys, on everything else

    def text(self) -> bytes:
        """As it stands in the archive."""
        return json.dumps(asdict(self), indent=1, sort_keys=True).encode()


def read(text: bytes) -> Manifest:
    """The manifest of an archive. Raises NotOurs."""
    try:
        values = json.loads(text)
        if values["format"] > FORMAT:
            raise NotOurs("This copy was made by a newer version of the desk; update first, then restore.")
        members = {name: Member(**one) for name, one in values.pop("members").items()}
        return Manifest(**{**values, "facts": Facts(**values["facts"]), "members": members})
    except (ValueError, KeyError, TypeError, AttributeError) as problem:
        raise NotOurs("The archive's manifest cannot be read.") from problem


def marked(made: Manifest, ring: KeyRing) -> Manifest:
    """The manifest as only a desk with this key ring can write it; its checksums carry that to every byte of the copy.

    A copy is sealed to a public key, with which anybody can seal anything.
    """
    return replace(made, mark=_mark(made, ring))


def genuine(found: Manifest, ring: KeyRing) -> bool:
    """Whether a desk with this key ring wrote the manifest, and nobody changed it since."""
    return hmac.compare_digest(str(found.mark).encode(), _mark(found, ring).encode())


def _mark(of: Manifest, ring: KeyRing) -> str:
    return ring.blind("manifest of a copy", replace(of, mark="").text().decode())


def fingerprints(ring: KeyRing) -> dict[str, str]:
    """A mark of each key by which it is recognised and from which it cannot be found."""
    return {name: hashlib.sha256(b"triage key\0" + key).hexdigest()[:SHOWN] for name, key in ring.keys.items()}


def missing_keys(ring: KeyRing, wanted: Mapping[str, str]) -> list[str]:
    """The names of keys with which something in the copy is sealed and which are not here."""
    here = fingerprints(ring)
    return sorted(name for name, mark in wanted.items() if here.get(name) != mark)


def facts(ask: Ask, tables: Sequence[str]) -> Facts:
    """Count what is in a database; `ask` runs one statement there."""
    rows = {name: int(ask(f'SELECT count(*) FROM "{name}"')[0][0]) for name in tables}  # noqa: S608 - from the schema
    return Facts(str(ask(REVISION)[0][0]), rows, int(ask(HEAD)[0][0]), int(ask(UNACCOUNTED)[0][0]))
