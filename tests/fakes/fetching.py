"""`python -m tests.fakes.fetching`: the providers' official descriptions, fetched as the lock says and not otherwise.

Each line of `locks/descriptions.txt` names a package of npm with its version, the hash of its archive, and the one file
that is wanted of it. What the package depends on is not fetched: npm's own lock file would bring a hundred packages
and more, a whole command line program, for that one file.
"""

from __future__ import annotations

import base64
import hashlib
import subprocess
import tarfile
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
LOCK = ROOT / "locks" / "descriptions.txt"
OFFICIAL = Path(__file__).parent / "official"


@dataclass(frozen=True)
class Locked:
    """One file of one package: `hash` is npm's word for its archive, as in any package-lock.json."""

    package: str
    hash: str
    file: str


def locked(text: str) -> Iterator[Locked]:
    """The lines of the lock."""
    lines = (line.partition("#")[0].split() for line in text.splitlines())
    return (Locked(*words) for words in lines if words)


def taken(archive: bytes, one: Locked) -> bytes:
    """The wanted file of an archive. Raises ValueError where the archive is not the one that was locked."""
    found = "sha512-" + base64.b64encode(hashlib.sha512(archive).digest()).decode()
    if found != one.hash:
        raise ValueError(f"{one.package} is not what was locked: {found}")
    with tempfile.TemporaryFile() as kept:
        kept.write(archive)
        kept.seek(0)
        with tarfile.open(fileobj=kept, mode="r:gz") as opened:
            member = opened.extractfile(f"package/{one.file}")
            if member is None:
                raise ValueError(f"{one.package} has no {one.file}")
            return member.read()


def fetched(one: Locked) -> bytes:
    """The archive of a package, from npm."""
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run(["npm", "pack", "--silent", "--pack-destination", folder, one.package], cwd=ROOT, check=True,
                       stdout=subprocess.DEVNULL)
        (archive,) = Path(folder).glob("*.tgz")
        return archive.read_bytes()


def main() -> None:
    """Fetch everything that is locked."""
    OFFICIAL.mkdir(exist_ok=True)
    for one in locked(LOCK.read_text("utf-8")):
        (OFFICIAL / Path(one.file).name).write_bytes(taken(fetched(one), one))


if __name__ == "__main__":
    main()
